"""The measures of a connection from the rows of the replay and the gauge's meters, and their JSON.

Octet for octet the JSON is what ``show.json`` makes of the value; the tests hold the two together.

A hot file: plain Python here, compiled with the C types of ``_compiled/find/measured.pxd``.
"""

from collections.abc import Callable, Sequence

from tcptrace.find.numbers import OUT_OF_ORDER, RETRANSMISSION, ZERO_WINDOW_PROBE
from tcptrace.flow.bits import NO_TIME, NONE, S_SELF
from tcptrace.measure.ways import NULL, REAL, SECONDS, TRUTH
from tcptrace.model.states import STATE_COUNT, STATE_NAMES

from ..flow.rows import Stream
from ..measure.figures import Facts, Figures
from ..measure.gauge import Gauge
from ..tcp.plain import Plain
from ..tcp.verdict import Verdict
from .analysis import Analysis
from .shapes import Shape
from .sheet import Sheet
from .trail import Trail

LONGEST = 32  # octets of a number, or of a state's name
COMMA, BRACKET = b",]"


class Measurer:
    """Measures one connection after the other into ``figures``."""

    __slots__ = (
        "facts",
        "figures",
        "found",
        "gauge",
        "keys",
        "names",
        "reals",
        "room",
        "states",
        "trail",
        "verdict",
    )

    def __init__(
        self,
        figures: Figures,
        gauge: Gauge,
        verdict: Verdict,
        trail: Trail,
        names: Sequence[str],
        reals: "Callable[[list[float]], bytes]",
    ) -> None:
        """``names``: of the figures, in their order; ``reals`` writes a list of numbers as JSON."""
        self.figures = figures
        self.gauge = gauge
        self.verdict = verdict
        self.trail = trail
        self.found: Analysis | None = None
        self.facts = Facts()
        self.names = names
        self.keys = [f'{"{" if number == 0 else ","}"{name}":'.encode() for number, name in enumerate(names)]
        self.states = [f'"{name}":'.encode() for name in STATE_NAMES]
        self.reals = reals
        self.room = 2 * (sum(map(len, self.keys)) + LONGEST * (len(names) + 2 * STATE_COUNT + 4))

    # -- figures ------------------------------------------------------------------------------------------------------

    def measure(self, row: Stream) -> None:
        """Measure a connection that was judged last, and whose steps ``trail`` has."""
        self.take(row)
        trail = self.trail
        until_ns = self.until(row)
        for place in range(2):
            self.figures.start(place)
            for turn in range(trail.count):
                base = trail.order[turn]
                if trail.steps[base + 6] == place:
                    self.figures.enter(place, trail.steps[base + 5] >> 8 & 15, trail.steps[base + 2])
            self.figures.stop(place, until_ns)

    def measure_shaped(self, row: Stream, plain: Plain, shape: Shape) -> None:
        """Measure the connection in ``plain``, whose shape this is."""
        self.take(row)
        until_ns = self.until(row)
        for place in range(2):
            self.figures.start(place)
            for turn in range(len(shape.after)):
                if shape.after[turn] >> 4 == place:
                    self.figures.enter(place, shape.after[turn] & 15, plain.times[shape.places[3 * turn + 1]])
            self.figures.stop(place, until_ns)

    def take(self, row: Stream) -> None:
        """Make all figures but the times in states."""
        client = self.verdict.client
        server = 1 - client
        figures = self.figures
        figures.handshake[0] = NONE
        figures.handshake[1] = NONE
        is_seen = NO_TIME not in (row.syn_ns, row.synack_ns)
        if is_seen and row.syn_side == client and row.synack_side == server:
            figures.handshake[0] = row.synack_ns - row.syn_ns if row.synack_ns > row.syn_ns else 0
            if row.handshake_ns != NO_TIME:
                figures.handshake[1] = (
                    row.handshake_ns - row.synack_ns if row.handshake_ns > row.synack_ns else 0
                )
        for place in range(2):
            side = server if place else client
            own = self.gauge.of(row.number, side)
            facts = self.facts
            self.count(row, side, place)
            facts.handshake_ns = figures.handshake[place]
            if place == 0 and own.syns != 1:  # RFC 6298 3: nobody knows which copy the ACK answers
                facts.handshake_ns = NONE
            figures.take(place, own, self.gauge.of(row.number, 1 - side), facts)

    def count(self, row: Stream, side: int, place: int) -> None:
        """Take from the connection what is counted of a side."""
        facts = self.facts
        end = row.high if side else row.low
        facts.span_ns = row.last_ns - row.first_ns
        facts.unique_bytes = 0
        facts.duplicates = 0
        if end is not None and not (row.flags & S_SELF and place):
            facts.unique_bytes = end.unique_bytes
            facts.duplicates = end.duplicates
        facts.retransmissions = 0
        facts.probes = 0
        facts.out_of_order = 0
        found = self.found
        if found is not None and not found.is_quiet(row.number):
            facts.retransmissions = found.total(row.number, RETRANSMISSION, side)
            facts.probes = found.total(row.number, ZERO_WINDOW_PROBE, side)
            facts.out_of_order = found.total(row.number, OUT_OF_ORDER, side)

    def until(self, row: Stream) -> int:
        """Return when the connection's TIME-WAIT is over, NO_TIME where no end holds it."""
        until_ns = NO_TIME
        for place in range(2):
            end = row.high if place else row.low
            if end is not None and end.since_ns > NO_TIME and end.packets and end.until_ns > until_ns:
                until_ns = end.until_ns
        return until_ns

    def values(self) -> dict[str, object]:
        """Return the figures as the value of the JSON key ``measures``."""
        return self.figures.values(self.names)

    # -- JSON ---------------------------------------------------------------------------------------------------------

    def write(self, sheet: Sheet) -> None:
        """Write the figures of the connection that was measured last."""
        figures = self.figures
        sheet.reserve(self.room)
        sheet.text(b'{"handshake":{"syn_to_synack_s":')
        self.half(sheet, 0)
        sheet.text(b',"synack_to_ack_s":')
        self.half(sheet, 1)
        numbers = []
        for at in range(2 * figures.count):
            if figures.kinds[at] == REAL:
                numbers.append(figures.real[at])
        octets = self.reals(numbers)  # [1.0,2.5]
        left = 1
        for place in range(2):
            sheet.text(b',"server":' if place else b'},"client":')
            for number in range(figures.count):
                at = place * figures.count + number
                sheet.text(self.keys[number])
                kind = figures.kinds[at]
                if kind == NULL:
                    sheet.text(b"null")
                elif kind == SECONDS:
                    sheet.duration(figures.whole[at])
                elif kind == REAL:
                    behind = left
                    while octets[behind] != COMMA and octets[behind] != BRACKET:
                        behind += 1
                    sheet.text(octets[left:behind])
                    left = behind + 1
                elif kind == TRUTH:
                    sheet.text(b"true" if figures.whole[at] else b"false")
                else:
                    sheet.number(figures.whole[at])
            sheet.text(b',"states_s":{')
            for turn in range(figures.states[place]):
                if turn:
                    sheet.text(b",")
                sheet.text(self.states[figures.order[place * STATE_COUNT + turn]])
                sheet.duration(figures.spent[place * STATE_COUNT + turn])
            sheet.text(b"}}")
        sheet.text(b"}")

    def half(self, sheet: Sheet, number: int) -> None:
        """Write a half of the handshake."""
        if self.figures.handshake[number] < 0:
            sheet.text(b"null")
        else:
            sheet.duration(self.figures.handshake[number])
