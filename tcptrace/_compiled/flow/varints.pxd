cimport cython


cdef class Varints:
    cdef public bytearray room
    cdef public unsigned char[::1] into
    cdef public bytes octets
    cdef public long long at
    cdef public int is_reading

    @cython.locals(word="unsigned long long", at="long long")
    cdef void put(self, long long value) noexcept
    @cython.locals(word="unsigned long long", shift=int, at="long long", octet="unsigned long long")
    cdef long long get(self) noexcept
    cdef long long move(self, long long value) noexcept
