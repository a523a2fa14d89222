# C types of tcptrace/find/tracks.py.
cimport cython

cdef long long HALF, MASK32, NO_TIME, NONE, NO_WINDOW, UNKNOWN_SCALE, FIRST_ROOM, UNACKED_WORDS, BLOCK_WORDS


@cython.final
cdef class Rest:
    cdef public long long[::1] ring
    cdef public unsigned int[::1] blocks
    cdef public int first, count, block_count
    cdef public long long block_frame


@cython.final
cdef class Direction:
    cdef public unsigned int nxt, cont, last_ack, dup, win, first, old_begin, old_end
    cdef public signed char scale
    cdef public unsigned char fresh, has_first, has_sent, last_flags, is_fin_last
    cdef public long long nxt_frame, nxt_ns, last_ns, last_frame, ack_frame, old_frame, old_ns
    cdef public int rest


@cython.final
cdef class Track:
    cdef public Direction low, high
    cdef public long long syn_ns, rtt_ns, notes


@cython.final
cdef class Lone:
    cdef public long long frame, time_ns
    cdef public unsigned int seq, ack
    cdef public unsigned short window, options
    cdef public unsigned char scale, side


@cython.final
cdef class Unacked:
    cdef public long long found_frame, found_ns
    cdef public list rests, free

    @cython.locals(rest=Rest)
    cpdef Rest take(self, Direction way)
    @cython.locals(rest=Rest)
    cpdef give_back(self, Direction way)
    @cython.locals(rest=Rest, size="long long", at="long long")
    cpdef add(self, Direction way, long long begin, long long end, long long frame, long long now, long long limit)
    @cython.locals(larger="long long[::1]", number="long long", at="long long", word="long long")
    cpdef grow(self, Rest rest, long long size)
    @cython.locals(rest=Rest, at="long long")
    cpdef acknowledged(self, Direction way, long long ack)
    @cython.locals(rest=Rest, mask="long long", low="long long", high="long long", middle="long long", at="long long")
    cpdef int find(self, Direction way, long long seq)
    @cython.locals(rest=Rest, word="long long")
    cpdef keep_blocks(self, Direction way, long long frame, int count, unsigned int[::1] sack, long long at)
    @cython.locals(rest=Rest, block=int, left="long long", right="long long")
    cpdef long long find_block(self, Direction way, long long begin, long long end)
