"""Data on their way: loss, reordering, duplication, closed windows; frames larger than any wire takes; many at once."""

import hashlib
import socket
import threading

from tcptrace.lab.path import SERVER_PORT, Weather, is_data
from tcptrace.lab.scenarios.closing import open_and_talk
from tcptrace.lab.world import LOW_PORT, World
from tcptrace.model.errors import InputError

_MANY = 500


def _carry(sender: socket.socket, receiver: socket.socket, count: int, seed: str) -> None:
    """Send so many octets, and see that the same come out at the other end."""
    block = hashlib.sha256(seed.encode()).digest() * (count // 32 + 1)
    thread = threading.Thread(target=sender.sendall, args=(block[:count],))
    thread.start()
    got = bytearray()
    while len(got) < count:
        part = receiver.recv(65_536)
        if not part:
            raise InputError(f"the stream ended after {len(got)} of {count} octets")
        got += part
    thread.join()
    if got != block[:count]:
        raise InputError("other octets came out than went in")


def _in_weather(world: World, seed: int, weather: Weather) -> None:
    """Carry data both ways in bad weather, and close in good."""
    client, server = open_and_talk(world)
    world.path.delay_s = 0.005
    world.path.weather(seed, weather)
    _carry(client, server, 60_000, "there")
    _carry(server, client, 60_000, "back")
    world.path.clear()
    world.settle(0.5)
    client.close()
    world.settle()
    server.close()
    world.settle()


def data_lost(world: World) -> None:
    """Lose some segments, both ways."""
    _in_weather(world, 1, Weather(loss=0.05))


def data_reordered(world: World) -> None:
    """Have some segments come late, both ways."""
    _in_weather(world, 2, Weather(reorder=0.2, late_s=0.02))


def data_duplicated(world: World) -> None:
    """Have some segments come twice, both ways."""
    _in_weather(world, 3, Weather(duplicate=0.2, late_s=0.02))


def bad_weather(world: World) -> None:
    """All of it at once."""
    _in_weather(world, 4, Weather(loss=0.03, duplicate=0.1, reorder=0.1, late_s=0.02))


def first_data_lost(world: World) -> None:
    """Lose the first data, the client's."""
    world.path.drop("client", is_data)
    client, server = world.connect()
    client.sendall(b"lost at first")
    server.recv(100)
    world.settle()
    client.close()
    world.settle()
    server.close()
    world.settle()


def _fill(world: World) -> tuple[socket.socket, socket.socket, int]:
    """Return both ends, and how much the client has sent to a server that reads nothing: its window is closed."""
    listener = world.server.listen()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client, server = world.connect(listener)
    client.setblocking(False)
    sent, quiet = 0, 0
    while quiet < 3:
        try:
            sent += client.send(bytes(1000))
            quiet = 0
        except BlockingIOError:
            quiet += 1
            world.settle(0.1)
        if sent > 40_000:  # the window is long closed; the rest waits at the client
            break
    world.settle(0.25)
    return client, server, sent


def _read(server: socket.socket, count: int) -> None:
    got = 0
    while got < count:
        got += len(server.recv(65_536))


def zero_window(world: World) -> None:
    """Have the server read nothing until its window is closed and probed; then all."""
    client, server, sent = _fill(world)
    world.settle(0.6)
    _read(server, sent)
    world.settle(0.3)
    client.close()
    world.settle()
    server.close()
    world.settle()


def close_in_zero_window(world: World) -> None:
    """Have the client close while the window is closed: its FIN goes when the server has read."""
    client, server, sent = _fill(world)
    client.close()
    world.settle(0.5)
    _read(server, sent)
    server.recv(100)
    world.settle(0.3)
    server.close()
    world.settle()


def close_in_zero_window_unread(world: World) -> None:
    """Have the client close while the window is closed, and the server never read."""
    client, _, _ = _fill(world)
    client.close()
    world.settle(0.5)


def offload(world: World) -> None:
    """Carry a megabyte over loopback, where frames reach 64 KiB and checksums are left to nobody."""
    client, server = world.connect()
    _carry(client, server, 1 << 20, "large")
    world.settle()
    client.close()
    world.settle()
    server.close()
    world.settle()


def many_at_once(world: World) -> None:
    """Have 500 connections open at once, then close them, half by each side."""
    listener = world.server.listen(SERVER_PORT, backlog=_MANY)
    pairs = []
    for number in range(_MANY):
        client = world.client.open(LOW_PORT + 100 + number)
        client.connect(listener.getsockname())
        pairs.append((client, world.server.accept(listener)))
    for client, _ in pairs:
        client.sendall(b"one of many")
    for _, server in pairs:
        server.recv(100)
    world.settle()
    for first in (True, False):
        for number, ends in enumerate(pairs):
            ends[(number % 2 == 0) is first].close()
        world.settle(0.1)
