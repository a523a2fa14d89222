"""What the commands make of a segment that came in IP fragments."""

from pathlib import Path

import pytest

import tcptrace
from tcptrace.cli.command_line import run
from tests.wire.test_carriers import pcap
from tests.wire.test_fragments import PAYLOAD, SEGMENT4, conversation, cut, fragment4


def lines(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[str]:
    assert run(list(arguments)) == 0
    return [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]


def test_the_frame_that_completes_a_datagram_shows_what_is_in_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "fragments.pcap"
    pieces = [fragment4(piece) for piece in cut(SEGMENT4, [100, 150])]
    path.write_bytes(pcap(101, [pieces[0], pieces[2], pieces[1], pieces[0]]))
    shown = " ".join(lines(capsys, "show", str(path), "--frame", "3"))
    fragment, datagram = shown.split("Network: datagram put together")
    assert "fragment offset 800" in fragment
    assert "fragments 3 the last of which came in this frame frames 1, 3, 2 length 3040 octets" in datagram
    assert "total length 3040" in datagram
    for checksum in checksums():
        assert f"checksum 0x{checksum} right" in datagram
    assert f"sequence number 1000 raw; with {len(PAYLOAD):,} octets of data" in datagram
    assert "TCP connection: stream 0" in datagram
    for number in ("1", "2", "4"):
        assert "Network: datagram put together" not in lines(capsys, "show", str(path), "--frame", number)


def checksums() -> list[str]:
    """Return the checksums of the datagram's header (RFC 1071, word by word) and of its segment."""
    words = [0x4500, 3040, 7, 0, 0x4006, 0xC000, 0x0201, 0xC633, 0x6402]
    total = sum(words)
    total = (total & 0xFFFF) + (total >> 16)
    return [f"{~total & 0xFFFF:04x}", SEGMENT4[16:18].hex()]


def test_a_connection_is_extracted_with_all_fragments_of_its_segments(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, out = tmp_path / "fragments.pcap", tmp_path / "out.pcapng"
    frames = conversation(4)
    path.write_bytes(pcap(101, frames))
    assert lines(capsys, "extract", str(path), "--stream", "0", "-w", str(out))[0].endswith("11 frames")
    before, after = (tcptrace.analyze(str(each)) for each in (path, out))
    old, new = list(before), list(after)
    assert [each.data_bytes for each in old] == [each.data_bytes for each in new]
    assert [each.path for each in old] == [each.path for each in new]
    assert (
        after.capture.skipped["fragment"] == 4
    )  # the copy and the fragment without its datagram are not of it
