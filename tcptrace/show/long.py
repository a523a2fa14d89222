"""``analyze --long``: a connection's measures in two columns, one a side, as the C tcptrace prints them."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from tcptrace import kernels
from tcptrace.measure.measures import MEASURES, plan
from tcptrace.model.records import Connection, Endpoint
from tcptrace.model.states import STATE_NAMES
from tcptrace.show.paint import Line
from tcptrace.show.text import Clock, count, duration, endpoint

if TYPE_CHECKING:
    from tcptrace.find.sheet import Sheet
    from tcptrace.measure.figures import Figures
    from tcptrace.show import columns
else:
    columns = kernels.load("show.columns")

LABEL = 22  # columns of a measure's name,
VALUE = 14  # and of its value
BLANK = "\0"  # stands where a value will; no text of ours has it
SIDES = f"  {'a to b':{LABEL + VALUE + 4}}b to a"
_NAMES = [row.name for row in MEASURES]


class Pages:
    """Writes connections, a page each: who speaks with whom, when and how it ended, then a line a measure."""

    def __init__(self, paint: Callable[[Line], str], clock: Clock, ascii_only: bool) -> None:
        """``paint`` turns a line into characters."""
        self._paint = paint
        self._clock = clock
        self._sheet: Sheet = kernels.load("find.sheet").Sheet(bytes)
        self._figures: Figures = kernels.load("measure.figures").Figures(plan())  # of records
        self._columns = columns.Columns(
            self._sheet,
            VALUE,
            ("\n".join(map(paint, _head())) + "\n").encode().split(BLANK.encode()),
            [columns.UNITS.index(row.unit) for row in MEASURES],
            [self._around(row.label) for row in MEASURES],
            [self._around(f"in {state}") for state in STATE_NAMES],
            lambda value: count(round(value)).encode(),
            lambda ns: duration(ns, ascii_only).encode(),
            ascii_only,
        )

    def page(
        self, stream: int, client: Endpoint, server: Endpoint, outcome: str, first_ns: int, last_ns: int, figures: "Figures"
    ) -> bytes:  # fmt: skip
        """Return a connection's page in UTF-8, an empty line at its end."""
        words = [
            endpoint(client.ip, client.port).encode(), endpoint(server.ip, server.port).encode(), outcome.encode(),
            self._clock.moment(first_ns).encode(), self._clock.moment(last_ns).encode(),
        ]  # fmt: skip
        self._columns.head(stream, words, last_ns - first_ns, figures)
        self._columns.write(figures)
        return self._sheet.take()

    def page_of(self, connection: Connection) -> bytes:
        """Return the page of a record with measures."""
        measures = connection.measures
        assert not isinstance(measures, msgspec.UnsetType), "analyse with measures=True"
        self._figures.load(measures, _NAMES)
        return self.page(
            connection.stream, connection.client, connection.server, connection.outcome, connection.first_ns,
            connection.last_ns, self._figures,
        )  # fmt: skip

    def _around(self, words: str) -> tuple[bytes, bytes]:
        """Return what stands before the client's value of a measure, and what between that and the server's."""
        label = (f"    {words + ':':{LABEL}}", "muted")
        before, between, _ = self._paint([label, (BLANK, ""), label, (BLANK, "")]).split(BLANK)
        return before.encode(), between.encode()


def _head() -> list[Line]:
    """Return the lines above the measures."""
    labels = ("outcome", "first packet", "last packet", "elapsed time", "SYN to SYN,ACK", "SYN,ACK to ACK")
    return [
        [(f"stream {BLANK}", "strong")],
        [("  client (a)      ", "muted"), (BLANK, "client-strong")],
        [("  server (b)      ", "muted"), (BLANK, "server-strong")],
        *([(f"  {words:16}", "muted"), (BLANK, "")] for words in labels),
        [(SIDES, "client-strong")],
    ]
