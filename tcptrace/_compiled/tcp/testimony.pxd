cimport cython
from ..flow.rows cimport Cold, Copy, End, Event, Segment
from .paths cimport Paths
from .proofs cimport Proofs

cdef long long ASSUMED, BEHIND_HOLE, CONFIRMED, F_SYN, F_SYN_ACK, HALF, INFERRED, MASK32
cdef long long TURN_RECEIVER, TURN_SENDER, WAITS, RCV_ACK_OF_FIN, RCV_ACK_OF_SYN, RCV_FIN, RCV_RST
cdef long long RCV_RST_PASSIVE, RCV_SYN, RCV_SYN_ACK, REUSED, SND_FIN, REFUSALS


@cython.final
cdef class Testimony:
    cdef public Paths paths
    cdef public Proofs proofs
    cdef public Event moved
    cdef public long long went_on

    @cython.locals(event=Event, following=Event, reopened=Event, changed=int, older=int)
    cpdef judge(self, End end, End peer, Segment t)
    @cython.locals(copy=Copy)
    cpdef postpone(self, Event event, Segment t)
    @cython.locals(following=Event)
    cpdef Event find_reopening(self, Event event)
    @cython.locals(fin=Event, event=Event)
    cpdef join_ack(self, End end)
    @cython.locals(back=Event, event=Event)
    cpdef restore(self, End end)
    cpdef int challenges(self, End end, Event event, Segment t) noexcept
    cpdef int is_older(self, End end, Segment t) noexcept
    cpdef int shows_crossing(self, End end, Event event, Segment t) noexcept
    @cython.locals(chosen=Copy, copy=Copy, twice=int)
    cpdef confirm(self, End end, Event event, Segment t)
    @cython.locals(following=Event)
    cpdef follow_up(self, Event event)
    @cython.locals(what=int, again=int)
    cpdef int is_repeated(self, End end, Event event, Segment t) noexcept
    cpdef int is_refused(self, End end, Event event, Segment t) noexcept
    @cython.locals(cold=Cold)
    cpdef count_refusal(self, End end, Event event)
    @cython.locals(fin=Event)
    cpdef doubt_close(self, End end, Event event, Segment t)
    @cython.locals(cold=Cold)
    cpdef int is_refusing(self, End end) noexcept
    @cython.locals(at=int)
    cpdef int shows_hole(self, Event event, Segment t) noexcept
    cpdef int denies(self, End end, Event event, Segment t) noexcept
    cpdef repeat(self, End end, Event event, Segment x)
    @cython.locals(copy=Copy)
    cpdef make_again(self, Event event, long long frame, long long place, long long place_ns, int turn, int has_ts, long long tsval)
