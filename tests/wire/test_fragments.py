"""Fragments become the datagram that they were cut from, or are refused: RFC 791 3.2, RFC 8200 4.5, RFC 5722."""

import random
import shutil
import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tcptrace
from tcptrace.model.columns import COUNT_FRAGMENT, COUNT_SEGMENTS, Frames
from tcptrace.wire.decoder import Decoder
from tcptrace.wire.fragments import LIFETIME_NS, MAX_DATAGRAMS, MAX_HELD, Fragments, Whole
from tests.test_peers import compare, tshark_counts
from tests.wire.carriers import TUNNELS, ethernet_frame
from tests.wire.decode_frames import columns, ip, ipv4, ipv6, tcp
from tests.wire.naive_fragments import Fragment, cut, put_together
from tests.wire.test_carriers import pcap

SECOND_NS = 1_000_000_000
PAYLOAD = bytes(random.Random(791).randrange(256) for _ in range(3000))
SEGMENT4 = tcp(flags=0x18, payload=PAYLOAD)
SEGMENT6 = tcp("2001:db8::1", "2001:db8::2", flags=0x18, payload=PAYLOAD)


def fragment4(fragment: Fragment, ident: int = 7, protocol: int = 6, options: bytes = b"") -> bytes:
    word = fragment.offset >> 3 | (0 if fragment.is_last else 0x2000)
    return ipv4(fragment.data, ident=ident, fragment=word, protocol=protocol, options=options)


def fragment6(fragment: Fragment, ident: int = 7, protocol: int = 6, before: bytes = b"") -> bytes:
    """``before``: extension headers in front of the fragment header, the first of which is hop-by-hop options."""
    head = struct.pack(">BBHI", protocol, 0, fragment.offset | (not fragment.is_last), ident)
    return ipv6(before + head + fragment.data, kind=0 if before else 44)


def make(version: int, fragment: Fragment, ident: int = 7, protocol: int = 6) -> bytes:
    return (fragment4 if version == 4 else fragment6)(fragment, ident, protocol)


def whole_packet(version: int) -> bytes:
    return ipv4(SEGMENT4) if version == 4 else ipv6(SEGMENT6)


def segment(version: int) -> bytes:
    return SEGMENT4 if version == 4 else SEGMENT6


class Feed:
    """A reassembler that is fed packets."""

    def __init__(self) -> None:
        self.fragments = Fragments()
        self.frames = 0

    def add(self, packet: bytes, time_ns: int = 0, captured: int | None = None) -> Whole | None:
        self.frames += 1
        header = (packet[0] & 15) * 4 if packet[0] >> 4 == 4 else 48
        return self.fragments.add(packet[:captured], len(packet), header, time_ns, self.frames)


def found(
    packets: list[bytes], link: int = 101, captured: int = 1 << 20
) -> tuple[list[tuple[int, int, bytes]], int]:
    """Return frame, payload length and captured payload of each segment, and how many frames are fragments."""
    decoder = Decoder("all")
    buffer, table = columns([(packet[:captured], len(packet), link) for packet in packets])
    rows = []
    for octets, made in decoder.runs(buffer, table, len(packets)):
        for i in range(made):
            s = decoder.segments
            begin = s.payload[i]
            payload = bytes(octets[begin : begin + s.payload_captured[i]])
            rows.append((s.frame[i], s.length[i], payload))
            assert not s.marks[i] & 1  # the checksum is right
    counted = decoder.counters[COUNT_FRAGMENT]
    assert decoder.counters[COUNT_SEGMENTS] == len(rows)
    assert len(packets) == len(rows) + sum(decoder.skipped.values())
    return rows, counted


# ---- any order, duplication, overlap, loss

