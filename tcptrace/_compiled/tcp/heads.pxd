cimport cython
from tcptrace.model cimport words
from ..flow.rows cimport Entry

cdef long long HEAD_OCTETS, SLOTS, WORD
cdef unsigned long long MULTIPLIER, MASK64


@cython.final
cdef class Heads:
    cdef public object classify
    cdef public unsigned char[::1] octets
    cdef public long long[::1] sizes, labels

    @cython.locals(value="unsigned long long", at="long long", last="long long")
    cdef inline long long slot(self, const unsigned char* octets, long long start, long long size, long long role) noexcept
    @cython.locals(slot="long long", base="long long", at="long long", last="long long", is_same=int, kept="const unsigned char*")
    cdef inline long long find(self, const unsigned char* octets, long long start, long long size, long long role) noexcept
    @cython.locals(slot="long long", at="long long")
    cdef void keep(self, const unsigned char* octets, long long start, long long size, long long role, long long label) noexcept
    @cython.locals(size="long long", role=int, known="long long")
    cdef unsigned int look_at(
        self, const unsigned char* octets, long long start, long long captured, unsigned int application, Entry key,
        int client, int syn_side, int side) except? 0
