cimport cython
from ..flow.rows cimport Cold, End, Event, Segment, Stream
from .notes cimport Notebook
from .paths cimport Paths
from .resets cimport Resets
from .unseen cimport Unseen
from .steps cimport Steps
from .testimony cimport Testimony

cdef long long ASSUMED, CONFIRMED, F_ACKED_DATA, F_COOKIE, F_DATA, F_FIN, F_FIN_GUESSED, F_PASSIVE, F_SCALE, F_SYN
cdef long long F_SYN_ACK, F_SYN_DATA, F_SYN_DATA_ACKED, F_WINDOW_SCALE, INFERRED, MASK32, NONE, OBSERVED
cdef long long S_ANSWERED, S_BOTH_SYN, TURN_RECEIVER, TURN_SENDER, CLOSED, LISTEN, UNKNOWN, OPT_FAST_OPEN
cdef long long OPT_SCALE, CHALLENGE_ACK, DATA_AFTER_FIN, FAST_OPEN, FIN_RETRANSMISSION, NOT_IN_STATE_MACHINE
cdef long long SYN_DATA, SYN_RETRANSMISSION, PICKUP, RCV_FIN, RCV_SYN, SND_FIN, SND_SYN, MAX_SHIFT


@cython.final
cdef class Sender:
    cdef public Paths paths
    cdef public Steps steps
    cdef public Testimony testimony
    cdef public Unseen unseen
    cdef public Notebook notes
    cdef public Resets resets

    @cython.locals(cold=Cold)
    cpdef sends(self, Stream stream, End end, End peer, Segment x)
    cpdef int is_challenge(self, End end, Segment x) noexcept
    @cython.locals(cold=Cold)
    cpdef challenges(self, Stream stream, End end, End peer, Segment x)
    @cython.locals(side=int, early=Event)
    cpdef sends_syn(self, Stream stream, End end, End peer, Segment x)
    @cython.locals(side=int, event=Event, spare=Cold)
    cpdef sends_syn_ack(self, Stream stream, End end, End peer, Segment x)
    @cython.locals(before=Event, event=Event, cold=Cold)
    cpdef set_spare_aside(self, End end)
    @cython.locals(answered=Event)
    cpdef syn_after_answer(self, Stream stream, End end, End peer, Event early, Segment x)
    @cython.locals(number="long long", cold=Cold, event=Event)
    cpdef sends_fin(self, Stream stream, End end, End peer, Segment x)
    @cython.locals(beyond="long long", octets="long long")
    cpdef after_fin(self, Stream stream, End end, Segment x)
    cpdef pick_up(self, End end, End peer, Segment x)
