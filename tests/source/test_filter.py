"""Filters select what tcpdump selects; own means select what libpcap's compiler selects."""

import gzip
import subprocess
from array import array
from functools import cache
from pathlib import Path

import dpkt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tcptrace.model.columns import Frames
from tcptrace.model.errors import UsageError
from tcptrace.source import filter_libpcap
from tcptrace.source.filter import Filter, compile_filter, compile_plain, compile_with
from tcptrace.source.filter_libpcap import find_compiler

ROOT = Path(__file__).parents[2]
KERNEL = sorted((ROOT / "tests" / "data" / "kernel").glob("*.pcap"))
LITTLE = (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1")  # pcap, micro- and nanoseconds


def octets(path: Path) -> bytes:
    return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()


REAL = sorted(
    path for path in (ROOT.parent / "shared" / "data" / "real").glob("*") if octets(path)[:4] in LITTLE
)
OTHER_FAMILY = "zeek-descriptor.pcap"  # NULL, IPv6 as macOS numbers it: tcpdump on Linux does not find it
COMPILER = find_compiler()
needs_libpcap = pytest.mark.skipif(COMPILER is None, reason="no libpcap here")

PLAIN = [
    "tcp",
    "udp",
    "ip",
    "ip6",
    "arp",
    "icmp",
    "icmp6",
    "tcp port 8000",
    "port 80",
    "src port 80",
    "dst port 80 or dst port 443",
    "port 80 or 443",
    "port (80 or 443)",
    "not port 80",
    "! port 80 && tcp",
    "tcp and not (port 80 or port 443)",
    "host 10.77.32.1",
    "src 10.77.32.1",
    "src host 10.77.32.1 and dst port 8000",
    "host 127.0.0.1 and port 80",
    "net 10.0.0.0/8",
    "net 10",
    "net 192.168",
    "src net 192.168.1",
    "dst net 192.168.0.0 mask 255.255.0.0",
    "ip host 192.168.1.1",
    "arp host 192.168.242.1",
    "ip6 net 2001::/16",
    "host ::1",
    "src net 2003::/16 or dst net fe80::/10",
    "src and dst net 192.168.0.0/16",
    "src or dst port 53",
    "portrange 50-90",
    "tcp src portrange 1024-65535",
    "udp port domain",
    "tcp dst port https or http",
    "tcp or udp and port 53",
    "sctp or tcp and src portrange 1-1023",
    "net 0.0.0.0/0",
]
BEYOND = [
    "tcp[tcpflags] & (tcp-syn|tcp-fin) != 0",
    "greater 200",
    "less 60",
    "ip[8] < 64",
    "len > 100 and tcp",
    "tcp[((tcp[12] & 0xf0) >> 2):4] = 0x47455420",
    "ip proto 6",
    "icmp or ip6 proto 58",
    "ip[2:2] * 2 / 3 % 7 > 3",
    "((ip[0] ^ 5) << 3) - 1 > 0x200 or -ip[1] = 0",
]
NOTHING_HERE = ("host 127.0.0.1 and port 80", "host ::1", "icmp6", "icmp", "icmp or ip6 proto 58")
ETHERNET_ONLY = [
    "ether host 00:00:00:00:00:01",
    "broadcast or multicast",
    "ether proto 0x0806",
    "vlan and tcp",
]


def load(path: Path) -> tuple[bytes, Frames, int]:
    """A capture as one batch."""
    data = octets(path)
    link = int.from_bytes(data[20:24], "little")
    frames = Frames.empty(0)
    at, number = 24, 0
    while at + 16 <= len(data):
        captured, wire = (int.from_bytes(data[at + k : at + k + 4], "little") for k in (8, 12))
        number += 1
        for column, value in zip(frames, (at + 16, captured, wire, number * 1000, link, number), strict=True):
            column.append(value)
        at += 16 + captured
    return data, frames, number


def numbers(chosen: Filter, path: Path) -> list[int]:
    data, frames, count = load(path)
    kept = chosen.select(data, frames, count)
    assert all(
        time == number * 1000 for time, number in zip(frames.time_ns[:kept], frames.number, strict=False)
    )
    return list(frames.number[:kept])


@cache
def by_tcpdump(path: Path, words: str) -> list[int] | None:
    """The frames that tcpdump keeps; None where it will not have the expression."""
    data = octets(path)
    # Frames are told apart by a running time, written into a copy of the capture.
    at, number = 24, 0
    marked = bytearray(data)
    while at + 16 <= len(data):
        number += 1
        marked[at : at + 8] = number.to_bytes(4, "little") + bytes(4)
        at += 16 + int.from_bytes(data[at + 8 : at + 12], "little")
    done = subprocess.run(
        ["tcpdump", "-r", "-", "-w", "-", words], input=bytes(marked[:at]), capture_output=True, check=False
    )
    if done.returncode:
        return None
    kept = []
    at = 24
    while at + 16 <= len(done.stdout):
        kept.append(int.from_bytes(done.stdout[at : at + 4], "little"))
        at += 16 + int.from_bytes(done.stdout[at + 8 : at + 12], "little")
    return kept


@needs_libpcap
@pytest.mark.parametrize("words", PLAIN + BEYOND)
def test_the_frames_that_tcpdump_keeps_are_kept(words: str) -> None:
    chosen = compile_filter(words)
    assert chosen.means == COMPILER.name
    compared = 0
    for path in KERNEL[::12] + REAL:
        expected = by_tcpdump(path, words)
        if expected is None:  # e.g. `arp` on raw IP: tcpdump says that it rejects all packets
            assert numbers(chosen, path) == []
            continue
        if path.name == OTHER_FAMILY:
            continue
        assert numbers(chosen, path) == expected, path.name
        compared += len(expected)
    assert compared > 0 or words in NOTHING_HERE


@pytest.mark.parametrize("words", PLAIN)
def test_own_means_keep_the_frames_that_tcpdump_keeps(words: str) -> None:
    chosen = compile_plain(words)
    for path in KERNEL[::12] + REAL:
        if path.name != OTHER_FAMILY:
            assert numbers(chosen, path) == (by_tcpdump(path, words) or []), path.name


@needs_libpcap
@pytest.mark.parametrize("words", PLAIN)
def test_both_means_agree_on_every_capture_and_link_type(words: str) -> None:
    ours, theirs = compile_plain(words), compile_with(COMPILER, words)
    for path in REAL:
        assert numbers(ours, path) == numbers(theirs, path), path.name
    for link in (0, 1, 12, 14, 101, 108, 113, 228, 229, 276):
        buffer, frames, count = rewrapped(link)
        again = Frames(*(column[:] for column in frames))
        kept = ours.select(buffer, frames, count)
        assert kept == theirs.select(buffer, again, count)
        assert frames.number[:kept] == again.number[:kept]
        if words == "ip" and link != 229:
            assert kept > 100


@needs_libpcap
@pytest.mark.parametrize("words", ETHERNET_ONLY)
def test_words_of_one_link_type_are_an_error_on_another(words: str) -> None:
    chosen = compile_filter(words)
    path = next(path for path in REAL if path.name == "nDPI-nest_log_sink.pcap")
    assert numbers(chosen, path) == by_tcpdump(path, words)
    if words != "ether proto 0x0806":  # libpcap knows that on raw IP it never holds
        buffer, frames, count = rewrapped(101)
        with pytest.raises(UsageError):
            chosen.select(buffer, frames, count)


HEADS = {
    0: {4: (2).to_bytes(4, "little"), 6: (30).to_bytes(4, "big")},
    1: {4: bytes(12) + b"\x08\0", 6: bytes(12) + b"\x86\xdd"},
    12: {4: b"", 6: b""},
    14: {4: b"", 6: b""},
    101: {4: b"", 6: b""},
    108: {4: (2).to_bytes(4, "big"), 6: (24).to_bytes(4, "big")},
    113: {4: bytes(14) + b"\x08\0", 6: bytes(14) + b"\x86\xdd"},
    228: {4: b""},
    229: {6: b""},
    276: {4: b"\x08\0" + bytes(18), 6: b"\x86\xdd" + bytes(18)},
}


def rewrapped(link: int) -> tuple[bytes, Frames, int]:
    """IP packets of real captures and made ones, under the link type."""
    packets = []
    for path in KERNEL:
        if path.read_bytes()[20] == 101:
            data, frames, count = load(path)
            packets += [data[frames.offset[i] : frames.offset[i] + frames.captured[i]] for i in range(count)]
    for source, port in (("2001:db8::1", 80), ("2003::7", 443), ("::1", 8000)):
        tcp = dpkt.tcp.TCP(sport=port, dport=50000)
        address = compile_address(source)
        packets.append(
            bytes(
                dpkt.ip6.IP6(v=6, fc=0, flow=0, nxt=6, plen=20, hlim=9, src=address, dst=bytes(16), data=tcp)
            )
        )
        packets.append(packets[-1][:50])
    buffer = bytearray()
    frames = Frames.empty(0)
    for packet in packets:
        head = HEADS[link].get(packet[0] >> 4)
        if head is None:
            continue
        size = len(head) + len(packet)
        row = (len(buffer), size, size, 1000, link, len(frames.number) + 1)
        for column, value in zip(frames, row, strict=True):
            column.append(value)
        buffer += head + packet
    return bytes(buffer), frames, len(frames.number)


def compile_address(text: str) -> bytes:
    import ipaddress

    return ipaddress.ip_address(text).packed


def test_frames_of_several_link_types_are_filtered_each_by_its_own_program() -> None:
    buffer = bytearray()
    columns = Frames.empty(0)
    for link in (1, 101, 0, 1, 113, 101, 147):
        data, frames, _ = rewrapped(101 if link == 147 else link)
        row = (len(buffer), frames.captured[0], frames.wire[0], 5, link, len(columns.number) + 1)
        for column, value in zip(columns, row, strict=True):
            column.append(value)
        buffer += data[frames.offset[0] : frames.offset[0] + frames.captured[0]]
    for chosen in filter(None, (COMPILER and compile_with(COMPILER, "tcp"), compile_plain("tcp"))):
        again = Frames(*(column[:] for column in columns))
        assert chosen.select(bytes(buffer), again, 7) == 6
        assert list(again.number[:6]) == [1, 2, 3, 4, 5, 6]  # nobody knows link type 147


def test_no_words_keep_all() -> None:
    for path in KERNEL[:3]:
        assert numbers(compile_filter("  "), path) == list(range(1, load(path)[2] + 1))


@pytest.mark.parametrize(
    "words",
    ["tcp prt 80", "port", "port 99999", "port 80 443", "( tcp", "tcp )", "and tcp", "not", "host 1.2.3",
     "net 10.0.0.1/8", "net 10.0.0.0/33", "tcp host 1.2.3.4", "ip port 80", "src", "tcp and", "port 80 or",
     "10.0.0.1", "ip6 host 1.2.3.4", "net 1.2.3.4.5", "port \x1b[31m", "port 80\0"],
)  # fmt: skip
def test_what_is_no_filter_is_one_line_of_explanation(words: str) -> None:
    compilers = [compile_filter, compile_plain] if "\0" not in words else [compile_filter]
    for compile_words in compilers:
        if words == "host 1.2.3" and compile_words is compile_filter:
            continue  # libpcap takes it for a host name
        with pytest.raises(UsageError) as raised:
            compile_words(words)
        text = str(raised.value)
        assert text.isprintable()
        assert "filter" in text


@pytest.mark.parametrize(
    "words", ["ether host 00:00:00:00:00:01", "tcp[13] = 2", "greater 5", "host example.invalid"]
)
def test_own_means_name_what_to_install(words: str) -> None:
    with pytest.raises(UsageError, match=r"pip install 'tcptrace\[filter\]'"):
        compile_plain(words)


def test_without_libpcap_the_plain_words_still_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filter_libpcap, "_library", lambda: None)
    monkeypatch.setitem(__import__("sys").modules, "cypcap", None)
    chosen = compile_filter("tcp port 8000")
    assert chosen.means == "plain words"
    assert numbers(chosen, KERNEL[0]) == by_tcpdump(KERNEL[0], "tcp port 8000")


