"""Both forms of decode against each other and against the naive decoder, over whatever octets there are."""

import random
import struct
from collections import defaultdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tcptrace.model.columns import COUNTERS, SKIP_NAMES
from tcptrace.model.tcpflags import MARK_BAD_CHECKSUM
from tcptrace.wire.links import LINK_TYPES
from tests.wire.carriers import LINKS as LINK_CARRIERS
from tests.wire.carriers import TUNNELS, Carrier
from tests.wire.decode_frames import FORMS, KEYS, MODES, Form, ethernet, ip, ipv4, ipv6, tcp
from tests.wire.naive_decode import Segment, Skip, naive_decode, ones

LINKS = (0, 1, 12, 14, 101, 108, 113, 228, 229, 276, 147)  # those that ``with_link`` knows
ALL_LINKS = (*(row.number for row in LINK_TYPES), 147)
SYN_OPTIONS = b"\x02\x04\x05\xb4\x04\x02\x08\x0a" + bytes(8) + b"\x01\x03\x03\x07"


def seeds() -> list[bytes]:
    """Return packets that reach every part of the decoder, without link header."""
    segments = [
        tcp(),
        tcp(flags=0x02, options=SYN_OPTIONS),
        tcp(flags=0x11, options=b"\x01\x01\x08\x0a" + bytes(8), payload=b"payload" * 12),
        tcp(flags=0x10, options=b"\x05\x22" + bytes(32) + b"\x22\x02\x00\x00", payload=b"x"),
        tcp(flags=0x04, options=b"\xfe\x06\xf9\x89ab\x01\x01"),
    ]
    packets = [ipv4(segment) for segment in segments] + [ipv6(segment) for segment in segments]
    packets.append(ipv4(segments[1], options=b"\x83\x07\x04" + bytes(4) + b"\x00"))
    packets.append(ipv4(segments[2], total=0))
    chain = b"\x2b\x00\xc2\x04\x00\x01\x00\x00" + b"\x3c\x00" + bytes(6) + b"\x33\x00" + bytes(6)
    chain += b"\x2c\x01" + bytes(10) + b"\x06\x00\x00\x00\x00\x00\x00\x05"
    packets.append(ipv6(chain + segments[2], kind=0))
    packets.append(ipv6(chain + segments[2], kind=0, length=0))
    return packets


def with_link(packet: bytes, link: int, way: int) -> bytes:
    """Put a packet behind a header of the link type; ``way`` picks the tags, or the byte order."""
    version = packet[0] >> 4 if packet else 4
    kind = b"\x86\xdd" if version == 6 else b"\x08\x00"
    tags = (b"", b"\x81\x00\x00\x05", b"\x88\xa8\x00\x07\x81\x00\x00\x05")[way % 3]
    if link in (0, 108):
        family = bytes([0, 0, 0, (24, 28, 30, 10)[way % 4] if version == 6 else 2])
        return (family[::-1] if link == 0 and way & 1 else family) + packet
    if link == 1 and way == 3:
        return bytes(12) + b"\x00\x40" + b"\xaa\xaa\x03\0\0\0" + kind + packet
    if link == 1:
        return bytes(12) + tags + kind + packet
    if link == 113:
        return bytes(14) + tags + kind + packet
    if link == 276:
        return (tags[:2] or kind) + bytes(18) + (tags[2:] + kind if tags else b"") + packet
    return packet


@st.composite
def hostile_frames(draw: st.DrawFn) -> tuple[bytes, int, int]:
    """Draw a frame with some octets changed, cut anywhere, of a wire length that may be anything."""
    packet = draw(st.one_of(st.sampled_from(seeds()), st.binary(min_size=1, max_size=100)))
    carrier = draw(st.one_of(st.none(), st.sampled_from(LINK_CARRIERS + TUNNELS)))
    if carrier is None:
        link = draw(st.sampled_from(LINKS))
        data = bytearray(with_link(packet, link, draw(st.integers(0, 3))))
    else:
        link = carrier.link
        data = bytearray(carrier.wrap(packet))
    for at, value in draw(st.lists(st.tuples(st.integers(0, 150), st.integers(0, 255)), max_size=4)):
        if at < len(data):
            data[at] = value
    cut = draw(st.one_of(st.just(len(data)), st.integers(0, len(data))))
    wire = draw(st.one_of(st.just(len(data)), st.integers(0, 200), st.just(2**32 - 1)))
    return bytes(data[:cut]), wire, link


def naive(frames: list[tuple[bytes, int, int]], mode: str) -> tuple[list[Segment], list[int]]:
    """Return what the frames must become: the segments, and the counters in the kernel's order."""
    rows = []
    counters = [0] * COUNTERS
    for number, (data, wire, link) in enumerate(frames, start=1):
        try:
            row = naive_decode(data, wire, link, mode)
        except Skip as skip:
            counters[SKIP_NAMES.index(skip.args[0])] += 1
        else:
            rows.append(row | {"frame": number, "time_ns": (number - 1) * 1000})
            counters[6] += 1
            counters[7] += bool(row["marks"] & MARK_BAD_CHECKSUM)
    return rows, counters


