"""Each end's inferred path held against what the kernel did: equal, less known, or different. No I/O.

*Equal*: both took the same steps. *Less known*: what both can see agrees, and one of them cannot see the rest
(``REASONS``). *Different*: one of them is wrong. The kernel's polls alone can never say "equal".
"""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest
from typing import Literal, NamedTuple

from tcptrace.kernel.log import KernelLog
from tcptrace.kernel.paths import Life, Pair, Step
from tcptrace.model.records import Connection, Endpoint, Held, HeldStep, Side, Transition, Verified

Verdict = Literal["equal", "less known", "different"]
SLACK_NS = 50_000_000  # between a segment and the step that it causes, on a busy machine
_OWN_NS = 10_000_000  # between an own step and its segment
_SIDES: tuple[Side, Side] = ("client", "server")
_TIMERS = {"2MSL timeout", "reused"}  # causes that no segment of this connection is
_FIN_SENT = {"FIN-WAIT-1", "LAST-ACK", "CLOSING"}

# Why an end is not "equal".
REASONS = {
    "other_steps": "the kernel took other steps",
    "other_steps_assumed": "the kernel took other steps; the inferred one was assumed: no segment proves it",
    "no_socket": "the kernel had no such socket",
    "not_here": "no socket of this machine",
    "no_socket_yet": "the kernel makes a socket when the handshake is over, and no poll met it before",
    "polled": "what the polls met agrees; between two of them it may have been in other states",
    "not_polled": "no poll met it",
    "outside": "it was not there while the kernel was watched, or not all of the time",
    "lost": "the kernel threw changes away, or its log is not whole",
    "not_shown": "the capture does not show this end",
    "capture_late": "the capture does not show its beginning",
    "log_late": "it was there before the kernel was watched",
    "capture_over": "the kernel's further steps were made when the capture was over",
    "no_segment": "the kernel ended it without a segment: a timeout, or the process closed it",
    "fin_unsent": "the process has closed it, and its FIN waits behind data",
    "time_wait_missed": "no poll met TIME-WAIT: it was over before, or is in another network than this",
    "cut": "the path is longer than what is kept of it",
}
UNSEEN_BY_SEGMENTS = (
    "segments do not show timeouts, a close() whose FIN still waits, or a socket that ends without a segment",
)
UNSEEN_BY_TRACEPOINT = (
    "the tracepoint does not report TIME-WAIT, FIN-WAIT-2 once the process has closed, or SYN-RECEIVED before there is "
    "a socket: these are from polls of sock_diag, and shorter ones are not met",
)
UNSEEN_BY_POLLS = (
    "polls of sock_diag meet only what lasts longer than the time between two of them: that what they met is part of "
    "the inferred path, and that the last state agrees, is all they can say",
)


class _Outcome(NamedTuple):
    verdict: Verdict
    reason: str | None
    skipped_packets: int = 0  # steps before both begin
    skipped_kernel: int = 0


_EQUAL = _Outcome("equal", None)


class _End(NamedTuple):
    """What is known of one end."""

    connection: Connection
    side: Side
    path: list[str]
    steps: list[Transition]  # of the path
    life: Life | None
    is_newest: bool  # of its addresses

    @property
    def states(self) -> list[str]:
        """The path without what no segment causes at its end."""
        count = len(self.steps)
        while count and self.steps[count - 1].cause in _TIMERS:
            count -= 1
        return self.path[: len(self.path) - (len(self.steps) - count)]


def verify(connections: Iterable[Connection], log: KernelLog, capture_ns: int) -> Iterator[Held]:
    """Yield the verdict on each end; ``capture_ns`` is the time of the capture's last frame."""
    known = sorted(connections, key=lambda each: each.stream)
    lives = log.lives()
    chosen = _choose(known, lives)
    here = {life.local[0] for life in lives}
    newest = {frozenset((_address(each.client), _address(each.server))): each.stream for each in known}
    for connection in known:
        alone = connection.client == connection.server
        for side in _SIDES[:1] if alone else _SIDES:
            steps = [step for step in connection.transitions if step.side == side]
            path = getattr(connection.path, side)
            addresses = frozenset((_address(connection.client), _address(connection.server)))
            is_newest = newest[addresses] == connection.stream
            end = _End(connection, side, path, steps, chosen.get((connection.stream, side)), is_newest)
            yield _held(end, _judge(end, log, capture_ns, here))


def count_up(held: Iterable[Held], log: KernelLog) -> Verified:
    """Return the counts of all verdicts, with what neither source can show."""
    verdicts = Counter(one.verdict for one in held)
    traced = log.begin.tracepoint
    return Verified(
        schema=1,
        source="tracepoint" if traced else "polls",
        why_polls=log.begin.reason,
        poll_s=log.begin.poll_s,
        polls=log.polls,
        lost=log.lost,
        problem=log.problem,
        ends=verdicts.total(),
        equal=verdicts["equal"],
        less_known=verdicts["less known"],
        different=verdicts["different"],
        unseen={
            "segments": list(UNSEEN_BY_SEGMENTS),
            "kernel": list(UNSEEN_BY_TRACEPOINT if traced else UNSEEN_BY_POLLS),
        },
    )


