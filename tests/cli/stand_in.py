"""A stand-in for the analysis: the command line is tested by itself, with the samples as connections."""

import sys
from collections import Counter
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import msgspec
import pytest

import tcptrace.cli.run_analyze  # noqa: F401 - before anybody puts a stand-in into the session it imports from
from tcptrace.cli.command_line import run
from tcptrace.model.errors import TcptraceError
from tcptrace.model.records import Capture, Connection, Segment
from tcptrace.model.whole import Whole
from tcptrace.show.json import line
from tcptrace.whole import as_record
from tests.show.samples import SAMPLES, sample

SKIPPED = dict.fromkeys(("not_ip", "not_tcp", "fragment", "truncated", "malformed", "link_type"), 0)


class StandIn:
    """Takes the place of ``tcptrace.session``; remembers what it was asked."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked: dict[str, Any] = {}
        self.count = len(SAMPLES)
        self.problem: str | None = None
        self.error: BaseException | None = None
        self.whole: Whole | None = None
        self.capture: Capture | None = None
        self.outcomes: Counter[str] = Counter()
        self.was_iterated = False
        self.keep = None
        module = ModuleType("tcptrace.session")
        module.analyze = self._analyze  # type: ignore[attr-defined]
        module.Analysis = StandIn  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "tcptrace.session", module)
        monkeypatch.delitem(sys.modules, "tcptrace.cli.run_analyze", raising=False)

    def _analyze(self, source: Any, **asked: Any) -> "StandIn":
        self.asked = {"source": source, **asked}
        self.octets = b""
        if hasattr(source, "read"):
            while piece := source.read(4096):
                self.octets += piece
        if self.error is not None:
            raise self.error
        return self

    def connections(self) -> Iterator[Connection]:
        names = list(SAMPLES)
        made = [sample(name)[0] for name in names]
        for stream in range(self.count):
            yield msgspec.structs.replace(made[stream % len(names)], stream=stream)

    def __iter__(self) -> Iterator[Connection]:
        self.was_iterated = True
        yield from self.connections()
        self._finish()

    def lines(self) -> Iterator[bytes]:
        yield from map(line, self)

    def run(self) -> None:
        self._finish()

    def _finish(self) -> None:
        self.outcomes = Counter(connection.outcome for connection in self.connections())
        name = "x.pcap" if self.problem is None else "cut.pcap"
        counts = (self.count * 10, self.count * 10, self.count)
        whole = self.problem is None
        self.whole = Whole(
            name, "pcap", ["NULL"], *counts, 10**18, 10**18, SKIPPED, whole, self.problem, True, 0, []
        )
        self.capture = as_record(self.whole)

    def segments_of(self, stream: int) -> list[Segment]:
        _, segments = sample(list(SAMPLES)[stream % len(SAMPLES)])
        return [msgspec.structs.replace(segment, stream=stream) for segment in segments]


def go(capsys: pytest.CaptureFixture[str], *args: str) -> tuple[int, str, str]:
    """Run a command line in this process; return status, output and errors."""
    capsys.readouterr()
    status = run(args)
    out, err = capsys.readouterr()
    return status, out, err


__all__ = ["StandIn", "TcptraceError", "go"]
