"""Every style serves every application, as clients that know nothing of tcptrace see it; and survives bad ones."""

import http.client
import os
import socket
import struct
import threading
import time
import zlib
from collections.abc import Iterator
from contextlib import suppress

import pytest

from tcptrace import lab
from tcptrace.lab import Address, Options
from tcptrace.model.errors import InputError
from tests.lab.talk import connect, exchange, read_all, read_exactly

# One client at a time is what this style is about: who comes second waits for the first.
ITERATIVE = {"blocking"}
CONCURRENT = [style for style in lab.STYLES if style not in ITERATIVE]


@pytest.fixture(params=lab.STYLES)
def style(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def echo(style: str) -> Iterator[Address]:
    with lab.serving(style, "echo") as address:
        yield address


@pytest.mark.parametrize("app", lab.APPS)
def test_each_style_serves_each_app_to_its_own_client(style: str, app: str) -> None:
    with lab.serving(style, app) as address:
        assert list(lab.drive(app, address))
        assert list(lab.drive(app, address))  # and again


def test_hello_says_its_line_and_closes_first(style: str) -> None:
    with lab.serving(style, "hello") as address, connect(address) as connection:
        assert read_all(connection) == b"Hello, and goodbye.\n"


def test_echo_gives_back_what_comes_at_every_size(echo: Address) -> None:
    sizes = (1, 2, 1459, 1460, 1461, 65_535, 65_536, 65_537, 300_000)
    with connect(echo) as connection:
        for size in sizes:
            sent = os.urandom(size)
            sender = threading.Thread(target=connection.sendall, args=(sent,))
            sender.start()
            assert read_exactly(connection, size) == sent
            sender.join()


def test_echo_gives_back_what_comes_octet_by_octet(echo: Address) -> None:
    assert exchange(echo, [bytes([value]) for value in b"one at a time"]) == b"one at a time"


def test_http_serves_a_page_and_its_picture_on_one_connection(style: str) -> None:
    with lab.serving(style, "http") as address:
        connection = http.client.HTTPConnection(*address, timeout=10)
        connection.request("GET", "/")
        page = connection.getresponse().read()
        assert b'src="/picture.png"' in page
        kept = connection.sock
        connection.request("GET", "/picture.png")
        assert connection.sock is kept
        answer = connection.getresponse()
        picture = answer.read()
        connection.close()
    assert answer.getheader("Content-Type") == "image/png"
    assert picture.startswith(b"\x89PNG\r\n\x1a\n")


@pytest.mark.parametrize("style", CONCURRENT)
def test_a_slow_client_does_not_hold_up_the_others(style: str) -> None:
    with lab.serving(style, "echo") as address, connect(address) as slow:
        slow.sendall(b"a")
        assert read_exactly(slow, 1) == b"a"
        for _ in range(3):
            assert exchange(address, [b"quick"]) == b"quick"
        slow.sendall(b"b")
        assert read_exactly(slow, 1) == b"b"


@pytest.mark.parametrize("style", CONCURRENT)
def test_a_client_that_never_reads_holds_up_nobody_and_fills_no_memory(style: str) -> None:
    with lab.serving(style, "echo") as address, connect(address) as greedy:
        greedy.setblocking(False)
        sent = 0
        until = time.monotonic() + 10
        quiet = 0
        while quiet < 5:  # until the server has stopped reading, and both buffers are full
            assert time.monotonic() < until, f"the server took {sent} octets and sent none"
            try:
                sent += greedy.send(bytes(65_536))
                quiet = 0
            except BlockingIOError:
                quiet += 1
                time.sleep(0.02)
        assert exchange(address, [b"quick"]) == b"quick"


def test_twenty_clients_at_once(style: str) -> None:
    got: dict[int, bytes] = {}

    def one(number: int) -> None:
        got[number] = exchange(address, [b"%d " % number] * 50)

    with lab.serving(style, "echo") as address:
        clients = [threading.Thread(target=one, args=(number,)) for number in range(20)]
        for client in clients:
            client.start()
        for client in clients:
            client.join(20)
    assert got == {number: b"%d " % number * 50 for number in range(20)}


def test_a_client_that_resets_harms_nobody(echo: Address) -> None:
    for words in (b"", b"x", bytes(500_000)):
        connection = connect(echo)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.setblocking(False)
        if words:
            connection.send(words)
        connection.close()
    assert exchange(echo, [b"still there"]) == b"still there"


def test_a_client_that_says_nothing_and_goes_harms_nobody(echo: Address) -> None:
    connect(echo).close()
    assert exchange(echo, []) == b""
    assert exchange(echo, [b"still there"]) == b"still there"


@pytest.mark.parametrize("app", lab.APPS)
def test_rubbish_harms_no_app(style: str, app: str) -> None:
    rubbish = (
        b"\0" * 64,
        b"\xff\xfe\r\n\r\n" * 10,
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"\n" * 1000,
    )
    with lab.serving(style, app) as address:
        for octets in rubbish:
            # A server that had closed already answers by a RST.
            with connect(address) as connection, suppress(ConnectionError):
                connection.sendall(octets)
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_WR)
                read_all(connection)
        assert list(lab.drive(app, address))


