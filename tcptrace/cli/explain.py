"""``tcptrace explain CODE``: what a finding means, what usually causes it, what to look at next."""

from collections.abc import Iterator

import click

from tcptrace.cli import shared, terminal
from tcptrace.cli.findings import known_code
from tcptrace.find.codes import CODES
from tcptrace.find.meanings import MEANINGS
from tcptrace.show.findings import indented
from tcptrace.show.paint import Line, painter

WIDTH = 80


def _meaning(name: str, width: int) -> Iterator[Line]:
    """Yield a code's name, severity and clause, and its meaning in words."""
    code = next(row for row in CODES.values() if row.name == name)
    yield [(name, "strong"), (f"   {code.severity}, {code.source}", code.severity)]
    meaning = MEANINGS[name]
    heads = ("It means", meaning.means), ("Usual causes", meaning.causes), ("Look next at", meaning.next)
    for head, text in heads:
        yield from indented(f"{head}: {text}", 2, width)


def _list(width: int) -> Iterator[Line]:
    """Yield a line a code: its name, its severity, what it means."""
    for code in CODES.values():
        line = f"{code.name:24} {code.severity:8}{MEANINGS[code.name].means}"
        yield [(line if len(line) <= width else line[: width - 2] + "..", "")]


@click.command(epilog="Codes are those of `tcptrace findings`, and Wireshark's tcp.analysis.* names.")
@click.argument("names", nargs=-1, metavar="[CODE...]")
@click.option(
    "--measures", "is_measures", is_flag=True, help="Define the measures of `analyze --long`, as Markdown."
)
@shared.COLOUR
def explain(names: tuple[str, ...], is_measures: bool, colour: str) -> None:
    """Say what a finding's code means, what usually causes it, and what to look at next; without CODE list all."""
    paint = painter(terminal.use_colour(colour))
    width = terminal.output_width() or WIDTH
    out = terminal.Output(terminal.Progress())
    if is_measures:
        from tcptrace.measure.measures import definitions

        out.write_text(definitions())
        out.flush()
        return
    chosen = [known_code(name) for name in names]
    if not chosen:
        for line in _list(width):
            out.write_text(paint(line) + "\n")
    for number, name in enumerate(chosen):
        if number:
            out.write_text("\n")
        for line in _meaning(name, width):
            out.write_text(paint(line) + "\n")
    out.flush()
