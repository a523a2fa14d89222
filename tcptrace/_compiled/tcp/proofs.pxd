# C types of tcptrace/tcp/proofs.py.
cimport cython
from ..flow.rows cimport Copy, End, Event, Segment
from .paths cimport Paths

cdef long long F_PASSIVE, F_SYN_ACK, F_SYN_DATA_ACKED, LISTEN, RCV_ACK_OF_FIN, RCV_ACK_OF_SYN, RCV_FIN, RCV_RST
cdef long long RCV_RST_PASSIVE, RCV_SYN, RCV_SYN_ACK, SND_FIN


@cython.final
cdef class Proofs:
    cdef public Paths paths

    @cython.locals(what=int, has_sent=int)
    cpdef int proves(self, End end, End peer, Event event, Segment t) noexcept
    @cython.locals(following=Event)
    cpdef int shows_close(self, End end, Event event, Segment t) noexcept
    cpdef int is_old_data(self, End end, Segment t) noexcept
    cpdef int proves_open(self, End end, Event event, Segment t) noexcept
    @cython.locals(at=int, high="long long")
    cpdef int has_more(self, End end, Segment t) noexcept
    @cython.locals(copy=Copy)
    cpdef int names(self, Event event, Segment t) noexcept
    @cython.locals(at=int)
    cpdef int sacked(self, Event event, Segment t) noexcept
    cpdef int sacked_twice(self, Event event, Segment t) noexcept
