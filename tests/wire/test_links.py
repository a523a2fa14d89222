"""The table of link types. Truth: https://www.tcpdump.org/linktypes.html."""

import ctypes
import ctypes.util

import pytest

from tcptrace.wire.link_names import LINK_NAMES
from tcptrace.wire.links import LINK_TYPES, ROW_WORDS, link_name, links_table
from tests.wire.decode_frames import FORMS, Form, ipv4, ipv6, tcp

PACKET = ipv4(tcp(seq=4))
PACKET6 = ipv6(tcp(seq=6))
MAC = b"\x02\0\0\0\0\x02\x02\0\0\0\0\x01"
SLL = b"\0\0\0\x01\0\x06\x02\0\0\0\0\x01\0\0"  # to us, Ethernet, address of 6 octets
SLL2 = b"\0\0\0\0\0\x02\0\x01\0\x06\x02\0\0\0\0\x01\0\0"

CASES = [
    (0, b"\0\0\0\x02", b"\0\0\0\x1e"),  # a big-endian macOS
    (0, b"\x02\0\0\0", b"\x18\0\0\0"),  # little-endian NetBSD,
    (0, b"\x02\0\0\0", b"\x1c\0\0\0"),  # FreeBSD,
    (0, b"\x02\0\0\0", b"\x1e\0\0\0"),  # macOS,
    (0, b"\x02\0\0\0", b"\x0a\0\0\0"),  # and Linux
    (108, b"\0\0\0\x02", b"\0\0\0\x18"),
    (1, MAC + b"\x08\0", MAC + b"\x86\xdd"),
    (1, MAC + b"\x81\0\x20\x05\x08\0", MAC + b"\x81\0\x20\x05\x86\xdd"),
    (1, MAC + b"\x88\xa8\0\x07\x81\0\0\x05\x08\0", MAC + b"\x91\0\0\x07\x81\0\0\x05\x86\xdd"),
    (1, MAC + b"\x00\x38\xaa\xaa\x03\0\0\0\x08\0", MAC + b"\x00\x4c\xaa\xaa\x03\0\0\0\x86\xdd"),
    (12, b"", b""),
    (14, b"", b""),
    (101, b"", b""),
    (113, SLL + b"\x08\0", SLL + b"\x86\xdd"),
    (113, SLL + b"\x81\0\0\x05\x08\0", SLL + b"\x81\0\0\x05\x86\xdd"),
    (113, SLL + b"\0\x04\xaa\xaa\x03\0\0\0\x08\0", SLL + b"\0\x04\xaa\xaa\x03\0\0\0\x86\xdd"),
    (228, b"", None),
    (229, None, b""),
    (276, b"\x08\0" + SLL2, b"\x86\xdd" + SLL2),
    (276, b"\x81\0" + SLL2 + b"\0\x05\x08\0", b"\x81\0" + SLL2 + b"\0\x05\x86\xdd"),
]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("link", "before4", "before6"), CASES)
def test_tcp_is_found_behind_the_link_header(
    form: str, link: int, before4: bytes | None, before6: bytes | None
) -> None:
    decoder = Form(form)
    if before4 is not None:
        assert decoder.one(before4 + PACKET, link=link)["seq"] == 4
    if before6 is not None:
        assert decoder.one(before6 + PACKET6, link=link)["seq"] == 6


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("link", "data", "reason"),
    [
        (0, b"\0\0\0\x07" + PACKET, "not_ip"),  # OSI
        (0, b"\0\x02\0\0" + PACKET, "not_ip"),
        (108, b"\x02\0\0\0" + PACKET, "not_ip"),  # always big endian
        (1, MAC + b"\x08\x06" + bytes(28), "not_ip"),
        (1, MAC + b"\x81\0\0\x05" * 17 + b"\x08\0" + PACKET, "not_ip"),
        (1, MAC + b"\x00\x26\x42\x42\x03" + bytes(35), "not_ip"),  # spanning tree
        (1, MAC + b"\x00\x03\x42\x42\x03", "not_ip"),
        (1, MAC, "malformed"),
        (1, MAC + b"\x08\0" + PACKET6, "malformed"),
        (101, b"\x50" + bytes(40), "not_ip"),
        (101, b"", "malformed"),
        (228, PACKET6, "malformed"),
        (229, PACKET, "malformed"),
        (113, SLL + b"\0\x01" + bytes(40), "not_ip"),
        (147, PACKET, "link_type"),
        (2**31 - 1, PACKET, "link_type"),
    ],
)
def test_frames_without_ip_are_counted_by_reason(form: str, link: int, data: bytes, reason: str) -> None:
    assert Form(form).skip(data, link=link) == reason


@pytest.mark.parametrize("form", FORMS)
def test_link_types_are_remembered_once_each_in_order_of_appearance(form: str) -> None:
    decoder = Form(form)
    for link in (101, 1, 147, 101, 1, 0):
        decoder.run([(PACKET, 0, link)])
    assert list(decoder.seen[: decoder.network.seen_count]) == [101, 1, 147, 0]
    decoder.run([(PACKET, 0, link) for link in range(1000, 1100)])
    assert decoder.network.seen_count == 64


@pytest.mark.parametrize("form", FORMS)
def test_a_link_type_that_lies_in_ppi_is_not_taken_for_the_next_frame_s(form: str) -> None:
    decoder = Form(form)
    decoder.run(
        [(b"\0\0\x08\0\x01\0\0\0" + MAC + b"\x08\0" + PACKET, 0, 192), (MAC + b"\x08\0" + PACKET, 0, 1)]
    )
    assert list(decoder.seen[: decoder.network.seen_count]) == [192, 1]


def test_names_are_those_of_tcpdump() -> None:
    assert [link_name(number) for number in (0, 1, 101, 108, 113, 228, 229, 276)] == [
        "NULL", "ETHERNET", "RAW", "LOOP", "LINUX_SLL", "IPV4", "IPV6", "LINUX_SLL2",
    ]  # fmt: skip
    assert link_name(147) == "USER0"
    assert link_name(9999) == "LINKTYPE_9999"


@pytest.mark.skipif(ctypes.util.find_library("pcap") is None, reason="libpcap is not installed")
def test_libpcap_has_the_same_name_for_almost_every_number() -> None:
    library = ctypes.CDLL(ctypes.util.find_library("pcap"))
    library.pcap_datalink_val_to_name.restype = ctypes.c_char_p
    theirs = {}
    for number in range(400):
        name = library.pcap_datalink_val_to_name(number)
        if name is not None:
            theirs[number] = name.decode()
    # From 104 on DLT_ and LINKTYPE_ numbers are the same, and most of the names: not where libpcap keeps an old one.
    differ = {number for number in theirs if number >= 104 and link_name(number) != theirs[number]}
    assert differ <= {119, 127, 163, 195}
    assert len(theirs) - len(differ) > 100
    assert all(link_name(number) != f"LINKTYPE_{number}" for number in theirs if 104 <= number <= 290)


def test_a_link_type_is_decoded_or_only_named() -> None:
    assert not LINK_NAMES.keys() & {row.number for row in LINK_TYPES}
    assert list(LINK_NAMES) == sorted(LINK_NAMES)


def test_a_number_has_one_row_and_a_row_fits_the_kernel() -> None:
    numbers = [row.number for row in LINK_TYPES]
    assert len(set(numbers)) == len(numbers)
    assert len(links_table()) == ROW_WORDS * (
        len(LINK_TYPES) + 1
    )  # and one for a datagram that was put together
    assert all(row.ethertype_at + 2 <= row.header for row in LINK_TYPES if row.ethertype_at >= 0)
