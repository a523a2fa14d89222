"""``tcptrace capture -i IF [-w FILE] [FILTER...]``: frames of an interface, written, analysed, or both."""

from typing import Any, NamedTuple

import click

from tcptrace.cli.analyze import analyze
from tcptrace.cli.request import Request, make_request
from tcptrace.model.errors import UsageError
from tcptrace.source.rotate import MEGABYTE, Turns

MAX_SNAP = 262144  # tcpdump's; no frame is longer
MAX_BUFFER_KIB = 2097151  # tcpdump's
ITS_OWN = ("words", "files", "follow", "kernel_log")  # parameters of `analyze` that name its input
VERIFY = click.option(
    "--verify",
    is_flag=True,
    help="Hold each end's path against what the kernel did (`tcptrace help verify`); exit status 1: different.",
)
KERNEL_LOG = click.option(
    "--kernel-log",
    type=click.Path(),
    metavar="LOG",
    help="Write what the kernel says of its sockets to LOG, for `analyze --kernel-log`.",
)
BUFFER = click.option(
    "-B",
    "--buffer-size",
    "buffer_octets",
    type=click.IntRange(1, MAX_BUFFER_KIB),
    callback=lambda _context, _option, kib: None if kib is None else kib << 10,
    metavar="KIB",
    help="Have the kernel keep so many KiB for each interface until they are taken (65536).",
)


class CaptureRequest(NamedTuple):
    """The command line, understood."""

    interfaces: tuple[str, ...]
    path: str | None  # where the frames are written; "-": standard output
    form: str  # "pcapng" or "pcap"
    turns: Turns | None  # how several files take turns
    filter: str
    snap: int
    limit: int | None  # frames
    duration_s: float | None
    promiscuous: bool
    ring: bool
    buffer_octets: int | None  # which the kernel keeps until they are taken; None: as many as is usual
    user: str | None  # whom root is to become; None: who called sudo
    results: Request | None  # None: only written
    verify: bool = False
    kernel_log: str | None = None  # where what the kernel says is written


@click.command(
    epilog="Filter words are tcpdump's: `tcptrace capture -i lo port 80`; -- before them ends the options.",
)
@click.argument("words", nargs=-1, type=click.Path(), metavar="[FILTER...]")
@click.option(
    "-i",
    "interfaces",
    multiple=True,
    metavar="IF",
    help="Capture on this interface; any: on all. Repeatable.",
)
@click.option(
    "-w", "path", type=click.Path(), metavar="FILE", help="Write the frames to FILE; -: standard output."
)
@click.option("-c", "limit", type=click.IntRange(1), metavar="N", help="End after N frames.")
@click.option(
    "-s",
    "snap",
    type=click.IntRange(0, MAX_SNAP),
    default=0,
    metavar="SNAP",
    help=f"Keep so many octets of each frame ({MAX_SNAP}; 0 means that, too).",
)
@click.option("--duration", "duration_s", type=float, metavar="S", help="End after S seconds.")
@click.option(
    "-F",
    "form",
    type=click.Choice(("pcapng", "pcap")),
    default="pcapng",
    help="What -w writes (pcapng); both have nanoseconds.",
)
@click.option(
    "-C",
    "megabytes",
    type=click.IntRange(1),
    metavar="MB",
    help="Begin the next file after so many 1,000,000 octets.",
)
@click.option(
    "-G",
    "seconds",
    type=click.IntRange(1),
    metavar="S",
    help="Begin the next file after S seconds; FILE: as in date.",
)
@click.option(
    "-W",
    "files",
    type=click.IntRange(1),
    metavar="N",
    help="With -C: N files by turns; with -G: end after N.",
)
@BUFFER
@click.option(
    "--promiscuous", is_flag=True, help="Ask for frames that are not for this machine, too; not with -i any."
)
@click.option(
    "--no-ring", is_flag=True, help="Read frames one by one; it does so, too, where there is no ring."
)
@click.option(
    "-Z",
    "user",
    metavar="USER",
    help="Once all is open, root becomes USER (who called sudo); root: stays root.",
)
@click.option("--no-results", is_flag=True, help="Only write the frames; -w - does that anyway.")
@VERIFY
@KERNEL_LOG
def capture(words: tuple[str, ...], **options: Any) -> None:
    """Capture on an interface until it is interrupted, then say of each connection what `analyze` says.

    The first interrupt (^C) ends the capture, and the results are written. Needs root or the capability
    CAP_NET_RAW; without, tcpdump can capture: sudo tcpdump -i lo -U -w - | tcptrace analyze -
    """
    request = _understand(" ".join(words), options)
    from tcptrace.cli.run_capture import run

    run(request)


