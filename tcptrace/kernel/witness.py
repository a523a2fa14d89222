"""A process beside the capture that writes down what the kernel says of its sockets.

It is forked before root's rights are given up, and keeps them: it reads the tracepoint and ``sock_diag``, never a
frame of a stranger's. It ends with its parent, whatever the parent's end, for their line to each other is then closed.
"""

import os
import select
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import suppress

from tcptrace.kernel.log import Line, LogBegin, LogChange, LogEnd, LogSocket, encode
from tcptrace.kernel.sock_diag import Key, SockDiag, pair_of
from tcptrace.kernel.tracepoint import STATES, Change, Tracepoint
from tcptrace.model.errors import InputError
from tcptrace.model.records import Endpoint
from tcptrace.model.state_words import State

POLL_S = 0.005
_SHARE = 4  # it rests at least so many times as long as a question took
_GO, _STOP, _DONE = b"go", b"stop", b"done"
_WORD = 4096
_WAIT_S = 60.0  # for an answer


class Witness:
    """The process, from its parent's side. Made before there is a thread, and before rights are given up."""

    def __init__(self) -> None:
        """Fork it. ``InputError`` where that fails."""
        self._line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._line.settimeout(_WAIT_S)
        try:
            self._pid = os.fork()
        except OSError as error:
            raise InputError(f"--verify: no process for it: {error.strerror}") from None
        if self._pid == 0:
            try:
                self._line.close()
                _serve(theirs)
            finally:
                os._exit(0)
        theirs.close()

    def begin(self, descriptor: int) -> None:
        """Have it write to ``descriptor``; on return the tracepoint runs and the kernel was asked once."""
        try:
            socket.send_fds(self._line, [_GO], [descriptor])
            said = self._line.recv(_WORD)
        except OSError:
            said = b""
        if said != _GO:
            raise InputError(f"--verify: the kernel cannot be asked: {said.decode() or 'its witness ended'}")

    def stop(self) -> str | None:
        """Have it ask for the last time and write what is left; return why not everything is written, if so."""
        with suppress(OSError):  # it has ended; why, may still be heard
            self._line.send(_STOP)
        try:
            said = self._line.recv(_WORD)
        except OSError:
            said = b""
        self.close()
        return None if said == _DONE else said.decode() or "its witness ended"

    def close(self) -> None:
        """Let it end, and wait for that."""
        if self._pid:
            self._line.close()
            os.waitpid(self._pid, 0)
            self._pid = 0


def _serve(line: socket.socket) -> None:
    """Be the witness, until the parent says so or is gone."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # they are for the parent
        signal.signal(number, signal.SIG_IGN)
    tracepoint, reason = None, None
    try:
        tracepoint = Tracepoint(0, 65_535)
    except InputError as error:
        reason = str(error)
    try:
        _, descriptors, _, _ = socket.recv_fds(line, len(_GO), 1)
        if descriptors:
            _record(line, descriptors[0], tracepoint, reason)
    except OSError as error:
        line.send((error.strerror or str(error)).encode())
    finally:
        if tracepoint is not None:
            tracepoint.close()


def _record(line: socket.socket, output: int, tracepoint: Tracepoint | None, reason: str | None) -> None:
    """Write the log; ``OSError`` where the kernel does not answer or nothing can be written."""
    watch = _Watch(tracepoint)
    begun = LogBegin(
        schema=1, since_ns=time.time_ns(), tracepoint=tracepoint is not None, reason=reason, poll_s=POLL_S
    )
    _write(output, encode([begun, *watch.look()]))
    line.send(_GO)
    waiting = select.poll()
    waiting.register(line, select.POLLIN)
    took_s = 0.0
    while not waiting.poll(1000 * max(POLL_S, _SHARE * took_s)):
        began = time.monotonic()
        _write(output, encode(watch.look()))
        took_s = time.monotonic() - began
    if not line.recv(_WORD):
        return  # the parent is gone
    # Twice: a socket is gone when two questions in a row say so.
    rest = [*watch.look(), *watch.look()]
    lost = tracepoint is not None and tracepoint.lost
    rest.append(LogEnd(until_ns=watch.asked_ns, polls=watch.polls, lost=lost, problem=None))
    _write(output, encode(rest))
    line.send(_DONE)


class _Watch:
    """What the kernel said so far, so that only what is new is written."""

    def __init__(self, tracepoint: Tracepoint | None) -> None:
        self._tracepoint = tracepoint
        self._diag = SockDiag()
        self._known: dict[Key, int] = {}
        self._missing: dict[
            Key, tuple[int, int]
        ] = {}  # -> the first question without an answer, the one before
        self._numbers: dict[int, int] = {}  # the kernel's addresses are nobody's business
        self.asked_ns = 0
        self.polls = 0

    def look(self) -> list[Line]:
        """Return what is new."""
        offset_ns = time.time_ns() - time.monotonic_ns()
        found: list[Line] = []
        if self._tracepoint is not None:
            found += [self._changed(change, offset_ns) for change in self._tracepoint.changes()]
        return found + list(self._poll())

    def _changed(self, change: Change, offset_ns: int) -> LogChange:
        return LogChange(
            time_ns=change.time_ns + offset_ns,
            socket=self._numbers.setdefault(change.socket, len(self._numbers) + 1),
            local=Endpoint(*change.local),
            remote=Endpoint(*change.remote),
            from_state=change.old,
            to_state=change.new,
        )

    def _poll(self) -> Iterator[LogSocket]:
        """Ask once, and yield the differences from the time before."""
        before_ns, self.asked_ns = self.asked_ns, time.time_ns()
        states = self._diag.states()
        self.polls += 1
        known = self._known
        for key, state in states.items():
            if known.get(key) != state:
                yield _met(self.asked_ns, before_ns or None, key, STATES[state])
        for key in known.keys() - states.keys():
            missed = self._missing.pop(key, None)
            if missed is None:  # a dump is no snapshot: one that is being moved may be passed over
                self._missing[key] = self.asked_ns, before_ns
                states[key] = known[key]
            else:
                yield _met(*missed, key, None)
        self._missing = {key: missed for key, missed in self._missing.items() if missed[0] == self.asked_ns}
        self._known = states


def _met(time_ns: int, before_ns: int | None, key: Key, state: State | None) -> LogSocket:
    local, remote = pair_of(key)
    return LogSocket(
        time_ns=time_ns, before_ns=before_ns, local=Endpoint(*local), remote=Endpoint(*remote), state=state
    )


def _write(output: int, octets: bytes) -> None:
    """Write all of it. Raises ``OSError``."""
    while octets:
        octets = octets[os.write(output, octets) :]
