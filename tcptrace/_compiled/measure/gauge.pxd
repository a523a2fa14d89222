# C types of tcptrace/measure/gauge.py.
cimport cython

cdef long long HALF, MASK32, NO_TIME, NONE, SACK_WORDS, ACK, FIN, MARK_BAD_CHECKSUM, OPT_SCALE, OPT_TIMESTAMPS
cdef long long PSH, RST, SYN, URG, SFR, FIRST_ROOM, MOST_OUTSTANDING, TRIPLE, WORDS, LENGTH


@cython.final
cdef class Rare:
    cdef public unsigned int sacks, blocks, dsacks, dup_longest, dup_triples, old_again, again_most
    cdef public unsigned int again_count, last_count, ambiguous, post_loss
    cdef public unsigned char blocks_most
    cdef public long long urgent_bytes, again_sum_ns, again_least_ns, again_most_ns, last_sum_ns
    cdef public long long last_least_ns, last_most_ns
    cdef public double again_squares, last_squares


@cython.final
cdef class Meter:
    cdef public Rare rare
    cdef public unsigned int truncated
    cdef public long long truncated_bytes
    cdef public unsigned int segments, acks, pure_acks, pushed, urgent, syns, fins, rsts, data_segments
    cdef public unsigned int segment_least, segment_most, dup_acks, dup_run
    cdef public unsigned int window_count, window_least, window_most, windows_zero, iss, nxt, ack
    cdef public unsigned int flight_count, flight_most, initial_bytes, initial_segments, old_end, old_length
    cdef public unsigned int barred_from, barred_to
    cdef public unsigned int rtt_count, probe_val, ts_count, reply_count
    cdef public unsigned int cumulative, flight_least, full_size, full_count
    cdef public int window, ring
    cdef public unsigned short mss, options
    cdef public unsigned char scale, has_sent, has_ack
    cdef public long long data_bytes, data_first_ns, data_last_ns, last_ns, idle_most_ns, window_sum, flight_sum
    cdef public long long old_ns, rtt_sum_ns, rtt_least_ns, rtt_most_ns, rtt_smooth_ns, rtt_var_ns, full_sum_ns
    cdef public long long full_least_ns, full_most_ns
    cdef public long long probe_ns, ts_sum_ns, ts_least_ns, ts_most_ns, reply_sum_ns, reply_least_ns, reply_most_ns
    cdef public double rtt_squares, full_squares


@cython.final
cdef class Ring:
    cdef public long long[::1] words
    cdef public int first, count


@cython.final
cdef class Gauge:
    cdef public list meters, rings, free
    cdef public Meter nobody

    @cython.locals(i="long long", rare=Rare, own=Meter, peer=Meter, bits=int, now="long long")
    cpdef run(
        self, long long count, long long[::1] time_ns, unsigned char[::1] side, unsigned short[::1] flags,
        unsigned int[::1] seq, unsigned int[::1] ack, unsigned short[::1] window, unsigned int[::1] length,
        unsigned short[::1] options, unsigned short[::1] mss, unsigned char[::1] scale, unsigned int[::1] tsval,
        unsigned int[::1] tsecr, unsigned char[::1] sack_count, unsigned int[::1] sack, unsigned int[::1] captured,
        unsigned char[::1] marks,
        unsigned char[::1] duplicate, long long[::1] stream_of)
    @cython.locals(meter=Meter)
    cpdef Meter meter(self, long long place)
    @cython.locals(rare=Rare)
    cpdef Rare rare(self, Meter own)
    @cython.locals(rare=Rare, left="long long", right="long long", is_below=int)
    cpdef blocks(self, Meter own, long long ack, int count, unsigned int[::1] sack, long long at)
    @cython.locals(since="long long")
    cpdef data(self, Meter own, Meter peer, long long now, int bits, long long length)
    @cython.locals(end="long long", ahead="long long", flight="long long")
    cpdef send(self, Meter own, Meter peer, long long now, int bits, long long seq, long long length)
    cpdef bar(self, Meter own, long long left, long long right)
    @cython.locals(ring=Ring, size="long long", larger="long long[::1]", number="long long", at="long long")
    cpdef outstanding(self, Meter own, long long end, long long length, long long now)
    @cython.locals(first="long long", last="long long")
    cpdef repeated(self, Meter own, long long seq, long long end, long long now)
    @cython.locals(ring=Ring, mask="long long", low="long long", high="long long", middle="long long", ends="long long")
    cpdef long long place(self, Meter own, long long number)
    @cython.locals(ring=Ring, at="long long", again="long long", before="long long", since="long long", rare=Rare)
    cpdef int resent(self, Meter own, long long place, long long end, long long now, int is_first)
    @cython.locals(octets="long long", ahead="long long", rare=Rare)
    cpdef receive(self, Meter own, Meter peer, long long now, int bits, long long ack, long long window, long long length)
    @cython.locals(inside="long long", rtt="long long", rare=Rare)
    cpdef ended(self, Meter way, long long ack, long long newest, long long now)
    @cython.locals(newest="long long", ring=Ring, at="long long")
    cpdef acknowledged(self, Meter way, long long ack, long long now)
    @cython.locals(ring=Ring)
    cpdef give_back(self, Meter way)
    @cython.locals(off="long long")
    cpdef sample(self, Meter way, long long rtt)
    cpdef full(self, Meter way, long long rtt)
    @cython.locals(rtt="long long")
    cpdef echo(self, Meter way, long long now, long long tsecr)
    @cython.locals(place="long long", meter=Meter)
    cpdef Meter of(self, long long number, int side)
    @cython.locals(place="long long", meter=Meter)
    cpdef forget(self, long long number)
