cimport cython
from tcptrace.model cimport words
from ..flow.rows cimport Entry

cdef long long HEAD_OCTETS, SLOTS, MASK32, BASIS, PRIME


@cython.final
cdef class Heads:
    cdef public object classify
    cdef public unsigned char[::1] octets
    cdef public long long[::1] sizes, labels

    @cython.locals(value="unsigned int", at="long long", stop="long long")
    cdef long long slot(self, const unsigned char* octets, long long start, long long size, long long role) noexcept
    @cython.locals(slot="long long", base="long long", at="long long", kept="const unsigned char*")
    cdef long long find(self, const unsigned char* octets, long long start, long long size, long long role) noexcept
    @cython.locals(slot="long long", at="long long")
    cdef void keep(self, const unsigned char* octets, long long start, long long size, long long role, long long label) noexcept
    @cython.locals(size="long long", role=int, known="long long")
    cdef unsigned int look_at(
        self, const unsigned char[::1] octets, long long start, long long captured, unsigned int application, Entry key,
        int client, int syn_side, int side) except? 0