CONTENT = PAYLOAD[:400]
sizes = st.lists(st.integers(1, 12), max_size=12)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from([4, 6]), sizes, st.randoms(use_true_random=False))
def test_fragments_in_any_order_and_more_than_once_are_the_datagram_when_the_last_has_come(
    version: int, sizes: list[int], shuffler: random.Random
) -> None:
    pieces = cut(CONTENT, sizes)
    if len(pieces) == 1:
        return
    sent = pieces + [piece for piece in pieces if shuffler.random() < 0.3]
    shuffler.shuffle(sent)
    expected = put_together(sent)
    assert expected is not None
    feed = Feed()
    wholes = [feed.add(make(version, piece)) for piece in sent[: expected[0] + 1]]
    assert wholes[:-1] == [None] * expected[0]
    made = wholes[-1]
    assert made is not None
    header = 20 if version == 4 else 48
    assert made.octets[header:] == expected[1] == CONTENT
    assert made.size == header + len(CONTENT)
    assert sorted(made.frames) == list(made.frames) or len(set(made.frames)) == len(made.frames)
    assert feed.fragments.waiting == feed.fragments.held == 0


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from([4, 6]),
    st.lists(st.tuples(st.integers(0, 12), st.integers(1, 6), st.booleans(), st.integers(0, 1)), max_size=14),
)
def test_fragments_that_overlap_give_no_datagram_and_never_will(
    version: int, drawn: list[tuple[int, int, bool, int]]
) -> None:
    sent = [
        Fragment(8 * at, bytes([fill]) * (8 * size - 3 * is_last), is_last)
        for at, size, is_last, fill in drawn
    ]
    sent = [piece for piece in sent if not (piece.offset == 0 and piece.is_last)]  # that is no fragment
    expected = put_together(sent)
    feed = Feed()
    first = next(
        (
            (place, made)
            for place, piece in enumerate(sent)
            if (made := feed.add(make(version, piece))) is not None
        ),
        None,
    )
    if expected is None:
        assert first is None
    else:
        assert first is not None
        assert (first[0], first[1].octets[20 if version == 4 else 48 :]) == expected


@settings(max_examples=100, deadline=None)
@given(st.sampled_from([4, 6]), sizes, st.data())
def test_without_one_of_its_fragments_there_is_no_datagram(
    version: int, sizes: list[int], data: st.DataObject
) -> None:
    pieces = cut(CONTENT, sizes)
    lost = data.draw(st.integers(0, len(pieces) - 1))
    feed = Feed()
    assert [feed.add(make(version, piece)) for i, piece in enumerate(pieces) if i != lost] == [None] * (
        len(pieces) - 1
    )


@settings(max_examples=100, deadline=None)
@given(st.randoms(use_true_random=False))
def test_datagrams_between_each_other_are_kept_apart(shuffler: random.Random) -> None:
    contents = {ident: bytes([ident]) * (100 + ident) for ident in range(20)}
    sent = [(ident, piece) for ident, content in contents.items() for piece in cut(content, [3, 4, 5])]
    shuffler.shuffle(sent)
    feed = Feed()
    made = [feed.add(make(4 + 2 * (ident % 2), piece, ident // 2)) for ident, piece in sent]
    assert sorted(each.octets[-ident_size(each) :] for each in made if each) == sorted(contents.values())


def ident_size(whole: Whole) -> int:
    return whole.size - (20 if whole.octets[0] >> 4 == 4 else 48)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.binary(max_size=80), st.integers(0, 3), st.integers(-5, 5)), max_size=12))
def test_no_octets_raise(drawn: list[tuple[bytes, int, int]]) -> None:
    feed = Feed()
    for octets, ident, seconds in drawn:
        word = int.from_bytes(octets[:2].ljust(2, b"\0"), "big")
        feed.add(ipv4(octets, ident=ident, fragment=word), seconds * 30 * SECOND_NS)
        feed.add(ipv6(struct.pack(">BBHI", 6, 0, word, ident) + octets, kind=44), seconds * 30 * SECOND_NS)
        assert 0 <= feed.fragments.held <= MAX_HELD


# ---- what is no fragment of anything


@pytest.mark.parametrize("version", [4, 6])
def test_lengths_that_cannot_be_are_passed_over(version: int) -> None:
    feed = Feed()
    assert feed.add(make(version, Fragment(0, b"x" * 17, False))) is None  # not a multiple of eight
    assert feed.add(make(version, Fragment(8, b"", True))) is None
    assert feed.add(make(version, Fragment(65_528, b"x" * 64, True))) is None  # the ping of death
    assert feed.fragments.waiting == 0


