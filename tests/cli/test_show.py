"""``tcptrace show``: which connection, which frame, errors in one line.

The analysis behind it is tested elsewhere; here it is a stand-in that gives the samples, so that what is
tested is the command. ``test_show_capture`` has the real one.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import msgspec
import pytest

from tcptrace.cli.command_line import run
from tests.show.samples import sample

CAPTURE = str(Path(__file__).parents[2] / "captures" / "http-get.pcap")


class Given:
    """An analysis of which the connections are given."""

    def __init__(self, names: list[str]) -> None:
        self.parts = {}
        for stream, name in enumerate(names):
            connection, segments = sample(name, stream=stream)
            self.parts[stream] = (
                connection,
                [msgspec.structs.replace(part, stream=stream) for part in segments],
            )
        self.capture = SimpleNamespace(problem=None)
        self.asked: dict[str, Any] = {}

    def __iter__(self) -> Iterator[Any]:
        for connection, _ in self.parts.values():
            yield connection

    def segments_of(self, stream: int) -> Any:
        return self.parts[stream][1]


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return what makes ``show`` analyse the samples named."""

    def make(*names: str) -> Given:
        analysis = Given(list(names))
        module = ModuleType("tcptrace.session")

        def analyze(source: Any, **options: Any) -> Given:
            analysis.asked = {"source": source, **options}
            return analysis

        module.analyze = analyze  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "tcptrace.session", module)
        monkeypatch.delitem(sys.modules, "tcptrace.cli.run_show", raising=False)
        monkeypatch.delenv("COLUMNS", raising=False)
        return analysis

    yield make
    sys.modules.pop("tcptrace.cli.run_show", None)


def shown(capsysbinary: pytest.CaptureFixture[bytes], *args: str) -> tuple[int, str, str]:
    status = run(["show", *args])
    out, err = capsysbinary.readouterr()
    return status, out.decode(), err.decode()


def test_the_only_connection_is_shown_without_asking(given: Any, capsysbinary: Any) -> None:
    given("http")
    status, out, err = shown(capsysbinary, CAPTURE)
    assert (status, err) == (0, "")
    assert "SYN-SENT" in out
    assert "6 segments" in out
    assert "\x1b" not in out


def test_of_several_connections_one_has_to_be_chosen_and_one_line_says_how(
    given: Any, capsysbinary: Any
) -> None:
    given("http", "reset", "refused")
    status, out, err = shown(capsysbinary, CAPTURE)
    assert (status, out) == (2, "")
    assert err.count("\n") == 1
    assert "3 connections, streams 0 to 2" in err
    assert "--stream N" in err
    status, out, err = shown(capsysbinary, CAPTURE, "--stream", "1")
    assert (status, err) == (0, "")
    assert "stream 1, 7 segments" in out
    assert "RST,ACK" in out


def test_a_stream_that_is_not_there_is_one_line(given: Any, capsysbinary: Any) -> None:
    given("http")
    status, out, err = shown(capsysbinary, CAPTURE, "--stream", "7")
    assert (status, out) == (2, "")
    assert "no stream 7" in err
    assert err.count("\n") == 1


def test_a_capture_without_connections_is_one_line(given: Any, capsysbinary: Any) -> None:
    given()
    status, out, err = shown(capsysbinary, CAPTURE)
    assert (status, out) == (2, "")
    assert "no TCP segment" in err


def test_all_unfolds_explain_tells_and_ascii_is_ascii(given: Any, capsysbinary: Any) -> None:
    given("http")
    assert " 9 PSH,ACK" in shown(capsysbinary, CAPTURE, "--all")[1]
    assert "The client asks to connect" in shown(capsysbinary, CAPTURE, "--explain")[1]
    assert shown(capsysbinary, CAPTURE, "--ascii")[1].isascii()


def test_the_msl_reaches_the_analysis_and_the_picture(given: Any, capsysbinary: Any) -> None:
    analysis = given("http")
    _, out, _ = shown(capsysbinary, CAPTURE, "--stack", "linux")
    assert analysis.asked["msl_s"] == 30.0
    assert "MSL 30 s assumed as on Linux" in " ".join(out.split())


@pytest.mark.parametrize(("setting", "coloured"), [("always", True), ("never", False), ("auto", False)])
def test_colour_goes_by_the_option_and_a_pipe_has_none(
    given: Any, capsysbinary: Any, setting: str, coloured: bool
) -> None:
    given("http")
    _, out, _ = shown(capsysbinary, CAPTURE, "--color", setting)
    assert ("\x1b[" in out) == coloured
    assert "ESTABLISHED" in out


