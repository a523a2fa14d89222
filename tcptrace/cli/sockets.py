"""``tcptrace sockets``: the kernel's TCP sockets, beside what a capture says of the same connections."""

from typing import Any, NamedTuple

import click

from tcptrace.cli import shared
from tcptrace.cli.inputs import split_words
from tcptrace.cli.state_name import StateName
from tcptrace.model.errors import UsageError


class SocketsRequest(NamedTuple):
    """The command line, understood."""

    paths: tuple[str, ...]
    interfaces: tuple[str, ...]
    duration_s: float
    filter: str
    is_json: bool
    states: tuple[str, ...]
    colour: str


@click.command(
    epilog="With -i, the words are the filter: `tcptrace sockets -i lo port 80`. Else FILE... [FILTER...], as in `analyze`."
)
@click.argument("words", nargs=-1, type=click.Path(), metavar="[FILE|-...] [FILTER...]")
@shared.FILES
@click.option(
    "-i", "interfaces", multiple=True, metavar="IF", help="Capture on this interface first; any: on all."
)
@click.option(
    "--duration",
    "duration_s",
    type=float,
    default=5.0,
    metavar="S",
    help="With -i: capture so many seconds (5).",
)
@click.option(
    "--json", "is_json", is_flag=True, help="JSON Lines: a record `socket` each (see `tcptrace schema`)."
)
@click.option("--state", "states", multiple=True, type=StateName(), help="Only sockets in STATE.")
@shared.COLOUR
@shared.NO_NAMES
def sockets(words: tuple[str, ...], files: tuple[str, ...], **options: Any) -> None:
    """Show the kernel's TCP sockets: state, queues, addresses, timer, process.

    With a capture, a FILE's or one made now (-i), the state that the segments say the same end is in stands
    beside the kernel's. Without root only one's own processes are known.
    """
    options.pop("n")
    if options["interfaces"] and files:
        raise UsageError("-i and -r: two captures; choose one")
    if not 0 < options["duration_s"] < float("inf"):
        raise UsageError(f"--duration {options['duration_s']:g}: no time; give seconds above 0")
    paths: tuple[str, ...] = ()
    if options["interfaces"]:
        condition = " ".join(words)
    elif words or files:
        paths, condition = split_words(words, files)
    else:
        condition = ""
    from tcptrace.cli.run_sockets import run

    run(SocketsRequest(paths=paths, filter=condition, **options))
