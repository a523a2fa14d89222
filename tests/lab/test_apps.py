"""The applications against peers that know nothing of tcptrace: xmlrpc.client, dpkt; whole, split, cut, and with rubbish."""

import random
import struct
import xmlrpc.client
from collections.abc import Callable, Iterator
from typing import Any

import dpkt
import pytest

from tcptrace import lab
from tcptrace.lab import Address
from tcptrace.lab.application import Application
from tests.lab.talk import connect, exchange, read_exactly

APPS = {name: row.application for name, row in lab.APPS.items()}


def hear(make: Callable[[], Application], *pieces: bytes) -> bytes:
    """Return all that an application says to the pieces, one by one, and the end of the stream."""
    app = make()
    reply = app.begin()
    out = reply.octets
    for piece in (*pieces, b""):
        if reply.is_last:
            return out
        reply = app.receive(piece)
        out += reply.octets
    assert reply.is_last, "the stream ended, and the application goes on"
    return out


@pytest.fixture
def calls() -> Iterator[Any]:
    with (
        lab.serving("threads", "xmlrpc") as (host, port),
        xmlrpc.client.ServerProxy(f"http://{host}:{port}/RPC2") as proxy,
    ):
        yield proxy


@pytest.fixture
def names() -> Iterator[Address]:
    with lab.serving("threads", "dns") as address:
        yield address


def query(*questions: tuple[str, int], number: int = 7, **fields: Any) -> bytes:
    """Return a query that dpkt made, with its length before it."""
    asked = [dpkt.dns.DNS.Q(name=name, type=kind) for name, kind in questions]
    message = bytes(dpkt.dns.DNS(id=number, op=dpkt.dns.DNS_RD, qd=asked, **fields))
    return struct.pack("!H", len(message)) + message


def answers(octets: bytes) -> list[Any]:
    """Return the answers, read by dpkt."""
    found, place = [], 0
    while place < len(octets):
        (length,) = struct.unpack_from("!H", octets, place)
        found.append(dpkt.dns.DNS(octets[place + 2 : place + 2 + length]))
        place += 2 + length
    return found


def test_fixed_answers_each_sixteen_octets_however_they_come() -> None:
    sent = b"sixteen octets.\nand sixteen more"
    for place in range(1, len(sent)):
        assert hear(APPS["fixed"], sent[:place], sent[place:]) == sent.upper()
    assert hear(APPS["fixed"], *(sent[n : n + 1] for n in range(len(sent)))) == sent.upper()


def test_fixed_says_how_much_of_a_message_came_before_an_early_end() -> None:
    for count in range(1, 16):
        last = hear(APPS["fixed"], b"sixteen octets.\n" + b"x" * count)[16:]
        assert len(last) == 16
        assert last.split() == [b"%d" % count, b"of", b"16", b"came"]
    assert hear(APPS["fixed"], b"sixteen octets.\n") == b"SIXTEEN OCTETS.\n"
    assert hear(APPS["fixed"]) == b""


def test_fixed_is_answered_before_the_client_goes_on() -> None:
    with lab.serving("select", "fixed") as address, connect(address) as connection:
        for _ in range(3):
            connection.sendall(b"0123456789abcdef")
            assert read_exactly(connection, 16) == b"0123456789ABCDEF"


def test_xmlrpc_calls_functions_and_lists_them(calls: Any) -> None:
    assert calls.add(2, 3) == 5
    assert calls.reverse("états") == "staté"
    assert calls.reverse([1, [2]]) == [[2], 1]
    assert set(calls.system.listMethods()) >= {"add", "reverse"}


def test_xmlrpc_tells_what_went_wrong_as_a_fault_and_goes_on(calls: Any) -> None:
    for call in (
        lambda: calls.nothing(),
        lambda: calls.add(1),
        lambda: calls.add("a", 1),
        lambda: calls.reverse(5),
    ):
        with pytest.raises(xmlrpc.client.Fault):
            call()
    assert calls.add(2, 3) == 5


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not xml",
        b"<methodCall>",
        b"<a>" * 50_000,
        b"<?xml version='1.0'?><methodCall><methodName>add</methodName><params><param><value><int>x</int></value></param>"
        b"</params></methodCall>",
        b'<?xml version="1.0"?><!DOCTYPE z [<!ENTITY a "aaaaaaaaaa">'
        + b"".join(b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(20))
        + b"]><methodCall><methodName>&u;</methodName></methodCall>",
    ],
    ids=["empty", "text", "cut", "deep", "no number", "billion laughs"],
)
def test_xmlrpc_answers_rubbish_with_a_fault(body: bytes) -> None:
    head = b"POST /RPC2 HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body)
    answer = hear(APPS["xmlrpc"], head + body)
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    with pytest.raises(xmlrpc.client.Fault):
        xmlrpc.client.loads(answer.partition(b"\r\n\r\n")[2].decode())


