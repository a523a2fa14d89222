cimport cython
from tcptrace.model cimport words

cdef long long F_ACKED, NO_TIME, HALF, MASK32, NONE, WRAP, UNKNOWN


cdef class Entry
cdef class Stream


@cython.final
cdef class Copy:
    cdef public long long frame, place, place_ns
    cdef public unsigned char has_ts, turn
    cdef public unsigned int tsval
    cdef public Copy next


@cython.final
cdef class Event:
    cdef public unsigned char input, evidence, settled, held, hole, in_turn, turn
    cdef public unsigned int tsval
    cdef public unsigned char has_ts
    cdef public long long frame, place, place_ns, proof, shown_ns, seq, end_seq, x_ack
    cdef public Copy copies
    cdef public Event next, spare


@cython.final
cdef class Gap:
    cdef public long long left, right
    cdef public Gap next


@cython.final
cdef class Flight:
    cdef public int first, count
    cdef public long long[::1] ends, times


@cython.final
cdef class Cold:
    cdef public Gap gaps
    cdef public int gap_count, refused
    cdef public long long karn_low, karn_high
    cdef public long long lost_frame, rst_frame, rst_seq, challenge_frame, unsent_ack, unsent_frame, unsent_from
    cdef public long long restart_ns, spare_frame, spare_end, hole_frame, hole_left, hole_right


@cython.final
cdef class End:
    cdef public unsigned int packets, duplicates
    cdef public unsigned int flags
    cdef public unsigned char start, proven, state, has_ts
    cdef public long long snd_nxt, cont, ack_high, ack_last, data_bytes, unique_bytes
    cdef public unsigned int tsval, tsecr, window_max
    cdef public long long window_edge, sent_end, sent_ns
    cdef public long long fin_frame, fin_x_ack, fin_carrier, since_ns, until_ns
    cdef public long long last_frame, iss, fin_seq, first_raw, synack_ack
    cdef public long long rtt_sum, rtt_min, rtt_max
    cdef public unsigned int rtt_count
    cdef public int steps
    cdef public unsigned int path_len
    cdef public unsigned short window
    cdef public signed char scale
    cdef public Event pending
    cdef public Flight flight
    cdef public Cold cold
    @cython.locals(cold=Cold)
    cpdef Cold chill(self)


@cython.final
cdef class Stream:
    cdef public unsigned char quiet, first_side
    cdef public signed char syn_side, synack_side
    cdef public unsigned int flags
    cdef public unsigned int application, older
    cdef public End low, high
    cdef public long long last_frame, last_ns, first_frame, first_ns
    cdef public long long number
    cdef public Entry key
    cdef public long long syn_ns, synack_ns, handshake_ns, both_frame, older_frame
    cdef public list notes
    cdef public Stream previous
    @cython.locals(end=End)
    cpdef End end_of(self, int side)
    @cython.locals(low=End, high=End)
    cpdef int is_one_way(self) noexcept


@cython.final
cdef class Entry:
    cdef public unsigned long long k0, k1, k2, k3, k4
    cdef public Stream stream
    cdef public long long draft, first_ns, first_frame
    cdef public unsigned int seq
    cdef public unsigned int number, tsval
    cdef public unsigned short window, options
    cdef public unsigned char side, scale, packed


@cython.final
cdef class Segment:
    cdef public long long frame, time_ns, seq, end, length, ack, window
    cdef public int side, flags, syn, fin, rst, options, scale, has_ts, new_ts, fresh, sack_count
    cdef public unsigned int tsval, tsecr
    cdef public long long[::1] sack_left, sack_right


@cython.final
cdef class Numbers:
    @cython.locals(difference="long long")
    cpdef long long unwrap(self, long long raw, long long near) noexcept
