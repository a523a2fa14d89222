cimport cython
from ..flow.rows cimport End, Event, Segment
from .paths cimport Paths

cdef long long ASSUMED, INFERRED, OBSERVED, TURN_RECEIVER, TURN_SENDER, RCV_ACK_OF_SYN


@cython.final
cdef class Steps:
    cdef public Paths paths

    @cython.locals(event=Event)
    cpdef own(self, End end, int what, Segment x)
    @cython.locals(event=Event)
    cpdef Event infer(self, End end, int what, Segment x, int settled, int turn)
    @cython.locals(event=Event)
    cpdef Event offer(self, End end, int what, Segment x, long long end_seq)
    cpdef int doubts_fin(self, Event event) noexcept
    @cython.locals(event=Event)
    cpdef withdraw(self, End end, int what)
    @cython.locals(event=Event, following=Event)
    cpdef withdraw_frame(self, End end, long long frame)
    @cython.locals(event=Event)
    cpdef settle(self, End end, int what)
    cpdef begin(self, End end, int state)
    @cython.locals(following=Event)
    cpdef put_at(self, End end, Event event, long long place, long long place_ns, int turn)
    cpdef restart_2msl(self, End end, Segment x)
