"""The kernel's own view: the tracepoint and sock_diag say of real sockets what these did."""

import os
import socket
import struct
import time
from pathlib import Path

import pytest

from tcptrace.kernel.ring_buffer import read_page
from tcptrace.kernel.sock_diag import SockDiag
from tcptrace.kernel.tracepoint import STATES, Tracepoint
from tcptrace.model.errors import InputError

root = pytest.mark.skipif(os.geteuid() != 0, reason="the tracepoint needs root")
LOW, HIGH = 21_000, 21_999  # below the ports that the kernel gives to clients (ip_local_port_range)


def pair() -> tuple[socket.socket, socket.socket]:
    """Return both ends of a connection whose server's port is where the tests look."""
    for port in range(LOW, HIGH):
        try:
            listener = socket.create_server(("127.0.0.1", port))
        except OSError:
            continue
        with listener:
            client = socket.create_connection(("127.0.0.1", port))
            return client, listener.accept()[0]
    raise AssertionError("no port is free")


def tracepoint() -> Tracepoint:
    try:
        return Tracepoint(LOW, HIGH)
    except InputError as error:
        pytest.skip(f"kernel lacks what this needs: {error}")


@root
def test_the_tracepoint_has_each_change_of_both_ends_in_order() -> None:
    traced = tracepoint()
    try:
        client, server = pair()
        here, there = client.getsockname(), client.getpeername()
        client.close()
        server.recv(1)
        server.close()
        time.sleep(0.1)  # longer than a delayed ACK
        everything = traced.changes()
    finally:
        traced.close()
    # A client's first change comes before it has a port; the socket is the same.
    sockets = {c.local: c.socket for c in everything if {c.local, c.remote} == {here, there}}
    paths = {
        local: [(c.old, c.new) for c in everything if c.socket == number] for local, number in sockets.items()
    }
    assert paths[here] == [
        ("CLOSED", "SYN-SENT"),
        ("SYN-SENT", "ESTABLISHED"),
        ("ESTABLISHED", "FIN-WAIT-1"),
        ("FIN-WAIT-1", "FIN-WAIT-2"),
        ("FIN-WAIT-2", "CLOSED"),  # in truth TIME-WAIT: only sock_diag has that
    ]
    assert paths[there] == [
        ("LISTEN", "SYN-RECEIVED"),
        ("SYN-RECEIVED", "ESTABLISHED"),
        ("ESTABLISHED", "CLOSE-WAIT"),
        ("CLOSE-WAIT", "LAST-ACK"),
        ("LAST-ACK", "CLOSED"),
    ]
    assert len(set(sockets.values())) == 2
    assert not traced.lost


@root
def test_the_tracepoint_leaves_nothing_behind_and_nobody_else_s_ports() -> None:
    traced = tracepoint()
    with socket.create_server(("127.0.0.1", 0)) as other, socket.create_connection(other.getsockname()):
        assert not [c for c in traced.changes() if other.getsockname()[1] in {c.local[1], c.remote[1]}]
    traced.close()
    assert not list(Path("/sys/kernel/tracing/instances").glob(f"tcptrace-{os.getpid()}-*"))


def test_sock_diag_agrees_with_proc() -> None:
    client, server = pair()
    client.close()
    time.sleep(0.1)  # longer than a delayed ACK
    diag = SockDiag()
    ends = {server.getsockname(), server.getpeername()}
    found = {one.local: one.state for one in diag.sockets() if {one.local, one.remote} == ends}
    diag.close()
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    ours = {}
    for row in rows:
        local, remote = (proc_address(text) for text in row[1:3])
        if {local, remote} == ends:
            ours[local] = STATES[int(row[3], 16)]
    server.close()
    assert found == ours
    assert set(found.values()) == {"CLOSE-WAIT", "FIN-WAIT-2"}


def proc_address(text: str) -> tuple[str, int]:
    address, _, port = text.partition(":")
    return socket.inet_ntoa(struct.pack("=I", int(address, 16))), int(port, 16)


def test_a_page_of_the_ring_buffer_is_read_with_its_times() -> None:
    short = struct.pack("<I", 2 | 5 << 5) + b"12345678"  # 8 octets, 5 ns later
    long = struct.pack("<II", 0 | 7 << 5, 4 + 120) + b"x" * 120  # the length comes first
    extend = struct.pack("<II", 30 | 1 << 5, 1)  # 2^27 + 1 ns later
    gap = struct.pack("<II", 29 | 3 << 5, 8) + b"...."  # taken back, 3 ns
    events = short + extend + gap + long + struct.pack("<I", 29)
    page = struct.pack("<QQ", 1000, len(events)) + events + b"rubbish"
    found, lost = read_page(page)
    assert [(event.time_ns, len(event.octets)) for event in found] == [
        (1005, 8),
        (1005 + (1 << 27) + 1 + 3 + 7, 120),
    ]
    assert not lost
    assert read_page(struct.pack("<QQ", 1000, 1 << 31)) == ([], True)
