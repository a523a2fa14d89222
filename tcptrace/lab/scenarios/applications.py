"""The applications of the test server, from host to host."""

from collections.abc import Callable

from tcptrace.lab.client import drive
from tcptrace.lab.path import SERVER_PORT
from tcptrace.lab.service import Options
from tcptrace.lab.serving import serving
from tcptrace.lab.world import World

_PATIENCE_S = 30.0


def served(style: str, app: str, times: int = 1) -> Callable[[World], None]:
    """Return a scenario: an application's client talks to its server."""

    def play(world: World) -> None:
        with world.server.inside():
            service = serving(style, app, Options(host=world.server.ip, port=SERVER_PORT))
            address = service.__enter__()
        try:
            for _ in range(times):
                with world.client.inside():
                    for _ in drive(app, address, _PATIENCE_S):
                        pass
            world.settle()
            world.end_capture()
        finally:
            service.__exit__(None, None, None)

    return play
