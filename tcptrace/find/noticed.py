"""The sentences of what the replay notices: each takes the four numbers of its note, and what stands around the note.

Sequence numbers in them are relative to the initial one, as ``show`` has them; those of a SYN, which has no other to be
relative to, are as on the wire.
"""

from bisect import bisect_right
from collections.abc import Callable
from typing import NamedTuple

from tcptrace.find.sentences import earlier, sent_again
from tcptrace.flow.bits import NONE
from tcptrace.model.columns import APART_BITS
from tcptrace.model.states import CLOSED, ESTABLISHED, STATE_NAMES, TIME_WAIT
from tcptrace.model.units import count, duration, plural
from tcptrace.tcp import machine

Values = tuple[int, ...]
BY_TIMESTAMP, BY_NUMBER = 1, 2  # how a SYN was accepted in TIME-WAIT (tcp.incarnations)


class Earlier(NamedTuple):
    """An earlier frame, and the time since."""

    frame: int
    ago_ns: int


class Step(NamedTuple):
    """One step of the connection, by numbers."""

    frame: int
    time_ns: int
    side: int
    before: int
    after: int
    cause: int
    proof: int


class Hole(NamedTuple):
    """Numbers [left, right) of one end that were not captured."""

    left: int
    right: int
    before: int  # the frame that ends there
    beyond: int  # the frame that begins beyond


class Connection(NamedTuple):
    """What sentences take from the rest of a connection."""

    first_frame: int
    msl_s: float
    steps: Callable[[], list[Step]]  # in their order
    copies: dict[int, Earlier]  # frame -> the first copy of what it sends again; frame 0: not known
    synacks: tuple[int, int]  # the time of either end's first SYN,ACK
    syns_with_data: list[int]
    holes: tuple[list["Hole"], list["Hole"]]  # what the capture has not of either end, ascending
    tops: dict[int, int]  # frame of an ACK beyond all that was captured -> the peer's frame with the most


class Around(NamedTuple):
    """Where a note stands."""

    frame: int
    side: int  # NONE: the whole connection
    connection: Connection

    def step_into(self, side: int, state: int) -> Step | None:
        """Return the side's last step into a state before this frame."""
        steps = (step for step in self.connection.steps() if step.side == side and step.after == state)
        return max((step for step in steps if step.frame < self.frame), default=None, key=lambda s: s.frame)


def _first_sent(around: Around, cause: int, time_ns: int) -> str:
    """Return where the SYN or FIN that comes again was sent first; ``cause``: the step that it made."""
    copy = around.connection.copies.get(around.frame)
    if copy is not None and copy.frame:
        return sent_again(copy.frame, copy.ago_ns)
    for step in around.connection.steps():
        if step.side != around.side or step.cause != cause:
            continue
        if cause == machine.RCV_SYN and 0 < step.proof < around.frame:  # its SYN,ACK proves it
            return sent_again(step.proof, time_ns - around.connection.synacks[around.side])
        if cause != machine.RCV_SYN and 0 < step.frame < around.frame:
            return sent_again(step.frame, time_ns - step.time_ns)
    return ""


def syn_retransmission(values: Values, around: Around) -> str:
    """The number as on the wire, 1 for a SYN,ACK, the time."""
    number, answers, time_ns = values[:3]
    what, cause = ("SYN,ACK", machine.RCV_SYN) if answers else ("SYN", machine.SND_SYN)
    return f"the same {what} (number {number}) again{_first_sent(around, cause, time_ns)}"


def fin_retransmission(values: Values, around: Around) -> str:
    """The number as on the wire, nothing, the time."""
    number, time_ns = values[0], values[2]
    return f"the same FIN (number {number}) again{_first_sent(around, machine.SND_FIN, time_ns)}"


def simultaneous_open(values: Values, _: Around) -> str:
    """Both SYNs' frames."""
    return f"the SYNs of frames {values[0]} and {values[1]} crossed: neither acknowledges the other"


def simultaneous_close(values: Values, _: Around) -> str:
    """Both FINs' frames."""
    return f"the FINs of frames {values[0]} and {values[1]} crossed: neither acknowledges the other"


