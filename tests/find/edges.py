"""Captures made by chance at the edges of the rules: for each segment it is likely that some rule nearly holds.

Both ends of many connections send new data, the same again, one octet before or beyond, probes, keep-alives, windows of 0
and windows that are just filled, FIN, RST and SYN again, ACKs too low and too high; initial numbers lie near the wrap.
Only a client that began with a SYN sends another: elsewhere Wireshark takes the peer's first ACK for the initial number.
"""

import struct
from pathlib import Path
from random import Random

M32 = 0xFFFFFFFF
FIN, SYN, RST, ACK = 1, 2, 4, 16
START_NS = 1_700_000_000 * 10**9
GAPS_NS = (0, 1_000, 100_000, 1_000_000, 2_900_000, 5_000_000, 19_000_000, 25_000_000, 300_000_000)


class Pair:
    """One connection's ends as the generator knows them; side 0 is the client."""

    def __init__(self, random: Random, port: int) -> None:
        self.random = random
        self.port = port
        self.isn = [random.choice([random.getrandbits(32), M32 - 2, M32 - 50, 0, 5]) for _ in range(2)]
        self.nxt = list(self.isn)
        self.ack = [0, 0]
        self.window = [8192, 8192]
        self.sent: list[list[tuple[int, int, int]]] = [[], []]
        self.handshake = [0, 1, 0] if random.random() < 0.8 else []
        self.has_syn = bool(self.handshake)
        self.asked: list[int] = []  # duplicate ACKs and what they ask for: the sides that are to send them
        self.scaled = [random.random() < 0.6, random.random() < 0.7]

    def next(self, side: int) -> tuple[int, bytes]:
        """Return the side that sends (the handshake decides) and its TCP segment."""
        random = self.random
        flags, length, options = ACK, 0, b""
        if self.handshake:
            side, step = self.handshake.pop(0), 2 - len(self.handshake)
            flags = (SYN, SYN | ACK, ACK)[step]
            seq = self.nxt[side] if step == 2 else self.isn[side]
            ack = self.nxt[1 - side] if step else 0
            window = self.window[side]
            if step < 2 and self.scaled[side]:
                options = struct.pack("!BBBB", 3, 3, random.choice([0, 1, 2, 7]), 1)
        elif self.asked:
            side = self.asked.pop(0)
            seq, ack, window = self.nxt[side], self.ack[side], self.window[side]
            if not self.asked:
                seq, length = self.ack[1 - side], 50
        else:
            flags, seq, ack, length, window = self.odd(side)
        self.window[side], self.ack[side] = window, ack
        end = seq + length + bool(flags & (FIN | SYN)) & M32
        if (end - self.nxt[side]) & M32 < 0x80000000 and not flags & RST:
            self.nxt[side] = end
        if length or flags & (FIN | SYN):
            self.sent[side].append((seq, length, flags))
        ports = (self.port, 9) if side == 0 else (9, self.port)
        place = (20 + len(options)) // 4 << 12
        head = struct.pack("!HHIIHHHH", *ports, seq, ack, place | flags, window, 0, 0)
        return side, head + options + bytes(length)

    def odd(self, side: int) -> tuple[int, int, int, int, int]:
        """Return flags, seq, ack, length and window of a segment after the handshake."""
        random = self.random
        flags, length, seq, window = ACK, 0, self.nxt[side], self.window[side]
        ack = self.nxt[1 - side] if random.random() < 0.8 else self.ack[side]
        kind = random.choices(range(14), (30, 8, 10, 5, 3, 2, 2, 2, 2, 8, 8, 20, 3, 6))[0]
        if kind == 0:  # new data
            length = random.choice([1, 1, 10, 100, 100])
        elif kind == 1:  # one octet before: a keep-alive, or nearly
            seq, length = seq - 1 & M32, random.choice([0, 1, 2, 10])
        elif kind == 2 and self.sent[side]:  # again, whole or a little different
            seq, length, flags = random.choice(self.sent[side][-6:])
            if flags & SYN:
                seq = self.isn[side]
            else:
                length = max(0, length + random.choice([0, 0, 0, -1, 1, 5]))
        elif kind == 3:  # beyond a hole
            seq, length = seq + random.choice([1, 10, 100]) & M32, random.choice([0, 1, 50])
        elif kind == 4:
            flags, length = flags | FIN, random.choice([0, 0, 10])
        elif kind == 5:
            flags = RST | random.choice([0, ACK])
            seq, length = random.choice([seq, self.nxt[1 - side], seq + 5 & M32]), random.choice([0, 0, 5])
        elif kind == 6 and self.has_syn and side == 0:  # a SYN again, or a new one: the ports are used again
            flags = SYN
            seq = random.choice([self.isn[side], self.isn[side], random.getrandbits(32)])
            self.isn[side] = seq
        elif kind == 7:
            ack = ack + random.choice([1, 10, 100]) & M32
        elif kind == 8:
            ack = ack - random.choice([1, 10, 100]) & M32
        elif kind == 9:
            window = random.choice([0, 100, 10, 1, 8192, 4096])
        elif kind == 10:  # windows of 0 and probes of them
            window, length = random.choice([0, 0, window]), random.choice([0, 1])
        elif kind == 11:  # an ACK once more
            ack = self.ack[side]
        elif kind == 12:  # as much as the peer's window takes
            length = min(self.window[1 - side], 1000)
        elif kind == 13:
            ack = self.ack[side]
            self.asked = [side] * random.choice([1, 2, 3]) + [1 - side]
        return flags, seq, ack, length, window


def write(path: Path, seed: int, *, pairs: int = 40, each: int = 100) -> None:
    """Write a capture of ``pairs`` connections with ``each`` segments on average (pcap, link type RAW)."""
    random = Random(seed)
    running = [Pair(random, 20_000 + number) for number in range(pairs)]
    ends = (b"\x0a\0\0\x01", b"\x0a\0\0\x02")
    now, pair = START_NS, running[0]
    with path.open("wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 262144, 101))
        for number in range(pairs * each):
            now += random.choice(GAPS_NS)
            if random.random() < 0.01:
                now -= random.choice([1_000, 10_000_000])
            if random.random() < 0.5:
                pair = random.choice(running)
            side, segment = pair.next(random.randrange(2))
            size = 20 + len(segment)
            # Each with an IP identification of its own: none is a second copy of another.
            ip = struct.pack("!BBHHHBBH", 0x45, 0, size, number & 0xFFFF, 0, 64, 6, 0)
            file.write(struct.pack("<IIII", *divmod(now, 10**9), size, size))
            file.write(ip + ends[side] + ends[1 - side] + segment)
