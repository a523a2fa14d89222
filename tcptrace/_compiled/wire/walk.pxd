# C types of tcptrace/wire/walk.py.
cimport cython
from tcptrace.model cimport words

cdef int MORE, BLOCK, TOO_LONG, BAD_LENGTH, BAD_TRAILER, BAD_INTERFACE, BAD_CAPTURED, BAD_ORDER
cdef long long MAX_RECORD
cdef int LENGTHS_IN_ORDER, LENGTHS_SWAPPED
cdef long long INTERFACE_BLOCK, OLD_PACKET_BLOCK, SIMPLE_PACKET_BLOCK, ENHANCED_PACKET_BLOCK, SECTION_BLOCK
cdef long long ORDER_MAGIC, ORDER_MAGIC_SWAPPED
cdef int IF_LINK, IF_SNAP, IF_FCS, IF_MODE, IF_FACTOR, IF_LIMIT, IF_OFFSET_NS, IF_RESOLUTION, IF_SECONDS, IF_WORDS
cdef int TIME_MULTIPLY, TIME_DIVIDE, TIME_EXACT

cdef long long u32(const unsigned char* octets, long long at, int big) noexcept nogil

cdef class PcapWalker:
    cdef public int big, unit, header, lengths, link, fcs, reason
    cdef public long long frames, position, detail

    @cython.locals(
        octets="const unsigned char*", big="int", unit="long long", header="long long", lengths="int", fcs="long long", frames="long long",
        link_type="int", room="long long", count="long long", at="long long", body="long long", seconds="long long",
        fraction="long long", stored="long long", length="long long", kept="long long")
    cpdef long long walk(
        self, const unsigned char[::1] buf, long long start, long long end, long long[::1] offset,
        long long[::1] captured, long long[::1] wire, long long[::1] time_ns, int[::1] link, long long[::1] number)

cdef class PcapngWalker:
    cdef public int big, reason
    cdef public long long frames, last_ns, position, trailer, detail, length

    @cython.locals(
        octets="const unsigned char*", big="int", room="long long", at="long long", kind="long long", detail="long long", length="long long",
        least="long long", size="long long", body="long long", interface="long long", row="long long",
        full="long long", stored="long long", moment="long long", ticks="unsigned long long", mode="long long",
        factor="unsigned long long", limit="unsigned long long", below="unsigned long long",
        one="unsigned long long", fcs="long long")
    cpdef long long walk(
        self, const unsigned char[::1] buf, long long start, long long end, long long[::1] interfaces,
        long long known, long long count, long long[::1] offset, long long[::1] captured, long long[::1] wire,
        long long[::1] time_ns, int[::1] link, long long[::1] number)
