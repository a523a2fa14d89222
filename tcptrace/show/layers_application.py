"""The application layer of the frame view: its name and its first line, by dpkt where it is not text."""

import struct
from typing import Any

from tcptrace.show.layers_model import Field, Layer, hex_octets
from tcptrace.show.text import count, escape
from tcptrace.wire.application import LOOK, classify

LINE_SHOWN = 160
TLS_RECORDS = {
    20: "change cipher spec",
    21: "alert",
    22: "handshake",
    23: "application data",
    24: "heartbeat",
}
TLS_HANDSHAKES = {
    1: "ClientHello",
    2: "ServerHello",
    4: "NewSessionTicket",
    11: "Certificate",
    16: "ClientKeyExchange",
}
TLS_VERSIONS = {0x0300: "SSL 3.0", 0x0301: "TLS 1.0", 0x0302: "TLS 1.1", 0x0303: "TLS 1.2", 0x0304: "TLS 1.3"}
DNS_PORTS = (53, 5353)


def dissect_application(
    payload: bytes, length: int, source: int, target: int, *, is_stream: bool = True
) -> list[Layer]:
    """Return the application layer of ``length`` octets, of which ``payload`` was captured.

    The name is what these octets show by themselves; in the middle of a stream they may show nothing.
    """
    note = (
        f"{count(length)} octets, of which the capture has {count(len(payload))}"
        if len(payload) < length
        else ""
    )
    if not payload:
        return [Layer("Application", "data", [], note)]
    name = _name(payload, source, target, is_stream)
    fields = [Field("length", f"{count(length)} octets", "")]
    if name == "dns":
        fields += _dns(payload[2:] if is_stream else payload)
    elif payload[0] in TLS_RECORDS and payload[1:2] == b"\3" and len(payload) >= 5:
        name = "tls"
        fields += _tls(payload)
    else:
        fields.append(_first_line(payload))
    return [Layer("Application", (name or "data").upper() if name else "data", fields, note)]


def _name(payload: bytes, source: int, target: int, is_stream: bool) -> str | None:
    """Return the application by these octets, whichever end sent them."""
    if not is_stream:
        return "dns" if (source in DNS_PORTS or target in DNS_PORTS) else None
    first = payload[:LOOK]
    return classify(first, False, source, target) or classify(first, True, target, source)


def _first_line(payload: bytes) -> Field:
    """Return the first line of text, or octets in hexadecimal."""
    line = payload.split(b"\n", 1)[0].rstrip(b"\r")
    printable = sum(32 <= octet < 127 or octet == 9 for octet in line[:LINE_SHOWN])
    if not line or printable * 10 < len(line[:LINE_SHOWN]) * 9:
        return Field("first octets", hex_octets(payload), "")
    more = "..." if len(line) > LINE_SHOWN else ""
    return Field("first line", escape(line[:LINE_SHOWN]) + more, "")


def _tls(payload: bytes) -> list[Field]:
    """RFC 8446 5.1: the record, and of a handshake the message; server name by dpkt."""
    kind, version = payload[0], int.from_bytes(payload[1:3], "big")
    size = int.from_bytes(payload[3:5], "big")
    fields = [
        Field("record", str(kind), TLS_RECORDS[kind]),
        Field("version", f"0x{version:04x}", TLS_VERSIONS.get(version, "unknown")),
        Field("record length", str(size), ""),
    ]
    if kind == 22 and len(payload) > 5:
        fields.append(
            Field("message", str(payload[5]), TLS_HANDSHAKES.get(payload[5], "handshake, maybe encrypted"))
        )
        if payload[5] == 1:
            fields += _server_name(payload[5:])
    return fields


def _server_name(message: bytes) -> list[Field]:
    """Return the name that a ClientHello asks for (RFC 6066 3), where dpkt finds it."""
    import dpkt

    try:
        hello: Any = dpkt.ssl.TLSClientHello(message[4:])
        extensions = list(getattr(hello, "extensions", []))
    except (dpkt.dpkt.Error, struct.error, IndexError, ValueError, KeyError, TypeError):
        return []  # cut, or malformed: dpkt has its own words for that
    for kind, value in extensions:
        if kind == 0 and len(value) > 5:
            return [Field("server name", escape(bytes(value[5:])), "the name the client asks for")]
    return []


def _dns(message: bytes) -> list[Field]:
    """RFC 1035 4.1, by dpkt."""
    import dpkt

    try:
        dns: Any = dpkt.dns.DNS(message)
    except (dpkt.dpkt.Error, struct.error, IndexError, ValueError, KeyError, TypeError, UnicodeError):
        return [Field("message", hex_octets(message), "cut, or malformed")]
    way = "answer" if dns.qr else "query"
    fields = [Field("message", f"{way} {dns.id}", f"{len(dns.qd)} questions, {len(dns.an)} answers")]
    for question in dns.qd[:4]:
        fields.append(Field("question", escape(question.name), f"type {question.type}, class {question.cls}"))
    return fields
