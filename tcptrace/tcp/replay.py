"""The replay: segments in, both ends' states out.

One pass over the columns of a batch. Most segments of a connection that is established at both ends, with nothing open, take
the fast road in ``run``: numbers only. All others go through ``arrives``, which asks the rule table.
"""

from array import array
from collections.abc import Callable

from tcptrace.flow.bits import (
    F_ACKED,
    F_FIN,
    F_FIN_GUESSED,
    HALF,
    MASK32,
    NO_TIME,
    NONE,
    S_ANSWERED,
    S_GIVEN_UP,
    S_OVER,
    S_REUSED,
    S_SELF,
    S_WOKEN,
    WRAP,
)
from tcptrace.model.columns import KEY_WORDS, SACK_WORDS
from tcptrace.model.tcpflags import (
    ACK,
    FIN,
    MARK_BAD_CHECKSUM,
    MARK_OFFLOADED,
    MARK_TRUNCATED,
    OPT_TIMESTAMPS,
    RST,
    SYN,
)
from tcptrace.tcp.codes import BAD_CHECKSUM, DUPLICATE_FRAME, TIME_WENT_BACK
from tcptrace.tcp.heads import HEAD_OCTETS

from ..flow.rows import End, Entry, Numbers, Segment, Stream
from ..flow.table import FlowTable
from .account import Account
from .arrives import Arrivals
from .heads import Heads
from .incarnations import Incarnations
from .notes import Notebook
from .packed import Packer
from .paths import Paths
from .resets import Resets
from .testimony import Testimony
from .verdict import Verdict

CONTROL = 0x17  # ACK, RST, SYN, FIN
CANDIDATES = 8


