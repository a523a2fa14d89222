"""What passes this machine's loopback interface, written to a file while a test runs."""

import threading
import time
from pathlib import Path

from tcptrace.source.dump import CaptureFile, create
from tcptrace.source.live import LiveSource
from tcptrace.wire.writer import MAX_SNAP

QUIET_S = 0.15  # the kernel hands over what has come within 60 ms
SETTLE_S = 3.0  # so long is waited at most until nothing more comes


class Recording:
    """A running capture of lo. ``InputError`` where there is no permission."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._source = LiveSource(["lo"])
        try:
            self._file = CaptureFile(
                str(path), create(str(path)), "pcapng", self._source.interfaces, MAX_SNAP, ""
            )
            self._source.write_to(self._file)
            self._source.start()
        except BaseException:
            self._source.close()
            raise
        self._thread = threading.Thread(target=self._run, name="tcptrace-recording", daemon=True)
        self._thread.start()
        self._is_running = True

    def _run(self) -> None:
        """Have each batch written down."""
        for _ in self._source.batches():
            pass

    @property
    def frames(self) -> int:
        """How many frames have been written so far."""
        return self._source.captured

    @property
    def problem(self) -> str | None:
        """Why the file is not whole, ``None`` where it is."""
        if self._file.problem or self._source.problem:
            return self._file.problem or self._source.problem
        dropped = self._source.dropped
        return f"the kernel dropped {dropped} frames" if dropped else None

    def settle(self) -> None:
        """Wait until nothing has come for a moment: what was sent before is then in the file."""
        if not self._is_running:
            return
        began = since = time.monotonic()
        seen = self.frames
        while time.monotonic() - since < QUIET_S and time.monotonic() - began < SETTLE_S:
            time.sleep(0.01)
            if self.frames != seen:
                seen, since = self.frames, time.monotonic()

    def stop(self) -> None:
        """End the capture; the file is then whole."""
        if not self._is_running:
            return
        self._is_running = False
        self._source.stop()
        self._thread.join()
        self._source.close()
        self._file.close()
