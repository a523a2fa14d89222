"""Every frame of the captures from a kernel and from other projects: the fields of dpkt and tshark."""

import shutil
import struct
import subprocess
from pathlib import Path
from typing import Any

import dpkt
import pytest

from tcptrace.model import tcpflags as tf
from tcptrace.model.tcpflags import MARK_BAD_CHECKSUM, MARK_OFFLOADED, MARK_TRUNCATED
from tcptrace.wire.decoder import Decoder
from tests.wire.decode_captures import Frame, captures, decode_capture, read_capture
from tests.wire.decode_frames import FORMS, columns
from tests.wire.naive_decode import Segment, Skip, naive_decode, naive_marks

FILES = captures()
FIELDS = (
    "frame.number", "tcp.srcport", "tcp.dstport", "tcp.seq_raw", "tcp.ack_raw", "tcp.len", "tcp.flags",
    "tcp.window_size_value", "tcp.options.timestamp.tsval", "tcp.options.timestamp.tsecr",
    "tcp.options.mss_val", "tcp.options.wscale.shift", "tcp.options.sack_le", "tcp.options.sack_re",
    "tcp.checksum.status",
)  # fmt: skip


def ends(row: Segment) -> tuple[Any, Any]:
    """Return (address, port) of the sender and of the receiver."""
    low, high = row["low"], row["high"]
    return (high, low) if row["side"] else (low, high)


# ---- dpkt


def dpkt_segment(frame: Frame) -> tuple[Any, Any]:
    """Return dpkt's IP and TCP objects, (None, None) where it finds none."""
    reader = {
        0: dpkt.loopback.Loopback,
        1: dpkt.ethernet.Ethernet,
        101: dpkt.ip.IP,
        228: dpkt.ip.IP,
        113: dpkt.sll.SLL,
        276: dpkt.sll2.SLL2,
    }[frame.link]
    try:
        packet = reader(frame.data)
    except dpkt.UnpackError:
        return None, None
    if reader is not dpkt.ip.IP:
        packet = packet.data
    while isinstance(packet, dpkt.ethernet.VLANtag8021Q):
        packet = packet.data
    if isinstance(packet, (dpkt.ip.IP, dpkt.ip6.IP6)) and isinstance(packet.data, dpkt.tcp.TCP):
        return packet, packet.data
    return None, None


def dpkt_options(data: bytes) -> Segment:
    """Return the options as dpkt splits them."""
    found: Segment = {"options": 0, "mss": 0, "scale": 0, "tsval": 0, "tsecr": 0, "sack": []}
    for option in dpkt.tcp.parse_opts(data):
        if option is None:  # dpkt's word for a length that lies
            found["options"] |= tf.OPT_MALFORMED
            break
        kind, value = option
        if kind == dpkt.tcp.TCP_OPT_EOL:  # dpkt reads on behind it
            break
        if kind == dpkt.tcp.TCP_OPT_MSS:
            found["options"] |= tf.OPT_MSS
            found["mss"] = int.from_bytes(value, "big")
        elif kind == dpkt.tcp.TCP_OPT_WSCALE:
            found["options"] |= tf.OPT_SCALE
            found["scale"] = value[0]
        elif kind == dpkt.tcp.TCP_OPT_SACKOK:
            found["options"] |= tf.OPT_SACK_PERMITTED
        elif kind == dpkt.tcp.TCP_OPT_SACK:
            found["options"] |= tf.OPT_SACK
            found["sack"] = list(struct.unpack(f">{len(value) // 4}I", value))
        elif kind == dpkt.tcp.TCP_OPT_TIMESTAMP:
            found["options"] |= tf.OPT_TIMESTAMPS
            found["tsval"], found["tsecr"] = struct.unpack(">II", value)
        elif kind == 34:
            found["options"] |= tf.OPT_FAST_OPEN | (tf.OPT_FAST_OPEN_COOKIE if value else 0)
    return found


