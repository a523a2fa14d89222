"""The sentences of what Wireshark finds too: each takes the six numbers that ``analysis`` wrote with the note.

Sequence numbers in them are relative to the initial one, as ``show`` has them. Where a SACK or the sender's own FIN shows
more than Wireshark's rule does, the code stays and the sentence says so.
"""

from tcptrace.flow.bits import NONE
from tcptrace.model.tcpflags import FIN, SYN
from tcptrace.model.units import count, duration, plural

Values = tuple[int, ...]


def earlier(ns: int) -> str:
    """Return ``212.000 ms earlier``, or what a clock that went back makes of it."""
    return f"{duration(ns)} earlier" if ns >= 0 else f"{duration(-ns)} later by the clock, which went back"


def sent(length: int, flags: int) -> str:
    """Return what a segment carries: ``1,448 bytes``, ``its SYN``, ``10 bytes and its FIN``."""
    control = "its SYN" if flags & SYN else "its FIN" if flags & FIN else ""
    if not length:
        return control or "nothing"
    return plural(length, "byte") + (f" and {control}" if control else "")


def sent_again(first: int, ago: int) -> str:
    """Return what a SYN or FIN repeats, to be put behind the words that name it."""
    return f", first sent in frame {first}, {earlier(ago)}"


def retransmission(values: Values) -> str:
    """Length, SYN or FIN, first frame, time since it, frame of the ACK that asks for it (negative: has it), of the SACK."""
    length, flags, first, ago, asked, sacked = values
    text = f"sends again {sent(length, flags)}"
    if first:
        text += f" first sent in frame {first}, {earlier(ago)}"
    elif asked >= 0:
        text += "; the capture has no earlier copy of it that is not acknowledged yet"
    if asked:
        text += (
            f"; the ACK in frame {abs(asked)} {'asks for it' if asked > 0 else 'had acknowledged all of it'}"
        )
    if sacked:
        text += f"; the SACK in frame {sacked} shows that it had arrived"
    return text


def fast_retransmission(values: Values) -> str:
    """Length, duplicate ACKs, the frame they repeat, the last one, time since it."""
    length, dup, asked, last, ago, _ = values
    times = plural(dup, "duplicate") if dup else "duplicates"
    return (
        f"sends {plural(length, 'byte')} at the number that frame {asked} and its {times} ask for, "
        f"{duration(ago)} after the last of them in frame {last}"
    )


def spurious_retransmission(values: Values) -> str:
    """Length, the peer's last frame, time since it, the frame of its first such ACK."""
    length, last, ago, first, _, _ = values
    since = f"since frame {first}, " if first and first != last else ""
    return (
        f"all {plural(length, 'byte')} were acknowledged before: {since}last in frame {last}, {earlier(ago)}"
    )


def out_of_order(values: Values) -> str:
    """Length, the frame of the highest number, time since it, the initial round trip, how far below it ends."""
    length, ahead, ago, rtt, below, _ = values
    limit = (
        f"less than the initial round trip of {duration(rtt)}"
        if rtt
        else "less than 3 ms, no round trip being known"
    )
    return (
        f"{plural(length, 'byte')} that end {plural(below, 'number')} below what frame {ahead} had sent {earlier(ago)}: "
        f"{limit}, so overtaken rather than sent again"
    )


def lost_segment(values: Values) -> str:
    """How far beyond, the frame of the highest number before, that number."""
    ahead, frame, number, *_ = values
    return (
        f"begins {plural(ahead, 'byte')} beyond the end of frame {frame} (number {count(number)}): "
        "these were lost before the tap, come later, or the capture missed them"
    )


def ack_lost_segment(values: Values) -> str:
    """How many numbers, the ACK, the peer's frame with the highest number."""
    missing, ack, frame, *_ = values
    where = f"; its highest number so far is in frame {frame}" if frame else ""
    return (
        f"acknowledges up to {count(ack)}, {plural(missing, 'byte')} more than the capture has of the peer "
        f"without a hole{where}: the capture missed them, unless the peer never sent them"
    )


def keep_alive(values: Values) -> str:
    """Length, the sender's frame before, time since it, its FIN's frame where the FIN has that number."""
    length, before, idle, fin, *_ = values
    if fin and not length:
        return (
            f"carries the number of its own FIN in frame {fin}: an ACK that the FIN overtook, no keep-alive"
        )
    size = "no byte" if not length else plural(length, "byte")
    since = f", {duration(idle)} after frame {before}, its last segment" if before else ""
    return f"{size} at the number before the next one{since}: asks whether the peer is still there"


def keep_alive_ack(values: Values) -> str:
    """The keep-alive's frame, the time since."""
    frame, ago, *_ = values
    return f"answers the keep-alive in frame {frame}, {earlier(ago)}: the peer is still there"


def zero_window(values: Values) -> str:
    """The ACK, the window before (raw), the frame that said it."""
    ack, before, frame, *_ = values
    if frame and before == 0:
        was = f", as in frame {frame}"
    elif frame:
        was = f"; frame {frame} still had room"
    else:
        was = ""
    return f"has no room for data beyond {count(ack)}: the window is 0{was}"


def zero_window_probe(values: Values) -> str:
    """The frame with the window of 0, the byte's number."""
    return f"1 byte at number {count(values[1])} though the window in frame {values[0]} is 0: asks for room"


def zero_window_probe_ack(values: Values) -> str:
    """The probe's frame, the time since."""
    frame, ago, *_ = values
    return f"answers the probe in frame {frame}, {earlier(ago)}: the window is still 0"


def window_update(values: Values) -> str:
    """Window before and now, the shift (NONE: unknown, both are raw), the frame before, time since it."""
    before, now, shift, frame, ago, _ = values
    scale = " (scale unknown)" if shift == NONE else ""
    if not frame:
        return f"the window is {plural(now, 'byte')}{scale}"
    return (
        f"the window goes from {count(before)} to {plural(now, 'byte')}{scale}, with nothing new acknowledged since "
        f"frame {frame}, {earlier(ago)}"
    )


def window_full(values: Values) -> str:
    """Length, the window, the frame that offered it."""
    length, window, frame, *_ = values
    return (
        f"{plural(length, 'byte')} that end at the edge of the {plural(window, 'byte')} which frame {frame} offered: "
        "no more can be sent before the peer reads"
    )


def duplicate_ack(values: Values) -> str:
    """Its number in the row, the frame that it repeats, the ACK, how much was sent beyond it, the peer's last frame."""
    number, frame, ack, beyond, last, _ = values
    if beyond:
        why = f"asks for number {count(ack)}, though {plural(beyond, 'number')} from there on were sent"
    else:
        why = f"nothing beyond number {count(ack)} was sent" + (f": answers frame {last}" if last else "")
    # Wireshark's rule takes a sender's first ACK field of 0 for one that is said again.
    first = f"the ACK in frame {frame}" if frame else "0, without an ACK before"
    return f"no. {number} that repeats {first}: {why}"


def reused_ports(values: Values) -> str:
    """The number, the one before (NONE: it belongs to an older stream), the frame before, that older stream."""
    number, before, frame, stream, *_ = values
    if before == NONE:
        return f"a SYN with the new number {number} on addresses and ports that stream {stream} has used up to frame {frame}"
    return f"a SYN,ACK with number {number}, where this end began with {before} (frame {frame} is its segment before)"
