"""Draws http-get.pcap up from http-get.txt; ``python captures/make_http_get.py`` writes it again.

The listing has all but the payload, the addresses and the date. The payload here is HTTP of exactly the
listing's lengths; localhost is 127.0.0.1; the date is 2017-02-21 in a zone of UTC+8. Link type NULL with the
address family 2 in little endian, as macOS writes it. Checksums are right.
"""

import re
import struct
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

HERE = Path(__file__).parent
LOCALHOST = bytes([127, 0, 0, 1])
PORTS = {"49329": 49329, "irdmi": 8000}
FLAGS = {"S": 2, "F": 1, "P": 8, ".": 16}
MIDNIGHT = datetime(2017, 2, 21, tzinfo=timezone(timedelta(hours=8)))
LINE = re.compile(
    r"(?P<h>\d\d):(?P<m>\d\d):(?P<s>\d\d)\.(?P<us>\d{6}) "
    r"IP localhost\.(?P<source>\w+) > localhost\.(?P<target>\w+): "
    r"Flags \[(?P<flags>[SFP.]+)\](?:, seq (?P<seq>\d+)(?::\d+)?)?(?:, ack (?P<ack>\d+))?, win (?P<win>\d+), "
    r"options \[(?P<options>[^\]]*)\], length (?P<length>\d+)"
)


def fill(head: str, length: int) -> bytes:
    """Return ``head`` followed by text, ``length`` octets in all."""
    text = "The quick brown fox jumps over the lazy dog. "
    return (head + text * (length // len(text) + 1))[:length].encode("ascii")


def request() -> bytes:
    """Return a GET request of 145 octets."""
    lines = (
        "GET / HTTP/1.1",
        "Host: localhost:8000",
        "Accept-Encoding: identity",
        "Connection: close",
        "User-Agent: Python-urllib/3.6 (one GET from a small demo)",
    )
    return ("\r\n".join(lines) + "\r\n\r\n").encode("ascii")


def response_head() -> bytes:
    """Return the head of a response, 155 octets, that announces a body of 5,168."""
    lines = (
        "HTTP/1.0 200 OK",
        "Server: SimpleHTTP/0.6 Python/3.6.0",
        "Date: Tue, 21 Feb 2017 15:46:06 GMT",
        "Content-type: text/html; charset=utf-8",
        "Content-Length: 5168",
    )
    return ("\r\n".join(lines) + "\r\n\r\n").encode("ascii")


def response_body() -> bytes:
    """Return a page of 5,168 octets."""
    end = b"</p></body></html>\n"
    head = "<!DOCTYPE html>\n<html><head><title>A page</title></head><body><p>"
    return fill(head, 5168 - len(end)) + end


def options(text: str) -> bytes:
    """Return the option octets of tcpdump's ``options [...]``."""
    out = b""
    for item in text.split(","):
        words = item.split()
        if words[0] == "mss":
            out += struct.pack("!BBH", 2, 4, int(words[1]))
        elif words[0] == "wscale":
            out += struct.pack("!BBB", 3, 3, int(words[1]))
        elif words[0] == "TS":
            out += struct.pack("!BBII", 8, 10, int(words[2]), int(words[4]))
        else:
            out += {"nop": b"\x01", "sackOK": b"\x04\x02", "eol": b"\x00"}[words[0]]
    return out + b"\x00" * (-len(out) % 4)


def folded(octets: bytes) -> int:
    """Return the sum of 16-bit words with the carries added in (RFC 1071), not complemented."""
    octets += b"\0" * (len(octets) % 2)
    total: int = sum(struct.unpack(f"!{len(octets) // 2}H", octets))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total


def packet(number: int, tcp: bytes) -> bytes:
    """Return family, IPv4 header and the segment with its checksum."""
    pseudo = LOCALHOST * 2 + struct.pack("!HH", 6, len(tcp))
    checksum = folded(pseudo + tcp) ^ 0xFFFF
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(tcp), number, 0x4000, 64, 6, 0) + LOCALHOST * 2
    head = head[:10] + struct.pack("!H", folded(head) ^ 0xFFFF) + head[12:]
    return struct.pack("<I", 2) + head + tcp[:16] + struct.pack("!H", checksum) + tcp[18:]


def main() -> None:
    """Write http-get.pcap."""
    payloads = {145: request(), 155: response_head(), 5168: response_body()}
    assert all(len(payload) == length for length, payload in payloads.items())
    out = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 0)
    first: dict[str, int] = {}  # each port's initial number
    sent: dict[str, int] = {}  # how far each has come, relative to it
    for number, line in enumerate((HERE / "http-get.txt").read_text("ascii").splitlines(), 1):
        found = LINE.fullmatch(line)
        assert found, line
        source, target = found["source"], found["target"]
        flags = sum(FLAGS[letter] for letter in found["flags"])
        is_syn = bool(flags & 2)
        if is_syn:
            first[source] = int(found["seq"])
        length = int(found["length"])
        # tcpdump prints numbers relative to the initial ones, a SYN's own as it is, a pure ACK's not at all.
        seq = first[source] + (0 if is_syn else int(found["seq"] or sent[source]))
        sent[source] = seq - first[source] + length + bool(flags & 3)
        ack = 0
        if found["ack"]:
            ack = int(found["ack"]) if is_syn else first[target] + int(found["ack"])
        opts = options(found["options"])
        offset_flags = (20 + len(opts)) // 4 << 12 | flags
        tcp = struct.pack(
            "!HHIIHHHH", PORTS[source], PORTS[target], seq, ack, offset_flags, int(found["win"]), 0, 0
        )
        octets = packet(number, tcp + opts + payloads.get(length, b""))
        clock = {"hours": int(found["h"]), "minutes": int(found["m"]), "seconds": int(found["s"])}
        seconds = int((MIDNIGHT + timedelta(**clock)).astimezone(UTC).timestamp())
        out += struct.pack("<IIII", seconds, int(found["us"]), len(octets), len(octets)) + octets
    (HERE / "http-get.pcap").write_bytes(out)


if __name__ == "__main__":
    main()
