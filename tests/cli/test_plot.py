"""``tcptrace plot``: what is drawn of which capture, where it goes, errors in one line."""

import subprocess
import sys
from pathlib import Path

import pytest

from tcptrace.show.plots.kinds import KINDS
from tests.cli.stand_in import go
from tests.every import ROOT
from tests.script import parse

REFUSED = str(ROOT / "captures" / "refused.pcap")
CAPTURE = str(ROOT / "captures" / "http-get.pcap")
MAGIC = {"png": b"\x89PNG\r\n", "svg": b"<?xml", "pdf": b"%PDF-"}


@pytest.mark.parametrize(
    ("kind", "form"),
    [
        ("ladder", "pdf"),
        ("states", "pdf"),
        *((kind, "png") for kind in KINDS),
        *((kind, "svg") for kind in KINDS),
    ],
)
def test_each_kind_is_written_in_each_format(
    kind: str, form: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / f"x.{form}"
    assert go(capsys, "plot", CAPTURE, "-o", str(out), "--kind", kind) == (0, "", "")
    assert out.read_bytes().startswith(MAGIC[form])


def test_standard_output_takes_the_picture_where_the_format_is_said() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tcptrace", "plot", "-", "-o", "-", "--format", "svg"],
        cwd=ROOT,
        input=Path(CAPTURE).read_bytes(),
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.startswith(b"<?xml")
    assert b"SYN-RECEIVED" in done.stdout


@pytest.mark.parametrize("words", [[], [CAPTURE]])
def test_blank_draws_the_diagram_itself(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "x.svg"
    assert go(capsys, "plot", *words, "--kind", "states", "--blank", "-o", str(out))[0] == 0
    assert "CLOSING" in out.read_text()
    assert "127.0.0.1" not in out.read_text()


def test_frames_are_opened_and_the_stream_is_chosen(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "x.svg"
    assert go(capsys, "plot", CAPTURE, "--stream", "0", "--frames", "5:6", "-o", str(out))[0] == 0
    assert "seq 1:146   ack 1   145 B" in out.read_text()
    assert "frames 7–10" in out.read_text()  # noqa: RUF001


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        ([], 2, "FILE"),
        ([CAPTURE], 2, "-o"),
        ([CAPTURE, "-o", "x.gif"], 2, ".png"),
        ([CAPTURE, "-o", "-"], 2, "--format"),
        ([CAPTURE, "-o", "x.png", "--stream", "7"], 2, "stream 7"),
        ([CAPTURE, "-o", "x.png", "--blank"], 2, "--kind states"),
        ([CAPTURE, "-o", "x.png", "--frames", "5"], 2, "--frames"),
        ([CAPTURE, "-o", "x.png", "--frames", "9:5"], 2, "--frames"),
        ([CAPTURE, "-o", "x.png", "--frames", "90:95"], 2, "1 to 14"),
        ([CAPTURE, "-o", "x.png", "--kind", "states", "--all"], 2, "--all"),
        ([CAPTURE, "-o", "x.png", "--kind", "rtt", "--scale", "time"], 2, "--scale"),
        ([REFUSED, "-o", "x.png", "--phase", "teardown"], 2, "--phase"),
        ([CAPTURE, "-o", "x.png", "--kind", "gantt", "--stream", "5"], 2, "stream 5"),
        ([CAPTURE, "-o", "no/such/folder/x.png"], 3, "no/such/folder/x.png"),
        (["nothing.pcap", "-o", "x.png"], 3, "nothing.pcap"),
    ],
)
def test_a_mistake_is_one_line_that_says_what_to_do(
    words: list[str],
    status: int,
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    done = go(capsys, "plot", *words, *(["-o", "x.png"] if not words else []))
    assert done[:2] == (status, "")
    assert said in done[2]
    assert done[2].count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_more_rows_than_a_picture_holds_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = ["handshake"]
    lines += [f"{1 + number / 1000:.3f} client > PSH,ACK len 10" for number in range(700)]
    path = tmp_path / "many.pcap"
    path.write_bytes(parse("\n".join(lines)).pcap())
    done = go(capsys, "plot", str(path), "--all", "-o", str(tmp_path / "x.png"))
    assert done[0] == 2
    assert "--frames" in done[2]
    assert go(capsys, "plot", str(path), "-o", str(tmp_path / "x.png"))[0] == 0


def test_of_many_connections_a_ladder_wants_to_know_which_and_the_diagram_counts_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "two.pcap"
    path.write_bytes(
        parse(
            "ends a 192.0.2.1:1 b 192.0.2.2:80\nends c 192.0.2.1:2 d 192.0.2.2:80\n0.1 a > SYN\n0.2 c > SYN\n"
        ).pcap()
    )
    done = go(capsys, "plot", str(path), "-o", str(tmp_path / "x.svg"))
    assert done[0] == 2
    assert "--stream" in done[2]
    assert go(capsys, "plot", str(path), "--kind", "states", "-o", str(tmp_path / "x.svg"))[0] == 0
    assert "client 2" in (tmp_path / "x.svg").read_text()
