"""DNS over TCP (RFC 1035 4.2.2, RFC 7766): each message has its length before it, in two octets."""

import ipaddress
import struct
from collections.abc import Iterator
from typing import NamedTuple

from tcptrace.lab.application import Application, Talk
from tcptrace.lab.client import Peer, Unexpected

A, TXT, AAAA, OPT, ANY = 1, 16, 28, 41, 255
IN = 1
NOERROR, FORMERR, NXDOMAIN, NOTIMP = 0, 1, 3, 4
_TTL_S = 300
_UDP_SIZE = 1232  # what an OPT record announces; means nothing over TCP
_NAMES = {A: "A", TXT: "TXT", AAAA: "AAAA"}
_CODES = {NOERROR: "NOERROR", FORMERR: "FORMERR", NXDOMAIN: "NXDOMAIN", NOTIMP: "NOTIMP"}

# The zone: names and addresses that RFC 2606, 5737 and 3849 keep for examples.
ZONE: dict[str, dict[int, bytes]] = {
    "example.com": {TXT: b"\x0cno mail here"},
    "www.example.com": {
        A: ipaddress.IPv4Address("192.0.2.80").packed,
        AAAA: ipaddress.IPv6Address("2001:db8::80").packed,
    },
}


class _Malformed(Exception):
    """A query that is no query."""


class Question(NamedTuple):
    """What a query asks."""

    name: str
    kind: int
    octets: bytes  # as it came, to be sent back


class Dns(Application):
    """The server's end."""

    def talk(self) -> Talk:
        """Answer one query after another, until the client ends or sends what is no query at all."""
        while (yield from self.inbox.peek()):
            (length,) = struct.unpack("!H", (yield from self.inbox.exactly(2)))
            query = yield from self.inbox.exactly(length)
            if len(query) < 12 or query[2] & 0x80:
                return  # no header to answer by, or itself an answer
            answer = respond(query)
            yield struct.pack("!H", len(answer)) + answer


def respond(query: bytes) -> bytes:
    """Return the answer to a query of at least 12 octets."""
    number, flags, questions, answers, authorities, more = struct.unpack_from("!6H", query)
    if flags & 0x7800:
        return _message(number, flags, NOTIMP)
    try:
        if (questions, answers, authorities) != (1, 0, 0):
            raise _Malformed
        question, place = _read_question(query)
        has_options = _read_options(query, place, more)
    except _Malformed:
        return _message(number, flags, FORMERR)
    records = ZONE.get(question.name.lower())
    if records is None:
        return _message(number, flags, NXDOMAIN, question, {}, has_options)
    chosen = {kind: data for kind, data in records.items() if question.kind in {kind, ANY}}
    return _message(number, flags, NOERROR, question, chosen, has_options)


def _read_name(message: bytes, place: int) -> tuple[str, int]:
    """Read a name without compression; return it and the place after it. Raises ``_Malformed``."""
    labels = []
    while place < len(message) and (length := message[place]):
        label = message[place + 1 : place + 1 + length]
        if length > 63 or len(label) < length:
            raise _Malformed
        labels.append(label.decode("latin-1"))
        place += 1 + length
    if place >= len(message) or sum(map(len, labels)) + len(labels) > 254:
        raise _Malformed
    return ".".join(labels), place + 1


def _read_question(query: bytes) -> tuple[Question, int]:
    """Read the one question. Raises ``_Malformed``."""
    name, place = _read_name(query, 12)
    if place + 4 > len(query):
        raise _Malformed
    kind, group = struct.unpack_from("!HH", query, place)
    if group not in {IN, ANY}:
        raise _Malformed
    return Question(name, kind, query[12 : place + 4]), place + 4


def _read_options(query: bytes, place: int, count: int) -> bool:
    """Read what follows the question; say whether it is an OPT record (RFC 6891). Raises ``_Malformed``."""
    if count == 0:
        if place != len(query):
            raise _Malformed
        return False
    if count != 1 or len(query) < place + 11:
        raise _Malformed
    root, kind, _, _, length = struct.unpack_from("!BHHIH", query, place)
    if (root, kind) != (0, OPT) or place + 11 + length != len(query):
        raise _Malformed
    return True


def _message(
    number: int,
    flags: int,
    code: int,
    question: Question | None = None,
    records: dict[int, bytes] | None = None,
    has_options: bool = False,
) -> bytes:
    """Return an answer: QR and AA set, opcode and RD as they came; the name is written once and pointed at."""
    records = records or {}
    flags = 0x8400 | flags & 0x7900 | code
    counts = (int(question is not None), len(records), 0, int(has_options))
    out = struct.pack("!6H", number, flags, *counts) + (question.octets if question else b"")
    for kind, data in records.items():
        out += struct.pack("!HHHIH", 0xC00C, kind, IN, _TTL_S, len(data)) + data
    return out + (struct.pack("!BHHIH", 0, OPT, _UDP_SIZE, 0, 0) if has_options else b"")


def query_of(number: int, name: str, kind: int) -> bytes:
    """Return a query with its length before it."""
    labels = b"".join(bytes([len(label)]) + label.encode("ascii") for label in name.split("."))
    message = struct.pack("!6H", number, 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack("!HH", kind, IN)
    return struct.pack("!H", len(message)) + message


def client(peer: Peer, host: str, port: int) -> Iterator[str]:
    """Ask four questions, the last two in one go, as RFC 7766 allows."""
    asked = [("www.example.com", A), ("www.example.com", AAAA), ("example.com", TXT), ("none.example.com", A)]
    queries = [query_of(number, name, kind) for number, (name, kind) in enumerate(asked, 1)]
    for sent, questions in (
        (queries[0], asked[:1]),
        (queries[1], asked[1:2]),
        (queries[2] + queries[3], asked[2:]),
    ):
        peer.send(sent)
        for name, kind in questions:
            (length,) = struct.unpack("!H", peer.read(peer.inbox.exactly(2)))
            message = peer.read(peer.inbox.exactly(length))
            yield f"{name} {_NAMES[kind]}: {_told(message, queries[asked.index((name, kind))])}"
    peer.finish()
    if peer.read(peer.inbox.some()):
        raise Unexpected("it sent more than an answer a question")


def _told(answer: bytes, query: bytes) -> str:
    """Return what an answer says, for people. Raises ``Unexpected``."""
    place = len(query) - 2
    if len(answer) < place or answer[:2] != query[2:4] or answer[12:place] != query[14:]:
        raise Unexpected("the answer is to another question")
    code, count = answer[3] & 15, struct.unpack_from("!H", answer, 6)[0]
    found = []
    for _ in range(count):
        if len(answer) < place + 12:
            raise Unexpected("the answer is too short")
        _, kind, _, _, length = struct.unpack_from("!HHHIH", answer, place)
        data = answer[place + 12 : place + 12 + length]
        is_address = (kind, len(data)) in {(A, 4), (AAAA, 16)}
        found.append(str(ipaddress.ip_address(data)) if is_address else repr(data[1:].decode("latin-1")))
        place += 12 + length
    return ", ".join(found) or _CODES.get(code, f"code {code}")
