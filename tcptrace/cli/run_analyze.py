"""What ``tcptrace analyze`` does once its command line is understood."""

from collections import Counter
from collections.abc import Mapping

from tcptrace.cli import terminal
from tcptrace.cli.collector import uncollected
from tcptrace.cli.inputs import Inputs
from tcptrace.cli.select import Predicate, selector, with_rules
from tcptrace.model.light import TYPE_CHECKING
from tcptrace.session import analyze
from tcptrace.show.text import count

if TYPE_CHECKING:
    from tcptrace.cli.live import View
    from tcptrace.cli.request import Request
    from tcptrace.model.records import Connection
    from tcptrace.model.whole import Whole
    from tcptrace.session import Analysis, Readable
    from tcptrace.show.table import Table

TERMINAL_ROWS = 1000  # more than this is not read row by row
WORST_ROWS = 50


def run(request: "Request") -> None:
    """Analyse the capture and write what was asked for to standard output."""
    log = None
    if request.kernel_log is not None:
        from tcptrace.kernel.log import read_log

        log = read_log(request.kernel_log, request.kernel_log)
    inputs = Inputs(request.paths, request.follow)
    kept: list[Connection] | None = None if log is None else []
    try:
        capture = write_results(request, inputs.source, inputs.live, kept)
    finally:
        inputs.close()
    if capture.problem:
        terminal.complain(f"incomplete: {capture.file}: {capture.problem}")
    if log is not None and kept is not None:
        from tcptrace.cli.verified import write_verification

        write_verification(request, kept, log, capture.last_ns)


@uncollected
def write_results(
    request: "Request", source: "Readable", live: bool, kept: "list[Connection] | None" = None
) -> "Whole":
    """Analyse ``source`` and write what was asked for to standard output; ``live``: as it comes.

    The connections that were asked for are added to ``kept``.
    """
    wanted = selector(request.streams, request.states, request.outcomes, request.passed)
    progress = terminal.Progress()
    out = terminal.Output(progress, prompt=live or request.is_live)
    view = _view(request, source, live, out, progress)
    try:
        # Before the source is opened: a rule that cannot be understood leaves no open file.
        wanted = with_rules(wanted, request.rules, lambda: analysis.latest_ns)
        analysis = analyze(
            source,
            msl_s=request.msl_s,
            checksums=request.checksums,
            max_connections=request.max_connections,
            max_findings=request.max_findings,
            filter=request.filter,
            order=request.order or ("end" if live or request.is_live else "stream"),
            segments=request.has_frames,
            measures=request.is_long,
            tick=view.tick if view is not None else progress.tick if progress.wanted else None,
            watch=None if view is None else view.tell,
        )
        if kept is not None:
            keeping, every = kept, wanted

            def keep(connection: "Connection") -> None:
                if every is None or every(connection):
                    keeping.append(connection)

            analysis.keep = keep
        if view is not None:
            view.begin(analysis, wanted)
        if view is not None and request.form == "table":
            _live(request, analysis, wanted, out, view)
        elif request.is_summary:
            _summary(request, analysis, wanted, out)
        elif request.form == "json":
            _json(request, analysis, wanted, out)
        elif request.form == "csv":
            _csv(analysis, wanted, out)
        elif request.is_long:
            _long(request, analysis, wanted, out)
        else:
            _table(request, analysis, wanted, out, live)
        out.flush()
    finally:
        if view is not None:
            view.close()
        progress.wipe()
    return analysis.whole


def _view(
    request: "Request", source: "Readable", live: bool, out: terminal.Output, progress: terminal.Progress
) -> "View | None":
    """Return what shows the analysis while it goes on, ``None`` where that is not wanted."""
    if not request.is_live:
        return None
    from tcptrace.cli.live import make_view

    return make_view(request, source, live, out, progress)


def _live(
    request: "Request", analysis: "Analysis", wanted: Predicate | None, out: terminal.Output, view: "View"
) -> None:
    """Let the view show what happens, then write the summary."""
    outcomes = Counter(connection.outcome for connection in analysis if wanted is None or wanted(connection))
    view.close()
    out.write_text(_summary_text(request, analysis.whole, outcomes, wanted))


def _json(request: "Request", analysis: "Analysis", wanted: Predicate | None, out: terminal.Output) -> None:
    """Write JSON Lines: connections (their segments before them), then the capture."""
    from tcptrace.show import json

    if wanted is None and not request.has_frames:
        for line in analysis.lines():
            out.write(line)
    else:
        for connection in analysis:
            if wanted is None or wanted(connection):
                if request.has_frames:
                    out.write(json.lines(analysis.segments_of(connection.stream)))
                out.write(json.line(connection))
    out.write(json.line(analysis.capture))


