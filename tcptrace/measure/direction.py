"""One direction of a connection as series: what one side sent, and what the other acknowledged and allowed.

Numbers are the sender's relative sequence numbers, unwrapped: they go on beyond 2^32.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from tcptrace.model.records import Connection, Segment, Side

WRAP = 1 << 32
# The second copy of a frame, and what was damaged on the way, say nothing about the ends.
IGNORED = ("duplicate_frame", "bad_checksum")


class Sent(NamedTuple):
    """A segment that took sequence numbers."""

    frame: int
    time_ns: int
    left: int  # first number
    right: int  # number after the last
    payload_bytes: int
    is_again: bool  # some of it had been sent before
    is_syn: bool
    is_fin: bool


class Acked(NamedTuple):
    """An acknowledgement by the receiver."""

    frame: int
    time_ns: int
    ack: int
    window_bytes: int | None  # None: the capture does not show the window scale
    is_duplicate: (
        bool  # RFC 5681 2: the same number and window again, without data, while data is outstanding
    )
    sack: tuple[tuple[int, int], ...]

    @property
    def edge(self) -> int | None:
        """The number up to which the receiver allows data; ``None`` without window scale."""
        return None if self.window_bytes is None else self.ack + self.window_bytes


@dataclass(frozen=True, slots=True)
class Direction:
    """What went from one side to the other, in the order of the capture."""

    side: Side  # who sent
    sent: list[Sent]
    acked: list[Acked]
    start_ns: int  # of the connection's first segment
    end_ns: int  # of its last

    @property
    def data(self) -> list[Sent]:
        """The segments with payload."""
        return [part for part in self.sent if part.payload_bytes]


def unwrapped(number: int, near: int) -> int:
    """Return the number that is ``number`` modulo 2^32 and closest to ``near``."""
    return near + ((number - near + WRAP // 2) % WRAP) - WRAP // 2


def scale_of(segments: Sequence[Segment], side: Side) -> int | None:
    """Return the shift of a side's windows: 0 unless both SYNs bore the option (RFC 7323 2.2), ``None`` without them."""
    shown: dict[Side, int | None] = {}
    for segment in segments:
        if "SYN" in segment.flags:
            shown.setdefault(segment.side, segment.window_scale)
            if len(shown) == 2:
                break
    if len(shown) < 2:
        return None
    own, other = shown[side], shown["server" if side == "client" else "client"]
    return 0 if own is None or other is None else min(own, 14)  # RFC 7323 2.3: more is taken as 14


def direction(connection: Connection, segments: Sequence[Segment], side: Side) -> Direction:
    """Return the series of what ``side`` sent; ``segments`` are all of the connection."""
    ignored = {finding.frame for finding in connection.findings if finding.code in IGNORED}
    # Before its own SYN an end answers for an older connection on the same ports (RFC 5961 4.2: challenge ACK), unless
    # it acknowledges what was sent in this one (a split handshake).
    receiver_syn = next(
        (segment.frame for segment in segments if segment.side != side and "SYN" in segment.flags), 0
    )
    scale = scale_of(segments, "server" if side == "client" else "client")
    sent: list[Sent] = []
    acked: list[Acked] = []
    highest: int | None = None  # number after all that was sent
    last: Acked | None = None
    for segment in segments:
        if segment.frame in ignored or "RST" in segment.flags:
            continue
        if segment.side == side:
            size = segment.payload_bytes
            syn, fin = "SYN" in segment.flags, "FIN" in segment.flags
            left = unwrapped(segment.seq, segment.seq if highest is None else highest)
            right = left + size + syn + fin
            if right == left:
                continue
            is_probe = (
                size <= 1
                and highest is not None
                and right <= highest
                and left == highest - 1
                and not fin
                and not syn
            )
            is_again = highest is not None and left < highest and not is_probe
            if not is_probe:
                sent.append(Sent(segment.frame, segment.time_ns, left, right, size, is_again, syn, fin))
                highest = right if highest is None or right > highest else highest
        elif segment.ack is not None and (
            segment.frame >= receiver_syn or (highest is not None and 0 < segment.ack <= highest)
        ):
            last = _acked(segment, scale, last, highest)
            acked.append(last)
    ends = (segments[0].time_ns, segments[-1].time_ns) if segments else (0, 0)
    return Direction(side, sent, acked, *ends)


def _acked(segment: Segment, scale: int | None, last: Acked | None, highest: int | None) -> Acked:
    """Return an acknowledgement as the one after ``last``."""
    assert segment.ack is not None
    ack = unwrapped(segment.ack, segment.ack if last is None else last.ack)
    if "SYN" in segment.flags:  # RFC 7323 2.2: the window of a SYN is never scaled
        window: int | None = segment.window
    else:
        window = None if scale is None else segment.window << scale
    is_duplicate = (
        last is not None
        and ack == last.ack
        and window == last.window_bytes
        and segment.flags == "ACK"
        and not segment.payload_bytes
        and highest is not None
        and highest > ack
    )
    blocks = tuple((unwrapped(left, ack), unwrapped(right, ack)) for left, right in segment.sack)
    return Acked(segment.frame, segment.time_ns, ack, window, is_duplicate, blocks)
