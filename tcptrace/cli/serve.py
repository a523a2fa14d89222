"""``tcptrace serve STYLE`` and ``tcptrace client APP``: the test server and its client."""

import math
from typing import Any

import click

from tcptrace.lab.apps import APPS
from tcptrace.lab.service import PARTINGS, Options
from tcptrace.lab.styles import STYLES
from tcptrace.model.errors import UsageError

_HOST = click.option("--host", default="127.0.0.1", metavar="HOST", help="Address or name (127.0.0.1).")


def _table(rows: dict[str, Any]) -> str:
    """Return a list of names with their help, which click leaves as it is."""
    width = max(map(len, rows))
    return "\b\n" + "\n".join(f"{name.ljust(width)}  {row.help}" for name, row in rows.items())


@click.command(
    help=f"""Serve an application in one style, until Ctrl-C; the same application on each.

{_table(STYLES)}

Applications (--app):

{_table(APPS)}
"""
)
@click.argument("style", metavar="STYLE", type=click.Choice(tuple(STYLES)))
@click.option("--app", type=click.Choice(tuple(APPS)), default="hello", help="What it says (hello).")
@_HOST
@click.option("--port", type=click.IntRange(0, 65_535), default=8000, help="TCP port (8000); 0: a free one.")
@click.option(
    "--close",
    "parting",
    type=click.Choice(PARTINGS),
    default="fin",
    help="After the last word: close (fin), by a RST, only its own half, or never.",
)
@click.option(
    "--delay",
    "delay_s",
    type=click.FloatRange(0, 3600),
    default=0.0,
    metavar="S",
    help="Seconds for each answer (0).",
)
@click.option(
    "--backlog", type=click.IntRange(0), default=128, metavar="N", help="Length of the listen queue (128)."
)
@click.option("--reuse", is_flag=True, help="SO_REUSEADDR: listen though TIME-WAIT still holds the port.")
def serve(style: str, app: str, **options: Any) -> None:
    """See ``help`` above."""
    if not math.isfinite(options["delay_s"]):  # click lets nan into every range
        raise UsageError(f"--delay {options['delay_s']}: no time; give seconds, such as 0.5")
    from tcptrace.cli.run_serve import serve as run

    run(style, app, Options(**options))


@click.command(
    help=f"""Talk to a server of APP once, and print a line for each exchange.

{_table(APPS)}
"""
)
@click.argument("app", metavar="APP", type=click.Choice(tuple(APPS)))
@_HOST
@click.option("--port", type=click.IntRange(1, 65_535), default=8000, help="TCP port (8000).")
@click.option(
    "--count", type=click.IntRange(1), default=1, metavar="N", help="How many times, one after another (1)."
)
def client(app: str, host: str, port: int, count: int) -> None:
    """See ``help`` above."""
    from tcptrace.cli.run_serve import client as run

    run(app, (host, port), count)
