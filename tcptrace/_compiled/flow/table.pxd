cimport cython
from tcptrace.model cimport words
from .rows cimport Entry

cdef long long BATCH, KEY_HALVES, KEY_WORDS, FIRST_BUCKETS, STEP
cdef unsigned long long MASK64, HIGH32, LOW32


@cython.final
cdef class FlowTable:
    cdef public unsigned long long[::1] keys
    cdef public unsigned int[::1] hashes, heads, likely
    cdef public unsigned long long[::1] links
    cdef public list entries
    cdef public long long level, split, size, count
    cdef public unsigned int free

    @cython.locals(keys="const unsigned long long*", i="long long", at="long long")
    cdef int hash_all(self, const unsigned long long[::1] key, long long count) except -1
    @cython.locals(end="long long", i="long long", place="long long")
    cdef void look_ahead(self, long long at, long long count, long long by) noexcept
    @cython.locals(bucket="long long")
    cdef inline long long bucket_of(self, unsigned int hashed) noexcept
    @cython.locals(hashed="unsigned int", entry=Entry)
    cdef Entry find_at(self, const unsigned long long* key, long long at)
    @cython.locals(total="unsigned long long")
    cpdef inline unsigned int hash_key(self, unsigned long long k0, unsigned long long k1, unsigned long long k2, unsigned long long k3, unsigned long long k4)
    @cython.locals(entry=Entry, place="unsigned long long", link="unsigned long long")
    cpdef inline Entry find(self, unsigned int hashed, unsigned long long k0, unsigned long long k1, unsigned long long k2, unsigned long long k3, unsigned long long k4)
    @cython.locals(hashed="unsigned int")
    cpdef Entry find_key(self, Entry key)
    @cython.locals(place="long long", bucket="long long")
    cpdef insert(self, Entry entry, unsigned long long hashed)
    @cython.locals(bucket="long long", before="long long", place="long long", following="unsigned long long")
    cpdef remove(self, Entry entry)
    @cython.locals(bucket="long long")
    cdef int grow(self) except -1
    @cython.locals(place="unsigned long long", link="unsigned long long", stay="unsigned long long", move="unsigned long long")
    cdef int split_bucket(self) except -1
