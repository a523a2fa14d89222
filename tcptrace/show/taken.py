"""Which arrows of the state machine a connection's ends have taken: each step is one rule of the table."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache

from tcptrace.model.records import Connection, Side, Transition
from tcptrace.show.words import is_itself, time_wait_holders
from tcptrace.tcp.machine import CAUSES, INPUTS, RULES, Rule


@dataclass(frozen=True, slots=True)
class Step:
    """One arrow on the way of one end."""

    number: int  # 1 is the end's first step
    frame: int | None  # None: a timer
    evidence: str


@dataclass(slots=True)
class Use:
    """How one arrow was used."""

    steps: dict[Side, list[Step]] = field(default_factory=dict)
    counts: dict[Side, int] = field(default_factory=dict)  # steps of each end, over all connections


@cache
def _rules() -> dict[tuple[str, str, str], Rule]:
    """Return the rules that move somebody, by state, cause and next state."""
    cause_of = dict(zip(INPUTS, CAUSES, strict=True))
    return {
        (rule.state, cause_of[rule.input], rule.next_state): rule
        for rule in RULES
        if rule.input in cause_of and rule.kind != "anomaly"
    }


def rule_of(transition: Transition) -> Rule | None:
    """Return the rule by which a step was made; ``None`` where the table has none (it always has one)."""
    return _rules().get((transition.from_state, transition.cause, transition.to_state))


def sides_of(connection: Connection) -> tuple[Side, ...]:
    """Return the ends of a connection; a socket connected to itself is one."""
    return ("client",) if is_itself(connection) else ("client", "server")


def uses(connections: Iterable[Connection]) -> dict[Rule, Use]:
    """Return how the arrows were used by all these connections.

    A TIME-WAIT that a capture leaves is left by its timer, which the record announces (``time_wait.until_ns``).
    """
    found: dict[Rule, Use] = {}
    for connection in connections:
        numbers: dict[Side, int] = {"client": 0, "server": 0}
        wait = connection.time_wait
        steps = list(connection.transitions)
        if wait is not None:
            steps += [
                Transition(
                    None, wait.until_ns, side, "TIME-WAIT", "CLOSED", "2MSL timeout", "timer", None, None
                )
                for side in time_wait_holders(connection)
            ]
        for step in steps:
            numbers[step.side] += 1
            rule = rule_of(step)
            if rule is not None:
                use = found.setdefault(rule, Use())
                made = Step(numbers[step.side], step.frame, step.evidence)
                use.steps.setdefault(step.side, []).append(made)
                use.counts[step.side] = use.counts.get(step.side, 0) + 1
    return found


def role(connection: Connection, side: Side) -> str:
    """Return in words how an end opened and closed."""
    path = getattr(connection.path, side)
    if path == ["UNKNOWN"]:
        return "its states are not in the capture"
    parts = []
    if "SYN-SENT" in path:
        parts.append("actively opened")
    elif "SYN-RECEIVED" in path:
        parts.append("passively opened")
    if "FIN-WAIT-1" in path:
        parts.append("actively closed")
    elif "CLOSE-WAIT" in path:
        parts.append("passively closed")
    causes = [step.cause for step in connection.transitions if step.side == side]
    if "snd RST" in causes:
        parts.append("sent a RST")
    elif "rcv RST" in causes:
        parts.append("was reset")
    elif "reused" in causes:
        parts.append("opened anew")
    elif connection.reset_by == side and not causes:
        parts.append("answered with a RST")
    return ", ".join(parts) or "made no step"
