"""Options that several commands have, each written once."""

import math

import click

from tcptrace.cli.select import StateName
from tcptrace.model.errors import UsageError

# How long Linux, macOS and Windows really stay in TIME-WAIT, halved; RFC 9293 3.4.2 has two minutes.
STACKS = {
    "linux": (30.0, "Linux"),
    "macos": (15.0, "macOS"),
    "windows": (60.0, "Windows"),
    "rfc": (120.0, "RFC 9293"),
}
OUTCOMES = (
    *("closed", "reset", "refused", "aborted", "half-closed"),
    *("closing", "open", "connecting", "unanswered", "unknown"),
)
_MAX_MSL_S = 86_400.0

FILES = click.option(
    "-r",
    "files",
    multiple=True,
    metavar="FILE",
    type=click.Path(),
    help="FILE, as in tcpdump; may be given again.",
)
STREAMS = click.option(
    "--stream", "streams", multiple=True, type=click.IntRange(0), metavar="N", help="Only this connection."
)
STATES = click.option(
    "--state", "states", multiple=True, type=StateName(), help="Only where an end was left in STATE."
)
WITH_OUTCOME = click.option(
    "--outcome",
    "outcomes",
    multiple=True,
    type=click.Choice(OUTCOMES),
    metavar="OUTCOME",
    help=f"Only with this outcome: {', '.join(OUTCOMES)}.",
)
PASSED = click.option(
    "--passed", multiple=True, type=StateName(), help="Only where an end passed through STATE."
)
MSL = click.option(
    "--msl", "msl_s", type=float, metavar="S", help="Maximum segment lifetime in seconds (120)."
)
STACK = click.option(
    "--stack", type=click.Choice(tuple(STACKS)), help="The MSL of a system: 30, 15, 60, 120 s."
)
CHECKSUMS = click.option(
    "--checksums",
    type=click.Choice(("flags", "all", "none")),
    default="flags",
    help="Which TCP checksums to check (flags, the default: of SYN, FIN, RST).",
)
UTC = click.option("--utc", is_flag=True, help="UTC, not local time.")
COLOUR = click.option(
    "--color",
    "colour",
    type=click.Choice(("auto", "always", "never")),
    default="auto",
    help="Colours (auto: on a terminal without NO_COLOR).",
)
NO_NAMES = click.option("-n", is_flag=True, help="No names for addresses; it never has any.")


def understand_msl(given: float | None, stack: str | None) -> tuple[float, str]:
    """Return the MSL in seconds, and what to call it."""
    if given is None:
        value, source = STACKS[stack or "rfc"]
        return value, f"MSL {value:g} s, {source}"
    if stack is not None:
        raise UsageError("--msl and --stack: two MSLs; choose one")
    if not (math.isfinite(given) and 0 < given <= _MAX_MSL_S):
        raise UsageError(
            f"--msl {given:g}: no lifetime; give seconds, more than 0 and at most {_MAX_MSL_S:,.0f}"
        )
    return given, f"MSL {given:g} s, --msl"
