cimport cython
from .rows cimport Entry

cdef long long KEY_HALVES, LOW32, FIRST_BUCKETS
cdef unsigned long long MASK64


@cython.final
cdef class FlowTable:
    cdef public unsigned long long[::1] keys
    cdef public list buckets
    cdef public long long level, split, count

    @cython.locals(total="unsigned long long")
    cpdef unsigned int hash_key(self, unsigned long long k0, unsigned long long k1, unsigned long long k2, unsigned long long k3, unsigned long long k4)
    @cython.locals(bucket="long long", entry=Entry)
    cpdef Entry find(self, unsigned int hashed, unsigned long long k0, unsigned long long k1, unsigned long long k2, unsigned long long k3, unsigned long long k4)
    @cython.locals(bucket="long long")
    cpdef insert(self, Entry entry)
    @cython.locals(bucket="long long", here=Entry)
    cpdef remove(self, Entry entry)
    @cython.locals(entry=Entry, stay=Entry, move=Entry, following=Entry)
    cpdef split_bucket(self)
