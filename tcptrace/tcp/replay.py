"""The replay: segments in, both ends' states out.

One pass over the columns of a batch. Most segments of a connection that is established at both ends, with nothing open, take
the fast road: numbers only. All others go through ``tcp.arrives``, which asks the rule table. Short plain connections go
neither way before somebody asks for their states (``tcp.drafts``).
"""

from array import array
from collections.abc import Callable

from tcptrace.flow.bits import (
    F_FIN,
    HALF,
    MASK32,
    NO_TIME,
    NONE,
    S_OVER,
    S_REUSED,
    S_SELF,
    S_WOKEN,
    WRAP,
)
from tcptrace.model import words
from tcptrace.model.columns import SACK_WORDS
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
from tcptrace.tcp.draft_codes import COUNT_SHIFT, FLAG_BITS, KEPT, KEPT_WORDS, OPENER, OVER, ROW_WORDS

from ..flow.rows import End, Entry, Numbers, Segment, Stream
from .account import Account
from .arrives import Arrives
from .drafts import Drafts
from .heads import Heads
from .incarnations import Incarnations
from .notes import Notebook
from .paths import Paths
from .receiver import Receiver
from .resets import Resets
from .sender import Sender
from .steps import Steps
from .store import Store
from .testimony import Testimony
from .unseen import Unseen
from .verdict import Verdict

CONTROL = 0x17  # ACK, RST, SYN, FIN
AHEAD = 16  # segments, a power of two: of so many the entries are asked for at once


