"""Whole batches as records: what the packer writes is what the writer writes frame by frame, in both forms."""

from importlib import import_module

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcptrace.model.columns import Frames
from tcptrace.wire import pack as plain
from tcptrace.wire.writer import PcapngWriter, PcapWriter

compiled = import_module("tcptrace._compiled.wire.pack")
TWINS = pytest.mark.parametrize("module", [plain, compiled], ids=["plain", "compiled"])

FRAMES = st.lists(
    st.tuples(st.integers(0, (2**32 - 1) * 10**9 + 999_999_999), st.binary(max_size=40), st.integers(0, 300)),
    max_size=12,
)


def columns(drawn: list[tuple[int, bytes, int]], gap: bytes) -> tuple[bytearray, Frames]:
    """Return the frames in one buffer, ``gap`` in front of each, and their columns."""
    buffer = bytearray()
    frames = Frames.empty(max(len(drawn), 1))
    for index, (time_ns, data, more) in enumerate(drawn):
        buffer += gap
        frames.offset[index] = len(buffer)
        frames.captured[index] = len(data)
        frames.wire[index] = len(data) + more
        frames.time_ns[index] = time_ns
        buffer += data
    return buffer, frames


@TWINS
@given(FRAMES, st.binary(max_size=5), st.booleans(), st.sampled_from([1, 1000]))
def test_a_batch_of_pcap_records_is_its_frames_one_by_one(
    module: object, drawn: list[tuple[int, bytes, int]], gap: bytes, big: bool, unit: int
) -> None:
    buffer, frames = columns(drawn, gap)
    out = bytearray(b"\xaa" * (len(buffer) + plain.MOST * len(drawn) + 1))
    four = (frames.offset, frames.captured, frames.wire, frames.time_ns)
    size = module.pack_pcap(out, buffer, *four, len(drawn), unit, int(big))  # type: ignore[attr-defined]
    writer = PcapWriter(1, nanoseconds=unit == 1, big_endian=big)
    assert out[:size] == b"".join(writer.frame(t, data, len(data) + more) for t, data, more in drawn)


@TWINS
@given(FRAMES, st.binary(max_size=5), st.booleans(), st.integers(0, 9))
def test_a_batch_of_pcapng_blocks_is_its_frames_one_by_one(
    module: object, drawn: list[tuple[int, bytes, int]], gap: bytes, big: bool, digits: int
) -> None:
    buffer, frames = columns(drawn, gap)
    out = bytearray(b"\xaa" * (len(buffer) + plain.MOST * len(drawn) + 1))
    four = (frames.offset, frames.captured, frames.wire, frames.time_ns)
    unit = 10 ** (9 - digits)
    size = module.pack_pcapng(out, buffer, *four, len(drawn), unit, int(big), 0)  # type: ignore[attr-defined]
    writer = PcapngWriter(digits=digits, big_endian=big)
    writer.frame(0, b"", link=1)  # describes the interface
    assert out[:size] == b"".join(writer.frame(t, data, len(data) + more, link=1) for t, data, more in drawn)


@pytest.mark.parametrize("big", [False, True])
def test_a_writer_s_batch_is_its_frames_one_by_one(big: bool) -> None:
    drawn = [(10**18 + 7 * i, bytes([i]) * (i * 31), i) for i in range(40)]
    buffer, frames = columns(drawn, b"gap")
    pcap = PcapWriter(1, big_endian=big)
    expected = [pcap.frame(time_ns, data, len(data) + more) for time_ns, data, more in drawn]
    for _ in range(2):  # the memory is used again
        assert pcap.frames(buffer, frames, len(drawn)) == b"".join(expected)
    pcapng = PcapngWriter(big_endian=big)
    pcapng.frame(0, b"", link=1)
    expected = [pcapng.frame(time_ns, data, len(data) + more, link=1) for time_ns, data, more in drawn]
    for _ in range(2):
        assert pcapng.frames(buffer, frames, len(drawn), 0) == b"".join(expected)
