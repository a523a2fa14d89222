"""Packed captures: gzip, bzip2, xz, zstd and lz4, whole and in pieces, of several members, cut and spoilt.

What packs them is the standard library and the packages of zstd and lz4, never the code under test.
"""

import bz2
import gzip
import io
import lzma
import os
import subprocess
import sys
import tracemalloc
import zlib
from collections.abc import Callable
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import Any

import lz4.frame
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcptrace.model.errors import InputError
from tcptrace.source import open_source, unpack
from tcptrace.source.unpack import PACKINGS
from tests.wire.hand import Pieces, block, frames_of, interface, pcap_header, pcap_record, section

zstd: Any = import_module("compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd")


def pack_zstd(octets: bytes) -> bytes:
    packed: bytes = zstd.compress(octets, options={zstd.CompressionParameter.checksum_flag: 1})
    return packed


def pack_lz4(octets: bytes) -> bytes:
    packed: bytes = lz4.frame.compress(octets, content_checksum=True, block_size=lz4.frame.BLOCKSIZE_MAX64KB)
    return packed


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": lambda octets: gzip.compress(octets, mtime=0),
    "bzip2": lambda octets: bz2.compress(octets, 1),
    "xz": lzma.compress,
    "zstd": pack_zstd,
    "lz4": pack_lz4,
}
FORMATS = pytest.mark.parametrize("name", PACKERS)
DATA = bytes(range(60))
PCAP = pcap_header(link=101) + b"".join(pcap_record(i, i, DATA[: 5 * i], 60) for i in range(6))


def noise(frames: int) -> bytes:
    """A capture that packs badly, so that the packed octets are many."""
    return pcap_header() + b"".join(pcap_record(i, 0, os.urandom(1400)) for i in range(frames))


def everything(target: Any) -> tuple[Any, ...]:
    source = open_source(target)
    frames = frames_of(source)
    return frames, source.format, source.link_types, source.complete, source.problem


def outcome(target: Any) -> tuple[Any, ...] | str:
    try:
        return everything(target)
    except InputError as error:
        return str(error).partition(": ")[2]


def test_each_format_is_tested() -> None:
    assert [row.name for row in PACKINGS] == list(PACKERS)


@FORMATS
def test_a_packed_capture_is_the_capture_whatever_its_name(name: str, tmp_path: Path) -> None:
    octets = noise(300)
    path = tmp_path / "no.ending"
    path.write_bytes(PACKERS[name](octets))
    expected = everything(octets)
    assert len(expected[0]) == 300
    assert everything(path) == everything(path.read_bytes()) == expected
    assert everything(io.BytesIO(path.read_bytes())) == expected


@FORMATS
def test_it_does_not_matter_where_a_pipe_splits(name: str) -> None:
    packed, expected = PACKERS[name](PCAP), everything(PCAP)
    for cut in range(1, len(packed)):
        assert everything(Pieces([packed[:cut], packed[cut:]])) == expected
    assert everything(Pieces(packed[i : i + 1] for i in range(len(packed)))) == expected


@FORMATS
def test_standard_input_may_be_packed(name: str) -> None:
    script = (
        "from tcptrace.source import open_source; source = open_source('-');"
        "print(sum(batch.count for batch in source.batches()), source.problem)"
    )
    command = [sys.executable, "-W", "error", "-c", script]
    run = subprocess.run(command, input=PACKERS[name](PCAP), capture_output=True, check=True, timeout=60)
    assert run.stdout == b"6 None\n"


@FORMATS
def test_members_and_the_zeros_between_them_are_one_stream(name: str) -> None:
    pack = PACKERS[name]
    expected = everything(PCAP)
    for cut in range(0, len(PCAP) + 1, 7):
        packed = pack(PCAP[:cut]) + bytes(8) + pack(b"") + pack(PCAP[cut:]) + bytes(40000)
        assert everything(packed) == expected
        middle = len(packed) // 2
        assert everything(Pieces([packed[:middle], packed[middle:]])) == expected


@pytest.mark.parametrize("name", ["zstd", "lz4"])
@pytest.mark.parametrize("size", [0, 4, 1000, 2000])
def test_frames_to_be_skipped_may_stand_before_between_and_behind(name: str, size: int) -> None:
    skipped = b"\x50\x2a\x4d\x18" + size.to_bytes(4, "little") + bytes(size)
    pack = PACKERS[name]
    packed = skipped + skipped + pack(PCAP[:50]) + skipped + pack(PCAP[50:]) + skipped
    assert everything(packed) == everything(PCAP)
    for cut in (3, 5, 7, 9, len(skipped) + 2, 2 * len(skipped) + 3):
        assert everything(Pieces([packed[:cut], packed[cut:]])) == everything(PCAP)


