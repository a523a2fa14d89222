"""``tcptrace demo``: a server, a client, a capture and a ladder in one command."""

from typing import Any

import click

from tcptrace.cli import shared
from tcptrace.lab.apps import APPS
from tcptrace.model.errors import UsageError


@click.command()
@click.option("--app", type=click.Choice(tuple(APPS)), default="http", help="What is served (http).")
@click.option(
    "-w", "path", type=click.Path(), metavar="FILE", help="Keep the frames: for `show`, `plot`, Wireshark."
)
@click.option("--bundled", is_flag=True, help="Capture nothing: show the capture that comes with tcptrace.")
@click.option("--ascii", "ascii_only", is_flag=True, help="Nothing but ASCII.")
@shared.UTC
@shared.COLOUR
def demo(app: str, path: str | None, bundled: bool, **options: Any) -> None:
    """Start the test server, talk to it, capture that, and draw both ends' states beside the segments.

    On this machine's loopback where that is permitted; else on the loopback of a private network, which needs no
    root on most Linux; else from the capture that comes with tcptrace. It says which.
    """
    if bundled and (app != "http" or path is not None):
        raise UsageError("--bundled: it is a capture of http already; leave --app and -w out")
    if path == "-":
        raise UsageError(
            "-w -: the ladder goes to standard output; name a file, or use `tcptrace capture -w -`"
        )
    from tcptrace.cli.run_demo import run

    run(app, path, bundled, **options)
