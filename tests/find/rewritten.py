"""A capture written again without second copies of packets, and what tshark finds in it."""

import struct
import subprocess
from pathlib import Path
from typing import NamedTuple

from tcptrace.find.codes import CODES
from tcptrace.find.numbers import REUSED_PORTS, ZERO_WINDOW_PROBE
from tcptrace.source import open_source
from tcptrace.wire.decoder import Decoder

SHARED_CODES = tuple(CODES[number].name for number in range(ZERO_WINDOW_PROBE, REUSED_PORTS + 1))
FIELDS = (
    *("frame.number", "frame.protocols", "tcp.stream"),
    *("tcp.analysis.duplicate_ack_num", "tcp.analysis.duplicate_ack_frame"),
    *(f"tcp.analysis.{code}" for code in SHARED_CODES),
)
NS = 1_000_000_000


class Flags(NamedTuple):
    """What tshark says of a frame."""

    codes: frozenset[str]
    duplicate_ack: tuple[int, int] | None  # the how manieth, of which frame


def write_again(path: Path, target: Path) -> list[int]:
    """Write a capture without second copies as pcap; return the frames' numbers in the old one."""
    source = open_source(str(path))
    decoder = Decoder("none")
    records: list[tuple[int, bytes]] = []
    copies: set[int] = set()
    links: set[int] = set()
    for batch in source.batches():
        frames = batch.frames
        for _, made in decoder.runs(batch.buffer, frames, batch.count):
            copies |= {decoder.segments.frame[i] for i in range(made) if decoder.duplicate[i]}
        for i in range(batch.count):
            begin, size = frames.offset[i], frames.captured[i]
            seconds, nano = divmod(frames.time_ns[i], NS)
            head = struct.pack("<IIII", seconds, nano, size, frames.wire[i])
            records.append((frames.number[i], head + bytes(batch.buffer[begin : begin + size])))
            links.add(frames.link[i])
    source.close()
    assert len(links) <= 1, "one link type a pcap file"
    kept = [(number, octets) for number, octets in records if number not in copies]
    with target.open("wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 262144, *(links or {1})))
        file.writelines(octets for _, octets in kept)
    return [number for number, _ in kept]


def tshark_flags(path: Path, numbers: list[int]) -> dict[int, Flags]:
    """Return what tshark finds at each segment's frame, by the frame's number in the old capture."""
    command = [
        "tshark",
        "-2",
        "-r",
        str(path),
        "-n",
        "-T",
        "fields",
        "-E",
        "separator=/t",
        "-E",
        "occurrence=l",
    ]
    # Dissectors that ask for more data change the analysis; two of them do so whatever the preference says.
    for preference in ("tcp.desegment_tcp_streams",):
        command += ["-o", f"{preference}:FALSE"]
    command += ["--disable-protocol", "socks", "--disable-protocol", "vnc"]
    for name in FIELDS:
        command += ["-e", name]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[int, Flags] = {}
    for line in done.stdout.split("\n")[:-1]:
        frame, protocols, stream, count, of, *flags = line.split("\t")
        if not stream or {"icmp", "icmpv6"} & set(protocols.split(":")):
            continue
        codes = frozenset(code for code, flag in zip(SHARED_CODES, flags, strict=True) if flag)
        # A frame 0 says that there is none: the ACK is what the analysis starts from.
        ack = (int(count), numbers[int(of) - 1] if int(of) else 0) if count else None
        found[numbers[int(frame) - 1]] = Flags(codes, ack)
    return found