WORDS = """tcp udp ip ip6 src dst host net port portrange and or not ( ) 80 10.0.0.1 ::1 10 mask 1-2
localhost http 1.2.3.0/24 && || ! x"""


@given(st.lists(st.sampled_from(WORDS.split()), max_size=14))
@settings(deadline=None)
def test_what_own_means_understand_libpcap_understands_too(tokens: list[str]) -> None:
    words = " ".join(tokens)
    try:
        ours = compile_plain(words)
    except UsageError:
        return
    if COMPILER is None or "localhost" in words or not words:
        return
    path = KERNEL[0]
    try:
        theirs = compile_with(COMPILER, words)
    except UsageError as error:
        said = str(error)
    else:
        assert numbers(ours, path) == numbers(theirs, path)
        return
    assert "rejects all packets" in said
    assert numbers(ours, path) == []


@given(st.text(max_size=60))
@settings(deadline=None)
def test_no_words_raise_anything_but_usage_errors(words: str) -> None:
    said = ""
    try:
        compile_plain(words)
    except UsageError as error:
        said = str(error)
    assert not said or said.isprintable()


def test_deep_and_long_words_are_refused_not_followed() -> None:
    for words in ("(" * 5000 + "tcp" + ")" * 5000, "not " * 5000 + "tcp", " and ".join(["tcp"] * 5000)):
        with pytest.raises(UsageError):
            compile_plain(words)
    assert compile_plain("(" * 140 + "tcp" + ")" * 140).program(1)
    assert compile_plain(" and ".join(["tcp"] * 140)).program(1)


def test_cypcap_is_asked_where_libpcap_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    class FakeError(Exception):
        pass

    class Fake:
        Error = FakeError

        @staticmethod
        def compile(
            dlt: int, snaplen: int, words: str, optimize: bool, netmask: int
        ) -> list[tuple[int, ...]]:
            if words != "tcp":
                raise FakeError(-1, "can't parse filter\nexpression")
            return [(6, 0, 0, snaplen if dlt == 12 else 0)]

    monkeypatch.setattr(filter_libpcap, "_library", lambda: None)
    monkeypatch.setitem(__import__("sys").modules, "cypcap", Fake)
    chosen = compile_filter("tcp")
    assert chosen.means == "cypcap"
    assert chosen.program(101) == (0, array("I", (6, 0, 0, 262144)))
    with pytest.raises(UsageError, match="can't parse filter expression"):
        compile_filter("tpc")