# -- which life is which connection's -------------------------------------------------------------------------------


def _choose(connections: Sequence[Connection], lives: Iterable[Life]) -> dict[tuple[int, Side], Life]:
    """Give each life to the connection of its addresses that began nearest to it."""
    owners: defaultdict[Pair, list[tuple[int, int, Side]]] = defaultdict(list)
    for connection in connections:
        client, server = _address(connection.client), _address(connection.server)
        owners[client, server].append((connection.first_ns, connection.stream, "client"))
        if client != server:
            owners[server, client].append((connection.first_ns, connection.stream, "server"))
    for rows in owners.values():
        rows.sort()
    best: dict[tuple[int, Side], tuple[int, Life]] = {}
    for life in lives:
        rows = owners.get(life.pair, [])
        if not rows:
            continue
        at = bisect_left(rows, (life.since_ns,))
        first_ns, stream, side = min(
            rows[max(0, at - 1) : at + 1], key=lambda row: abs(row[0] - life.since_ns)
        )
        distance = abs(first_ns - life.since_ns)
        if (stream, side) not in best or distance < best[stream, side][0]:
            best[stream, side] = distance, life
    return {owner: life for owner, (_, life) in best.items()}


def _address(endpoint: Endpoint) -> tuple[str, int]:
    return endpoint.ip, endpoint.port


# -- the verdict ----------------------------------------------------------------------------------------------------


def _judge(end: _End, log: KernelLog, capture_ns: int, here: set[str]) -> _Outcome:
    """Return the verdict on one end."""
    if end.states == ["UNKNOWN"]:
        return _Outcome("less known", "not_shown")
    if end.life is None:
        return _without_socket(end, log, here)
    if end.connection.steps_omitted:
        return _Outcome("less known", "cut")
    outcome = _polled(end, log) if end.life.polled else _traced(end, end.life, capture_ns)
    is_whole = not log.lost and log.problem is None
    if not is_whole and (outcome.verdict == "different" or outcome.reason == "time_wait_missed"):
        return outcome._replace(verdict="less known", reason="lost")
    return outcome


def _without_socket(end: _End, log: KernelLog, here: set[str]) -> _Outcome:
    """Judge an end of which the kernel had no socket."""
    ip = getattr(end.connection, end.side).ip
    is_local = ip in here or ip.startswith("127.") or ip == "::1"
    was_watched = log.begin.since_ns <= end.connection.first_ns and end.connection.last_ns <= log.until_ns
    if not was_watched:
        return _Outcome("less known", "outside")
    if not is_local:
        return _Outcome("less known", "not_here")
    if not log.begin.tracepoint:
        return _Outcome("less known", "not_polled")
    if end.states in (["CLOSED"], ["LISTEN"]):
        return _EQUAL
    if end.states[:2] == ["LISTEN", "SYN-RECEIVED"] and "ESTABLISHED" not in end.states:
        return _Outcome("less known", "no_socket_yet")
    if log.lost or log.problem is not None:
        return _Outcome("less known", "lost")
    return _Outcome("different", "no_socket")


def _traced(end: _End, life: Life, capture_ns: int) -> _Outcome:
    """Judge an end whose every change the tracepoint has."""
    inferred, real = end.states, life.path
    skipped = _aligned(inferred, real)
    if skipped is None:
        return _Outcome("different", "other_steps")
    rest_inferred, rest_real = inferred[skipped[0] :], real[skipped[1] :]
    partial = "capture_late" if inferred[0] == "UNKNOWN" else "log_late" if skipped[0] else None
    same = _common(rest_inferred, rest_real)
    further = life.steps[skipped[1] + same - 1 :]
    reason = partial
    if len(rest_inferred) > same and not _is_same_end(rest_inferred[same:], rest_real[same - 1 :]):
        if rest_inferred[same : same + 2] == ["CLOSE-WAIT", "LAST-ACK"] and rest_real[same : same + 2] == [
            "FIN-WAIT-1",
            "CLOSING",
        ]:
            return _Outcome("less known", "fin_unsent", *skipped)
        return _Outcome("different", _why(end, skipped[0] + same - 1), *skipped)
    if len(rest_inferred) > same:
        reason = "time_wait_missed"
    elif further:
        reason = _excuse(end, further, capture_ns)
        if reason is None:
            return _Outcome("different", "other_steps", *skipped)
    return _Outcome("equal" if reason is None else "less known", reason, *skipped)


def _aligned(inferred: Sequence[str], real: Sequence[str]) -> tuple[int, int] | None:
    """Return how many states to leave out of each, so that both begin in the same; ``None``: nowhere."""
    if inferred[0] == "UNKNOWN":
        rest = inferred[1:]
        fits = [at for at, state in enumerate(real) if state == rest[0]]
        best = max(fits, key=lambda at: (_common(rest, real[at:]), -at), default=None)
        return None if best is None else (1, best)
    if inferred[0] == real[0]:
        return 0, 0
    return next(((at, 0) for at, state in enumerate(inferred) if state == real[0]), None)


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    """Return how many states are the same in both, from the beginning."""
    return next(
        (at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))
    )


