"""The errors a caller can meet.

``TcptraceError`` - base; ``exit_status`` is the process's (contract: 2 command line, 3 input)
    ``UsageError`` (2) - an argument or a filter that cannot be understood
    ``InputError`` (3) - the input cannot be read or captured: missing, not a capture, no permission

The message is one line that says what, where and what to do. Bytes from the network never raise.
"""


class TcptraceError(Exception):
    """Base of all errors raised on purpose; ``str()`` is one line for the user."""

    exit_status = 1


class UsageError(TcptraceError):
    """A command line, an argument or a filter that cannot be understood."""

    exit_status = 2


class InputError(TcptraceError):
    """An input that cannot be read or captured."""

    exit_status = 3
