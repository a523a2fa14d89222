"""A capture read as a whole: a sequence of connections, as data frames, and as a notebook shows it."""

import csv as standard_csv
import io
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pandas
import pytest

import tcptrace
from tcptrace.show import csv, notebook
from tcptrace.show.theme import TERMINAL
from tests.script import parse

ROOT = Path(__file__).parent.parent
CAPTURES = ROOT / "captures"

MIXED = """
ends a 192.0.2.1:40001 b 198.51.100.7:80
ends c 192.0.2.2:40002 d 198.51.100.7:443
0.0 a > SYN
0.1 b < RST,ACK
0.2 c > SYN
0.3 d < SYN,ACK
0.4 c > ACK
0.5 c > PSH,ACK len 100
0.6 d < RST,ACK
"""


@pytest.fixture
def mixed() -> tcptrace.Connections:
    return tcptrace.read(parse(MIXED).pcap())


class Plain(HTMLParser):
    """Reads HTML; keeps its text, its tags, and whether each was closed."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.said, self.tags, self._open = "", [], []  # type: ignore[var-annotated]
        self.feed(html)
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._open.append(tag)
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.said += data + " "


def test_it_is_a_sequence_of_the_connections_that_analyze_gives(mixed: tcptrace.Connections) -> None:
    assert list(mixed) == list(tcptrace.analyze(parse(MIXED).pcap()))
    assert (len(mixed), mixed[-1].stream, [one.stream for one in mixed[1:]]) == (2, 1, [1])
    assert isinstance(mixed[:1], tcptrace.Connections)
    assert mixed.outcomes == {"refused": 1, "reset": 1}
    assert mixed.capture.frames == 7


def test_only_keeps_what_fits_everything_that_is_given(mixed: tcptrace.Connections) -> None:
    def streams(**words: str | int) -> list[int]:
        return [one.stream for one in mixed.only(**words)]  # type: ignore[arg-type]

    assert streams(outcome="reset") == streams(passed="ESTABLISHED") == streams(port=443) == [1]
    assert streams(outcome="reset", port=80) == []
    assert streams(finding="abortive_close") == [
        one.stream for one in mixed if "abortive_close" in one.finding_counts
    ]
    assert streams() == [0, 1]


def test_a_stream_that_is_not_there_is_one_line(mixed: tcptrace.Connections) -> None:
    assert mixed.stream(1) == mixed[1]
    with pytest.raises(tcptrace.UsageError, match=r"^stream 7: not among these 2 connections$"):
        mixed.stream(7)


def test_ladder_and_explanation_are_those_of_the_command(mixed: tcptrace.Connections) -> None:
    capture = CAPTURES / "http-get.pcap"
    found = tcptrace.read(capture)
    command = [
        sys.executable,
        "-m",
        "tcptrace",
        "show",
        str(capture),
        "--stream",
        "0",
        "--utc",
        "--color",
        "never",
    ]
    shown = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout
    assert str(found.ladder(found[0], width=80)) == shown.rstrip("\n")
    assert "The client asks to connect: it sends SYN" in found.explain(found[0])
    command[-2:] = ["--explain", "--color", "never"]
    told = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout
    assert found.explain(found[0]).split() == told.split()


@pytest.mark.parametrize("capture", sorted(CAPTURES.glob("*.pcap")), ids=lambda path: path.stem)
def test_a_data_frame_says_what_the_csv_says(capture: Path) -> None:
    found = tcptrace.read(capture)
    table = found.to_dataframe()
    text = csv.header() + "".join(map(csv.row, found))
    rows = list(standard_csv.DictReader(io.StringIO(text)))
    assert (list(table.columns), len(table)) == (list(csv.COLUMNS), len(rows))
    for name in table.columns:
        for got, said in zip(table[name], (row[name] for row in rows), strict=True):
            if pandas.isna(got):
                assert said == ""
            elif isinstance(got, float):
                assert float(said) == pytest.approx(got, abs=1e-9)
            elif isinstance(got, pandas.Timestamp):
                assert got == pandas.Timestamp(said)
            elif isinstance(got, bool):
                assert said == str(got).lower()
            else:
                assert said == str(got)


def test_the_types_of_columns_can_be_computed_with(mixed: tcptrace.Connections) -> None:
    table = mixed.to_dataframe()
    assert str(table["first_utc"].dtype) == "datetime64[ns, UTC]"
    assert str(table["client_rtt_avg_s"].dtype) == str(table["duration_s"].dtype) == "float64"
    assert str(table["time_wait_until_ns"].dtype) == str(table["server_packets"].dtype) == "Int64"
    assert table["client_packets"].sum() == 4
    assert mixed.segments_dataframe(mixed[0])["flags"].tolist() == ["SYN", "RST,ACK"]
    segments = mixed.segments_dataframe(mixed[1])
    assert segments["payload_bytes"].tolist() == [0, 0, 0, 100, 0]
    assert segments["since_first_s"].iloc[-1] == pytest.approx(0.4)
    assert segments["client_state"].tolist()[0] == "SYN-SENT"
    assert str(segments["ack"].dtype) == "Int64"


def test_a_capture_without_connections_has_the_same_columns() -> None:
    empty = tcptrace.read(parse("0.0 client > SYN").pcap(), filter="port 9")
    assert (len(empty), list(empty.to_dataframe().columns)) == (0, list(csv.COLUMNS))
    assert str(empty.to_dataframe()["stream"].dtype) == "Int64"


def test_without_pandas_one_line_says_what_to_install(
    mixed: tcptrace.Connections, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(
        tcptrace.UsageError, match=r"^to_dataframe: pandas is not installed; pip install pandas$"
    ):
        mixed.to_dataframe()


def test_a_notebook_shows_ends_paths_steps_and_findings(mixed: tcptrace.Connections) -> None:
    shown = Plain(notebook.connection_html(mixed[1]))
    for word in ("192.0.2.2:40002 → 198.51.100.7:443", "reset", "RFC 9293", "SYN-RECEIVED", "by frame"):
        assert word in " ".join(shown.said.split())
    assert shown.tags.count("tr") == 1 + len(mixed[1].transitions) + (
        1 + len(mixed[1].findings) if mixed[1].findings else 0
    )
    table = Plain(mixed._repr_html_())
    assert table.tags.count("tr") == 3
    assert "2 connections" in table.said


def test_of_many_connections_the_worst_are_shown_and_it_says_so() -> None:
    many = "".join(f"ends a{n} 192.0.2.1:{40000 + n} b{n} 198.51.100.7:80\n" for n in range(60))
    many += "".join(f"{n} a{n} > SYN\n" for n in range(60)) + "60 b59 < RST,ACK\n"
    shown = Plain(tcptrace.read(parse(many).pcap())._repr_html_())
    assert "60 connections, of which the worst 50 are shown" in shown.said
    assert shown.tags.count("tr") == 51
    assert "refused" in shown.said


def test_a_ladder_in_a_notebook_says_what_its_text_says(mixed: tcptrace.Connections) -> None:
    ladder = mixed.ladder(mixed[1])
    shown = Plain(ladder._repr_html_())
    assert "".join(shown.said.split()) == "".join(str(ladder).split())
    assert repr(ladder) == str(ladder)


def test_colours_are_those_that_read_on_light_and_dark_pages(mixed: tcptrace.Connections) -> None:
    html = notebook.connection_html(mixed[1])
    assert f"color:{TERMINAL['client']}" in html
    assert "background:#FFF" not in html.upper()


def test_what_comes_from_outside_is_escaped() -> None:
    (one,) = tcptrace.read(parse("0.0 client > SYN").pcap())
    import msgspec

    evil = msgspec.structs.replace(one, application="<script>alert(1)</script>\x1b[2J")
    for html in (notebook.connection_html(evil), notebook.connections_html([evil])):
        assert "<script" not in html
        assert "\x1b" not in html


def test_ipython_is_told_how_a_connection_looks() -> None:
    code = (
        "from IPython.testing.globalipapp import start_ipython; shell = start_ipython(); import tcptrace; "
        "shell.display_formatter.active_types = shell.display_formatter.format_types; "
        "one, = tcptrace.analyze('captures/http-get.pcap'); "
        "print(shell.display_formatter.format(one)[0]['text/html'][:5])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False)
    assert "<div>" in done.stdout, done.stderr
