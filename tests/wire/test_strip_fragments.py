"""Fragments stripped: scapy cuts the datagrams and tshark puts them together again."""

import random
import shutil
import struct
import subprocess
from pathlib import Path
from typing import Any

import pytest
from scapy.layers.inet import IP, TCP, fragment
from scapy.layers.inet6 import IPv6, IPv6ExtHdrFragment, fragment6
from scapy.layers.l2 import GRE
from scapy.packet import Raw, raw

import tcptrace
from tcptrace.cli.command_line import run
from tcptrace.model.columns import Frames
from tcptrace.source import open_source
from tcptrace.wire.anonymize import Anonymizer
from tcptrace.wire.decoder import Decoder
from tcptrace.wire.strip import Stripped, Stripper
from tests.wire.hand import frames_of
from tests.wire.test_carriers import pcap

BY = Anonymizer(b"k" * 32)
PAYLOAD = random.Random(791).randbytes(1000)
OPTIONS = [("MSS", 1460), ("Timestamp", (7, 9)), (30, b"\x00\x01" + bytes((198, 51, 100, 9)))]
SEGMENT = TCP(sport=40000, dport=80, seq=7, ack=9, flags="PA", options=OPTIONS) / Raw(PAYLOAD)
A, B, A6, B6 = "198.51.100.77", "198.51.100.78", "2001:db8:51:100::77", "2001:db8:51:100::78"


def packets(version: int, size: int = 400, *, wrong: bool = False, inner: Any = SEGMENT) -> list[bytes]:
    inner = inner.copy()
    if wrong:
        inner[TCP].chksum = 0x1234
    if version == 4:
        return [raw(piece) for piece in fragment(IP(src=A, dst=B, id=77, ttl=64) / inner, size)]
    whole = IPv6(src=A6, dst=B6) / IPv6ExtHdrFragment(id=77) / inner
    return [raw(piece) for piece in fragment6(IPv6(raw(whole)), size)]


def strip(frames: list[bytes], **options: Any) -> tuple[list[Stripped | None], int]:
    stripper = Stripper(**options)
    made = [stripper.strip(frame, 101, len(frame), 0, number) for number, frame in enumerate(frames, 1)]
    return made, stripper.taken


def decoded(frames: list[Stripped]) -> list[tuple[Any, ...]]:
    """What the decoder makes of them: ports, numbers, lengths, options and the mark of a wrong checksum."""
    decoder, rows = Decoder("all"), []
    table, buffer = Frames.empty(len(frames)), b"".join(frame.octets for frame in frames)
    at = 0
    for i, frame in enumerate(frames):
        table.offset[i], table.captured[i], table.wire[i] = at, len(frame.octets), frame.wire
        table.link[i], table.number[i] = frame.link, i + 1
        at += len(frame.octets)
    for _, made in decoder.runs(buffer, table, len(frames)):
        s = decoder.segments
        rows += [
            (s.seq[i], s.ack[i], s.flags[i], s.length[i], s.mss[i], s.tsval[i], s.marks[i] & 1)
            for i in range(made)
        ]
    return rows


@pytest.mark.parametrize("version", [4, 6])
@pytest.mark.parametrize("wrong", [False, True])
def test_fragments_stay_fragments_of_the_same_segment(version: int, wrong: bool) -> None:
    frames = packets(version, wrong=wrong)
    assert len(frames) == 3
    before = decoded([Stripped(frame, 101, len(frame)) for frame in frames])
    assert before == [(7, 9, 0x18, 1000, 1460, 7, int(wrong))]
    for options in ({}, {"anonymizer": BY}, {"anonymizer": BY, "payload": True}):
        made, taken = strip(frames, **options)
        assert taken == 0
        whole = [frame for frame in made if frame is not None]
        assert [(frame.link, frame.wire) for frame in whole] == [(101, len(frame)) for frame in frames]
        expected = before if "payload" in options else [(*before[0][:-1], 0)]  # nobody can check it any more
        assert decoded(whole) == expected
        octets = b"".join(frame.octets for frame in whole)
        assert (PAYLOAD[-200:] in octets) == ("payload" in options)
        if "payload" not in options:
            assert not any(PAYLOAD[at : at + 4] in octets for at in range(0, 996, 4))
        if options:
            for address in (A, B, "198.51.100.9"):
                assert bytes(map(int, address.split("."))) not in octets
            assert bytes.fromhex("20010db8") not in octets


@pytest.mark.parametrize("version", [4, 6])
def test_the_first_fragment_ends_with_its_tcp_header_and_the_others_with_ip(version: int) -> None:
    frames = packets(version)
    made, _ = strip(frames)
    network = 20 if version == 4 else 48
    for at, (frame, stripped) in enumerate(zip(frames, made, strict=True)):
        header = (frame[network + 12] >> 4) * 4 if at == 0 else 0
        assert header in (0, 20 + 4 + 10 + 8 + 2)
        assert stripped == Stripped(frame[: network + header], 101, len(frame))