# ---- time and memory


@pytest.mark.parametrize("version", [4, 6])
def test_what_comes_after_its_time_is_another_datagram(version: int) -> None:
    first, second = cut(CONTENT, [10])[:2]
    for late, is_whole in ((LIFETIME_NS, True), (LIFETIME_NS + 1, False), (-LIFETIME_NS - 1, False)):
        feed = Feed()
        assert feed.add(make(version, first), 0) is None
        assert (feed.add(make(version, second), late) is not None) == is_whole
        if not is_whole:
            assert feed.add(make(version, first), late) is not None


def test_a_refused_datagram_is_refused_until_its_time_has_passed() -> None:
    first, second = cut(CONTENT, [10])[:2]
    feed = Feed()
    feed.add(fragment4(first), 0)
    feed.add(fragment4(Fragment(8, bytes(8), False)), 0)
    assert [feed.add(fragment4(piece), LIFETIME_NS) for piece in (first, second)] == [None, None]
    later = LIFETIME_NS + 1
    assert [feed.add(fragment4(piece), later) is not None for piece in (first, second)] == [False, True]


def test_memory_is_bounded_and_the_oldest_is_given_up() -> None:
    feed = Feed()
    first, second = cut(CONTENT, [10])[:2]
    for ident in range(MAX_DATAGRAMS + 10):
        feed.add(fragment4(first, ident))
    assert feed.fragments.waiting == MAX_DATAGRAMS
    assert feed.add(fragment4(second, MAX_DATAGRAMS)) is not None
    assert feed.add(fragment4(second, 3)) is None  # it waits alone: its beginning was given up
    large = Fragment(0, bytes(60_000), False)
    for ident in range(200):
        feed.add(fragment4(large, ident, protocol=17))
        assert feed.fragments.held <= MAX_HELD
    assert feed.fragments.waiting < 80
    tiny = Feed()
    for ident in range(5):
        packet = fragment4(Fragment(0, bytes(8), False), ident)
        for place in range(4500):
            word = struct.pack(">H", 0x2000 | place)
            tiny.fragments.add(packet[:6] + word + packet[8:], 28, 20, 0, 1)
        assert tiny.fragments.held <= MAX_HELD
    assert tiny.fragments.waiting == 4


# ---- in the decoder


@pytest.mark.parametrize("version", [4, 6])
@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_a_segment_counts_at_the_frame_that_completed_it(version: int, order: tuple[int, ...]) -> None:
    pieces = [make(version, piece) for piece in cut(segment(version), [100, 150])]
    other = whole_packet(version)
    frames = [other, pieces[order[0]], other, pieces[order[1]], pieces[order[2]], other]
    rows, fragments = found(frames)
    assert rows == [(frame, 3000, PAYLOAD) for frame in (1, 3, 5, 6)]
    assert fragments == 2


def test_options_and_extension_headers_of_the_first_fragment_stand() -> None:
    pieces = cut(SEGMENT4, [180])
    route = b"\x83\x07\x04" + ip("198.51.100.9") + b"\0"
    body = tcp("192.0.2.1", "198.51.100.9", flags=0x18, payload=PAYLOAD)
    pieces = cut(body, [180])
    rows, _ = found([fragment4(pieces[0], options=route), fragment4(pieces[1])])
    assert rows == [(2, 3000, PAYLOAD)]
    before = bytes([44, 0]) + b"\x01\x04" + bytes(4)
    rows, _ = found([fragment6(piece, before=before) for piece in cut(SEGMENT6, [180])])
    assert rows == [(2, 3000, PAYLOAD)]


def test_a_datagram_that_is_no_tcp_counts_as_what_it_is() -> None:
    udp = struct.pack(">HHHH", 5, 53, 408, 0) + CONTENT
    decoder = Decoder()
    buffer, table = columns([(fragment4(piece, protocol=17), 0, 101) for piece in cut(udp, [20])])
    assert [made for _, made in decoder.runs(buffer, table, 2)] == [0]
    assert decoder.skipped["not_tcp"] == decoder.skipped["fragment"] == 1
    assert decoder.link_names == ["RAW"]


