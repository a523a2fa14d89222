# C types of tcptrace/find/trail.py.
cimport cython
from ..flow.rows cimport End
from ..tcp.paths cimport Paths

cdef long long MAX_STEPS, WORDS


@cython.final
cdef class Trail:
    cdef public Paths paths
    cdef public long long count, omitted
    cdef public long long[::1] steps, order

    @cython.locals(count="long long")
    cpdef long long follow(self, End client, End server, int alone)
    @cython.locals(steps="long long[::1]", found=list, turn="long long", base="long long", code="long long")
    cpdef list listed(self)
    @cython.locals(paths=Paths, steps="long long[::1]", most="long long", count="long long", at="long long", turn="long long", base="long long", older="long long", from_="long long", second="long long", third="long long", fourth="long long")
    cpdef long long collect(self, End end, int side, long long first)
    @cython.locals(steps="long long[::1]", order="long long[::1]", number="long long", base="long long", at="long long")
    cpdef put_in_order(self, long long count)
    @cython.locals(steps="long long[::1]", base="long long", place="long long", other="long long", at="long long")
    cpdef void place_timer(self, long long number, long long count) noexcept
    cpdef int is_before(self, long long one, long long other) noexcept
