"""Several captures as one: the order is mergecap's, whatever they are made of and however many they are."""

import gzip
import io
import os
import resource
import shutil
import struct
import subprocess
import tracemalloc
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcptrace.model.columns import BATCH
from tcptrace.model.errors import InputError, UsageError
from tcptrace.source import open_source
from tcptrace.source.merge import OPEN_PARTS
from tests.wire.hand import (
    NANO,
    Frame,
    Pieces,
    enhanced,
    frames_of,
    interface,
    pcap_header,
    pcap_record,
    section,
    tsresol,
)

LISTING = b"1.000000 IP 10.0.0.1.1 > 10.0.0.2.2: Flags [S], seq 1, win 2, length 0\n"


def pcap(times_ns: Sequence[int], mark: int = 0, link: int = 101) -> bytes:
    """A capture with a frame at each time; its octets say which capture and which frame it is."""
    records = [
        pcap_record(*divmod(time, 10**9), struct.pack("<HI", mark, place))
        for place, time in enumerate(times_ns)
    ]
    return pcap_header(magic=NANO, link=link) + b"".join(records)


def expected_order(parts: Sequence[Sequence[int]]) -> list[tuple[int, int, int]]:
    """(time, part, place) by the rule in words: the earliest of the next frames, the first part of equals."""
    places = [0] * len(parts)
    order = []
    while True:
        heads = [
            (times[at], part)
            for part, (times, at) in enumerate(zip(parts, places, strict=True))
            if at < len(times)
        ]
        if not heads:
            return order
        time, part = min(heads)
        order.append((time, part, places[part]))
        places[part] += 1


def order_of(frames: list[Frame]) -> list[tuple[int, int, int]]:
    return [(frame.time_ns, *struct.unpack("<HI", frame.data)) for frame in frames]


TIMES = st.lists(st.integers(0, 12).map(lambda step: step * 10**8), max_size=12)


@given(st.lists(TIMES, min_size=1, max_size=5))
def test_frames_come_by_time_and_equal_times_by_part(parts: list[list[int]]) -> None:
    frames = frames_of(open_source([pcap(times, mark) for mark, times in enumerate(parts)]))
    assert order_of(frames) == expected_order(parts)
    assert [frame.number for frame in frames] == list(range(1, len(frames) + 1))


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(1, 300)), min_size=1, max_size=40))
def test_runs_of_any_length_keep_every_frame_in_order(runs: list[tuple[int, int]]) -> None:
    parts: list[list[int]] = [[], [], [], []]
    for step, (part, length) in enumerate(runs):
        parts[part] += [step * 10**6 + at for at in range(length)]
    frames = frames_of(open_source([pcap(times, mark) for mark, times in enumerate(parts)]))
    assert order_of(frames) == expected_order(parts)


@pytest.mark.parametrize("many", [2, 7, 200])
def test_mergecap_merges_alike(many: int, tmp_path: Path) -> None:
    if shutil.which("mergecap") is None:
        pytest.skip("mergecap is not installed")
    paths = []
    for mark in range(many):
        path = tmp_path / f"part{mark}.pcap"
        # No two times are equal: there mergecap's order is not documented.
        path.write_bytes(pcap([(place * place % 97 * many + mark) * 10**6 for place in range(60)], mark))
        paths.append(path)
    out = tmp_path / "merged.pcap"
    subprocess.run(["mergecap", "-F", "nsecpcap", "-w", out, *paths], check=True, timeout=60)
    assert frames_of(open_source(paths)) == frames_of(open_source(out))


def test_formats_packings_and_link_types_may_differ(tmp_path: Path) -> None:
    pcapng = section() + interface(link=1, options=tsresol(9)) + enhanced(2 * 10**9, b"ethernet")
    paths = [tmp_path / name for name in ("a", "b", "c", "d")]
    paths[0].write_bytes(gzip.compress(pcap([1_500_000_000, 3_000_000_000], link=101)))
    paths[1].write_bytes(pcapng)
    paths[2].write_bytes(LISTING.replace(b"1.0", b"1487691966.0").replace(b"1487691966.0", b"2.5"))
    paths[3].write_bytes(pcap([0], link=0))
    source = open_source(paths)
    frames = frames_of(source)
    assert [(frame.number, frame.time_ns, frame.link) for frame in frames] == [
        (1, 0, 0),
        (2, 1_500_000_000, 101),
        (3, 2_000_000_000, 1),
        (4, 2_500_000_000, 101),
        (5, 3_000_000_000, 101),
    ]
    assert source.format == "pcap, pcapng, tcpdump text"
    assert source.link_types == ["RAW", "ETHERNET", "NULL"]
    assert (source.complete, source.problem, source.date_known) == (True, None, True)
    assert source.name == f"{paths[0]}, {paths[1]}, {paths[2]} and 1 more"


def test_one_target_in_a_list_is_that_target() -> None:
    alone = open_source([pcap([1, 2])])
    assert alone.name == "<bytes>"
    assert len(frames_of(alone)) == 2
    with pytest.raises(UsageError):
        open_source([])