def agree(frames: list[tuple[bytes, int, int]], mode: str) -> None:
    """Assert that all forms give what the naive decoder gives, fingerprints as its identities."""
    rows, counters = naive(frames, mode)
    made = [Form(form, mode) for form in FORMS]
    found = [form.run(frames) for form in made]
    for form, got in zip(made, found, strict=True):
        assert list(form.counters) == counters
        bare = [{name: value for name, value in row.items() if name != "fingerprint"} for row in got]
        assert bare == [{name: value for name, value in row.items() if name != "identity"} for row in rows]
    prints = [row["fingerprint"] for row in found[0]]
    assert all([row["fingerprint"] for row in got] == prints for got in found)
    of_identity = defaultdict(set)
    of_print = defaultdict(set)
    for row, fingerprint in zip(rows, prints, strict=True):
        of_identity[row["identity"]].add(fingerprint)
        of_print[fingerprint].add(row["identity"])
    assert all(len(one) == 1 for one in of_identity.values())
    assert all(len(one) == 1 for one in of_print.values())


@settings(max_examples=400, deadline=None)
@given(st.lists(hostile_frames(), max_size=8), st.sampled_from(MODES))
def test_hostile_frames_never_raise_and_all_decoders_agree(
    frames: list[tuple[bytes, int, int]], mode: str
) -> None:
    agree(frames, mode)


HEADERS = {1: ethernet(b""), 8: bytes(16), 101: b"", 138: bytes(16) + b"\x08\x00", 228: b""}
OPTIONS = (
    b"",
    b"\x01\x01\x08\x0a" + bytes(range(8)),
    b"\x01\x01\x08\x0a" + bytes(range(8)) + b"\x01\x01\x05\x0a" + bytes(range(8)),
    b"\x01\x01\x08\x0a" + bytes(range(8)) + b"\x08\x0a" + bytes(range(10, 18)) + b"\x05\x03",
    b"\x01\x01\x05\x12" + bytes(range(16)),
    SYN_OPTIONS,
)


@st.composite
def nearly_straight_frame(draw: st.DrawFn) -> tuple[bytes, int]:
    """Draw a packet of the straight road, or one with something that may lead off it, and how much of it is cut."""
    ports = st.sampled_from([80, 81, 65535])
    addresses = st.sampled_from(["10.0.0.1", "10.0.0.2", "255.255.255.255"])
    payload = draw(st.sampled_from([b"", b"a", b"payload" * 12]))
    options = draw(st.sampled_from(OPTIONS))
    source, target = draw(addresses), draw(addresses)
    offloaded = ones(ip(source) + ip(target) + struct.pack(">II", 20 + len(options) + len(payload), 6))
    segment = tcp(
        source, target, sport=draw(ports), dport=draw(ports), flags=draw(st.integers(0, 511)), options=options,
        payload=payload, stored=draw(st.sampled_from([None, None, offloaded, 7])),
    )  # fmt: skip
    packet = ipv4(
        segment, source, target, ident=draw(st.integers(0, 2)), tos=draw(st.integers(0, 1)),
        fragment=draw(st.sampled_from([0x4000, 0x4000, 0, 0x8000, 0x2000, 1])),
        total=draw(st.one_of(st.none(), st.none(), st.integers(0, 120))),
        options=draw(st.sampled_from([b"", b"", b"", bytes(4)])),
    )  # fmt: skip
    data = bytearray(packet + bytes(draw(st.sampled_from([0, 0, 6]))))
    for at, value in draw(st.lists(st.tuples(st.integers(0, 90), st.integers(0, 255)), max_size=2)):
        if at < len(data):
            data[at] = value
    return bytes(data), draw(
        st.one_of(st.just(0), st.integers(0, len(payload) + 6), st.integers(0, len(data)))
    )


@pytest.mark.parametrize("form", FORMS)
@settings(max_examples=150, deadline=None)
@given(st.data())
def test_the_straight_road_gives_what_the_general_one_gives(form: str, data: st.DataObject) -> None:
    link, header = data.draw(st.sampled_from(list(HEADERS.items())))
    mode = data.draw(st.sampled_from(MODES))
    frames = [(b"", 0, link)]  # the link type is looked up on the general road
    for packet, cut in data.draw(st.lists(nearly_straight_frame(), max_size=8)):
        frame = header + packet
        frames.append((frame[: len(frame) - cut], data.draw(st.sampled_from([len(frame), 0, 2**31])), link))
    straight, general = Form(form, mode, 16), Form(form, mode, 16)
    general.kernel.straight = 0
    assert straight.run(frames) == general.run(frames)
    assert straight.counters == general.counters


