"""The steps of both ends of a connection as numbers, in the order in which they are written (replay.md, Order).

A hot file: plain Python here, compiled with the C types of ``_compiled/find/trail.pxd``.
"""

from array import array

from ..flow.rows import End
from ..tcp.paths import Paths

MAX_STEPS = 256  # of a path (contract.md)
WORDS = 8  # a step: place, turn, time, frame, proof, code, side

# (place, side (0: the client), frame, time_ns, from, to, input, evidence, proof)
Step = tuple[int, int, int, int, int, int, int, int, int]


class Trail:
    """Fills ``steps``, and ``order`` with their places in it."""

    __slots__ = ("count", "omitted", "order", "paths", "steps")

    def __init__(self, paths: Paths) -> None:
        self.paths = paths
        self.count = 0
        self.omitted = 0  # steps beyond the most of a path
        self.steps = array("q", bytes(8 * WORDS * 2 * MAX_STEPS))
        self.order = array("q", bytes(8 * 2 * MAX_STEPS))

    def follow(self, client: End, server: End, alone: int) -> int:
        """Take both ends' steps (of the client alone where it is both); return how many there are."""
        self.omitted = 0
        count = self.collect(client, 0, 0)
        if not alone:
            count = self.collect(server, 1, count)
        self.put_in_order(count)
        self.count = count
        return count

    def listed(self) -> "list[Step]":
        """Return the steps in their order."""
        steps = self.steps
        found: list[Step] = []
        for turn in range(self.count):
            base = self.order[turn]
            code = steps[base + 5]
            found.append(
                (
                    steps[base],
                    steps[base + 6],
                    steps[base + 3],
                    steps[base + 2],
                    code >> 12,
                    code >> 8 & 15,
                    code >> 4 & 15,
                    code & 15,
                    steps[base + 4],
                )
            )
        return found

    def collect(self, end: End, side: int, first: int) -> int:
        """Put an end's steps into ``steps`` from number ``first`` on; return the number behind the last."""
        paths = self.paths
        steps = self.steps
        most = MAX_STEPS - 1
        count = end.path_len if end.path_len < most else most
        self.omitted += end.path_len - count
        at = end.steps
        turn = first + count
        while at >= 0 and turn > first:
            turn -= 1
            base = turn * WORDS
            from_ = paths.locate(at)
            second = paths.view[from_ + 1]
            third = paths.view[from_ + 2]
            fourth = paths.view[from_ + 3]
            steps[base] = third >> 24
            steps[base + 1] = fourth >> 8 & 3
            steps[base + 2] = paths.view[from_]
            steps[base + 3] = second >> 16
            steps[base + 4] = fourth >> 16
            steps[base + 5] = second & 0xFFFF
            steps[base + 6] = side
            at = ((third & 0xFFFFFF) | (fourth & 0xFF) << 24) - 1
        if end.pending is not None:
            for place, when, frame, time_ns, before, after, what, evidence, proof in paths.open_steps(end):
                if count == most:
                    self.omitted += 1
                    continue
                base = (first + count) * WORDS
                steps[base] = place
                steps[base + 1] = when
                steps[base + 2] = time_ns
                steps[base + 3] = frame
                steps[base + 4] = proof
                steps[base + 5] = before << 12 | after << 8 | what << 4 | evidence
                steps[base + 6] = side
                count += 1
        for turn in range(first + 1, first + count):  # they stand in path order, whatever the frames say
            base = turn * WORDS
            older = base - WORDS
            if steps[base] < steps[older] or (
                steps[base] == steps[older] and steps[base + 1] < steps[older + 1]
            ):
                steps[base] = steps[older]
                steps[base + 1] = steps[older + 1]
        return first + count

    def put_in_order(self, count: int) -> None:
        """Fill ``order``: by place and turn, timers by their time."""
        steps = self.steps
        order = self.order
        for number in range(count):
            base = number * WORDS
            if steps[base + 1] == 0:
                self.place_timer(number, count)
        for number in range(count):
            base = number * WORDS
            at = number
            while at > 0 and self.is_before(base, order[at - 1]):
                order[at] = order[at - 1]
                at -= 1
            order[at] = base

    def place_timer(self, number: int, count: int) -> None:
        """Let a timer stand before the first frame of the other side whose time is not less than its own."""
        steps = self.steps
        base = number * WORDS
        place = steps[base]
        for other in range(count):
            at = other * WORDS
            if steps[at + 6] != steps[base + 6] and steps[at + 1] and steps[at + 2] >= steps[base + 2]:
                if steps[at] < place:
                    place = steps[at]
        if number and steps[base - WORDS + 6] == steps[base + 6] and steps[base - WORDS] >= place:
            place = steps[base - WORDS] + 1
        steps[base] = place

    def is_before(self, one: int, other: int) -> int:
        """Return 1 where a step stands before another: by place, turn, and among timers time."""
        if self.steps[one] != self.steps[other]:
            return 1 if self.steps[one] < self.steps[other] else 0
        if self.steps[one + 1] != self.steps[other + 1]:
            return 1 if self.steps[one + 1] < self.steps[other + 1] else 0
        return 1 if self.steps[one + 1] == 0 and self.steps[one + 2] < self.steps[other + 2] else 0
