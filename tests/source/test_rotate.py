"""Files that take turns: names and contents as tcpdump's, faults told, times the frames' own."""

import subprocess
import time
from pathlib import Path

import pytest

from tcptrace.model.columns import Frames
from tcptrace.model.units import NS
from tcptrace.source.dump import CaptureFile, create
from tcptrace.source.interface import Interface
from tcptrace.source.rotate import RotatingFile, Turns
from tcptrace.wire.writer import PcapWriter
from tests.live import frames_of, needs

LO = Interface("lo", 1, 1, True, True)
START_S = 1_700_000_000


def begin(path: str, form: str = "pcap") -> CaptureFile:
    return CaptureFile(path, create(path), form, [LO], 262144, "")


def batches(data: list[bytes], times_ns: list[int], size: int) -> list[tuple[bytes, Frames, int]]:
    """Return frames in batches of at most ``size``."""
    found = []
    for at in range(0, len(data), size):
        some, frames, buffer = data[at : at + size], Frames.empty(size), b""
        for index, octets in enumerate(some):
            frames.offset[index] = len(buffer)
            frames.captured[index] = frames.wire[index] = len(octets)
            frames.time_ns[index] = times_ns[at + index]
            buffer += octets
        found.append((buffer, frames, len(some)))
    return found


def write(file: RotatingFile, data: list[bytes], times_ns: list[int], size: int = 100) -> bool:
    """Write all frames; say whether the file would take more."""
    goes_on = True
    for batch in batches(data, times_ns, size):
        goes_on = goes_on and file.write(0, *batch)
    file.close()
    return goes_on


def written(folder: Path) -> dict[str, list[bytes]]:
    return {path.name: frames_of(path) for path in sorted(folder.iterdir())}


def frames(count: int) -> list[bytes]:
    return [index.to_bytes(4, "big") + bytes(index * 37 % 1400) for index in range(count)]


@needs("tcpdump")
@pytest.mark.parametrize("files", [None, 2, 10, 11])
@pytest.mark.parametrize("size", [7, 100, 4096])
def test_with_a_size_names_and_contents_are_tcpdump_s(tmp_path: Path, files: int | None, size: int) -> None:
    data = frames(5000)
    times_ns = [(START_S + index) * NS for index in range(len(data))]
    theirs, ours, whole = tmp_path / "theirs", tmp_path / "ours", tmp_path / "whole"
    theirs.mkdir()
    ours.mkdir()
    writer = PcapWriter(1, nanoseconds=False)
    records = (writer.frame(t, octets) for t, octets in zip(times_ns, data, strict=True))
    whole.write_bytes(writer.header() + b"".join(records))
    more = [] if files is None else ["-W", str(files)]
    command = ["tcpdump", "-Z", "root", "-r", whole, "-C", "1", *more, "-w", theirs / "x"]
    subprocess.run(command, check=True, capture_output=True)
    file = RotatingFile(str(ours / "x"), Turns(size=1_000_000, files=files), begin)
    assert write(file, data, times_ns, size)
    assert len(list(theirs.iterdir())) == min(files or 4, 4)
    assert written(ours) == written(theirs)


def test_pcapng_files_are_whole_each_by_itself(tmp_path: Path) -> None:
    data = frames(300)
    file = RotatingFile(str(tmp_path / "x"), Turns(size=20_000), lambda path: begin(path, "pcapng"))
    assert write(file, data, [START_S * NS] * 300)
    found = written(tmp_path)
    assert len(found) > 5
    names = ["x", *(f"x{number}" for number in range(1, len(found)))]
    assert [octets for name in names for octets in found[name]] == data
    for name in names[:-1]:  # the first that is larger than the limit is the last
        sizes = [32 + len(octets) + -len(octets) % 4 for octets in found[name]]
        size = (tmp_path / name).stat().st_size
        assert size - sizes[-1] <= 20_000 < size


def test_with_a_time_each_file_is_named_for_its_first_frame(tmp_path: Path) -> None:
    data = frames(10)
    times_ns = [(START_S + second) * NS for second in (0, 1, 9, 10, 11, 30, 31, 39, 40, 41)]
    file = RotatingFile(str(tmp_path / "%s"), Turns(seconds=10), begin)
    begun = int(next(tmp_path.iterdir()).name)
    assert abs(begun - time.time()) < 60  # the first one, before a frame has come
    assert write(file, data, times_ns, 4)
    assert written(tmp_path) == {
        str(START_S + 10): data[3:5],
        str(START_S + 30): data[5:8],
        str(START_S + 40): data[8:],
        str(begun): data[:3],
    }


def test_with_a_time_the_number_of_files_ends_it(tmp_path: Path) -> None:
    data = frames(4)
    file = RotatingFile(str(tmp_path / "%s"), Turns(seconds=10, files=2), begin)
    assert not write(file, data, [(START_S + second) * NS for second in (0, 10, 20, 30)])
    assert file.problem is None
    assert sorted(written(tmp_path).values()) == [data[:1], data[1:2]]


def test_with_time_and_size_files_are_counted_within_their_time(tmp_path: Path) -> None:
    data = [bytes(600)] * 8
    file = RotatingFile(str(tmp_path / "a%s."), Turns(size=1000, seconds=10, files=100), begin)
    assert write(file, data, [(START_S + second) * NS for second in (0, 0, 0, 0, 10, 10, 10, 10)])
    begun, later = sorted({name.split(".")[0] for name in written(tmp_path)}, reverse=True)
    assert sorted(written(tmp_path)) == sorted([f"{begun}.00", f"{begun}.01", f"{later}.00", f"{later}.01"])
    assert later == f"a{START_S + 10}"


def test_a_folder_that_is_gone_is_a_problem_and_raises_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    file = RotatingFile(str(folder / "x"), Turns(size=1000), begin)
    (folder / "x").unlink()
    folder.rmdir()
    assert not write(file, [bytes(600)] * 4, [START_S * NS] * 4)
    assert (
        file.problem
        == f"{folder / 'x1'}: cannot be written: No such file or directory; choose another file (-w)"
    )
