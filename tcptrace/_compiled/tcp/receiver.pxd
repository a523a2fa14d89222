cimport cython
from ..flow.rows cimport Cold, End, Event, Segment, Stream
from .paths cimport Paths
from .resets cimport Resets
from .steps cimport Steps
from .testimony cimport Testimony

cdef long long ASSUMED, BEHIND_HOLE, F_PASSIVE, F_SYN, F_SYN_DATA, F_SYN_DATA_ACKED, F_SYN_DATA_AGAIN, HALF, MASK32, S_OLD_LIVE, S_TIME_WAIT_REFUSED
cdef long long TURN_RECEIVER, WAITS, LISTEN, UNKNOWN, PICKUP, RCV_ACK_OF_FIN, RCV_ACK_OF_SYN, RCV_FIN, RCV_SYN
cdef long long RCV_SYN_ACK


@cython.final
cdef class Receiver:
    cdef public Paths paths
    cdef public Steps steps
    cdef public Testimony testimony
    cdef public Resets resets

    @cython.locals(acceptable=int)
    cpdef reaches(self, Stream stream, End end, End peer, Segment x)
    @cython.locals(event=Event)
    cpdef syn_reaches(self, End end, End peer, Segment x, int waits)
    @cython.locals(accepted=int)
    cpdef int is_acceptable(self, End end, End peer, Segment x) noexcept
    @cython.locals(event=Event, cold=Cold)
    cpdef ack_reaches(self, End end, End peer, Segment x, long long shown)
    cpdef int lacks_syn_data(self, End end, End peer) noexcept
    @cython.locals(hole="long long")
    cpdef long long find_shown(self, End end, End peer, Segment x) noexcept
    @cython.locals(event=Event)
    cpdef fin_reaches(self, End end, End peer, Segment x)
    @cython.locals(event=Event)
    cpdef fin_again(self, End end, End peer, Segment x)
    @cython.locals(event=Event)
    cpdef fill_hole(self, End end, Segment x)
