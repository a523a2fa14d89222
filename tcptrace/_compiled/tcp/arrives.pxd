cimport cython
from ..flow.rows cimport Cold, End, Event, Segment, Stream
from .account cimport Account
from .notes cimport Notebook
from .paths cimport Paths
from .resets cimport Resets
from .testimony cimport Testimony

cdef long long ASSUMED, BEHIND_HOLE, CONFIRMED, F_ACKED, F_ACKED_DATA, F_COOKIE, F_DATA, F_FIN
cdef long long F_FIN_GUESSED, F_PASSIVE, F_SCALE, F_SYN, F_SYN_ACK, F_SYN_DATA, F_SYN_DATA_ACKED
cdef long long F_WINDOW_SCALE, HALF, INFERRED, MASK32, NONE, OBSERVED, S_ANSWERED, S_BOTH_SYN, S_OLD_LIVE
cdef long long S_SELF, S_SPLIT, S_TIME_WAIT_REFUSED, TURN_RECEIVER, TURN_SENDER, WAITS, CLOSED, LISTEN
cdef long long UNKNOWN, OPT_FAST_OPEN, OPT_SCALE, ACK_OF_UNSENT, CHALLENGE_ACK, DATA_AFTER_FIN, FAST_OPEN
cdef long long FIN_RETRANSMISSION, NOT_IN_STATE_MACHINE, SPLIT_HANDSHAKE, SYN_DATA, SYN_RETRANSMISSION
cdef long long TAP_LOSS, PICKUP, RCV_ACK_OF_FIN, RCV_ACK_OF_SYN, RCV_FIN, RCV_SYN, RCV_SYN_ACK, SND_FIN
cdef long long SND_SYN, MAX_SHIFT


@cython.final
cdef class Arrivals:
    cdef public Paths paths
    cdef public Testimony testimony
    cdef public Account account
    cdef public Notebook notes
    cdef public Resets resets

    @cython.locals(event=Event)
    cpdef own(self, End end, int what, Segment x)
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
    cpdef refute_fin(self, End end, End peer)
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
