"""``tcptrace lab list|run|simulate``: scenarios of TCP, captured, with what truly happened beside them."""

import math
from pathlib import Path

import click

from tcptrace.model.errors import UsageError

ALL = "all"


@click.group()
def lab() -> None:
    """Play scenarios with real sockets, and record them beside what the kernel says that it did."""


@lab.command("list")
def list_() -> None:
    """List the scenarios: what each shows, the clause (RFC 9293's, where no other is named), what it needs.

    And whether `tcptrace lab simulate` plays it too, without sockets and rights; or why not.
    """
    from tcptrace.cli.run_lab import show_list

    show_list()


@lab.command()
@click.argument("names", nargs=-1, metavar="NAME...|all")
@click.option(
    "-w", "directory", type=click.Path(path_type=Path), metavar="DIR", help="Write captures and truth to DIR."
)
@click.option(
    "--at-once", type=click.IntRange(1, 64), default=8, metavar="N", help="How many are played at once (8)."
)
def run(names: tuple[str, ...], directory: Path | None, at_once: int) -> None:
    """Play scenarios and print the states that the kernel went through at each end.

    With -w, DIR gets NAME@WHERE.pcap, taken at the client's and the server's interface (or on lo), and beside each
    NAME@WHERE.truth.json: the true path of each end, with times, and what packets alone cannot tell.
    """
    from tcptrace.lab.scenarios import SCENARIOS

    if not names:
        raise UsageError(f"NAME: missing; name scenarios, or {ALL}; `tcptrace lab list` has them")
    for name in names:
        if name != ALL and name not in SCENARIOS:
            raise UsageError(f"{name}: no such scenario; `tcptrace lab list` has them")
    from tcptrace.cli.run_lab import run as play

    chosen = SCENARIOS if ALL in names else {name: SCENARIOS[name] for name in names}
    play(chosen, directory, at_once)


@lab.command("record")
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@click.option(
    "-w",
    "directory",
    type=click.Path(path_type=Path),
    required=True,
    metavar="DIR",
    help="Where the goldens go.",
)
def record_(names: tuple[str, ...], directory: Path) -> None:
    """Play scenarios and make golden captures of them, for `tcptrace check`; the kernel vouches for their paths.

    A capture that tells of other paths than the kernel's becomes no golden, and that is an error.
    """
    from tcptrace.lab.scenarios import SCENARIOS

    for name in names:
        if name not in SCENARIOS:
            raise UsageError(f"{name}: no such scenario; `tcptrace lab list` has them")
    from tcptrace.cli.run_lab import make_goldens

    make_goldens({name: SCENARIOS[name] for name in names}, directory)


@lab.command()
@click.argument("name", metavar="NAME")
@click.option("--seed", type=int, default=1, metavar="N", help="Decides what is left to chance (1).")
@click.option(
    "--tap",
    type=click.FloatRange(0.0, 1.0),
    default=0.0,
    metavar="X",
    help="Where the capture is: 0 at the client (the default), 1 at the server, or between.",
)
@click.option(
    "-w",
    "file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write the capture to FILE, the truth beside it.",
)
def simulate(name: str, seed: int, tap: float, file: Path | None) -> None:
    """Play a scenario without sockets or rights: two hosts written from RFC 9293, on a simulated path.

    Prints the true path of each end, and writes them beside FILE as `lab run` does, to the same name with
    .truth.json at its end. The same NAME, seed and tap give the same capture, to the octet. `tcptrace lab list`
    says which scenarios it plays.
    """
    from tcptrace.lab.scenarios import SCENARIOS

    if name not in SCENARIOS:
        raise UsageError(f"{name}: no such scenario; `tcptrace lab list` has them")
    if not math.isfinite(tap):  # click lets nan into every range
        raise UsageError(f"--tap {tap}: no place; give a number from 0 to 1")
    from tcptrace.cli.run_lab import simulate as play

    play(name, seed, tap, file)