def unpacked_by_peer(name: str, packed: bytes) -> bytes:
    """What the decompressor gives of packed octets that are cut short."""
    made: Any = {
        "gzip": lambda: zlib.decompressobj(31),
        "bzip2": bz2.BZ2Decompressor,
        "xz": lzma.LZMADecompressor,
        "zstd": zstd.ZstdDecompressor,
        "lz4": lz4.frame.LZ4FrameDecompressor,
    }[name]()
    unpacked: bytes = made.decompress(packed)
    return unpacked


@FORMATS
def test_what_is_cut_short_gives_what_could_be_unpacked(name: str) -> None:
    whole = frames_of(open_source(PCAP))
    packed = PACKERS[name](PCAP[:100]) + PACKERS[name](PCAP[100:])
    second = len(PACKERS[name](PCAP[:100]))
    counts = set()
    for length in range(10, len(packed)):
        first, rest = packed[: min(length, second)], packed[second:length]
        unpacked = unpacked_by_peer(name, first) + (unpacked_by_peer(name, rest) if rest else b"")
        if length == second:
            expected = everything(PCAP[:100])
            assert everything(packed[:length]) == expected
            continue
        problem = f"the {name} data is cut short after {length} octets"
        if len(unpacked) < 24:
            assert problem in outcome(packed[:length])
            continue
        frames, _, _, complete, said = everything(packed[:length])
        assert (complete, said) == (False, problem)
        assert frames == frames_of(open_source(unpacked)) == whole[: len(frames)]
        counts.add(len(frames))
    assert {3, 6} <= counts


@FORMATS
def test_a_wrong_check_sum_at_the_end_loses_nothing_and_is_said(name: str) -> None:
    packed = bytearray(PACKERS[name](PCAP))
    at = {"gzip": -8, "bzip2": -2, "xz": -10, "zstd": -1, "lz4": -1}[name]
    packed[at] ^= 0x10
    frames, _, _, complete, problem = everything(bytes(packed))
    assert len(frames) == 6
    assert not complete
    assert problem.startswith(f"the {name} data is corrupt at offset ")
    assert int(problem.split("offset ")[1].split(":")[0]) in range(len(packed) - 12, len(packed))


@FORMATS
def test_every_octet_may_be_spoilt_without_an_exception(name: str) -> None:
    packed = PACKERS[name](PCAP)
    wrong = 0
    for at in range(len(packed)):
        for value in (0, 0xFF, packed[at] ^ 1):
            seen = outcome(packed[:at] + bytes([value]) + packed[at + 1 :])
            if isinstance(seen, str):
                continue
            frames, _, _, complete, problem = seen
            assert complete == (problem is None)
            # The check sum is right only where the data is (unused bits of the last octet).
            assert not complete or len(frames) == 6
            wrong += not complete
    assert wrong


@FORMATS
def test_a_fault_deep_in_a_large_file_loses_no_more_than_one_piece(name: str) -> None:
    octets = noise(1500)  # 2 MiB: more than is kept to be unpacked once more
    packed = bytearray(PACKERS[name](octets))
    at = len(packed) * 3 // 4
    packed[at : at + 2000] = bytes(2000)
    frames, _, _, complete, problem = everything(bytes(packed))
    whole = frames_of(open_source(octets))
    sound = next((i for i, frame in enumerate(frames) if frame != whole[i]), len(frames))
    # bzip2 has blocks of 100 kB, zstd of 128 KiB: what lies in the spoilt one is lost.
    assert sound > 1125 - (32768 + 131072) // 1400 - 2
    assert not complete
    assert problem is not None


@FORMATS
def test_garbage_behind_the_data_is_said(name: str) -> None:
    packed = PACKERS[name](PCAP)
    frames, _, _, complete, problem = everything(packed + b"garbage")
    assert len(frames) == 6
    assert not complete
    assert problem == f"what follows the {name} data at offset {len(packed)} is not {name}"


SEEDS = [pack(PCAP) for pack in PACKERS.values()]


@given(
    st.sampled_from(SEEDS),
    st.lists(st.tuples(st.integers(0, 400), st.integers(0, 6), st.binary(max_size=4)), max_size=4),
    st.lists(st.integers(0, 500), max_size=4),
)
def test_spoilt_octets_give_the_same_whole_and_in_pieces(
    octets: bytes, changes: list[tuple[int, int, bytes]], cuts: list[int]
) -> None:
    for at, removed, added in changes:
        octets = octets[:at] + added + octets[at + removed :]
    places = [0, *sorted(min(cut, len(octets)) for cut in cuts), len(octets)]
    assert outcome(octets) == outcome(Pieces(octets[i:j] for i, j in pairwise(places)))


