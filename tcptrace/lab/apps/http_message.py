"""Reading and writing HTTP/1.1 messages (RFC 9112), for the server and the client alike."""

import re
from collections.abc import Iterable
from email.utils import formatdate
from typing import NamedTuple

from tcptrace.lab.inbox import EarlyEnd, Inbox, Reading, TooLong

MAX_LINE = 8_192  # octets of a request line or a field
MAX_FIELDS = 100
MAX_BODY = 1 << 20
METHODS = {"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"}
REASONS = {
    200: "OK",
    400: "Bad Request",
    404: "Not Found",
    405: "Method Not Allowed",
    413: "Content Too Large",
    414: "URI Too Long",
    431: "Request Header Fields Too Large",
    501: "Not Implemented",
    505: "HTTP Version Not Supported",
}

_TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_REQUEST_LINE = re.compile(rb"(" + _TOKEN + rb") ([!-~]+) HTTP/(\d)\.(\d)")
_STATUS_LINE = re.compile(rb"HTTP/1\.(\d) (\d\d\d)(?: [\t -~\x80-\xff]*)?")
_FIELD = re.compile(rb"(" + _TOKEN + rb"):[ \t]*((?:[\t -~\x80-\xff]*[!-~\x80-\xff])?)[ \t]*")
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,8})(?:[ \t]*;[\t -~\x80-\xff]*)?")
_TOKEN_START = re.compile(_TOKEN)

Fields = dict[str, str]  # names in lower case; a name that comes twice is joined by a comma


class Bad(Exception):
    """A message that is not HTTP, or that asks too much; ``status`` is the answer."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


class Request(NamedTuple):
    """A request's head."""

    method: str
    target: str
    minor: int  # of the version, HTTP/1.minor
    fields: Fields

    @property
    def keeps_alive(self) -> bool:
        """Whether the client means to ask again on this connection (RFC 9112 9.3)."""
        wishes = {word.strip().lower() for word in self.fields.get("connection", "").split(",")}
        return "close" not in wishes and (self.minor >= 1 or "keep-alive" in wishes)


class Response(NamedTuple):
    """An answer; in chunks where the server does not know the length when it begins."""

    status: int
    kind: str = "text/plain; charset=utf-8"
    body: bytes = b""
    chunks: Iterable[bytes] | None = None
    more: tuple[tuple[str, str], ...] = ()  # further fields


def read_request(inbox: Inbox) -> Reading[Request | None]:
    """Read a request's head; ``None`` at the end of the stream. Raises ``Bad``."""
    try:
        line = b""
        while not line:  # an empty line before a request is passed over (RFC 9112 2.2)
            first = yield from inbox.peek()
            if not first:
                return None
            if not (_TOKEN_START.match(first) or first in b"\r\n"):
                raise Bad(400, "that is not HTTP")  # said at once: such a client may never send a line's end
            line = yield from inbox.line(MAX_LINE)
    except TooLong:
        raise Bad(414, f"a request line longer than {MAX_LINE} octets") from None
    except EarlyEnd:
        raise Bad(400, "the stream ended in the request line") from None
    found = _REQUEST_LINE.fullmatch(line)
    if found is None:
        raise Bad(400, "that is no request line")
    if found[3] != b"1":
        raise Bad(505, "this server speaks HTTP/1.1")
    fields = yield from read_fields(inbox)
    request = Request(found[1].decode("ascii"), found[2].decode("ascii"), int(found[4]), fields)
    if request.minor >= 1 and "host" not in fields:
        raise Bad(400, "HTTP/1.1 wants a Host field")
    return request


def read_status(inbox: Inbox) -> Reading[tuple[int, Fields]]:
    """Read a response's head. Raises ``Bad`` and ``TooLong``."""
    line = yield from inbox.line(MAX_LINE)
    found = _STATUS_LINE.fullmatch(line)
    if found is None:
        raise Bad(400, "that is no status line")
    fields = yield from read_fields(inbox)
    return int(found[2]), fields


