"""``tcptrace extract``: what is written is analysed to the same, and tells no more than was asked for."""

import gzip
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import dpkt
import msgspec
import pytest

import tcptrace
from tcptrace.cli.command_line import run
from tcptrace.source import open_source
from tcptrace.wire.anonymize import Anonymizer
from tests.wire.hand import Frame, enhanced, frames_of, interface, section, tsoffset, tsresol

ROOT = Path(__file__).parents[2]
HTTP = ROOT / "captures" / "http-get.pcap"
GOLDENS = sorted((ROOT / "captures").glob("*.pcap"))  # link types and tunnels among them
KERNEL = sorted((ROOT / "tests" / "data" / "kernel").glob("*.pcap"))
REAL = sorted(path for path in (ROOT.parent / "shared" / "data" / "real").glob("*") if path.suffix != ".md")
MODES = ([], ["--headers"], ["--anonymize"], ["--anonymize", "--payload"])
# (file, mode): what an extract has to leave out, so that its analysis is another one; that it says so has its own test.
LEFT_OUT = {
    (name, "--payload"): "parts of a packet that come before its first may hold some of the TCP header"
    for name in ("fragments.pcap", "fragments-ipv6.pcap")
}
Capsys = pytest.CaptureFixture[str]


def extract(path: Path, out: Path, *options: str) -> list[Frame]:
    assert run(["extract", str(path), "-w", str(out), *options]) == 0
    return frames_of(open_source(out))


def connections(path: Path) -> list[dict[str, Any]]:
    return [msgspec.to_builtins(each) for each in tcptrace.analyze(str(path), max_findings=0)]


def comparable(record: dict[str, Any], numbers: dict[int, int], has_payload: bool) -> dict[str, Any]:
    """The record with frame numbers translated, and without what an extract cannot keep."""
    record = {key: value for key, value in record.items() if key not in ("stream", "client", "server")}
    record["ports"] = None
    for key in ("first_frame", "last_frame"):
        record[key] = numbers[record[key]]
    for step in record["transitions"]:
        for key in ("frame", "proof"):
            step[key] = None if step[key] is None else numbers[step[key]]
    for finding in record["findings"]:
        finding["frame"] = numbers[finding["frame"]]
        finding["detail"] = re.sub(r"frame [\d,]+", "frame", finding["detail"])
        if finding["code"] == "bad_checksum":  # both sums are others where addresses or payload are
            finding["detail"] = re.sub(r"0x[0-9a-f]{4}", "sum", finding["detail"])
    # TIME-WAIT ends by a clock that stands still behind the extract's last frame.
    while record["transitions"] and record["transitions"][-1]["evidence"] == "timer":
        side = record["transitions"].pop()["side"]
        record["path"][side].pop()
        record["final"][side] = record["path"][side][-1]
    if not has_payload:
        del record["application"]
    return record


def compare(path: Path, tmp_path: Path, most: int) -> int:
    """Hold each of the first connections' extracts to the original's record; return how many there were."""
    records = connections(path)[:most]
    whole = {frame.number: frame for frame in frames_of(open_source(path))}
    compared = 0
    for record in records:
        for mode in MODES:
            if mode and (path.name, mode[-1]) in LEFT_OUT:
                continue
            made = extract(path, tmp_path / "out", "--stream", str(record["stream"]), *mode)
            by_time = {frame.time_ns: frame.number for frame in made}
            numbers = {number: by_time[f.time_ns] for number, f in whole.items() if f.time_ns in by_time}
            found = [
                each
                for each in connections(tmp_path / "out")
                if (each["first_ns"], each["packets"]) == (record["first_ns"], record["packets"])
            ]
            assert found, (path.name, record["stream"], mode)
            has_payload = mode in ([], MODES[3])
            same = dict(zip(range(1, len(made) + 1), range(1, len(made) + 1), strict=True))
            if len(by_time) < len(made):  # equal times: the numbers cannot be told from each other
                numbers = dict.fromkeys(whole, 0)
                same = dict.fromkeys(same, 0)
            want = comparable(msgspec.json.decode(msgspec.json.encode(record)), numbers, has_payload)
            assert comparable(found[0], same, has_payload) == want, (path.name, record["stream"], mode)
            compared += 1
    return compared


