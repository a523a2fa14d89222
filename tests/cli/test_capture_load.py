"""Beside tcpdump, on the same frames: neither loses one, and both have the same ones.

Where two processors receive at the same time, each socket has their frames in an order of its own: only of what one
sender sent on one way is the order compared.
"""

import json
import re
import struct
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.live import (
    TCPTRACE,
    WAIT_S,
    Process,
    capture,
    frames_of,
    needs,
    needs_root,
    private_network,
    serving,
    settle,
    tcpdump,
)

pytestmark = [needs_root, needs("tcpdump"), needs("ip"), needs("nsenter")]

CONNECTIONS = 3000
RUNS = 3  # on a busy machine either may drop some; such a run shows nothing

# A little of everything, so that each filter has something to select and something to leave.
TRAFFIC = """
import socket
from tests.live import serving
for ip in ("127.0.0.1", "::1"):
    with serving(ip) as server:
        server.visit(3, octets=200)
for family, ip in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
    with socket.socket(family, socket.SOCK_DGRAM) as sender:
        sender.sendto(b"x" * 90, (ip, 9))
"""
FILTERS = (
    *("ip6 and tcp", "udp or icmp", "tcp[tcpflags] & (tcp-syn|tcp-fin) != 0", "not tcp"),
    *("host 127.0.0.1 and port 9", "ip[8] = 64", "tcp and dst portrange 1-65535"),
)
LENGTHS = ("less 90", "len > 150")


def drop_counts(said: str) -> tuple[str, str]:
    """Return tcpdump's or our line that counts what the kernel dropped."""
    (line,) = [line for line in said.splitlines() if "dropped by" in line]
    return line.split()[0], line


def took_all(said: str) -> bool:
    """Say whether tcpdump took what its filter let through: on lo twice what it shows, for it drops the doubles."""
    captured, matched = (
        int(re.findall(rf"(\d+) packets {word}", said)[0]) for word in ("captured", "received")
    )
    return matched == 2 * captured


def beside_tcpdump(
    folder: Path, prefix: Sequence[str], interface: str, filters: Sequence[str], traffic: str, *options: str
) -> list[tuple[list[bytes], list[bytes]]]:
    """Return tcpdump's and our frames for each filter, while ``traffic`` runs in a network.

    Ours were read in two ways, from a ring and one by one, and both had the same.
    """
    started = []
    for number, words in enumerate(filters):
        paths = [folder / f"{interface}{number}.{way}" for way in ("theirs", "ring", "single")]
        peer = tcpdump("-i", interface, *options, "-w", paths[0], words, prefix=prefix)
        write = ("-i", interface, "--no-results", "-w")
        ring = capture(*write, paths[1], words, prefix=prefix)
        single = capture(*write, paths[2], "--no-ring", words, prefix=prefix)
        started.append(((peer, ring, single), paths))
    subprocess.run([*prefix, sys.executable, "-c", traffic], check=True, timeout=WAIT_S)
    settle(started[-1][1][0])
    for processes, _ in started:
        for process in processes:
            process.interrupt()
    found = []
    for processes, paths in started:
        for process in processes:
            status, _, said = process.finish()
            assert (status, drop_counts(said)[0]) == (0, "0"), said
        theirs, ring_s, single_s = map(frames_of, paths)
        assert sorted(single_s) == sorted(ring_s)
        found.append((theirs, ring_s))
    return found


def test_of_3000_connections_it_has_the_frames_that_tcpdump_has(tmp_path: Path) -> None:
    told = []
    for number in range(RUNS):
        theirs, ours = tmp_path / f"theirs{number}", tmp_path / f"ours{number}"
        with serving() as server:
            words = f"tcp port {server.port}"
            peer = tcpdump("-i", "lo", "-B", "65536", "-w", theirs, words)
            process = capture("-i", "lo", "-w", ours, "--summary", words)
            server.visit(CONNECTIONS)
            settle(theirs)
            peer.interrupt()
            process.interrupt()
            _, _, peer_said = peer.finish()
            status, out, said = process.finish()
        told.append((peer_said, said))
        if [drop_counts(each)[0] for each in told[-1]] != ["0", "0"] or not took_all(peer_said):
            continue
        expected = frames_of(theirs)
        assert len(expected) >= 9 * CONNECTIONS
        assert sorted(frames_of(ours)) == sorted(expected)
        assert status == 0
        assert out.decode().startswith(f"{CONNECTIONS:,} connections\n  closed      {CONNECTIONS:,} 100.0 %")
        return
    pytest.fail(f"in each of {RUNS} runs frames were dropped: {told}")


