"""open_source: files, pipes, memory and gzip, whole and in pieces, and one line for what is no capture."""

import bz2
import gc
import gzip
import io
import lzma
import os
import subprocess
import sys
import threading
import tracemalloc
import warnings
import zlib
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcptrace.model.errors import InputError
from tcptrace.source import open_source
from tests.wire.hand import (
    NANO,
    Pieces,
    block,
    enhanced,
    frames_of,
    interface,
    pcap_header,
    pcap_record,
    section,
    simple,
)

DATA = bytes(range(60))
PCAP = pcap_header(magic=NANO, link=101) + b"".join(pcap_record(i, i, DATA[: 5 * i], 60) for i in range(6))
PCAPNG = (
    section(">")
    + interface(">", 101)
    + enhanced(7, DATA[:9], order=">")
    + block(0xBAD, bytes(33), ">")
    + section("<")
    + interface("<", 0)
    + simple(DATA[:3])
    + enhanced(10**6, DATA)
)
LISTING = (
    b"23:46:06.464962 IP 127.0.0.1.49329 > 127.0.0.1.8000: "
    b"Flags [S], seq 1191154495, win 65535, length 0\n"
    b"23:46:06.465018 IP 127.0.0.1.8000 > 127.0.0.1.49329: "
    b"Flags [R.], seq 0, ack 1191154496, win 0, length 0\n"
)
CAPTURES = pytest.mark.parametrize("octets", [PCAP, PCAPNG], ids=["pcap", "pcapng"])


def everything(source: Any) -> tuple[Any, ...]:
    frames = frames_of(source)
    return frames, source.format, source.link_types, source.complete, source.problem, source.date_known


@CAPTURES
def test_every_way_in_gives_the_same_frames(octets: bytes, tmp_path: Path) -> None:
    expected = everything(open_source(octets))
    assert len(expected[0]) in (3, 6)
    assert expected[3:] == (True, None, True)
    path = tmp_path / "no.ending"
    path.write_bytes(octets)
    packed = tmp_path / "not.named.as.such"
    packed.write_bytes(gzip.compress(octets))
    for target in (
        bytearray(octets),
        memoryview(octets),
        str(path),
        path,
        packed,
        io.BytesIO(octets),
        gzip.compress(octets),
        io.BufferedReader(io.BytesIO(octets)),  # type: ignore[arg-type]
    ):
        assert everything(open_source(target)) == expected


@CAPTURES
def test_it_does_not_matter_where_a_pipe_splits(octets: bytes) -> None:
    expected = everything(open_source(octets))
    for cut in range(1, len(octets)):
        assert everything(open_source(Pieces([octets[:cut], octets[cut:]]))) == expected


@CAPTURES
@pytest.mark.parametrize("packed", [False, True])
def test_a_pipe_may_deliver_octet_by_octet(octets: bytes, packed: bool) -> None:
    expected = everything(open_source(octets))
    pieces = gzip.compress(octets) if packed else octets
    assert everything(open_source(Pieces(pieces[i : i + 1] for i in range(len(pieces))))) == expected


@CAPTURES
def test_a_real_pipe_is_read_as_its_octets_come(octets: bytes) -> None:
    reading, writing = os.pipe()

    def write() -> None:
        with open(writing, "wb", buffering=0) as file:
            for i in range(len(octets)):
                file.write(octets[i : i + 1])

    thread = threading.Thread(target=write)
    thread.start()
    with open(reading, "rb") as file:
        assert everything(open_source(file)) == everything(open_source(octets))
    thread.join()


def test_frames_of_a_pipe_come_before_the_pipe_ends() -> None:
    reading, writing = os.pipe()
    with open(writing, "wb", buffering=0) as feed, open(reading, "rb") as file:
        feed.write(PCAP[: len(PCAP) - 40])
        batches = open_source(file).batches()
        assert next(batches).count == 5
        feed.write(PCAP[len(PCAP) - 40 :])
        assert next(batches).count == 1


