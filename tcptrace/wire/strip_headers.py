"""What an anonymized header keeps: addresses and options replaced or overwritten in place, lengths kept."""

import struct

from tcptrace.wire.anonymize import Anonymizer
from tcptrace.wire.network import AUTHENTICATION, DESTINATION, FRAGMENT, HOP_BY_HOP, ROUTING, TCP

# IPv4 options (RFC 791 3.1) that are kept: end of list, no operation, and both source routes, whose addresses are
# replaced. All others are overwritten: they may have addresses in them, or names of places.
_IP_END, _IP_NOP = 0, 1
_SOURCE_ROUTES = (131, 137)
# TCP options that are kept as they are, with their lengths: MSS, window scale, SACK permitted, SACK of up to four
# blocks, echoes and timestamps. The content of others is overwritten (MPTCP has addresses and keys in it, TCP-AO and
# MD5 digests).
_TCP_KEPT = frozenset(((2, 4), (3, 3), (4, 2), (5, 10), (5, 18), (5, 26), (5, 34), (6, 6), (7, 6), (8, 10)))
_FAST_OPEN = 34  # its cookie is an address, encrypted (RFC 7413 4.1.2): a label takes its place
_EXPERIMENTS = (253, 254)  # an identifier of two octets follows (RFC 6994)
_FAST_OPEN_EXPERIMENT = b"\xf9\x89"
_PAD_N = 1  # IPv6 options (RFC 8200 4.2)
_JUMBO = 0xC2


def replace_ip_options(octets: bytearray, at: int, end: int, by: Anonymizer) -> None:
    """Replace the addresses of source routes and overwrite all other options.

    Behind one whose length cannot be true nothing is an option, for nobody.
    """
    while at < end and octets[at] != _IP_END:
        if octets[at] == _IP_NOP:
            at += 1
            continue
        length = octets[at + 1] if at + 1 < end else 0
        if length < 2 or at + length > end:
            break
        if octets[at] in _SOURCE_ROUTES:
            _replace_list(octets, at + 3, at + length, 4, by)
        else:
            octets[at : at + length] = bytes((_IP_NOP,)) * length
        at += length
    octets[at:end] = bytes(end - at)


def _replace_list(octets: bytearray, at: int, end: int, size: int, by: Anonymizer) -> None:
    """Replace the addresses that end at ``end``, the final destination the last; what is too short is zeros."""
    first = at + max(end - at, 0) % size
    octets[at:first] = bytes(first - at)
    for place in range(first, end, size):
        octets[place : place + size] = by.address(bytes(octets[place : place + size]))


def replace_extensions(octets: bytearray, kind: int, at: int, tcp: int, by: Anonymizer) -> bool:
    """Replace the addresses in the headers between IP and TCP; false where one is not understood."""
    while at < tcp:
        following = octets[at]
        size = (octets[at + 1] + 1) * 8
        if kind == FRAGMENT:
            size = 8
        elif kind == AUTHENTICATION:
            size = (octets[at + 1] + 2) * 4
            # The check value behind the fixed fields (RFC 4302 2.2), where the length leaves room for one.
            octets[at + 12 : at + size] = bytes(max(size - 12, 0))
        elif kind in (HOP_BY_HOP, DESTINATION):
            _replace_ipv6_options(octets, at + 2, at + size)
        elif kind == ROUTING:
            _replace_route(octets, at, size, by)
        else:
            return False
        kind = following
        at += size
    return at == tcp and kind == TCP


def _replace_ipv6_options(octets: bytearray, at: int, end: int) -> None:
    """Overwrite all options but padding and the jumbo payload's length (RFC 2675)."""
    while at < end:
        if octets[at] == 0:
            at += 1
            continue
        size = 2 + octets[at + 1] if at + 1 < end else 1
        if size < 2 or at + size > end:
            octets[at:end] = bytes(end - at)
            return
        if octets[at] != _JUMBO:
            octets[at] = _PAD_N
            octets[at + 2 : at + size] = bytes(size - 2)
        at += size


def _replace_route(octets: bytearray, at: int, size: int, by: Anonymizer) -> None:
    """Replace the addresses of routing headers (RFC 5095, 6275, 8754); of unknown ones nothing is left."""
    kind = octets[at + 2]
    first, last = at + 8, at + size
    if kind == 4:
        last = min(last - (size - 8) % 16, first + 16 * (octets[at + 4] + 1))
    if kind in (0, 2, 4):
        _replace_list(octets, first, last, 16, by)
    else:
        last = at + 4
    # Behind the addresses of type 4: padding instead of TLVs.
    octets[last : at + size] = bytes(at + size - last)


def replace_tcp_options(octets: bytearray, at: int, end: int, by: Anonymizer) -> None:
    """Keep the options that the analysis reads, and of all others kind and length."""
    while at < end and octets[at] != 0:
        if octets[at] == 1:
            at += 1
            continue
        length = octets[at + 1] if at + 1 < end else 0
        stop = min(at + length, end)
        if length < 2:
            at += 2  # not a list any more
            break
        if (octets[at], length) not in _TCP_KEPT:
            begin = at + 2
            if octets[at] in _EXPERIMENTS and octets[begin : begin + 2] == _FAST_OPEN_EXPERIMENT:
                begin += 2
            content = bytes(octets[begin:stop])
            is_cookie = content and (octets[at] == _FAST_OPEN or begin > at + 2)
            octets[begin:stop] = by.label(content, len(content)) if is_cookie else bytes(len(content))
        at = max(stop, at + 2)
    octets[at:end] = bytes(max(end - at, 0))


def sum_words(octets: bytes | bytearray) -> int:
    """Return the sum of 16-bit words, the last one filled up with a zero (RFC 1071)."""
    even = bytes(octets) + b"\0" * (len(octets) & 1)
    return sum(struct.unpack(f">{len(even) // 2}H", even))


def fold(total: int) -> int:
    """Return the sum with its carries added (RFC 1071)."""
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total
