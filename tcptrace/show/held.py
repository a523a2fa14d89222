"""Inferred paths beside the kernel's, for people: counts, each end's steps with both times, and what neither shows."""

from collections.abc import Iterator, Sequence

from tcptrace.model.records import Held, HeldStep, Verified
from tcptrace.show.paint import Line
from tcptrace.show.text import Clock, count, endpoint, escape, fold, plural
from tcptrace.verify import REASONS

MAX_ENDS = 20  # with more than that, those that are equal are only counted
MAX_OTHERS = 50  # and of the others the first so many are shown, different ones before the rest
_TIME = 15  # columns of a time of day with microseconds
_ROLES = {"equal": "muted", "less known": "warning", "different": "error"}


def held_lines(held: Sequence[Held], counts: Verified, clock: Clock, width: int | None) -> list[Line]:
    """Return the lines, a blank one before them."""
    lines: list[Line] = [[], *_head(counts)]
    shown = list(held)
    if len(held) > MAX_ENDS:
        others = [one for one in held if one.verdict != "equal"]
        shown = sorted(others, key=lambda one: one.verdict != "different")[:MAX_OTHERS]
        if len(others) > len(shown):
            lines.append([(f"the first {len(shown)} of those that are not equal:", "")])
    for one in shown:
        lines += [[], *_end(one, clock)]
    if shown:
        lines.append([])
    for sentences in counts.unseen.values():
        for sentence in sentences:
            text = fold(f"{sentence[:1].upper()}{sentence[1:]}.", width)
            lines += [[(row, "muted")] for row in text.split("\n")]
    return lines


def _head(counts: Verified) -> Iterator[Line]:
    """Yield what was held against what, and how it came out."""
    polls = f"sock_diag asked {count(counts.polls)} times" if counts.polls else "sock_diag"
    source = f"tracepoint sock:inet_sock_set_state, {polls}" if counts.source == "tracepoint" else polls
    yield [("Held against the kernel", "strong"), (f" ({source})", "")]
    if counts.why_polls is not None:
        yield [(f"polls only: {escape(counts.why_polls)}", "warning")]
    if counts.lost:
        yield [("the kernel threw changes away: what is different counts as less known", "warning")]
    if counts.problem is not None:
        yield [(f"{escape(counts.problem)}: what is different counts as less known", "warning")]
    line: Line = [(f"{plural(counts.ends, 'end')}: {count(counts.equal)} equal, ", "")]
    line.append((f"{count(counts.less_known)} less known", "warning" if counts.less_known else ""))
    line += [(", ", ""), (f"{count(counts.different)} different", "error" if counts.different else "")]
    yield line


def _end(one: Held, clock: Clock) -> Iterator[Line]:
    """Yield an end's lines."""
    address = endpoint(one.endpoint.ip, one.endpoint.port)
    line: Line = [(f"stream {one.stream} ", ""), (f"{one.side} {address}", one.side), (": ", "")]
    line.append((one.verdict, _ROLES[one.verdict]))
    if one.reason is not None:
        line.append((f" ({REASONS[one.reason]})", ""))
    yield line
    if one.steps:
        yield [(f"  {'SEGMENTS':<{_TIME}}  {'KERNEL':<{_TIME}}  STEP", "muted")]
    else:
        yield [(f"  {one.path[0]}, no step", "muted")]
    for step in one.steps:
        yield _step(step, clock)


def _step(step: HeldStep, clock: Clock) -> Line:
    """Return a step's line: both times, the step, the frame, and where the kernel's is from."""
    times = (step.time_ns, step.kernel_ns)
    words = "  ".join(f"{'-' if ns is None else clock.time(ns):<{_TIME}}" for ns in times)
    notes = [f"frame {step.frame}"] if step.frame is not None else []
    if step.frame is None and step.time_ns is not None:
        notes.append("timer")
    if step.seen == "poll":
        notes.append("met by a poll")
    remark = f"  ({', '.join(notes)})" if notes else ""
    return [(f"  {words}  {step.from_state} -> {step.to_state}", ""), (remark, "muted")]
