"""Series over time of one direction: round trips, throughput, octets in flight and the window."""

from collections import deque
from collections.abc import Iterator
from heapq import merge
from typing import NamedTuple

from tcptrace.measure.direction import Acked, Direction, Sent


class RoundTrip(NamedTuple):
    """A sample: how long after a segment its acknowledgement was seen."""

    frame: int  # of the ACK
    time_ns: int  # of the ACK
    rtt_ns: int


class Rate(NamedTuple):
    """How much was carried in one interval."""

    time_ns: int  # begin of the interval
    sent_bytes: int  # payload, what was sent again included
    acked_bytes: int  # numbers newly acknowledged


class Flight(NamedTuple):
    """The state after one segment."""

    time_ns: int
    flight_bytes: int  # sent and not acknowledged
    window_bytes: int | None  # what the receiver allows from its newest ACK on; None: not known


def events(way: Direction) -> Iterator[Sent | Acked]:
    """Yield what was sent and acknowledged in the order of the capture."""
    return merge(way.sent, way.acked, key=lambda part: part.frame)


def round_trips(way: Direction) -> list[RoundTrip]:
    """Return the samples: an ACK that ends exactly at a segment which was sent once (RFC 6298 3, Karn's rule)."""
    samples = []
    waiting: deque[tuple[int, int]] = deque()  # number after the segment, when it was sent
    highest: int | None = None
    barred: tuple[int, int] | None = None  # what was sent twice, while it is outstanding
    for part in events(way):
        if isinstance(part, Sent):
            if highest is None or part.left >= highest:
                waiting.append((part.right, part.time_ns))
            elif waiting:
                if barred is None or barred[1] < waiting[0][0]:
                    barred = (part.left, part.right)
                else:
                    barred = (min(barred[0], part.left), max(barred[1], part.right))
            highest = part.right if highest is None else max(highest, part.right)
            continue
        while waiting and waiting[0][0] <= part.ack:
            right, sent_ns = waiting.popleft()
            if right == part.ack and (barred is None or not barred[0] < right <= barred[1]):
                samples.append(RoundTrip(part.frame, part.time_ns, max(part.time_ns - sent_ns, 0)))
    return samples


def rates(way: Direction, interval_ns: int) -> list[Rate]:
    """Return what each interval carried, from the connection's first segment on to its last; none is left out."""
    count = max((way.end_ns - way.start_ns) // interval_ns + 1, 1)
    sent, acked = [0] * count, [0] * count
    highest: int | None = None

    def place(time_ns: int) -> int:
        return min(max((time_ns - way.start_ns) // interval_ns, 0), count - 1)

    for part in events(way):
        if isinstance(part, Sent):
            sent[place(part.time_ns)] += part.payload_bytes
        else:
            if highest is not None and part.ack > highest:
                acked[place(part.time_ns)] += part.ack - highest
            highest = part.ack if highest is None else max(highest, part.ack)
    return [Rate(way.start_ns + number * interval_ns, sent[number], acked[number]) for number in range(count)]


def flights(way: Direction) -> list[Flight]:
    """Return, after each segment, how much was outstanding and how much the receiver allowed."""
    found = []
    first: int | None = None
    highest: int | None = None
    acked: int | None = None
    edge: int | None = None
    for part in events(way):
        if isinstance(part, Sent):
            first = part.left if first is None else first
            highest = part.right if highest is None else max(highest, part.right)
        elif acked is None or part.ack >= acked:
            acked, edge = part.ack, part.edge
        if highest is None or first is None:
            continue
        outstanding = max(highest - (first if acked is None else acked), 0)
        window = None if edge is None or acked is None else max(edge - acked, 0)
        found.append(Flight(part.time_ns, outstanding, window))
    return found
