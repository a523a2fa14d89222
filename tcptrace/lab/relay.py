"""The relay: a thread that carries packets between two TUN devices, as a ``Path`` decides."""

import heapq
import os
import select
import threading
import time
from collections.abc import Mapping
from contextlib import suppress

from tcptrace.lab.path import SIDES, Path
from tcptrace.lab.segment import Segment, read_segment

_PACKET = 65_536
_NAP_S = 0.002


class Relay:
    """Carries packets from side to side until it is closed. Descriptors by side; they do not block."""

    def __init__(self, devices: Mapping[str, int], path: Path) -> None:
        self._devices = devices
        self._path = path
        self._lock = threading.Lock()  # rules change while packets pass
        self._pending: list[tuple[float, int, str, bytes]] = []  # due, number, to whom, packet
        self._number = 0
        self._last = time.monotonic()  # when a packet last came or went
        self._wake, self._wake_end = os.pipe()
        self._is_over = False
        self._rounds = 0  # how often it has looked for packets
        self.sent: dict[str, list[Segment]] = {side: [] for side in SIDES}  # what each side has sent
        self._thread = threading.Thread(target=self._run, name="relay", daemon=True)
        self._thread.start()

    def inject(self, to: str, packet: bytes, after_s: float = 0.0) -> None:
        """Have a packet arrive at one side that nobody sent."""
        with self._lock:
            self._push(time.monotonic() + after_s, to, packet)
        os.write(self._wake_end, b"x")

    def settle(self, quiet_s: float = 0.07, longest_s: float = 20.0) -> None:
        """Wait until nothing is under way and for ``quiet_s`` nothing has come: longer than a delayed ACK.

        On a busy machine the relay itself may be kept waiting: quiet is only what it has looked for and not found.
        """
        begin = time.monotonic()
        looked: int | None = None  # its rounds when it seemed quiet
        while time.monotonic() < begin + longest_s:
            with self._lock:
                idle_s = time.monotonic() - max(self._last, begin)
                is_quiet, rounds = not self._pending and idle_s >= quiet_s, self._rounds
            if not is_quiet:
                looked = None
            elif looked is None:
                looked = rounds
                os.write(self._wake_end, b"x")
            elif rounds >= looked + 2:  # the one that was under way, and a whole one
                return
            else:
                os.write(self._wake_end, b"x")
            time.sleep(_NAP_S)

    def close(self) -> None:
        """End."""
        self._is_over = True
        os.write(self._wake_end, b"x")
        self._thread.join()
        os.close(self._wake)
        os.close(self._wake_end)

    def _run(self) -> None:
        waiting = select.poll()
        for descriptor in (*self._devices.values(), self._wake):
            waiting.register(descriptor, select.POLLIN)
        while not self._is_over:
            due_ms = None
            with self._lock:
                if self._pending:
                    due_ms = max(0.0, (self._pending[0][0] - time.monotonic()) * 1000)
            for ready, _ in waiting.poll(due_ms):
                if ready == self._wake:
                    os.read(self._wake, 64)
            for sender, other in (SIDES, SIDES[::-1]):
                self._collect(sender, other)
            self._deliver()
            with self._lock:
                self._rounds += 1

    def _collect(self, sender: str, other: str) -> None:
        """Take what one side has sent."""
        with suppress(BlockingIOError):
            while True:
                packet = os.read(self._devices[sender], _PACKET)
                now = time.monotonic()
                segment = read_segment(packet)
                if segment is None:
                    continue  # IPv6's own talk with its neighbours
                with self._lock:
                    self._last = now
                    self.sent[sender].append(segment)
                    for late_s in self._path.arrivals_s(sender, packet):
                        self._push(now + late_s, other, packet)

    def _push(self, due: float, to: str, packet: bytes) -> None:
        self._number += 1
        heapq.heappush(self._pending, (due, self._number, to, packet))

    def _deliver(self) -> None:
        """Hand over what is due."""
        with self._lock:
            while self._pending and self._pending[0][0] <= time.monotonic():
                _, _, to, packet = heapq.heappop(self._pending)
                self._last = time.monotonic()
                with suppress(OSError):  # an interface that is down takes nothing
                    os.write(self._devices[to], packet)
