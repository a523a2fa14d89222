"""``tcptrace diff A B``: two captures, connection by connection."""

import click

from tcptrace.cli import shared
from tcptrace.cli.request import understand_msl

WAYS = ("auto", "tuple", "port", "order")


@click.command(
    epilog="Exit status: 0 paths, outcomes and findings are the same, 1 they differ, 3 a file cannot be read."
)
@click.argument("a", type=click.Path(), metavar="A")
@click.argument("b", type=click.Path(), metavar="B")
@click.option(
    "--by",
    "way",
    type=click.Choice(WAYS),
    default="auto",
    help="What two have in common: four-tuple, server port, place in the capture (auto: the first, else the second).",
)
@click.option("--json", "is_json", is_flag=True, help="JSON Lines: an object a pair, the counts last.")
@click.option(
    "--all", "show_all", is_flag=True, help="Pairs that do not differ, too, and all that is known of each."
)
@shared.MSL
@shared.STACK
def diff(
    a: str, b: str, way: str, is_json: bool, show_all: bool, msl_s: float | None, stack: str | None
) -> None:
    """Compare two captures connection by connection: paths, outcomes, findings, and how long things took.

    Paths, outcomes and findings make a difference; what was measured is shown beside it.
    """
    value, _ = understand_msl(msl_s, stack)
    from tcptrace.cli.run_diff import run

    status = run((a, b), way, is_json, show_all, value)
    if status:
        raise click.exceptions.Exit(status)
