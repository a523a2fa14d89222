"""``tcptrace findings FILE [FILTER...]``: what went wrong, connection by connection."""

from typing import Any, NamedTuple

import click

from tcptrace.cli import shared
from tcptrace.cli.inputs import split_words
from tcptrace.cli.request import understand_msl
from tcptrace.find.codes import CODES
from tcptrace.model.errors import UsageError

LIMIT = 5  # findings of one code and side that are printed of a connection


class Request(NamedTuple):
    """The command line, understood."""

    paths: tuple[str, ...]
    filter: str
    is_json: bool
    is_summary: bool
    codes: frozenset[str]  # empty: all
    severity: str  # at least so severe
    streams: frozenset[int]  # empty: all
    limit: int  # 0: all
    msl_s: float
    checksums: str
    colour: str


def known_code(name: str) -> str:
    """Return a code as it is written, or say which are near it."""
    names = [code.name for code in CODES.values()]
    wanted = name.lower().replace("-", "_").removeprefix("tcp.analysis.")
    if wanted in names:
        return wanted
    from difflib import get_close_matches

    near = get_close_matches(wanted, names, 3, 0.5)
    hint = f"perhaps {' or '.join(near)}" if near else "`tcptrace explain` lists them"
    raise UsageError(f"{name}: no such code; {hint}")


@click.command(epilog="`tcptrace explain CODE` says what a code means and what to look at next.")
@click.argument("words", nargs=-1, type=click.Path(), metavar="FILE|-... [FILTER...]")
@shared.FILES
@click.option("--json", "is_json", is_flag=True, help="JSON Lines: a record a finding, the capture last.")
@click.option("--summary", "is_summary", is_flag=True, help="Only how often each code holds.")
@click.option("--code", "codes", multiple=True, metavar="CODE", help="Only this code; may be repeated.")
@click.option(
    "--severity",
    type=click.Choice(("note", "warning", "error")),
    default="note",
    help="Only what is at least so severe (note).",
)
@shared.STREAMS
@click.option("--all", "show_all", is_flag=True, help=f"Every finding, not {LIMIT} of each code and side.")
@shared.MSL
@shared.STACK
@shared.CHECKSUMS
@shared.COLOUR
@shared.NO_NAMES
def findings(words: tuple[str, ...], files: tuple[str, ...], **options: Any) -> None:
    """Say what went wrong, connection by connection: the capture's own faults first.

    What Wireshark finds too has its names (tcp.analysis.*) and its rules. FILE is as for `tcptrace analyze`.
    """
    paths, condition = split_words(words, files)
    options.pop("n")
    if options["is_json"] and options["is_summary"]:
        raise UsageError("--json and --summary: two forms; choose one")
    value, _ = understand_msl(options.pop("msl_s"), options.pop("stack"))
    codes = frozenset(known_code(name) for name in options.pop("codes"))
    limit = 0 if options.pop("show_all") else LIMIT
    streams = frozenset(options.pop("streams"))
    from tcptrace.cli.run_findings import run

    run(
        Request(
            paths=paths, filter=condition, codes=codes, streams=streams, limit=limit, msl_s=value, **options
        )
    )
