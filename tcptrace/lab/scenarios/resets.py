"""How connections are cut short; and RSTs and SYNs that somebody else made (by scapy) and that should cut nothing."""

import socket
import subprocess
import time

from tcptrace.lab.path import CLIENT_PORT, is_ack, is_any, is_rst
from tcptrace.lab.scenarios.closing import open_and_talk, talk
from tcptrace.lab.scenarios.opening import finish_normally, start
from tcptrace.lab.segment import Segment
from tcptrace.lab.world import World


def rst_by_client(world: World) -> None:
    """Close by a RST (SO_LINGER with no time)."""
    client, _ = open_and_talk(world)
    world.reset(client)
    world.settle()


def rst_by_server(world: World) -> None:
    """The same by the server."""
    _, server = open_and_talk(world)
    world.reset(server)
    world.settle()


def rst_in_close_wait(world: World) -> None:
    """Have the server reset when the client has sent its FIN."""
    client, server = open_and_talk(world)
    client.shutdown(socket.SHUT_WR)
    world.settle()
    world.reset(server)
    world.settle()


def rst_in_fin_wait_1(world: World) -> None:
    """Have the client reset before its FIN is acknowledged."""
    client, _ = open_and_talk(world)
    client.shutdown(socket.SHUT_WR)
    world.reset(client)
    world.settle()


def rst_in_fin_wait_2(world: World) -> None:
    """Have the client reset when its FIN is acknowledged, and no FIN has come."""
    client, _ = open_and_talk(world)
    client.shutdown(socket.SHUT_WR)
    world.settle()
    world.reset(client)
    world.settle()


def data_to_closed_end(world: World) -> None:
    """Have the server send to a client that has closed and reads no more: it answers by a RST."""
    client, server = open_and_talk(world)
    client.close()
    world.settle()
    server.sendall(b"is anybody there?")
    world.settle()


def data_with_ack_to_closed_end(world: World) -> None:
    """Lose the bare ACKs, so that the data themselves bring the ACK of the FIN: one segment, two steps, and a RST."""
    client, server = open_and_talk(world)
    world.path.drop("server", is_ack, None)
    client.close()
    world.settle()
    server.sendall(b"is anybody there?")
    world.settle()


def unread_data_close(world: World) -> None:
    """Have the client close with data unread: a RST in place of a FIN."""
    client, server = open_and_talk(world)
    server.sendall(b"nobody reads this")
    world.settle()
    client.close()
    world.settle()


def unread_data_close_wait(world: World) -> None:
    """Have the server close with data unread, when the client has sent its FIN."""
    client, server = open_and_talk(world)
    client.sendall(b"nobody reads this")
    client.shutdown(socket.SHUT_WR)
    world.settle()
    server.close()
    world.settle()


def process_killed(world: World) -> None:
    """Kill the process that holds the client's end: the system closes for it."""
    client, server = open_and_talk(world)
    with subprocess.Popen(["sleep", "60"], pass_fds=[client.fileno()]) as holder:
        client.close()
        time.sleep(0.05)
        holder.kill()
    world.settle()
    server.close()
    world.settle()


def _forged(segment: Segment, flags: str, seq: int, ack: int = 0) -> bytes:
    """Return a packet in the name of a segment's sender, that no socket would send."""
    from scapy.layers.inet import IP, TCP

    (here, sport), (there, dport) = segment.source, segment.target
    tcp = TCP(sport=sport, dport=dport, flags=flags, seq=seq % 2**32, ack=ack % 2**32, window=1000)
    return bytes(IP(src=here, dst=there) / tcp)


def _last_of_client(world: World) -> Segment:
    return world.relay.sent["client"][-1]


def blind_rst_in_window(world: World) -> None:
    """Forge a RST in the window but not at RCV.NXT: a challenge ACK answers it, and nothing moves."""
    ends = open_and_talk(world)
    last = _last_of_client(world)
    world.relay.inject("server", _forged(last, "R", last.end + 100))
    world.settle()
    finish_normally(world, *ends)


def blind_rst_outside(world: World) -> None:
    """Forge a RST outside the window: nothing at all happens."""
    ends = open_and_talk(world)
    last = _last_of_client(world)
    world.relay.inject("server", _forged(last, "R", last.end - 100_000))
    world.settle()
    finish_normally(world, *ends)


def blind_rst_exact(world: World) -> None:
    """Forge a RST at RCV.NXT: the server is cut off, and the client learns it by its next data."""
    client, _ = open_and_talk(world)
    last = _last_of_client(world)
    world.relay.inject("server", _forged(last, "R", last.end))
    world.settle()
    client.sendall(b"still here?")
    world.settle()


