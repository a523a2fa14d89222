# C types of tcptrace/measure/meters.py.
cimport cython

cdef long long NO_TIME, NONE, FIRST_ROOM, WORDS


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
    @cython.locals(rare=Rare)
    cpdef Rare make_rare(self)


@cython.final
cdef class Ring:
    cdef public long long[::1] words
    cdef public int first, count
