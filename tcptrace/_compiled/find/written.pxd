# C types of tcptrace/find/written.py.
cimport cython
from ..flow.rows cimport Cold, End, Entry, Event, Stream
from ..tcp.plain cimport Plain
from ..tcp.verdict cimport Verdict
from .analysis cimport Analysis
from .shapes cimport Shape
from .sheet cimport Sheet
from .trail cimport Trail

cdef long long ASSUMED, INFERRED, NO_TIME, NONE, S_BOTH_SYN, S_GIVEN_UP, S_REUSED, S_SELF, UNKNOWN
cdef long long SYN_RETRANSMISSION, BOTH, LINE_ROOM, TAP_RATIO, TAP_NS


@cython.final
cdef class Writer:
    cdef public Trail trail
    cdef public Sheet sheet
    cdef public Plain plain
    cdef public Verdict verdict
    cdef public list rules, reused, states, next_states, moves, causes, outcomes, sides
    cdef public object addresses
    cdef public int whole
    cdef public long long walk_from, walk_to

    @cython.locals(judged=Verdict, who=int, alone=int, low=End, high=End, client=End, server=End, other=End, sheet=Sheet)
    cpdef line(self, Stream row, Analysis found, bytes label, Shape shape)
    @cython.locals(low=End, high=End, cold=Cold, end=End)
    cpdef int is_plain(self, Stream row, Analysis found)
    @cython.locals(sheet=Sheet, opened_by=int)
    cpdef opening(self, Stream row, int who)
    @cython.locals(sheet=Sheet)
    cpdef counts(self, Stream row, End client, End other, int who, bytes label)
    @cython.locals(pieces=list, piece=object)
    cpdef reuse(self, Stream row, End end, int who)
    cpdef void number_or_null(self, long long value, long long absent) noexcept
    cpdef void side(self, int number, int who) noexcept
    @cython.locals(sheet=Sheet, key=Entry, turn=int, is_high=int)
    cpdef endpoints(self, Stream row, int who)
    @cython.locals(to_server="long long", to_client="long long", apart="long long")
    cpdef int tap(self, Stream row, int who)
    @cython.locals(sheet=Sheet, by_client=int, by_server=int, since="long long", until="long long")
    cpdef time_wait(self, End client, End server, int alone)
    @cython.locals(sheet=Sheet, mean=double, whole="long long", left=double)
    cpdef rtt(self, End end)
    @cython.locals(sheet=Sheet, trail=Trail, count="long long", turn="long long", base="long long", code="long long", client_final=int, server_final=int, rules=list)
    cpdef walks(self, End client, End server, int alone)
    @cython.locals(trail=Trail, turn="long long", base="long long", code="long long", last=bytes)
    cpdef teach(self, Shape shape)
    @cython.locals(sheet=Sheet, frames="long long[::1]", times="long long[::1]", places="long long[::1]", turn="long long", at="long long")
    cpdef steps(self, Shape shape)
    @cython.locals(trail=Trail, state=int, turn="long long", base="long long")
    cpdef int walk(self, End end, int side, long long count) noexcept
    @cython.locals(event=Event)
    cpdef int start(self, End end) noexcept