def test_a_filter_selects_on_lo_what_it_selects_for_tcpdump(tmp_path: Path) -> None:
    filters = (*FILTERS, *LENGTHS)
    with private_network() as prefix:
        found = beside_tcpdump(tmp_path, prefix, "lo", filters, TRAFFIC)
    for words, (expected, got) in zip(filters, found, strict=True):
        assert expected, words
        assert sorted(got) == sorted(expected), words


def test_any_has_the_frames_of_all_interfaces_once_with_the_header_of_sll2(tmp_path: Path) -> None:
    filters = ("ip or ip6", *FILTERS, *LENGTHS)
    with private_network() as prefix:
        found = beside_tcpdump(tmp_path, prefix, "any", filters, TRAFFIC, "-y", "LINUX_SLL2")
    for number, (words, (expected, got)) in enumerate(zip(filters, found, strict=True)):
        if (
            words in LENGTHS
        ):  # live, libpcap does not count the header that it adds; of a file's frames it does
            path = tmp_path / f"any{number}.read"
            command = ["tcpdump", "-r", tmp_path / "any0.theirs", "-w", path, words]
            subprocess.run(command, check=True, capture_output=True)
            expected = frames_of(path)
        assert expected, words
        assert sorted(got) == sorted(expected), words


# Frames that leave one end of a cable come to the other: with a VLAN tag, with two, without.
CABLE = "ip link add v0 type veth peer name v1 && ip link set v0 up && ip link set v1 up"
INJECT = """
import socket
with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as sender:
    sender.bind(("v0", 0))
    for frame in {frames!r}:
        sender.send(frame)
"""


def tagged_frames() -> list[bytes]:
    from tests.wire.decode_frames import ipv4, tcp

    packet = ipv4(tcp(flags=0x02)) + b"\0" * 20
    addresses = bytes.fromhex("020000000001020000000002")
    tags = ("", "81000005", "810060ff", "88a8000781000005")
    return [addresses + bytes.fromhex(tag) + b"\x08\x00" + packet + bytes([n]) for n, tag in enumerate(tags)]


def test_vlan_tags_that_the_kernel_took_off_are_on_the_frames_again(tmp_path: Path) -> None:
    sent = tagged_frames()
    traffic = INJECT.format(frames=sent)
    with private_network() as prefix:
        subprocess.run([*prefix, "sh", "-c", CABLE], check=True)
        whole, five, tagged = beside_tcpdump(
            tmp_path, prefix, "v1", ("ip or vlan", "vlan 5", "vlan"), traffic
        )
    assert whole == (sent, sent)
    assert five == ([sent[1]], [sent[1]])
    assert tagged == (sent[1:], sent[1:])


