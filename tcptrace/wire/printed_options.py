"""TCP options: from the words between tcpdump's brackets back to the octets of the header."""

import re
import struct
from collections.abc import Callable
from typing import Final, NamedTuple

MOST = 40  # RFC 9293 3.1: a data offset of 15 leaves 40 octets

# Option words that tcpdump puts before a number of fixed width: kind, width of the number.
_NUMBERS: Final = {
    "mss": (2, 2),
    "wscale": (3, 1),
    "echo": (6, 4),
    "echoreply": (7, 4),
    "cc": (11, 4),
    "ccnew": (12, 4),
    "ccecho": (13, 4),
}
_WORDS: Final = frozenset(
    (
        *_NUMBERS,
        "nop",
        "eol",
        "sackOK",
        "sack",
        "TS",
        "timestamp",
        "scps",
        "tcp-ao",
        "uto",
        "mptcp",
        "tfo",
        "md5",
    )
)
_WORD = re.compile(r" *(unknown-\d+|opt-\d+|exp-tfo|exp-[0-9a-f]+|md5(?=:)|[A-Za-z][A-Za-z0-9-]*)", re.ASCII)
_UNKNOWN = re.compile(r"(?:unknown|opt)-(\d{1,3})", re.ASCII)
_EXPERIMENT = re.compile(r"exp-([0-9a-f]{4})", re.ASCII)
_LENGTH = re.compile(r"\[len (\d{1,3})\]", re.ASCII)
_BLOCK = re.compile(r"\{(\d{1,10}):(\d{1,10})\}", re.ASCII)
_HEX = re.compile(r"(?:0x|[: ])([0-9a-f]{2,80})\b", re.ASCII)
_NUMBER = re.compile(r"\d{1,10}", re.ASCII)


class Options(NamedTuple):
    """The options of one printed segment."""

    octets: bytes  # padded to whole words, at most MOST
    whole: bool  # False: tcpdump's list ended at `[|tcp]`, where the snap length had cut it


def rebuild(text: str, absolute: Callable[[int], int]) -> Options:
    """Return the octets that tcpdump printed as ``text``, the part between ``options [`` and ``]``.

    ``absolute`` turns a printed SACK edge into a sequence number. Where tcpdump keeps octets to itself
    (MPTCP, experiments other than Fast Open) they are zeros, or left out where their number is not printed
    either.
    """
    out = bytearray()
    whole = True
    for piece in _pieces(text) if text else ():
        if "[|" in piece:
            whole = False
            break
        octets = _option(piece, absolute)
        if octets is None or len(out) + len(octets) > MOST:
            # `[bad opt]`: an option whose length lies ends the list; a length of 0 says so to the decoder.
            if len(out) + 2 <= MOST:
                out += b"\xff\0"
            break
        out += octets
        if octets == b"\0":  # end of options list: tcpdump prints nothing beyond it
            break
    if whole:
        out += bytes(-len(out) % 4)
    return Options(bytes(out), whole)


def _pieces(text: str) -> list[str]:
    """Return the options' texts; a comma inside one (MD5's remark, MPTCP's keys) does not part it."""
    found: list[str] = []
    for piece in text.split(","):
        word = _WORD.match(piece)
        name = word[1] if word else ""
        is_option = name in _WORDS or name.startswith(("unknown-", "opt-", "exp-"))
        if is_option or not found or "[bad opt]" in piece or "[|" in piece:
            found.append(piece)
        else:
            found[-1] += "," + piece
    return found


def _option(piece: str, absolute: Callable[[int], int]) -> bytes | None:
    """Return one option's octets, or None for what tcpdump calls bad."""
    word = _WORD.match(piece)
    if word is None:
        return None
    name = word[1]
    if name == "nop":
        return b"\1"
    if name == "eol":
        return b"\0"
    rest = piece[word.end() :]
    if (
        name == "mptcp"
    ):  # its subtypes' fields are printed in too many ways: the length stands, the rest is zeros
        number = _NUMBER.match(rest.strip())
        length = int(number[0]) if number else 0
        return bytes((30, length)) + bytes(length - 2) if 3 <= length <= MOST else b""
    if "[bad opt]" in rest or "invalid" in rest or "malformed" in rest:
        return None
    lied = _LENGTH.search(rest)
    if lied:
        rest = rest[: lied.start()]
    made = _body(name, rest, absolute)
    if made is None:
        return None
    kind, body = made
    # `[len 5]`: the option's own length octet said 5, and tcpdump went on behind what the kind takes.
    length = int(lied[1]) if lied else len(body) + 2
    return bytes((kind & 255, length & 255)) + body


def _body(name: str, rest: str, absolute: Callable[[int], int]) -> tuple[int, bytes] | None:
    """Return an option's kind and the octets behind its length."""
    if name in _NUMBERS:
        kind, width = _NUMBERS[name]
        numbers = _numbers(rest)
        return (kind, (numbers[0] & ((1 << 8 * width) - 1)).to_bytes(width, "big")) if numbers else None
    if name == "sackOK":
        return 4, b""
    if name in ("TS", "timestamp"):
        numbers = _numbers(rest)
        return (8, struct.pack(">II", *numbers[:2])) if len(numbers) >= 2 else None
    if name == "sack":
        edges = [absolute(int(edge)) & 0xFFFFFFFF for block in _BLOCK.findall(rest) for edge in block]
        return 5, struct.pack(f">{len(edges)}I", *edges)
    return _rare_body(name, rest)


def _rare_body(name: str, rest: str) -> tuple[int, bytes] | None:
    """Return kind and octets of the options that few segments carry."""
    numbers = _numbers(rest)
    data = _hex(rest)
    if name in ("tfo", "exp-tfo"):  # RFC 7413: option 34, or RFC 6994's 254 with the magic F989
        return (34, data) if name == "tfo" else (254, b"\xf9\x89" + data)
    if (unknown := _UNKNOWN.fullmatch(name)) is not None:
        return int(unknown[1]), data
    if (experiment := _EXPERIMENT.fullmatch(name)) is not None:
        return 254, bytes.fromhex(experiment[1])
    if name == "md5":
        return 19, data if len(data) == 16 else bytes(16)
    if name == "uto":
        printed = re.search(r"0x([0-9a-f]{1,4})", rest)  # and the same in seconds behind it
        return 28, (int(printed[1], 16) if printed else 0).to_bytes(2, "big")
    if name == "tcp-ao" and len(numbers) >= 2:
        return 29, bytes((numbers[0] & 255, numbers[1] & 255)) + data
    scps = re.match(r" cap ([0-9a-f]{2}) id (\d{1,3})", rest) if name == "scps" else None
    return (20, bytes((int(scps[1], 16), int(scps[2]) & 255))) if scps else None


def _numbers(text: str) -> list[int]:
    return [int(number) & 0xFFFFFFFF for number in _NUMBER.findall(text)]


def _hex(text: str) -> bytes:
    """Return the last run of hexadecimal digits, as tcpdump prints cookies, digests and unknown options."""
    runs: list[str] = _HEX.findall(text)
    run = runs[-1] if runs else ""
    return bytes.fromhex(run[: len(run) & ~1])
