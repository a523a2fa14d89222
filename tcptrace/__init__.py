"""tcptrace: in which RFC 9293 state each end of each TCP connection was, why, and how sure that is.

``analyze(path, file or bytes)`` gives connections lazily, ``read`` all at once, with ladders and data frames;
``tcptrace.machine.RULES`` is the state machine as a table; ``tcptrace.plot`` draws; ``tcptrace.lab``
serves and drives. Nothing heavy is imported until it is used. A notebook shows
connections as tables.
"""

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from tcptrace import lab, plot
    from tcptrace.model.errors import InputError, TcptraceError, UsageError
    from tcptrace.reading import Connections, read
    from tcptrace.session import Analysis, analyze
    from tcptrace.tcp import machine
    from tcptrace.version import VERSION as __version__

__all__ = [
    "Analysis",
    "Connections",
    "InputError",
    "TcptraceError",
    "UsageError",
    "__version__",
    "analyze",
    "lab",
    "machine",
    "plot",
    "read",
]

# Each public name, where it is, and what it is called there; nothing: it is that module.
_HOMES = {
    "__version__": ("tcptrace.version", "VERSION"),
    "Analysis": ("tcptrace.session", "Analysis"),
    "analyze": ("tcptrace.session", "analyze"),
    "Connections": ("tcptrace.reading", "Connections"),
    "read": ("tcptrace.reading", "read"),
    "InputError": ("tcptrace.model.errors", "InputError"),
    "TcptraceError": ("tcptrace.model.errors", "TcptraceError"),
    "UsageError": ("tcptrace.model.errors", "UsageError"),
    "lab": ("tcptrace.lab", ""),
    "machine": ("tcptrace.tcp.machine", ""),
    "plot": ("tcptrace.plot", ""),
}


def __getattr__(name: str) -> "Any":
    """Import a public name when it is first used."""
    from_module, wanted = _HOMES.get(name, ("", ""))
    if not from_module:  # e.g. a module: it is looked for here before it is imported
        raise AttributeError(f"module 'tcptrace' has no attribute {name!r}")
    from importlib import import_module

    home = import_module(from_module)
    return getattr(home, wanted) if wanted else home


if "IPython" in sys.modules:
    from tcptrace.show.notebook import register

    register()
