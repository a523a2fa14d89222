"""tcpdump prints a capture, the text is read back, and dpkt says what the capture really holds."""

import gzip
import os
import subprocess
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import dpkt
import pytest

from tcptrace.wire.printed import PrintedReader, is_printed

ROOT = Path(__file__).parents[2]
KERNEL = sorted((ROOT / "tests" / "data" / "kernel").glob("*.pcap"))
SHARED = ROOT.parent / "shared" / "data"
REAL = sorted(path for path in (SHARED / "real").glob("*") if path.suffix != ".md")
BARE = 0x17 & ~0x10  # SYN, FIN, RST: with one of these, or payload, the sequence number is printed


class Seen(NamedTuple):
    """A segment as dpkt decodes it from the capture, or from the frames made of the text."""

    time_ns: int
    source: tuple[bytes, int]
    destination: tuple[bytes, int]
    flags: int
    seq: int
    ack: int
    window: int
    urgent: int
    options: list[tuple[int, bytes]]
    offset: int  # header length in words; 0 where padding follows the options' end, which is not printed
    length: int


def prints(path: Path, *options: str) -> bytes:
    data = path.read_bytes()
    if path.suffix == ".gz":
        data = gzip.decompress(data)
    done = subprocess.run(
        ["tcpdump", "-r", "-", *options],
        input=data,
        capture_output=True,
        check=False,
        env={**os.environ, "TZ": "UTC"},
    )
    return done.stdout


def read(text: bytes) -> tuple[list[tuple[int, bytes, int]], PrintedReader]:
    reader = PrintedReader()
    reader.feed(text)
    reader.finish()
    return [frame[:3] for frame in reader.take(1 << 30)], reader


def ip_of(octets: bytes, link: int) -> object | None:
    """The IP packet of a frame, or None; dpkt raises on what it cannot decode."""
    try:
        if link in (dpkt.pcap.DLT_EN10MB, dpkt.pcap.DLT_LINUX_SLL):
            start = 12 if link == dpkt.pcap.DLT_EN10MB else 14
            while octets[start : start + 2] in (b"\x81\0", b"\x88\xa8"):
                start += 4
            if octets[start : start + 2] not in (b"\x08\0", b"\x86\xdd"):
                return None
            octets = octets[start + 2 :]
        elif link == dpkt.pcap.DLT_NULL:
            octets = octets[4:]
        return dpkt.ip.IP(octets) if octets and octets[0] >> 4 == 4 else dpkt.ip6.IP6(octets)
    except (dpkt.UnpackError, IndexError):
        return None


def seen(time_ns: int, octets: bytes, link: int) -> Seen | None:
    """What dpkt sees in a frame; None where there is no whole TCP header."""
    ip = ip_of(octets, link)
    if ip is None or not isinstance(ip.data, dpkt.tcp.TCP):
        return None
    tcp = ip.data
    total = ip.len - ip.hl * 4 if isinstance(ip, dpkt.ip.IP) else ip.plen
    raw = bytes(tcp.opts)
    options = []
    while raw and raw[0]:  # up to the end of the list; tcpdump prints nothing beyond it
        if raw[0] == 1:
            options.append((1, b""))
            raw = raw[1:]
            continue
        if len(raw) < 2 or raw[1] < 2 or raw[1] > len(raw):
            break
        options.append((raw[0], raw[2 : raw[1]]))
        raw = raw[raw[1] :]
    return Seen(
        time_ns,
        (ip.src, tcp.sport),
        (ip.dst, tcp.dport),
        tcp.flags,
        tcp.seq,
        tcp.ack if tcp.flags & 0x10 else 0,
        tcp.win,  # tcpdump prints neither ack nor urg without their bits
        tcp.urp if tcp.flags & 0x20 else 0,
        options,
        0 if raw else tcp.off,
        total - tcp.off * 4,
    )


def micro_ns(time: float | Decimal) -> int:
    """dpkt's time cut to tcpdump's microseconds; it gives decimals for captures in nanoseconds."""
    return (int(time * 10**6) if isinstance(time, Decimal) else round(time * 1e6)) * 1000


def truth(path: Path) -> list[Seen | None]:
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
        capture = dpkt.pcap.UniversalReader(file)
        link = capture.datalink()
        return [seen(micro_ns(time), octets, link) for time, octets in capture]


