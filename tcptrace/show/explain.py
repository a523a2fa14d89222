"""A connection told in plain sentences: who opened, what each segment proved, who closed, who waits 2MSL."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tcptrace.model.records import Connection, Segment, Transition
from tcptrace.show.explain_words import (
    CLOSED_FIRST,
    EXCHANGES,
    FINAL_UNKNOWN,
    FINDING_OTHERWISE,
    FINDINGS,
    LATE,
    NAMES,
    OPENED_BY,
    OUTCOMES,
    PROOFS,
    STEPS,
    TIME_WAIT,
)
from tcptrace.show.ladder_layout import fit
from tcptrace.show.text import Clock, count, duration, plural
from tcptrace.show.words import client, is_itself, msl_words, octets, server

Line = list[tuple[str, str]]

GUTTER = 9  # frames, right-aligned, before each paragraph
LEAST = 20  # characters of text a line, however narrow the terminal
MOST_TURNS = 6

OPENING = frozenset({"snd SYN", "rcv SYN", "rcv SYN,ACK", "rcv ACK of SYN", "pickup"})


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Some sentences about some frames; without text, a heading."""

    frames: str  # "3", "5-9", "" for none
    text: str
    heading: str = ""


@dataclass(slots=True)
class Turn:
    """Data that one end sent before the other sent any."""

    side: str
    first: int  # frame
    last: int
    size: int
    end: int  # relative sequence number after it
    acked: int = 0  # frame that acknowledges all of it; 0: none


def explain(
    connection: Connection,
    segments: Sequence[Segment],
    *,
    width: int = 80,
    ascii_only: bool = False,
    msl_s: float = 120.0,
    clock: Clock | None = None,
) -> Iterator[Line]:
    """Yield the lines of the explanation, wrapped at ``width``; roles as in ``theme``."""
    room = max(min(width, 100) - GUTTER, LEAST)
    story = Story(connection, segments, msl_s, clock or Clock(), ascii_only)
    for paragraph in story.paragraphs():
        if paragraph.heading:
            yield []
            yield [(paragraph.heading, "strong")]
            continue
        frames = paragraph.frames
        for text in fit(paragraph.text.split(" "), " ", room):
            yield [(f"{frames:>{GUTTER - 2}}  ", "muted"), (text, "")]
            frames = ""


