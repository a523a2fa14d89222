"""``tcptrace analyze FILE [FILTER...]``: one capture in, every connection out."""

from typing import Any

import click

from tcptrace.cli import shared
from tcptrace.cli.inputs import split_words
from tcptrace.cli.request import DEFAULTS, make_request


@click.command(
    epilog="Filter words are tcpdump's: `tcptrace analyze FILE port 80`; -- before them ends the options."
)
@click.argument("words", nargs=-1, type=click.Path(), metavar="FILE|-... [FILTER...]")
@shared.FILES
@click.option(
    "--follow", is_flag=True, help="FILE grows: wait for more at its end, until the first interrupt."
)
@click.option("--json", "is_json", is_flag=True, help="JSON Lines (see `tcptrace schema`).")
@click.option("--csv", "is_csv", is_flag=True, help="Comma-separated values, a row a connection.")
@click.option(
    "--long", "is_long", is_flag=True, help="Measures of each direction, in two columns; --json: `measures`."
)
@click.option("--summary", "is_summary", is_flag=True, help="Only how many connections had which outcome.")
@click.option("--frames", "has_frames", is_flag=True, help="With --json: a record for each segment, too.")
@click.option(
    "--live",
    "is_live",
    is_flag=True,
    help="A table that changes while frames come; not on a terminal: a line a step.",
)
@click.option(
    "--sort",
    type=click.Choice(("last", "stream", "age", "bytes", "state")),
    default=DEFAULTS["sort"],
    help="What stands first in the live table (last: who sent last).",
)
@shared.STREAMS
@shared.STATES
@shared.WITH_OUTCOME
@shared.PASSED
@click.option(
    "--where",
    "rules",
    multiple=True,
    metavar="RULE",
    help="Only what a rule holds for: `handshake_s > 1`; `tcptrace assert --help` has the language.",
)
@click.option(
    "--order",
    type=click.Choice(("stream", "end")),
    help="Sorted by stream, or as they end (a pipe's default).",
)
@shared.MSL
@shared.STACK
@shared.CHECKSUMS
@click.option(
    "--max-findings",
    type=click.IntRange(0),
    default=DEFAULTS["max_findings"],
    metavar="N",
    help=f"How many are kept for each code and side ({DEFAULTS['max_findings']}); 0: all.",
)
@click.option(
    "--max-connections",
    type=click.IntRange(1),
    default=DEFAULTS["max_connections"],
    metavar="N",
    help=f"How many are held in memory at once ({DEFAULTS['max_connections']}); then the longest finished go.",
)
@click.option(
    "--kernel-log",
    type=click.Path(),
    metavar="LOG",
    help="Hold each end against what `capture --kernel-log LOG` wrote (`tcptrace help verify`).",
)
@click.option("--all", "show_all", is_flag=True, help="On a terminal: every connection, however many.")
@shared.UTC
@shared.COLOUR
@shared.NO_NAMES
def analyze(words: tuple[str, ...], files: tuple[str, ...], **options: Any) -> None:
    """Say in which state each connection of a capture was left, and how it came there.

    FILE is pcap, pcapng or tcpdump's printed text, packed or not; - is standard input. Several are one
    capture, merged by time, frames numbered through.
    """
    paths, condition = split_words(words, files)
    request = make_request(paths, condition, options)
    from tcptrace.cli.run_analyze import run

    run(request)