def test_ip_checksums_of_fragments_keep_their_meaning() -> None:
    for frame in packets(4):
        for stored in (None, 0, 0x1234):
            frame = frame if stored is None else frame[:10] + struct.pack("!H", stored) + frame[12:]
            stripped = strip([frame], anonymizer=BY)[0][0]
            assert stripped is not None
            header = stripped.octets[:20]
            right = IP(header[:10] + bytes(2) + header[12:])
            del right.chksum
            found, good = struct.unpack("!H", header[10:12])[0], IP(raw(right)).chksum
            assert (found == good) == (stored is None)
            assert (found == 0) == (stored == 0)


def test_a_header_in_two_fragments_is_not_told_from_payload() -> None:
    for version in (4, 6):
        frames = packets(version, 24 if version == 4 else 72)
        made, _ = strip(frames, anonymizer=BY, payload=True)
        network = 20 if version == 4 else 48
        sizes = [len(frame) - network for frame in frames]
        whole = [sum(sizes[:at]) >= 60 for at in range(len(frames))]
        assert [frame is not None for frame in made] == whole
        made, _ = strip(frames)
        assert all(made)
        assert [len(frame.octets) - network for frame in made if frame][1:] == [0] * (len(frames) - 1)


@pytest.mark.parametrize("options", [{}, {"anonymizer": BY}, {"anonymizer": BY, "payload": True}])
def test_a_segment_in_a_tunnel_of_fragments_comes_out_whole_with_the_last_of_them(options: Any) -> None:
    inner = IP(src="192.0.2.1", dst="192.0.2.2") / SEGMENT
    frames = packets(4, inner=GRE() / inner)
    made, taken = strip(frames, **options)
    assert made[:2] == [None, None]
    assert taken == 2
    assert made[2] is not None
    assert (made[2].link, made[2].wire) == (101, len(raw(inner)))
    plain = strip([raw(inner)], **options)[0][0]
    assert made[2] == plain


@pytest.mark.parametrize("options", [{}, {"anonymizer": BY}, {"anonymizer": BY, "payload": True}])
def test_fragments_in_a_tunnel_come_out_of_it_as_fragments(options: Any) -> None:
    outer = IP(src="192.0.2.1", dst="192.0.2.2") / GRE()
    frames = packets(4)
    made, taken = strip([raw(outer / IP(frame)) for frame in frames], **options)
    assert (made, taken) == strip(frames, **options)


def test_a_fragment_cut_anywhere_never_raises() -> None:
    for version in (4, 6):
        for frame in packets(version):
            for length in range(len(frame)):
                for stripper in (Stripper(), Stripper(BY), Stripper(BY, payload=True)):
                    made = stripper.strip(frame[:length], 101, len(frame))
                    assert made is None or len(made.octets) <= length


def conversation() -> list[bytes]:
    """Four segments of 1,000 octets, each in three fragments, and their acknowledgements."""
    frames = [
        raw(IP(src=A, dst=B) / TCP(sport=40000, dport=80, seq=6, flags="S")),
        raw(IP(src=B, dst=A) / TCP(sport=80, dport=40000, seq=8, ack=7, flags="SA")),
    ]
    for number in range(4):
        segment = TCP(sport=40000, dport=80, seq=7 + 1000 * number, ack=9, flags="PA") / Raw(PAYLOAD)
        frames += [raw(piece) for piece in fragment(IP(src=A, dst=B, id=number + 1) / segment, 400)]
        frames.append(
            raw(IP(src=B, dst=A) / TCP(sport=80, dport=40000, seq=9, ack=1007 + 1000 * number, flags="A"))
        )
    return frames


@pytest.mark.parametrize("mode", ["--headers", "--anonymize", "--anonymize --payload"])
def test_extract_keeps_fragments_and_tshark_finds_the_same_segments(
    mode: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, out = tmp_path / "in.pcap", tmp_path / "out.pcapng"
    path.write_bytes(pcap(101, conversation()))
    assert run(["extract", str(path), "--stream", "0", "-w", str(out), *mode.split()]) == 0
    assert capsys.readouterr() == (f"{out}: 18 frames\n", "")
    assert len(frames_of(open_source(out))) == 18
    before, after = (next(iter(tcptrace.analyze(str(each)))) for each in (path, out))
    assert before.data_bytes.client == 4000
    for name in ("data_bytes", "unique_bytes", "packets", "path", "finding_counts", "rtt_s"):
        assert getattr(before, name) == getattr(after, name), name
    if shutil.which("tshark") is None:
        pytest.skip("tshark is not installed")
    # Of content that was not captured tshark puts no datagram together; it reads lengths off the fragments.
    fields = ["ip.len", "ip.flags.mf", "ip.frag_offset"] + ["tcp.len"] * ("--payload" in mode)
    assert tshark(path, fields) == tshark(out, fields)
    bad = ["-Y", "ip.checksum.status == 0 || tcp.checksum.status == 0"]
    assert tshark(out, ["frame.number"], *bad) == []


def tshark(path: Path, fields: list[str], *more: str) -> list[str]:
    command = [
        "tshark",
        "-n",
        "-r",
        str(path),
        "-o",
        "ip.check_checksum:TRUE",
        "-o",
        "tcp.check_checksum:TRUE",
    ]
    command += ["-T", "fields", *more, *(word for field in fields for word in ("-e", field))]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    return done.stdout.splitlines()
