"""How connections begin, or do not."""

import socket
import time

from tcptrace.lab.path import CLIENT_PORT, SERVER_PORT, is_ack, is_any, is_syn, is_syn_ack
from tcptrace.lab.world import World

TCP_DEFER_ACCEPT, TCP_FASTOPEN = 9, 23  # <linux/tcp.h>
MSG_FASTOPEN = 0x20000000
_FAST_OPEN_WITHOUT_COOKIES = 0x207  # ip-sysctl.rst, tcp_fastopen


def start(client: socket.socket, address: tuple[str, int]) -> None:
    """Begin to connect, and do not wait."""
    client.setblocking(False)
    client.connect_ex(address)


def finish_normally(world: World, client: socket.socket, server: socket.socket) -> None:
    """Exchange a little and close, the client first."""
    client.settimeout(30)
    client.sendall(b"to the server")
    server.recv(100)
    server.sendall(b"to the client")
    client.recv(100)
    world.settle()
    client.close()
    world.settle()
    server.close()
    world.settle()


def refused(world: World) -> None:
    """Connect to a port where nobody listens."""
    start(world.client.open(CLIENT_PORT), (world.server.ip, SERVER_PORT))
    world.settle()


def unanswered(world: World) -> None:
    """Lose every SYN."""
    world.path.drop("client", is_syn, None)
    world.server.listen()
    start(world.client.open(CLIENT_PORT), (world.server.ip, SERVER_PORT))
    world.settle(0.3)


def connect_timeout(world: World) -> None:
    """Lose every SYN until the client gives up."""
    world.client.sysctl("ipv4/tcp_syn_retries", 1)
    world.client.sysctl("ipv4/tcp_syn_linear_timeouts", 0)
    world.path.drop("client", is_syn, None)
    world.server.listen()
    start(world.client.open(CLIENT_PORT), (world.server.ip, SERVER_PORT))
    time.sleep(3.4)  # one second and two


def syn_lost(world: World) -> None:
    """Lose the first SYN."""
    world.path.drop("client", is_syn)
    finish_normally(world, *world.connect())


def syn_lost_twice(world: World) -> None:
    """Lose the first two SYNs."""
    world.path.drop("client", is_syn, 2)
    finish_normally(world, *world.connect())


def syn_ack_lost(world: World) -> None:
    """Lose the first SYN-ACK."""
    world.path.drop("server", is_syn_ack)
    finish_normally(world, *world.connect())


def handshake_ack_lost(world: World) -> None:
    """Lose the ACK of the SYN-ACK, with no data behind it: the server repeats its SYN-ACK."""
    world.path.drop("client", is_ack)
    finish_normally(world, *world.connect())


def handshake_ack_lost_before_data(world: World) -> None:
    """Lose the ACK of the SYN-ACK; the data that follow carry it again."""
    world.path.drop("client", is_ack)
    listener = world.server.listen()
    client = world.client.open(CLIENT_PORT)
    client.connect(listener.getsockname())
    client.sendall(b"first")
    finish_normally(world, client, world.server.accept(listener))


def syn_ack_lost_twice(world: World) -> None:
    """Lose the first two SYN-ACKs."""
    world.path.drop("server", is_syn_ack, 2)
    finish_normally(world, *world.connect())


def syn_doubled(world: World) -> None:
    """Have the SYN come twice: the second is an old duplicate."""
    world.path.duplicate("client", is_syn, 0.05)
    finish_normally(world, *world.connect())


def simultaneous_open(world: World) -> None:
    """Let both SYNs cross; then data and a close by the client."""
    world.path.delay_s = 0.05
    client, server = world.client.open(CLIENT_PORT), world.server.open(SERVER_PORT)
    start(client, (world.server.ip, SERVER_PORT))
    start(server, (world.client.ip, CLIENT_PORT))
    world.settle(0.2)
    server.settimeout(30)
    finish_normally(world, client, server)


def self_connect(world: World) -> None:
    """Connect a socket to itself."""
    one = world.client.open(CLIENT_PORT)
    one.connect((world.client.ip, CLIENT_PORT))
    one.sendall(b"to myself")
    one.recv(100)
    world.settle()
    one.close()
    world.settle()