def _is_same_end(inferred: Sequence[str], real: Sequence[str]) -> bool:
    """Say whether the inferred path has TIME-WAIT where the kernel's log, from the last common state on, has no poll."""
    return inferred[0] == "TIME-WAIT" and real in (["FIN-WAIT-2", "CLOSED"], ["CLOSING", "CLOSED"])


def _excuse(end: _End, further: Sequence[Step], capture_ns: int) -> str | None:
    """Return why segments do not show the kernel's further steps; ``None``: they should."""
    first = further[0]
    if first.from_state == "TIME-WAIT":
        return "no_segment"
    if first.to_state in _FIN_SENT - {"CLOSING"} and not any(step.cause == "snd FIN" for step in end.steps):
        return "capture_over" if first.time_ns > capture_ns - _OWN_NS else "fin_unsent"
    if first.time_ns > capture_ns + SLACK_NS or (
        first.to_state == "SYN-SENT" and first.time_ns > capture_ns - _OWN_NS
    ):
        return "capture_over"
    ends_silently = first.to_state in ("CLOSED", "LISTEN") and end.connection.reset_by is None
    is_late = first.time_ns > end.connection.last_ns + SLACK_NS
    if ends_silently and (is_late or first.from_state not in ("LAST-ACK", "CLOSING", "FIN-WAIT-2")):
        return "no_segment"
    return None


def _why(end: _End, step: int) -> str:
    """Return why an inferred step is not the kernel's."""
    is_unsure = step < len(end.steps) and end.steps[step].evidence in ("assumed", "inferred")
    return "other_steps_assumed" if is_unsure else "other_steps"


def _polled(end: _End, log: KernelLog) -> _Outcome:
    """Judge an end that only polls met: what they met must be in the path, in its order, and the last must agree."""
    assert end.life is not None
    met = [state for state in end.life.path if state != "CLOSED"]
    is_gone = end.life.path[-1] == "CLOSED"
    inferred = list(end.path)
    if inferred[0] == "UNKNOWN":
        while met and met[0] not in inferred:
            met.pop(0)
    at = 0
    for state in met:
        if state not in inferred[at:]:
            return _Outcome("different", _why(end, at))
        at = inferred.index(state, at)
    if end.is_newest and not is_gone and met and inferred[-1] != met[-1]:
        left = next(step.time_ns for step in end.steps if step.from_state == met[-1])
        if left + SLACK_NS < log.until_ns:
            return _Outcome("different", _why(end, at))
    return _Outcome("less known", "polled")


# -- side by side ---------------------------------------------------------------------------------------------------


def _held(end: _End, outcome: _Outcome) -> Held:
    """Return the record, with the steps of both side by side."""
    connection, life = end.connection, end.life
    return Held(
        schema=1,
        stream=connection.stream,
        side=end.side,
        endpoint=getattr(connection, end.side),
        verdict=outcome.verdict,
        reason=outcome.reason,
        path=end.path,
        kernel_path=None if life is None else life.path,
        steps=list(_side_by_side(end, outcome)),
    )


def _side_by_side(end: _End, outcome: _Outcome) -> Iterator[HeldStep]:
    """Yield the steps of both: those that are the same in one row, from where they part each in its own."""
    inferred = list(end.steps)
    if end.life is not None and end.life.polled:
        yield from _met(inferred, end.life)
        return
    real = [] if end.life is None else list(end.life.steps)
    early, late = inferred[: outcome.skipped_packets], real[: outcome.skipped_kernel]
    yield from (_step(step, None) for step in early)
    yield from (_step(None, step) for step in late)
    inferred, real = inferred[len(early) :], real[len(late) :]
    at = 0
    for one, other in zip_longest(inferred, real):
        if (
            one is None
            or other is None
            or (one.from_state, one.to_state) != (other.from_state, other.to_state)
        ):
            break
        yield _step(one, other)
        at += 1
    yield from (_step(step, None) for step in inferred[at:])
    yield from (_step(None, step) for step in real[at:])


def _met(inferred: Sequence[Transition], life: Life) -> Iterator[HeldStep]:
    """Yield the inferred steps, each beside the poll that met the state it leads to; then what else polls met."""
    met = [Step(life.path[0], life.path[0], life.since_ns, "poll"), *life.steps]
    for step in inferred:
        real = met.pop(0) if met and met[0].to_state == step.to_state else None
        yield _step(step, real)
    for left in met:
        yield _step(None, left)


def _step(inferred: Transition | None, real: Step | None) -> HeldStep:
    """Return one row; at least one of both is there."""
    one = inferred or real
    assert one is not None
    return HeldStep(
        from_state=one.from_state,
        to_state=one.to_state,
        frame=None if inferred is None else inferred.frame,
        time_ns=None if inferred is None else inferred.time_ns,
        kernel_ns=None if real is None else real.time_ns,
        seen=None if real is None else "poll" if real.seen == "poll" else "tracepoint",
    )
