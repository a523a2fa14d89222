cimport cython
from ..flow.rows cimport Cold, End, Event, Segment, Stream
from .notes cimport Notebook
from .paths cimport Paths

cdef int CLOSED, LISTEN, UNKNOWN
cdef long long NONE, MASK32, UNKNOWN_WINDOW
cdef int OBSERVED, ASSUMED, SND_FIN, RCV_SYN, RCV_SYN_ACK, RCV_ACK_OF_SYN, SND_RST, RCV_RST, RCV_RST_PASSIVE, WAITS
cdef unsigned int F_SYN, F_SYN_ACK, F_PASSIVE, F_SCALE, F_RST_OUT
cdef int RST_OUT_OF_WINDOW, BLIND_RST, TIME_WAIT_ASSASSINATION, DATA_AFTER_RST, TURN_SENDER, TURN_RECEIVER


@cython.final
cdef class Resets:
    cdef public Paths paths
    cdef public Notebook notes
    cdef public long long answered
    cdef public int stays

    @cython.locals(event=Event, cold=Cold)
    cpdef sends(self, Stream stream, End end, End peer, Segment x)
    @cython.locals(event=Event)
    cpdef int refuses(self, Stream stream, End end, End peer, Segment x)
    @cython.locals(event=Event, following=Event)
    cpdef refuses_last(self, End end, End peer, Segment x)
    cpdef int is_genuine(self, End end, End peer, Segment x) noexcept
    cpdef int answers_unacceptable(self, End end, End peer, Segment x) noexcept
    @cython.locals(event=Event, cold=Cold)
    cpdef withdraw(self, Stream stream, End end, int side, Segment x)
    @cython.locals(event=Event, what=int)
    cpdef reaches(self, Stream stream, End end, End peer, Segment x)
    @cython.locals(low="long long", high="long long", edge="long long", claimed=Cold)
    cpdef int is_in_order(self, Stream stream, End end, End peer, Segment x)