def test_dns_answers_addresses_and_text(names: Address) -> None:
    asked = [
        ("www.example.com", 1),
        ("WWW.Example.COM", 28),
        ("example.com", 16),
        ("example.com", 1),
        ("nowhere.test", 1),
    ]
    got = answers(exchange(names, [b"".join(query(one, number=n) for n, one in enumerate(asked))]))
    assert [message.id for message in got] == [0, 1, 2, 3, 4]
    assert [message.rcode for message in got] == [0, 0, 0, 0, 3]
    assert [message.qd[0].name for message in got] == [name for name, _ in asked]
    assert got[0].an[0].ip == bytes([192, 0, 2, 80])
    assert got[1].an[0].ip6 == bytes.fromhex("20010db8000000000000000000000080")
    assert got[2].an[0].text == ["no mail here"]
    assert [len(message.an) for message in got] == [1, 1, 1, 0, 0]
    assert {message.qr for message in got} == {1}


def test_dns_split_anywhere_is_the_same() -> None:
    whole = query(("www.example.com", 1)) + query(("example.com", 255))
    expected = hear(APPS["dns"], whole)
    assert len(answers(expected)) == 2
    for place in range(1, len(whole)):
        assert hear(APPS["dns"], whole[:place], whole[place:]) == expected


@pytest.mark.parametrize(
    ("octets", "code"),
    [
        (query(("a.test", 1), ("b.test", 1)), 1),  # two questions
        (query(), 1),
        (b"\0\x0c" + struct.pack("!6H", 7, 0x2000, 1, 0, 0, 0), 4),  # an opcode that is not QUERY
        (b"\0\x0c" + struct.pack("!6H", 7, 0, 1, 0, 0, 0), 1),  # cut before the question
        (
            b"\0\x12" + struct.pack("!6H", 7, 0, 1, 0, 0, 0) + b"\xc0\x0c\0\1\0\1",
            1,
        ),  # a name that points at itself
        (b"\0\x12" + struct.pack("!6H", 7, 0, 1, 0, 0, 0) + b"\x40a\0\0\1\0", 1),
        (
            b"\0\x14" + struct.pack("!6H", 7, 0, 1, 0, 0, 0) + b"\0\0\1\0\1xyz",
            1,
        ),  # something after the question
        (b"\x01\x12" + struct.pack("!6H", 7, 0, 1, 0, 0, 0) + b"\x3f" * 257 + b"\0\0\1\0\1", 1),
    ],
)
def test_dns_says_what_is_wrong_with_a_query(octets: bytes, code: int) -> None:
    (message,) = answers(hear(APPS["dns"], octets[:2] + octets[2 : 2 + struct.unpack("!H", octets[:2])[0]]))
    assert (message.id, message.rcode) == (7, code)


@pytest.mark.parametrize(
    "octets", [b"\0\0", b"\0\x0b" + bytes(11), b"\0\x0c" + struct.pack("!6H", 7, 0x8000, 0, 0, 0, 0)]
)
def test_dns_hangs_up_on_what_is_no_query(octets: bytes) -> None:
    app = APPS["dns"]()
    assert app.begin().octets == b""
    assert app.receive(octets) == (b"", True)


def test_dns_answers_an_opt_record_with_its_own() -> None:
    opt = b"\0" + struct.pack("!HHIH", 41, 4096, 0, 0)
    message = query(("www.example.com", 1))[2:]
    message = message[:10] + b"\0\1" + message[12:] + opt
    (answer,) = answers(hear(APPS["dns"], struct.pack("!H", len(message)) + message))
    assert (answer.rcode, len(answer.an), [record.type for record in answer.ar]) == (0, 1, [41])


@pytest.mark.parametrize("app", APPS)
def test_no_octets_whatever_raise(app: str) -> None:
    draw = random.Random(app)
    whole = {"dns": query(("www.example.com", 1)), "xmlrpc": b"POST /RPC2 HTTP/1.1\r\nHost: x\r\n\r\n"}
    for _ in range(300):
        octets = bytearray(whole.get(app, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n") * 2)
        for _ in range(draw.randrange(4)):
            octets[draw.randrange(len(octets))] = draw.randrange(256)
        cut = draw.randrange(len(octets))
        hear(APPS[app], bytes(octets[:cut]), bytes(octets[cut : draw.randrange(cut, len(octets) + 1)]))
