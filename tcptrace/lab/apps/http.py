"""HTTP from a bare socket: a page and the picture in it, over one connection that is kept alive (RFC 9110, 9112)."""

import re
from collections.abc import Callable, Generator, Iterator
from typing import ClassVar

from tcptrace.lab.application import Application, Talk
from tcptrace.lab.apps import http_message, picture
from tcptrace.lab.apps.http_message import Bad, Request, Response
from tcptrace.lab.client import Peer, Unexpected

Handler = Callable[[bytes], Response]  # the request's body -> the answer

PAGE = b"""<!DOCTYPE html>
<html lang="en">
<head><title>A page and its picture</title></head>
<body>
<h1>It works</h1>
<p>Two ends, and the three segments that introduce them:</p>
<p><img src="/picture.png" alt="SYN, SYN-ACK, ACK" width="96" height="72"></p>
</body>
</html>
"""
_SEARCHED = re.compile(rb'src="(/[!-~]*?)"')


def _page(body: bytes) -> Response:
    return Response(200, "text/html; charset=utf-8", PAGE)


def _picture(body: bytes) -> Response:
    return Response(200, "image/png", picture.png())


def _story(body: bytes) -> Response:
    """Answer in chunks, as a server does that begins before it knows the end."""
    lines = ("SYN\n", "SYN, ACK\n", "ACK\n", "and so on\n")
    return Response(200, chunks=[line.encode("ascii") for line in lines])


def _form(body: bytes) -> Response:
    return Response(200, body=b"%d octets came\n" % len(body))


# What there is, and which methods each allows; HEAD goes wherever GET goes.
Pages = dict[str, dict[str, Handler]]
PAGES: Pages = {
    "/": {"GET": _page},
    "/picture.png": {"GET": _picture},
    "/story": {"GET": _story},
    "/form": {"POST": _form},
}


class Http(Application):
    """The server's end."""

    pages: ClassVar[Pages] = PAGES

    def talk(self) -> Talk:
        """Answer one request after another, until the client or HTTP's rules say that it was the last."""
        request = None
        try:
            while request is None or request.keeps_alive:
                request = yield from http_message.read_request(self.inbox)
                if request is None:
                    return
                if request.fields.get("expect", "").lower() == "100-continue":
                    yield b"HTTP/1.1 100 Continue\r\n\r\n"
                body = yield from http_message.read_body(self.inbox, request.fields)
                yield http_message.write_response(self._answer(request, body), request, request.keeps_alive)
        except Bad as bad:
            # Where a message ends is not known any more: what follows it cannot be read either.
            response = Response(bad.status, body=f"{bad}\n".encode())
            yield http_message.write_response(response, None, keep=False)

    def _answer(self, request: Request, body: bytes) -> Response:
        """Return the answer to a request that was read whole."""
        if request.method not in http_message.METHODS:
            return Response(501, body=b"no such method\n")
        handlers = self.pages.get(request.target.partition("?")[0])
        if handlers is None:
            return Response(404, body=b"no such page\n")
        handler = handlers.get("GET" if request.method == "HEAD" else request.method)
        if handler is None:
            allowed = ", ".join([*handlers, *(["HEAD"] if "GET" in handlers else [])])
            return Response(405, body=b"not with that method\n", more=(("Allow", allowed),))
        return handler(body)


def client(peer: Peer, host: str, port: int) -> Iterator[str]:
    """Get the page and the picture in it, on one connection; the server closes first, as the last request asks."""
    page = yield from ask(peer, host, port, "GET", "/")
    found = _SEARCHED.search(page)
    if found is None:
        raise Unexpected("the page has no picture")
    yield from ask(peer, host, port, "GET", found[1].decode("ascii"), last=True)
    if peer.read(peer.inbox.some()):
        raise Unexpected("it goes on after Connection: close")


def ask(
    peer: Peer, host: str, port: int, method: str, target: str, body: bytes = b"", last: bool = False
) -> Generator[str, None, bytes]:
    """Send a request, yield a line about the answer, and return the answer's body."""
    name = f"[{host}]" if ":" in host else host
    lines = [f"{method} {target} HTTP/1.1", f"Host: {name}:{port}", "User-Agent: tcptrace"]
    lines += [f"Content-Length: {len(body)}"] if method == "POST" else []
    lines += ["Connection: close"] if last else []
    peer.send("\r\n".join([*lines, "", ""]).encode("latin-1") + body)
    try:
        status, fields = peer.read(http_message.read_status(peer.inbox))
        got = b"" if method == "HEAD" else peer.read(http_message.read_body(peer.inbox, fields))
    except Bad as bad:
        raise Unexpected(str(bad)) from None
    yield f"{method} {target}: {status}, {len(got)} octets of {fields.get('content-type', 'no type')}"
    return got
