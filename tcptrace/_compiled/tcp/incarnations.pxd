cimport cython
from ..flow.rows cimport End, Event, Segment, Stream
from .notes cimport Notebook
from .paths cimport Paths
from .steps cimport Steps

cdef long long ASSUMED, CONFIRMED, F_PASSIVE, HALF, INFERRED, MASK32, NONE, S_CHALLENGED, S_OLD_LIVE
cdef long long S_TIME_WAIT_REFUSED, TURN_SENDER, CHALLENGE_ACK, HALF_OPEN, TIME_WAIT_REUSE, RCV_RST
cdef long long RCV_RST_PASSIVE, RCV_SYN, REUSED, BY_TIMESTAMP, BY_NUMBER


@cython.final
cdef class Incarnations:
    cdef public Paths paths
    cdef public Steps steps
    cdef public Notebook notes

    @cython.locals(how=int, ahead="long long")
    cpdef begins(self, Stream old, Stream new, End sender, End receiver, Segment x)
    @cython.locals(event=Event)
    cpdef confirm_reset(self, End sender, Segment x)
    @cython.locals(greater=int, difference="long long")
    cpdef int accepts(self, End holder, End sender, Segment x) noexcept
    @cython.locals(event=Event, reused=Event)
    cpdef answers(self, Stream new, Stream old, End old_end, long long syn_frame, Segment x)
    cpdef int concerns_old(self, Stream old, End end, End peer, Stream new, long long seq, long long ack, int flags) noexcept
    @cython.locals(event=Event, left=Event)
    cpdef challenges(self, Stream new, Stream old, End end, End peer, long long syn_frame, Segment x)
    @cython.locals(event=Event)
    cpdef goes_on(self, Stream old, End end)
