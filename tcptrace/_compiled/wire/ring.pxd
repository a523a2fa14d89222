# C types of tcptrace/wire/ring.py.
cimport cython

cdef int PACKETS_AT, FIRST_AT, HEADER, VLAN_VALID, TPID_VALID, TAG, ADDRESSES, COOKED
cdef long long VLAN_TPID

@cython.locals(value="long long", i="int", octet="long long")
cdef long long native(unsigned char[::1] buf, long long at, int size, int big) noexcept nogil

@cython.final
cdef class RingWalker:
    cdef public int big, cooked, link
    cdef public long long left, position, snap

    cpdef long long begin(self, unsigned char[::1] buf)

    @cython.locals(
        big="int", at="long long", size="long long", count="long long", stored="long long", full="long long",
        status="long long", begin="long long", tag="long long", added="long long",
        step="long long")
    cpdef long long walk(
        self, unsigned char[::1] buf, long long room, long long frames, long long[::1] offset,
        long long[::1] captured, long long[::1] wire, long long[::1] time_ns, int[::1] link, long long[::1] number)

    @cython.locals(i="int", place="long long")
    cdef long long restore(
        self, unsigned char[::1] buf, long long at, long long begin, long long stored, long long tag) noexcept

    @cython.locals(i="int", grown="long long", place="long long", address="long long", index="long long",
        arphrd="long long")
    cdef long long cook(self, unsigned char[::1] buf, long long at, long long begin, long long tag) noexcept