def read_fields(inbox: Inbox) -> Reading[Fields]:
    """Read the fields up to the empty line. Raises ``Bad``."""
    fields: Fields = {}
    try:
        for _ in range(MAX_FIELDS):
            line = yield from inbox.line(MAX_LINE)
            if not line:
                return fields
            found = _FIELD.fullmatch(line)
            if found is None:
                raise Bad(400, "that is no header field")
            name, value = found[1].decode("ascii").lower(), found[2].decode("latin-1")
            fields[name] = f"{fields[name]}, {value}" if name in fields else value
    except TooLong:
        raise Bad(431, f"a header field longer than {MAX_LINE} octets") from None
    except EarlyEnd:
        raise Bad(400, "the stream ended in the header") from None
    raise Bad(431, f"more than {MAX_FIELDS} header fields")


def read_body(inbox: Inbox, fields: Fields) -> Reading[bytes]:
    """Read a body by its length or its chunks (RFC 9112 6.3). Raises ``Bad``."""
    try:
        if "transfer-encoding" in fields:
            # Both at once is how requests are smuggled past a proxy (RFC 9112 6.1).
            if "content-length" in fields or fields["transfer-encoding"].lower() != "chunked":
                raise Bad(
                    400, "Transfer-Encoding: chunked, and no Content-Length beside it, is all that is known"
                )
            body = yield from _read_chunks(inbox)
            return body
        length = fields.get("content-length", "0")
        if not re.fullmatch("[0-9]{1,18}", length):
            raise Bad(400, "Content-Length is no number")
        if int(length) > MAX_BODY:
            raise Bad(413, f"a body longer than {MAX_BODY} octets")
        body = yield from inbox.exactly(int(length))
        return body
    except EarlyEnd:
        raise Bad(400, "the stream ended in the body") from None
    except TooLong:
        raise Bad(400, "a chunk size longer than a line") from None


def _read_chunks(inbox: Inbox) -> Reading[bytes]:
    """Read a body in chunks (RFC 9112 7.1)."""
    body = bytearray()
    while True:
        found = _CHUNK_SIZE.fullmatch((yield from inbox.line(MAX_LINE)))
        if found is None:
            raise Bad(400, "that is no chunk size")
        size = int(found[1], 16)
        if len(body) + size > MAX_BODY:
            raise Bad(413, f"a body longer than {MAX_BODY} octets")
        if size == 0:
            yield from read_fields(inbox)  # trailers, which nobody asked for
            return bytes(body)
        body += yield from inbox.exactly(size)
        if (yield from inbox.line(2)):
            raise Bad(400, "a chunk longer than its size")


def write_response(response: Response, request: Request | None, keep: bool) -> bytes:
    """Return the response's octets; ``request`` is ``None`` where it could not be read."""
    body, fields = response.body, [("Date", formatdate(usegmt=True)), *response.more]
    is_chunked = response.chunks is not None and request is not None and request.minor >= 1
    if response.chunks is not None:
        body = (
            b"".join(_chunk(part) for part in (*response.chunks, b""))
            if is_chunked
            else b"".join(response.chunks)
        )
    fields.append(("Content-Type", response.kind))
    fields.append(("Transfer-Encoding", "chunked") if is_chunked else ("Content-Length", str(len(body))))
    fields.append(("Connection", "keep-alive" if keep else "close"))
    head = [
        f"HTTP/1.1 {response.status} {REASONS[response.status]}",
        *(f"{name}: {value}" for name, value in fields),
    ]
    # The answer to HEAD has the head of the answer to GET, and no body (RFC 9110 9.3.2).
    return "\r\n".join([*head, "", ""]).encode("latin-1") + (
        b"" if request and request.method == "HEAD" else body
    )


def _chunk(part: bytes) -> bytes:
    """Return one chunk; the empty one is the last."""
    return f"{len(part):x}\r\n".encode("ascii") + part + b"\r\n"
