"""``tcptrace check DIR|FILE...``: captures against the expectations beside them."""

import click

from tcptrace.model.errors import UsageError

FORMATS = ("text", "json", "junit", "github")


@click.command(
    epilog="Exit status: 0 all is as expected, 1 a difference, 3 a file of a pair is missing or cannot be read."
)
@click.argument("names", nargs=-1, type=click.Path(), metavar="DIR|FILE...")
@click.option(
    "--update", is_flag=True, help="Write what differs into the expectations, and those that are missing."
)
@click.option(
    "-v", "--verbose", is_flag=True, help="Name each capture; show differences as a unified diff, too."
)
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    default="text",
    help="For people (text), JSON Lines, JUnit's XML, or annotations of GitHub Actions.",
)
def check(names: tuple[str, ...], update: bool, verbose: bool, form: str) -> None:
    """Compare captures with the expectations beside them: paths, outcome, each transition and its time.

    FILE is a capture or its expectation, NAME and NAME.expect.toml; of a DIR all in it are checked. A file whose
    `source` is "script" or "kernel" knows better than this program: --update leaves its paths as they are.
    """
    if not names:
        raise UsageError("DIR|FILE: missing; name captures, or folders that hold some")
    from tcptrace.cli.run_check import run

    status = run(names, update, verbose, form)
    if status:
        raise click.exceptions.Exit(status)
