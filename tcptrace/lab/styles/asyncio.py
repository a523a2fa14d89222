"""Asyncio: one thread, and for each client a coroutine that reads like the blocking server, with ``await`` where that waits.

Underneath is epoll: at an ``await`` the loop goes on with whichever coroutine can go on.
"""

import asyncio
import socket

from tcptrace.lab.conversation import CHUNK, Then
from tcptrace.lab.service import Service


def serve(service: Service) -> None:
    """Serve until the service is stopped."""
    service.listener.setblocking(False)
    asyncio.run(_accept(service))


async def _accept(service: Service) -> None:
    loop = asyncio.get_running_loop()
    tasks = set()  # the loop itself holds tasks weakly
    while True:
        try:
            connection, _ = await loop.sock_accept(service.listener)
        except OSError as error:
            service.accept_failed(error)
            continue
        task = loop.create_task(_serve_one(service, service.opened(connection)))
        tasks.add(task)
        task.add_done_callback(tasks.discard)


async def _serve_one(service: Service, connection: socket.socket) -> None:
    then = Then.CLOSE
    try:
        then = await _converse(connection, service)
    except OSError:  # the client is gone: reset, or unreachable
        pass
    finally:
        service.part(connection, then)


async def _converse(connection: socket.socket, service: Service) -> Then:
    """Hold the conversation; ``converse`` of the blocking styles, with ``await``."""
    loop = asyncio.get_running_loop()
    conversation = service.conversation()
    step = conversation.begin()
    while True:
        if step.octets:
            await loop.sock_sendall(connection, step.octets)
        if step.then in {Then.CLOSE, Then.KEEP}:
            return step.then
        if step.then is Then.SHUTDOWN:
            connection.shutdown(socket.SHUT_WR)
        step = conversation.receive(await loop.sock_recv(connection, CHUNK))
