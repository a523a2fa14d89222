"""The decoder makes of a printed listing what it makes of the capture that was printed."""

import os
import subprocess
from pathlib import Path

import pytest

from tcptrace.model.columns import Segments
from tcptrace.model.tcpflags import ACK
from tcptrace.source import open_source
from tcptrace.wire.decoder import Decoder
from tcptrace.wire.printed import PrintedReader

ROOT = Path(__file__).parents[2]
KERNEL = sorted((ROOT / "tests" / "data" / "kernel").glob("*.pcap"))
REAL = sorted(path for path in (ROOT.parent / "shared" / "data" / "real").glob("*") if path.suffix == ".pcap")
# A listing has no payload, and no more of the IP header than -v prints.
NOT_PRINTED = {"payload", "payload_captured", "fingerprint", "marks"}


def prints(path: Path, *words: str) -> bytes:
    done = subprocess.run(
        ["tcpdump", "-n", "-r", str(path), *words],
        capture_output=True,
        check=False,
        env={**os.environ, "TZ": "UTC"},
    )
    return done.stdout


def columns(decoder: Decoder, made: int) -> list[dict[str, object]]:
    """The segments of a run, column by column."""
    rows = []
    for i in range(made):
        row: dict[str, object] = {}
        for name, column in zip(Segments._fields, decoder.segments, strict=True):
            if name not in NOT_PRINTED:
                wide = {"key": 5, "sack": 8}.get(name, 1)
                row[name] = column[i * wide] if wide == 1 else list(column[i * wide : (i + 1) * wide])
        row["sack"] = row["sack"][: 2 * row["sack_count"]]  # type: ignore[index,operator]
        row["time_ns"] = row["time_ns"] // 1000  # type: ignore[operator] # as far as tcpdump prints it
        row["ack"] = row["ack"] if row["flags"] & ACK else 0  # type: ignore[operator] # not printed without
        rows.append(row)
    return rows


def decoded(target: str | bytes, checksums: str = "all") -> tuple[Decoder, list[dict[str, object]]]:
    """The decoder after the input, and all segments, column by column."""
    decoder = Decoder(checksums)
    rows = []
    source = open_source(target)
    for batch in source.batches():
        for _, made in decoder.runs(batch.buffer, batch.frames, batch.count):
            rows += columns(decoder, made)
    source.close()
    return decoder, rows


@pytest.mark.parametrize("words", [("-tt", "-vv"), ("-tttt", "-S", "-v")], ids=" ".join)
def test_our_captures_decode_to_the_same_columns_from_text(words: tuple[str, ...]) -> None:
    for path in KERNEL:
        capture, expected = decoded(str(path))
        text, made = decoded(prints(path, *words))
        assert made == expected, path.name
        assert text.skipped == capture.skipped
        assert text.duplicates == capture.duplicates


def test_real_captures_decode_to_the_same_columns_from_text() -> None:
    if not REAL:
        pytest.skip("the shared real captures are not here")
    total = 0
    for path in REAL:
        capture, expected = decoded(str(path))
        text, made = decoded(prints(path, "-tt", "-vv"))
        total += len(made)
        # tcpdump prints of the first what it calls bad and no more, of the second a source route's next hop.
        if "bgp" in path.name or "ipopts" in path.name:
            continue
        by_frame = {row["frame"]: row for row in expected}
        assert all(row == by_frame[row["frame"]] for row in made), path.name
        assert len(made) == len(expected), path.name
        # Of printed fragments nothing can be put together: there the last one counts as a fragment, too.
        assert text.skipped["fragment"] >= capture.skipped["fragment"]
        both = ("fragment", "not_tcp")  # what was put together in these captures is no TCP
        assert sum(text.skipped[name] for name in both) == sum(capture.skipped[name] for name in both)
        assert sum(text.skipped.values()) == sum(capture.skipped.values())
    assert total > 3000


def test_no_segment_of_a_listing_without_v_has_a_bad_checksum_or_is_a_second_copy() -> None:
    for path in KERNEL:
        text, made = decoded(prints(path, "-tt"))
        assert len(made) > 0
        assert text.counters[7] == 0  # COUNT_BAD_CHECKSUM
        assert text.duplicates == 0


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"this is no packet", "malformed"),
        (b"1.5 IP nosuchhost.1 > 10.0.0.1.2: Flags [S], seq 1, win 2, length 0", "malformed"),
        (b"1.5 IP 10.0.0.1.1 > 10.0.0.1.2: tcp 0", "malformed"),
        (b"1.5 ARP, Request who-has 10.0.0.1 tell 10.0.0.2, length 28", "not_ip"),
        (b"1.5 IP 10.0.0.1.53 > 10.0.0.2.9: 1+ A? example.com. (12)", "not_tcp"),
        (b"1.5 IP6 ::1.53 > ::2.9: 1+ A? example.com. (12)", "not_tcp"),
        (b"1.5 IP 10.0.0.1 > 10.0.0.2: ip-proto-6", "fragment"),
        (b"1.5 IP6 ::1 > ::2: frag (8|28)", "fragment"),
    ],
)
def test_each_line_is_counted_for_what_it_is(line: bytes, reason: str) -> None:
    reader = PrintedReader()
    reader.feed(line + b"\n")
    reader.finish()
    assert len(reader.take(9)) == 1
    whole = b"1.0 IP 10.0.0.1.1 > 10.0.0.2.2: Flags [S], seq 1, win 2, length 0\n" + line + b"\n"
    decoder, rows = decoded(whole)
    assert len(rows) == 1
    assert decoder.skipped == {**dict.fromkeys(decoder.skipped, 0), reason: 1}
