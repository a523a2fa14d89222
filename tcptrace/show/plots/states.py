"""The state diagram of RFC 9293 as a picture, with the ways of both ends or the counts of many connections on it.

Its arrows and words are the rule table's; ``states_place`` only says where they stand.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from math import sqrt

from matplotlib.axes import Axes

from tcptrace.measure.residency import stays, time_in_states
from tcptrace.model.records import Connection, Side
from tcptrace.show.plots import pen
from tcptrace.show.plots import states_place as places
from tcptrace.show.plots.pen import Dash, Pen, Point
from tcptrace.show.taken import Use, role, sides_of, uses
from tcptrace.show.text import count, duration, plural
from tcptrace.show.theme import INK, MUTED, PAPER, SERVER_DASH, SIDES, STATES, UNTAKEN, UNVISITED
from tcptrace.show.words import client, msl_words, server
from tcptrace.tcp.machine import RULES, Rule, arrow_words

TITLE, SUBTITLE, FOOT, WORDS, FRAMES = 15, 9.5, 7.6, 8.2, 7.6
LINE = 0.17  # between lines of an arrow's words
MARGIN = 0.45
APART = 0.075  # of two ends' lines on one arrow, from its middle
BADGE = 0.135  # radius of a step's number
STUB_APART, STUB_BADGE = 0.15, 0.115
TAKEN_WIDTH, UNTAKEN_WIDTH, WIDEST = 2.8, 1.0, 7.0
SIDE_NAMES: tuple[Side, Side] = ("client", "server")
DRAWN_KINDS = ("figure", "user")  # always; the others where they were taken

SingleLine = tuple[str, str, str]  # text, colour, weight


class StatesPicture:
    """A state diagram, laid out; ``width`` and ``height`` are in inches."""

    width, height = places.WIDTH, places.HEIGHT

    def __init__(self, connections: Sequence[Connection], *, msl_s: float = 120.0) -> None:
        """Take no connection (the diagram itself), one (with its frames), or many (with counts)."""
        self.connections = connections
        self.one = connections[0] if len(connections) == 1 else None
        self.uses = uses(connections)
        self.most = max((sum(use.counts.values()) for use in self.uses.values()), default=1)
        self.is_blank = not connections
        self.msl_s = msl_s
        self.sides = sides_of(self.one) if self.one else SIDE_NAMES

    # -- what is said

    def _heading(self) -> tuple[str, str]:
        """Return title and subtitle."""
        if self.is_blank:
            return "The state diagram of TCP", "RFC 9293, Figure 5, as this program's rule table has it"
        if self.one is not None:
            pair = f"{client(self.one)} → {server(self.one)}"
            lasted = duration(self.one.last_ns - self.one.first_ns)
            return (
                "Both ends on the RFC 9293 state diagram",
                f"{pair} · stream {self.one.stream} · {lasted}",
            )
        ends = plural(len(self.connections), "connection")
        return "Connections on the RFC 9293 state diagram", f"{ends}, each with two ends"

    def _foot(self) -> str:
        """Return what is written below."""
        if self.is_blank:
            return (
                "Above: the event; below: what the end does then. From every other state a RST leads to CLOSED, too; the"
                " figure leaves that out."
            )
        if self.one is None:
            return (
                "A number is how many ends took the arrow; the wider, the more. RST is drawn where it was taken. Arrows that"
                " nobody took are grey."
            )
        text = (
            "A box is coloured where an end of this connection has been; the time is how long it stayed. Arrows that it did"
            " not take are grey."
        )
        return f"{text} 2MSL: {msl_words(self.msl_s)}." if self.one.time_wait is not None else text

    def _box_lines(self, name: str) -> list[str]:
        """Return what stands in a box beside its name: how long each end stayed, or how many ends came."""
        state = name.strip()
        if self.is_blank or state == "CLOSED":
            return []
        lines = []
        if self.one is None:
            into = sum(
                sum(use.counts.values())
                for rule, use in self.uses.items()
                if rule.next_state == state and rule.state != state
            )
            return [plural(into, "entry").replace("entrys", "entries")] if into else []
        for side in self.sides:
            spent = time_in_states(self.one, side).get(state)
            last = stays(self.one, side)[-1]
            if spent is not None:
                lines.append(f"{side} {duration(spent)}")
            elif last.state == state and last.since_ns is not None:
                lines.append(f"{side} to the end")
        return lines

    def _visited(self) -> set[str]:
        """Return the boxes that some end was in."""
        if self.is_blank:
            return set(places.BOXES)
        visited: set[str] = set()
        for connection in self.connections:
            for side in sides_of(connection):
                path = getattr(connection.path, side)
                visited.update(state for state in path if state != "CLOSED")
                if path[0] == "CLOSED":
                    visited.add("CLOSED")
        if any(rule.next_state == "CLOSED" and _is_drawn(rule) for rule in self.uses):
            visited.add(places.END)
        return visited

    # -- drawing

    def draw(self, axes: Axes) -> None:
        """Draw on ``axes``, which are taken over."""
        self.pen = Pen(axes, self.width, self.height)
        self._header()
        for (start, end), place in places.ARROWS.items():
            rules = [
                rule
                for rule in RULES
                if (rule.state, rule.next_state) == (start, end)
                and (_is_drawn(rule) or (rule in self.uses and not _is_stub(rule)))
            ]
            self._arrow(place, rules)
        for state, stub in places.STUBS.items():
            rules = [rule for rule in self.uses if rule.state == state and _is_stub(rule)]
            if rules:
                self._stub(stub, rules)
        visited = self._visited()
        if "UNKNOWN" in visited and any(rule.state == "UNKNOWN" for rule in self.uses):
            width = pen.chip_width("UNKNOWN")
            self.pen.chip(places.UNKNOWN[0] - width / 2, places.UNKNOWN[1], "UNKNOWN")
            pickups = [rule for rule in self.uses if rule.state == "UNKNOWN" and not _is_stub(rule)]
            if pickups:
                self._arrow(places.PICKUP, pickups)
        for name, middle in places.BOXES.items():
            self._box(name, middle, name in visited)
        for number, line in enumerate(pen.wrapped(self._foot(), self.width - 2 * MARGIN, FOOT)):
            self.pen.text(MARGIN, self.height - 0.38 + 0.17 * number, line, FOOT, colour=MUTED)

    def _header(self) -> None:
        """Write the title, and whose line is which."""
        title, subtitle = self._heading()
        self.pen.text(MARGIN, 0.42, title, TITLE, weight="bold")
        if self.is_blank:
            self.pen.text(MARGIN, 0.75, subtitle, SUBTITLE, colour=MUTED)
            return
        x, room = 6.9, self.width - 7.65 - MARGIN
        for number, side in enumerate(self.sides):
            y, colour = 0.42 + 0.27 * number, SIDES[side]
            self.pen.line(
                [(x, y), (x + 0.6, y)], colour, TAKEN_WIDTH, dash=dash_of(side, TAKEN_WIDTH), layer=2
            )
            if self.one is not None:
                self._badge((x + 0.3, y), "1", side, 0.105)
                name = side if len(self.sides) == 2 else "the end, connected to itself"
                said = f"{name}: {role(self.one, side)}"
            else:
                said = side
            self.pen.text(x + 0.73, y, pen.wrapped(said, room, 8.6, 1)[0], 8.6)
        # Long addresses have the line to themselves, below the key.
        is_long = pen.width_of(subtitle, SUBTITLE) > x - MARGIN - 0.2
        size = min(SUBTITLE, SUBTITLE * (self.width - 2 * MARGIN) / pen.width_of(subtitle, SUBTITLE))
        self.pen.text(MARGIN, 1.02 if is_long else 0.75, subtitle, size, colour=MUTED)

    def _box(self, name: str, middle: Point, is_visited: bool) -> None:
        """Draw a state."""
        draw, state = self.pen, name.strip()
        colour = STATES[state]
        draw.box(
            middle[0] - places.HALF_W,
            middle[1] - places.HALF_H,
            places.BOX_WIDTH,
            places.BOX_HEIGHT,
            colour.fill if is_visited else UNVISITED,
            edge=INK if is_visited else UNTAKEN,
            line=1.4 if is_visited else 1.0,
            round_by=0.09,
            gid=draw.kept() if is_visited else None,
        )
        ink = colour.text if is_visited else MUTED
        lines = self._box_lines(name) if is_visited else []
        top = (0.0, -0.11, -0.19)[len(lines)]
        draw.text(
            middle[0],
            middle[1] + top,
            state,
            9.2,
            colour=ink,
            across="center",
            weight="bold" if is_visited else "normal",
            gid=draw.kept() if is_visited else None,
        )
        for number, line in enumerate(lines):
            y = middle[1] + (0.11 if len(lines) == 1 else 0.005 + 0.18 * number)
            draw.text(middle[0], y, line, 7.9, colour=ink, across="center", gid=draw.kept())

    def _arrow(self, place: places.Place, rules: Sequence[Rule]) -> None:
        """Draw one arrow for the rules that lead the same way, and their words."""
        used = [self.uses[rule] for rule in rules if rule in self.uses]
        self._shafts(place.points, place.leg, used)
        lines: list[SingleLine] = []
        for rule in rules:
            is_hot = rule in self.uses
            event, action = arrow_words(rule)
            ink = INK if is_hot or self.is_blank else MUTED
            lines.append((event, ink, "bold" if is_hot else "normal"))
            if action:
                lines.append((action, ink, "normal"))
        lines += self._said(used, "{}")
        words = place.words
        if len({side for use in used for side in use.counts}) > 1:  # two lines need more room than one
            aside = {"left": APART, "right": -APART, "center": 0.0}[words.across]
            words = replace(words, x=words.x + aside, y=words.y - (APART if words.up else 0.0))
        self._words(words, lines)

    def _stub(self, stub: places.Stub, rules: Sequence[Rule]) -> None:
        """Draw a short arrow to CLOSED."""
        used = [self.uses[rule] for rule in rules]
        self._shafts(stub.points, 0, used, STUB_APART, STUB_BADGE)
        steps = [step for use in used for made in use.steps.values() for step in made]
        width = pen.chip_width("CLOSED")
        unsure = all(step.evidence in ("assumed", "inferred") for step in steps)
        self.pen.chip(
            stub.chip[0] - width / 2, stub.chip[1], "CLOSED", assumed=unsure and self.one is not None
        )
        lines = [
            line
            for rule in rules
            for line in self._said([self.uses[rule]], f"{arrow_words(rule)[0]} · {{}}", True)
        ]
        self._words(stub.words, lines)

    def _said(self, used: Sequence[Use], form: str, is_short: bool = False) -> list[SingleLine]:
        """Return a line for each end that used an arrow: its frames, or how many did."""
        lines = []
        both = len({side for use in used for side in use.counts}) > 1
        for side in SIDE_NAMES:
            steps = [step for use in used for step in use.steps.get(side, ())]
            if not steps:
                continue
            if self.one is None:
                number = sum(use.counts.get(side, 0) for use in used)
                text = f"{side} {count(number)}"
            else:
                frames = [str(step.frame) for step in steps if step.frame is not None]
                if not frames:
                    continue
                more = ", …" if len(frames) > 3 else ""
                text = f"frame{'s' if len(frames) > 1 else ''} {', '.join(frames[:3])}{more}"
                unsure = {step.evidence for step in steps} & {"assumed", "inferred"}
                if unsure and not is_short:
                    text += f", {' and '.join(sorted(unsure))}"
                if both:
                    text = f"{side} {text}"
            lines.append((form.format(text), SIDES[side], "normal"))
        return lines

    def _words(self, words: places.Words, lines: Sequence[SingleLine]) -> None:
        """Write an arrow's lines."""
        first = words.y - LINE * (len(lines) - 1) if words.up else words.y
        for number, (text, colour, weight) in enumerate(lines):
            self.pen.text(
                words.x,
                first + LINE * number,
                text,
                FRAMES if colour in SIDES.values() else WORDS,
                colour=colour,
                across=words.across,
                weight=weight,
                backed=True,
                layer=4,
            )

    def _shafts(
        self,
        points: Sequence[Point],
        leg: int,
        used: Sequence[Use],
        apart: float = APART,
        badge: float = BADGE,
    ) -> None:
        """Draw the line of each end that used an arrow, side by side; nobody's is thin."""
        sides = [side for side in SIDE_NAMES if any(use.counts.get(side) for use in used)]
        if not sides:
            colour = INK if self.is_blank else UNTAKEN
            self.pen.arrow(points, colour, UNTAKEN_WIDTH, head=(5, 2.4), layer=1)
            return
        for number, side in enumerate(sides):
            shift = 0.0 if len(sides) == 1 else apart * (2 * number - 1)
            way = shifted(points, shift)
            width = TAKEN_WIDTH
            if self.one is None:
                # By the square root: the rare arrows are those that one looks for.
                part = sqrt(sum(use.counts.get(side, 0) for use in used) / self.most)
                width = UNTAKEN_WIDTH + 0.4 + (WIDEST - UNTAKEN_WIDTH) * part
            head = (7 + width * 0.6, 2.2 + width * 0.65)
            self.pen.arrow(way, SIDES[side], width, dash=dash_of(side, width), head=head, layer=3)
            if self.one is not None:
                numbers = [step.number for use in used for step in use.steps.get(side, ())]
                text = ",".join(map(str, numbers[:2])) + ("…" if len(numbers) > 2 else "")
                along = 0.46 if len(sides) == 1 or apart > badge else (0.28, 0.64)[number]
                (x0, y0), (x1, y1) = way[leg], way[leg + 1]
                self._badge((x0 + (x1 - x0) * along, y0 + (y1 - y0) * along), text, side, badge)

    def _badge(self, at: Point, text: str, side: Side, radius: float) -> None:
        """Draw the number of a step on its arrow."""
        colour = SIDES[side]
        fill, ink = (colour, PAPER) if side == "client" else (PAPER, colour)
        size = 8.5 * radius / BADGE
        width = pen.width_of(text, size, "bold") + 0.14
        if width <= 2 * radius:
            self.pen.disc(*at, radius, fill, colour)
        else:
            self.pen.box(
                at[0] - width / 2,
                at[1] - radius,
                width,
                2 * radius,
                fill,
                edge=colour,
                line=1.5,
                round_by=radius * 0.98,
                layer=7,
            )
        self.pen.text(*at, text, size, colour=ink, across="center", weight="bold", layer=9)


