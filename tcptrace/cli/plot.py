"""``tcptrace plot FILE -o OUT``: one connection, or all, as a picture."""

from typing import Any, NamedTuple

import click

from tcptrace.cli import shared
from tcptrace.cli.request import understand_msl
from tcptrace.model.errors import UsageError
from tcptrace.show.plots.kinds import FORMATS, KINDS, PHASES, SCALES

SUFFIXES = ", ".join(f".{form}" for form in FORMATS)


class Request(NamedTuple):
    """The command line, understood."""

    paths: tuple[str, ...]  # several are one capture, merged by time; none: the diagram itself
    out: str
    form: str
    kind: str
    stream: int | None
    blank: bool
    show_all: bool
    frames: range | None
    phase: str
    scale: str
    msl_s: float
    checksums: str
    utc: bool


@click.command(epilog="Kinds: " + "; ".join(f"{name} - {kind.help}" for name, kind in KINDS.items()) + ".")
@click.argument("words", nargs=-1, type=click.Path(), metavar="FILE|-...")
@shared.FILES
@click.option(
    "-o",
    "out",
    metavar="OUT",
    required=True,
    type=click.Path(),
    help=f"Where to: {SUFFIXES}; - with --format.",
)
@click.option("--kind", type=click.Choice(tuple(KINDS)), default="ladder", help="What to draw (ladder).")
@click.option("--format", "form", type=click.Choice(FORMATS), help="The format, where OUT does not say it.")
@click.option(
    "--stream",
    type=click.IntRange(0),
    metavar="N",
    help="Which connection; needed by a ladder if FILE has more.",
)
@click.option("--blank", is_flag=True, help="The state diagram itself, without a capture.")
@click.option("--all", "show_all", is_flag=True, help="Every segment in the ladder; else the data is folded.")
@click.option(
    "--frames", metavar="A:B", help="Frames of the ladder's folded part that are shown all the same."
)
@click.option("--phase", type=click.Choice(PHASES), default="all", help="Which part of the ladder (all).")
@click.option(
    "--scale", type=click.Choice(SCALES), default="even", help="The ladder's rows: even, or apart by time."
)
@shared.MSL
@shared.STACK
@shared.CHECKSUMS
@shared.UTC
def plot(words: tuple[str, ...], files: tuple[str, ...], **options: Any) -> None:
    """Draw a connection as a ladder or on the state diagram, or all connections, as PNG, SVG or PDF.

    FILE is pcap, pcapng or tcpdump's printed text, packed or not; - is standard input. Several are one
    capture, merged by time, frames numbered through.
    """
    paths = files + words
    kind, blank = options["kind"], options["blank"]
    if not paths and not blank:
        raise UsageError("FILE: missing; name a capture, or - for standard input")
    if blank and kind != "states":
        raise UsageError("--blank: only the state diagram can be drawn without a capture; add --kind states")
    given = {
        "--all": options["show_all"],
        "--frames": options["frames"] is not None,
        "--phase": options["phase"] != "all",
        "--scale": options["scale"] != "even",
    }
    if kind != "ladder" and any(given.values()):
        named = next(name for name, is_given in given.items() if is_given)
        raise UsageError(f"{named}: it is the ladder's; a picture of kind {kind} has no rows")
    value, _ = understand_msl(options.pop("msl_s"), options.pop("stack"))
    frames = options.pop("frames")
    out, form = options.pop("out"), options.pop("form")
    from tcptrace.cli.run_plot import run

    run(
        Request(
            paths=paths,
            out=out,
            form=form or _form(out),
            frames=None if frames is None else _frames(frames),
            msl_s=value,
            **options,
        )
    )


def _form(out: str) -> str:
    """Return the format that the name of the output says."""
    if out == "-":
        raise UsageError(f"-o -: which format? add --format {'|'.join(FORMATS)}")
    form = out.rpartition(".")[2].lower()
    if form not in FORMATS:
        raise UsageError(
            f"{out}: no format that can be drawn; let the name end in {SUFFIXES}, or add --format"
        )
    return form


def _frames(text: str) -> range:
    """Return the frames of ``A:B``; either may be missing."""
    first, colon, last = text.partition(":")
    if colon and all(part == "" or part.isdecimal() for part in (first, last)):
        found = range(int(first or 1), int(last) + 1 if last else 1 << 62)
        if found and found[0] > 0:
            return found
    raise UsageError(f"--frames: {text!r} is no range of frames; write FIRST:LAST, e.g. 100:140")
