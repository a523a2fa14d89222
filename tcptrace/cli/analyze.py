"""``tcptrace analyze FILE [FILTER...]``: one capture in, every connection out."""

from typing import Any, NamedTuple

import click

from tcptrace.cli import shared
from tcptrace.cli.inputs import split_words
from tcptrace.model.errors import UsageError


class Request(NamedTuple):
    """The command line, understood."""

    paths: tuple[str, ...]
    follow: bool  # the file grows
    filter: str
    form: str  # "table", "json", "csv" or "summary"
    is_summary: bool
    has_frames: bool
    is_live: bool  # tell each step as it is made
    sort: str  # of the live table
    show_all: bool
    order: str | None  # None: by the kind of input
    msl_s: float
    msl_text: str  # for people, e.g. "MSL 120 s, RFC 9293"
    checksums: str
    max_findings: int
    max_connections: int
    streams: tuple[int, ...]
    states: tuple[str, ...]
    outcomes: tuple[str, ...]
    passed: tuple[str, ...]
    rules: tuple[str, ...]
    utc: bool
    colour: str
    is_long: bool = False
    kernel_log: str | None = None  # what the kernel said of these connections


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
    default="last",
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
    default=1000,
    metavar="N",
    help="How many are kept for each code and side (1000); 0: all.",
)
@click.option(
    "--max-connections",
    type=click.IntRange(1),
    default=1_000_000,
    metavar="N",
    help="How many are held in memory at once (1000000); then the longest finished go.",
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


def make_request(paths: tuple[str, ...], condition: str, options: dict[str, Any]) -> Request:
    """Understand the options of ``analyze``, which all commands that end in its results have."""
    is_json, is_csv, _ = options.pop("is_json"), options.pop("is_csv"), options.pop("n")
    if is_json and is_csv:
        raise UsageError("--json and --csv: two formats; choose one")
    if is_csv and options["is_summary"]:
        raise UsageError("--csv: --summary has no such form; choose --json or neither")
    if options["has_frames"] and (not is_json or options["is_summary"]):
        raise UsageError("--frames: it adds records to --json; write --json --frames")
    if options["is_live"] and (is_csv or options["is_summary"]):
        raise UsageError(f"--live: {'--csv' if is_csv else '--summary'} tells no steps; choose one")
    if options.get("is_long") and (is_csv or options["is_summary"]):
        raise UsageError("--long: measures are for each connection; leave --csv and --summary out")
    if is_csv and options.get("kernel_log"):
        raise UsageError("--kernel-log: --csv has no row for a verdict; choose --json")
    value, text = shared.understand_msl(options.pop("msl_s"), options.pop("stack"))
    form = "json" if is_json else "csv" if is_csv else "table"
    return Request(paths=paths, filter=condition, form=form, msl_s=value, msl_text=text, **options)
