"""Soups of segments for the property tests, and what must hold of every record whatever the soup was.

A soup is a list of small choices that hypothesis can shrink: who sends, which bits, where its numbers lie
relative to what both ends have sent so far (mostly right, sometimes old, beyond, far away or wrong).
``frames_of`` makes packets of it.
"""

import struct
from typing import Any, NamedTuple

from hypothesis import strategies as st
from script import FLAGS, ip_packet, tcp_header
from verdict import clause

from tcptrace.tcp.machine import RULES

FIN, SYN, RST, PSH, ACK, URG = (FLAGS[name] for name in ("FIN", "SYN", "RST", "PSH", "ACK", "URG"))
M32 = 0xFFFFFFFF
START_NS = 1_700_000_000_000_000_000
SERVER = ("192.0.2.2", 80)
# The last is a socket connected to itself.
PAIRS = ((("192.0.2.1", 40000), SERVER), (("192.0.2.1", 40001), SERVER), (SERVER, SERVER))


class Choice(NamedTuple):
    """One segment of a soup."""

    pair: int  # in PAIRS
    side: int  # 0: the first end sends it
    flags: int
    seq: str  # a key of SEQ
    ack: str  # a key of ACKS
    length: int
    wait_ns: int  # since the frame before; negative: the clock goes back
    timestamp: str  # none, good, old, far
    sack: str  # none, hole, dsack, wild
    again: int  # so many frames ago lies the frame that this one repeats; 0: a segment of its own


SEQ = {
    "next": 0,
    "one before": -1,
    "one beyond": 1,
    "hole": 7,
    "window": 3000,
    "far": 1 << 31,
    "outside": 1 << 20,
}
ACKS = {
    "all": 0,
    "one before": -1,
    "one beyond": 1,
    "two beyond": 2,
    "old": -40,
    "far": 1 << 31,
    "unsent": 5000,
}


class Frame(NamedTuple):
    """One packet: when, from whom to whom, its octets."""

    time_ns: int
    source: tuple[str, int]
    target: tuple[str, int]
    packet: bytes


FLAG_SETS = [
    SYN, SYN, SYN | ACK, SYN | ACK, ACK, ACK, ACK, ACK, PSH | ACK, PSH | ACK, FIN | ACK, FIN | ACK, FIN | ACK,
    RST, RST | ACK, 0, FIN, SYN | FIN, SYN | RST, FIN | RST | ACK, FIN | URG | PSH, SYN | FIN | ACK, 0x1FF,
]  # fmt: skip


def choices(clock_goes_back: bool = False, long_waits: bool = True) -> st.SearchStrategy[list[Choice]]:
    """Return a strategy of soups; without ``clock_goes_back`` each frame is later than all before."""
    waits = [1000, 1000, 2_000_000, 30_000_000]
    waits += [250_000_000_000, 61_000_000_000] if long_waits else []
    waits += [0, -1000, -300_000_000_000] if clock_goes_back else []
    one = st.builds(
        Choice,
        pair=st.sampled_from([0, 0, 0, 0, 0, 0, 1, 2]),
        side=st.integers(0, 1),
        flags=st.sampled_from(FLAG_SETS),
        seq=st.sampled_from(["next"] * 8 + [*SEQ, "again", "old", "new isn"]),
        ack=st.sampled_from(["all"] * 8 + [*ACKS, "raw zero"]),
        length=st.sampled_from([0, 0, 0, 0, 1, 40, 1000]),
        wait_ns=st.sampled_from(waits),
        timestamp=st.sampled_from(["none", "none", "good", "good", "good", "old", "far"]),
        sack=st.sampled_from(["none"] * 6 + ["hole", "dsack", "wild"]),
        again=st.sampled_from([0] * 9 + [1, 2, 4]),
    )
    return st.lists(one, min_size=1, max_size=24)


class Talker:
    """What one end of the soup has sent so far."""

    def __init__(self, isn: int, clock: int) -> None:
        self.isn = isn
        self.nxt = isn
        self.last = isn
        self.clock = clock
        self.tsval = 0
        self.acked = 0


