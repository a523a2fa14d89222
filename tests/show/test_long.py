"""The columns of ``--long``: values as ``model.units`` writes them, pages from rows the same as from records."""

import importlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcptrace.measure.measures import MEASURES, plan
from tcptrace.model.errors import UsageError
from tcptrace.model.units import count, duration
from tcptrace.session import analyze
from tcptrace.show.long import Pages
from tcptrace.show.paint import plain
from tcptrace.show.text import Clock
from tests.every import CAPTURES

FORMS = ["tcptrace", "tcptrace._compiled"]
NAMES = [row.name for row in MEASURES]
WIDTH = 14
OPTIONS: tuple[dict[str, Any], ...] = ({}, {"order": "end"}, {"max_connections": 2}, {"msl_s": 0.001})


class Written:
    """What one value looks like between bars."""

    def __init__(self, prefix: str, is_ascii: bool = False) -> None:
        if prefix != "tcptrace":
            pytest.importorskip("tcptrace._compiled.show.columns", reason="no compiled twins here")
        load = importlib.import_module
        self.columns = load(f"{prefix}.show.columns")
        self.sheet = load(f"{prefix}.find.sheet").Sheet(bytes)
        self.figures = load(f"{prefix}.measure.figures").Figures(plan())
        self.made = self.columns.Columns(
            self.sheet,
            WIDTH,
            [b"|"] * 10,
            [self.columns.UNITS.index(row.unit) for row in MEASURES],
            [(b"|", b"|")] * len(MEASURES),
            [],
            lambda value: count(round(value)).encode(),
            lambda ns: duration(ns, is_ascii).encode(),
            is_ascii,
        )

    def figure(self, name: str, value: float | bool | None) -> str:
        """Return a figure as it is written."""
        self.figures.set(NAMES.index(name), value)
        self.sheet.reserve(256)
        self.made.figure(self.figures, NAMES.index(name), NAMES.index(name))
        return str(self.sheet.take().decode())

    def time(self, ns: int) -> str:
        """Return a duration as it is written."""
        self.sheet.reserve(256)
        self.made.time(ns)
        return str(self.sheet.take().decode())


@pytest.mark.parametrize("prefix", FORMS)
@pytest.mark.parametrize("is_ascii", [False, True])
def test_a_duration_is_written_as_everywhere_else(prefix: str, is_ascii: bool) -> None:
    written = Written(prefix, is_ascii)
    near = {edge + d for e in range(19) for edge in (10**e, 6 * 10**e, 3600 * 10**e) for d in (-1, 0, 1)}
    near |= {0, 1_500, 9_999, 12_345_678, 59_999_999_999, 60_000_000_000}
    for ns in sorted(ns for ns in near if ns < 2**63):
        assert written.time(ns) == duration(ns, is_ascii).rjust(WIDTH), ns
        if ns < 2**50:  # a record has seconds, as a double
            assert written.figure("rtt_min_s", ns / 10**9) == duration(ns, is_ascii).rjust(WIDTH), ns
    assert written.time(-1) == written.figure("rtt_min_s", None) == "-".rjust(WIDTH)


@pytest.mark.parametrize("prefix", FORMS)
@given(value=st.one_of(st.integers(0, 2**62), st.floats(0, 1e28), st.integers(0, 999).map(lambda n: n + 0.5)))
def test_counts_have_their_unit_and_their_commas(prefix: str, value: float) -> None:
    written = Written(prefix)
    assert written.figure("segments", value) == count(round(value)).rjust(WIDTH)
    assert written.figure("data_bytes", value) == f"{count(round(value))} B".rjust(WIDTH)
    assert written.figure("throughput_per_s", value) == f"{count(round(value))} B/s".rjust(WIDTH)


@pytest.mark.parametrize("prefix", FORMS)
def test_a_truth_is_a_letter_and_what_is_not_known_a_dash(prefix: str) -> None:
    written = Written(prefix)
    assert [written.figure("timestamps", value).strip() for value in (True, False, None)] == ["Y", "N", "-"]
    for row in MEASURES:
        assert written.figure(row.name, None) == "-".rjust(WIDTH)


@pytest.mark.parametrize("path", CAPTURES)
def test_a_page_from_the_rows_is_the_record_s(path: Path) -> None:
    pages = Pages(plain, Clock(utc=True), ascii_only=False)
    for options in OPTIONS:
        analysis = analyze(path, measures=True, **options)
        found = list(analysis.pages(pages.page))
        other = analyze(path, measures=True, **options)
        assert found == [pages.page_of(record) for record in other]
        assert (analysis.outcomes, analysis.capture) == (other.outcomes, other.capture)


def test_pages_are_of_measures() -> None:
    pages = Pages(plain, Clock(utc=True), ascii_only=False)
    with pytest.raises(UsageError, match="measures=True"):
        next(analyze(CAPTURES[0].values[0]).pages(pages.page))  # type: ignore[arg-type]


def test_a_colour_stands_around_a_value_and_never_in_it() -> None:
    def marked(line: list[tuple[str, str]]) -> str:
        return "".join(f"<{role}>{text}</>" if role else text for text, role in line)

    path = next(case.values[0] for case in CAPTURES if str(case.id).endswith("http-get.pcap"))
    page = next(analyze(path, measures=True).pages(Pages(marked, Clock(utc=True), ascii_only=True).page))  # type: ignore[arg-type]
    lines = page.decode().splitlines()
    assert lines[0] == "<strong>stream 0</>"
    assert lines[1] == "<muted>  client (a)      </><client-strong>127.0.0.1:49329</>"
    assert lines[6] == "<muted>  elapsed time    </>3.517 ms"
    assert (
        lines[10] == f"<muted>    total packets:        </>{7:14}<muted>    total packets:        </>{7:14}"
    )
    assert lines[-1] == ""
    assert page.isascii()
