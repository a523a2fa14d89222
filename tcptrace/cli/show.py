"""``tcptrace show FILE``: one connection as a ladder or in words, or one frame layer by layer."""

from typing import Any, NamedTuple

import click

from tcptrace.cli import shared
from tcptrace.cli.request import understand_msl
from tcptrace.model.errors import UsageError


class Request(NamedTuple):
    """The command line, understood."""

    paths: tuple[str, ...]
    stream: int | None  # None: the only one
    frame: int | None
    explain: bool
    show_all: bool
    ascii_only: bool
    msl_s: float
    checksums: str
    utc: bool
    colour: str


@click.command(epilog="`tcptrace analyze FILE` lists the streams.")
@click.argument("words", nargs=-1, type=click.Path(), metavar="FILE|-...")
@shared.FILES
@click.option(
    "--stream", type=click.IntRange(0), metavar="N", help="Which connection; needed if FILE has more."
)
@click.option("--frame", type=click.IntRange(1), metavar="N", help="Take one frame apart, layer by layer.")
@click.option("--explain", is_flag=True, help="Tell the connection in sentences.")
@click.option("--all", "show_all", is_flag=True, help="Every segment; else the data is folded.")
@click.option("--ascii", "ascii_only", is_flag=True, help="Nothing but ASCII.")
@shared.MSL
@shared.STACK
@shared.CHECKSUMS
@shared.UTC
@shared.COLOUR
@shared.NO_NAMES
def show(words: tuple[str, ...], files: tuple[str, ...], **options: Any) -> None:
    """Draw both ends' states beside a connection's segments, or explain it, or take one frame apart.

    FILE is pcap, pcapng or tcpdump's printed text, packed or not; - is standard input. Several are one
    capture, merged by time, frames numbered through.
    """
    paths = files + words
    if not paths:
        raise UsageError("FILE: missing; name a capture, or - for standard input")
    options.pop("n")
    chosen = options["stream"] is not None or options["explain"] or options["show_all"]
    if options["frame"] is not None and chosen:
        raise UsageError("--frame: it stands alone; leave --stream, --explain and --all out")
    if options["explain"] and options["show_all"]:
        raise UsageError("--explain and --all: two views; choose one")
    value, _ = understand_msl(options.pop("msl_s"), options.pop("stack"))
    from tcptrace.cli.run_show import run

    run(Request(paths=paths, msl_s=value, **options))
