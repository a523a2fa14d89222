"""What is fuzzed: each target takes octets and asserts what must hold whatever they are.

To add one: a function, its seeds, and a row in ``TARGETS``.
"""

import bz2
import gzip
import importlib
import lzma
import os
import sys
from array import array
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import lz4.frame

from tcptrace import kernels
from tcptrace.model.columns import (
    BATCH,
    COUNT_BAD_CHECKSUM,
    COUNT_FRAGMENT,
    COUNT_SEGMENTS,
    COUNTERS,
    Frames,
    Segments,
)
from tcptrace.model.errors import InputError
from tcptrace.model.states import STATE_NAMES
from tcptrace.show.layers import dissect
from tcptrace.show.layers_lines import layer_lines
from tcptrace.show.paint import plain
from tcptrace.source import Source, open_source
from tcptrace.wire.anonymize import Anonymizer
from tcptrace.wire.decode import CHECK_ALL
from tcptrace.wire.links import LINK_TYPES, links_table
from tcptrace.wire.printed import PrintedReader
from tcptrace.wire.strip import Stripper
from tests.wire.carriers import LINKS, TUNNELS
from tests.wire.decode_frames import ipv4, ipv6, tcp

ROOT = Path(__file__).parent.parent.parent
SEED_FOLDERS = (
    ROOT / "captures",
    ROOT / "tests" / "data" / "kernel",
    ROOT.parent / "shared" / "data" / "real",
)
LARGEST_SEED = 6000

Frame = tuple[int, int, int, int, bytes]  # number, link type, time, octets on the wire, octets captured


class Dripping:
    """A pipe that gives its octets a few at a time, in a rhythm that the octets themselves set."""

    name = "<bytes>"  # as messages name octets in memory

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def read(self, most: int = -1) -> bytes:
        """Return some octets, at least one until the end."""
        step = 1 + (self._data[self._at] if self._at < len(self._data) else 0)
        end = self._at + (min(step, most) if most >= 0 else step)
        taken = self._data[self._at : end]
        self._at += len(taken)
        return taken


def _one_line(text: str) -> str:
    """Return a message to the user, which is one line without control characters."""
    assert text
    assert text.isprintable()
    return text


def _frames(source: Source) -> Iterator[Frame]:
    """Yield all frames, having looked at each column of each batch."""
    for batch in source.batches():
        columns, size = batch.frames, len(batch.buffer)
        assert 0 <= batch.count <= BATCH
        for i in range(batch.count):
            offset, captured, wire = columns.offset[i], columns.captured[i], columns.wire[i]
            assert offset >= 0
            assert 0 <= captured <= wire
            assert offset + captured <= size
            octets = bytes(batch.buffer[offset : offset + captured])
            yield columns.number[i], columns.link[i], columns.time_ns[i], wire, octets


def _read(target: Any) -> tuple[list[Frame], str | None]:
    """Return the frames, and the problem or the ``InputError``."""
    frames: list[Frame] = []
    try:
        source = open_source(target)
        try:
            frames.extend(_frames(source))
        finally:
            source.close()
    except InputError as error:
        return frames, _one_line(str(error))
    assert source.complete == (source.problem is None)
    return frames, None if source.problem is None else _one_line(source.problem)


def read_source(data: bytes) -> None:
    """Any octets are a capture or an ``InputError``, the same whole and in pieces."""
    frames, problem = _read(data)
    assert [frame[0] for frame in frames] == list(range(1, len(frames) + 1))
    assert (frames, problem) == _read(Dripping(data))


def _forms(name: str) -> list[ModuleType]:
    """Return the plain module and, where it was built from this source, its compiled twin."""
    forms = [importlib.import_module(f"tcptrace.{name}")]
    forced = os.environ.pop("TCPTRACE_PLAIN", None)
    if kernels.is_compiled(name):
        forms.append(importlib.import_module(f"tcptrace._compiled.{name}"))
    if forced is not None:
        os.environ["TCPTRACE_PLAIN"] = forced
    return forms


_KEYS = array("Q", [(number * 0x9E3779B97F4A7C15 + 1) & (2**64 - 1) for number in range(128)])