def syn_into_established(world: World) -> None:
    """Forge a SYN into the connection: a challenge ACK answers it, and nothing moves."""
    ends = open_and_talk(world)
    last = _last_of_client(world)
    world.relay.inject("server", _forged(last, "S", last.end + 1000))
    world.settle()
    finish_normally(world, *ends)


def half_open_reboot(world: World) -> None:
    """Have the server's end vanish, as by a loss of power: the client's next data are answered by a RST."""
    client, server = open_and_talk(world)
    world.vanish(server)
    client.sendall(b"still there?")
    world.settle()


def half_open_reconnect(world: World) -> None:
    """Have the client's end vanish and connect again from its port: RFC 9293 figure 10."""
    listener = world.server.listen()
    client, server = world.connect(listener)
    talk(client, server)
    world.settle()
    world.vanish(client)
    again = world.client.open(CLIENT_PORT)
    again.connect(listener.getsockname())
    finish_normally(world, again, world.server.accept(listener))


def half_open_fin(world: World) -> None:
    """Have the client's end vanish; the server's FIN is answered by a RST."""
    client, server = open_and_talk(world)
    world.vanish(client)
    server.close()
    world.settle()


def rst_lost(world: World) -> None:
    """Lose the client's RST: the server does not know, until it sends."""
    client, server = open_and_talk(world)
    world.path.drop("client", is_rst)
    world.reset(client)
    world.settle()
    server.sendall(b"is anybody there?")
    world.settle()


def port_reuse(world: World) -> None:
    """Connect again from the same port after a RST."""
    listener = world.server.listen()
    client, server = world.connect(listener)
    talk(client, server)
    world.reset(client)
    world.settle()
    finish_normally(world, *world.connect(listener))


def time_wait_reuse_client(world: World) -> None:
    """Have the client, in TIME-WAIT, connect again from its port a second later."""
    world.client.sysctl("ipv4/tcp_tw_reuse", 1)
    listener = world.server.listen()
    finish_normally(world, *world.connect(listener))
    time.sleep(1.2)
    finish_normally(world, *world.connect(listener))


def time_wait_reuse_server(world: World) -> None:
    """Have the client connect again from its port while the server is in TIME-WAIT."""
    listener = world.server.listen()
    finish_normally(world, *reversed(world.connect(listener)))
    finish_normally(world, *world.connect(listener))


def time_wait_assassination(world: World) -> None:
    """Forge a RST into the client's TIME-WAIT: it ends at once (RFC 1337)."""
    finish_normally(world, *world.connect())
    last = world.relay.sent["server"][-1]
    world.relay.inject("client", _forged(last, "R", last.end))
    world.settle()


def keep_alive(world: World) -> None:
    """Say nothing for a while, with keep-alive probes."""
    ends = open_and_talk(world)
    _probe(ends[0], count=3)
    world.settle()
    time.sleep(2.2)
    finish_normally(world, *ends)


def dead_peer(world: World) -> None:
    """Lose everything from here on: the client's keep-alive probes find out, and it resets."""
    client, _ = open_and_talk(world)
    _probe(client, count=1)
    world.path.drop("server", is_any, None)
    world.path.drop("client", is_any, None)
    time.sleep(2.6)


def _probe(one: socket.socket, count: int) -> None:
    """Have a socket ask every second whether the other end is there."""
    one.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in (
        (socket.TCP_KEEPIDLE, 1),
        (socket.TCP_KEEPINTVL, 1),
        (socket.TCP_KEEPCNT, count),
    ):
        one.setsockopt(socket.IPPROTO_TCP, option, value)


def user_timeout(world: World) -> None:
    """Have the client give up after 0.8 s without an acknowledgement."""
    client, _ = open_and_talk(world)
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 800)
    world.path.drop("client", is_any, None)
    client.sendall(b"to nobody")
    time.sleep(2.5)


def fin_wait_2_timeout(world: World) -> None:
    """Have an orphan in FIN-WAIT-2 time out: the FIN that comes then is answered by a RST."""
    world.client.sysctl("ipv4/tcp_fin_timeout", 1)
    client, server = open_and_talk(world)
    client.close()
    world.settle()
    time.sleep(2.2)
    server.close()
    world.settle()


def refused_after_close(world: World) -> None:
    """Close the listener while a client is in its queue: the kernel resets it."""
    listener = world.server.listen()
    client = world.client.open(CLIENT_PORT)
    start(client, listener.getsockname())
    world.settle()
    listener.close()
    world.settle()
