"""Columns: what the layers hand to each other, batch by batch.

A batch is at most ``BATCH`` frames. The arrays are made once and written again for each batch, so whoever
keeps a value copies it. Only the first ``count`` entries are valid.
"""

from array import array

from tcptrace.model.light import TYPE_CHECKING, NamedTuple

BATCH = 4096
KEY_WORDS = 5
SACK_WORDS = 8
APART_BITS = (
    24  # of the time between a packet and its second copy, at most 10 ms, below the first one's frame
)

if TYPE_CHECKING:
    Column = array[int]
else:
    Column = (
        array  # Python 3.11 has no array[int]; annotations in quotes a named tuple would compile, one by one
    )


class Frames(NamedTuple):
    """Where each frame of a batch lies; filled by ``source``, read by ``wire.decode``.

    The frames' octets are in a buffer that is handed over beside this (bytes, bytearray or memoryview).
    """

    offset: Column  # 'q': where the frame's octets begin in the buffer
    captured: Column  # 'q': octets captured (never beyond the buffer)
    wire: Column  # 'q': octets the frame had on the wire, at least `captured`
    time_ns: Column  # 'q': nanoseconds since the Unix epoch
    link: Column  # 'i': LINKTYPE_ number (www.tcpdump.org/linktypes.html) of the frame's interface
    number: Column  # 'q': 1-based frame number

    @classmethod
    def empty(cls, size: int = BATCH) -> "Frames":
        """Return columns of ``size`` zeros."""
        return cls(
            *(
                array(code, bytes(size * width))
                for code, width in zip("qqqqiq", (8, 8, 8, 8, 4, 8), strict=True)
            )
        )


class Segments(NamedTuple):
    """The TCP segments of a batch; filled by ``wire.decode``, read by ``flow``, ``tcp`` and all above.

    ``key`` is the four-tuple in canonical order: lower end first (by address, then port), five 64-bit words a
    segment: low address (high half, low half), high address (high half, low half), then
    ``family << 32 | low port << 16 | high port`` with family 4 or 6. An IPv4 address is in the low half.
    ``side`` says which of the two sent the segment.
    """

    frame: Column  # 'q': 1-based frame number
    time_ns: Column  # 'q'
    key: Column  # 'Q': KEY_WORDS words a segment
    side: Column  # 'B': 0 the low end sent it, 1 the high end
    flags: Column  # 'H': control bits, AE included
    seq: Column  # 'I': raw
    ack: Column  # 'I': raw, whether or not the ACK bit is set
    window: Column  # 'H': raw header field
    length: Column  # 'I': payload octets by the IP and TCP headers, not by what was captured
    payload: Column  # 'q': where the payload begins in the buffer
    payload_captured: Column  # 'I': payload octets that are in the buffer
    options: Column  # 'H': OPT_ bits
    mss: Column  # 'H': 0 where absent
    scale: Column  # 'B': window scale shift, as sent; 0 where absent
    tsval: Column  # 'I': 0 where absent
    tsecr: Column  # 'I': 0 where absent
    sack_count: Column  # 'B': blocks in `sack`, 0 to 4
    sack: Column  # 'I': SACK_WORDS words a segment: left, right edge of up to four blocks
    fingerprint: Column  # 'Q': hash of what makes a packet the same packet (findings: duplicate_frame)
    marks: Column  # 'B': MARK_ bits
    checksum: Column  # 'I': stored << 16 | right; only where `marks` has MARK_BAD_CHECKSUM

    @classmethod
    def empty(cls, size: int = BATCH) -> "Segments":
        """Return columns of ``size`` zeros."""
        codes = "qqQBHIIHIqIHHBIIBIQBI"
        repeats = [1] * len(codes)
        repeats[2] = KEY_WORDS
        repeats[17] = SACK_WORDS
        return cls(*(array(code, [0]) * (size * times) for code, times in zip(codes, repeats, strict=True)))


# Places in the counter array that decode adds to ('q', COUNTERS long).
COUNT_NOT_IP = 0
COUNT_NOT_TCP = 1
COUNT_FRAGMENT = 2
COUNT_TRUNCATED = 3  # the capture cut the frame before its TCP header was whole
COUNT_MALFORMED = 4  # lengths that cannot be true
COUNT_LINK_TYPE = 5  # a link type without a row in the table
COUNT_SEGMENTS = 6
COUNT_BAD_CHECKSUM = 7
COUNTERS = 8
SKIP_NAMES = ("not_ip", "not_tcp", "fragment", "truncated", "malformed", "link_type")
