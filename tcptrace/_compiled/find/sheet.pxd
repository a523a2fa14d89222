# C types of tcptrace/find/sheet.py.
cimport cython
from tcptrace.model cimport words

cdef long long FIRST_ROOM, NS, SMALL_NS, LARGE_NS
cdef bytes PAIRS


@cython.final
cdef class Sheet:
    cdef public object seconds
    cdef public bytearray room
    cdef unsigned char* into
    cdef public bytes stamp
    cdef public long long at, second_ns, second_size

    @cython.locals(written=bytes)
    cpdef bytes take(self)
    cpdef bytes piece(self, long long start, long long stop)
    @cython.locals(larger=bytearray)
    cpdef reserve(self, long long size)
    @cython.locals(size="long long")
    cpdef void text(self, bytes piece) noexcept
    @cython.locals(word="unsigned long long", high="unsigned long long")
    cpdef void number(self, long long value) noexcept
    @cython.locals(at="long long", high="unsigned int")
    cdef void few(self, unsigned int word) noexcept
    @cython.locals(at="long long", high="unsigned int", low="unsigned int")
    cdef void four(self, unsigned int word) noexcept
    @cython.locals(high="unsigned int")
    cdef void eight(self, unsigned int word) noexcept
    @cython.locals(at="long long", shift=int, octet="unsigned int", hundreds="unsigned int")
    cpdef void ipv4(self, unsigned long long address) noexcept
    @cython.locals(high="unsigned int")
    cpdef void nine(self, unsigned int value) noexcept
    @cython.locals(rest="long long", whole="unsigned long long", start="long long")
    cpdef time(self, long long ns)
    @cython.locals(whole="unsigned long long", rest="unsigned int", at="long long")
    cpdef duration(self, long long ns)
    @cython.locals(power=int, word="unsigned int", start="long long", at="long long", place="long long")
    cpdef void exponent(self, long long ns) noexcept