def frames_of(soup: list[Choice]) -> list[Frame]:
    """Return the packets of a soup. Its numbers begin near 2^32, so that most soups wrap."""
    talkers: dict[tuple[int, int], Talker] = {}
    for pair in range(len(PAIRS)):
        talkers[pair, 0] = Talker(M32 - 2, 1000)
        talkers[pair, 1] = talkers[pair, 0] if pair == 2 else Talker(M32 - 1500, 5_000_000)
    frames: list[Frame] = []
    now = START_NS
    for choice in soup:
        now += choice.wait_ns
        if choice.again and choice.again <= len(frames):
            old = frames[-choice.again]
            packet = old.packet[:4] + struct.pack("!H", len(frames) + 1) + old.packet[6:]
            frames.append(old._replace(time_ns=now, packet=packet))
            continue
        side = 0 if choice.pair == 2 else choice.side
        me, other = talkers[choice.pair, side], talkers[choice.pair, 0 if choice.pair == 2 else 1 - side]
        source, target = PAIRS[choice.pair][side], PAIRS[choice.pair][1 - side]
        segment = segment_of(choice, me, other, source[1], target[1], now)
        frames.append(Frame(now, source, target, ip_packet(source[0], target[0], len(frames) + 1, segment)))
    return frames


def segment_of(choice: Choice, me: Talker, other: Talker, sport: int, dport: int, now: int) -> bytes:
    """Return the TCP segment of a choice, and let its sender have sent it."""
    flags = choice.flags
    if choice.seq == "new isn":
        me.isn = me.nxt + 100_000 & M32
        seq = me.isn if flags & SYN else me.nxt
    elif choice.seq == "again":
        seq = me.last
    elif choice.seq == "old":
        seq = me.isn
    else:
        seq = (me.isn if flags & SYN and choice.seq == "next" else me.nxt) + SEQ[choice.seq] & M32
    if choice.seq in ("next", "new isn", "again") and not flags & RST:
        end = seq + choice.length + bool(flags & SYN) + bool(flags & FIN) & M32
        if (end - me.nxt & M32) < 1 << 31:
            me.nxt = end
        me.last = seq
    ack = 0
    if flags & ACK:
        ack = 0 if choice.ack == "raw zero" else other.nxt + ACKS[choice.ack] & M32
    opts = b"\x02\x04\x05\xb4\x03\x03\x07\x04\x02\x01" if flags & SYN else b""
    if choice.timestamp != "none":
        shift = {"good": 0, "old": -5000, "far": 1 << 31}[choice.timestamp]
        value = me.clock + (now - START_NS) // 1_000_000 + shift & M32
        opts += struct.pack("!BBII", 8, 10, value, other.tsval if flags & ACK else 0)
        me.tsval = value if choice.timestamp == "good" else me.tsval
    edges = {"hole": (7, 107), "dsack": (-40, 0), "wild": (1 << 31, 3)}.get(choice.sack)
    if edges is not None and len(opts) <= 28:
        opts += struct.pack("!BBII", 5, 10, ack + edges[0] & M32, ack + edges[1] & M32)
    opts += b"\x01" * (-len(opts) % 4)
    return tcp_header(sport, dport, seq, ack, flags, 8192, opts) + bytes(choice.length)


def pcap_of(frames: list[Frame]) -> bytes:
    """Return a capture of the frames: pcap, nanoseconds, link type RAW."""
    parts = [struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 262144, 101)]
    for frame in frames:
        second, nano = divmod(frame.time_ns, 1_000_000_000)
        size = len(frame.packet)
        parts.append(struct.pack("<IIII", second, nano, size, size) + frame.packet)
    return b"".join(parts)


def words_of(frames: list[Frame]) -> str:
    """Return the frames as lines for people."""
    lines = []
    for number, frame in enumerate(frames, 1):
        head = 4 * (frame.packet[0] & 15)
        seq, ack, offset_flags = struct.unpack("!4xIIH", frame.packet[head : head + 14])
        flags = offset_flags & 0x1FF
        names = ",".join(name for name, bit in FLAGS.items() if flags & bit) or "none"
        size = len(frame.packet) - head - 4 * (offset_flags >> 12)
        options = frame.packet[head + 20 : len(frame.packet) - size].hex()
        lines.append(
            f"{number:3} {(frame.time_ns - START_NS) / 1e9:.6f} {frame.source[0]}:{frame.source[1]} {names} "
            f"seq {seq} ack {ack} len {size} {options}"
        )
    return "\n".join(lines)


# (from, cause, to) of every rule that is run; the contract's cause does not say who opened.
STEPS = {
    (rule.state, rule.input.replace(" after passive OPEN", ""), rule.next_state)
    for rule in RULES
    if rule.kind not in ("user", "anomaly") and rule.state != rule.next_state
}
OWN_CAUSES = ("snd SYN", "snd FIN", "snd RST")


