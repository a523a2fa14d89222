"""The kernel's tracepoints (tracefs, Linux): whether they can be read here."""

import os
from pathlib import Path

PLACES = (Path("/sys/kernel/tracing"), Path("/sys/kernel/debug/tracing"))
STATES = Path("events", "sock", "inet_sock_set_state")  # each step of each TCP socket


def find_tracefs() -> Path | None:
    """Return where tracefs is mounted, ``None`` where it is not, or nothing of it may be seen."""
    return next((place for place in PLACES if (place / "instances").is_dir()), None)


def why_no_states() -> str | None:
    """Say in a few words why the kernel's own steps cannot be traced; ``None`` where they can."""
    place = find_tracefs()
    if place is None:
        if os.geteuid() != 0:
            return "root only"
        return "tracefs is not mounted; mount -t tracefs tracefs /sys/kernel/tracing"
    if not (place / STATES).is_dir():
        return "this kernel has no tracepoint sock:inet_sock_set_state"
    if not os.access(place / "instances", os.W_OK):
        return "root only"
    return None
