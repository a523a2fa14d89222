# C types of tcptrace/wire/network.py.
cimport cython
from tcptrace.model cimport words

cdef int COUNT_FRAGMENT, COUNT_LINK_TYPE, COUNT_MALFORMED, COUNT_NOT_IP, COUNT_TRUNCATED
cdef int ETHERTYPE, FIRST_HEADER, FRAME_RELAY, IEEE802_11, LLC, PRISM, PROTOCOL, RADIOTAP
cdef int ALWAYS_IPV4, ALWAYS_IPV6, BY_COOKED, BY_ETHERTYPE, BY_FAMILY, BY_VERSION, ROW_WORDS
cdef long long FAR
cdef int NEXT, WRAPPED, MAX_TAGS, MAX_EXTENSIONS
cdef int DEVICE_FRAME_RELAY, DEVICE_IEEE802_11, DEVICE_PRISM, DEVICE_RADIOTAP, DEVICE_NETLINK
cdef int TCP, HOP_BY_HOP, ROUTING, FRAGMENT, AUTHENTICATION, DESTINATION, LOOSE_ROUTE, STRICT_ROUTE

@cython.final
cdef class Network:
    cdef const unsigned char* buf
    cdef int[::1] links
    cdef int[::1] seen
    cdef readonly long long seen_count
    cdef long long link, kind, header, ethertype_at, device_at, version, what, number
    cdef long long straight_at, typed
    cdef readonly long long at, end, start, stop
    cdef long long wire_end
    cdef long long family, checkable, has_id
    cdef unsigned long long src_high, src_low, dst_high, dst_low, pseudo

    cdef long long find_tcp(self, long long at, long long end, long long wire_end, long long link) noexcept
    cdef long long ip(self, long long version) noexcept
    cdef long long wrapped(self, long long what, long long number) noexcept
    cdef void bound(self, long long stop) noexcept
    cdef long long u16(self, long long at) noexcept
    cdef unsigned long long u32(self, long long at) noexcept
    cdef long long why_short(self, long long needed) noexcept
    @cython.locals(i="long long")
    cdef void choose_link(self, long long link) noexcept
    @cython.locals(row="long long")
    cdef void look_up(self, long long link) noexcept
    @cython.locals(at="long long", kind="long long", family="unsigned long long")
    cdef long long link_layer(self) noexcept
    cdef long long cooked(self, long long device, long long kind) noexcept
    @cython.locals(tags="long long")
    cdef long long ethertype(self, long long kind) noexcept
    @cython.locals(at="long long", header="long long", rest="long long", total="long long")
    cdef long long ipv4(self) noexcept
    @cython.locals(kind="long long", length="long long", pointer="long long")
    cdef void source_route(self, long long at, long long stop) noexcept
    @cython.locals(at="long long", length="long long", jumbo="long long", i="long long")
    cdef long long ipv6(self) noexcept
    @cython.locals(at="long long", size="long long", reason="long long")
    cdef long long extensions(self, long long kind, long long jumbo) noexcept
    @cython.locals(kind="long long", i="long long")
    cdef void route(self, long long at, long long size) noexcept
    @cython.locals(length="long long")
    cdef long long jumbo_payload(self, long long at, long long stop) noexcept