capture.params += [each for each in analyze.params if each.name not in ITS_OWN]


def _understand(words: str, options: dict[str, Any]) -> CaptureRequest:
    """Return the request, or say which options do not go together."""
    own = {
        name: options.pop(name)
        for name in (
            *("interfaces", "path", "form", "limit", "duration_s", "promiscuous", "buffer_octets"),
            *("verify", "kernel_log"),
        )
    }
    snap, no_results = options.pop("snap") or MAX_SNAP, options.pop("no_results")
    own["user"] = options.pop("user")
    own["ring"] = not options.pop("no_ring")
    if not own["interfaces"]:
        raise UsageError("-i: missing; name an interface, e.g. -i lo, or -i any")
    if own["promiscuous"] and "any" in own["interfaces"]:
        raise UsageError("--promiscuous: not with -i any; name the interfaces that are to be so")
    if own["duration_s"] is not None and not 0 < own["duration_s"] < float("inf"):
        raise UsageError(f"--duration {own['duration_s']:g}: no time; give seconds above 0")
    is_piped = own["path"] == "-"
    forms = [f"--{name}" for name in ("json", "csv") if options[f"is_{name}"]]
    forms += [f"--{name}" for name in ("summary", "live") if options[f"is_{name}"]]
    if forms and (is_piped or no_results):
        other = "-w -" if is_piped else "--no-results"
        raise UsageError(f"{forms[0]}: {other} writes no results; choose one")
    if no_results and own["path"] is None:
        raise UsageError("--no-results: nothing would come out; add -w FILE")
    check_verify(own["verify"], own["kernel_log"], options["is_csv"], is_piped or no_results)
    turns = _turns(own["path"], options.pop("megabytes"), options.pop("seconds"), options.pop("files"))
    results = None
    if not (is_piped or no_results):
        results = make_request(own["interfaces"], "", {**options, "follow": False})
    return CaptureRequest(filter=words, snap=snap, turns=turns, results=results, **own)


def check_verify(verify: bool, kernel_log: str | None, is_csv: bool, is_mute: bool) -> None:
    """Say which options do not go with --verify and --kernel-log."""
    if verify and is_mute:
        raise UsageError(
            "--verify: it needs results to verify; write --kernel-log LOG, then analyze --kernel-log LOG"
        )
    if verify and is_csv:
        raise UsageError("--verify: --csv has no row for a verdict; choose --json")
    if kernel_log == "-":
        raise UsageError("--kernel-log -: results go to standard output; name a file")


def _turns(path: str | None, megabytes: int | None, seconds: int | None, files: int | None) -> Turns | None:
    """Return how files take turns, ``None`` for one file."""
    given = [
        option for option, value in (("-C", megabytes), ("-G", seconds), ("-W", files)) if value is not None
    ]
    if not given:
        return None
    if path in (None, "-"):
        raise UsageError(f"{given[0]}: no files without a name; add -w FILE")
    if given == ["-W"]:
        raise UsageError("-W: of one file there is no next; add -C or -G")
    return Turns(None if megabytes is None else megabytes * MEGABYTE, seconds, files)
