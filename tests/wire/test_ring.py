"""The walk through a ring's blocks: what the kernel put beside a frame is back in front of it, in both forms.

The blocks are made here after <linux/if_packet.h>, so the test runs without a packet socket; that real ones look so
is shown by the captures beside tcpdump (``tests/cli/test_capture_load.py``).
"""

import struct
import sys
from importlib import import_module
from types import ModuleType
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcptrace.model.columns import Frames
from tcptrace.wire import ring as plain

compiled = import_module("tcptrace._compiled.wire.ring")
TWINS = pytest.mark.parametrize("module", [plain, compiled], ids=["plain", "compiled"])
BIG = int(sys.byteorder == "big")

ADDRESSES = bytes.fromhex("ffffffffffff020000000001")
FRAME = ADDRESSES + b"\x08\x00" + b"an IP packet"
VLAN_VALID, TPID_VALID = 0x10, 0x40


class Packet(NamedTuple):
    """A frame as the kernel lays it into a block."""

    data: bytes
    wire: int
    status: int = 0
    tci: int = 0
    tpid: int = 0
    protocol: int = 0x0800
    index: int = 3
    arphrd: int = 1
    kind: int = 0
    address: bytes = bytes.fromhex("020000000001")


def block(packets: list[Packet], gap: int = 14, private: int = 48) -> bytearray:
    """Return a block: its header, then each packet's header, address, a gap, and frame."""
    body = bytearray()
    for number, packet in enumerate(packets):
        mac = 48 + 20 + gap
        size = (mac + len(packet.data) + 15) // 16 * 16
        following = size if number + 1 < len(packets) else 0
        head = struct.pack(
            "IIIIIIHHIIHH8x", following, 1_700_000_000 + number, 999_999_990 + number, len(packet.data), packet.wire,
            packet.status, mac, mac + 14, 0, packet.tci, packet.tpid, 0,
        )  # fmt: skip
        address = struct.pack("H", 17) + struct.pack(">H", packet.protocol)
        address += struct.pack("iHBB", packet.index, packet.arphrd, packet.kind, len(packet.address))
        body += (head + address + packet.address.ljust(8, b"\0") + b"\xee" * gap + packet.data).ljust(
            size, b"\xdd"
        )
    start = struct.pack("IIIIIIQ16x", 1, private, 1, len(packets), 48, 48 + len(body), 1)
    return bytearray(start.ljust(48, b"\0") + body)


def walk(
    module: ModuleType, octets: bytearray, link: int = 1, snap: int = 262144, room: int = 4096
) -> list[tuple[int, int, int, int, bytes]]:
    """Return number, time, link, length on the wire and octets of each frame, taken ``room`` at a time."""
    walker = module.RingWalker(BIG, int(link == 276), link, snap)
    walker.begin(octets)
    frames = Frames.empty(max(room, 1))
    found: list[tuple[int, int, int, int, bytes]] = []
    while count := walker.walk(octets, room, len(found), *frames):
        for i in range(count):
            data = bytes(octets[frames.offset[i] : frames.offset[i] + frames.captured[i]])
            found.append((frames.number[i], frames.time_ns[i], frames.link[i], frames.wire[i], data))
    return found


@TWINS
@pytest.mark.parametrize("room", [1, 2, 4096])
def test_frames_come_with_number_time_and_lengths(module: ModuleType, room: int) -> None:
    packets = [Packet(FRAME + bytes(i), len(FRAME) + i) for i in range(3)]
    assert walk(module, block(packets), room=room) == [
        (i + 1, (1_700_000_000 + i) * 10**9 + 999_999_990 + i, 1, len(FRAME) + i, FRAME + bytes(i))
        for i in range(3)
    ]


