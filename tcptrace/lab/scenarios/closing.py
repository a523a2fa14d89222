"""How connections end in good order."""

import socket

from tcptrace.lab.path import is_ack, is_data, is_fin
from tcptrace.lab.world import World

TCP_CORK = 3


def talk(client: socket.socket, server: socket.socket) -> None:
    """Exchange a little."""
    client.sendall(b"to the server")
    server.recv(100)
    server.sendall(b"to the client")
    client.recv(100)


def open_and_talk(world: World) -> tuple[socket.socket, socket.socket]:
    """Return both ends of a connection on which both have spoken."""
    client, server = world.connect()
    talk(client, server)
    world.settle()
    return client, server


def _close(world: World, *ends: socket.socket) -> None:
    for end in ends:
        end.close()
        world.settle()


def close_by_client(world: World) -> None:
    """Close, the client first."""
    _close(world, *open_and_talk(world))


def close_by_server(world: World) -> None:
    """Close, the server first."""
    _close(world, *reversed(open_and_talk(world)))


def close_three_segments(world: World) -> None:
    """Have the server close as soon as it reads the end: its FIN carries the ACK of the client's."""
    client, server = open_and_talk(world)
    client.close()
    server.recv(100)
    server.close()
    world.settle()


def half_close_client(world: World) -> None:
    """Have the client send its FIN and read on."""
    client, server = open_and_talk(world)
    client.shutdown(socket.SHUT_WR)
    world.settle()
    server.sendall(b"and this, and this")
    world.settle()
    client.recv(100)
    _close(world, server, client)


def half_close_server(world: World) -> None:
    """Have the server send its FIN and read on."""
    client, server = open_and_talk(world)
    server.shutdown(socket.SHUT_WR)
    world.settle()
    client.sendall(b"and this, and this")
    world.settle()
    server.recv(100)
    _close(world, client, server)


def shut_rd(world: World) -> None:
    """Shut the server's reading down, which no segment tells; what comes all the same is taken."""
    client, server = open_and_talk(world)
    server.shutdown(socket.SHUT_RD)
    client.sendall(b"to nobody")
    world.settle()
    server.recv(100)
    _close(world, client, server)


def shut_wr(world: World) -> None:
    """Have both ends shut their writing down, then close."""
    client, server = open_and_talk(world)
    for end in (client, server):
        end.shutdown(socket.SHUT_WR)
        world.settle()
    _close(world, client, server)


def shut_rdwr(world: World) -> None:
    """Shut both ways at one end, then at the other."""
    client, server = open_and_talk(world)
    client.shutdown(socket.SHUT_RDWR)
    world.settle()
    server.shutdown(socket.SHUT_RDWR)
    world.settle()
    _close(world, client, server)


def simultaneous_close(world: World) -> None:
    """Let the FINs cross."""
    world.path.delay_s = 0.03
    client, server = open_and_talk(world)
    client.close()
    server.close()
    world.settle(0.15)


def simultaneous_close_fin_lost(world: World) -> None:
    """Let the FINs cross, and lose the client's."""
    world.path.delay_s = 0.03
    client, server = open_and_talk(world)
    world.path.drop("client", is_fin)
    client.close()
    server.close()
    world.settle(0.6)


def fin_lost(world: World) -> None:
    """Lose the client's first FIN."""
    client, server = open_and_talk(world)
    world.path.drop("client", is_fin)
    client.close()
    world.settle(0.5)
    _close(world, server)


def fin_lost_twice(world: World) -> None:
    """Lose the client's first two FINs."""
    client, server = open_and_talk(world)
    world.path.drop("client", is_fin, 2)
    client.close()
    world.settle(1.0)
    _close(world, server)


def fin_of_server_lost(world: World) -> None:
    """Lose the second FIN, the server's."""
    client, server = open_and_talk(world)
    client.close()
    world.settle()
    world.path.drop("server", is_fin)
    server.close()
    world.settle(0.5)


def fin_ack_lost(world: World) -> None:
    """Lose the ACK of the client's FIN."""
    client, server = open_and_talk(world)
    world.path.drop("server", is_ack)
    client.close()
    world.settle(0.5)
    _close(world, server)


def fin_ack_lost_for_good(world: World) -> None:
    """Lose every bare ACK of the client's FIN: the server's FIN brings it."""
    client, server = open_and_talk(world)
    world.path.drop("server", is_ack, None)
    client.close()
    world.settle(0.4)
    server.close()
    world.settle(0.3)


def last_ack_lost(world: World) -> None:
    """Lose the last ACK: the server repeats its FIN into TIME-WAIT."""
    client, server = open_and_talk(world)
    client.close()
    world.settle()
    world.path.drop("client", is_ack)
    server.close()
    world.settle(0.5)


def last_ack_lost_twice(world: World) -> None:
    """Lose the last ACK twice."""
    client, server = open_and_talk(world)
    client.close()
    world.settle()
    world.path.drop("client", is_ack, 2)
    server.close()
    world.settle(1.0)


def fin_reordered(world: World) -> None:
    """Have the FIN overtake the data before it."""
    client, server = open_and_talk(world)
    world.path.delay("client", is_data, 0.05)
    client.sendall(b"late")
    client.close()
    world.settle(0.15)
    server.recv(100)
    _close(world, server)


def fin_before_lost_data(world: World) -> None:
    """Lose the data before the FIN: the FIN has to wait at the server until they come again."""
    client, server = open_and_talk(world)
    world.path.drop("client", is_data)
    client.sendall(b"lost at first")
    client.close()
    world.settle(0.6)
    server.recv(100)
    _close(world, server)


def fin_with_data(world: World) -> None:
    """Send the last data and the FIN in one segment."""
    client, server = open_and_talk(world)
    client.setsockopt(socket.IPPROTO_TCP, TCP_CORK, 1)
    client.sendall(b"the last words")
    client.close()
    world.settle()
    server.recv(100)
    _close(world, server)


def fin_with_data_lost(world: World) -> None:
    """Lose the segment that has the last data and the FIN."""
    client, server = open_and_talk(world)
    world.path.drop("client", is_fin)
    client.setsockopt(socket.IPPROTO_TCP, TCP_CORK, 1)
    client.sendall(b"the last words")
    client.close()
    world.settle(0.6)
    server.recv(100)
    _close(world, server)


def fin_doubled(world: World) -> None:
    """Have the client's FIN come twice."""
    client, server = open_and_talk(world)
    world.path.duplicate("client", is_fin, 0.02)
    _close(world, client, server)
