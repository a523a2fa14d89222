"""What a notebook shows of connections: HTML that reads on a light and on a dark page, styled where it stands.

Ink is the page's own; colours are the terminal's, which keep their contrast on either ground. Everything that comes from
outside is escaped.
"""

from collections.abc import Sequence
from typing import Any

from tcptrace.model.records import Connection
from tcptrace.show.ladder import Line
from tcptrace.show.notes import BAD_OUTCOMES
from tcptrace.show.report.markup import text
from tcptrace.show.taken import sides_of
from tcptrace.show.text import Clock, count, duration
from tcptrace.show.theme import STATES, TERMINAL
from tcptrace.show.words import about, client, octets, server
from tcptrace.show.worst import badness

ROWS = 50  # of a table; beyond it the worst are shown, and it says so
_FINDINGS = 10
_CELL = "text-align:left;padding:2px 10px 2px 0;vertical-align:top"
_HEADS = (
    "stream",
    "client",
    "server",
    "start (UTC)",
    "lasted",
    "outcome",
    "both ends' last states",
    "octets",
    "findings",
)


def register() -> None:
    """Have IPython show a ``Connection`` so, in the session that runs."""
    from IPython.core.getipython import get_ipython

    shell = get_ipython()
    if shell is not None and shell.display_formatter is not None:
        shell.display_formatter.formatters["text/html"].for_type(Connection, connection_html)


def connection_html(one: Connection) -> str:
    """Return one connection: who, how it went, both ends' paths, each step, what was found."""
    paths = "".join(
        f"<div><b {_colour(side)}>{side}</b> {' → '.join(chip(state) for state in getattr(one.path, side))}</div>"
        for side in sides_of(one)
    )
    steps = [
        [
            "timer" if step.frame is None else str(step.frame),
            duration(step.time_ns - one.first_ns),
            f"<span {_colour(step.side)}>{step.side}</span>",
            f"{chip(step.from_state)} → {chip(step.to_state)}",
            text(step.cause),
            text(step.evidence) + (f" by frame {step.proof}" if step.proof not in (None, step.frame) else ""),
            text(step.rule or ""),
        ]
        for step in one.transitions
    ]
    parts = [
        f"<div><b>{text(client(one))} → {text(server(one))}</b></div>",
        f"<div>{text(', '.join(about(one)))}</div>",
        paths,
        _table(("frame", "after", "end", "step", "because of", "evidence", "clause"), steps),
    ]
    if one.findings:
        shown = [
            [
                str(found.frame),
                text(found.side or "both"),
                text(found.code),
                text(found.severity),
                text(found.detail),
            ]
            for found in one.findings[:_FINDINGS]
        ]
        parts.append(_table(("frame", "end", "finding", "severity", "detail"), shown))
        rest = sum(sum(sides.values()) for sides in one.finding_counts.values()) - len(shown)
        if rest > 0:
            parts.append(f"<div>and {count(rest)} findings more</div>")
    return f"<div>{''.join(parts)}</div>"


def connections_html(chosen: Sequence[Connection]) -> str:
    """Return a table of connections: all, or the worst and how many there are."""
    shown = chosen
    note = f"{count(len(chosen))} connection{'' if len(chosen) == 1 else 's'}"
    if len(chosen) > ROWS:
        shown = sorted(chosen, key=badness, reverse=True)[:ROWS]
        note += f", of which the worst {ROWS} are shown"
    clock = Clock(True)
    rows = [
        [
            str(one.stream),
            text(client(one)),
            text(server(one)),
            f"{clock.day(one.first_ns)} {clock.time(one.first_ns)}",
            duration(one.last_ns - one.first_ns),
            f"<b>{one.outcome}</b>" if one.outcome in BAD_OUTCOMES else one.outcome,
            " ".join(chip(getattr(one.final, side)) for side in sides_of(one)),
            text(f"{octets(one.data_bytes.client)} → ← {octets(one.data_bytes.server)}"),
            text(" ".join(f"{code} {sum(sides.values())}" for code, sides in one.finding_counts.items())),
        ]
        for one in shown
    ]
    return f"<div>{_table(_HEADS, rows)}<div>{note}</div></div>"


def ladder_html(lines: Sequence[Line]) -> str:
    """Return a ladder's lines, in a fixed-width font."""
    made = "\n".join("".join(_span(said, role) for said, role in line) for line in lines)
    return f'<pre style="line-height:1.25;overflow-x:auto">{made}</pre>'


def chip(state: str) -> str:
    """Return a state's chip."""
    colour = STATES[state]
    return (
        f'<span style="background:{colour.fill};color:{colour.text};border-radius:3px;padding:0 5px;'
        f'font-family:monospace;white-space:nowrap">{text(state)}</span>'
    )


def _colour(side: str) -> str:
    return f'style="color:{TERMINAL[side]}"'


def _span(said: str, role: str) -> str:
    """Return a piece of a ladder's line."""
    css = _css(role)
    return f'<span style="{css}">{text(said)}</span>' if css else text(said)


def _css(role: str) -> str:
    """Return CSS for a role of the theme."""
    if role.startswith("state:"):
        _, state, evidence = f"{role}::".split(":")[:3]
        slant = ";font-style:italic" if evidence in ("assumed", "inferred") else ""
        return f"background:{STATES[state].fill};color:{STATES[state].text}{slant}"
    said = {"bold": "font-weight:bold", "dim": "opacity:.7", "italic": "font-style:italic"}
    words = TERMINAL.get(role, "").split()
    return ";".join(said.get(word) or f"color:{word}" for word in words)


def _table(heads: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """Return a table; ``heads`` are text, the cells of ``rows`` are HTML."""
    head = "".join(f'<th scope="col" style="{_CELL}">{text(name)}</th>' for name in heads)
    body = "".join(
        "<tr>" + "".join(f'<td style="{_CELL}">{cell}</td>' for cell in row) + "</tr>" for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
