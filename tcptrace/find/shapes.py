"""What connections of one shape (``tcp.plain``) have in common: their steps, their verdict, and the text of both in a line.

Learnt from the second of them that goes through the replay; the others' lines are then written without it.

A hot file: plain Python here, compiled with the C types of ``_compiled/find/shapes.pxd``.
"""

from array import array

from tcptrace.flow.bits import NO_TIME, NONE

from ..flow.rows import Stream
from ..tcp.paths import Paths
from ..tcp.plain import Plain
from ..tcp.verdict import Verdict
from .trail import Trail

MOST_SHAPES = 1024  # that are remembered; then anew


class Shape:
    """The steps in the order in which they are written, and what the verdict's fields are."""

    __slots__ = (
        "after", "client", "closed_first", "ends", "fired", "moves", "opened_by", "opening", "outcome", "places",
        "waits_high", "waits_since",
    )  # fmt: skip

    def __init__(self) -> None:
        self.opening = b""  # the line's text before the first step,
        self.moves: list[bytes] = []  # each step's behind its time,
        self.ends: list[bytes] = []  # and behind its proof
        # Each step's frame, time and proof: where ``Plain.frames`` and ``times`` have them.
        self.places = array("q")
        self.after = array(
            "q"
        )  # each step's side (0: the client), and the state behind it: side << 4 | state
        self.fired = array("q")  # the cells of the rule table that fired, each as often
        self.waits_since = NONE  # the place of the time since when an end holds TIME-WAIT; NONE: neither does
        self.waits_high = 0  # which end
        self.client = 0
        self.opened_by = NONE
        self.closed_first = NONE
        self.outcome = 0

    def tell(self, plain: Plain, judged: Verdict, paths: Paths) -> None:
        """Fill what the replay and the verdict would have, for the connection in ``plain``."""
        judged.client = self.client
        judged.opened_by = self.opened_by
        judged.closed_first = self.closed_first
        judged.outcome = self.outcome
        judged.reset_by = NONE
        judged.reset_frame = 0
        judged.crossed = 0
        for at in range(len(self.fired)):
            paths.hits[self.fired[at]] += 1
        if self.waits_since >= 0:
            end = plain.high if self.waits_high else plain.low
            end.since_ns = plain.times[self.waits_since]
            end.until_ns = end.since_ns + plain.msl2_ns
            plain.times[plain.nowhere] = end.until_ns  # the time of the step that ends it


class Shapes:
    """Remembers shapes: of those that come but once, no more than that they came."""

    __slots__ = ("known", "paths", "seen")

    def __init__(self, paths: Paths) -> None:
        self.paths = paths
        self.known: dict[bytes, Shape] = {}
        self.seen: set[bytes] = set()

    def is_wanted(self, key: bytes, plain: Plain) -> int:
        """Return 1 where the shape ``key`` came before, and ``plain`` shows which of its segments a time is that of."""
        if key in self.seen:
            return plain.is_distinct
        if len(self.seen) >= MOST_SHAPES:  # others are usual now
            self.seen.clear()
            self.known.clear()
        self.seen.add(key)
        return 0

    def learn(
        self, key: bytes, plain: Plain, row: Stream, judged: Verdict, trail: Trail, fired: "array[int]"
    ) -> "Shape | None":
        """Remember the shape ``key`` by the connection in ``plain``, which was replayed and judged, its steps in ``trail``.

        ``row`` is its row after that, ``fired`` how often the rules had before. Returns the shape, whose text is the
        caller's to fill; None where something does not stand at a segment.
        """
        low = row.low
        high = row.high
        if low is None or high is None or judged.reset_by != NONE or judged.crossed:
            return None
        if trail.count == 0 or trail.omitted:
            return None
        made = Shape()
        made.client = judged.client
        made.opened_by = judged.opened_by
        made.closed_first = judged.closed_first
        made.outcome = judged.outcome
        plain.times[plain.nowhere] = NO_TIME
        for end in (low, high):
            if end.since_ns > NO_TIME:
                since = find(plain, plain.times, end.since_ns)
                if since < 0 or made.waits_since >= 0 or end.until_ns != end.since_ns + plain.msl2_ns:
                    return None
                made.waits_since = since
                made.waits_high = 1 if end is high else 0
                plain.times[plain.nowhere] = end.until_ns
        places = array("q")
        after = array("q")
        for turn in range(trail.count):
            base = trail.order[turn]
            for place in (
                find(plain, plain.frames, trail.steps[base + 3]),
                find(plain, plain.times, trail.steps[base + 2]),
                find(plain, plain.frames, trail.steps[base + 4]),
            ):
                if place < 0:
                    return None
                places.append(place)
            after.append(trail.steps[base + 6] << 4 | (trail.steps[base + 5] >> 8 & 15))
        made.places = places
        made.after = after
        cells = array("q")
        for cell in range(len(fired)):
            for _ in range(self.paths.hits[cell] - fired[cell]):
                cells.append(cell)
        made.fired = cells
        self.known[key] = made
        return made


def find(plain: Plain, column: "array[int]", value: int) -> int:
    """Return the place of a value in a column of ``plain``, NONE where it is not there."""
    for place in range(plain.count):
        if column[place] == value:
            return place
    return plain.nowhere if column[plain.nowhere] == value else NONE