def check_record(connection: Any, frames: list[Frame]) -> None:
    """Assert what the contract says of any connection; ``frames`` is the whole capture."""
    for side in ("client", "server"):
        path = getattr(connection.path, side)
        steps = [step for step in connection.transitions if step.side == side]
        if connection.client == connection.server and side == "server":
            assert path == connection.path.client
            assert not steps
            steps = list(connection.transitions)
        assert getattr(connection.final, side) == path[-1]
        assert len(path) == len(steps) + 1 <= 256
        assert [step.from_state for step in steps] == path[:-1], "the path is the fold of its steps"
        assert [step.to_state for step in steps] == path[1:]
    for step in connection.transitions:
        check_step(step, connection, frames)
    check_order(connection, frames)
    packets = connection.packets
    assert packets.client + packets.server > 0
    for side in ("client", "server"):
        assert 0 <= getattr(connection.duplicates, side) <= getattr(packets, side)
        unique = getattr(connection.unique_bytes, side)
        assert unique is None or 0 <= unique <= getattr(connection.data_bytes, side)
        rtt = getattr(connection.rtt_s, side)
        assert (rtt.samples == 0) == (rtt.min is None) == (rtt.avg is None) == (rtt.max is None)
        assert rtt.samples == 0 or 0 <= rtt.min <= rtt.avg <= rtt.max
    held = connection.time_wait
    assert held is None or held.since_ns < held.until_ns
    kept: dict[tuple[str, str], int] = {}
    for finding in connection.findings:
        key = (finding.code, finding.side or "connection")
        kept[key] = kept.get(key, 0) + 1
        assert 1 <= finding.frame <= len(frames)
    counted = {(c, s): n for c, sides in connection.finding_counts.items() for s, n in sides.items()}
    assert kept == counted  # soups have fewer than 1,000 of a code


def check_step(step: Any, connection: Any, frames: list[Frame]) -> None:
    """Assert what the contract says of one step (*Transitions*)."""
    assert (step.from_state, step.cause, step.to_state) in STEPS, step
    assert step.rule == clause(step.cause, step.from_state)
    own = getattr(connection, step.side)
    sender = None if step.frame is None else frames[step.frame - 1].source
    is_alone = connection.client == connection.server
    is_own = is_alone or sender == (own.ip, own.port)
    is_peers = is_alone or (sender is not None and not is_own)
    if step.cause == "2MSL timeout":
        assert step.frame is None
        assert step.evidence in ("timer", "assumed")
    else:
        assert step.frame is not None
        assert step.evidence != "timer"
    if step.evidence == "observed":
        assert step.proof == step.frame
        assert step.cause in (*OWN_CAUSES, "reused")
        assert is_own
    elif step.evidence == "confirmed":
        assert step.cause.startswith("rcv") or step.cause == "reused"
        assert step.proof is not None
        # With interfaces out of order the SYN,ACK may stand before its SYN: roles by causality (replay.md, Cases).
        assert step.proof > step.frame or (step.cause == "rcv SYN" and step.proof < step.frame)
        prover = frames[step.proof - 1].source
        assert prover == (own.ip, own.port), "only the end itself can prove what it received"
        assert is_peers
    elif step.evidence == "assumed":
        assert step.proof is None
        # A FIN that was lost before the capture: nothing may show whether it was sent before the peer's came.
        assert step.cause not in OWN_CAUSES or step.cause == "snd FIN"
    elif step.evidence == "inferred":
        assert step.proof is not None
    else:
        assert step.proof is None
    if step.cause == "pickup":
        assert step.evidence == "inferred"


def check_order(connection: Any, frames: list[Frame]) -> None:
    """Assert replay.md's Order. Frame times must be distinct: a step's time names the frame of its place."""
    times = {frame.time_ns: number for number, frame in enumerate(frames, 1)}
    keys = []
    for step in connection.transitions:
        if step.cause == "2MSL timeout":
            later = [number for number, frame in enumerate(frames, 1) if frame.time_ns >= step.time_ns]
            place, turn = (later[0] if later else len(frames) + 1), 0
        else:
            assert step.time_ns in times, step
            place = times[step.time_ns]
            assert place >= step.frame, step
            own = getattr(connection, step.side)
            turn = 1 if frames[place - 1].source == (own.ip, own.port) else 2
        keys.append((place, turn))
    assert keys == sorted(keys), "\n".join(str(step) for step in connection.transitions)