def test_an_extracted_connection_of_the_kernel_is_analysed_to_the_same(
    tmp_path: Path, capsys: Capsys
) -> None:
    assert sum(compare(path, tmp_path, 9) for path in KERNEL) >= 4 * len(KERNEL)


def test_an_extracted_connection_of_any_link_type_and_tunnel_is_analysed_to_the_same(
    tmp_path: Path, capsys: Capsys
) -> None:
    assert sum(compare(path, tmp_path, 9) for path in GOLDENS) >= 4 * len(GOLDENS)


def test_what_lies_in_a_tunnel_comes_out_of_it_without_the_outer_addresses(
    tmp_path: Path, capsys: Capsys
) -> None:
    path = ROOT / "captures" / "vxlan.pcap"
    whole, made = frames_of(open_source(path)), extract(path, tmp_path / "out", "--anonymize")
    assert len(made) == len(whole)
    assert {frame.link for frame in made} == {101}
    assert {frame.data[0] for frame in made} == {0x45}
    assert extract(path, tmp_path / "out") == whole


@pytest.mark.skipif(not REAL, reason="the shared real captures are not here")
def test_an_extracted_connection_of_real_captures_is_analysed_to_the_same(
    tmp_path: Path, capsys: Capsys
) -> None:
    assert sum(compare(path, tmp_path, 2) for path in REAL) > 100


def test_connections_that_share_their_ports_come_along(tmp_path: Path, capsys: Capsys) -> None:
    path = next(path for path in KERNEL if path.name == "half_open_reconnect@client.pcap")
    whole = frames_of(open_source(path))
    assert extract(path, tmp_path / "out", "--stream", "0") == whole
    assert extract(path, tmp_path / "out", "--stream", "1") == whole


def test_an_extract_has_the_frames_of_its_connections_octet_for_octet(tmp_path: Path, capsys: Capsys) -> None:
    first, second = KERNEL[0], HTTP
    both = tmp_path / "both"
    assert run(["extract", str(first), str(second), "-w", str(both)]) == 0
    whole = frames_of(open_source(both))
    for stream in range(len(connections(both))):
        numbers = {segment["frame"] for segment in segments(both, stream)}
        ends = {
            (end["ip"], end["port"])
            for key in ("client", "server")
            for end in [connections(both)[stream][key]]
        }
        for other in connections(both):
            if {(other[key]["ip"], other[key]["port"]) for key in ("client", "server")} == ends:
                numbers |= {segment["frame"] for segment in segments(both, other["stream"])}
        made = extract(both, tmp_path / "out", "--stream", str(stream))
        assert [frame._replace(number=0) for frame in made] == [
            frame._replace(number=0) for frame in whole if frame.number in numbers
        ]
        assert capsys.readouterr().out.endswith(f"{tmp_path / 'out'}: {len(numbers)} frames\n")


def segments(path: Path, stream: int) -> list[dict[str, Any]]:
    analysis = tcptrace.analyze(str(path), segments=True)
    for connection in analysis:
        if connection.stream == stream:
            return [msgspec.to_builtins(each) for each in analysis.segments_of(stream)]
    raise AssertionError(stream)


def test_selections_are_those_of_analyze(tmp_path: Path, capsys: Capsys) -> None:
    path = next(path for path in KERNEL if path.name == "time_wait_reuse_client@client.pcap")
    total = len(frames_of(open_source(path)))
    assert len(extract(path, tmp_path / "out", "--outcome", "closed")) == total
    assert len(extract(path, tmp_path / "out", "--passed", "TIME-WAIT")) == total
    syns = extract(path, tmp_path / "out", "tcp[13] & 2 != 0")
    assert [frame.data[33] & 2 for frame in syns] == [2] * len(syns)  # raw IP
    assert 0 < len(syns) < total