def _long(request: "Request", analysis: "Analysis", wanted: Predicate | None, out: terminal.Output) -> None:
    """Write each connection's measures, then the summary."""
    from tcptrace.show.long import Pages
    from tcptrace.show.paint import painter
    from tcptrace.show.text import Clock

    paint = painter(terminal.use_colour(request.colour))
    pages = Pages(paint, Clock(request.utc), terminal.output_is_ascii())
    outcomes: dict[str, int] = Counter()
    if wanted is None and analysis.keep is None:
        for page in analysis.pages(pages.page):
            out.write_utf8(page)
        outcomes = analysis.outcomes
    else:
        for connection in analysis:
            if wanted is None or wanted(connection):
                outcomes[connection.outcome] += 1
                out.write_utf8(pages.page_of(connection))
    out.write_text(_summary_text(request, analysis.whole, outcomes, wanted))


def _csv(analysis: "Analysis", wanted: Predicate | None, out: terminal.Output) -> None:
    """Write a header row and a row a connection."""
    from tcptrace.show import csv

    out.write_text(csv.header())
    for connection in analysis:
        if wanted is None or wanted(connection):
            out.write_text(csv.row(connection))


def _summary(
    request: "Request", analysis: "Analysis", wanted: Predicate | None, out: terminal.Output
) -> None:
    """Write outcomes and capture alone; without a selection no connection is ever built."""
    if wanted is None and analysis.keep is None:
        analysis.run()
        outcomes = analysis.outcomes
    else:
        outcomes = dict(Counter(each.outcome for each in analysis if wanted is None or wanted(each)))
    if request.form == "json":
        from tcptrace.show import json

        out.write(json.outcomes_line(outcomes))
        out.write(json.line(analysis.capture))
    else:
        out.write_text(_summary_text(request, analysis.whole, outcomes, wanted))


def _table(
    request: "Request", analysis: "Analysis", wanted: Predicate | None, out: terminal.Output, live: bool
) -> None:
    """Write the table and its summary; on a terminal only the worst of too many rows."""
    from tcptrace.show.table import Style, make_table

    style = Style(
        msl=request.msl_text,
        utc=request.utc,
        colour=terminal.use_colour(request.colour),
        ascii_only=terminal.output_is_ascii(),
    )
    table = make_table(style, terminal.output_width())
    outcomes: Counter[str] = Counter()
    rows = Rows(out, table, live, terminal.output_is_terminal() and not request.show_all)
    for connection in analysis:
        if wanted is None or wanted(connection):
            outcomes[connection.outcome] += 1
            rows.add(connection)
    rows.finish()
    out.write_text(_summary_text(request, analysis.whole, outcomes, wanted))


def _summary_text(
    request: "Request", whole: "Whole", outcomes: Mapping[str, int], wanted: Predicate | None
) -> str:
    """Return the summary; where there was a selection it counts what was selected."""
    from tcptrace.show.summary import Selection, summary

    selection = None if wanted is None else Selection(sum(outcomes.values()), whole.connections)
    return summary(
        whole, outcomes, selection, request.utc, terminal.output_is_ascii(), terminal.output_width()
    )


class Rows:
    """The rows of the table, in full or, on a terminal, the worst of them where there are too many to read.

    A file's rows are held until it is known that they are few enough; a live pipe's are written as they
    come, and from the 1,001st on only counted.
    """

    def __init__(self, out: terminal.Output, table: "Table", live: bool, is_limited: bool) -> None:
        self._out = out
        self._table = table
        self._live = live
        self._limited = is_limited
        self._seen = 0
        self._held: list[Connection] = []
        if is_limited:
            from tcptrace.show.worst import Worst

            self._worst = Worst(WORST_ROWS)

    def add(self, connection: "Connection") -> None:
        """Show one more connection, now or later."""
        self._seen += 1
        if not self._limited:
            self._write([connection], self._seen == 1)
            return
        self._worst.add(connection)
        if self._seen > TERMINAL_ROWS:
            self._held.clear()
        elif self._live:
            self._write([connection], self._seen == 1)
        else:
            self._held.append(connection)
        if self._live and self._seen == TERMINAL_ROWS + 1:
            self._out.write_text(
                f"(more than {TERMINAL_ROWS:,}: the rest is counted, the worst come at the end)\n"
            )

    def finish(self) -> None:
        """Show what is still to be shown, and a blank line before the summary."""
        if self._limited and self._seen > TERMINAL_ROWS:
            self._out.write_text(
                f"The worst {WORST_ROWS} of {count(self._seen)} connections: most errors, most warnings,\n"
                "then reset, aborted, refused, unanswered. --all shows every one;\n"
                "--outcome, --state and a filter choose.\n\n"
            )
            self._write(self._worst.sorted(), with_header=True)
        else:
            self._write(self._held, with_header=bool(self._held))
        if self._seen:
            self._out.write_text("\n")

    def _write(self, connections: "list[Connection]", with_header: bool) -> None:
        if with_header:
            self._out.write_text(self._table.header())
        for connection in connections:
            self._out.write_text(self._table.row(connection))