def test_parting_by_rst_resets_the_client(style: str) -> None:
    with lab.serving(style, "echo", Options(parting="rst")) as address, connect(address) as connection:
        connection.shutdown(socket.SHUT_WR)
        with pytest.raises(ConnectionResetError):
            read_all(connection)


def test_parting_by_half_sends_a_fin_and_reads_on(style: str) -> None:
    with lab.serving(style, "hello", Options(parting="half")) as address, connect(address) as connection:
        assert read_all(connection) == b"Hello, and goodbye.\n"
        for _ in range(5):
            connection.sendall(b"x" * 1000)  # a closed socket would answer by a RST
            time.sleep(0.01)
        assert connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0
        connection.shutdown(socket.SHUT_WR)


def test_parting_never_keeps_the_connection_open(style: str) -> None:
    with lab.serving(style, "hello", Options(parting="never")) as address, connect(address) as connection:
        assert read_exactly(connection, 20) == b"Hello, and goodbye.\n"
        connection.settimeout(0.2)
        with pytest.raises(TimeoutError):
            connection.recv(1)
        with connect(address) as another:  # and whoever comes next is served all the same
            assert read_exactly(another, 20) == b"Hello, and goodbye.\n"


def test_delay_is_waited_before_an_answer(style: str) -> None:
    with lab.serving(style, "echo", Options(delay_s=0.15)) as address:
        began = time.monotonic()
        assert exchange(address, [b"x"]) == b"x"
        assert time.monotonic() - began >= 0.15


def test_a_service_that_was_stopped_is_gone(style: str) -> None:
    with lab.serving(style, "hello") as address:
        list(lab.drive("hello", address))
    with pytest.raises(InputError, match="connection refused"):
        list(lab.drive("hello", address))


def test_stopping_ends_what_is_still_connected(style: str) -> None:
    with lab.serving(style, "echo") as address:
        connection = connect(address)
        connection.sendall(b"x")
        assert read_exactly(connection, 1) == b"x"
    assert read_all(connection) == b""
    connection.close()


def test_ipv6_is_served_too() -> None:
    try:
        with lab.serving("threads", "http", Options(host="::1")) as address:
            assert list(lab.drive("http", address))
    except InputError as error:
        if "cannot assign" in str(error):
            pytest.skip("kernel lacks IPv6 on its loopback")
        raise


def test_the_picture_is_a_png_whose_every_chunk_is_right() -> None:
    with lab.serving("threads", "http") as address:
        connection = http.client.HTTPConnection(*address, timeout=10)
        connection.request("GET", "/picture.png")
        picture = connection.getresponse().read()
        connection.close()
    place, chunks = 8, {}
    while place < len(picture):
        length, kind = struct.unpack_from("!I4s", picture, place)
        octets = picture[place + 8 : place + 8 + length]
        assert struct.unpack_from("!I", picture, place + 8 + length) == (zlib.crc32(kind + octets),)
        chunks[kind] = octets
        place += 12 + length
    width, height = struct.unpack_from("!II", chunks[b"IHDR"])
    assert len(zlib.decompress(chunks[b"IDAT"])) == height * (width + 1)