@pytest.mark.parametrize("packed", [False, True])
def test_standard_input_is_read_from_a_pipe_and_from_a_file(tmp_path: Path, packed: bool) -> None:
    octets = gzip.compress(PCAP) if packed else PCAP
    script = (
        "import sys; from tcptrace.source import open_source; source = open_source(sys.argv[1]);"
        "print(source.name, sum(batch.count for batch in source.batches()), source.problem)"
    )
    path = tmp_path / "file"
    path.write_bytes(octets)
    for target in ("-", "/dev/stdin"):
        command = [sys.executable, "-W", "error", "-c", script, target]
        run = subprocess.run(command, input=octets, capture_output=True, check=True, timeout=60)
        assert run.stdout.decode() == f"{target} 6 None\n"
        with path.open("rb") as file:
            run = subprocess.run(command, stdin=file, capture_output=True, check=True, timeout=60)
        assert run.stdout.decode() == f"{target} 6 None\n"


def test_a_named_pipe_is_read(tmp_path: Path) -> None:
    path = tmp_path / "fifo"
    os.mkfifo(path)
    thread = threading.Thread(target=lambda: path.write_bytes(PCAP))
    thread.start()
    assert len(frames_of(open_source(path))) == 6
    thread.join()


def test_a_pipe_that_somebody_set_non_blocking_is_waited_for() -> None:
    reading, writing = os.pipe()
    os.set_blocking(reading, False)

    def write() -> None:
        with open(writing, "wb", buffering=0) as file:
            for i in range(0, len(PCAP), 100):
                file.write(PCAP[i : i + 100])
                threading.Event().wait(0.02)

    thread = threading.Thread(target=write)
    thread.start()
    with open(reading, "rb", buffering=0) as file:
        assert len(frames_of(open_source(file))) == 6
    thread.join()


def test_a_file_object_is_read_from_where_it_stands_and_stays_open() -> None:
    file = io.BytesIO(b"preface" + PCAP)
    file.seek(7)
    assert len(frames_of(open_source(file))) == 6
    assert not file.closed


def test_a_file_object_that_only_reads_is_enough() -> None:
    class Reads:
        def __init__(self) -> None:
            self.file = io.BytesIO(PCAP)

        def read(self, size: int) -> bytes:
            return self.file.read(min(size, 11))

    assert len(frames_of(open_source(Reads()))) == 6


def test_a_file_gives_what_memory_and_pipe_give_wherever_it_ends(tmp_path: Path) -> None:
    octets = pcap_header() + b"".join(pcap_record(i, 0, os.urandom(1500)) for i in range(1200))
    path = tmp_path / "full"
    for end in (len(octets), len(octets) - 1, len(octets) - 1510):
        path.write_bytes(octets[:end])
        assert everything(open_source(path)) == everything(open_source(octets[:end]))
        assert everything(open_source(path)) == everything(open_source(io.BytesIO(octets[:end])))


def test_a_file_that_is_made_shorter_meanwhile_is_cut_short(tmp_path: Path) -> None:
    path = tmp_path / "full"
    path.write_bytes(pcap_header() + b"".join(pcap_record(i, 0, bytes(1500)) for i in range(5000)))
    source = open_source(path)
    batches = source.batches()
    next(batches)
    os.truncate(path, 1000)
    list(batches)
    source.close()
    assert not source.complete
    assert source.problem is not None
    assert source.problem.startswith("cut short in the record at offset ")


@pytest.mark.parametrize("turns", [0, 1])
def test_a_file_that_nobody_reads_to_its_end_is_closed_with_its_source(tmp_path: Path, turns: int) -> None:
    path = tmp_path / "full"
    path.write_bytes(pcap_header() + b"".join(pcap_record(i, 0, bytes(1500)) for i in range(5000)))
    before = set(os.listdir("/proc/self/fd"))
    source = open_source(path)
    for _ in zip(range(turns), source.batches(), strict=False):
        pass
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        del source
        gc.collect()
    assert [str(warning.message) for warning in caught] == []
    assert set(os.listdir("/proc/self/fd")) == before


def test_a_source_that_was_closed_reads_nothing_of_the_file_that_is_opened_next(tmp_path: Path) -> None:
    path = tmp_path / "full"
    path.write_bytes(pcap_header() + b"".join(pcap_record(i, 0, bytes(1500)) for i in range(5000)))
    source = open_source(path)
    batches = source.batches()
    next(batches)
    source.close()
    with path.open("rb", buffering=0) as other:  # the lowest free descriptor: the one that was the source's
        list(batches)
        assert other.tell() == 0
    assert source.problem is not None
    assert "reading failed" in source.problem


