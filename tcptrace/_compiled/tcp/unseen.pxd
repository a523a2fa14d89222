cimport cython
from ..flow.rows cimport Cold, End, Event, Gap, Segment, Stream
from .account cimport Account
from .notes cimport Notebook
from .paths cimport Paths
from .resets cimport Resets
from .steps cimport Steps

cdef long long ASSUMED, F_ACKED, F_FIN, F_FIN_GUESSED, F_PASSIVE, F_SYN, F_SYN_ACK, F_SYN_DATA_ACKED, NONE
cdef long long OBSERVED, S_ANSWERED, S_SELF, S_SPLIT, TURN_RECEIVER, TURN_SENDER, CLOSED, LISTEN, UNKNOWN
cdef long long ACK_OF_UNSENT, SPLIT_HANDSHAKE, TAP_LOSS, RCV_ACK_OF_FIN, RCV_ACK_OF_SYN, RCV_FIN, RCV_SYN
cdef long long RCV_SYN_ACK, SND_FIN, SND_SYN, INFERRED, MASK32, RCV_RST, TIMEOUT_2MSL, UNSEEN


@cython.final
cdef class Unseen:
    cdef public Paths paths
    cdef public Steps steps
    cdef public Account account
    cdef public Notebook notes
    cdef public Resets resets

    cpdef shows(self, Stream stream, End end, End peer, Segment x)
    @cython.locals(waiting=Event)
    cpdef shows_syn_ack(self, Stream stream, End end, End peer, Segment x)
    cpdef shows_received(self, End end, End peer, Segment x)
    @cython.locals(early=Event, before=Event, event=Event, fin=Event)
    cpdef passes_fin(self, End end, Segment x)
    @cython.locals(event=Event)
    cpdef Event find_passed(self, End end)
    @cython.locals(event=Event)
    cpdef settles_passed(self, End end, Segment x)
    @cython.locals(guess=int, passed=Event, cold=Cold)
    cpdef shows_unsent(self, Stream stream, End end, End peer, Segment x)
    @cython.locals(cold=Cold, truly_sent=int, event=Event, side=int, waiting=int, lost="long long", base="long long")
    cpdef settle_unsent(self, Stream stream, End end, End peer, Segment x)
    @cython.locals(
        cold=Cold, gap=Gap, at="long long", lost="long long", edge="long long", stop="long long", base="long long"
    )
    cpdef covers(self, Stream stream, End peer, int side, long long frame, long long ack)
    @cython.locals(cold=Cold)
    cpdef fills(self, Stream stream, End end, int side, long long left, long long right)
    cpdef refute_fin(self, End end, End peer)
