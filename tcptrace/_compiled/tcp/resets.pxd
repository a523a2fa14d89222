cimport cython
from ..flow.rows cimport Cold, End, Event, Segment, Stream
from .notes cimport Notebook
from .paths cimport Paths
from .steps cimport Steps

cdef long long ASSUMED, F_PASSIVE, F_RST_OUT, F_SCALE, F_SYN, F_SYN_ACK, F_SYN_DATA_ACKED, OBSERVED
cdef long long TURN_SENDER, WAITS, CLOSED, LISTEN, UNKNOWN, BLIND_RST, DATA_AFTER_RST, RST_OUT_OF_WINDOW
cdef long long TIME_WAIT_ASSASSINATION, RCV_ACK_OF_FIN, RCV_ACK_OF_SYN, RCV_RST, RCV_RST_PASSIVE, RCV_SYN, RCV_SYN_ACK
cdef long long SND_RST, UNKNOWN_WINDOW


@cython.final
cdef class Resets:
    cdef public Paths paths
    cdef public Steps steps
    cdef public Notebook notes
    cdef public long long answered
    cdef public int stays

    @cython.locals(event=Event, cold=Cold)
    cpdef sends(self, Stream stream, End end, End peer, Segment x)
    @cython.locals(event=Event)
    cpdef int refuses(self, Stream stream, End end, End peer, Segment x)
    @cython.locals(event=Event, following=Event, is_fast=int)
    cpdef refuses_last(self, End end, End peer, Segment x)
    cpdef int is_genuine(self, End end, End peer, Segment x) noexcept
    cpdef int answers_unacceptable(self, End end, End peer, Segment x) noexcept
    cpdef int is_later(self, End end, Segment x) noexcept
    @cython.locals(event=Event, cold=Cold, ago="long long")
    cpdef withdraw(self, Stream stream, End end, int side, Segment x)
    @cython.locals(what=int)
    cpdef reaches(self, Stream stream, End end, End peer, Segment x)
    @cython.locals(low="long long", high="long long", edge="long long", base="long long", claimed=Cold)
    cpdef int is_in_order(self, Stream stream, End end, End peer, Segment x)
