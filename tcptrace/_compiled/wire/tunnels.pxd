# C types of tcptrace/wire/tunnels.py.
cimport cython
from .network cimport Network
from .link_headers cimport LinkHeaders

cdef int COUNT_NOT_IP, COUNT_NOT_TCP, COUNT_TRUNCATED, ETHERNET, ETHERTYPE, GENEVE, GTP_U, IP, MPLS, PPP
cdef int PPPOE, PROTOCOL, TEREDO, VXLAN, VXLAN_GPE
cdef int NEXT, WRAPPED, MAX_HEADERS, MAX_LABELS, IPV4, TCP, UDP, IPV6, GRE, AUTHENTICATION, IPIP, ETHERIP
cdef int MPLS_IN_IP, ETHERNET_IN_IP, TYPE_BRIDGED, TYPE_MPLS, TYPE_MPLS_MULTICAST, TYPE_PPP, TYPE_PPPOE
cdef int TYPE_PBB, TYPE_ERSPAN, TYPE_ERSPAN_III, GRE_CHECKSUM, GRE_ROUTING, GRE_KEY, GRE_SEQUENCE
cdef int GRE_ACKNOWLEDGEMENT, GTP_EXTENSION, GTP_OPTIONS, GTP_PACKET

@cython.final
cdef class Tunnels:
    cdef Network network
    cdef LinkHeaders links
    cdef int[::1] ports

    @cython.locals(
        network=Network, links=LinkHeaders, is_tunnel="long long", what="long long", reason="long long",
        _="long long",
    )
    cdef long long open(self) noexcept
    cdef long long goes_on(self, long long size, long long what) noexcept
    cdef long long ethertype_follows(self, long long size, long long kind) noexcept
    @cython.locals(network=Network)
    cdef long long why_not(self, long long needed) noexcept
    cdef long long ethertype(self, long long kind) noexcept
    @cython.locals(network=Network)
    cdef long long protocol(self, long long kind) noexcept
    @cython.locals(network=Network, at="long long", what="long long", size="long long")
    cdef long long udp(self) noexcept
    @cython.locals(row="long long")
    cdef long long by_port(self, long long port) noexcept
    @cython.locals(network=Network, version="long long")
    cdef long long ip(self) noexcept
    @cython.locals(network=Network, reason="long long")
    cdef long long ethernet(self) noexcept
    @cython.locals(network=Network, nibble="long long", _="long long")
    cdef long long mpls(self) noexcept
    @cython.locals(network=Network, kind="long long")
    cdef long long is_ethernet(self, long long at) noexcept
    @cython.locals(network=Network, at="long long", size="long long")
    cdef long long authentication(self) noexcept
    @cython.locals(
        network=Network, at="long long", flags="long long", kind="long long", size="long long",
        octets="long long",
    )
    cdef long long gre(self) noexcept
    @cython.locals(
        network=Network, at="long long", version="long long", word="long long", size="long long",
        content="long long",
    )
    cdef long long erspan(self, long long has_sequence) noexcept
    @cython.locals(network=Network)
    cdef long long vxlan(self) noexcept
    @cython.locals(network=Network, kind="long long")
    cdef long long vxlan_gpe(self) noexcept
    @cython.locals(network=Network, at="long long", size="long long")
    cdef long long geneve(self) noexcept
    @cython.locals(
        network=Network, at="long long", flags="long long", size="long long", kind="long long",
        octets="long long",
    )
    cdef long long gtp_u(self) noexcept
    @cython.locals(network=Network, at="long long", size="long long")
    cdef long long teredo(self) noexcept