def test_times_link_types_and_lengths_are_kept_whatever_the_source(tmp_path: Path, capsys: Capsys) -> None:
    octets = (
        section() + interface(link=1, options=tsresol(9)) + interface(link=101, options=tsoffset(-(10**9)))
    )
    octets += (
        enhanced(123456789, b"ethernet", 1500) + enhanced(5, b"raw ip", number=1) + enhanced(7, b"x" * 9)
    )
    path = tmp_path / "in"
    path.write_bytes(gzip.compress(octets))
    assert frames_of(open_source(octets))[1].time_ns < 0
    assert extract(path, tmp_path / "out") == frames_of(open_source(octets))
    both = [str(path), str(HTTP)]
    assert run(["extract", *both, "-w", str(tmp_path / "two")]) == 0
    assert frames_of(open_source(tmp_path / "two")) == frames_of(open_source(both))


def tshark(path: Path, *fields: str) -> list[str]:
    command = [
        "tshark",
        "-n",
        "-r",
        str(path),
        "-o",
        "tcp.check_checksum:TRUE",
        "-o",
        "ip.check_checksum:TRUE",
    ]
    command += ["-T", "fields", *(word for field in fields for word in ("-e", field))]
    return subprocess.run(
        command, capture_output=True, text=True, check=True, timeout=120
    ).stdout.splitlines()


PEER_FIELDS = """
frame.time_epoch frame.len ip.len ip.id ip.ttl ip.checksum.status ipv6.plen tcp.srcport tcp.dstport tcp.seq_raw
tcp.ack_raw tcp.flags tcp.window_size_value tcp.len tcp.checksum.status tcp.options.timestamp.tsval tcp.stream
tcp.options.mss_val tcp.options.wscale.shift tcp.analysis.flags
"""


@pytest.mark.skipif(not REAL, reason="the shared real captures are not here")
def test_tshark_sees_the_same_in_an_anonymized_capture(tmp_path: Path, capsys: Capsys) -> None:
    if shutil.which("tshark") is None:
        pytest.skip("tshark is not installed")
    key = tmp_path / "key"
    key.write_bytes(b"k" * 32)
    by = Anonymizer(b"k" * 32)
    lines = 0
    for path in REAL[::5]:
        plain, anonymous = tmp_path / "plain.pcapng", tmp_path / "anonymous.pcapng"
        # The same frames on both sides: those that are whole segments.
        extract(path, plain, "--headers", "tcp")
        extract(path, anonymous, "--anonymize", "--key", str(key), "tcp")
        ours, theirs = tshark(anonymous, *PEER_FIELDS.split()), tshark(plain, *PEER_FIELDS.split())
        assert ours == theirs, path.name
        lines += len(ours)
        pairs = zip(tshark(plain, "ip.src", "ip.dst"), tshark(anonymous, "ip.src", "ip.dst"), strict=True)
        for before, after in set(pairs):
            for old, new in zip(before.split("\t"), after.split("\t"), strict=True):
                if old and "," not in old:
                    assert by.address(bytes(map(int, old.split(".")))) == bytes(map(int, new.split(".")))
    assert lines > 500


def test_no_payload_and_no_address_is_left(tmp_path: Path, capsys: Capsys) -> None:
    for path in KERNEL:
        with path.open("rb") as file:
            reader = dpkt.pcap.Reader(file)
            packets = [dpkt.ethernet.Ethernet(octets).data for _, octets in reader if reader.datalink() == 1]
        addresses = {ip.src for ip in packets if isinstance(ip, dpkt.ip.IP)}
        made = extract(path, tmp_path / "out", "--anonymize")
        for frame in made:
            if frame.link == 1:
                ip = dpkt.ethernet.Ethernet(frame.data).data
                assert not {ip.src, ip.dst} & addresses
                assert bytes(ip.data.data) == b"" or not any(ip.data.data)


