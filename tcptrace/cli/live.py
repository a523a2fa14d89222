"""``--live``: what happens while frames come, as a table that changes, as lines, or as JSON."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from tcptrace.cli import terminal
from tcptrace.cli.keys import Keys
from tcptrace.cli.select import Predicate
from tcptrace.model.records import Drops, Moved
from tcptrace.model.states import STATE_NAMES
from tcptrace.show.text import Clock

if TYPE_CHECKING:
    from tcptrace.cli.request import Request
    from tcptrace.session import Analysis

_REDRAW_S = 0.25
# The terminal's other screen, cursor off; and back (xterm's control sequences, which all terminals know).
_ENTER = "\x1b[?1049h\x1b[?25l"
_LEAVE = "\x1b[?25h\x1b[?1049l"
_HOME, _REST_OF_LINE, _REST_OF_SCREEN = "\x1b[H", "\x1b[K", "\x1b[J"


SORT_KEYS = {"l": "last", "s": "stream", "a": "age", "b": "bytes", "t": "state"}


class View(Protocol):
    """A way of showing what happens."""

    def begin(self, analysis: "Analysis", wanted: Predicate | None) -> None:
        """Learn what is read."""

    def tell(self, change: Moved) -> None:
        """Take note of a step that was made or withdrawn."""

    def tick(self, frames: int) -> None:
        """Take note that a batch was read; ``frames`` so far."""

    def close(self) -> None:
        """Make room for the results."""


def make_view(
    request: "Request", source: Any, live: bool, out: terminal.Output, progress: terminal.Progress
) -> View:
    """Return the table on a terminal, else lines or JSON."""
    if request.form == "table" and terminal.output_is_terminal():
        if hasattr(source, "beat_s"):
            source.beat_s = _REDRAW_S  # ages and TIME-WAIT go on without frames
        return TableView(request, source, live)
    return LineView(request, source, out, progress)


class LineView:
    """A line, or a JSON record, for each change."""

    def __init__(
        self, request: "Request", source: Any, out: terminal.Output, progress: terminal.Progress
    ) -> None:
        self._is_json = request.form == "json"
        self._streams = frozenset(request.streams)
        self._clock = Clock(request.utc)
        self._source = source
        self._out = out
        self._progress = progress
        self._dropped = 0
        self._is_closed = False

    def begin(self, analysis: "Analysis", wanted: Predicate | None) -> None:
        """Need nothing of it."""

    def tell(self, change: Moved) -> None:
        """Write a step that was made or withdrawn."""
        from tcptrace.show import json, live

        if self._streams and change.stream not in self._streams:
            return
        if self._is_json:
            self._out.write(json.line(change))
        else:
            self._out.write_text(live.change_line(change, self._clock))

    def tick(self, frames: int) -> None:
        """Say where frames were dropped; show how many were read."""
        from tcptrace.show import json, live

        dropped = getattr(self._source, "dropped", 0)
        if dropped != self._dropped:
            self._dropped = dropped
            drops = Drops(schema=1, dropped=dropped)
            self._out.write(json.line(drops) if self._is_json else live.drops_line(dropped).encode())
        self._progress.tick(frames)

    def close(self) -> None:
        """Part the steps from the summary, once."""
        if not self._is_json and not self._is_closed:
            self._is_closed = True
            self._out.write(b"\n")


class TableView:
    """The table, drawn anew a few times a second on the terminal's other screen."""

    def __init__(self, request: "Request", source: Any, live: bool) -> None:
        from tcptrace.show.paint import painter

        self._sort = request.sort
        self._state: str | None = None  # only ends in it
        self._keys = Keys()
        self._source = source
        self._live = live
        self._clock = Clock(request.utc)
        self._paint = painter(terminal.use_colour(request.colour))
        self._analysis: Analysis | None = None
        self._wanted: Callable[[Any], bool] = lambda _: True
        self._frames = 0
        self._next = 0.0
        self._is_shown = False

    def begin(self, analysis: "Analysis", wanted: Predicate | None) -> None:
        """Show the connections of ``analysis`` that are ``wanted``."""
        self._analysis = analysis
        if wanted is not None:
            self._wanted = wanted
        if self._live:
            self._draw()

    def tell(self, change: Moved) -> None:
        """Wait for the next drawing."""

    def tick(self, frames: int) -> None:
        """Draw where it is time."""
        self._frames = frames
        for key in self._keys.pressed():
            self._press(key)
        if time.monotonic() >= self._next:
            self._draw()

    def close(self) -> None:
        """Give the terminal its screen and its keys back."""
        self._keys.close()
        if self._is_shown:
            self._is_shown = False
            terminal.write_at_once(_LEAVE)

    def _press(self, key: str) -> None:
        """Do what a key stands for, and have that seen at once."""
        if key in SORT_KEYS:
            self._sort = SORT_KEYS[key]
        elif key == "f":  # the next state that there is, behind the last one all
            at = -1 if self._state is None else STATE_NAMES.index(self._state)
            self._state = next((state for state in STATE_NAMES[at + 1 :] if state in self._states()), None)
        elif key == "q" and hasattr(self._source, "stop"):
            self._source.stop()
        else:
            return
        self._next = 0.0

    def _states(self) -> set[str]:
        """Return the states that an end is in."""
        current = () if self._analysis is None else self._analysis.current
        return {state for each in current for state in (each.final.client, each.final.server)}

    def _hint(self) -> str:
        """Return what can be pressed, and what is chosen; nothing where there is no keyboard."""
        if not self._keys.are_there:
            return ""
        sorts = ", ".join(f"{key} {name}" for key, name in SORT_KEYS.items())
        ends = "; q ends" if hasattr(self._source, "stop") else ""
        return f"by {self._sort} ({sorts}); f: {self._state or 'all'}{ends}"

    def _draw(self) -> None:
        from tcptrace.show.live_table import Seen, live_lines

        analysis = self._analysis
        if analysis is None:
            return
        now_ns = time.time_ns() if self._live else analysis.latest_ns
        name, dropped = getattr(self._source, "name", "-"), getattr(self._source, "dropped", 0)
        width, height = terminal.output_size()
        lines = live_lines(
            [connection for connection in analysis.current if self._wanted(connection)],
            Seen(name, self._frames, dropped, now_ns, self._hint()),
            sort=self._sort,
            state=self._state,
            clock=self._clock,
            width=width,
            height=height,
        )
        drawn = "\r\n".join(self._paint(line) + _REST_OF_LINE for line in lines)
        begin = "" if self._is_shown else _ENTER
        self._is_shown = True
        terminal.write_at_once(f"{begin}{_HOME}{drawn}{_REST_OF_SCREEN}")
        self._next = time.monotonic() + _REDRAW_S