def must_agree(path: Path, text: bytes, *, with_time: bool = True) -> int:
    """Assert that the text gives the capture's segments, frame by frame; return how many."""
    frames, _ = read(text)
    expected = truth(path)
    assert len(frames) == len(expected)
    count = 0
    for number, ((time_ns, octets, wire), real) in enumerate(zip(frames, expected, strict=True), 1):
        made = seen(time_ns, octets, 101)
        if made is None:
            continue
        assert real is not None, f"frame {number} is no TCP segment"
        if not with_time:
            made, real = made._replace(time_ns=0), real._replace(time_ns=0)
        assert made == real, f"frame {number}"
        assert len(octets) <= wire
        count += 1
    segments = [one for one in expected if one is not None]
    assert count >= len(segments) * 0.9  # the rest is what tcpdump itself calls bad or cannot decode
    return count


def test_there_are_captures_to_read() -> None:
    assert len(KERNEL) >= 20


@pytest.mark.parametrize(
    "options",
    [
        ("-tttt",),
        ("-tt", "-v"),
        ("-tt", "-vv"),
        ("-S", "-tt"),
        ("-S", "-tttt", "-vvv"),
        ("-e", "-tt"),
        ("-tt", "-x"),
        ("-tt", "-A"),
        ("-tttt", "-X", "-v", "-e"),
    ],
    ids=" ".join,
)
def test_every_field_of_our_captures_is_what_dpkt_decodes(options: tuple[str, ...]) -> None:
    for path in KERNEL:
        assert must_agree(path, prints(path, "-n", *options)) > 0


@pytest.mark.skipif(not REAL, reason="the shared real captures are not here")
@pytest.mark.parametrize(
    "options", [("-tt", "-vv"), ("-S", "-vv", "-tttt"), ("-S", "-e", "-vv", "-tt")], ids=" ".join
)
def test_every_field_of_real_captures_is_what_dpkt_decodes(options: tuple[str, ...]) -> None:
    count = 0
    for path in REAL:
        text = prints(path, "-n", *options)
        if text:
            count += must_agree(path, text)
    assert count > 3000


@pytest.mark.skipif(not REAL, reason="the shared real captures are not here")
def test_without_vv_all_but_bare_acks_have_the_numbers_of_the_capture() -> None:
    """A bare ACK is printed without its sequence number; with payload, SYN, FIN or RST it must be right."""
    bare = keep_alives = wrong = 0
    for path in REAL:
        text = prints(path, "-n", "-S", "-tt")
        frames, _ = read(text)
        for (time_ns, octets, _), real in zip(frames, truth(path) if text else [], strict=True):
            made = seen(time_ns, octets, 101)
            if made is None or real is None:
                continue
            if real.length or real.flags & BARE:
                assert made == real
            else:
                bare += 1
                keep_alives += made.seq == (real.seq + 1) % 2**32  # or a copy that came late
                wrong += made.seq not in (real.seq, (real.seq + 1) % 2**32)
                assert made == real._replace(seq=made.seq)
    assert bare > 1000
    assert keep_alives < 160  # nearly all in nDPI-nest_log_sink, which is full of them
    assert wrong <= 4  # first of their direction, or reordered


@pytest.mark.parametrize("begin", [1, 2, 3, 5])
@pytest.mark.parametrize("options", [("-S",), ()], ids=["absolute", "relative"])
def test_a_listing_cut_at_its_beginning_goes_on_without_a_jump(begin: int, options: tuple[str, ...]) -> None:
    """Whatever the first lines mean, sequence numbers of later ones differ as they do in the capture."""
    path = next(path for path in KERNEL if path.name == "close_by_server@client.pcap")
    lines = prints(path, "-n", "-tt", *options).split(b"\n")
    frames, _ = read(b"\n".join(lines[begin:]))
    real = [one for one in truth(path)[begin:] if one is not None]
    made = [one for one in (seen(time, octets, 101) for time, octets, _ in frames) if one is not None]
    assert len(made) == len(real) > 4
    for side in {one.source for one in real}:
        # From the second segment of a side on: the first one may be a bare ACK of a side not heard of before.
        offsets = {
            (ours.seq - theirs.seq) % 2**32
            for ours, theirs in zip(made, real, strict=True)
            if theirs.source == side and (theirs.length or theirs.flags & BARE)
        }
        assert len(offsets) <= 1


def written(tmp_path: Path, packets: list[bytes], times: list[float] | None = None) -> Path:
    """A RAW capture of the packets, a second apart or at the times given."""
    path = tmp_path / "made.pcap"
    with path.open("wb") as file:
        writer = dpkt.pcap.Writer(file, linktype=12)
        for index, packet in enumerate(packets):
            writer.writepkt(packet, ts=times[index] if times else 1.0e9 + index)
    return path


