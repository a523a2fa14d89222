"""The large captures, made the same on every machine, and kept in a folder from one run to the next.

To add one: a function that fills a ``Capture``, and a row in ``CASES``.
"""

import os
import shutil
from binascii import crc32
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import NamedTuple

from tests.bench.frames import ACK, FIN, PSH, SYN, Capture, sack, syn_options, timestamps

SERVER = 0xC6336401  # 198.51.100.1, RFC 5737
CLIENTS = 0x0A000000  # 10.0.0.0/8
MSS = 1448
FULL_SIZES = (MSS,) * 13 + (
    6 * MSS,
    6 * MSS,
    21 * MSS,
)  # full-size frames and those that offloading made larger

# (sent by the client, flags, seq, ack, options after the timestamps, payload length)
Step = tuple[bool, int, int, int, bytes, int]


def _transfer(random: Random, frames: int, sizes: tuple[int, ...]) -> Iterator[Step]:
    """Yield some ``frames`` segments of one long download, with loss before and after the tap.

    One segment in 400 is lost before the tap (a hole that its retransmission fills), one in 400 behind it
    (it is in the capture twice); the receiver answers with duplicate ACKs that carry SACK.
    """
    client, server = random.getrandbits(32), random.getrandbits(32)
    yield True, SYN, client, 0, b"", 0
    yield False, SYN | ACK, server, client + 1, b"", 0
    yield True, ACK, client + 1, server + 1, b"", 0
    yield True, PSH | ACK, client + 1, server + 1, b"", 300
    client, server = client + 301, server + 1
    yield False, ACK, server, client, b"", 0
    done = 9  # with the four of the close
    while done < frames:
        lost: list[tuple[int, int]] = []  # (seq, length) that did not arrive
        for number in range(random.randrange(10, 40)):
            length = sizes[random.randrange(len(sizes))]
            fate = random.randrange(400)
            if fate != 0:
                yield False, ACK, server, client, b"", length
                done += 1
            if fate <= 1:
                lost.append((server, length))
            elif lost:
                first = lost[0][0] + lost[0][1]
                yield (
                    True,
                    ACK,
                    client,
                    lost[0][0],
                    sack(first, server + length) if server + length != first else b"",
                    0,
                )
                done += 1
            elif number % 2:
                yield True, ACK, client, server + length, b"", 0
                done += 1
            server += length
        for seq, length in lost:
            yield False, ACK, seq, client, b"", length
            done += 1
        yield True, ACK, client, server, b"", 0
        done += 1
    yield False, FIN | ACK, server, client, b"", 0
    yield True, ACK, client, server + 1, b"", 0
    yield True, FIN | ACK, client, server + 1, b"", 0
    yield False, ACK, server + 1, client + 1, b"", 0


def _downloads(capture: Capture, packets: int, connections: int, sizes: tuple[int, ...]) -> None:
    """Write ``connections`` downloads side by side, in bursts, of ``packets`` segments together."""
    random = Random(793)
    each = packets // connections
    running = [(number, _transfer(Random(number), each, sizes)) for number in range(connections)]
    while running:
        place = random.randrange(len(running))
        number, steps = running[place]
        client, port = CLIENTS + 1 + number, 40_000 + number
        for _ in range(random.randrange(4, 44)):
            step = next(steps, None)
            if step is None:
                running.pop(place)
                break
            from_client, flags, seq, ack, blocks, length = step
            now = capture.now_ms
            options = syn_options(now, 0) if flags & SYN else timestamps(now, max(now - 10, 1)) + blocks
            if from_client:
                capture.segment(client, SERVER, port, 443, seq, ack, flags, options, length, capture.count)
            else:
                capture.segment(SERVER, client, 443, port, seq, ack, flags, options, length, capture.count)


def make_bulk(capture: Capture, packets: int) -> None:
    """83 long connections, with loss."""
    _downloads(capture, packets, 83 if packets > 10_000 else 3, (MSS,))


def make_full(capture: Capture, packets: int) -> None:
    """Full-size and offloaded frames of 20 connections."""
    _downloads(capture, packets, 20 if packets > 10_000 else 2, FULL_SIZES)


