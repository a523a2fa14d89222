cimport cython
from ..flow.rows cimport Cold, End, Event

cdef long long NO_TIME, ASSUMED, F_TIME_WAIT, NONE, TIMER, CLOSE_WAIT, CLOSED, CLOSING, ESTABLISHED, FIN_WAIT_1
cdef long long FIN_WAIT_2, LAST_ACK, STATE_COUNT, SYN_RECEIVED, TIME_WAIT, INPUT_COUNT, RCV_RST
cdef long long INFERRED, OBSERVED, UNSEEN, WAITS, RCV_ACK_OF_FIN, RCV_ACK_OF_SYN, RCV_FIN
cdef long long RCV_RST_PASSIVE, SND_FIN, SND_RST, TIMEOUT_2MSL, CHUNK_BITS, CHUNK_STEPS, STEP_WORDS, MAX_STEPS, LOW24


@cython.final
cdef class Paths:
    cdef public const signed char[::1] table, anomaly
    cdef public long long[::1] hits, view
    cdef public list chunks
    cdef public Event pool
    cdef public long long view_at, free, count, msl2_ns
    cdef public long long passed, rst_sent, rst_received, final

    @cython.locals(event=Event)
    cpdef Event take(self)
    @cython.locals(following="long long")
    cpdef int allows(self, End end, int what) noexcept
    @cython.locals(following="long long")
    cpdef int follow(self, int state, int what) noexcept
    @cython.locals(here=Event, state=int)
    cpdef int allowed_before(self, End end, Event event, int what) noexcept
    @cython.locals(following=Event, fin=Event, partner=int)
    cpdef int is_loose(self, End end, Event event) noexcept
    @cython.locals(cell="long long")
    cpdef int stays(self, End end, int what) noexcept
    @cython.locals(cell="long long")
    cpdef int is_anomaly(self, End end, int what) noexcept
    @cython.locals(last=Event)
    cpdef append(self, End end, Event event)
    @cython.locals(before=Event, following=Event, here=Event)
    cpdef put_back(self, End end, Event event)
    @cython.locals(base="long long", place="long long")
    cpdef hold_back(self, End end, Event event)
    @cython.locals(event=Event)
    cpdef Event find(self, End end, int what)
    @cython.locals(here=Event)
    cpdef unlink(self, End end, Event event)
    cpdef remove(self, End end, Event event)
    @cython.locals(event=Event, state="long long", following="long long", settling=int, waits=int, cold=Cold)
    cpdef fold(self, End end)
    @cython.locals(cold=Cold)
    cpdef enter_time_wait(self, End end, Event event, int settling)
    @cython.locals(state="long long", following="long long")
    cpdef int step(self, End end, int what, int evidence, long long frame, long long time_ns, int turn)
    @cython.locals(at="long long")
    cpdef keep(self, End end, long long code, long long frame, long long place, long long time_ns, long long proof, long long turn)
    @cython.locals(chunk="long long")
    cpdef long long locate(self, long long place)
    @cython.locals(place="long long", base="long long")
    cpdef long long allot(self)
    @cython.locals(base="long long")
    cpdef write(self, long long place, long long time_ns, long long frame_code, long long order, long long proof, long long turn, long long before)
    @cython.locals(base="long long", before="long long")
    cpdef long long give_back(self, long long place)
    @cython.locals(at="long long")
    cpdef release(self, End end)
    @cython.locals(at="long long", base="long long", second="long long", third="long long", fourth="long long", code="long long", words="long long[::1]")
    cpdef list settled_steps(self, End end)
    @cython.locals(event=Event, late=Event, state="long long", following="long long", other=int, evidence=int, silent=int, shown=int, doubtful=int)
    cpdef list open_steps(self, End end)
    @cython.locals(event=Event, last=Event, cold=Cold, evidence=int)
    cpdef expire(self, End end, long long clock_ns, long long frame)
    @cython.locals(at="long long", base="long long", code="long long", what="long long", state="long long", event=Event, following="long long")
    cpdef survey(self, End end)
    cpdef int is_over(self, End end) noexcept
    cpdef int is_waiting(self, End end) noexcept
    cpdef int is_calm(self, End end) noexcept
    cpdef int has_peers_fin(self, End end) noexcept
    cpdef int is_synchronized(self, End end) noexcept
    cpdef int is_syn_received(self, End end) noexcept
