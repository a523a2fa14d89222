"""The frames of real captures are those that tshark and dpkt find in them."""

import gzip
import subprocess
from pathlib import Path

import dpkt
import pytest

from tcptrace.source import open_source
from tests.wire.hand import Frame, frames_of

ROOT = Path(__file__).parents[2]
KERNEL = sorted((ROOT / "tests" / "data" / "kernel").glob("*.pcap"))
REAL = sorted(path for path in (ROOT.parent / "shared" / "data" / "real").glob("*") if path.suffix != ".md")


def tshark(path: Path) -> list[tuple[int, int, int, int]]:
    """Return number, time, captured and wire length of each frame, as tshark has them."""
    fields = ["frame.number", "frame.time_epoch", "frame.cap_len", "frame.len"]
    command = ["tshark", "-n", "-r", str(path), "-T", "fields", *(word for f in fields for word in ("-e", f))]
    printed = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    seen = []
    for line in printed.splitlines():
        number, epoch, captured, wire = line.split("\t")
        seconds, fraction = epoch.split(".")
        seen.append(
            (int(number), int(seconds) * 10**9 + int(fraction.ljust(9, "0")), int(captured), int(wire))
        )
    return seen


def summary(frames: list[Frame]) -> list[tuple[int, int, int, int]]:
    return [(frame.number, frame.time_ns, len(frame.data), frame.wire) for frame in frames]


def test_tshark_finds_the_same_frames_in_the_real_captures(capsys: pytest.CaptureFixture[str]) -> None:
    for path in REAL:
        source = open_source(path)
        frames = frames_of(source)
        assert summary(frames) == tshark(path), path.name
        assert source.complete, path.name
        octets = path.read_bytes()
        if octets[:2] == b"\x1f\x8b":
            octets = gzip.decompress(octets)
        assert frames_of(open_source(octets)) == frames, path.name
    with capsys.disabled():  # they may be missing outside the house
        print(f"\ndata/real: {len(REAL)} captures have the frames that tshark finds")


@pytest.mark.parametrize("path", KERNEL, ids=lambda path: path.stem)
def test_dpkt_finds_the_same_frames_in_the_kernels_captures(path: Path) -> None:
    source = open_source(path)
    frames = frames_of(source)
    with path.open("rb") as file:
        peer = dpkt.pcap.Reader(file)
        assert [(frame.link, frame.data) for frame in frames] == [(peer.datalink(), data) for _, data in peer]
    assert source.complete