def half_open(values: Values, _: Around) -> str:
    """The SYN's frame, number and ACK of what answers it."""
    syn, number, ack = values[:3]
    return (
        f"the SYN in frame {syn} was answered on behalf of this connection, at its number {count(number)} and with its ACK "
        f"{count(ack)}: the SYN's sender had lost it, the peer still has it"
    )


def challenge_ack(values: Values, _: Around) -> str:
    """The frame that it answers, its number and ACK."""
    frame, number, ack = values[:3]
    return (
        f"an ACK that says number {count(number)} and ACK {count(ack)} once more and so answers frame {frame}, "
        "which was not accepted"
    )


def rst_out_of_window(values: Values, _: Around) -> str:
    """The RST's number, the window's first number, the number after its last, the frame that offered it."""
    number, low, edge, frame = values
    if low <= number < edge:
        where = "inside"
    elif number < low:
        where = f"{plural(low - number, 'number')} below"
    else:
        where = f"{plural(number - edge + 1, 'number')} beyond"
    window = f"{count(low)} to {count(edge - 1)}" if edge > low else f"of 0 at {count(low)}"
    offered = f" that frame {frame} offers" if frame else ""
    return f"RST with number {count(number)}, {where} the receive window {window}{offered}: nobody moves"


def blind_rst(values: Values, _: Around) -> str:
    """The RST's number, that end's next one, the frame that shows it."""
    number, following, frame = values[:3]
    return (
        f"this RST (number {count(number)}, the end's next one being {count(following)}) is not its supposed sender's: "
        f"that end sends on afterwards, in frame {frame}"
    )


def time_wait_reuse(values: Values, around: Around) -> str:
    """How the SYN was accepted, and by how much it is greater (NONE: the old connection had no timestamps)."""
    how, ahead = values[:2]
    if how == BY_TIMESTAMP:
        more = "the old connection had none" if ahead == NONE else f"{plural(ahead, 'tick')} after the last"
        by = f"by its greater timestamp ({more})"
    elif how == BY_NUMBER:
        by = f"by its greater sequence number ({count(ahead)} beyond the next one expected)"
    else:
        by = "though RFC 6191 would refuse it"
    two_msl = f"{2 * around.connection.msl_s:g} s"
    return (
        f"the SYN is accepted in TIME-WAIT{_waited(around)} {by}, within the {two_msl} of the assumed 2MSL "
        "(RFC 9293: 240 s; Linux lets go at 60 s)"
    )


def _waited(around: Around) -> str:
    """Return since which frame, and for how long, the TIME-WAIT lasted that a frame ended."""
    for step in around.connection.steps():
        if step.frame == around.frame and step.before == TIME_WAIT:
            begun = around.step_into(step.side, TIME_WAIT)
            if begun is not None:
                lasted = duration(max(0, step.time_ns - begun.time_ns))
                return f" that began with frame {begun.frame}, {lasted} earlier,"
    return ""


def time_wait_assassination(_: Values, around: Around) -> str:
    """Nothing."""
    two_msl = f"{2 * around.connection.msl_s:g} s"
    return f"this RST ends the TIME-WAIT{_waited(around)} before its {two_msl} of 2MSL are over"


def abortive_close(values: Values, around: Around) -> str:
    """Octets that the end had sent, and that were sent to it."""
    begun = around.step_into(around.side, ESTABLISHED)
    since = f" (since frame {begun.frame})" if begun is not None else ""
    return (
        f"reset by an established end{since} that had sent {values[0]} bytes and no FIN, with {values[1]} bytes sent to it: "
        "closed with data unread, SO_LINGER 0 or killed; the wire cannot tell which"
    )


def data_after_fin(values: Values, _: Around) -> str:
    """The FIN's number, octets beyond it, its frame (0: not captured)."""
    number, octets, frame = values[:3]
    where = f"in frame {frame}" if frame else "which was not captured"
    return f"{plural(octets, 'octet')} beyond the sender's own FIN {where} (number {count(number)})"


def data_after_rst(values: Values, _: Around) -> str:
    """Octets, the RST's frame, the time since."""
    octets, frame, ago = values[:3]
    return f"{plural(octets, 'octet')} after the sender's own RST in frame {frame}, {earlier(ago)}"


