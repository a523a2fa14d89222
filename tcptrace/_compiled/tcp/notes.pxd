cimport cython
from ..flow.rows cimport Stream

cdef long long CODE_COUNT


@cython.final
cdef class Notebook:
    cdef public long long limit
    cdef public dict overflow
    cdef public long long[::1] totals

    @cython.locals(notes=list)
    cpdef note(self, Stream stream, int code, long long frame, int side, long long a, long long b, long long c=*, long long d=*)
    @cython.locals(have="long long", more=dict, key=tuple)
    cpdef int is_full(self, Stream stream, int code, int side)
    @cython.locals(notes=list, at="long long", more=dict, beyond="long long")
    cpdef drop(self, Stream stream, int code, int side, long long frame=*)
