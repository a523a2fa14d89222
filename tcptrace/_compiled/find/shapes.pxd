# C types of tcptrace/find/shapes.py.
cimport cython
from ..flow.rows cimport End, Stream
from ..tcp.paths cimport Paths
from ..tcp.plain cimport Plain
from ..tcp.verdict cimport Verdict
from .trail cimport Trail

cdef long long NO_TIME, NONE, MOST_SHAPES


@cython.final
cdef class Shape:
    cdef public bytes opening
    cdef public list moves, ends
    cdef public long long[::1] places, after, fired
    cdef public long long waits_since
    cdef public int waits_high, client, opened_by, closed_first, outcome

    @cython.locals(at="long long", end=End)
    cpdef void tell(self, Plain plain, Verdict judged, Paths paths) noexcept


@cython.final
cdef class Shapes:
    cdef public dict known
    cdef public set seen
    cdef public Paths paths

    cpdef int is_wanted(self, bytes key, Plain plain)
    @cython.locals(
        low=End, high=End, end=End, made=Shape, since="long long", places=object, turn="long long", base="long long",
        place="long long", after=object, cells=object, cell="long long",
    )
    cpdef Shape learn(
        self, bytes key, Plain plain, Stream row, Verdict judged, Trail trail, long long[::1] fired)


@cython.locals(place="long long")
cpdef long long find(Plain plain, long long[::1] column, long long value) noexcept