def test_a_pipe_and_standard_output_will_do(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tcptrace", "extract", "-", "-w", "-", "--stream", "0"]
    done = subprocess.run(
        command, input=HTTP.read_bytes(), capture_output=True, check=False, cwd=ROOT, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert frames_of(open_source(done.stdout)) == frames_of(open_source(HTTP))
    with HTTP.open("rb") as file:
        again = subprocess.run(command, stdin=file, capture_output=True, check=False, cwd=ROOT, timeout=60)
    assert again.stdout == done.stdout


def test_a_key_gives_the_same_addresses_again_and_no_key_others(tmp_path: Path, capsys: Capsys) -> None:
    key = tmp_path / "key"
    key.write_bytes(b"0123456789abcdef")
    once, again, free = (
        extract(HTTP, tmp_path / "out", "--anonymize", *options)
        for options in (["--key", str(key)], ["--key", str(key)], [])
    )
    assert once == again != free


def test_what_cannot_be_stripped_is_counted_and_left_out(tmp_path: Path, capsys: Capsys) -> None:
    arp = b"\xff" * 6 + bytes(6) + b"\x08\x06" + bytes(28)
    path = tmp_path / "in"
    path.write_bytes(section() + interface(link=1) + enhanced(1, arp))
    assert extract(path, tmp_path / "out", "--headers") == []
    assert (
        capsys.readouterr().err
        == "tcptrace: left out: 1 frame that could not be stripped to IP and TCP headers\n"
    )
    assert len(extract(path, tmp_path / "out")) == 1


def test_a_full_disk_is_one_line(capsys: Capsys) -> None:
    assert run(["extract", str(HTTP), "-w", "/dev/full"]) == 3
    assert re.fullmatch(r"tcptrace: /dev/full: No space left on device; [^\n]+\n", capsys.readouterr().err)


def test_a_capture_cut_short_is_extracted_up_to_the_cut(tmp_path: Path, capsys: Capsys) -> None:
    path = tmp_path / "in"
    path.write_bytes(HTTP.read_bytes()[:-10])
    assert len(extract(path, tmp_path / "out", "--headers")) == 13
    assert "incomplete" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "status", "said"),
    [
        (["HTTP"], 2, "-w"),
        (["HTTP", "-w", "OUT", "--stream", "7"], 2, "none of 1 connection is so"),
        (["HTTP", "-w", "OUT", "--key", "OUT"], 2, "--key"),
        (["HTTP", "-w", "OUT", "--payload"], 2, "--payload"),
        (["HTTP", "-w", "OUT", "--anonymize", "--payload", "--headers"], 2, "choose one"),
        (["HTTP", "-w", "OUT", "--anonymize", "--key", "missing"], 3, "missing"),
        (["HTTP", "-w", "OUT", "--anonymize", "--key", "/dev/null"], 2, "too short"),
        (["HTTP", "-w", "no/such/folder"], 2, "no/such/folder"),
        (["missing.pcap", "-w", "OUT"], 3, "no such file"),
        (["COPY", "-w", "COPY"], 2, "name another file"),
        (["HTTP", "-w", "OUT", "no filter"], 2, "filter"),
    ],
    ids=str,
)
def test_errors_are_one_line(
    tmp_path: Path, capsys: Capsys, options: list[str], status: int, said: str
) -> None:
    copy = tmp_path / "copy.pcap"
    shutil.copy(HTTP, copy)
    places = {"HTTP": str(HTTP), "OUT": str(tmp_path / "out"), "COPY": str(copy)}
    assert run(["extract", *(places.get(word, word) for word in options)]) == status
    out, err = capsys.readouterr()
    assert out == ""
    assert said in err
    assert err.count("\n") == 1
    assert copy.read_bytes() == HTTP.read_bytes()