def test_what_a_short_snap_length_cut_counts_by_its_lengths() -> None:
    pieces = [fragment4(piece) for piece in cut(SEGMENT4, [100, 150])]
    rows, fragments = found(pieces, captured=100)
    assert rows == [(3, 3000, PAYLOAD[:60])]
    assert fragments == 2
    assert found(pieces, captured=30) == ([], 2)  # it is truncated now: its TCP header is not there


@pytest.mark.parametrize("carrier", TUNNELS, ids=lambda carrier: carrier.name)
def test_fragments_in_a_tunnel_and_a_tunnel_in_fragments(carrier: object) -> None:
    assert isinstance(carrier, tuple)
    wrap, versions = carrier[2], carrier[3]
    for version in versions:
        inside = [wrap(make(version, piece)) for piece in cut(segment(version), [100, 150])]
        assert found(inside, link=1) == ([(3, 3000, PAYLOAD)], 2)
        outer = wrap(whole_packet(version))
        if outer[12:14] == b"\x08\0":
            body, protocol = outer[34:], outer[23]
            cut_outer = [
                ethernet_frame(fragment4(piece, protocol=protocol)) for piece in cut(body, [100, 150])
            ]
            assert found(cut_outer, link=1) == ([(3, 3000, PAYLOAD)], 2)
            both = [
                ethernet_frame(fragment4(piece, 90 + number, protocol))
                for number, packet in enumerate(inside)
                for piece in cut(packet[34:], [60])
            ]
            rows, fragments = found(both, link=1)
            assert [row[1:] for row in rows] == [(3000, PAYLOAD)]
            assert fragments == len(both) - 1


