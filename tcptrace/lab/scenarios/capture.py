"""Captures that do not have it all: the connection is in order, what is seen of it is not."""

from tcptrace.lab.scenarios.closing import close_by_client, open_and_talk, talk
from tcptrace.lab.world import World


def late(world: World) -> None:
    """Begin the capture when the connection is established."""
    client, server = open_and_talk(world)
    world.capture_from_here()
    talk(client, server)
    world.settle()
    client.close()
    world.settle()
    server.close()
    world.settle()


def late_in_close(world: World) -> None:
    """Begin the capture between the two FINs."""
    client, server = open_and_talk(world)
    client.close()
    world.settle()
    world.capture_from_here()
    server.close()
    world.settle()


def early_end(world: World) -> None:
    """End the capture between the two FINs."""
    client, server = open_and_talk(world)
    client.close()
    world.settle()
    world.end_capture()
    server.close()
    world.settle()


def client_only(world: World) -> None:
    """Capture only what the client sends."""
    world.only("client")
    close_by_client(world)


def server_only(world: World) -> None:
    """Capture only what the server sends."""
    world.only("server")
    close_by_client(world)
