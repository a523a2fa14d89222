# C types of tcptrace/wire/pack.py.
cimport cython

cdef int RECORD, BLOCK, ENHANCED_PACKET

cdef void put32(unsigned char[::1] out, long long at, long long value, int big) noexcept nogil

@cython.locals(at="long long", i="long long", size="long long", start="long long", seconds="long long")
cpdef long long pack_pcap(
    unsigned char[::1] out, const unsigned char[::1] buf, const long long[::1] offset,
    const long long[::1] captured, const long long[::1] wire, const long long[::1] time_ns, long long count,
    long long unit, int big)

@cython.locals(
    at="long long", i="long long", size="long long", start="long long", ticks="long long", fill="long long",
    length="long long", _="long long")
cpdef long long pack_pcapng(
    unsigned char[::1] out, const unsigned char[::1] buf, const long long[::1] offset,
    const long long[::1] captured, const long long[::1] wire, const long long[::1] time_ns, long long count,
    long long unit, int big, int interface)
