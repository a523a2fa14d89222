"""What ``tcptrace demo`` does once its command line is understood."""

from importlib.resources import files
from typing import TYPE_CHECKING, NamedTuple

from tcptrace.cli import terminal
from tcptrace.kernel.namespace import enter_private_network
from tcptrace.lab.client import drive
from tcptrace.lab.serving import serving
from tcptrace.model.errors import InputError
from tcptrace.session import MSL_S, analyze
from tcptrace.show.ladder import ladder
from tcptrace.show.paint import painter
from tcptrace.show.text import Clock, escape
from tcptrace.source.dump import CaptureFile, create
from tcptrace.source.filter import compile_filter
from tcptrace.source.live import LiveSource

if TYPE_CHECKING:
    from tcptrace.session import Readable

STYLE = "blocking"  # one thread: when it has ended, every segment has been sent
BUNDLED = "demo.pcapng"  # in the package tcptrace.lab; made by `tcptrace demo -w`
WIDTH = 80
_COMES_WITH = "From the capture that comes with tcptrace"
_MACHINE = "Captured just now on this machine's loopback"
_PRIVATE = (
    "Captured just now on the loopback of a private network (no permission to capture on this machine's)"
)


class Seen(NamedTuple):
    """What there is to show."""

    place: str  # where it was captured, for people
    said: list[str]  # by the client
    source: "Readable"


def run(app: str, path: str | None, bundled: bool, *, ascii_only: bool, utc: bool, colour: str) -> None:
    """Serve, talk, capture, and write where that was, what was said, and a ladder for each connection."""
    out = terminal.Output(terminal.Progress())
    seen = Seen(_COMES_WITH, [], _bundled()) if bundled else _see(app, path)
    out.write_text(f"{seen.place}:\n\n")
    for said in seen.said:
        out.write_text(f"  {escape(said)}\n")
    if seen.said:
        out.write_text("\n")
    paint = painter(terminal.use_colour(colour))
    width = terminal.output_width() or WIDTH
    ascii_only = ascii_only or terminal.output_is_ascii()
    analysis = analyze(seen.source, segments=True)
    for connection in analysis:
        segments = analysis.segments_of(connection.stream)
        drawn = ladder(
            connection, segments, width=width, ascii_only=ascii_only, fold=True, msl_s=MSL_S, clock=Clock(utc)
        )
        for line in drawn:
            out.write_text(paint(line) + "\n")
    if path is not None:
        out.write_text(f"\nThe frames are in {escape(path)}.\n")
    out.flush()


def _see(app: str, path: str | None) -> Seen:
    """Capture where that is allowed; else take the bundled capture."""
    place = _MACHINE
    try:
        source = LiveSource(["lo"])
    except InputError:
        place = _PRIVATE
        try:
            enter_private_network()
            source = LiveSource(["lo"])
        except InputError as error:
            if path is not None:
                raise InputError(f"-w {path}: nothing to write, for {error}") from None
            return Seen(f"{_COMES_WITH}, since nothing may be captured here ({error})", [], _bundled())
    source.close()
    return Seen(place, *_capture(app, path))


def _capture(app: str, path: str | None) -> tuple[list[str], LiveSource]:
    """Capture a conversation on lo; return what the client said, and the source, in which the frames wait."""
    with serving(STYLE, app) as address:
        words = f"host {address.host} and tcp port {address.port}"
        source = LiveSource(["lo"], words=compile_filter(words))
        try:
            if path is not None:
                file = CaptureFile(path, create(path), "pcapng", source.interfaces, source.snap, words)
                source.write_to(file)
            source.start()
            said = list(drive(app, address))
        except BaseException:
            source.close()
            raise
    source.stop()  # the server has ended, so every segment has been sent
    return said, source


def _bundled() -> bytes:
    return files("tcptrace.lab").joinpath(BUNDLED).read_bytes()