def tcp6(flags: int, seq: int, ack: int, payload: bytes = b"", opts: bytes = b"") -> bytes:
    tcp = dpkt.tcp.TCP(
        sport=49329, dport=8000, seq=seq, ack=ack, flags=flags, win=77, opts=opts, data=payload
    )
    tcp.off = 5 + len(opts) // 4
    loopback = bytes(15) + b"\1"
    return bytes(
        dpkt.ip6.IP6(nxt=6, hlim=64, plen=len(tcp), src=loopback, dst=loopback, data=tcp, v=6, fc=0, flow=0)
    )


OPTIONS = [
    bytes.fromhex("020405b4 01 030307 0402 00 00"),
    bytes.fromhex("0101 080a 00000001 fffffffe"),
    bytes.fromhex("0101 0512 10000005 10000009 10000010 10000011"),
    bytes.fromhex("220a 6162636465666768 0000"),  # Fast Open, RFC 7413
    bytes.fromhex("2202 0101"),  # and the request for a cookie
    bytes.fromhex("fe08 f989 61626364"),  # its experimental form
    bytes.fromhex("fe04 f989"),
    bytes.fromhex("fd04 7879"),
    bytes.fromhex("1c04 8005"),  # user timeout, RFC 5482
    bytes.fromhex("1d10 0102 6162636465666768696a6b6c"),  # TCP-AO, RFC 5925
    bytes.fromhex("1312 00112233445566778899aabbccddeeff 0101"),  # MD5, RFC 2385
    bytes.fromhex("0b06 00000005 0606 00000006 0706 ffffffff 0000"),
]


@pytest.mark.parametrize("opts", OPTIONS, ids=lambda opts: opts.hex())
@pytest.mark.parametrize("words", [("-vv",), ("-S",)], ids=" ".join)
def test_options_and_ipv6_come_back_octet_by_octet(
    tmp_path: Path, opts: bytes, words: tuple[str, ...]
) -> None:
    packets = [
        tcp6(0x02, 0x10000000, 0, opts=opts),
        tcp6(0x12, 2**32 - 3, 0x10000001, opts=opts),
        tcp6(0x18, 2**32 - 2, 0x10000001, b"x" * 9, opts=opts),
        tcp6(0xF9, 7, 0x10000001, b"y", opts=opts),
    ]
    path = written(tmp_path, packets)
    assert must_agree(path, prints(path, "-n", "-tttt", *words)) == len(packets)
    frames, _ = read(prints(path, "-n", "-tttt", *words))
    for (_, made, wire), real in zip(frames, packets, strict=True):
        assert made[60:] == real[60 : 60 + len(opts)]
        assert wire == len(real)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("-tt",), [1e9, 1e9 + 3, 1e9 + 2, 1e9 + 86400]),
        (("-tttt",), [1e9, 1e9 + 3, 1e9 + 2, 1e9 + 86400]),
        # 2001-09-09 01:46:40 UTC is 6400 s into its day; that a day passed, only a date shows.
        ((), [6400, 6403, 6402, 6400]),
        (("-t",), [0, 0, 0, 0]),
    ],
    ids=["epoch", "date", "time of day", "none"],
)
def test_times_are_those_that_tcpdump_printed(
    tmp_path: Path, words: tuple[str, ...], expected: list[float]
) -> None:
    path = written(tmp_path, [tcp6(0x02, 1, 0)] * 4, [1e9, 1e9 + 3, 1e9 + 2, 1e9 + 86400])
    frames, reader = read(prints(path, "-n", *words))
    assert [time for time, _, _ in frames] == [int(time * 10**9) for time in expected]
    assert reader.date_known == (words in (("-tt",), ("-tttt",)))


@pytest.mark.parametrize("word", ["-ttt", "-ttttt"])
def test_deltas_are_told_apart_by_whether_they_grow(tmp_path: Path, word: str) -> None:
    times = [1e9 + step for step in (0, 1.5, 1.75, 4, 4.5, 4.5, 7, 10, 10.25, 11)]
    path = written(tmp_path, [tcp6(0x02, 1, 0)] * len(times), times)
    frames, reader = read(prints(path, "-n", word))
    assert [time for time, _, _ in frames] == [int((time - 1e9) * 10**9) for time in times]
    assert not reader.date_known


def test_every_printed_capture_is_known_as_text() -> None:
    for path in KERNEL:
        for words in (
            (),
            ("-n", "-tttt"),
            ("-n", "-v"),
            ("-n", "-t"),
            ("-n", "-e"),
            ("-n", "-ttt"),
            ("-n", "-tt"),
        ):
            assert is_printed(prints(path, *words)), words
    assert not is_printed(KERNEL[0].read_bytes())
    assert not is_printed(b"")