class Story:
    """What is said of one connection, part by part."""

    def __init__(
        self,
        connection: Connection,
        segments: Sequence[Segment],
        msl_s: float,
        clock: Clock,
        ascii_only: bool,
    ):
        self.connection = connection
        self.segments = segments
        self.msl_s = msl_s
        self.clock = clock
        self.ascii = ascii_only
        self.itself = is_itself(connection)
        frames = {step.frame for step in connection.transitions}
        self.times = {segment.frame: segment.time_ns for segment in segments if segment.frame in frames}

    def names(self, side: str | None) -> dict[str, str]:
        """Return the words for an end and its peer."""
        if self.itself:
            who, peer = "the socket", "the socket"
        elif side is None:
            who, peer = "the connection", "the connection"
        else:
            who, peer = f"the {side}", "the server" if side == "client" else "the client"
        return {"who": who, "peer": peer, "Who": who[0].upper() + who[1:], "Peer": peer[0].upper() + peer[1:]}

    def paragraphs(self) -> Iterator[Paragraph]:
        """Yield headings and paragraphs in order."""
        connection = self.connection
        yield from self.about()
        steps = connection.transitions
        opening = [step for step in steps if step.cause in OPENING]
        closing = [step for step in steps if step.cause not in OPENING and not _ends_time_wait(step)]
        after = [step for step in steps if _ends_time_wait(step)]
        opened = OPENED_BY["itself" if self.itself else connection.opened_by]
        if opening or opened:
            yield Paragraph("", "", "Opening")
            if opened:
                yield Paragraph("", opened)
            yield from self.told(opening)
        yield from self.data()
        if closing:
            yield Paragraph("", "", "End")
            first = CLOSED_FIRST["itself" if self.itself else connection.closed_first]
            if first and connection.outcome not in ("refused", "unknown"):
                yield Paragraph("", first)
            yield from self.told(closing)
        yield from self.time_wait(after)
        yield from self.findings()
        yield from self.verdict()

    def about(self) -> Iterator[Paragraph]:
        """Yield who speaks with whom."""
        connection = self.connection
        packets = connection.packets.client + connection.packets.server
        lasted = duration(connection.last_ns - connection.first_ns, self.ascii)
        if self.itself:
            pair = f"{client(connection)}, connected to itself"
        else:
            pair = f"{client(connection)} is the client, {server(connection)} the server"
        label = connection.application
        spoken = f" They speak {NAMES.get(label, label.upper())}." if label else ""
        yield Paragraph(
            "", f"Stream {connection.stream}: {pair}. {plural(packets, 'segment')} in {lasted}.{spoken}"
        )

    def told(self, steps: Sequence[Transition]) -> Iterator[Paragraph]:
        """Yield one paragraph a frame for the steps in order; what one frame moves is told together."""
        frame: int | None = None
        sentences: list[str] = []
        for step in steps:
            if sentences and (step.frame != frame or step.frame is None):
                yield Paragraph("" if frame is None else str(frame), " ".join(sentences))
                sentences = []
            frame = step.frame
            sentences.append(self.sentence(step))
        if sentences:
            yield Paragraph("" if frame is None else str(frame), " ".join(sentences))

    def sentence(self, step: Transition) -> str:
        """Return what one step was, and how sure it is."""
        cause, old, new = step.cause, step.from_state, step.to_state
        for key in ((cause, old, new), (cause, "*", new), (cause, "*", "*")):
            if key in STEPS:
                what = STEPS[key]
                break
        else:
            what = "{Who} goes from {old} to {new} (" + cause + ")."
        sure = ""
        for key in ((cause, new, step.evidence), (cause, "*", step.evidence), ("*", "*", step.evidence)):
            if key in PROOFS:
                sure = PROOFS[key]
                break
        if step.proof is None and "{proof}" in sure:
            sure = ""
        sent = self.times.get(step.frame, step.time_ns) if step.frame is not None else step.time_ns
        late = LATE if step.time_ns > sent and step.evidence in ("confirmed", "assumed") else ""
        if step.frame is not None and step.frame not in self.times:
            late = f"(Frame {step.frame} is counted in another stream.)"
        words = {**self.names(step.side), "old": old, "new": new, "proof": str(step.proof)}
        return " ".join(part.format(**words) for part in (what, late, sure) if part)

    def data(self) -> Iterator[Paragraph]:
        """Yield what was sent, turn by turn while the turns are few, and what acknowledged it."""
        turns, total = _turns(self.segments)
        sent = self.connection.data_bytes
        if not sent.client and not sent.server:
            return
        yield Paragraph("", "", "Data")
        said = EXCHANGES.get(self.connection.application or "")
        for turn in turns:
            names = self.names(turn.side)
            what = f"{names['Who']} sends {octets(turn.size)}"
            if said and not self.itself:
                what += f": {said[0 if turn.side == 'client' else 1]}"
            frames = str(turn.first) if turn.first == turn.last else f"{turn.first}-{turn.last}"
            if turn.acked:
                proof = f" Frame {turn.acked} acknowledges all of it: {names['peer']} has it."
            else:
                proof = " No segment in the capture acknowledges all of it."
            yield Paragraph(frames, f"{what}.{proof}")
        if total > len(turns):
            yield Paragraph("", f"And so on: {plural(total, 'turn')} in all.")
        if self.itself:
            return
        yield Paragraph(
            "", f"In all: {octets(sent.client)} from the client, {octets(sent.server)} from the server."
        )

    def time_wait(self, after: Sequence[Transition]) -> Iterator[Paragraph]:
        """Yield who waits 2MSL and what that means for the ports."""
        connection = self.connection
        wait = connection.time_wait
        if wait is None:
            yield from self.told(after)
            return
        yield Paragraph("", "", "TIME-WAIT")
        both = wait.side == "both" and not self.itself
        if both:
            who, waits, keeps = "both ends", "wait", "keep"
        else:
            who, waits, keeps = self.names(wait.side)["who"], "waits", "keeps"
        since = self.clock.time(wait.since_ns, 3)
        until = f"{self.clock.time(wait.until_ns, 3)} {self.clock.zone(wait.until_ns)}".rstrip()
        words = {
            "who": who,
            "waits": waits,
            "keeps": keeps,
            "since": since,
            "until": until,
            "msl": msl_words(self.msl_s),
            "client": client(connection),
            "server": server(connection),
            "port": str(connection.server.port),
            "client_port": str(connection.client.port),
        }
        yield Paragraph("", TIME_WAIT["waits"].format(**words))
        key = "itself" if self.itself else wait.side
        meaning = f"{TIME_WAIT['ports']} {TIME_WAIT[key]}".format(**words)
        yield Paragraph("", meaning)
        yield from self.told(after)

    def findings(self) -> Iterator[Paragraph]:
        """Yield a sentence for each code and side, by its count and first frames."""
        connection = self.connection
        if not connection.finding_counts:
            return
        yield Paragraph("", "", "Worth knowing")
        where: dict[tuple[str, str], list[int]] = {}
        for finding in connection.findings:
            frames = where.setdefault((finding.code, finding.side or "connection"), [])
            if len(frames) < 4:
                frames.append(finding.frame)
        for code, sides in connection.finding_counts.items():
            for side, number in sides.items():
                frames = where.get((code, side), [])
                listed = ", ".join(str(frame) for frame in frames[:3])
                place = f"{'frame' if len(frames) == 1 else 'frames'} {listed}"
                if len(frames) > 3 or number > len(frames):
                    place += ", ..."
                words = {
                    **self.names(None if side == "connection" else side),
                    "n": "once" if number == 1 else f"{count(number)} times",
                    "frames": place if frames else "frames not kept",
                    "code": code,
                }
                text = FINDINGS.get(code, FINDING_OTHERWISE).format(**words)
                yield Paragraph(str(frames[0]) if frames else "", text[:1].upper() + text[1:])

    def verdict(self) -> Iterator[Paragraph]:
        """Yield the outcome, and where each end was left."""
        connection = self.connection
        yield Paragraph("", "", "Outcome")
        key = connection.outcome
        if key == "closed" and connection.reset_by:
            key = "closed-reset"
        words = {
            "reset": self.names(connection.reset_by)["who"] if connection.reset_by else "one end",
            "port": str(connection.server.port),
        }
        text = OUTCOMES[key].format(**words)
        sides = ("client",) if self.itself else ("client", "server")
        left = []
        for side in sides:
            final = getattr(connection.final, side)
            names = self.names(side)
            if final == "UNKNOWN":
                text += " " + FINAL_UNKNOWN.format(**names)
            else:
                left.append(f"{names['who']} in {final}")
        if left:
            text += f" The capture leaves {' and '.join(left)}."
        yield Paragraph("", text)
        assumed = sum(step.evidence == "assumed" for step in connection.transitions)
        inferred = sum(step.evidence == "inferred" for step in connection.transitions)
        total = len(connection.transitions)
        if total:
            shown = total - assumed - inferred
            sure = f"Of {plural(total, 'step')} {shown} {'is' if shown == 1 else 'are'} shown or proved"
            if assumed or inferred:
                sure += f", {assumed} only assumed, {inferred} inferred"
            yield Paragraph("", sure + ".")
        if connection.handshake_s is not None:
            handshake = duration(round(connection.handshake_s * 1e9), self.ascii)
            yield Paragraph("", f"The handshake took {handshake}.")


