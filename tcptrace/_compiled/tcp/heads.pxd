cimport cython
from tcptrace.model cimport words

cdef long long HEAD_OCTETS, SLOTS, MASK32, BASIS, PRIME


@cython.final
cdef class Heads:
    cdef public unsigned char[::1] octets
    cdef public long long[::1] sizes, labels

    @cython.locals(value="unsigned int", at="long long", stop="long long")
    cdef long long slot(self, const unsigned char* octets, long long start, long long size, long long role) noexcept
    @cython.locals(slot="long long", base="long long", at="long long", kept="const unsigned char*")
    cdef long long find(self, const unsigned char* octets, long long start, long long size, long long role) noexcept
    @cython.locals(slot="long long", at="long long")
    cdef void keep(self, const unsigned char* octets, long long start, long long size, long long role, long long label) noexcept