def test_columns_decides_the_width(given: Any, capsysbinary: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    given("http")
    assert max(map(len, shown(capsysbinary, CAPTURE)[1].splitlines())) <= 80
    monkeypatch.setenv("COLUMNS", "140")
    assert max(map(len, shown(capsysbinary, CAPTURE)[1].splitlines())) > 100


def test_a_frame_is_shown_layer_by_layer_with_both_states(given: Any, capsysbinary: Any) -> None:
    given("http")
    status, out, _ = shown(capsysbinary, CAPTURE, "--frame", "13")
    assert status == 0
    lines = [line.rstrip() for line in out.splitlines()]
    assert lines[0].startswith("Frame 13 ")
    heads = [line for line in lines if line and not line.startswith(" ")][1:]
    assert [head.split(":")[0] for head in heads] == ["Link", "Network", "Transport", "TCP connection"]
    assert any("client" in line and "CLOSE-WAIT → LAST-ACK" in line for line in lines)
    assert any("server" in line and "FIN-WAIT-2 → TIME-WAIT" in line for line in lines)
    assert "Frame 14 proves it" in " ".join(out.split())


def test_a_frame_that_moves_nobody_says_so(given: Any, capsysbinary: Any) -> None:
    given("http")
    _, out, _ = shown(capsysbinary, CAPTURE, "--frame", "7")
    assert "neither end changes its state" in out
    assert "first line" in out


def test_a_frame_that_is_not_there_is_one_line(given: Any, capsysbinary: Any) -> None:
    given("http")
    status, out, err = shown(capsysbinary, CAPTURE, "--frame", "15")
    assert (status, out) == (2, "")
    assert "no frame 15 in 14 frames" in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    "args",
    [
        [],
        [CAPTURE, "--frame", "1", "--explain"],
        [CAPTURE, "--frame", "1", "--stream", "0"],
        [CAPTURE, "--explain", "--all"],
        [CAPTURE, "--stream", "-1"],
        [CAPTURE, "--frame", "0"],
        [CAPTURE, "--msl", "0"],
        [CAPTURE, "--color", "red"],
    ],
)
def test_a_wrong_command_line_is_one_line_and_status_2(
    given: Any, capsysbinary: Any, args: list[str]
) -> None:
    given("http")
    status, out, err = shown(capsysbinary, *args)
    assert (status, out) == (2, "")
    assert err.count("\n") == 1


def test_a_file_that_is_no_capture_is_one_line_and_status_3(
    given: Any, capsysbinary: Any, tmp_path: Path
) -> None:
    given("http")
    for path in (tmp_path / "missing.pcap", tmp_path):
        status, out, err = shown(capsysbinary, str(path), "--frame", "1")
        assert (status, out) == (3, "")
        assert err.count("\n") == 1


def test_drawing_imports_rich_only_for_colour(given: Any, capsysbinary: Any) -> None:
    given("http")
    for name in [name for name in sys.modules if name.split(".")[0] == "rich"]:
        del sys.modules[name]
    shown(capsysbinary, CAPTURE)
    assert "rich" not in sys.modules
    shown(capsysbinary, CAPTURE, "--color", "always")
    assert "rich" in sys.modules


def test_a_frame_of_printed_text_is_drawn_up_again_only_where_its_octets_are_not_printed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = "1.5 IP 10.0.0.1.1024 > 10.0.0.2.80: Flags [S], seq 1, win 8192, length 0\n"
    octets = "45000028000100004006000" + "00a0000010a000002040000500000000100000000500220000000" + "0000"
    dump = "".join(
        f"\t0x{at // 2:04x}:  {' '.join(octets[i : i + 4] for i in range(at, min(at + 32, 80), 4))}\n"
        for at in range(0, 80, 32)
    )
    path = tmp_path / "printed.txt"
    path.write_text(line + line.replace("1.5", "1.6") + dump + line.replace("1.5", "1.7"))
    said = {}
    for number in (1, 2, 3):
        assert run(["show", str(path), "--frame", str(number)]) == 0
        said[number] = capsys.readouterr().out
    assert ["drawn up again" in said[number] for number in (1, 2, 3)] == [True, False, True]
    assert "read from the octets that the text has of it" in said[2]
    assert "sequence number" in said[2]
