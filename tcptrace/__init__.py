"""tcptrace: in which RFC 9293 state each end of each TCP connection was, why, and how sure that is.

``analyze(path, file or bytes)`` gives connections lazily, ``read`` all at once, with ladders and data frames;
``tcptrace.machine.RULES`` is the state machine as a table; ``tcptrace.plot`` draws; ``tcptrace.lab``
serves and drives. Nothing heavy is imported until it is used. A notebook shows
connections as tables.
"""

import sys

from tcptrace.version import VERSION as __version__

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from tcptrace import lab, plot
    from tcptrace.model.errors import InputError, TcptraceError, UsageError
    from tcptrace.reading import Connections, read
    from tcptrace.session import Analysis, analyze
    from tcptrace.tcp import machine

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

_MODULES = {"lab": "tcptrace.lab", "machine": "tcptrace.tcp.machine", "plot": "tcptrace.plot"}
_HOMES = {
    "Analysis": "tcptrace.session",
    "analyze": "tcptrace.session",
    "Connections": "tcptrace.reading",
    "read": "tcptrace.reading",
    "InputError": "tcptrace.model.errors",
    "TcptraceError": "tcptrace.model.errors",
    "UsageError": "tcptrace.model.errors",
}


def __getattr__(name: str) -> "Any":
    """Import a public name when it is first used."""
    if (
        name not in _HOMES and name not in _MODULES
    ):  # e.g. a module: it is looked for here before it is imported
        raise AttributeError(f"module 'tcptrace' has no attribute {name!r}")
    from importlib import import_module

    if name in _MODULES:
        return import_module(_MODULES[name])
    return getattr(import_module(_HOMES[name]), name)


if "IPython" in sys.modules:
    from tcptrace.show.notebook import register

    register()
