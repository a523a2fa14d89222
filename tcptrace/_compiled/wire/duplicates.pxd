# C types of tcptrace/wire/duplicates.py.
cimport cython

cdef int MARK_NO_IP_ID, APART_BITS
cdef long long RING, FIRST_RING, BUCKETS, WINDOW_NS, WINDOW_NO_ID_NS

@cython.final
cdef class Duplicates:
    cdef unsigned long long[::1] fingerprint
    cdef long long[::1] time_ns
    cdef long long[::1] frame
    cdef unsigned short[::1] older
    cdef unsigned short[::1] newest
    cdef long long place, used, slot_mask
    cdef unsigned long long bucket_mask

    cdef int make(self, long long size) except -1
    @cython.locals(
        fingerprint="unsigned long long[::1]", time_ns="long long[::1]", frame="long long[::1]", size="long long", oldest="long long",
        age="long long", slot="long long",
    )
    cdef int grow(self) except -1
    @cython.locals(
        found="long long", i="long long", value="unsigned long long", now="long long", slot="long long",
        then="long long", apart="unsigned long long",
    )
    cpdef long long mark(
        self, const unsigned long long[::1] fingerprint, const long long[::1] time_ns,
        const unsigned char[::1] marks, const long long[::1] frame, long long count, unsigned char[::1] out,
        long long[::1] earlier,
    )
    @cython.locals(bucket="unsigned long long", slot="long long", before="long long", age="long long", older_age="long long")
    cdef long long find(self, unsigned long long value) noexcept
    @cython.locals(place="long long", bucket="unsigned long long")
    cdef void enter(self, unsigned long long value, long long now, long long frame) noexcept
