"""The thread that copies whole blocks out of the kernel's rings, so that these have room again.

Whoever walks through the copies may be slower for a while: at most ``WAITING_BLOCKS`` wait for that. Beyond it
the copier waits too, the rings fill up, and the kernel counts what it drops.
"""

import errno
import os
import select
import threading
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress

from tcptrace.source.interface import is_there
from tcptrace.source.packet_socket import BLOCK_OCTETS, PacketSocket
from tcptrace.source.ring import RETIRE_MS

WAITING_BLOCKS = 256
_DRAIN_S = 1.0  # at most; the kernel hands over the last block within RETIRE_MS, as a rule


class Copier:
    """Blocks of some rings, in the order in which the kernel hands them over."""

    def __init__(self, rings: Sequence[PacketSocket], duration_s: float | None) -> None:
        """Copy for ``duration_s`` seconds from ``start`` on, without it until ``stop``."""
        self.problem: str | None = None  # why it ended by itself
        self._rings = rings
        self._duration_s = duration_s
        self._waiting: deque[tuple[int, bytearray]] = deque()  # ring, block
        self._free: list[bytearray] = []  # fresh memory costs more than the copy: it is used again
        self._changed = threading.Condition()
        self._ended = False  # the thread adds no more
        self._abandoned = False  # nobody takes any more
        self._stopping = False
        self._wake, self._wake_end = os.pipe()
        os.set_blocking(self._wake_end, False)
        self._poll = select.poll()
        self._poll.register(self._wake, select.POLLIN)
        self._gone: set[int] = set()  # descriptors of rings whose interface is gone
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Let frames come."""
        for ring in self._rings:
            self._poll.register(ring.fileno(), select.POLLIN | select.POLLERR)
            ring.start()
        self._thread = threading.Thread(target=self._run, name="tcptrace-ring", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End soon: what has come until now is still to be had. Takes no lock: a signal handler may call it."""
        self._stopping = True
        with suppress(OSError):  # full: it has been woken already; closed: it needs no waking
            os.write(self._wake_end, b"\0")

    @property
    def is_over(self) -> bool:
        """Whether every block has been taken that there will be."""
        return (self._ended or self._thread is None) and not self._waiting

    def next_block(self, wait_s: float | None = None) -> tuple[int, bytearray] | None:
        """Wait for a block and return it with its ring's number; ``None`` at the end, or after ``wait_s``."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self.is_over, wait_s)
            if not self._waiting:
                return None
            self._changed.notify_all()
            return self._waiting.popleft()

    def give_back(self, block: bytearray) -> None:
        """Let the memory of a block that was taken be used again."""
        self._free.append(block)

    def close(self) -> None:
        """Wait for the thread's end, dropping what nobody took."""
        self._abandoned = True
        self.stop()
        with self._changed:
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join()
        os.close(self._wake)
        os.close(self._wake_end)

    # -- the thread ----------------------------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            self._copy()
            if not self._abandoned:
                self._drain()
        except OSError as error:  # nothing that is known to happen; but then it is to be said
            self.problem = f"capturing failed: {error.strerror or error}"
        finally:
            with self._changed:
                self._ended = True
                self._changed.notify_all()

    def _copy(self) -> None:
        """Copy blocks until somebody stops it, the time is over, or every interface is gone."""
        deadline = None if self._duration_s is None else time.monotonic() + self._duration_s
        while not self._stopping:
            rest_s = None if deadline is None else deadline - time.monotonic()
            if rest_s is not None and rest_s <= 0:
                return
            if self._take():
                continue
            for descriptor, event in self._poll.poll(None if rest_s is None else rest_s * 1000 + 1):
                if event & select.POLLERR and self._is_gone(descriptor):
                    return

    def _drain(self) -> None:
        """Let nothing more come, and copy what has come: the kernel says how many frames that are."""
        for ring in self._rings:
            ring.refuse()
        deadline = time.monotonic() + _DRAIN_S
        while not self._abandoned and time.monotonic() < deadline:
            if self._take():  # however long whoever takes the copies kept it waiting
                deadline = time.monotonic() + _DRAIN_S
            # Behind `_take`, so that a frame which was on its way when the kernel began to refuse is counted.
            if all(ring.is_drained() for ring in self._rings) and not self._take():
                return
            time.sleep(RETIRE_MS / 10_000)

    def _take(self) -> bool:
        """Copy the blocks that are ready, a ring a turn; say whether there was one."""
        found = False
        for number, ring in enumerate(self._rings):
            if not ring.is_ready():
                continue
            found = True
            block = self._free.pop() if self._free else bytearray(BLOCK_OCTETS)
            ring.take(block)
            with self._changed:
                while len(self._waiting) >= WAITING_BLOCKS and not self._abandoned:
                    self._changed.wait()
                self._waiting.append((number, block))
                self._changed.notify_all()
        return found

    def _is_gone(self, descriptor: int) -> bool:
        """Look why a ring complains; say whether every interface is gone. One that is only down may come up again."""
        for ring in self._rings:
            if ring.fileno() == descriptor:
                number = ring.fault()
                if number not in (0, errno.ENETDOWN):
                    self.problem = f"{ring.interface.name}: {os.strerror(number)}"
                elif number and not is_there(ring.interface):
                    self.problem = f"{ring.interface.name}: the interface is gone"
                else:
                    continue
                self._poll.unregister(descriptor)
                self._gone.add(descriptor)
        return len(self._gone) == len(self._rings)
