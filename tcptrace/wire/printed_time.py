"""Times: what tcpdump prints before each line, as nanoseconds.

``23:46:06.464962`` time of day; ``-tt`` seconds since the epoch; ``-ttt`` since the line before and
``-ttttt`` since the first line, both after a blank or a minus sign; ``-tttt`` date and time; ``-t`` nothing.
The printing machine's time zone is not in the text: times of day and dates are taken as UTC, so that a
listing means the same on every machine.
"""

import re
from datetime import date

from tcptrace.wire.walk_codes import TIME_LIMIT_NS

DAY_NS = 86_400 * 10**9
SURE_AFTER = 64  # lines after which -ttt and -ttttt are told apart
_EPOCH_DAY = date(1970, 1, 1).toordinal()

# One blank ends each form; -ttt and -ttttt begin with a blank or a minus sign.
TIME = re.compile(
    r"(?:(?P<date>\d{4}-\d\d-\d\d) |(?P<delta>[ -]))?"
    r"(?P<h>\d\d):(?P<m>\d\d):(?P<s>\d\d)(?:\.(?P<fraction>\d{1,9}))? +"
    r"|(?P<epoch>\d{1,11})\.(?P<part>\d{1,9}) +",
    re.ASCII,
)


class Clock:
    """Times of a listing's lines, in order."""

    def __init__(self) -> None:
        self.date_known = True  # False once a line had no date
        self.deciding = False  # deltas were read and nobody knows yet since when they count
        self._last = 0  # time of the line before, or its delta while deciding
        self._day_ns = 0  # added to times of day after midnight
        self._from_first = False  # -ttttt
        self._deltas: list[int] = []
        self._decided = False

    @property
    def last_ns(self) -> int:
        """The time of the line before."""
        return self._last

    def read(self, match: "re.Match[str] | None") -> int | None:
        """Return the time that ``TIME`` found, or a delta as it stands while ``deciding``.

        A match of None stands for ``-t``. None is returned where no capture can have that time: there is no
        such day, or it is too far away; then the time of the line before still stands.
        """
        if match is None:
            self.date_known = False
            return self._last
        if match["epoch"] is not None:
            return self._move(int(match["epoch"]) * 10**9 + int(match["part"].ljust(9, "0")))
        fraction = match["fraction"] or ""
        in_day = (int(match["h"]) * 3600 + int(match["m"]) * 60 + int(match["s"])) * 10**9 + int(
            fraction.ljust(9, "0")
        )
        if match["date"] is not None:
            try:
                day = date.fromisoformat(match["date"]).toordinal() - _EPOCH_DAY
            except ValueError:
                return None
            return self._move(day * DAY_NS + in_day)
        self.date_known = False
        if match["delta"] is not None:
            return self._delta(-in_day if match["delta"] == "-" else in_day)
        return self._time_of_day(in_day)

    def _move(self, time_ns: int) -> int | None:
        """Make ``time_ns`` the line's time and return it; None where it is too far away."""
        if not -TIME_LIMIT_NS <= time_ns <= TIME_LIMIT_NS:  # the years 1823 to 2116
            return None
        self._last = time_ns
        return time_ns

    def _time_of_day(self, in_day: int) -> int | None:
        """Return the time, a day later each time that the clock has passed midnight."""
        moved = in_day + self._day_ns - self._last
        # Half a day tells midnight from a clock that went back a little, and from the last frames of the old
        # day.
        if moved < -DAY_NS // 2:
            self._day_ns += DAY_NS
        elif moved > DAY_NS // 2 and self._day_ns:
            self._day_ns -= DAY_NS
        return self._move(in_day + self._day_ns)

    def _delta(self, delta: int) -> int | None:
        if not self._decided:
            self.deciding = True
            self._deltas.append(delta)
            return delta
        return self._move(delta if self._from_first else self._last + delta)

    @property
    def sure(self) -> bool:
        """Whether enough deltas were read to tell what they count from."""
        return len(self._deltas) >= SURE_AFTER

    def settle(self, deltas: list[int | None]) -> list[int]:
        """Decide what the deltas count from, and return ``deltas`` (those read while deciding) as times.

        None, for a line without a time, has that of the line before.
        """
        # Since the first line they grow; since the line before they go up and down.
        falls = sum(later < earlier for earlier, later in zip(self._deltas, self._deltas[1:], strict=False))
        self._from_first = falls * 8 <= max(len(self._deltas) - 1, 0)
        self._decided = True
        self.deciding = False
        self._deltas = []
        times = []
        for delta in deltas:
            if delta is not None:
                self._move(delta if self._from_first else self._last + delta)
            times.append(self._last)
        return times
