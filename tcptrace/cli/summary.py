"""``tcptrace summary FILE [FILTER...]``: the capture as a whole."""

from typing import Any, NamedTuple

import click

from tcptrace.cli import shared
from tcptrace.cli.inputs import split_words
from tcptrace.cli.request import understand_msl


class Request(NamedTuple):
    """The command line, understood."""

    paths: tuple[str, ...]
    filter: str
    is_json: bool
    top: int
    msl_s: float
    utc: bool
    colour: str


@click.command(epilog="`tcptrace show FILE --stream N` shows one of the streams that are named.")
@click.argument("words", nargs=-1, type=click.Path(), metavar="FILE|-... [FILTER...]")
@shared.FILES
@click.option("--json", "is_json", is_flag=True, help="JSON Lines: one record of it all, then the capture.")
@click.option("--top", type=click.IntRange(1), default=10, metavar="N", help="Rows a table (10).")
@shared.MSL
@shared.STACK
@shared.UTC
@shared.COLOUR
@shared.NO_NAMES
def summary(words: tuple[str, ...], files: tuple[str, ...], **options: Any) -> None:
    """Say how it goes as a whole: outcomes by port, who closes first, TIME-WAIT, trouble by server, states over time.

    The capture's own faults come first. FILE is as for `tcptrace analyze`.
    """
    paths, condition = split_words(words, files)
    options.pop("n")
    value, _ = understand_msl(options.pop("msl_s"), options.pop("stack"))
    from tcptrace.cli.run_summary import run

    run(Request(paths=paths, filter=condition, msl_s=value, **options))
