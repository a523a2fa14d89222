"""Ethernet frames with IPv4 and TCP as octets of a pcap file, some half a million a second."""

import struct
from functools import cache
from pathlib import Path
from random import Random
from typing import BinaryIO

FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16

_FILE_HEADER = struct.pack(
    "<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262_144, 1
)  # little endian, microseconds, Ethernet
_RECORD = struct.Struct("<IIII")
_ETHERNET = bytes.fromhex("02000000000202000000000108 00")
_BODY = Random(9293).randbytes(65_536)  # what every payload begins with
_START_S = 1_700_000_000


@cache
def _headers(options: int) -> struct.Struct:
    """Return the layout of an IPv4 and a TCP header with so many octets of options."""
    return struct.Struct(f"!BBHHHBBHIIHHIIBBHHH{options}s")


@cache
def _body_sum(length: int) -> int:
    """Return the Internet checksum's sum over a payload, modulo 65535."""
    return int.from_bytes(_BODY[:length] + b"\0" * (length % 2), "big") % 65_535


def timestamps(value: int, echo: int) -> bytes:
    """Return the options of an ordinary segment: two NOPs and timestamps (RFC 7323, appendix A)."""
    return struct.pack("!BBBBII", 1, 1, 8, 10, value & 0xFFFFFFFF, echo & 0xFFFFFFFF)


def syn_options(value: int, echo: int) -> bytes:
    """Return the options of Linux's SYN: MSS, SACK permitted, timestamps, NOP, window scale 7."""
    return struct.pack(
        "!BBHBBBBIIBBBB", 2, 4, 1460, 4, 2, 8, 10, value & 0xFFFFFFFF, echo & 0xFFFFFFFF, 1, 3, 3, 7
    )


def sack(left: int, right: int) -> bytes:
    """Return one SACK block behind two NOPs, to follow ``timestamps``."""
    return struct.pack("!BBBBII", 1, 1, 5, 10, left & 0xFFFFFFFF, right & 0xFFFFFFFF)


class Capture:
    """A pcap file that is written frame by frame; frames are ``gap_us`` apart."""

    def __init__(self, path: Path, snap: int, gap_us: int) -> None:
        self.count = 0
        self._snap = snap
        self._gap_us = gap_us
        self._clock_us = 0
        self._waiting: list[bytes] = [_FILE_HEADER]
        self._file: BinaryIO = path.open("wb")

    @property
    def now_ms(self) -> int:
        """Milliseconds since the first frame, for the timestamps option."""
        return self._clock_us // 1000

    def segment(
        self,
        source: int,
        target: int,
        source_port: int,
        target_port: int,
        seq: int,
        ack: int,
        flags: int,
        options: bytes = b"",
        length: int = 0,
        identification: int = 0,
    ) -> None:
        """Add a segment with right checksums; numbers are taken modulo 2^32."""
        size = len(options)
        header = 20 + size
        total = 20 + header + length
        seq &= 0xFFFFFFFF
        ack &= 0xFFFFFFFF
        identification &= 0xFFFF
        offset = header << 2
        # RFC 1071: 2^16 is 1 modulo 65535, so the sum of 16-bit words is a sum of numbers of any width.
        addresses = source + target
        ip_sum = -(0x4500 + total + identification + 0x4000 + 0x4006 + addresses) % 65_535
        tcp_sum = (
            addresses
            + 6
            + header
            + length
            + source_port
            + target_port
            + seq
            + ack
            + (offset << 8)
            + flags
            + 501
        )
        tcp_sum = -(tcp_sum + int.from_bytes(options, "big") + _body_sum(length)) % 65_535
        wire = 14 + total
        captured = min(wire, self._snap)
        seconds, microseconds = divmod(self._clock_us, 1_000_000)
        waiting = self._waiting
        waiting.append(_RECORD.pack(_START_S + seconds, microseconds, captured, wire))
        waiting.append(_ETHERNET)
        packed = _headers(size).pack(
            *(0x45, 0, total, identification, 0x4000, 64, 6, ip_sum, source, target),
            *(source_port, target_port, seq, ack, offset, flags, 501, tcp_sum, 0, options),
        )
        if length:
            packed += _BODY[:length]
        waiting.append(packed[: captured - 14])
        self.count += 1
        self._clock_us += self._gap_us
        if len(waiting) > 30_000 or length > 10_000:
            self._file.write(b"".join(waiting))
            waiting.clear()

    def close(self) -> None:
        """Write what waits and close the file."""
        self._file.write(b"".join(self._waiting))
        self._file.close()
