"""What ``tcptrace serve`` and ``tcptrace client`` do once their command line is understood."""

import signal
from types import FrameType

from tcptrace.cli import terminal
from tcptrace.lab.apps import APPS
from tcptrace.lab.client import drive
from tcptrace.lab.service import Options, Service, listen
from tcptrace.lab.serving import run
from tcptrace.show.text import plural


def serve(style: str, app: str, options: Options) -> None:
    """Serve until an interrupt; say where when it listens, and how many came when it ends."""
    out = terminal.Output(terminal.Progress(), prompt=True)
    service = Service(listen(options), APPS[app].application, options)

    def stop(_number: int, _frame: FrameType | None) -> None:
        # Not KeyboardInterrupt: raised at any instruction, it breaks what must not be broken (a thread's start, a lock).
        signal.signal(signal.SIGINT, signal.default_int_handler)  # a second Ctrl-C ends it anyhow
        service.stop()

    before = signal.signal(signal.SIGINT, stop)
    try:
        host, port = service.address
        where = f"http://{_bracketed(host)}:{port}/" if app == "http" else f"{host} port {port}"
        out.write_text(f"{app}, {style}: {where}; Ctrl-C ends it\n")
        run(style, service)
    except KeyboardInterrupt:
        pass  # the second one
    finally:
        signal.signal(signal.SIGINT, before)
        service.stop()
        service.close()
    out.write_text(f"{plural(service.accepted, 'connection')} served\n")


def client(app: str, address: tuple[str, int], count: int) -> None:
    """Talk to a server, and print a line for each exchange."""
    from tcptrace.show.text import escape

    out = terminal.Output(terminal.Progress(), prompt=True)
    for _ in range(count):
        for line in drive(app, address):
            out.write_text(escape(line) + "\n")


def _bracketed(host: str) -> str:
    """Return an address as it stands in a URL."""
    return f"[{host}]" if ":" in host else host