@FORMATS
def test_a_fault_and_what_comes_before_it_do_not_depend_on_the_pieces(name: str) -> None:
    """Each octet of a member spoilt: zstd, for one, finds other faults where it has all of a frame at once."""
    packed = PACKERS[name](PCAP[:100]) + PACKERS[name](PCAP[100:])
    for at in range(0, len(packed), 2):
        spoilt = packed[:at] + bytes([packed[at] ^ 1 << at % 8]) + packed[at + 1 :]
        whole = outcome(spoilt)
        assert outcome(Pieces(spoilt[i : i + 1] for i in range(len(spoilt)))) == whole, at
        assert outcome(Pieces([spoilt[: at + 1], spoilt[at + 1 :]])) == whole, at


def test_nor_do_they_where_less_than_a_header_came_before() -> None:
    """What is no capture is called corrupt where nobody can know what it would have been."""
    frame = b"\x28\xb5\x2f\xfd\x60\xe8\0"  # 488 octets promised (RFC 8878 3.1.1)
    zeros = b"\x52\0\0\0"  # a block: ten times the octet 0
    spoilt = frame + zeros + b"\x06\0\0" + bytes(40)  # and one of the reserved type
    whole = outcome(spoilt)
    assert "corrupt" in str(whole)
    for size in (1, 7, 11, 20):
        assert outcome(Pieces(spoilt[i : i + size] for i in range(0, len(spoilt), size))) == whole, size


@FORMATS
def test_nor_do_they_deep_in_a_large_file(name: str) -> None:
    octets = noise(1500)
    packed = bytearray(PACKERS[name](octets))
    packed[len(packed) * 3 // 4] ^= 0x55
    spoilt = bytes(packed)
    whole = outcome(spoilt)
    for size in (777, 50_000):
        assert outcome(Pieces(spoilt[i : i + size] for i in range(0, len(spoilt), size))) == whole


def test_a_large_block_of_bzip2_whose_last_octet_ends_a_piece_is_had() -> None:
    """Its 100,000 octets come after its last one was given, more than are taken at once."""
    octets = noise(80)
    packed = bz2.compress(octets, 1)
    peer = bz2.BZ2Decompressor()
    end = next(at for at in range(1, len(packed)) if peer.decompress(packed[at - 1 : at], 1))
    assert 32768 < end < len(packed)
    frames = frames_of(open_source(Pieces([packed[:end]])))
    assert len(frames) == 99_900 // 1416
    assert frames == frames_of(open_source(octets))[: len(frames)]


@FORMATS
def test_a_bomb_streams_in_bounded_memory(name: str) -> None:
    octets = section() + interface() + block(0xBAD, bytes(1 << 20)) * 48
    packed = PACKERS[name](octets)
    assert len(packed) < len(octets) // 100
    del octets
    tracemalloc.start()
    frames, *_, complete, _ = everything(packed)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (frames, complete) == ([], True)
    assert peak < 12_000_000  # the dictionary of xz -6 alone is 8 MiB


def test_data_that_asks_for_too_much_memory_is_refused_in_one_line() -> None:
    header = lzma.compress(b"")[:12]
    # An xz block header (xz file format 3.1): a gigabyte of dictionary (size 36: 2^30).
    body = bytes((2, 0, 0x21, 1, 36, 0, 0, 0))
    xz = header + body + zlib.crc32(body).to_bytes(4, "little") + bytes(64)
    compressor = zstd.ZstdCompressor(options={zstd.CompressionParameter.window_log: 30})
    for packed, name in ((xz, "xz"), (compressor.compress(PCAP) + compressor.flush(), "zstd")):
        assert outcome(packed) == (
            f"the {name} data asks for too much memory to be unpacked here; unpack it first: {name} -d"
        )


def test_a_missing_package_is_one_line_that_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    real = import_module

    def missing(name: str) -> Any:
        if name.partition(".")[0] in ("lz4", "backports", "compression"):
            raise ImportError(name)
        return real(name)

    monkeypatch.setattr(unpack, "import_module", missing)
    for name, package in (("zstd", "backports.zstd"), ("lz4", "lz4")):
        assert outcome(PACKERS[name](PCAP)) == (
            f"{name} data, and the Python package {package} is missing; "
            f"install that (pip install {package}), or unpack it first: {name} -d"
        )
    for name in ("gzip", "bzip2", "xz"):
        assert len(everything(PACKERS[name](PCAP))[0]) == 6


@pytest.mark.parametrize("name", ["plain", *PACKERS])
def test_only_the_package_that_is_needed_is_imported(name: str, tmp_path: Path) -> None:
    path = tmp_path / "capture"
    path.write_bytes(PACKERS[name](PCAP) if name in PACKERS else PCAP)
    modules = [row.modules[-1] for row in PACKINGS if row.name == name]
    script = (
        "import sys; from tcptrace.source import open_source; source = open_source(sys.argv[1]);"
        "list(source.batches());"
        "print(*sorted({'zlib', 'bz2', 'lzma', 'backports.zstd', 'compression.zstd', 'lz4.frame'} & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", script, path], capture_output=True, check=True, text=True)
    assert [word.replace("compression.", "backports.") for word in run.stdout.split()] == modules
