"""The page: summary and table of all connections, details of the worst and the chosen; one file, no network.

Its content security policy allows one script, by its hash, and nothing from elsewhere.
"""

import heapq
from base64 import b64encode
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from importlib.resources import files
from typing import Any

from tcptrace.model.records import Capture, Connection, Segment
from tcptrace.model.states import STATE_NAMES
from tcptrace.show.report.detail import Detail
from tcptrace.show.report.markup import colour_styles, script_data, table, text
from tcptrace.show.text import Clock, count, duration, plural
from tcptrace.show.words import client, octets, server
from tcptrace.show.worst import WORST_FIRST, badness

DETAILS = 20  # connections with pictures, beside those that were chosen
HEADS = (
    *(("stream", "n"), ("client", "t"), ("server", "t"), ("start", "n"), ("lasted", "n"), ("sent", "n")),
    *(
        ("received", "n"),
        ("outcome", "t"),
        ("client's state", "t"),
        ("server's state", "t"),
        ("findings", "n"),
    ),
)

Chosen = tuple[Connection, Sequence[Segment]]


class Report:
    """Takes connections one by one, and then gives the page."""

    def __init__(
        self, chosen: Iterable[int] = (), *, details: int = DETAILS, msl_s: float = 120.0, utc: bool = False
    ) -> None:
        self._wanted = frozenset(chosen)
        self._most = details
        self._msl_s = msl_s
        self._clock = Clock(utc)
        self._rows: list[list[Any]] = []
        self._worst: list[tuple[Any, Connection, Sequence[Segment]]] = []  # a heap, the least bad first
        self._chosen: list[Chosen] = []
        self._outcomes: Counter[str] = Counter()
        self._codes: dict[str, int] = {}
        self._hosts: dict[str, int] = {}
        self._first_ns: int | None = None

    @property
    def found(self) -> frozenset[int]:
        """The chosen streams that there were."""
        return frozenset(connection.stream for connection, _ in self._chosen)

    def add(self, connection: Connection, segments: Callable[[], Sequence[Segment]]) -> None:
        """Take a connection; ``segments`` is called for those that may have pictures."""
        self._outcomes[connection.outcome] += 1
        first = connection.first_ns
        self._first_ns = first if self._first_ns is None else min(self._first_ns, first)
        self._rows.append(self._row(connection))
        if connection.stream in self._wanted:
            self._chosen.append((connection, segments()))
            return
        key = badness(connection)
        if len(self._worst) < self._most:
            heapq.heappush(self._worst, (key, connection, segments()))
        elif self._worst and key > self._worst[0][0]:
            heapq.heapreplace(self._worst, (key, connection, segments()))

    def _row(self, one: Connection) -> list[Any]:
        """Return a connection's row as the script reads it: numbers, and numbers of words."""
        passed = {*one.path.client, *one.path.server}
        bits = sum(1 << number for number, name in enumerate(STATE_NAMES) if name in passed)
        return [
            one.stream,
            self._number(self._hosts, client(one)),
            self._number(self._hosts, server(one)),
            one.first_ns,
            (one.last_ns - one.first_ns) // 1000,
            one.data_bytes.client,
            one.data_bytes.server,
            WORST_FIRST.index(one.outcome),
            STATE_NAMES.index(one.final.client),
            STATE_NAMES.index(one.final.server),
            [self._number(self._codes, code) for code in sorted(one.finding_counts)],
            bits,
            one.application or 0,
        ]

    @staticmethod
    def _number(known: dict[str, int], word: str) -> int:
        """Return a word's number."""
        return known.setdefault(word, len(known))

    # -- the page

    def page(self, capture: Capture) -> str:
        """Return the whole page."""
        details = sorted(
            [*self._chosen, *((one, segments) for _, one, segments in self._worst)],
            key=lambda pair: pair[0].stream,
        )
        sections = "".join(Detail(one, parts, self._msl_s, self._clock).section() for one, parts in details)
        script = _resource("script.js")
        digest = b64encode(sha256(script.encode()).digest()).decode()
        policy = (
            f"default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline'; img-src data:;"
            " base-uri 'none'; form-action 'none'"
        )
        title = f"tcptrace: {capture.file}"
        return (
            '<!doctype html><html lang="en"><head><meta charset="utf-8">'
            f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            f"<title>{text(title)}</title><style>{_resource('style.css')}{colour_styles()}</style></head><body>"
            f"<header><h1>{text(capture.file)}</h1>{self._facts(capture)}</header><main>"
            f"{self._overview(len(details))}"
            f'<div id="details">{sections}<section class="detail" id="no-details" tabindex="-1" hidden>'
            '<h2 id="no-details-title"></h2><p>'
            f"{text(self._missing())}</p></section></div></main>"
            "<footer><p>Made by tcptrace. Keys: / finds, arrow up and down go through the connections, Enter opens one,"
            " Escape closes it.</p></footer>"
            f'<script type="application/json" id="data">{script_data(self._data(details))}</script>'
            f"<script>{script}</script></body></html>"
        )

    def _missing(self) -> str:
        """Return what is said of a connection without pictures."""
        return (
            f"The pictures in this file are those of the {self._most} worst connections and of those that were chosen."
            " To have this one's, make the report with --stream and its number."
        )

    def _data(self, details: Sequence[Chosen]) -> dict[str, Any]:
        """Return what the script needs."""
        start = self._first_ns or 0
        rows = [[*row[:3], (row[3] - start) // 1000, *row[4:]] for row in self._rows]
        return {
            "rows": rows,
            "hosts": list(self._hosts),
            "outcomes": list(WORST_FIRST),
            "states": list(STATE_NAMES),
            "codes": list(self._codes),
            "details": [connection.stream for connection, _ in details],
        }

    def _facts(self, capture: Capture) -> str:
        """Return the summary of the capture."""
        clock = self._clock
        first, last = capture.first_ns, capture.last_ns
        when = f"{clock.day(first)} {clock.time(first)} {clock.zone(first)}".rstrip()
        facts = [
            f"{capture.format}, {', '.join(capture.link_types)}",
            plural(capture.frames, "frame"),
            plural(capture.tcp_segments, "TCP segment"),
            plural(capture.connections, "connection"),
            f"{when}, {duration(last - first)}",
        ]
        said = f'<p class="muted">{text(" · ".join(facts))}</p>'
        if capture.problem:
            said += f'<p class="problem">incomplete: {text(capture.problem)}</p>'
        for warning in capture.warnings:
            said += f"<p>{text(warning.code)} ({count(warning.count)}): {text(warning.detail)}</p>"
        total = sum(self._outcomes.values()) or 1
        rows = [
            [text(name), count(self._outcomes[name]), f"{100 * self._outcomes[name] / total:.1f} %"]
            for name in WORST_FIRST
            if self._outcomes[name]
        ]
        return said + table("How connections ended", ["outcome", "connections", "share"], rows)

    def _overview(self, details: int) -> str:
        """Return the table of connections, which the script fills, and what filters it."""
        heads = "".join(
            f'<th scope="col"><button type="button" class="sort" data-column="{number}">{text(name)}</button></th>'
            for number, (name, _) in enumerate(HEADS)
        )
        outcomes = "".join(f"<option>{name}</option>" for name in WORST_FIRST if self._outcomes[name])
        states = "".join(f"<option>{name}</option>" for name in STATE_NAMES)
        codes = "".join(f"<option>{text(code)}</option>" for code in sorted(self._codes))
        sizes = octets(sum(row[5] + row[6] for row in self._rows))
        return (
            '<section aria-labelledby="connections"><h2 id="connections">Connections</h2>'
            f'<p class="muted">{plural(len(self._rows), "connection")}, {sizes} of data. {plural(details, "connection")}'
            " with pictures: ◆.</p>"
            '<form class="filter" role="search"><label>Words <input id="words" type="search"></label>'
            f'<label>Outcome <select id="outcome"><option value="">any</option>{outcomes}</select></label>'
            f'<label>Passed state <select id="state"><option value="">any</option>{states}</select></label>'
            f'<label>Finding <select id="finding"><option value="">any</option>{codes}</select></label></form>'
            '<p id="shown" role="status"></p>'
            '<div class="wide" tabindex="0" role="region" aria-label="Connections"><table id="table">'
            f"<caption>All connections</caption><thead><tr>{heads}</tr></thead><tbody></tbody></table></div>"
            '<p><button type="button" id="more" hidden>Show more</button></p>'
            "<noscript><p>Without scripts the table stays empty: this page's own script fills it.</p></noscript></section>"
        )


def _resource(name: str) -> str:
    """Return a file that lies beside this one."""
    return files("tcptrace.show.report").joinpath(name).read_text("utf-8")
