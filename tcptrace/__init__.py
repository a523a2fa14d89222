"""tcptrace: in which RFC 9293 state each end of each TCP connection was, why, and how sure that is.

``analyze(path, file or bytes)`` gives connections lazily; ``tcptrace.tcp.machine.RULES`` (also
``tcptrace.machine.RULES``) is the state machine as a table; ``tcptrace.plot`` draws. Nothing heavy is imported until
it is used.
"""

from typing import TYPE_CHECKING, Any

from tcptrace.version import VERSION as __version__

if TYPE_CHECKING:
    from tcptrace import plot
    from tcptrace.model.errors import InputError, TcptraceError, UsageError
    from tcptrace.session import Analysis, analyze
    from tcptrace.tcp import machine

__all__ = [
    "Analysis",
    "InputError",
    "TcptraceError",
    "UsageError",
    "__version__",
    "analyze",
    "machine",
    "plot",
]

_HOMES = {
    "Analysis": "tcptrace.session",
    "analyze": "tcptrace.session",
    "InputError": "tcptrace.model.errors",
    "TcptraceError": "tcptrace.model.errors",
    "UsageError": "tcptrace.model.errors",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used."""
    from importlib import import_module

    if name == "plot":
        return import_module("tcptrace.plot")
    if name == "machine":
        return import_module("tcptrace.tcp.machine")
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'tcptrace' has no attribute {name!r}")