def test_vlan_tags_stand_behind_the_header_of_sll2(tmp_path: Path) -> None:
    """Libpcap leaves them out there; Wireshark reads them so. Of two tags the kernel tells one in cooked frames."""
    path = tmp_path / "any"
    with private_network() as prefix:
        subprocess.run([*prefix, "sh", "-c", CABLE], check=True)
        process = capture("-i", "any", "-w", path, "--no-results", prefix=prefix)
        subprocess.run([*prefix, sys.executable, "-c", INJECT.format(frames=tagged_frames()[:3])], check=True)
        process.interrupt()
        assert process.finish()[0] == 0
    fields = [word for name in ("vlan.id", "ip.dst") for word in ("-e", name)]
    told = subprocess.run(
        ["tshark", "-r", path, "-Y", "sll.pkttype == 3 and tcp", "-T", "fields", *fields],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert [line.split("\t")[0] for line in told.splitlines()] == ["", "5", "255"]


# An interface whose frames are IP packets; somebody must hold its other end, or it has no carrier.
TUNNEL = "ip tuntap add t0 mode tun && ip address add 192.0.2.1/24 dev t0 && ip link set t0 up"
HOLD = """
import fcntl, struct, sys
with open("/dev/net/tun", "r+b", buffering=0) as end:
    fcntl.ioctl(end, 0x400454CA, struct.pack("16sH22x", b"t0", 0x1001))  # TUNSETIFF: IFF_TUN, IFF_NO_PI
    print("held", flush=True)
    sys.stdin.read()
"""
SEND = """
import socket
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
    for n in range(5):
        sender.sendto(b"x" * n, ("192.0.2.2", 9))
"""


@pytest.mark.skipif(not Path("/dev/net/tun").exists(), reason="kernel lacks TUN devices")
def test_an_interface_without_link_header_gives_ip_packets(tmp_path: Path) -> None:
    with private_network() as prefix:
        subprocess.run([*prefix, "sh", "-c", TUNNEL], check=True)
        holding = [*prefix, sys.executable, "-c", HOLD]
        with subprocess.Popen(holding, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
            assert holder.stdout is not None
            assert holder.stdout.readline() == b"held\n"
            ((expected, got),) = beside_tcpdump(tmp_path, prefix, "t0", ("udp",), SEND)
            holder.communicate()
    assert [len(frame) for frame in expected] == [28, 29, 30, 31, 32]
    assert got == expected
    told = subprocess.run(
        ["capinfos", "-E", tmp_path / "t00.ring"], capture_output=True, text=True, check=True
    )
    assert "Raw IP" in told.stdout


def test_an_interface_that_goes_away_ends_the_capture_and_what_came_is_shown(tmp_path: Path) -> None:
    path = tmp_path / "gone"
    with private_network() as prefix:
        subprocess.run([*prefix, "sh", "-c", CABLE], check=True)
        process = capture("-i", "v1", "-w", path, "--summary", prefix=prefix)
        subprocess.run([*prefix, sys.executable, "-c", INJECT.format(frames=tagged_frames())], check=True)
        subprocess.run([*prefix, "ip", "link", "set", "v1", "down"], check=True)
        subprocess.run([*prefix, "ip", "link", "set", "v1", "up"], check=True)  # down is not gone
        subprocess.run([*prefix, sys.executable, "-c", INJECT.format(frames=tagged_frames())], check=True)
        subprocess.run([*prefix, "ip", "link", "delete", "v0"], check=True)
        status, out, said = process.finish()
    assert status == 0
    assert said.splitlines()[-1] == "tcptrace: incomplete: v1: the interface is gone"
    assert b"incomplete: v1: the interface is gone" in out
    assert len([frame for frame in frames_of(path) if frame in tagged_frames()]) == 2 * len(tagged_frames())


def test_an_interface_that_is_down_is_one_line() -> None:
    with private_network() as prefix:
        subprocess.run([*prefix, "ip", "link", "set", "lo", "down"], check=True)
        done = subprocess.run(
            [*prefix, *TCPTRACE, "capture", "-i", "lo"],
            capture_output=True,
            text=True,
            check=False,
            timeout=WAIT_S,
        )
    assert done.returncode == 3
    assert done.stderr == "tcptrace: lo: the interface is down; bring it up: ip link set lo up\n"


def test_several_interfaces_are_told_apart_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "both"
    with private_network() as prefix:
        subprocess.run([*prefix, "sh", "-c", CABLE], check=True)
        process = capture("-i", "lo", "-i", "v1", "-w", path, "--summary", "ip", prefix=prefix)
        subprocess.run([*prefix, sys.executable, "-c", TRAFFIC], check=True)
        subprocess.run([*prefix, sys.executable, "-c", INJECT.format(frames=tagged_frames()[:1])], check=True)
        process.interrupt()
        status, out, _ = process.finish()
    assert status == 0
    assert b"\nlo,v1: live, ETHERNET\n" in out
    interfaces = [
        struct.unpack_from("<I", block, 8)[0] for kind, block in blocks(path.read_bytes()) if kind == 6
    ]
    assert interfaces.count(1) == 1
    assert interfaces.count(0) > 9
    assert [name for kind, block in blocks(path.read_bytes()) if kind == 1 for name in (block[20:22],)] == [
        b"lo",
        b"v1",
    ]


# Sent by turns from both ends of a cable: each frame is seen at both, there as outgoing, here as incoming.
BY_TURNS = """
import socket, time
ends = []
for name in ("v0", "v1"):
    ends.append(socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0))
    ends[-1].bind((name, 0))
for number in range(300):
    ends[number % 2].send({frame!r} + number.to_bytes(2, "big"))
    if number % 60 == 59:
        time.sleep(0.1)  # longer than the kernel keeps a block
"""


@pytest.mark.parametrize("ring", [[], ["--no-ring"]], ids=["ring", "messages"])
def test_frames_of_several_interfaces_come_in_order_of_time(tmp_path: Path, ring: list[str]) -> None:
    path = tmp_path / "both"
    with private_network() as prefix:
        subprocess.run([*prefix, "sh", "-c", CABLE], check=True)
        process = capture("-i", "v0", "-i", "v1", *ring, "-w", path, "--no-results", "ip", prefix=prefix)
        subprocess.run([*prefix, sys.executable, "-c", BY_TURNS.format(frame=tagged_frames()[0])], check=True)
        process.interrupt()
        status, _, said = process.finish()
    assert status == 0
    assert "600 frames captured" in said
    times, seen = [], {0: 0, 1: 0}
    for kind, block in blocks(path.read_bytes()):
        if kind == 6:
            interface, high, low = struct.unpack_from("<III", block, 8)
            times.append(high << 32 | low)
            seen[interface] += 1
    assert seen == {0: 300, 1: 300}
    assert times == sorted(times)


def test_of_several_interfaces_no_more_frames_than_asked_for_come() -> None:
    with private_network() as prefix:
        subprocess.run([*prefix, "sh", "-c", CABLE], check=True)
        process = capture("-i", "v0", "-i", "v1", "-c", "7", "--frames", "--json", "ip", prefix=prefix)
        subprocess.run([*prefix, sys.executable, "-c", BY_TURNS.format(frame=tagged_frames()[0])], check=True)
        status, out, _ = process.finish()
    assert status == 0
    numbers = [row["frame"] for row in map(json.loads, out.splitlines()) if row["record"] == "segment"]
    assert sorted(numbers) == list(range(1, 8))


def blocks(octets: bytes) -> list[tuple[int, bytes]]:
    """Return the type of each pcapng block, and the block."""
    found, at = [], 0
    while at < len(octets):
        kind, length = struct.unpack_from("<II", octets, at)
        found.append((kind, octets[at : at + length]))
        at += length
    return found


def test_tcpdump_can_capture_and_we_analyse_what_it_pipes() -> None:
    """The way out for those who may not capture themselves; one interrupt goes to the whole pipeline."""
    with serving() as server:
        ours = f"{' '.join(TCPTRACE)} analyze - --json --msl 0.01"
        process = Process(["bash", "-c", f"tcpdump -i lo -n -U -w - tcp port {server.port} | {ours}"])
        visits = 0
        while not process.has_output():  # a connection is written once it is over for good, 20 ms later
            server.visit()
            visits += 1
            time.sleep(0.05)
        time.sleep(1.3)  # libpcap hands over what has come once a second
        process.interrupt_group()
        _, out, _ = process.finish()
    *connections, total = [json.loads(line) for line in out.splitlines()]
    assert [connection["outcome"] for connection in connections] == ["closed"] * visits
    assert (total["file"], total["complete"]) == ("-", True)