def _ends_time_wait(step: Transition) -> bool:
    """Say whether TIME-WAIT ended by its timer or a new connection, which is told with TIME-WAIT."""
    return step.cause == "2MSL timeout" or (step.cause == "reused" and step.from_state == "TIME-WAIT")


def _turns(segments: Sequence[Segment]) -> tuple[list[Turn], int]:
    """Return the first turns of the data and how many there are; what is sent again makes no turn."""
    turns: list[Turn] = []
    total = 0
    current: Turn | None = None
    highest = {"client": -1, "server": -1}
    for segment in segments:
        if segment.ack is not None:
            for turn in turns:
                if turn.side != segment.side and not turn.acked and _not_before(segment.ack, turn.end):
                    turn.acked = segment.frame
        if not segment.payload_bytes or "RST" in segment.flags:
            continue
        side, end = segment.side, segment.seq + segment.payload_bytes
        new = end - highest[side] if highest[side] >= 0 else segment.payload_bytes
        if new <= 0:
            continue
        highest[side] = end
        if current is not None and current.side == side:
            current.last, current.end = segment.frame, end
            current.size += min(new, segment.payload_bytes)
            current.acked = 0
            continue
        total += 1
        current = Turn(side, segment.frame, segment.frame, min(new, segment.payload_bytes), end)
        if len(turns) < MOST_TURNS:
            turns.append(current)
    return turns, total


def _not_before(ack: int, end: int) -> bool:
    """Compare relative numbers modulo 2^32 (RFC 9293 3.4)."""
    return (ack - end) & 0xFFFFFFFF < 0x80000000