class Replay:
    """All connections of a capture."""

    __slots__ = (
        "account", "arrives", "clock_ns", "drafts", "earliest_ns", "heads", "incarnations", "is_drafting",
        "is_labelling", "last_frame", "last_ns", "latest_ns", "notes", "numbers", "offloaded", "paths", "store",
        "testimony", "time_went_back", "truncated", "unseen", "x",
    )  # fmt: skip

    def __init__(
        self,
        table: "array[int]",
        anomaly: "array[int]",
        msl2_ns: int,
        max_connections: int,
        max_notes: int,
        classify: Callable[[bytes, Entry, int, int], tuple[int, bool]],
    ) -> None:
        """Take the rule table, 2MSL, the bounds, and the classifier of first payloads.

        ``classify(octets, four-tuple, client's side, side)`` returns the number of a label (0: unknown), and whether that
        is so whatever the ports are.
        """
        self.paths = Paths(table, anomaly, msl2_ns)
        self.notes = Notebook(max_notes)
        self.account = Account()
        self.testimony = Testimony(self.paths)
        self.drafts = Drafts()
        self.is_drafting = 1  # 0: every connection has its states at once
        self.is_labelling = 1  # 0: nobody will ask for the applications
        self.store = Store(self.paths, self.drafts, max_connections)
        steps = Steps(self.paths)
        resets = Resets(self.paths, steps, self.notes)
        unseen = Unseen(self.paths, steps, self.account, self.notes, resets)
        sender = Sender(self.paths, steps, self.testimony, unseen, self.notes, resets)
        receiver = Receiver(self.paths, steps, self.testimony, resets)
        self.incarnations = Incarnations(self.paths, steps, self.notes)
        self.numbers = Numbers()
        self.unseen = unseen
        self.arrives = Arrives(
            self.paths, sender, receiver, self.incarnations, self.account, self.numbers, self.store
        )
        self.x = Segment()
        self.clock_ns = NO_TIME  # the highest time of a segment so far
        self.earliest_ns = -NO_TIME  # of all frames, TCP or not
        self.latest_ns = NO_TIME
        self.last_ns = NO_TIME  # of the segment before
        self.last_frame = 0
        self.time_went_back = 0
        self.truncated = 0  # segments whose payload the snap length cut
        self.offloaded = 0  # segments with an offloaded checksum
        self.heads = Heads(classify)

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
        wrong: "array[int]",
        duplicate: "array[int]",
        earlier: "array[int]",
        stream_of: "array[int]",
    ) -> int:
        """Replay ``count`` segments (``model.columns.Segments``); write each one's stream number to ``stream_of`` ('q')."""
        store = self.store
        flows = store.flows
        x = self.x
        clock_ns = self.clock_ns
        last_ns = self.last_ns
        first = words.first(octets)
        keys = words.words64(key)
        flows.hash_all(key, count)
        for i in range(count):
            if not i & (AHEAD - 1):
                flows.look_ahead(i, count, AHEAD)
            now = time_ns[i]
            back = last_ns - now if now < last_ns else 0
            last_ns = now
            if now > clock_ns:
                clock_ns = now
                self.clock_ns = now
            entry = flows.find_at(keys, i)
            bits = flags[i]
            here = side[i]
            size = length[i]
            mark = marks[i]
            if entry is None:
                entry = store.open_entry(keys, i)
                store.open_stream(entry, clock_ns)
                if (
                    bits & CONTROL == SYN
                    and not back
                    and not mark & MARK_BAD_CHECKSUM
                    and not duplicate[i]
                    and size == 0
                ):
                    self.drafts.keep_syn(
                        entry, frame[i], now, here, seq[i], window[i], options[i], scale[i], tsval[i]
                    )
                    stream_of[i] = entry.number
                    continue
                stream = store.make_stream(entry, frame[i], now, here)
            elif entry.stream is not None:
                stream = entry.stream
            elif entry.packed:
                stream = store.unpack(entry)
            else:
                if self.is_drafting and now == clock_ns and not duplicate[i] | (mark & MARK_BAD_CHECKSUM):
                    kept = self.drafts.take(
                        entry, frame[i], now, here, bits, seq[i], ack[i], window[i], size, options[i], scale[i], tsval[i],
                        tsecr[i],
                    )  # fmt: skip
                    if kept:
                        stream_of[i] = entry.number
                        if mark:
                            self.count_marks(mark)
                        if size and self.is_labelling and payload_captured[i]:
                            self.look_at_draft(first, payload[i], payload_captured[i], entry, here)
                        if kept == OVER:
                            self.drafts.close(entry)
                            store.finish(entry.number)
                        continue
                stream = self.wake(entry)
            if bits & SYN and not bits & ACK:
                sender = stream.high if here else stream.low
                if sender is not None and sender.first_raw >= 0 and sender.first_raw != seq[i]:
                    stream = self.new_incarnation(
                        entry, stream, i, frame[i], now, here, seq[i], tsval[i], options[i]
                    )
            stream_of[i] = stream.number
            if stream.flags & S_SELF:
                here = 0
            end = stream.high if here else stream.low
            peer = stream.low if here else stream.high
            if end is None or peer is None:
                end = stream.end_of(here)
                peer = end if stream.flags & S_SELF else stream.end_of(1 - here)
            self.count(stream, end, frame[i], now, bits, seq[i], size)
            if back:
                self.time_went_back += 1
                self.notes.note(
                    stream, TIME_WENT_BACK, frame[i], here, back, frame[i - 1] if i else self.last_frame
                )
            if duplicate[i]:
                end.duplicates += 1
                self.notes.note(stream, DUPLICATE_FRAME, frame[i], here, size, earlier[i])
                continue
            if mark:
                self.count_marks(mark)
                if mark & MARK_BAD_CHECKSUM:
                    self.notes.note(stream, BAD_CHECKSUM, frame[i], here, seq[i], size, wrong[i])
                    continue
            known = stream.application >> here & 1
            if size and self.is_labelling and not known and payload_captured[i] and not bits & RST:
                self.look_at_stream(first, payload[i], payload_captured[i], stream, entry, here)
            if stream.quiet and bits & CONTROL == ACK and not end.flags & F_FIN:
                if self.goes_on(
                    stream, end, peer, here, frame[i], now, seq[i], ack[i], window[i], size, options[i], tsval[i], tsecr[i]
                ):  # fmt: skip
                    continue
            self.fill(
                frame[i], now, here, bits, size, window[i], options[i], scale[i], tsval[i], tsecr[i], sack_count[i]
            )  # fmt: skip
            if stream.previous is not None and self.is_for_old(
                stream, end, here, seq[i], ack[i], bits, sack, i
            ):
                continue
            self.arrives.place(end, peer, x, seq[i], ack[i])
            if x.sack_count:
                self.arrives.place_blocks(x, sack, i * SACK_WORDS)
            self.arrives.arrive(stream, end, peer, x, clock_ns)
            if stream.flags & (S_OVER | S_WOKEN) == S_OVER:
                store.retire(stream)
        if count:
            self.last_ns = last_ns
            self.last_frame = frame[count - 1]
        return count

    def count(self, stream: Stream, end: End, frame: int, now: int, bits: int, seq: int, size: int) -> None:
        """Count a segment of an end, and take note of its first number."""
        end.packets += 1
        end.data_bytes += size
        stream.last_frame = frame
        stream.last_ns = now
        if end.first_raw < 0 or (bits & SYN and bits & ACK):
            end.first_raw = seq if bits & SYN else (seq - 1) & MASK32

    def count_marks(self, marks: int) -> None:
        """Count what the capture did not get whole."""
        if marks & MARK_TRUNCATED:
            self.truncated += 1
        if marks & MARK_OFFLOADED:
            self.offloaded += 1

    def is_for_old(
        self,
        stream: Stream,
        end: End,
        here: int,
        seq: int,
        ack: int,
        bits: int,
        sack: "array[int]",
        at: int,
    ) -> int:
        """Let the segment in hand arrive at the four-tuple's older connection; return 0 where it is the new one's."""
        x = self.x
        previous = stream.previous
        if previous is None:
            return 0
        other_end = previous.high if here else previous.low
        other_peer = previous.low if here else previous.high
        if x.syn and bits & ACK:  # the new SYN is answered: the old connection is left alone from here
            if other_end is not None:
                self.incarnations.answers(stream, previous, other_end, stream.first_frame, x)
            if stream.previous is None:
                self.store.retire(previous)
            return 0
        if other_end is None or other_peer is None:
            return 0
        if not self.incarnations.concerns_old(previous, other_end, other_peer, stream, seq, ack, bits):
            return 0
        self.arrives.place(other_end, other_peer, x, seq, ack)
        if x.sack_count:
            self.arrives.place_blocks(x, sack, at * SACK_WORDS)
        self.arrives.arrive_at_old(stream, previous, end, other_end, other_peer, x, self.clock_ns)
        return 1

    def goes_on(
        self,
        stream: Stream,
        end: End,
        peer: End,
        here: int,
        frame: int,
        now: int,
        seq: int,
        ack: int,
        window: int,
        size: int,
        options: int,
        tsval: int,
        tsecr: int,
    ) -> int:
        """The fast road: both ends are established and nothing is open; return 0 where the slow road must be taken."""
        number = (seq - end.snd_nxt) & MASK32
        if number >= HALF:
            number -= WRAP
        number += end.snd_nxt
        acked = (ack - peer.snd_nxt) & MASK32
        if acked >= HALF:
            acked -= WRAP
        acked += peer.snd_nxt
        if acked > peer.snd_nxt or (not size and number > end.snd_nxt):
            return 0
        right = number + size
        if size:
            if number == end.snd_nxt and number == end.cont:
                self.account.outstanding(end, right, now)
                end.snd_nxt = right
                end.cont = right
                if end.unique_bytes >= 0:
                    end.unique_bytes += size
            else:
                if end.cold is not None and end.cold.hole_frame:
                    self.unseen.fills(stream, end, here, number, right)
                self.account.out_of_turn(end, number, right, now)
        if acked > end.ack_high:
            end.ack_high = acked
            if 0 <= peer.sent_end <= acked:
                self.account.sample(peer, acked, now)
            if acked > peer.cont:
                self.unseen.covers(stream, peer, here, frame, acked)
        end.ack_last = acked
        end.last_frame = frame
        end.window = window
        right = window << (14 if end.scale < 0 else end.scale)
        if acked >= end.ack_high:
            end.window_edge = acked + right
        if right > end.window_max:
            end.window_max = right
        if options & OPT_TIMESTAMPS:
            if (tsval - end.tsval) & MASK32 < HALF or not end.has_ts:
                end.tsval = tsval
            end.has_ts = 1
            end.tsecr = tsecr
        return 1

    def fill(
        self,
        frame: int,
        now: int,
        here: int,
        bits: int,
        size: int,
        window: int,
        options: int,
        scale: int,
        tsval: int,
        tsecr: int,
        sack_count: int,
    ) -> None:
        """Make the segment in hand of a row, but for the numbers that ``Arrives.place`` unwraps."""
        x = self.x
        x.frame = frame
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
            x.fin = 0  # SYN and FIN together: the FIN is not processed before ESTABLISHED (3.10.7.4, eighth)
        x.length = size
        x.window = window
        x.options = options
        x.scale = scale
        x.has_ts = 1 if options & OPT_TIMESTAMPS else 0
        x.tsval = tsval
        x.tsecr = tsecr
        x.sack_count = sack_count

    def wake(self, entry: Entry) -> Stream:
        """Make the row of a SYN, and let that SYN and the plain segments behind it arrive."""
        is_over = 1 if entry.draft < NONE else 0
        if entry.draft >= 0:
            self.drafts.close(entry)
        stream = self.wake_syn(entry)
        if entry.draft < NONE:
            if is_over:
                stream.flags |= S_OVER | S_WOKEN  # it is among the finished already
            self.arrive_again(entry, stream)
            self.drafts.drop(entry)
        return stream

    def arrive_again(self, entry: Entry, stream: Stream) -> None:
        """Let the plain segments behind a SYN arrive, as ``run`` would have done."""
        kept = self.drafts.kept
        base = kept.turn(KEPT - entry.draft)
        page = words.words64(kept.page)
        label = page[base]
        opener_next = (entry.seq + 1) & MASK32
        other_next = page[base + 1]
        x = self.x
        for row in range(label >> COUNT_SHIFT):
            at = base + KEPT_WORDS + row * ROW_WORDS
            first = page[at]
            second = page[at + 1]
            third = page[at + 2]
            frame = entry.first_frame + (first & 0xFFFFFF)
            now = entry.first_ns + (first >> 24)
            bits = third & FLAG_BITS
            size = third >> 48
            options = label >> 32 & (OPT_TIMESTAMPS if row else 0xFFFF)
            if third & OPENER:
                here = entry.side
                seq = opener_next
                ack = (other_next - (third >> 16 & 0xFFFF)) & MASK32
                opener_next = (seq + size + (1 if bits & FIN else 0)) & MASK32
            else:
                here = 1 - entry.side
                seq = other_next
                ack = (opener_next - (third >> 16 & 0xFFFF)) & MASK32
                other_next = (seq + size + (1 if bits & (FIN | SYN) else 0)) & MASK32
            end = stream.end_of(here)
            peer = stream.end_of(1 - here)
            self.count(stream, end, frame, now, bits, seq, size)
            if stream.quiet and not bits & FIN and not end.flags & F_FIN:
                if self.goes_on(
                    stream, end, peer, here, frame, now, seq, ack, third >> 32 & 0xFFFF, size, options, second >> 32,
                    second & MASK32,
                ):  # fmt: skip
                    continue
            scale = 0 if row else label >> 48 & 0xFF
            self.fill(
                frame,
                now,
                here,
                bits,
                size,
                third >> 32 & 0xFFFF,
                options,
                scale,
                second >> 32,
                second & MASK32,
                0,
            )
            self.arrives.place(end, peer, x, seq, ack)
            self.arrives.arrive(stream, end, peer, x, now)
        stream.application = label & MASK32

    def wake_syn(self, entry: Entry) -> Stream:
        """Make the row of a lone SYN, and let that SYN arrive."""
        stream = self.store.make_stream(entry, entry.first_frame, entry.first_ns, entry.side)
        side = 0 if stream.flags & S_SELF else entry.side
        end = stream.end_of(side)
        peer = end if stream.flags & S_SELF else stream.end_of(1 - side)
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
        self.arrives.arrive(stream, end, peer, x, self.clock_ns)
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
        self.store.open_stream(entry, self.clock_ns)
        new = self.store.make_stream(entry, frame, time_ns, side)
        new.flags |= S_REUSED
        new.older = old.number
        new.older_frame = old.last_frame
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
            self.store.retire(older)
        old.quiet = 0
        if not old.flags & S_OVER:
            old.flags |= S_OVER
            self.store.finish(old.number)
        if new.previous is None:
            self.store.retire(old)
        return new

    def look_at_stream(
        self,
        octets: words.Octets,
        start: int,
        captured: int,
        stream: Stream,
        entry: Entry,
        side: int,
    ) -> None:
        """Show the first payload of a side to the classifier."""
        client = self.store.verdict.find_client(stream)
        stream.application = self.heads.look_at(
            octets, start, captured, stream.application, entry, client, stream.syn_side, side
        )

    def look_at_draft(
        self,
        octets: words.Octets,
        start: int,
        captured: int,
        entry: Entry,
        side: int,
    ) -> None:
        """Show the first payload of a side to the classifier, where the connection has no row."""
        application = self.drafts.label(entry)
        if not application & (1 << side):
            application = self.heads.look_at(
                octets, start, captured, application, entry, entry.side, entry.side, side
            )
            self.drafts.set_label(entry, application)

    def tally(self, verdict: Verdict, frame: int) -> None:
        """Count all connections by outcome in ``verdict`` as the capture ends, and let go of them."""
        rows = self.store.streams
        paths = self.paths
        for at in range(len(rows)):
            row = rows[at]
            if isinstance(row, Entry):
                entry = row
                if entry.draft < 0:
                    verdict.add(entry, self.latest_ns, frame)
                    rows[at] = None
                    continue
                stream = self.wake(entry)
                verdict.add(stream, self.latest_ns, frame)
                if stream.low is not None:
                    paths.release(stream.low)
                if stream.high is not None:
                    paths.release(stream.high)
            elif row is not None:
                verdict.add(row, self.latest_ns, frame)
            rows[at] = None
