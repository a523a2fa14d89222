"""The HTTP application: right answers to right requests, 4xx to the rest, whole, split anywhere, or cut anywhere."""

import http.client
import io
from collections.abc import Iterator

import pytest

from tcptrace import lab
from tcptrace.lab import Address
from tcptrace.lab.apps.http import Http
from tests.lab.talk import exchange

PAGE = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
LAST = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
FORM = b"POST /form HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"
CHUNKED = (
    b"POST /form HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"3\r\nhel\r\n2;ext=1\r\nlo\r\n0\r\nTrailer: x\r\n\r\n"
)


class Sock:
    """What ``http.client.HTTPResponse`` wants: something with ``makefile``."""

    def __init__(self, file: io.BytesIO) -> None:
        self._file = file

    def makefile(self, mode: str) -> io.BytesIO:
        return self._file


class Kept(io.BytesIO):
    """``HTTPResponse`` closes its file at the end of a message; here the next one is to be read from it."""

    def close(self) -> None:
        pass


def answers(octets: bytes, methods: str = "") -> list[tuple[int, bytes]]:
    """Return (status, body) of each response, as the standard library reads them; ``methods`` names the requests'."""
    file = Kept(octets)
    found = []
    asked = iter(methods.split())
    while file.tell() < len(octets):
        response = http.client.HTTPResponse(Sock(file), method=next(asked, "GET"))  # type: ignore[arg-type]
        response.begin()
        found.append((response.status, response.read()))
    return found


def ask(*pieces: bytes, methods: str = "") -> list[tuple[int, bytes]]:
    """Return the answers to the pieces, fed one by one, and the end of the stream."""
    app = Http()
    out = app.begin().octets
    for piece in (*pieces, b""):
        reply = app.receive(piece)
        out += reply.octets
        if reply.is_last:
            return answers(out, methods)
    raise AssertionError("the stream ended, and the application goes on")


def status(octets: bytes) -> int:
    """Return the status of the one answer to ``octets``."""
    ((number, _),) = ask(octets)
    return number


@pytest.fixture
def address() -> Iterator[Address]:
    with lab.serving("threads", "http") as address:
        yield address


def test_requests_on_one_connection_are_answered_in_order() -> None:
    got = ask(PAGE + FORM + CHUNKED + LAST)
    assert [number for number, _ in got] == [200, 200, 200, 200]
    assert got[1][1] == got[2][1] == b"5 octets came\n"
    assert got[0][1] == got[3][1]


def test_requests_split_anywhere_are_the_same() -> None:
    whole = PAGE + FORM + CHUNKED + LAST
    expected = ask(whole)
    for place in range(1, len(whole)):
        assert ask(whole[:place], whole[place:]) == expected
    assert ask(*(whole[place : place + 1] for place in range(len(whole)))) == expected


def test_a_request_cut_anywhere_is_answered_with_400_or_not_at_all() -> None:
    for whole in (PAGE, FORM, CHUNKED):
        for place in range(len(whole)):
            assert [number for number, _ in ask(whole[:place])] == ([400] if place else [])


