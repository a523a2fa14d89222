# C types of tcptrace/find/written.py.
cimport cython
from ..flow.rows cimport Cold, End, Entry, Event, Stream
from ..tcp.paths cimport Paths
from ..tcp.verdict cimport Verdict
from .analysis cimport Analysis

cdef long long ASSUMED, INFERRED, NO_TIME, NONE, S_BOTH_SYN, S_GIVEN_UP, S_REUSED, S_SELF, UNKNOWN
cdef long long SYN_RETRANSMISSION, BOTH, ROOM, MAX_STEPS, WORDS, TAP_RATIO, TAP_NS, SMALL_NS, LARGE_NS, SECOND_NS


@cython.locals(i="long long")
cpdef void copy(bytes piece, long long size, unsigned char[::1] into, long long at) noexcept


@cython.final
cdef class Writer:
    cdef public Paths paths
    cdef public Verdict verdict
    cdef public list rules, states, causes, evidences, outcomes, sides
    cdef public object seconds, addresses
    cdef public bytearray room
    cdef public unsigned char[::1] into
    cdef public long long at, omitted
    cdef public int whole
    cdef public long long[::1] steps, order

    @cython.locals(judged=Verdict, outcome=int, who=int, alone=int, low=End, high=End, client=End, server=End, other=End)
    cpdef bytes line(self, Stream row, Analysis found, bytes label)
    @cython.locals(low=End, high=End, cold=Cold, end=End)
    cpdef int is_plain(self, Stream row, Analysis found)
    @cython.locals(size="long long")
    cpdef void text(self, bytes piece) noexcept
    @cython.locals(at="long long", word="unsigned long long", rest="unsigned long long", limit="unsigned long long", size=int, place="long long")
    cpdef void number(self, long long value) noexcept
    @cython.locals(whole="long long", rest="long long", unit="long long", digit="long long", at="long long")
    cpdef duration(self, long long ns)
    cpdef void side(self, int number, int who) noexcept
    cpdef void both(self, long long client, long long server) noexcept
    cpdef void both_known(self, long long client, long long server) noexcept
    @cython.locals(key=Entry, turn=int, is_high=int, address="unsigned long long")
    cpdef endpoints(self, Stream row, int who)
    @cython.locals(to_server="long long", to_client="long long", apart="long long")
    cpdef int tap(self, Stream row, int who)
    @cython.locals(by_client=int, by_server=int, since="long long", until="long long")
    cpdef void time_wait(self, End client, End server, int alone) noexcept
    @cython.locals(mean=double, whole="long long", left=double)
    cpdef rtt(self, End end)
    @cython.locals(first="long long", count="long long", steps="long long[::1]", turn="long long", base="long long", code="long long", client_final=int, server_final=int, rules=list)
    cpdef walks(self, End client, End server, int alone)
    cpdef void number_or_null(self, long long frame) noexcept
    @cython.locals(state=int, turn="long long", base="long long")
    cpdef int walk(self, End end, int side, long long count) noexcept
    @cython.locals(event=Event)
    cpdef int start(self, End end) noexcept
    @cython.locals(paths=Paths, steps="long long[::1]", most="long long", count="long long", at="long long", turn="long long", base="long long", older="long long", from_="long long", second="long long", third="long long", fourth="long long")
    cpdef long long collect(self, End end, int side, long long first)
    @cython.locals(steps="long long[::1]", order="long long[::1]", number="long long", base="long long", at="long long")
    cpdef put_in_order(self, long long count)
    @cython.locals(steps="long long[::1]", base="long long", place="long long", other="long long", at="long long")
    cpdef void place_timer(self, long long number, long long count) noexcept
    cpdef int is_before(self, long long one, long long other) noexcept
