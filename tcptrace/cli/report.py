"""``tcptrace report FILE... -o OUT.html``: one page about a capture, which can be sent."""

from typing import Any, NamedTuple

import click

from tcptrace.cli import shared
from tcptrace.cli.request import understand_msl
from tcptrace.model.errors import UsageError


class Request(NamedTuple):
    """The command line, understood."""

    paths: tuple[str, ...]
    out: str
    streams: tuple[int, ...]
    details: int
    msl_s: float
    checksums: str
    utc: bool


@click.command(
    epilog="The page is one file: no network, no library, a content security policy that allows no more."
)
@click.argument("words", nargs=-1, type=click.Path(), metavar="FILE|-...")
@click.option("-r", "files", multiple=True, metavar="FILE", type=click.Path(), help="FILE, as in tcpdump.")
@click.option(
    "-o", "out", metavar="OUT", required=True, type=click.Path(), help="Where to; - is standard output."
)
@click.option(
    "--stream",
    "streams",
    multiple=True,
    type=click.IntRange(0),
    metavar="N",
    help="With this one's pictures, too.",
)
@click.option(
    "--details", type=click.IntRange(0, 200), default=20, metavar="N", help="Pictures of the N worst (20)."
)
@shared.MSL
@shared.STACK
@shared.CHECKSUMS
@shared.UTC
def report(words: tuple[str, ...], files: tuple[str, ...], **options: Any) -> None:
    """Write one HTML page: summary, connections, and ladder, state diagram and sequence graph of the worst and the chosen.

    FILE is pcap, pcapng or tcpdump's printed text, packed or not; - is standard input. Several are one
    capture, merged by time, frames numbered through.
    """
    paths = files + words
    if not paths:
        raise UsageError("FILE: missing; name a capture, or - for standard input")
    value, _ = understand_msl(options.pop("msl_s"), options.pop("stack"))
    from tcptrace.cli.run_report import run

    run(Request(paths=paths, msl_s=value, **options))