@pytest.mark.parametrize(
    ("octets", "expected"),
    [
        (b"rubbish\n", 400),
        (b"\x16\x03\x01\x02\x00", 400),  # TLS: said before any line ends
        (b"\0", 400),
        (b"GET  / HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"GET /\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),  # no Host (RFC 9112 3.2)
        (b"GET / HTTP/2.0\r\nHost: x\r\n\r\n", 505),
        (b"GET /nowhere HTTP/1.0\r\n\r\n", 404),
        (b"BREW / HTTP/1.0\r\n\r\n", 501),
        (b"POST / HTTP/1.0\r\n\r\n", 405),
        (b"GET /form HTTP/1.0\r\n\r\n", 405),
        (b"GET / HTTP/1.0\r\nno colon\r\n\r\n", 400),
        (b"GET / HTTP/1.0\r\nname : x\r\n\r\n", 400),  # RFC 9112 5.1
        (b"GET / HTTP/1.0\r\na: b\r\n folded\r\n\r\n", 400),
        (b"GET / HTTP/1.0\r\na: b\0c\r\n\r\n", 400),
        (b"POST /form HTTP/1.0\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST /form HTTP/1.0\r\nContent-Length: 5, 5\r\n\r\nhello", 400),
        (b"POST /form HTTP/1.0\r\nContent-Length: 1048577\r\n\r\n", 413),
        (b"POST /form HTTP/1.0\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n", 400),
        (
            b"POST /form HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
            400,
        ),
        (b"POST /form HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", 400),
        (b"POST /form HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
        (b"POST /form HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhello\r\n0\r\n\r\n", 400),
        (b"POST /form HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffffff\r\n", 413),
        (b"GET /" + b"a" * 9000 + b" HTTP/1.0\r\n\r\n", 414),
        (b"a" * 9000, 414),  # and no end of the line
        (b"GET / HTTP/1.0\r\na: " + b"b" * 9000 + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.0\r\n" + b"a: b\r\n" * 200 + b"\r\n", 431),
    ],
)
def test_a_bad_request_has_its_status(octets: bytes, expected: int) -> None:
    assert status(octets) == expected


def test_lines_that_end_in_lf_alone_and_empty_lines_before_a_request_are_read() -> None:
    assert status(b"\r\n\nGET / HTTP/1.0\n\n") == 200


def test_after_a_bad_request_the_server_closes() -> None:
    app = Http()
    app.begin()
    reply = app.receive(b"rubbish\n" + PAGE)
    assert reply.is_last
    assert b"\r\nConnection: close\r\n" in reply.octets
    assert [number for number, _ in answers(reply.octets)] == [400]


@pytest.mark.parametrize(
    ("head", "keeps"),
    [
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", True),
        (b"GET / HTTP/1.1\r\nHost: x\r\nConnection: Close\r\n\r\n", False),
        (b"GET / HTTP/1.1\r\nHost: x\r\nConnection: x, close\r\n\r\n", False),
        (b"GET / HTTP/1.0\r\n\r\n", False),
        (b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", True),
    ],
)
def test_a_connection_is_kept_as_the_request_asks(head: bytes, keeps: bool) -> None:
    app = Http()
    app.begin()
    assert app.receive(head).is_last is not keeps


def test_head_has_the_head_of_get_and_no_body() -> None:
    app = Http()
    got = app.receive(PAGE).octets
    app = Http()
    assert app.receive(PAGE.replace(b"GET", b"HEAD")).octets.partition(b"\r\n\r\n")[2] == b""
    assert b"Content-Length: 265\r\n" in got
    assert [number for number, _ in ask(PAGE.replace(b"GET", b"HEAD") + LAST, methods="HEAD GET")] == [
        200,
        200,
    ]


def test_a_method_that_a_page_does_not_allow_is_told_which_it_does() -> None:
    app = Http()
    assert b"\r\nAllow: GET, HEAD\r\n" in app.receive(b"DELETE / HTTP/1.1\r\nHost: x\r\n\r\n").octets
    assert b"\r\nAllow: POST\r\n" in app.receive(b"GET /form HTTP/1.1\r\nHost: x\r\n\r\n").octets


def test_expect_continue_is_told_to_go_on_before_the_body() -> None:
    app = Http()
    head, body = FORM.replace(b"\r\n\r\n", b"\r\nExpect: 100-continue\r\n\r\n").split(b"hello")[0], b"hello"
    assert app.receive(head).octets == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert answers(app.receive(body).octets) == [(200, b"5 octets came\n")]


def test_chunks_go_only_to_who_can_read_them() -> None:
    new = Http().receive(b"GET /story HTTP/1.1\r\nHost: x\r\n\r\n").octets
    old = Http().receive(b"GET /story HTTP/1.0\r\n\r\n").octets
    assert b"\r\nTransfer-Encoding: chunked\r\n" in new
    assert b"chunked" not in old
    assert answers(new) == answers(old) == [(200, b"SYN\nSYN, ACK\nACK\nand so on\n")]


def test_the_standard_library_s_client_is_served(address: Address) -> None:
    connection = http.client.HTTPConnection(*address, timeout=10)
    got = []
    for method, target, body in (
        ("GET", "/", None),
        ("HEAD", "/", None),
        ("GET", "/story", None),
        ("POST", "/form", b"x" * 1000),
        ("POST", "/form", iter([b"ab", b"cde"])),
        ("GET", "/nowhere", None),
        ("PUT", "/", b"x"),
    ):
        connection.request(method, target, body, encode_chunked=not (body is None or isinstance(body, bytes)))
        response = connection.getresponse()
        got.append((response.status, response.read()[:14]))
    connection.close()
    assert got[1:] == [
        (200, b""),
        (200, b"SYN\nSYN, ACK\nA"),
        (200, b"1000 octets ca"),
        (200, b"5 octets came\n"),
        (404, b"no such page\n"),
        (405, b"not with that "),
    ]


def test_a_bad_client_gets_its_400_though_it_goes_on_sending(address: Address) -> None:
    assert b" 400 Bad Request\r\n" in exchange(address, [b"\x16\x03\x01" + bytes(20_000)])