def _decoded(
    network: ModuleType, decode: ModuleType, frame: bytes, link: int, wire: int
) -> tuple[int, list[int], list[Any]]:
    """Return the number of segments, the counters and all columns of one frame."""
    segments, frames, counters = Segments.empty(4), Frames.empty(4), array("q", bytes(8 * COUNTERS))
    frames.offset[0], frames.captured[0], frames.wire[0] = 3, len(frame), wire
    frames.time_ns[0], frames.link[0], frames.number[0] = 5, link, 1
    kernel = decode.Decode(
        segments, counters, network.Network(links_table(), array("i", bytes(64))), _KEYS, CHECK_ALL
    )
    made = kernel.run(b"\xff" * 3 + frame + b"\xff" * 3, frames, 1)
    return made, list(counters), [list(column) for column in segments] if made else []


def decode_frame(data: bytes) -> None:
    """Any octets are a segment or counted under one reason, the same plain and compiled."""
    if len(data) < 4:
        return
    link = LINK_TYPES[data[0] % len(LINK_TYPES)].number
    frame = data[4:]
    wire = len(frame) + int.from_bytes(data[1:4], "big") % 70_000
    results = [
        _decoded(network, decode, frame, link, wire)
        for network, decode in zip(_forms("wire.network"), _forms("wire.decode"), strict=True)
    ]
    made, counters, columns = results[0]
    assert made in {0, 1}
    assert sum(counters) - counters[COUNT_BAD_CHECKSUM] == 1
    assert counters[COUNT_SEGMENTS] == made
    if made:
        segment = Segments(*columns)
        if segment.payload_captured[0]:
            assert segment.payload[0] >= 3
            assert segment.payload[0] + segment.payload_captured[0] <= 3 + len(frame)
        assert segment.payload_captured[0] <= segment.length[0]
        assert segment.sack_count[0] <= 4
    assert all(result == results[0] for result in results)


def dissect_frame(data: bytes) -> None:
    """Any octets are shown as layers, in printable lines."""
    if len(data) < 4:
        return
    link = LINK_TYPES[data[0] % len(LINK_TYPES)].number
    frame = data[4:]
    wire = len(frame) + int.from_bytes(data[1:4], "big") % 70_000
    layers = dissect(frame, link, wire)
    assert layers
    for width in (20, 80):
        assert all(plain(line).isprintable() for line in layer_lines(layers, width))


def read_printed(data: bytes) -> None:
    """Any text gives frames, the same fed whole and in pieces, that fit their columns."""
    whole, pieces = PrintedReader(), PrintedReader()
    whole.feed(data)
    dripping = Dripping(data)
    while piece := dripping.read():
        pieces.feed(piece)
    whole.finish()
    pieces.finish()
    frames = whole.take(BATCH)
    assert frames == pieces.take(BATCH)
    assert whole.malformed == pieces.malformed
    for time_ns, captured, wire, link in frames:
        assert 0 <= link < 65536
        assert len(captured) <= wire
        assert -(2**63) <= time_ns < 2**63  # as the column of times holds them, whatever year is printed


def analyze_capture(data: bytes) -> None:
    """Any capture gives connections whose paths hang together, or an ``InputError``."""
    from tcptrace.session import analyze

    try:
        analysis = analyze(data)
        connections = list(analysis)
    except InputError as error:
        _one_line(str(error))
        return
    capture = analysis.capture
    assert capture.frames == capture.tcp_segments + sum(capture.skipped.values())
    assert capture.connections == len(connections)
    assert [connection.stream for connection in connections] == list(range(len(connections)))
    assert sum(c.packets.client + c.packets.server for c in connections) == capture.tcp_segments
    for connection in connections:
        assert set(connection.path.client + connection.path.server) <= set(STATE_NAMES)
        if connection.steps_omitted or connection.client == connection.server:
            continue
        for side, path in (("client", connection.path.client), ("server", connection.path.server)):
            steps = [step for step in connection.transitions if step.side == side]
            assert [step.from_state for step in steps] == path[:-1]
            assert [step.to_state for step in steps] == path[1:]


_ANONYMIZER = Anonymizer(b"a key of 16 octets")
_STAY = ("flags", "seq", "ack", "window", "length", "options", "mss", "scale", "tsval", "tsecr", "sack_count")


