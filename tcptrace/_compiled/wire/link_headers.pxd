# C types of tcptrace/wire/link_headers.py.
cimport cython
from .network cimport Network

cdef int COUNT_LINK_TYPE, COUNT_MALFORMED, COUNT_NOT_IP, COUNT_TRUNCATED, AVS, CISCO_HDLC, ETHERNET
cdef int FRAME_RELAY, IEEE802_11, IP, LLC, MPLS, NFLOG, PKTAP, PPI, PPP, PPP_FIELD, PPP_HDLC
cdef int PPP_PROTOCOL, PPPOE, PRISM, RADIOTAP
cdef int NEXT, WRAPPED, IPV4, IPV6, PPP_IPV4, PPP_IPV6, PPP_MPLS, PPP_MPLS_MULTICAST, NLPID_SNAP
cdef int NLPID_IPV6, NLPID_IPV4, NLPID_PPP, SAP_IPV4, AVS_MAGIC, PRISM_OCTETS, NFLOG_PAYLOAD

@cython.final
cdef class LinkHeaders:
    cdef Network network
    cdef long long padded

    @cython.locals(what="long long")
    cdef long long take_off(self) noexcept
    cdef long long le16(self, long long at) noexcept
    cdef long long le32(self, long long at) noexcept
    cdef long long goes_on(self, long long size, long long what) noexcept
    cdef long long ip_follows(self, long long size, long long protocol) noexcept
    @cython.locals(network=Network, reason="long long")
    cdef long long ethertype_follows(self, long long size, long long kind) noexcept
    @cython.locals(network=Network, at="long long", head="long long")
    cdef long long llc(self) noexcept
    @cython.locals(network=Network, at="long long", owner="long long", kind="long long", pad="long long")
    cdef long long snap(self, long long size) noexcept
    @cython.locals(network=Network, at="long long")
    cdef long long ppp(self) noexcept
    @cython.locals(network=Network, address="long long")
    cdef long long ppp_hdlc(self) noexcept
    @cython.locals(network=Network, at="long long", number="long long")
    cdef long long ppp_field(self) noexcept
    @cython.locals(number="long long")
    cdef long long ppp_protocol(self) noexcept
    @cython.locals(network=Network, at="long long")
    cdef long long pppoe(self) noexcept
    @cython.locals(network=Network, at="long long", kind="long long")
    cdef long long cisco_hdlc(self) noexcept
    @cython.locals(network=Network, at="long long", size="long long", kind="long long", protocol="long long")
    cdef long long frame_relay(self) noexcept
    @cython.locals(
        network=Network, at="long long", padded="long long", first="long long", flags="long long",
        size="long long", control="long long",
    )
    cdef long long ieee802_11(self) noexcept
    @cython.locals(
        network=Network, at="long long", size="long long", stop="long long", present="long long",
        field="long long", more="long long", flags="long long",
    )
    cdef long long radiotap(self) noexcept
    @cython.locals(network=Network)
    cdef long long prism(self) noexcept
    @cython.locals(network=Network, size="long long")
    cdef long long avs(self) noexcept
    @cython.locals(network=Network, at="long long")
    cdef long long metadata(self, long long least, long long size_at, long long link_at) noexcept
    @cython.locals(network=Network)
    cdef long long ppi(self) noexcept
    @cython.locals(network=Network, reason="long long")
    cdef long long link_follows(self, long long size, long long least, long long link) noexcept
    @cython.locals(network=Network, at="long long", size="long long", kind="long long")
    cdef long long nflog(self) noexcept