class Replay:
    """All connections of a capture."""

    __slots__ = (
        "account", "alive", "arrivals", "classify", "clock_ns", "earliest_ns", "evicted", "finished", "finished_from",
        "flows", "heads", "incarnations", "last_ns", "latest_ns", "max_connections", "notes", "numbers", "offloaded",
        "oldest", "packer", "paths", "streams", "testimony", "time_went_back", "truncated", "verdict", "x",
    )  # fmt: skip

    def __init__(
        self,
        table: "array[int]",
        anomaly: "array[int]",
        msl2_ns: int,
        max_connections: int,
        max_notes: int,
        classify: Callable[[bytes, Stream, int], tuple[int, bool]],
    ) -> None:
        """Take the rule table, 2MSL, the bounds, and the classifier of first payloads.

        ``classify(octets, stream, side)`` returns the number of a label (0: unknown), and whether that is so whatever the
        ports are.
        """
        self.paths = Paths(table, anomaly, msl2_ns)
        self.notes = Notebook(max_notes)
        self.account = Account()
        self.testimony = Testimony(self.paths)
        self.arrivals = Arrivals(
            self.paths, self.testimony, self.account, self.notes, Resets(self.paths, self.notes)
        )
        self.incarnations = Incarnations(self.paths, self.arrivals, self.notes)
        self.numbers = Numbers()
        self.flows = FlowTable()
        self.packer = Packer(self.paths)
        self.verdict = Verdict(self.paths)
        # By number: in full, a lone SYN, packed (`tcp.packed`); None: written and forgotten.
        self.streams: list[Stream | Entry | bytes | None] = []
        self.x = Segment()
        self.clock_ns = NO_TIME  # the highest time of a segment so far
        self.earliest_ns = -NO_TIME  # of all frames, TCP or not
        self.latest_ns = NO_TIME
        self.last_ns = NO_TIME  # of the segment before
        self.time_went_back = 0
        self.truncated = 0  # segments whose payload the snap length cut
        self.offloaded = 0  # segments with an offloaded checksum
        self.max_connections = max_connections
        self.alive = 0
        self.finished = array("q")  # numbers, in the order in which they finished
        self.finished_from = 0
        self.oldest = 0  # no stream below this number is alive
        self.evicted: list[Stream | Entry] = []  # given up, for the caller to write
        self.classify = classify
        self.heads = Heads()

    def see(self, time_ns: "array[int]", count: int) -> None:
        """Take the times of a batch's frames, TCP or not."""
        for i in range(count):
            now = time_ns[i]
            if now > self.latest_ns:
                self.latest_ns = now
            if now < self.earliest_ns:
                self.earliest_ns = now

    def run(
        self,
        octets: bytes | bytearray | memoryview,
        count: int,
        frame: "array[int]",
        time_ns: "array[int]",
        key: "array[int]",
        side: "array[int]",
        flags: "array[int]",
        seq: "array[int]",
        ack: "array[int]",
        window: "array[int]",
        length: "array[int]",
        payload: "array[int]",
        payload_captured: "array[int]",
        options: "array[int]",
        scale: "array[int]",
        tsval: "array[int]",
        tsecr: "array[int]",
        sack_count: "array[int]",
        sack: "array[int]",
        marks: "array[int]",
        duplicate: "array[int]",
        stream_of: "array[int]",
    ) -> int:
        """Replay ``count`` segments (``model.columns.Segments``); write each one's stream number to ``stream_of`` ('q')."""
        flows = self.flows
        account = self.account
        for i in range(count):
            now = time_ns[i]
            back = 1 if now < self.last_ns else 0
            self.last_ns = now
            if now > self.clock_ns:
                self.clock_ns = now
            at = i * KEY_WORDS
            k0 = key[at]
            k1 = key[at + 1]
            k2 = key[at + 2]
            k3 = key[at + 3]
            k4 = key[at + 4]
            hashed = flows.hash_key(k0, k1, k2, k3, k4)
            entry = flows.find(hashed, k0, k1, k2, k3, k4)
            bits = flags[i]
            here = side[i]
            size = length[i]
            if entry is None:
                entry = Entry()
                entry.hash = hashed
                entry.k0 = k0
                entry.k1 = k1
                entry.k2 = k2
                entry.k3 = k3
                entry.k4 = k4
                flows.insert(entry)
                self.open_stream(entry)
                if (
                    bits & CONTROL == SYN
                    and not back
                    and not marks[i] & MARK_BAD_CHECKSUM
                    and not duplicate[i]
                    and size == 0
                ):
                    # A lone SYN: kept small until more comes (a flood of them is cheap).
                    entry.first_frame = frame[i]
                    entry.first_ns = now
                    entry.seq = seq[i]
                    entry.window = window[i]
                    entry.options = options[i]
                    entry.scale = scale[i]
                    entry.tsval = tsval[i]
                    entry.side = here
                    stream_of[i] = entry.number
                    continue
                stream = self.make_stream(entry, frame[i], now, here)
            elif entry.stream is not None:
                stream = entry.stream
            elif entry.packed:
                stream = self.unpack(entry)
            else:
                stream = self.wake(entry)
            if bits & (SYN | ACK) == SYN:
                sender = stream.high if here else stream.low
                if sender is not None and sender.first_raw >= 0 and sender.first_raw != seq[i]:
                    stream = self.new_incarnation(
                        entry, stream, i, frame[i], now, here, seq[i], tsval[i], options[i]
                    )
            stream_of[i] = stream.number
            if stream.flags & S_SELF:
                here = 0
            if here:
                end = stream.high
                peer = stream.low
            else:
                end = stream.low
                peer = stream.high
            if end is None:
                end = End()
                if here:
                    stream.high = end
                else:
                    stream.low = end
            if stream.flags & S_SELF:
                peer = end
            elif peer is None:
                peer = End()
                if here:
                    stream.low = peer
                else:
                    stream.high = peer
            end.packets += 1
            end.data_bytes += size
            stream.last_frame = frame[i]
            stream.last_ns = now
            if end.first_raw < 0 or bits & (SYN | ACK) == SYN | ACK:
                end.first_raw = seq[i] if bits & SYN else (seq[i] - 1) & MASK32
            if back:
                self.time_went_back += 1
                self.notes.note(stream, TIME_WENT_BACK, frame[i], here, 0, 0)
            if duplicate[i]:
                end.duplicates += 1
                self.notes.note(stream, DUPLICATE_FRAME, frame[i], here, 0, 0)
                continue
            if marks[i] & MARK_TRUNCATED:
                self.truncated += 1
            if marks[i] & MARK_OFFLOADED:
                self.offloaded += 1
            if marks[i] & MARK_BAD_CHECKSUM:
                self.notes.note(stream, BAD_CHECKSUM, frame[i], here, 0, 0)
                continue
            if size and not stream.application & (1 << here) and payload_captured[i] and not bits & RST:
                stream.application |= 1 << here
                self.look_at(octets, payload[i], payload_captured[i], stream, here)
            if stream.quiet and bits & CONTROL == ACK and not end.flags & F_FIN:
                # The fast road.
                number = (seq[i] - end.snd_nxt) & MASK32
                if number >= HALF:
                    number -= WRAP
                number += end.snd_nxt
                acked = (ack[i] - peer.snd_nxt) & MASK32
                if acked >= HALF:
                    acked -= WRAP
                acked += peer.snd_nxt
                if acked <= peer.snd_nxt:
                    right = number + size
                    if size:
                        if number == end.snd_nxt and number == end.cont:
                            account.outstanding(end, right, now)
                            end.snd_nxt = right
                            end.cont = right
                            if end.unique_bytes >= 0:
                                end.unique_bytes += size
                        else:
                            account.out_of_turn(end, number, right, now)
                    if acked > end.ack_high:
                        end.ack_high = acked
                        if 0 <= peer.sent_end <= acked:
                            account.sample(peer, acked, now)
                        if acked > peer.cont:
                            account.acknowledged(peer, acked)
                    end.ack_last = acked
                    end.window = window[i]
                    right = window[i] << (14 if end.scale < 0 else end.scale)
                    if acked >= end.ack_high:
                        end.window_edge = acked + right
                    if right > end.window_max:
                        end.window_max = right
                    if options[i] & OPT_TIMESTAMPS:
                        if (tsval[i] - end.tsval) & MASK32 < HALF or not end.has_ts:
                            end.tsval = tsval[i]
                        end.has_ts = 1
                        end.tsecr = tsecr[i]
                    continue
            previous = stream.previous
            x = self.x
            x.frame = frame[i]
            x.time_ns = now
            x.side = here
            x.flags = bits
            x.syn = 1 if bits & SYN else 0
            x.fin = 1 if bits & FIN else 0
            x.rst = 1 if bits & RST else 0
            if x.rst:
                x.syn = 0  # RST wins over SYN (3.10.7: it is looked at first)
                x.fin = 0
            elif x.syn:
                x.fin = (
                    0  # SYN and FIN together: the FIN is not processed before ESTABLISHED (3.10.7.4, eighth)
                )
            x.length = size
            x.window = window[i]
            x.options = options[i]
            x.scale = scale[i]
            x.has_ts = 1 if options[i] & OPT_TIMESTAMPS else 0
            x.tsval = tsval[i]
            x.tsecr = tsecr[i]
            x.sack_count = sack_count[i]
            if previous is not None:
                if x.syn and bits & ACK:
                    self.answer(stream, previous, here, x)
                    if stream.previous is None:
                        self.retire(previous)
                else:
                    other_end = previous.high if here else previous.low
                    other_peer = previous.low if here else previous.high
                    if (
                        other_end is not None
                        and other_peer is not None
                        and self.incarnations.concerns_old(
                            previous, other_end, other_peer, stream, seq[i], ack[i], bits
                        )
                    ):
                        self.place(other_end, other_peer, x, seq[i], ack[i], sack, i * SACK_WORDS)
                        self.arrive_at_old(stream, previous, end, other_end, other_peer, x)
                        continue
            self.place(end, peer, x, seq[i], ack[i], sack, i * SACK_WORDS)
            self.arrive(stream, end, peer, x)
            if stream.flags & (S_OVER | S_WOKEN) == S_OVER:
                self.retire(stream)
        return count

    def arrive(self, stream: Stream, end: End, peer: End, x: Segment) -> None:
        """The slow road: one segment, both ends."""
        paths = self.paths
        if end.until_ns > NO_TIME:
            paths.expire(end, self.clock_ns, x.frame)
        if peer.until_ns > NO_TIME:
            paths.expire(peer, self.clock_ns, x.frame)
        self.arrivals.sends(stream, end, peer, x)
        x.fresh = 1 if x.end > x.seq and x.end > end.snd_nxt else 0
        if x.syn and end.snd_nxt == x.seq:
            x.fresh = 1
        self.account.received(end, x)
        self.account.sent(end, x)
        if x.ack >= 0:
            end.flags |= F_ACKED
            if not x.rst:
                if 0 <= peer.sent_end <= x.ack:
                    self.account.sample(peer, x.ack, x.time_ns)
                if peer.cont < x.ack <= peer.snd_nxt:
                    self.account.acknowledged(peer, x.ack)
                if (
                    stream.handshake_ns == NO_TIME
                    and stream.flags & S_ANSWERED
                    and stream.syn_side == x.side
                    and not x.syn
                ):
                    stream.handshake_ns = x.time_ns
        end.last_frame = x.frame
        self.arrivals.reaches(stream, peer, end, x)
        stream.quiet = 0
        if (
            paths.is_calm(end)
            and paths.is_calm(peer)
            and not (end.flags | peer.flags) & (F_FIN | F_FIN_GUESSED)
        ):
            if (
                not stream.flags & S_SELF
                and stream.previous is None
                and self.is_settled(end)
                and self.is_settled(peer)
            ):
                stream.quiet = 1
        elif not stream.flags & S_OVER and paths.is_over(end) and paths.is_over(peer):
            stream.flags |= S_OVER
            self.finished.append(stream.number)

    def arrive_at_old(
        self, stream: Stream, old: Stream, end: End, old_end: End, old_peer: End, x: Segment
    ) -> None:
        """Let a segment counted in the new stream move the old connection; the counts stay with the stream."""
        if x.side != stream.first_side:
            self.incarnations.challenges(stream, old, old_end, old_peer, stream.first_frame, x)
        before = old_end.unique_bytes
        self.arrive(old, old_end, old_peer, x)
        if before >= 0 and old_end.unique_bytes > before and end.unique_bytes >= 0:
            end.unique_bytes += old_end.unique_bytes - before
            old_end.unique_bytes = before

    def is_settled(self, end: End) -> int:
        """Return 1 where nothing rare waits for the end's next segment."""
        cold = end.cold
        return (
            1
            if cold is None or (cold.unsent_ack < 0 and not cold.challenge_frame and not cold.rst_frame)
            else 0
        )

    def place(self, end: End, peer: End, x: Segment, seq: int, ack: int, sack: "array[int]", at: int) -> None:
        """Unwrap the segment's numbers near what its ends have shown."""
        numbers = self.numbers
        if end.snd_nxt >= 0:
            x.seq = numbers.unwrap(seq, end.snd_nxt)
        elif peer.ack_high >= 0:
            x.seq = numbers.unwrap(seq, peer.ack_high)
        else:
            x.seq = seq + WRAP
        x.end = x.seq + x.length + x.syn + x.fin
        if x.rst:
            x.end = x.seq
        x.ack = NONE
        if x.flags & ACK:
            if peer.snd_nxt >= 0:
                x.ack = numbers.unwrap(ack, peer.snd_nxt)
            elif end.ack_high >= 0:
                x.ack = numbers.unwrap(ack, end.ack_high)
            else:
                x.ack = ack + WRAP
        x.new_ts = 0
        if x.has_ts and (not end.has_ts or 0 < ((x.tsval - end.tsval) & MASK32) < HALF):
            x.new_ts = 1
        for block in range(x.sack_count):
            near = x.ack if x.ack >= 0 else WRAP
            x.sack_left[block] = numbers.unwrap(sack[at + 2 * block], near)
            x.sack_right[block] = numbers.unwrap(sack[at + 2 * block + 1], near)

    def open_stream(self, entry: Entry) -> None:
        """Give a four-tuple the next stream number, making room where there are too many."""
        if self.alive >= self.max_connections:
            self.give_up_one()
        entry.number = len(self.streams)
        entry.stream = None
        entry.packed = 0
        self.streams.append(entry)
        self.alive += 1

    def make_stream(self, entry: Entry, frame: int, time_ns: int, side: int) -> Stream:
        """Make the connection row of an entry's newest stream."""
        stream = Stream()
        stream.number = entry.number
        stream.key = entry
        stream.first_frame = frame
        stream.first_ns = time_ns
        stream.last_frame = frame
        stream.last_ns = time_ns
        stream.first_side = side
        if entry.k0 == entry.k2 and entry.k1 == entry.k3 and (entry.k4 >> 16) & 0xFFFF == entry.k4 & 0xFFFF:
            stream.flags = S_SELF
            stream.first_side = 0
        entry.stream = stream
        self.streams[entry.number] = stream
        return stream

    def wake(self, entry: Entry) -> Stream:
        """Make the row of a lone SYN, and let that SYN arrive."""
        stream = self.make_stream(entry, entry.first_frame, entry.first_ns, entry.side)
        end = End()
        peer = end if stream.flags & S_SELF else End()
        side = 0 if stream.flags & S_SELF else entry.side
        if side:
            stream.high = end
            stream.low = peer
        else:
            stream.low = end
            stream.high = None if stream.flags & S_SELF else peer
        end.packets = 1
        end.first_raw = entry.seq
        x = self.x
        x.frame = entry.first_frame
        x.time_ns = entry.first_ns
        x.side = side
        x.flags = SYN
        x.syn = 1
        x.fin = 0
        x.rst = 0
        x.length = 0
        x.window = entry.window
        x.options = entry.options
        x.scale = entry.scale
        x.has_ts = 1 if entry.options & OPT_TIMESTAMPS else 0
        x.tsval = entry.tsval
        x.tsecr = 0
        x.sack_count = 0
        x.seq = entry.seq + WRAP
        x.end = x.seq + 1
        x.ack = NONE
        x.new_ts = x.has_ts
        self.arrive(stream, end, peer, x)
        return stream

    def new_incarnation(
        self,
        entry: Entry,
        old: Stream,
        at: int,
        frame: int,
        time_ns: int,
        side: int,
        seq: int,
        tsval: int,
        options: int,
    ) -> Stream:
        """Open a new stream on a four-tuple, and let its SYN meet the old one's ends."""
        self.open_stream(entry)
        new = self.make_stream(entry, frame, time_ns, side)
        new.flags |= S_REUSED
        sender = old.high if side else old.low
        receiver = old.low if side else old.high
        paths = self.paths
        if sender is not None:
            paths.expire(sender, self.clock_ns, frame)
        if receiver is not None:
            paths.expire(receiver, self.clock_ns, frame)
        x = self.x
        x.frame = frame
        x.time_ns = time_ns
        x.side = side
        x.ack = NONE
        x.length = 0
        x.seq = seq + WRAP
        if sender is not None and sender.snd_nxt >= 0:
            x.seq = self.numbers.unwrap(seq, sender.snd_nxt)
        x.end = x.seq + 1
        x.has_ts = 1 if options & OPT_TIMESTAMPS else 0
        x.tsval = tsval
        x.new_ts = 0
        self.incarnations.begins(old, new, sender, receiver, x)
        older = old.previous
        old.previous = None
        if older is not None:
            self.retire(older)
        old.quiet = 0
        if not old.flags & S_OVER:
            old.flags |= S_OVER
            self.finished.append(old.number)
        if new.previous is None:
            self.retire(old)
        return new

    def retire(self, stream: Stream) -> None:
        """Pack a connection that is over, where that is possible, and let go of its rows."""
        entry = stream.key
        if entry is None or self.streams[stream.number] is not stream:
            return  # given up
        octets = self.packer.pack(stream, self.verdict.judge(stream))
        if octets is None:
            return
        self.streams[stream.number] = octets
        if entry.stream is stream:
            entry.stream = None
            entry.packed = 1
        stream.key = None

    def unpack(self, entry: Entry) -> Stream:
        """Make the rows of a four-tuple's packed stream again."""
        stream = self.packer.unpack(self.streams[entry.number])  # type: ignore[arg-type]
        stream.flags |= S_WOKEN
        stream.key = entry
        entry.stream = stream
        entry.packed = 0
        self.streams[entry.number] = stream
        return stream

    def answer(self, stream: Stream, previous: Stream, side: int, x: Segment) -> None:
        """The new SYN is answered: the old connection is left alone from here."""
        old_end = previous.high if side else previous.low
        if old_end is not None:
            self.incarnations.answers(stream, previous, old_end, stream.first_frame, x)

    def look_at(
        self,
        octets: bytes | bytearray | memoryview,
        start: int,
        captured: int,
        stream: Stream,
        side: int,
    ) -> None:
        """Show the first payload of a side to the classifier, until it knows the application."""
        if stream.application >> 2:
            return
        size = captured if captured < HEAD_OCTETS else HEAD_OCTETS
        role = 0 if stream.syn_side == side else 1
        if stream.syn_side >= 0:
            known = self.heads.find(octets, start, size, role)
            if known >= 0:
                stream.application |= known << 2
                return
        label, is_portless = self.classify(bytes(octets[start : start + size]), stream, side)
        stream.application |= label << 2
        if is_portless and stream.syn_side >= 0:
            self.heads.keep(octets, start, size, role, label)

    def give_up_one(self) -> None:
        """Close a connection early: the longest finished, else the one that has been silent longest among the oldest."""
        while self.finished_from < len(self.finished):
            number = self.finished[self.finished_from]
            self.finished_from += 1
            if self.finished_from > 4096 and 2 * self.finished_from > len(self.finished):
                del self.finished[: self.finished_from]
                self.finished_from = 0
            if self.streams[number] is not None:
                self.give_up(number)
                return
        while self.oldest < len(self.streams) and self.streams[self.oldest] is None:
            self.oldest += 1
        chosen = self.oldest
        quietest = self.clock_ns + 1
        for number in range(self.oldest, min(self.oldest + CANDIDATES, len(self.streams))):
            candidate = self.streams[number]
            if candidate is None:
                continue
            last_ns = self.silent_since(candidate)
            if last_ns < quietest:
                quietest = last_ns
                chosen = number
        self.give_up(chosen)

    def silent_since(self, row: "Stream | Entry | bytes") -> int:
        """Return the time of a connection's last segment."""
        if isinstance(row, Entry):
            return row.first_ns
        if isinstance(row, Stream):
            return row.last_ns
        return self.packer.last_ns(row)

    def give_up(self, number: int) -> None:
        """Take a connection out of all tables and leave it in ``evicted``."""
        gone = self.streams[number]
        if gone is None:
            return
        if isinstance(gone, bytes):
            gone = self.packer.unpack(gone)
        self.forget(gone)
        if isinstance(gone, Stream):
            gone.flags |= S_GIVEN_UP
        self.evicted.append(gone)

    def forget(self, row: Stream | Entry) -> None:
        """Take a connection out of all tables."""
        key = row if isinstance(row, Entry) else row.key
        if key is not None:
            entry = self.flows.find(key.hash, key.k0, key.k1, key.k2, key.k3, key.k4)
            if entry is not None and entry.number == row.number:
                self.flows.remove(entry)
                entry.stream = None  # the two hold each other
        self.streams[row.number] = None
        self.alive -= 1
