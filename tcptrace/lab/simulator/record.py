"""A simulation kept as a scenario with real sockets is: the capture, and the true path of each end."""

from tcptrace.kernel.paths import Life
from tcptrace.lab.path import SIDES
from tcptrace.lab.recording import Recording, recording
from tcptrace.lab.simulator.endpoint import Endpoint
from tcptrace.lab.simulator.script import Script
from tcptrace.lab.simulator.simulate import BEGIN_NS, Simulation
from tcptrace.lab.tap import RAW

_ENDS = {0.0: "client", 1.0: "server"}


def place_of(tap: float) -> str:
    """Return what a capture's place is called: ``client``, ``server``, or the number of one between."""
    return _ENDS.get(tap, f"{tap:g}")


def simulated(name: str, script: Script, seed: int) -> Recording:
    """Simulate a scenario; its one capture is at ``place_of(script.tap)``."""
    outcome = Simulation(script, seed).run()
    lives = {side: [_life(end) for end in outcome.lives[side]] for side in SIDES}
    ports = {side: {one.port} if (one := script.listens.get(side)) else set() for side in SIDES}
    return recording(name, {place_of(script.tap): (outcome.frames, RAW)}, lives, ports, BEGIN_NS)


def _life(end: Endpoint) -> Life:
    life = Life(end.local, end.remote, end.path[:1])
    for step in end.steps:
        life.go(step.to_state, step.time_ns, "simulated")
    return life