# Here dpkt names the next hop of a source route, and not the final destination as tshark does.
SOURCE_ROUTED = {"suricata-verify-detect-ipopts-input.pcap": {2, 7}}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_dpkt_reads_the_same_fields_from_every_frame(path: Path) -> None:
    frames = read_capture(path)
    rows = decode_capture(frames, FORMS[-1])
    compared = 0
    for number, frame in enumerate(frames, start=1):
        packet, segment = dpkt_segment(frame)
        row = rows.get(number)
        if segment is None or row is None:
            continue
        compared += 1
        source, target = ends(row)
        assert source == (packet.src, segment.sport)
        if number not in SOURCE_ROUTED.get(path.name, ()):
            assert target == (packet.dst, segment.dport)
        names = ("seq", "ack", "window", "flags")
        assert [row[name] for name in names] == [segment.seq, segment.ack, segment.win, segment.flags]
        assert row["payload"] == segment.data
        if len(segment.opts) == 4 * segment.off - 20:  # dpkt cannot know that a list was cut by the capture
            assert {name: row[name] for name in dpkt_options(b"")} == dpkt_options(segment.opts)
        if isinstance(packet, dpkt.ip.IP):
            assert row["length"] == packet.len - 4 * packet.hl - 4 * segment.off
    assert compared == len(rows)


# ---- tshark


@pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_tshark_reads_the_same_fields_from_every_frame(path: Path) -> None:
    rows = decode_capture(read_capture(path), FORMS[-1], "all")
    command = ["tshark", "-n", "-r", str(path), "-Y", "tcp and not icmp and not icmpv6", "-T", "fields"]
    command += ["-o", "tcp.desegment_tcp_streams:FALSE", "-o", "ip.defragment:FALSE"]
    command += ["-o", "ipv6.defragment:FALSE", "-o", "tcp.check_checksum:TRUE"]
    command += ["-o", "tcp.relative_sequence_numbers:FALSE"]
    for field in FIELDS:
        command += ["-e", field]
    text = subprocess.run(command, capture_output=True, check=True, text=True).stdout
    seen = set()
    for line in text.splitlines():
        value = dict(zip(FIELDS, line.split("\t"), strict=True))
        row = rows[int(value["frame.number"])]
        seen.add(row["frame"])
        source, target = ends(row)
        assert (source[1], target[1]) == (int(value["tcp.srcport"]), int(value["tcp.dstport"]))
        pairs = [("seq", "tcp.seq_raw"), ("ack", "tcp.ack_raw"), ("length", "tcp.len")]
        pairs += [("window", "tcp.window_size_value"), ("mss", "tcp.options.mss_val")]
        pairs += [("scale", "tcp.options.wscale.shift"), ("tsval", "tcp.options.timestamp.tsval")]
        pairs += [("tsecr", "tcp.options.timestamp.tsecr")]
        assert [row[name] for name, _ in pairs] == [int(value[field] or "0") for _, field in pairs]
        assert row["flags"] == int(value["tcp.flags"], 16) & 0x1FF
        left = [int(edge) for edge in value["tcp.options.sack_le"].split(",") if edge]
        right = [int(edge) for edge in value["tcp.options.sack_re"].split(",") if edge]
        assert row["sack"] == [edge for pair in zip(left, right, strict=True) for edge in pair]
        if not row["marks"] & (MARK_TRUNCATED | MARK_OFFLOADED):
            # 1: good, 0: bad, 2: not verified
            assert (value["tcp.checksum.status"] == "0") == bool(row["marks"] & MARK_BAD_CHECKSUM)
    assert seen == set(rows)


# ---- both forms and the naive one


@pytest.mark.parametrize("mode", ["none", "flags", "all"])
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_both_forms_and_the_naive_decoder_give_the_same(path: Path, mode: str) -> None:
    frames = read_capture(path)
    made = [decode_capture(frames, form, mode) for form in FORMS]
    assert all(rows == made[0] for rows in made)
    for number, frame in enumerate(frames, start=1):
        try:
            expected = naive_decode(frame.data, frame.wire, frame.link, mode)
        except Skip:
            assert number not in made[0]
            continue
        row = made[0][number]
        assert {name: row[name] for name in expected if name != "identity"} == {
            name: value for name, value in expected.items() if name != "identity"
        }


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_the_copies_in_a_capture_are_the_packets_that_are_alike(path: Path) -> None:
    frames = read_capture(path)
    rows = []
    for number, frame in enumerate(frames):
        try:
            row = naive_decode(frame.data, frame.wire, frame.link)
        except Skip:
            continue
        rows.append((row["identity"], number * 100_000, row["marks"]))
    buffer, table = columns([(frame.data, frame.wire, frame.link) for frame in frames])
    for i in range(len(frames)):
        table.time_ns[i] = i * 100_000  # 100 frames in the time in which a packet may come again
    decoder = Decoder(size=len(frames))
    copies = []
    for _, made in decoder.runs(buffer, table, len(frames)):
        copies += decoder.duplicate[:made]
    assert copies == naive_marks(rows)
    assert decoder.duplicates == sum(naive_marks(rows))
    assert len(frames) == len(copies) + sum(decoder.skipped.values())
