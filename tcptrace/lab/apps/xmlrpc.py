"""XML-RPC: calls of functions as XML in the body of an HTTP POST, with the standard library's reader and writer."""

from collections.abc import Generator, Iterator
from typing import Any, ClassVar, cast
from xml.parsers.expat import ExpatError
from xmlrpc import client as xmlrpc_client
from xmlrpc.server import SimpleXMLRPCDispatcher

from tcptrace.lab.apps import http
from tcptrace.lab.apps.http_message import Response
from tcptrace.lab.client import Peer, Unexpected

PATH = "/RPC2"


def add(first: Any, second: Any) -> Any:
    """Return the sum."""
    return first + second


def reverse(text: Any) -> Any:
    """Return the text or the array backwards."""
    return text[::-1]


def _dispatcher() -> SimpleXMLRPCDispatcher:
    """Return the functions that may be called, and the standard ones that list them."""
    dispatcher = SimpleXMLRPCDispatcher(allow_none=False, encoding="utf-8")
    dispatcher.register_introspection_functions()
    dispatcher.register_function(add)
    dispatcher.register_function(reverse)
    return dispatcher


_DISPATCHER = _dispatcher()


def _call(body: bytes) -> Response:
    """Call what the body asks for; whatever goes wrong in there is answered as a fault."""
    # Private by name, but the one that the standard library's own handlers call; octets, though typeshed says text.
    return Response(200, "text/xml", cast(bytes, _DISPATCHER._marshaled_dispatch(body)))


class XmlRpc(http.Http):
    """The server's end."""

    pages: ClassVar[http.Pages] = {PATH: {"POST": _call}}


def client(peer: Peer, host: str, port: int) -> Iterator[str]:
    """Call each function once, and one that is not there."""
    yield f"add(2, 3) = {(yield from _ask(peer, host, port, 'add', 2, 3))!r}"
    yield f"reverse('state') = {(yield from _ask(peer, host, port, 'reverse', 'state'))!r}"
    yield f"listMethods() = {(yield from _ask(peer, host, port, 'system.listMethods'))!r}"
    try:
        yield from _ask(peer, host, port, "nothing", last=True)
    except xmlrpc_client.Fault as fault:
        yield f"nothing(): fault {fault.faultCode}"
    else:
        raise Unexpected("it called a function that is not there")


def _ask(
    peer: Peer, host: str, port: int, name: str, *values: Any, last: bool = False
) -> Generator[str, None, Any]:
    """Call one function and return what it returned. Raises ``xmlrpc.client.Fault``, ``Unexpected``."""
    body = xmlrpc_client.dumps(values, name).encode("utf-8")
    answer = yield from http.ask(peer, host, port, "POST", PATH, body, last)
    try:
        (value,), _ = xmlrpc_client.loads(answer.decode("utf-8"))
    except (ExpatError, xmlrpc_client.ResponseError, ValueError):
        raise Unexpected("the answer is no XML-RPC") from None
    return value
