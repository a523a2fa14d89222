cimport cython
from tcptrace.model cimport words
from .rows cimport Entry

cdef long long BATCH, KEY_HALVES, KEY_WORDS, LOW32, FIRST_BUCKETS, STEP
cdef unsigned long long MASK64


@cython.final
cdef class FlowTable:
    cdef public unsigned long long[::1] keys
    cdef public unsigned int[::1] hashes
    cdef public list buckets
    cdef public long long level, split, count

    @cython.locals(keys="const unsigned long long*", i="long long", at="long long")
    cdef int hash_all(self, const unsigned long long[::1] key, long long count) except -1
    @cython.locals(near="long long", far="long long", i="long long")
    cdef void look_ahead(self, long long at, long long count, long long by) noexcept
    @cython.locals(bucket="long long")
    cdef inline long long bucket_of(self, unsigned int hashed) noexcept
    @cython.locals(hashed="unsigned int")
    cdef Entry find_at(self, const unsigned long long* key, long long at)
    @cython.locals(total="unsigned long long")
    cpdef unsigned int hash_key(self, unsigned long long k0, unsigned long long k1, unsigned long long k2, unsigned long long k3, unsigned long long k4)
    @cython.locals(entry=Entry)
    cpdef inline Entry find(self, unsigned int hashed, unsigned long long k0, unsigned long long k1, unsigned long long k2, unsigned long long k3, unsigned long long k4)
    @cython.locals(bucket="long long")
    cpdef insert(self, Entry entry)
    @cython.locals(bucket="long long", here=Entry)
    cpdef remove(self, Entry entry)
    @cython.locals(bucket="long long")
    cdef int grow(self) except -1
    @cython.locals(entry=Entry, stay=Entry, move=Entry, following=Entry)
    cdef int split_bucket(self) except -1
