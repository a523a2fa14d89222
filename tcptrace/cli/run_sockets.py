"""What ``tcptrace sockets`` does once its command line is understood."""

from collections.abc import Iterable, Sequence

from tcptrace.cli import terminal
from tcptrace.cli.inputs import Inputs
from tcptrace.cli.run_capture import Ending
from tcptrace.cli.sockets import SocketsRequest
from tcptrace.kernel.processes import Process, owners
from tcptrace.kernel.sock_diag import SockDiag, Socket
from tcptrace.model.errors import InputError
from tcptrace.model.records import Connection, Endpoint, Owner, Side, SocketState
from tcptrace.session import analyze
from tcptrace.source.filter import compile_filter
from tcptrace.source.live import LiveSource

_End = tuple[tuple[str, int], tuple[str, int]]
_OVER = ("CLOSED", "LISTEN", "UNKNOWN")  # of an end in such a state there need not be a socket
_SIDES: tuple[Side, Side] = ("client", "server")


def run(request: SocketsRequest) -> None:
    """Read the capture, if there is one, ask the kernel, and write what it says."""
    connections = _captured(request) if request.paths or request.interfaces else None
    found = _ask()
    held = owners()
    ends = _ends(connections or ())
    rows = [_row(one, held.get(one.inode, ()), ends) for one in found]
    rows.sort(
        key=lambda row: (row.state != "LISTEN", row.local.ip, row.local.port, row.remote.ip, row.remote.port)
    )
    shown = [row for row in rows if not request.states or row.state in request.states]
    out = terminal.Output(terminal.Progress())
    if request.is_json:
        from tcptrace.show import json

        for row in shown:
            out.write(json.line(row))
    else:
        from tcptrace.show.paint import painter
        from tcptrace.show.sockets import socket_lines

        there = {(one.local, one.remote) for one in found}
        missing = sum(
            pair not in there and getattr(connection.final, side) not in _OVER
            for pair, (connection, side) in ends.items()
        )
        paint = painter(terminal.use_colour(request.colour))
        for line in socket_lines(shown, None if connections is None else missing):
            out.write_text(paint(line) + "\n")
    out.flush()


def _ask() -> list[Socket]:
    """Return the kernel's sockets."""
    try:
        diag = SockDiag()
        try:
            return diag.sockets()
        finally:
            diag.close()
    except (OSError, AttributeError) as error:  # AF_NETLINK is Linux's alone
        reason = getattr(error, "strerror", None) or "there is no sock_diag"
        raise InputError(f"sockets: the kernel cannot be asked: {reason}; it needs Linux") from None


def _captured(request: SocketsRequest) -> list[Connection]:
    """Return the connections of the capture."""
    if not request.interfaces:
        inputs = Inputs(request.paths)
        try:
            return list(analyze(inputs.source, filter=request.filter))
        finally:
            inputs.close()
    words = compile_filter(request.filter) if request.filter.strip() else None
    source = LiveSource(request.interfaces, words=words, duration_s=request.duration_s)
    try:
        with Ending(source.stop):
            source.start()
            return list(analyze(source))
    finally:
        source.close()


def _ends(connections: Iterable[Connection]) -> dict[_End, tuple[Connection, Side]]:
    """Return the newest connection and the side by the end's own address and the other's."""
    found: dict[_End, tuple[Connection, Side]] = {}
    for connection in connections:
        client, server = _address(connection.client), _address(connection.server)
        found[client, server] = connection, "client"
        if client != server:
            found[server, client] = connection, "server"
    return found


def _address(endpoint: Endpoint) -> tuple[str, int]:
    return endpoint.ip, endpoint.port


def _row(one: Socket, processes: Sequence[Process], ends: dict[_End, tuple[Connection, Side]]) -> SocketState:
    """Return the record of one socket."""
    connection, side = ends.get((one.local, one.remote), (None, None))
    inferred = None if connection is None or side is None else getattr(connection.final, side)
    return SocketState(
        schema=1,
        state=one.state,
        local=Endpoint(*one.local),
        remote=Endpoint(*one.remote),
        received_bytes=one.received_bytes,
        unacked_bytes=one.unacked_bytes,
        timer=one.timer,
        expires_s=None if one.timer is None else one.expires_ms / 1000,
        retries=one.retries,
        uid=one.uid,
        inode=one.inode,
        processes=[Owner(*process) for process in processes],
        stream=None if connection is None else connection.stream,
        side=side,
        inferred=inferred,
        agrees=None if inferred in (None, "UNKNOWN") else inferred == one.state,
    )
