"""What happens to connections while frames still come: each step as it is made, and as it is withdrawn.

After a batch the steps of each connection that it touched are held against those told before. What is not among them
any more was refuted by a later segment; what is new has happened. How sure a step is may change without a word.
"""

from array import array
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from tcptrace import kernels
from tcptrace.find.record import Recorder
from tcptrace.model.records import Connection, Moved, Transition, Withdrawn

if TYPE_CHECKING:
    from tcptrace.flow import rows
    from tcptrace.tcp.replay import Replay
else:
    rows = kernels.load("flow.rows")

Tell = Callable[[Moved], None]
_Key = tuple[int | None, str, str, str, str]


class Watcher:
    """Tells the changes of one replay."""

    def __init__(self, replay: "Replay", recorder: Recorder, tell: Tell) -> None:
        self._replay = replay
        self._recorder = recorder
        self._tell = tell
        self.current: dict[int, Connection] = {}  # stream -> what was told of it, until it is over

    def look(self, streams: Iterable[int]) -> None:
        """Tell what has happened to some connections, withdrawals before what takes their place."""
        for number in sorted(set(streams)):
            row = self._replay.store.streams[number]
            if row is not None:  # else it is over and written
                self._compare(self._peek(row))

    def end(self, record: Connection) -> None:
        """Tell what is still to be told of a connection that is over, timers included, and forget it."""
        self._compare(record)
        del self.current[record.stream]

    def _peek(self, row: "rows.Stream | rows.Entry | bytes") -> Connection:
        """Return the record of a connection as it stands."""
        replay = self._replay
        packed = isinstance(row, bytes)
        if isinstance(row, bytes):
            row = replay.store.packer.unpack(row)
        elif isinstance(row, rows.Entry):  # a lone SYN gets its row earlier than it would without a watcher
            row = replay.wake(row)
        # A look is no step of the machine: how often its cells fired is not to count it.
        hits = array("q", replay.paths.hits)
        record = self._recorder.record(row)
        replay.paths.hits = hits
        if packed:
            if row.notes is not None:
                replay.store.packer.notes[row.number] = row.notes
            for end in (row.low, row.high):
                if end is not None:
                    replay.paths.release(end)
        return record

    def _compare(self, record: Connection) -> None:
        old = self.current.get(record.stream)
        self.current[record.stream] = record
        before, now = [] if old is None else old.transitions, record.transitions
        if before == now:
            return
        known, still = {_key(step) for step in before}, {_key(step) for step in now}
        for step in reversed(before):
            if _key(step) not in still:
                self._tell(_change(Withdrawn, record.stream, step))
        for step in now:
            if _key(step) not in known:
                self._tell(_change(Moved, record.stream, step))


def _key(step: Transition) -> _Key:
    """Return what makes a step the same step, however sure it is."""
    return step.frame, step.side, step.from_state, step.to_state, step.cause


def _change(kind: type[Moved], stream: int, step: Transition) -> Moved:
    return kind(
        schema=1,
        stream=stream,
        frame=step.frame,
        time_ns=step.time_ns,
        side=step.side,
        from_state=step.from_state,
        to_state=step.to_state,
        cause=step.cause,
        evidence=step.evidence,
        proof=step.proof,
        rule=step.rule,
    )
