"""Options that several commands have, each written once."""

import click

from tcptrace.cli.request import DEFAULTS, STACKS
from tcptrace.cli.state_name import StateName

OUTCOMES = (
    *("closed", "reset", "refused", "aborted", "half-closed"),
    *("closing", "open", "connecting", "unanswered", "unknown"),
)

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
    default=DEFAULTS["checksums"],
    help="Which TCP checksums to check (flags, the default: of SYN, FIN, RST).",
)
UTC = click.option("--utc", is_flag=True, help="UTC, not local time.")
COLOUR = click.option(
    "--color",
    "colour",
    type=click.Choice(("auto", "always", "never")),
    default=DEFAULTS["colour"],
    help="Colours (auto: on a terminal without NO_COLOR).",
)
NO_NAMES = click.option("-n", is_flag=True, help="No names for addresses; it never has any.")
