cimport cython
from tcptrace.model cimport words

cdef long long PAGE_BITS, PAGE_WORDS, FIRST_WORDS


@cython.final
cdef class Kept:
    cdef public list pages
    cdef public unsigned long long[::1] page
    cdef public long long[::1] free
    cdef public long long page_at, used, end

    @cython.locals(number="long long")
    cpdef int turn(self, long long place) except -1
    @cython.locals(place="long long", base="long long")
    cdef long long keep(self, const unsigned long long[::1] cells, long long start, long long count) except? 0
    @cython.locals(base="long long")
    cpdef int give_back(self, long long place, long long count) except -1
