cimport cython
from ..flow.rows cimport Cold, End, Numbers, Segment, Stream
from .account cimport Account
from .incarnations cimport Incarnations
from .paths cimport Paths
from .receiver cimport Receiver
from .sender cimport Sender
from .store cimport Store

cdef long long F_ACKED, F_FIN, F_FIN_GUESSED, HALF, MASK32, NO_TIME, NONE, S_ANSWERED, S_OVER, S_SELF, WRAP, ACK


@cython.final
cdef class Arrives:
    cdef public Paths paths
    cdef public Sender sender
    cdef public Receiver receiver
    cdef public Incarnations incarnations
    cdef public Account account
    cdef public Numbers numbers
    cdef public Store store

    @cython.locals(numbers=Numbers)
    cpdef place(self, End end, End peer, Segment x, long long seq, long long ack)
    @cython.locals(numbers=Numbers, block=int, near="long long")
    cpdef place_blocks(self, Segment x, unsigned int[::1] sack, long long at)
    @cython.locals(paths=Paths)
    cpdef arrive(self, Stream stream, End end, End peer, Segment x, long long clock_ns)
    @cython.locals(before="long long")
    cpdef arrive_at_old(self, Stream stream, Stream old, End end, End old_end, End old_peer, Segment x, long long clock_ns)
    @cython.locals(cold=Cold)
    cpdef int is_settled(self, End end) noexcept