def test_fragments_in_fragments_are_bounded() -> None:
    packets = [ipv4(SEGMENT4)]
    for level in range(12):
        packets = [
            fragment4(piece, 50 * level + number, protocol=4)
            for number, packet in enumerate(packets)
            for piece in cut(packet, [len(packet) // 16])
        ][-2:]
        rows, fragments = found(packets)
        assert len(rows) + fragments == len(packets)


@pytest.mark.parametrize("size", [1, 2, 3, 5, 100])
def test_where_a_batch_ends_changes_nothing(size: int) -> None:
    frames = []
    for ident in range(9):
        frames += [
            make(4 + 2 * (ident % 2), piece, ident) for piece in cut(segment(4 + 2 * (ident % 2)), [90, 99])
        ]
        frames.append(whole_packet(4))
    random.Random(8200).shuffle(frames)
    decoder = Decoder()
    rows = []
    for first in range(0, len(frames), size):
        batch = frames[first : first + size]
        buffer, table = columns([(frame, 0, 101) for frame in batch])
        for i in range(len(batch)):
            table.number[i], table.time_ns[i] = first + i + 1, (first + i) * 1_000_000_000
        for _, made in decoder.runs(buffer, table, len(batch)):
            rows += [(decoder.segments.frame[i], decoder.segments.length[i]) for i in range(made)]
    assert len(rows) == 18
    assert rows == sorted(rows)
    assert decoder.skipped["fragment"] == 18


def test_no_more_columns_are_written_than_there_are() -> None:
    frames = Frames.empty(2)
    with pytest.raises(ValueError, match="2 frames for columns of 1"):
        list(Decoder(size=1).runs(b"", frames, 2))


# ---- peers


def conversation(version: int) -> list[bytes]:
    """Return a request whose data comes in fragments, in both directions, once with copies and once out of order."""
    source, target = ("192.0.2.1", "198.51.100.2") if version == 4 else ("2001:db8::1", "2001:db8::2")

    def packets(flags: int, seq: int, ack: int, payload: bytes, is_answer: bool, ident: int) -> list[bytes]:
        a, b, ports = (target, source, (80, 40_000)) if is_answer else (source, target, (40_000, 80))
        body = tcp(a, b, sport=ports[0], dport=ports[1], seq=seq, ack=ack, flags=flags, payload=payload)
        made = []
        pieces = cut(body, [64, 64]) if payload else []
        for piece in pieces:
            if version == 4:
                word = piece.offset >> 3 | (0 if piece.is_last else 0x2000)
                made.append(ipv4(piece.data, a, b, ident=ident, fragment=word))
            else:
                head = struct.pack(">BBHI", 6, 0, piece.offset | (not piece.is_last), ident)
                made.append(ipv6(head + piece.data, a, b, kind=44))
        if not pieces:
            made.append(ipv4(body, a, b, ident=ident) if version == 4 else ipv6(body, a, b))
        return made

    request = packets(0x18, 101, 501, PAYLOAD[:1400], False, 4)
    answer = packets(0x18, 501, 1501, PAYLOAD[:1500], True, 5)
    atomic = ipv6(
        b"\x06\0\0\0\0\0\0\x09" + tcp(source, target, sport=40_000, dport=80, seq=1501, ack=2001), kind=44
    )
    return [
        *packets(0x02, 100, 0, b"", False, 1),
        *packets(0x12, 500, 101, b"", True, 2),
        *packets(0x10, 101, 501, b"", False, 3),
        *request[:2],
        request[1],
        request[2],
        *answer[::-1],
        *([atomic] if version == 6 else packets(0x10, 1501, 2001, b"", False, 6)),
        *packets(0x18, 1501, 2001, PAYLOAD[:900], False, 7)[:1],  # the others are lost
        *packets(0x11, 2401, 2001, b"", False, 8),
    ]


@pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")
@pytest.mark.parametrize("version", [4, 6])
def test_tshark_reassembles_to_the_same_streams_segments_and_octets(version: int, tmp_path: Path) -> None:
    path = tmp_path / "fragments.pcap"
    frames = conversation(version)
    path.write_bytes(pcap(101, frames))
    counts = tshark_counts(path)
    analysis = tcptrace.analyze(str(path))
    (connection,) = analysis
    assert compare([connection], counts.streams) == []
    assert (connection.data_bytes.client, connection.data_bytes.server) == (1400, 1500)
    capture = analysis.capture
    assert capture.tcp_segments == counts.segments == 7
    assert capture.skipped["fragment"] == len(frames) - 7 == 6


@pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")
def test_scapy_cuts_and_we_and_tshark_put_together(tmp_path: Path) -> None:
    from scapy.layers.inet import IP, TCP, fragment
    from scapy.layers.inet6 import IPv6, IPv6ExtHdrFragment, fragment6

    segment = TCP(sport=40_000, dport=80, flags="S", seq=9) / PAYLOAD
    four = fragment(IP(src="192.0.2.1", dst="198.51.100.2", id=77) / segment, fragsize=512)
    six = fragment6(IPv6(src="2001:db8::1", dst="2001:db8::2") / IPv6ExtHdrFragment(id=5) / segment, 800)
    frames = [bytes(packet) for packet in (*four, *six)]
    path = tmp_path / "scapy.pcap"
    path.write_bytes(pcap(101, frames))
    counts = tshark_counts(path)
    analysis = tcptrace.analyze(str(path))
    assert compare(analysis, counts.streams) == []
    assert analysis.capture.tcp_segments == counts.segments == 2
    assert analysis.capture.skipped["fragment"] == len(frames) - 2


def test_the_application_is_told_by_what_comes_in_fragments() -> None:
    get = b"GET / HTTP/1.1\r\nHost: example.org\r\nCookie: " + b"x" * 2000 + b"\r\n\r\n"
    body = tcp(flags=0x18, sport=40_000, dport=80, payload=get)
    opening = [ipv4(tcp(flags=0x02, sport=40_000, dport=80, seq=999, ack=0))]
    frames = opening + [fragment4(piece) for piece in cut(body, [100])]
    (connection,) = tcptrace.analyze(pcap(101, frames))
    assert connection.application == "http"
    assert connection.data_bytes.client == len(get)


def test_a_segment_in_fragments_that_was_captured_twice_is_marked(tmp_path: Path) -> None:
    pieces = [fragment4(piece) for piece in cut(SEGMENT4, [100])]
    analysis = tcptrace.analyze(pcap(101, [pieces[0], pieces[1], pieces[0], pieces[1]]))
    (connection,) = analysis
    assert (connection.packets.client, connection.duplicates.client) == (2, 1)
