cimport cython
from ..flow.rows cimport Cold, End, Event, Segment, Stream
from .account cimport Account
from .notes cimport Notebook
from .paths cimport Paths
from .resets cimport Resets
from .testimony cimport Testimony

cdef int CLOSED, LISTEN, UNKNOWN
cdef long long NONE, MASK32, HALF
cdef int OBSERVED, CONFIRMED, ASSUMED, INFERRED, TURN_SENDER, TURN_RECEIVER, BEHIND_HOLE, WAITS
cdef int SND_SYN, RCV_SYN, RCV_SYN_ACK, RCV_ACK_OF_SYN, SND_FIN, RCV_FIN, RCV_ACK_OF_FIN, PICKUP
cdef unsigned int F_SYN, F_SYN_ACK, F_FIN, F_FIN_GUESSED, F_SYN_DATA, F_SYN_DATA_ACKED, F_COOKIE
cdef unsigned int F_PASSIVE, F_ACKED, F_SCALE, F_DATA, F_ACKED_DATA, F_WINDOW_SCALE
cdef unsigned int S_SELF, S_BOTH_SYN, S_ANSWERED, S_SPLIT, S_OLD_LIVE, S_TIME_WAIT_REFUSED
cdef int SYN_RETRANSMISSION, FIN_RETRANSMISSION, CHALLENGE_ACK, DATA_AFTER_FIN, ACK_OF_UNSENT, SPLIT_HANDSHAKE
cdef int SYN_DATA, FAST_OPEN, TAP_LOSS, NOT_IN_STATE_MACHINE, OPT_SCALE, OPT_FAST_OPEN, MAX_SHIFT


@cython.final
cdef class Arrivals:
    cdef public Paths paths
    cdef public Testimony testimony
    cdef public Account account
    cdef public Notebook notes
    cdef public Resets resets

    @cython.locals(event=Event)
    cpdef Event own(self, End end, int what, Segment x)
    @cython.locals(event=Event)
    cpdef Event infer(self, End end, int what, Segment x, int settled, int turn)
    @cython.locals(event=Event)
    cpdef Event offer(self, End end, int what, Segment x, long long end_seq)
    @cython.locals(cold=Cold)
    cpdef sends(self, Stream stream, End end, End peer, Segment x)
    cpdef int is_challenge(self, End end, Segment x) noexcept
    @cython.locals(cold=Cold)
    cpdef challenges(self, Stream stream, End end, Segment x)
    cpdef shows(self, Stream stream, End end, End peer, Segment x)
    @cython.locals(waiting=Event)
    cpdef shows_syn_ack(self, Stream stream, End end, End peer, Segment x)
    cpdef shows_received(self, End end, End peer, Segment x)
    @cython.locals(guess=int, cold=Cold)
    cpdef shows_unsent(self, Stream stream, End end, End peer, Segment x)
    @cython.locals(cold=Cold, truly_sent=int, event=Event, side=int, waiting=int)
    cpdef settle_unsent(self, Stream stream, End end, End peer, Segment x)
    @cython.locals(event=Event)
    cpdef withdraw(self, End end, int what)
    @cython.locals(event=Event, following=Event)
    cpdef withdraw_frame(self, End end, long long frame)
    @cython.locals(event=Event)
    cpdef settle(self, End end, int what)
    cpdef begin(self, End end, int state)
    @cython.locals(side=int, early=Event)
    cpdef sends_syn(self, Stream stream, End end, End peer, Segment x)
    @cython.locals(side=int, event=Event, spare=Cold)
    cpdef sends_syn_ack(self, Stream stream, End end, End peer, Segment x)
    @cython.locals(event=Event, cold=Cold)
    cpdef set_spare_aside(self, End end)
    @cython.locals(answered=Event)
    cpdef syn_after_answer(self, Stream stream, End end, End peer, Event early, Segment x)
    @cython.locals(following=Event)
    cpdef put_at(self, End end, Event event, Segment x, int turn)
    @cython.locals(number="long long", cold=Cold)
    cpdef sends_fin(self, Stream stream, End end, End peer, Segment x)
    cpdef pick_up(self, End end, End peer, Segment x)
    cpdef reaches(self, Stream stream, End end, End peer, Segment x)
    @cython.locals(event=Event)
    cpdef syn_reaches(self, End end, End peer, Segment x, int waits)
    cpdef int is_acceptable(self, End end, End peer, Segment x) noexcept
    @cython.locals(event=Event, cold=Cold)
    cpdef ack_reaches(self, End end, End peer, Segment x)
    @cython.locals(event=Event)
    cpdef fin_reaches(self, End end, End peer, Segment x)
    @cython.locals(event=Event)
    cpdef fin_again(self, End end, End peer, Segment x)
    cpdef restart_2msl(self, End end, Segment x)
    @cython.locals(event=Event)
    cpdef fill_hole(self, End end, Segment x)
