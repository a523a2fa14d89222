"""The captures that decode is held against, read by plain means and not by our own code."""

import gzip
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.wire.decode_frames import Form
from tests.wire.naive_decode import Segment

ROOT = Path(__file__).parent.parent.parent
FOLDERS = (ROOT / "tests/data/kernel", ROOT / "../shared/data/kernel", ROOT / "../shared/data/real")


class Frame(NamedTuple):
    """One packet record; its number is its place in the file."""

    data: bytes
    wire: int
    link: int


def captures() -> list[Path]:
    """Return the files that are there, each once."""
    found: dict[str, Path] = {}
    for folder in FOLDERS:
        for path in sorted(folder.glob("*")):
            if {".pcap", ".pcapng", ".cap"} & set(path.suffixes):
                found.setdefault(path.name, path)
    return list(found.values())


def read_capture(path: Path) -> list[Frame]:
    """Return all packet records of a pcap or pcapng file, also gzipped."""
    octets = path.read_bytes()
    if octets[:2] == b"\x1f\x8b":
        octets = gzip.decompress(octets)
    return list(_pcapng(octets) if octets[:4] == b"\x0a\x0d\x0d\x0a" else _pcap(octets))


def _pcap(octets: bytes) -> Iterator[Frame]:
    order = "<" if octets[:4] in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1") else ">"
    (link,) = struct.unpack(order + "I", octets[20:24])
    at = 24
    while at < len(octets):
        captured, wire = struct.unpack(order + "8xII", octets[at : at + 16])
        yield Frame(octets[at + 16 : at + 16 + captured], wire, link & 0xFFFF)
        at += 16 + captured


def _pcapng(octets: bytes) -> Iterator[Frame]:
    links: list[int] = []
    at = 0
    order = "<"
    while at < len(octets):
        if octets[at : at + 4] == b"\x0a\x0d\x0d\x0a":
            order = "<" if octets[at + 8] == 0x4D else ">"
            links = []
        kind, size = struct.unpack(order + "II", octets[at : at + 8])
        if kind == 1:
            links.append(struct.unpack(order + "H", octets[at + 8 : at + 10])[0])
        elif kind == 6:
            interface, captured, wire = struct.unpack(order + "I8xII", octets[at + 8 : at + 28])
            yield Frame(octets[at + 28 : at + 28 + captured], wire, links[interface])
        elif kind in (2, 3):
            raise ValueError("this plain reader knows no simple and no obsolete packet blocks")
        at += size


def decode_capture(frames: list[Frame], form: str, mode: str = "flags") -> dict[int, Segment]:
    """Return the segments by frame number."""
    decoder = Form(form, mode)
    rows: dict[int, Segment] = {}
    for first in range(0, len(frames), 1000):
        batch = [(frame.data, frame.wire, frame.link) for frame in frames[first : first + 1000]]
        for row in decoder.run(batch):
            row["frame"] += first
            rows[row["frame"]] = row
    return rows