def test_pipes_and_file_objects_can_be_parts() -> None:
    octets = [pcap([at * 1000 + mark for at in range(50)], mark) for mark in range(3)]
    targets = [
        octets[0],
        io.BytesIO(octets[1]),
        Pieces(octets[2][i : i + 7] for i in range(0, len(octets[2]), 7)),
    ]
    assert frames_of(open_source(targets)) == frames_of(open_source(octets))
    with pytest.raises(UsageError, match="named twice"):
        open_source(["-", "-"])


def test_frames_of_pipes_come_as_soon_as_their_place_is_known() -> None:
    with ExitStack() as stack:
        feeds, files = [], []
        for _ in range(2):
            reading, writing = os.pipe()
            files.append(stack.enter_context(open(reading, "rb", buffering=0)))
            feeds.append(stack.enter_context(open(writing, "wb", buffering=0)))
        feeds[0].write(pcap([10, 30]))
        feeds[1].write(pcap([20]))
        batches = open_source(files).batches()
        batch = next(batches)  # both pipes are still open, and the second has no more to give
        assert list(batch.frames.time_ns[: batch.count]) == [10, 20]
        feeds[1].close()
        batch = next(batches)
        assert list(batch.frames.time_ns[: batch.count]) == [30]
        feeds[0].close()
        assert next(batches, None) is None


def rotated(folder: Path, files: int, frames: int) -> list[Path]:
    """A set as `tcpdump -C` leaves it: the ring's names do not sort by time."""
    paths = []
    for at in range(files):
        path = folder / f"ring.pcap{at}"
        first = (at * 7919 % files) * frames
        path.write_bytes(pcap([(first + place) * 10**6 for place in range(frames)], at % 65536))
        paths.append(path)
    return paths


def test_thousands_of_files_need_few_descriptors_and_little_memory(tmp_path: Path) -> None:
    paths = rotated(tmp_path, 2003, 5)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, 128), hard))
    tracemalloc.start()
    try:
        times = []
        for batch in open_source(paths).batches():
            times += list(batch.frames.time_ns[: batch.count])
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert times == [at * 10**6 for at in range(2003 * 5)]
    assert peak < 6_000_000


def test_more_files_of_one_time_than_descriptors_is_one_line(tmp_path: Path) -> None:
    paths = []
    for mark in range(OPEN_PARTS + 100):
        paths.append(tmp_path / f"{mark}")
        paths[-1].write_bytes(pcap([mark, 10**9 + mark]))
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, 128), hard))
    try:
        source = open_source(paths)
        with pytest.raises(InputError, match=r"^[^\n]*Too many open files[^\n]*$"):
            list(source.batches())
        source.close()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_rotated_set_is_handed_on_without_copying(tmp_path: Path) -> None:
    paths = rotated(tmp_path, 3, 9000)
    sizes = [batch.count for batch in open_source(paths).batches()]
    assert sum(sizes) == 27000
    assert sizes.count(BATCH) == 6


def test_what_is_cut_short_is_said_with_its_name_and_the_rest_is_read(tmp_path: Path) -> None:
    cut, whole, empty = (tmp_path / name for name in ("cut", "whole", "empty"))
    cut.write_bytes(pcap([1, 3, 5])[:-2])
    whole.write_bytes(pcap([2, 4, 6]))
    empty.write_bytes(b"")
    source = open_source([cut, whole, empty])
    assert [frame.time_ns for frame in frames_of(source)] == [1, 2, 3, 4, 6]
    assert source.problem == (
        f"{cut}: cut short in the record at offset 68: 6 octets promised, 4 there; {empty}: empty"
    )
    assert not source.complete


@pytest.mark.parametrize("bad", ["missing", "no capture"])
def test_a_part_that_is_no_capture_is_an_error_that_names_it(bad: str, tmp_path: Path) -> None:
    good, other = tmp_path / "good", tmp_path / "other"
    good.write_bytes(pcap([1]))
    if bad != "missing":
        other.write_bytes(b"\0\1\2\3" * 9)
    with pytest.raises(InputError, match=rf"^{other}: [^\n]+$"):
        open_source([good, other])


def test_text_without_dates_cannot_be_merged_with_what_has_them() -> None:
    undated = b"23:46:06.464962 IP 10.0.0.1.1 > 10.0.0.2.2: Flags [S], seq 1, win 2, length 0\n"
    with pytest.raises(InputError, match="no dates"):
        open_source([pcap([1]), undated])
    source = open_source([undated, undated.replace(b":06.", b":05.")])
    assert [frame.time_ns % 10**11 // 10**9 for frame in frames_of(source)] == [65, 66]
    assert not source.date_known


def test_all_files_are_closed(tmp_path: Path) -> None:
    paths = rotated(tmp_path, 5, 3)
    before = set(os.listdir("/proc/self/fd"))
    source: Any = open_source(paths)
    next(source.batches())
    source.close()
    del source
    assert set(os.listdir("/proc/self/fd")) == before
    frames_of(open_source(paths))
    assert set(os.listdir("/proc/self/fd")) == before