def dash_of(side: Side, width: float) -> Dash:
    """Return how an end's line is dashed; matplotlib counts dashes in line widths, and a wide line has no longer ones."""
    if side == "client":
        return "-"
    return 0, tuple(part * min(TAKEN_WIDTH / width, 1.0) for part in SERVER_DASH[1])


def _is_drawn(rule: Rule) -> bool:
    """Say whether a rule's arrow is always there."""
    return rule.kind in DRAWN_KINDS


def _is_stub(rule: Rule) -> bool:
    """Say whether a rule's arrow is a short one to a chip of its own."""
    return rule.next_state == "CLOSED" and not _is_drawn(rule)


def shifted(points: Sequence[Point], by: float) -> list[Point]:
    """Return a way of horizontal and vertical legs, moved to its right hand by ``by``."""
    normals = []
    for (x0, y0), (x1, y1) in pairwise(points):
        dx, dy = x1 - x0, y1 - y0
        length = abs(dx) + abs(dy)
        normals.append((-dy / length, dx / length))
    moved = []
    for number, (x, y) in enumerate(points):
        around = {normals[max(number - 1, 0)], normals[min(number, len(normals) - 1)]}
        moved.append((x + by * sum(nx for nx, _ in around), y + by * sum(ny for _, ny in around)))
    return moved
