"""What ``analyze`` is asked for, and how its options go together; nothing here needs the command line's library."""

from tcptrace.model.errors import UsageError
from tcptrace.model.light import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from typing import Any

# How long Linux, macOS and Windows really stay in TIME-WAIT, halved; RFC 9293 3.4.2 has two minutes.
STACKS = {
    "linux": (30.0, "Linux"),
    "macos": (15.0, "macOS"),
    "windows": (60.0, "Windows"),
    "rfc": (120.0, "RFC 9293"),
}
_MAX_MSL_S = 86_400.0


class Request(NamedTuple):
    """The command line, understood."""

    paths: tuple[str, ...]
    filter: str
    form: str  # "table", "json" or "csv"
    msl_s: float
    msl_text: str  # for people, e.g. "MSL 120 s, RFC 9293"
    is_summary: bool = False
    has_frames: bool = False
    is_long: bool = False
    show_all: bool = False
    is_live: bool = False  # tell each step as it is made
    sort: str = "last"  # of the live table
    follow: bool = False  # the file grows
    order: str | None = None  # None: by the kind of input
    checksums: str = "flags"
    max_findings: int = 1000
    max_connections: int = 1_000_000
    streams: tuple[int, ...] = ()
    states: tuple[str, ...] = ()
    outcomes: tuple[str, ...] = ()
    passed: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    kernel_log: str | None = None  # what the kernel said of these connections
    utc: bool = False
    colour: str = "auto"


DEFAULTS: "dict[str, Any]" = Request._field_defaults  # of the options, too


def make_request(paths: tuple[str, ...], condition: str, options: "dict[str, Any]") -> Request:
    """Understand the options of ``analyze``, which all commands that end in its results have."""
    is_json, is_csv, _ = options.pop("is_json", False), options.pop("is_csv", False), options.pop("n", False)
    if is_json and is_csv:
        raise UsageError("--json and --csv: two formats; choose one")
    if is_csv and options.get("is_summary"):
        raise UsageError("--csv: --summary has no such form; choose --json or neither")
    if options.get("has_frames") and (not is_json or options.get("is_summary")):
        raise UsageError("--frames: it adds records to --json; write --json --frames")
    if options.get("is_live") and (is_csv or options.get("is_summary")):
        raise UsageError(f"--live: {'--csv' if is_csv else '--summary'} tells no steps; choose one")
    if options.get("is_long") and (is_csv or options.get("is_summary")):
        raise UsageError("--long: measures are for each connection; leave --csv and --summary out")
    if is_csv and options.get("kernel_log"):
        raise UsageError("--kernel-log: --csv has no row for a verdict; choose --json")
    value, text = understand_msl(options.pop("msl_s", None), options.pop("stack", None))
    form = "json" if is_json else "csv" if is_csv else "table"
    return Request(paths=paths, filter=condition, form=form, msl_s=value, msl_text=text, **options)


def understand_msl(given: float | None, stack: str | None) -> tuple[float, str]:
    """Return the MSL in seconds, and what to call it."""
    if given is None:
        value, source = STACKS[stack or "rfc"]
        return value, f"MSL {value:g} s, {source}"
    if stack is not None:
        raise UsageError("--msl and --stack: two MSLs; choose one")
    if not 0 < given <= _MAX_MSL_S:  # nor is NaN
        raise UsageError(
            f"--msl {given:g}: no lifetime; give seconds, more than 0 and at most {_MAX_MSL_S:,.0f}"
        )
    return given, f"MSL {given:g} s, --msl"
