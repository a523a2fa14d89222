# C types of tcptrace/wire/duplicates.py.
cimport cython

cdef int MARK_NO_IP_ID, APART_BITS
cdef long long RING, SLOT_MASK, BUCKETS, BUCKET_MASK, WINDOW_NS, WINDOW_NO_ID_NS

@cython.final
cdef class Duplicates:
    cdef unsigned long long[::1] fingerprint
    cdef long long[::1] time_ns
    cdef long long[::1] frame
    cdef unsigned short[::1] older
    cdef unsigned short[::1] newest
    cdef long long place, used

    @cython.locals(
        found="long long", i="long long", value="unsigned long long", now="long long", slot="long long",
        then="long long", apart="unsigned long long",
    )
    cpdef long long mark(
        self, const unsigned long long[::1] fingerprint, const long long[::1] time_ns,
        const unsigned char[::1] marks, const long long[::1] frame, long long count, unsigned char[::1] out,
        long long[::1] earlier,
    )
    @cython.locals(bucket="long long", slot="long long", before="long long", age="long long", older_age="long long")
    cdef long long find(self, unsigned long long value) noexcept
    @cython.locals(place="long long", bucket="long long")
    cdef void enter(self, unsigned long long value, long long now, long long frame) noexcept