@CAPTURES
def test_gzip_of_several_members_and_zeros_between_them_is_one_stream(octets: bytes) -> None:
    cut = len(octets) // 3
    packed = gzip.compress(octets[:cut]) + bytes(100) + gzip.compress(b"") + gzip.compress(octets[cut:])
    packed += bytes(40000)
    assert everything(open_source(packed)) == everything(open_source(octets))


def test_gzip_cut_at_any_length_gives_what_could_be_unpacked() -> None:
    packed = gzip.compress(PCAP, mtime=0)
    whole = frames_of(open_source(PCAP))
    counts = []
    for length in range(2, len(packed)):
        cut = packed[:length]
        unpacked = zlib.decompressobj(31).decompress(cut)
        if len(unpacked) < 24:
            with pytest.raises(InputError, match=r"^<bytes>: [^\n]+$"):
                open_source(cut)
            continue
        source = open_source(cut)
        frames = frames_of(source)
        assert frames == frames_of(open_source(unpacked))
        assert frames == whole[: len(frames)]
        assert source.problem == f"the gzip data is cut short after {length} octets"
        counts.append(len(frames))
    assert counts[-1] == 6


def test_corrupt_gzip_gives_what_was_unpacked_before_the_fault_and_says_where() -> None:
    packed = bytearray(gzip.compress(PCAP, mtime=0))
    packed[-8] ^= 1  # the check sum at the end: all the data is there
    source = open_source(packed)
    assert len(frames_of(source)) == 6
    assert source.problem == f"the gzip data is corrupt at offset {len(packed) - 5}: incorrect data check"
    assert not source.complete
    source = open_source(gzip.compress(PCAP) + b"\x1f\x8c")
    assert len(frames_of(source)) == 6
    where = len(gzip.compress(PCAP)) + 1
    assert source.problem == f"the gzip data is corrupt at offset {where}: incorrect header check"
    source = open_source(gzip.compress(PCAP) + b"garbage")
    assert len(frames_of(source)) == 6
    assert source.problem == f"what follows the gzip data at offset {where - 1} is not gzip"


def test_every_octet_of_gzip_may_be_spoilt_without_an_exception() -> None:
    packed = gzip.compress(PCAP, mtime=0)
    refused = 0
    for at in range(10, len(packed)):
        for value in (0, 0xFF, packed[at] ^ 1):
            spoilt = packed[:at] + bytes([value]) + packed[at + 1 :]
            try:
                source = open_source(spoilt)
            except InputError:
                refused += 1
                continue
            frames = frames_of(source)
            assert source.complete == (source.problem is None)
            # The check sum is right only where the data is (unused bits of the last octet).
            assert not source.complete or len(frames) == 6
    assert 0 < refused < 3 * len(packed)


SEEDS = (PCAP, PCAPNG, gzip.compress(PCAP, mtime=0), gzip.compress(PCAPNG, mtime=0), LISTING)


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
    pieces = [octets[i:j] for i, j in pairwise(places)]

    def outcome(target: Any) -> Any:
        try:
            return everything(open_source(target))
        except InputError as error:
            return str(error).partition(": ")[2]

    assert outcome(octets) == outcome(Pieces(pieces))


def test_a_gzip_bomb_streams_in_bounded_memory() -> None:
    deflate = zlib.compressobj(9, zlib.DEFLATED, 31)
    packed = deflate.compress(section() + interface())
    packed += b"".join(deflate.compress(block(0xBAD, bytes(1 << 20))) for _ in range(64)) + deflate.flush()
    tracemalloc.start()
    source = open_source(packed)
    assert frames_of(source) == []
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert source.complete
    assert peak < 3_000_000