def strip_frame(data: bytes) -> None:
    """A stripped frame is the same segment, or a fragment still."""
    if len(data) < 4:
        return
    link = LINK_TYPES[data[0] % len(LINK_TYPES)].number
    frame = data[4:]
    wire = len(frame) + int.from_bytes(data[1:4], "big") % 70_000
    network, decode = _forms("wire.network")[-1], _forms("wire.decode")[-1]
    made, counters, columns = _decoded(network, decode, frame, link, wire)
    for anonymizer, payload in ((None, False), (_ANONYMIZER, False), (_ANONYMIZER, True)):
        stripped = Stripper(anonymizer, payload=payload).strip(frame, link, wire)
        if stripped is None:
            continue
        assert len(stripped.octets) <= min(len(frame), stripped.wire)
        again, counters_again, columns_again = _decoded(network, decode, *stripped)
        assert again == made
        if made == 0:
            assert counters[COUNT_FRAGMENT] == counters_again[COUNT_FRAGMENT] == 1
            continue
        assert counters_again[COUNT_BAD_CHECKSUM] == counters[COUNT_BAD_CHECKSUM]
        before, after = Segments(*columns), Segments(*columns_again)
        for name in _STAY:
            assert getattr(before, name)[0] == getattr(after, name)[0], name


def _capture_seeds() -> Iterator[bytes]:
    for folder in SEED_FOLDERS:
        for path in sorted(folder.glob("*")):
            if (
                path.suffix in {".pcap", ".pcapng", ".cap", ".gz", ".txt"}
                and path.stat().st_size <= LARGEST_SEED
            ):
                yield path.read_bytes()


def _source_seeds() -> Iterator[bytes]:
    yield from _capture_seeds()
    octets = (ROOT / "captures" / "http-get.pcap").read_bytes()[:1000]
    yield from (bz2.compress(octets), lzma.compress(octets), gzip.compress(octets, mtime=0))
    yield lz4.frame.compress(octets)
    zstd = importlib.import_module("compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd")
    yield zstd.compress(octets)


def _frame_seeds() -> Iterator[bytes]:
    numbers = [row.number for row in LINK_TYPES]
    for seed in _capture_seeds():
        for _, link, _, wire, octets in _read(seed)[0][:6]:
            if link in numbers:
                yield bytes([numbers.index(link)]) + (wire - len(octets)).to_bytes(3, "big") + octets
    for carrier in LINKS + TUNNELS:
        segment = tcp(flags=0x12, options=b"\x02\x04\x05\xb4", payload=b"fuzz")
        packet = ipv4(segment) if 4 in carrier.versions else ipv6(segment)
        yield bytes([numbers.index(carrier.link)]) + bytes(3) + carrier.wrap(packet)


def _text_seeds() -> Iterator[bytes]:
    for path in sorted((ROOT / "captures").glob("*.txt")):
        yield path.read_bytes()
    yield (
        b"1487691966.464962 IP 10.0.0.1.49329 > 10.0.0.2.80: Flags [S], seq 4, win 65535, "
        b"options [mss 1460,sackOK,nop,wscale 7], length 0\n"
    )
    yield (
        b"2017-02-21 23:46:06.464962 IP6 (flowlabel 0x3, hlim 64, next-header TCP (6) payload length: 40) "
        b"::1.5 > ::1.80: Flags [P.], cksum 0x30 (correct), seq 1:9, ack 1, win 512, "
        b"options [nop,nop,TS val 1 ecr 2], length 8: HTTP\n"
    )
    yield (
        b"1.5 02:00:00:00:00:01 > 02:00:00:00:00:02, ethertype IPv4 (0x0800), length 54: 10.0.0.1.1024 > 10.0.0.2.80: "
        b"Flags [S], seq 1, win 8192, length 0\n"
        b"\t0x0000:  0200 0000 0002 0200 0000 0001 0800 4500  ..............E.\n"
        b"\t0x0010:  0028 0001 0000 4006 0000 0a00 0001 0a00  .(....@.........\n"
        b"\t0x0020:  0002 0400 0050 0000 0001 0000 0000 5002  .....P........P.\n"
        b"\t0x0030:  2000 0000 0000\n"
    )


class Target(NamedTuple):
    """A function to be fuzzed, and octets to begin with."""

    run: Callable[[bytes], None]
    seeds: Callable[[], Iterator[bytes]]


TARGETS = {
    "source": Target(read_source, _source_seeds),
    "decode": Target(decode_frame, _frame_seeds),
    "layers": Target(dissect_frame, _frame_seeds),
    "printed": Target(read_printed, _text_seeds),
    "strip": Target(strip_frame, _frame_seeds),
    "analysis": Target(analyze_capture, _capture_seeds),
}