@TWINS
@pytest.mark.parametrize(
    ("status", "tpid", "tag"),
    [
        (VLAN_VALID, 0, "81006005"),
        (VLAN_VALID, 0x88A8, "81006005"),  # the kernel does not vouch for it
        (VLAN_VALID | TPID_VALID, 0x88A8, "88a86005"),
        (VLAN_VALID | TPID_VALID, 0x8100, "81006005"),
        (0, 0x8100, ""),
    ],
)
def test_a_stripped_vlan_tag_stands_behind_the_addresses_again(
    module: ModuleType, status: int, tpid: int, tag: str
) -> None:
    packets = [Packet(FRAME, 99, status, 0x6005, tpid), Packet(FRAME, 99)]
    (_, _, _, wire, data), after = walk(module, block(packets))
    assert data == ADDRESSES + bytes.fromhex(tag) + FRAME[12:]
    assert wire == 99 + len(tag) // 2
    assert after[4] == FRAME


@TWINS
def test_a_tag_does_not_make_a_frame_longer_than_the_snap_length(module: ModuleType) -> None:
    (frame,) = walk(module, block([Packet(FRAME, 99, VLAN_VALID, 5)]), snap=len(FRAME))
    assert frame[3:] == (103, (ADDRESSES + bytes.fromhex("81000005") + FRAME[12:])[: len(FRAME)])


@TWINS
def test_a_frame_too_short_for_its_addresses_stays_as_it_is(module: ModuleType) -> None:
    (frame,) = walk(module, block([Packet(FRAME[:11], 60, VLAN_VALID, 5)]))
    assert frame[3:] == (60, FRAME[:11])


@TWINS
def test_a_cooked_frame_gets_the_header_of_sll2(module: ModuleType) -> None:
    packet = Packet(b"an IP packet", 12, protocol=0x86DD, index=7, arphrd=772, kind=4)
    (frame,) = walk(module, block([packet], gap=28), link=276)
    # protocol, reserved, interface index, ARPHRD_, packet type, address length, address
    header = bytes.fromhex("86dd 0000 00000007 0304 04 06 0200000000010000")
    assert frame[2:] == (276, 32, header + b"an IP packet")


@TWINS
def test_a_cooked_frame_s_tag_stands_between_header_and_protocol(module: ModuleType) -> None:
    packet = Packet(b"an IP packet", 12, VLAN_VALID, 5)
    (frame,) = walk(module, block([packet], gap=28), link=276)
    header = bytes.fromhex("8100 0000 00000003 0001 00 06 0200000000010000 0005 0800")
    assert frame[3:] == (36, header + b"an IP packet")


@TWINS
def test_a_tcp_segment_behind_a_cooked_tag_is_decoded(module: ModuleType) -> None:
    from tcptrace.wire.decoder import Decoder
    from tests.wire.decode_frames import ipv4, tcp

    octets = block([Packet(ipv4(tcp()), 40, VLAN_VALID, 5), Packet(ipv4(tcp()), 40)], gap=28)
    walker = module.RingWalker(BIG, 1, 276, 262144)
    walker.begin(octets)
    frames = Frames.empty()
    count = walker.walk(octets, 4096, 0, *frames)
    assert (count, sum(made for _, made in Decoder().runs(octets, frames, count))) == (2, 2)


packets = st.builds(
    Packet,
    data=st.binary(max_size=40),
    wire=st.integers(0, 2**32 - 1),
    status=st.sampled_from([0, 1, VLAN_VALID, VLAN_VALID | TPID_VALID]),
    tci=st.integers(0, 2**32 - 1),
    tpid=st.integers(0, 2**16 - 1),
    protocol=st.integers(0, 2**16 - 1),
    index=st.integers(0, 2**31 - 1),
    arphrd=st.integers(0, 2**16 - 1),
    kind=st.integers(0, 255),
    address=st.binary(max_size=8),
)


@given(
    st.lists(packets, max_size=5),
    st.integers(0, 40),
    st.sampled_from([1, 101, 276]),
    st.sampled_from([0, 20, 262144]),
    st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), max_size=3),
    st.integers(0, 3000),
)
def test_both_forms_agree_whatever_is_in_the_block(
    drawn: list[Packet], gap: int, link: int, snap: int, spoiled: list[tuple[int, int]], cut: int
) -> None:
    octets = block(drawn, gap)
    for at, value in spoiled:
        octets[at % len(octets)] = value
    octets = octets[: max(cut, 48)]
    first, second = bytearray(octets), bytearray(octets)
    assert walk(plain, first, link, snap, 2) == walk(compiled, second, link, snap, 2)
    assert first == second
