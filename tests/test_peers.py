"""Frames, segments, streams, and each side's packets and octets are what tshark counts."""

import ipaddress
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

import tcptrace
from tcptrace.model.records import Connection
from tests.every import CAPTURES, FOLDERS

# Where we count otherwise than tshark, and why: a row a file, never a looser comparison. None so far.
KNOWN_DIFFERENCES: dict[str, str] = {}

FIELDS = (
    *("frame.time_epoch", "frame.protocols", "tcp.stream", "tcp.len", "tcp.srcport", "tcp.dstport"),
    *("ip.src", "ipv6.src", "ip.dst", "ipv6.dst"),
)

End = tuple[str, int]


@dataclass
class Stream:
    """What is counted of one stream."""

    frames: list[int] = field(default_factory=list)
    times_ns: list[int] = field(default_factory=list)
    packets: dict[End, int] = field(default_factory=dict)
    octets: dict[End, int] = field(default_factory=dict)
    ends: set[End] = field(default_factory=set)


@dataclass
class Counts:
    """What is counted of one capture."""

    frames: int = 0
    segments: int = 0
    streams: list[Stream] = field(default_factory=list)


def nanoseconds(epoch: str) -> int:
    """Return the integer of tshark's ``seconds.nnnnnnnnn``."""
    seconds, _, fraction = epoch.partition(".")
    return int(seconds) * 1_000_000_000 + int(fraction.ljust(9, "0"))


def is_segment(protocols: str, stream: str) -> bool:
    """Say whether the frame's innermost TCP header is a segment, and not quoted in an ICMP error."""
    return stream != "" and not {"icmp", "icmpv6"} & set(protocols.split(":"))


def is_in_ipv4(protocols: str) -> bool:
    """Say whether the innermost IP header is IPv4's; a tunnel may have one of each version."""
    return next(name for name in reversed(protocols.split(":")) if name in ("ip", "ipv6")) == "ip"


def tshark_counts(path: Path, *decode_as: str) -> Counts:
    """Count by tshark, streams not put together; of several TCP headers in a frame the innermost (last) counts."""
    command = ["tshark", "-r", str(path), "-n", "-T", "fields", "-E", "separator=/t", "-E", "occurrence=l"]
    command += ["-o", "tcp.desegment_tcp_streams:FALSE"]
    for name in FIELDS:
        command += ["-e", name]
    for rule in decode_as:
        command += ["-d", rule]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    counts = Counts()
    streams: dict[int, Stream] = {}
    for line in done.stdout.split("\n")[:-1]:
        epoch, protocols, number, length, source_port, target_port, *addresses = line.split("\t")
        counts.frames += 1
        if not is_segment(protocols, number):
            continue
        counts.segments += 1
        stream = streams.setdefault(int(number), Stream())
        source, target = addresses[::2] if is_in_ipv4(protocols) else addresses[1::2]
        sender = (str(ipaddress.ip_address(source)), int(source_port))
        receiver = (str(ipaddress.ip_address(target)), int(target_port))
        stream.frames.append(counts.frames)
        stream.times_ns.append(nanoseconds(epoch))
        stream.ends |= {sender, receiver}
        stream.packets[sender] = stream.packets.get(sender, 0) + 1
        stream.octets[sender] = stream.octets.get(sender, 0) + int(length)
    # A quoted TCP header takes a number too; without one the numbers are dense already.
    counts.streams = [streams[number] for number in sorted(streams)]
    return counts


def compare(connections: Iterable[Connection], theirs: list[Stream]) -> list[str]:
    """Return a line for each stream that differs."""
    wrong = []
    numbers = []
    for ours in connections:
        numbers.append(ours.stream)
        if ours.stream >= len(theirs):
            continue
        stream = theirs[ours.stream]
        packets: dict[End, int] = {}
        octets: dict[End, int] = {}
        for end, count, length in (
            (ours.client, ours.packets.client, ours.data_bytes.client),
            (ours.server, ours.packets.server, ours.data_bytes.server),
        ):
            if count:
                packets[end.ip, end.port] = count
                octets[end.ip, end.port] = length
        mine = (
            ours.first_frame,
            ours.last_frame,
            packets,
            octets,
            {(e.ip, e.port) for e in (ours.client, ours.server)},
        )
        their = (stream.frames[0], stream.frames[-1], stream.packets, stream.octets, stream.ends)
        if mine != their:
            wrong.append(f"stream {ours.stream}: ours {mine}, tshark's {their}")
        if (ours.first_ns, ours.last_ns) != (min(stream.times_ns), max(stream.times_ns)):
            wrong.append(
                f"stream {ours.stream}: times {ours.first_ns} to {ours.last_ns}, tshark's {stream.times_ns}"
            )
    if numbers != list(range(len(theirs))):
        wrong.append(f"streams: ours {numbers}, tshark's 0 to {len(theirs) - 1}")
    return wrong


@pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")
@pytest.mark.parametrize("path", CAPTURES)
def test_counts_are_tsharks(path: Path) -> None:
    theirs = tshark_counts(path)
    analysis = tcptrace.analyze(str(path))
    wrong = compare(analysis, theirs.streams)
    capture = analysis.capture
    assert (capture.frames, capture.tcp_segments, capture.connections) == (
        theirs.frames,
        theirs.segments,
        len(theirs.streams),
    )
    assert capture.frames == capture.tcp_segments + sum(capture.skipped.values())
    assert bool(wrong) == (path.name in KNOWN_DIFFERENCES), "\n".join(wrong)


def test_the_real_captures_are_all_compared_where_they_lie_here() -> None:
    folder = FOLDERS["real"]
    there = {path.name for path in folder.glob("*") if path.suffix != ".md"} if folder.is_dir() else set()
    assert there == {
        str(case.id).removeprefix("real/") for case in CAPTURES if str(case.id).startswith("real/")
    }


def test_the_comparison_sees_a_packet_that_is_missing() -> None:
    sample = next(case.values[0] for case in CAPTURES if str(case.id).startswith("captures/"))
    assert isinstance(sample, Path)
    connections = list(tcptrace.analyze(str(sample)))
    first = connections[0]
    ends = [(first.client.ip, first.client.port), (first.server.ip, first.server.port)]
    stream = Stream(
        frames=[first.first_frame, first.last_frame],
        times_ns=[first.first_ns, first.last_ns],
        packets={ends[0]: first.packets.client - 1, ends[1]: first.packets.server},
        octets={ends[0]: first.data_bytes.client, ends[1]: first.data_bytes.server},
        ends=set(ends),
    )
    assert compare([first], [stream])
    stream.packets[ends[0]] += 1
    assert not compare([first], [stream])