def backlog_overflow(world: World) -> None:
    """Let two clients come at once where one has room, and accept none: the last ACK of one is passed over."""
    world.server.sysctl("ipv4/tcp_syncookies", 0)
    listener = world.server.listen(backlog=1)
    for number in range(3):
        start(world.client.open(CLIENT_PORT + number), listener.getsockname())
        if number == 0:
            world.settle()
    time.sleep(1.5)  # the SYN-ACK comes again after a second


def syn_cookies(world: World) -> None:
    """Have the server keep nothing until the ACK that returns its cookie."""
    world.server.sysctl("ipv4/tcp_syncookies", 2)
    finish_normally(world, *world.connect())


def deferred_accept(world: World) -> None:
    """Have the server pass over the handshake's ACK until data come."""
    listener = world.server.listen()
    listener.setsockopt(socket.IPPROTO_TCP, TCP_DEFER_ACCEPT, 5)
    client = world.client.open(CLIENT_PORT)
    client.connect(listener.getsockname())
    world.settle(0.2)
    client.sendall(b"here I am")
    finish_normally(world, client, world.server.accept(listener))


def _fast_open(world: World, data: bytes) -> tuple[socket.socket, socket.socket]:
    """Return both ends of a connection whose SYN carries data; the server has it before the handshake's ACK."""
    for host in (world.client, world.server):
        host.sysctl("ipv4/tcp_fastopen", _FAST_OPEN_WITHOUT_COOKIES)
    listener = world.server.listen()
    listener.setsockopt(socket.IPPROTO_TCP, TCP_FASTOPEN, 5)
    client = world.client.open(CLIENT_PORT)
    client.setblocking(False)
    client.sendto(data, MSG_FASTOPEN, listener.getsockname())
    return client, world.server.accept(listener)


def fast_open(world: World) -> None:
    """Send data in the SYN."""
    client, server = _fast_open(world, b"in the SYN")
    server.recv(100)
    world.settle()
    finish_normally(world, client, server)


def fast_open_close_in_syn_received(world: World) -> None:
    """Have the server answer the SYN's data and close before the handshake's ACK has come."""
    world.path.delay_s = 0.04
    client, server = _fast_open(world, b"in the SYN")
    server.recv(100)
    server.sendall(b"that is all")
    server.close()
    world.settle(0.2)
    client.close()
    world.settle(0.2)


def fast_open_reset_in_syn_received(world: World) -> None:
    """Have the server reset before the handshake's ACK has come."""
    world.path.delay_s = 0.04
    _, server = _fast_open(world, b"in the SYN")
    server.recv(100)
    world.reset(server)
    world.settle(0.2)


def rst_in_syn_received(world: World) -> None:
    """Have the client give up before the SYN-ACK comes: its RST takes the server back to LISTEN."""
    world.path.delay_s = 0.1
    listener = world.server.listen()
    client = world.client.open(CLIENT_PORT)
    start(client, listener.getsockname())
    client.close()
    world.settle(0.15)


def ipv6(world: World) -> None:
    """Connect over IPv6."""
    listener = world.server.listen(family=socket.AF_INET6)
    client = world.client.open(CLIENT_PORT, socket.AF_INET6)
    client.connect((world.server.ip6, SERVER_PORT))
    finish_normally(world, client, world.server.accept(listener))


def ipv4_mapped(world: World) -> None:
    """Connect with IPv6 sockets over IPv4."""
    with world.server.inside():
        listener = socket.socket(socket.AF_INET6, socket.SOCK_STREAM)
    with listener:
        listener.bind((f"::ffff:{world.server.ip}", SERVER_PORT))
        listener.listen()
        listener.settimeout(30)
        client = world.client.open(0, socket.AF_INET6)
        client.connect((f"::ffff:{world.server.ip}", SERVER_PORT))
        finish_normally(world, client, world.server.accept(listener))


def dead_server(world: World) -> None:
    """Lose everything that the server says."""
    world.path.drop("server", is_any, None)
    listener = world.server.listen()
    start(world.client.open(CLIENT_PORT), listener.getsockname())
    world.settle(0.3)
