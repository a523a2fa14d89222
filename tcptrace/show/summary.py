"""The end of the table: connections by outcome, and what the capture held and lacked."""

from collections.abc import Mapping

from tcptrace.model.light import NamedTuple
from tcptrace.model.whole import Whole
from tcptrace.show.text import Clock, count, duration, escape, fold, plural

# In the contract's order, each with its meaning in a few words (contract, "Outcome").
MEANINGS = {
    "closed": "both FINs acknowledged, or a RST after them",
    "reset": "ended by a RST after it was established",
    "refused": "a RST answered the SYN",
    "aborted": "a RST ended it before it was established",
    "half-closed": "one FIN at the end of the capture",
    "closing": "both FINs seen, not both acknowledged",
    "open": "established, no FIN, no RST",
    "connecting": "SYN-ACK seen, handshake not finished",
    "unanswered": "SYN alone",
    "unknown": "too little captured to tell",
}
_SKIPPED = {
    "not_ip": "not IP",
    "not_tcp": "not TCP",
    "fragment": "IP fragments not put together",
    "truncated": "cut before the end of the TCP header",
    "malformed": "malformed",
    "link_type": "of an unknown link type",
}


class Selection(NamedTuple):
    """Of how many connections how many were wanted (``--stream``, ``--state``, ...)."""

    shown: int
    of: int


def summary(
    whole: Whole,
    outcomes: Mapping[str, int],
    selection: Selection | None = None,
    utc: bool = False,
    ascii_only: bool = False,
    width: int | None = None,
) -> str:
    """Return the lines of the summary, folded at ``width``; ``outcomes`` counts the connections wanted."""
    total = sum(outcomes.values())
    lines = [f"{plural(total, 'connection')}" if selection is None else _selected(selection)]
    room = max([len(count(number)) for number in outcomes.values()], default=1)
    for outcome in (*MEANINGS, *sorted(set(outcomes) - set(MEANINGS))):
        number = outcomes.get(outcome, 0)
        if number:
            share = f"{100 * number / total:5.1f} %"
            lines.append(
                f"  {outcome:<11} {count(number):>{room}} {share}  {MEANINGS.get(outcome, '')}".rstrip()
            )
    lines += _whole(whole, utc, ascii_only)
    return "".join(fold(line, width) + "\n" for line in lines)


def _selected(selection: Selection) -> str:
    return f"{count(selection.shown)} of {plural(selection.of, 'connection')} selected"


def _whole(capture: Whole, utc: bool, ascii_only: bool) -> list[str]:
    """Return what there is to say of the capture as a whole."""
    kind = ", ".join(escape(name) for name in (capture.format, *capture.link_types))
    held = f"{plural(capture.frames, 'frame')}, {plural(capture.tcp_segments, 'TCP segment')}"
    name = "standard input" if capture.file == "-" else escape(capture.file)
    lines = [f"{name}: {kind}", held]
    if capture.frames:
        lines.append(_span(capture, utc, ascii_only))
    skipped = [
        f"{count(n)} {_SKIPPED.get(reason, escape(reason))}" for reason, n in capture.skipped.items() if n
    ]
    if skipped:
        lines.append(f"skipped: {', '.join(skipped)}")
    if capture.given_up:
        lines.append(
            f"given up early to bound memory: {plural(capture.given_up, 'connection')} (--max-connections)"
        )
    lines += [f"warning: {escape(w.code)} ({count(w.count)}): {escape(w.detail)}" for w in capture.warnings]
    if not capture.date_known and capture.frames:
        lines.append("no dates in this listing: days are counted from its first line")
    if capture.problem:
        lines.append(f"incomplete: {escape(capture.problem)}")
    return lines


def _span(capture: Whole, utc: bool, ascii_only: bool) -> str:
    """Return from when to when, and how long."""
    clock = Clock(utc)
    first, last = capture.first_ns, capture.last_ns
    day = clock.day(first)
    start = f"{day} {clock.time(first)}"
    zone = f" {clock.zone(first)}".rstrip()
    end = clock.time(last) if clock.day(last) == day else f"{clock.day(last)} {clock.time(last)}"
    return f"{start} to {end}{zone} ({duration(last - first, ascii_only)})"