def ack_of_unsent(values: Values, _: Around) -> str:
    """The first number not sent, the ACK, the number and frame of what the peer sends next."""
    first, ack, number, frame = values
    if number == ack:
        shown = f"its RST in frame {frame} refuses the ACK"
    else:
        shown = f"its next segment, frame {frame}, has number {count(number)}"
    return f"acknowledges {_numbers(first, ack)}, which the peer had not sent: {shown}"


def _numbers(first: int, after: int) -> str:
    """Return ``the 200 numbers 101 to 300``."""
    if after - first == 1:
        return f"the number {count(first)}"
    return f"the {plural(after - first, 'number')} {count(first)} to {count(after - 1)}"


def split_handshake(values: Values, around: Around) -> str:
    """The ACK as on the wire."""
    syns = (step for step in around.connection.steps() if step.cause == machine.SND_SYN)
    frame = next(
        (step.frame for step in syns if 0 < step.frame < around.frame), around.connection.first_frame
    )
    return f"the SYN in frame {frame} is answered by an ACK alone (of {values[0]})"


def syn_data(values: Values, _: Around) -> str:
    """Octets."""
    return f"the SYN carries {values[0]} octets, before the other end has said that it is there"


def fast_open(values: Values, around: Around) -> str:
    """Octets of the SYN that are acknowledged."""
    syns = (frame for frame in around.connection.syns_with_data if frame < around.frame)
    frame = max(syns, default=around.connection.first_frame)
    return f"the SYN,ACK acknowledges {values[0]} octets of the SYN in frame {frame}, which had a cookie"


def bad_checksum(values: Values, _: Around) -> str:
    """The number as on the wire, octets, the stored checksum and the right one in halves of 16 bits."""
    number, octets, sums = values[:3]
    return (
        f"the TCP checksum of these {octets} octets (number {number}) is 0x{sums >> 16:04x}, not 0x{sums & 0xFFFF:04x}: "
        "they move nobody"
    )


def duplicate_frame(values: Values, _: Around) -> str:
    """Octets, the first copy's frame and the time since in one (``model.columns.APART_BITS``)."""
    octets, place = values[:2]
    apart = duration(place & (1 << APART_BITS) - 1)
    return (
        f"a second copy of the packet in frame {place >> APART_BITS}, {apart} apart, with {octets} octets of data: "
        "no event of its own"
    )


def time_went_back(values: Values, _: Around) -> str:
    """How far, the frame before."""
    return f"{duration(values[0])} older than frame {values[1]}, the segment before it in the file"


def tap_loss(values: Values, around: Around) -> str:
    """First number, the one after the last, how many of them are missing (0: the SYN,ACK), the frame that goes on."""
    first, after, lost, goes_on = values
    blame = "the capture lost them, not the network"
    connection = around.connection
    if not lost:
        return "acknowledges a SYN,ACK that the capture never shows: the capture lost it, not the network"
    if lost == after - first:
        what = _numbers(first, after)
    else:
        what = f"{plural(lost, 'number')} between {count(first)} and {count(after - 1)}"
    holes = connection.holes[1 - around.side]
    at = bisect_right(holes, first, key=lambda hole: hole.left) - 1
    where = ""
    if at >= 0 and after <= holes[at].right and holes[at].beyond < around.frame:
        where = f" (frame {holes[at].before} ends before them, frame {holes[at].beyond} begins beyond)"
    elif around.frame in connection.tops:
        where = f" (the peer's highest number is in frame {connection.tops[around.frame]})"
    then = f"; frame {goes_on} goes on beyond" if goes_on else ""
    return f"acknowledges {what}, which the capture never shows{where}: {blame}{then}"


def one_direction(values: Values, _: Around) -> str:
    """Segments, the last one's frame."""
    return (
        f"only one end's segments are in the capture: {values[0]} up to frame {values[1]}, and none of the other, "
        "though it is acknowledged"
    )


def not_in_state_machine(values: Values, around: Around) -> str:
    """Input and state."""
    what, state = values[:2]
    begun = around.step_into(around.side, state)
    since = f", the state since frame {begun.frame}" if begun is not None and state != CLOSED else ""
    return f"{machine.INPUTS[what]} in {STATE_NAMES[state]}{since}: no rule of the state machine has this"