def test_a_fault_while_reading_ends_the_input_there() -> None:
    class Faulty(Pieces):
        def readinto(self, view: memoryview) -> int:
            count = super().readinto(view)
            if not count:
                raise OSError(5, "Input/output error")
            return count

    source = open_source(Faulty([PCAP[:-10]]))
    assert len(frames_of(source)) == 5
    assert source.problem == f"reading failed at offset {len(PCAP) - 10}: Input/output error"
    assert not source.complete
    with pytest.raises(InputError, match=r"^pieces: reading failed at offset 0: Input/output error; [^\n]+$"):
        open_source(Faulty([]))


@pytest.mark.parametrize(
    ("octets", "message"),
    [
        (b"", "empty; nothing was captured or written into it"),
        (gzip.compress(b"", mtime=0), "empty; nothing was captured or written into it"),
        (b"%PDF-1.7 \0", 'not a capture: it begins with 25 50 44 46 2d 31 2e 37 ("%PDF-1.7"); give a pcap'),
        (b"\x1b[31m\0", '(".[31m."); give a pcap'),
        (gzip.compress(b"\0\1\2\3", mtime=0), 'not a capture: unpacked it begins with 00 01 02 03 ("....")'),
        (
            gzip.compress(gzip.compress(PCAP, mtime=0), mtime=0),
            "not a capture: gzip inside gzip; unpack it first: gunzip",
        ),
        (bz2.compress(lzma.compress(PCAP)), "not a capture: xz inside bzip2; unpack it first: xz -d"),
        (b"\x02\x21\x4c\x18\0\0", "not a capture: lz4 data of the old format; unpack it first: lz4 -d"),
        (b"PK\x03\x04\0", "not a capture: a zip archive; unpack it first: unzip"),
        (b"2024-01-02 03:04:05,123 INFO started\n" * 900, "not a capture: it begins with 32 30 32 34"),
        (b"\xa1", 'not a capture: it begins with a1 (".")'),
    ],
)
def test_what_is_no_capture_is_an_error_of_one_line(octets: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "capture.pcap"
    path.write_bytes(octets)
    for target, name in ((octets, "<bytes>"), (path, str(path)), (Pieces([octets]), "pieces")):
        with pytest.raises(InputError) as caught:
            open_source(target)
        text = str(caught.value)
        assert text.startswith(f"{name}: ")
        assert message in text
        assert "\n" not in text
        assert caught.value.exit_status == 3


def test_a_missing_file_a_directory_and_a_bad_name_are_errors_of_one_line(tmp_path: Path) -> None:
    missing = tmp_path / "missing"
    with pytest.raises(InputError, match=r"missing: no such file; check the name and the folder$"):
        open_source(missing)
    with pytest.raises(InputError, match=r": a directory; name a capture file in it$"):
        open_source(tmp_path)
    with pytest.raises(InputError, match=r": cannot be opened: embedded null byte; check the name$"):
        open_source("a\0b")


def test_a_file_without_permission_is_an_error_of_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "secret"
    path.write_bytes(PCAP)

    def refuse(*_: Any, **__: Any) -> None:
        raise PermissionError(13, "Permission denied")  # root, as in containers, would be let in

    monkeypatch.setattr("builtins.open", refuse)
    with pytest.raises(InputError, match=r"secret: no permission to read it; become its owner or use sudo$"):
        open_source(path)


def test_a_terminal_or_no_standard_input_is_an_error_of_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    controller, terminal = os.openpty()
    with open(controller, "rb", buffering=0), open(terminal) as file:
        monkeypatch.setattr(sys, "stdin", file)
        with pytest.raises(InputError, match=r"^standard input: a terminal; [^\n]+$"):
            open_source("-")
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(InputError, match=r"^standard input: closed; [^\n]+$"):
        open_source("-")


def test_printed_text_is_known_by_its_first_line_and_split_anywhere() -> None:
    expected = everything(open_source(LISTING))
    assert [frame.number for frame in expected[0]] == [1, 2]
    assert [frame.time_ns for frame in expected[0]] == [85566464962000, 85566465018000]
    assert expected[1:] == ("tcpdump text", ["RAW"], True, None, False)
    assert everything(open_source(gzip.compress(LISTING))) == expected
    for cut in range(1, len(LISTING)):
        assert everything(open_source(Pieces([LISTING[:cut], LISTING[cut:]]))) == expected