# A short connection's ten segments: from the client, flags, octets sent by client and server so far, payload.
_SHORT = (
    (True, SYN, 0, 0, 0),
    (False, SYN | ACK, 1, 0, 0),
    (True, ACK, 1, 1, 0),
    (True, PSH | ACK, 1, 1, 120),
    (False, PSH | ACK, 121, 1, 900),
    (True, ACK, 121, 901, 0),
    (False, FIN | ACK, 121, 901, 0),
    (True, ACK, 121, 902, 0),
    (True, FIN | ACK, 121, 902, 0),
    (False, ACK, 122, 902, 0),
)
_STAGGER = 50  # connections that begin between two segments of one


def make_conns(capture: Capture, packets: int) -> None:
    """Short connections of ten segments from as many addresses, some 500 of them at a time."""
    _short(capture, packets // len(_SHORT), packets // len(_SHORT))


def make_reuse(capture: Capture, packets: int) -> None:
    """Short connections of ten segments as in conns, each four-tuple used twice: reuse is the norm."""
    _short(capture, packets // len(_SHORT), -(-packets // len(_SHORT) // 2))


def _short(capture: Capture, connections: int, pairs: int) -> None:
    """Write short connections between so many ``pairs`` of addresses and ports, in turn."""
    for now in range(connections + _STAGGER * (len(_SHORT) - 1)):
        for place, (from_client, flags, client_sent, server_sent, length) in enumerate(_SHORT):
            number = now - place * _STAGGER
            if not 0 <= number < connections:
                continue
            pair = number % pairs
            client, port = CLIENTS + 256 + pair, 32_768 + pair % 28_000
            client_isn, server_isn = number * 2_654_435_761, number * 2_246_822_519 + 7
            time = capture.now_ms
            options = syn_options(time, 0) if flags & SYN else timestamps(time, max(time - 1, 1))
            seq, ack = client_isn + client_sent, server_isn + server_sent
            if from_client:
                acknowledged = ack if flags & ACK else 0
                capture.segment(
                    client, SERVER, port, 80, seq, acknowledged, flags, options, length, number + place
                )
            else:
                capture.segment(SERVER, client, 80, port, ack, seq, flags, options, length, number + place)


def make_syns(capture: Capture, packets: int) -> None:
    """One SYN each from as many addresses, as a flood sends them."""
    for number in range(packets):
        source = CLIENTS + 1 + number
        port = 1024 + number * 40_503 % 64_000
        capture.segment(source, SERVER, port, 80, number * 2_654_435_761, 0, SYN, b"", 0, number)


class Case(NamedTuple):
    """A large capture."""

    packets: int  # at scale 1
    snap: int
    gap_us: int
    make: Callable[[Capture, int], None]


CASES = {
    "bulk": Case(2_000_000, 128, 20, make_bulk),
    "conns": Case(2_000_000, 128, 10, make_conns),
    "reuse": Case(2_000_000, 128, 10, make_reuse),
    "full": Case(300_000, 262_144, 30, make_full),
    "syns": Case(4_000_000, 128, 2, make_syns),
}


class Made(NamedTuple):
    """A capture that lies ready."""

    path: Path
    packets: int


def _recipe() -> str:
    """Return a check sum of what makes the captures, so that an old file is never taken for a new one."""
    here = Path(__file__).parent
    return f"{crc32((here / 'frames.py').read_bytes() + Path(__file__).read_bytes()):08x}"


def obtain(name: str, folder: Path, scale: float = 1.0) -> Made:
    """Return the capture ``name`` at ``scale``, making it where ``folder`` has none yet."""
    case = CASES[name]
    packets = max(20, int(case.packets * scale))
    stem = f"{name}-{packets}-{_recipe()}"
    for path in folder.glob(f"{stem}-*.pcap"):
        return Made(path, int(path.stem.rsplit("-", 1)[1]))
    folder.mkdir(parents=True, exist_ok=True)
    unfinished = folder / f"{stem}.{os.getpid()}"
    capture = Capture(unfinished, case.snap, case.gap_us)
    case.make(capture, packets)
    capture.close()
    path = folder / f"{stem}-{capture.count}.pcap"
    shutil.move(unfinished, path)
    return Made(path, capture.count)
