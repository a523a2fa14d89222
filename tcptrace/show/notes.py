"""What a row says beside its plain columns: TIME-WAIT, findings that matter, who closed first."""

from tcptrace.model.records import Connection, TimeWait
from tcptrace.show.text import Clock, escape

BAD_OUTCOMES = ("reset", "aborted", "refused", "unanswered")
_SHOWN = 4  # codes named in a row


def first_word(connection: Connection) -> str:
    """Return ``server first``, ``both at once``, or an empty string where nobody closed."""
    side = connection.closed_first
    if side is None:
        return ""
    return "both at once" if side == "both" else side + " first"


def time_wait(connection: Connection, wait: TimeWait, day: str, clock: Clock) -> str:
    """Return ``server until 23:50:06``, with its day where that is another than ``day``, the row's.

    ``until`` is the nominal end of 2MSL. Where the capture shows that it ended early, by a new connection
    on the same ports (RFC 6191) or by a RST (RFC 1337), that moment is named instead.
    """
    at, why = wait.until_ns, ""
    final = connection.final
    # Most often the holder is still in TIME-WAIT at the capture's end, and nothing need be searched.
    left = () if "TIME-WAIT" in (final.client, final.server) else reversed(connection.transitions)
    for step in left:
        if step.from_state == "TIME-WAIT" and step.cause != "2MSL timeout":
            at, why = step.time_ns, ", ports reused" if step.cause == "reused" else ", ended by a RST"
            break
    moment = clock.time(at, 0)
    if clock.day(at) != day:
        moment = f"{clock.day(at)} {moment}"
    return f"{wait.side} until {moment}{why}"


def severities(connection: Connection) -> tuple[int, int]:
    """Return how many errors and how many warnings were found, also beyond the entries that are kept."""
    if not connection.findings:
        return 0, 0
    grade = {finding.code: finding.severity for finding in connection.findings}
    totals = {"error": 0, "warning": 0, "note": 0}
    for code, sides in connection.finding_counts.items():
        totals[grade.get(code, "note")] += sum(sides.values())
    return totals["error"], totals["warning"]


def alarms(connection: Connection) -> str:
    """Return the codes of errors, then of warnings: ``blind_rst, tap_loss x3``; empty where all is well."""
    if not connection.findings:
        return ""
    grave: dict[str, int] = {}
    for finding in connection.findings:
        if finding.severity != "note":
            grave[finding.code] = 0 if finding.severity == "error" else 1
    named = []
    for code in sorted(grave, key=lambda code: (grave[code], code)):
        total = sum(connection.finding_counts.get(code, {}).values())
        named.append(escape(code) if total < 2 else f"{escape(code)} x{total}")
    if len(named) > _SHOWN:
        named[_SHOWN:] = [f"and {len(named) - _SHOWN} more"]
    return ", ".join(named)