@pytest.mark.parametrize("link", HEADERS)
@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("form", FORMS)
def test_what_most_frames_are_takes_the_straight_road(form: str, options: bytes, link: int) -> None:
    decoder = Form(form)
    frame = HEADERS[link] + ipv4(tcp(options=options))
    decoder.run([(b"", 0, link)])
    assert len(decoder.run([(frame, 0, link)])) == 1
    assert decoder.network.stop == 0  # the general road leaves behind where the datagram ends
    decoder.kernel.straight = 0
    assert len(decoder.run([(frame, 0, link)])) == 1
    assert decoder.network.stop > 0


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.tuples(st.binary(max_size=120), st.integers(0, 300), st.sampled_from(ALL_LINKS)), max_size=8)
)
def test_random_octets_never_raise_and_all_decoders_agree(frames: list[tuple[bytes, int, int]]) -> None:
    agree(frames, "all")


@pytest.mark.parametrize("link", LINKS)
def test_every_packet_cut_at_every_length_is_the_same_to_all(link: int) -> None:
    for packet in seeds():
        for way in range(4):
            whole = with_link(packet, link, way)
            agree([(whole[:cut], len(whole), link) for cut in range(len(whole) + 1)], "all")
            agree([(whole[:cut], 0, link) for cut in range(len(whole) + 1)], "flags")


@pytest.mark.parametrize("carrier", LINK_CARRIERS + TUNNELS, ids=lambda carrier: carrier.name)
def test_every_carrier_cut_and_changed_anywhere_is_the_same_to_all(carrier: Carrier) -> None:
    random_ = random.Random(carrier.name)
    packet = seeds()[1 if 4 in carrier.versions else 6]
    whole = carrier.wrap(packet)
    agree([(whole[:cut], len(whole), carrier.link) for cut in range(len(whole) + 1)], "all")
    agree([(whole[:cut], 0, carrier.link) for cut in range(len(whole) + 1)], "flags")
    frames = [
        (whole[:at] + bytes([value]) + whole[at + 1 :], 0, carrier.link)
        for at in range(whole.index(packet) + 40)
        for value in (0, 255, whole[at] ^ 1, whole[at] ^ 0x40, random_.randrange(256))
    ]
    agree(frames, "all")


@pytest.mark.parametrize("packet", seeds())
def test_every_octet_changed_is_the_same_to_all(packet: bytes) -> None:
    random_ = random.Random(packet)
    frames = []
    for at in range(len(packet)):
        for value in (0, 255, packet[at] ^ 1, random_.randrange(256)):
            frames.append((packet[:at] + bytes([value]) + packet[at + 1 :], 0, 101))
    agree(frames, "all")


@pytest.mark.parametrize("packet", seeds())
def test_the_fingerprint_sees_every_bit_but_ttl_and_header_checksum(packet: bytes) -> None:
    ignored = {8, 10, 11} if packet[0] >> 4 == 4 else {7}
    decoder = Form(FORMS[-1])
    first = decoder.one(packet, link=101)
    header_end = len(packet) - len(first["payload"])
    for bit in range(8 * header_end):
        changed = bytearray(packet)
        changed[bit // 8] ^= 0x80 >> bit % 8
        rows = decoder.run([(bytes(changed), 0, 101)])
        if rows:
            same = rows[0]["fingerprint"] == first["fingerprint"]
            assert same == (bit // 8 in ignored), f"bit {bit}"


def test_other_keys_give_other_fingerprints_and_nothing_else_changes() -> None:
    frames = [(packet, 0, 101) for packet in seeds()]
    other = KEYS[::-1]
    first, second = Form(FORMS[-1]).run(frames), Form(FORMS[-1], keys=other).run(frames)
    assert [row.pop("fingerprint") for row in first] != [row.pop("fingerprint") for row in second]
    assert first == second


@pytest.mark.parametrize("payload", [b"", b"a", b"abcd", b"x" * 63, b"x" * 200])
def test_only_with_offload_the_first_64_octets_of_payload_tell_packets_apart(payload: bytes) -> None:
    decoder = Form(FORMS[-1])
    body = tcp(payload=payload)
    for stored in (None, decoder_offload(len(body))):
        packet = ethernet(ipv4(tcp(payload=payload, stored=stored)))
        begin = len(packet) - len(payload)
        print_ = decoder.one(packet)["fingerprint"]
        for at in range(len(payload)):
            changed = bytearray(packet)
            changed[begin + at] ^= 1
            same = decoder.one(bytes(changed))["fingerprint"] == print_
            assert same == (stored is None or at >= 64)


def decoder_offload(octets: int) -> int:
    """Return the folded sum of the pseudo-header between the ends that ``tcp`` takes by default."""
    total = 0xC000 + 0x0201 + 0xC633 + 0x6402 + 6 + octets  # 192.0.2.1, 198.51.100.2
    return (total & 0xFFFF) + (total >> 16)
