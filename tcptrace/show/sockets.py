"""The kernel's sockets as a table, the inferred state beside the kernel's where there is one."""

from collections.abc import Sequence

from tcptrace.model.records import Endpoint, SocketState
from tcptrace.show.paint import Line
from tcptrace.show.text import count, endpoint, escape, plural

_STATE = 12  # columns of the longest name
_MINUTE_S, _HOUR_S = 60, 3600
_PROCESSES = 3  # of one socket that are named


def socket_lines(rows: Sequence[SocketState], missing: int | None) -> list[Line]:
    """Return the lines; ``missing``: ends of the capture without a socket, ``None`` where there is no capture."""
    compared = missing is not None
    cells = [
        (
            count(row.received_bytes),
            count(row.unacked_bytes),
            _address(row.local),
            _address(row.remote),
            _timer(row),
        )
        for row in rows
    ]
    heads = ("RECV-Q", "SEND-Q", "LOCAL", "REMOTE", "TIMER")
    widths = [max([len(head), *(len(row[at]) for row in cells)]) for at, head in enumerate(heads)]
    inferred = f" {'INFERRED':<{_STATE}} {'STREAM':>6}" if compared else ""
    lines: list[Line] = [
        [(f"{'KERNEL':<{_STATE}}{inferred} {_row(heads, widths)} PROCESS".rstrip(), "muted")]
    ]
    for row, cell in zip(rows, cells, strict=True):
        line: Line = [(f"{row.state:<{_STATE}}", f"state:{row.state}")]
        if compared:
            line += _inferred(row)
        lines.append([*line, (f" {_row(cell, widths)} {_process(row)}", "")])
    lines += [[], [(f"{plural(len(rows), 'socket')}", "")]]
    if missing is not None:
        seen = [row for row in rows if row.stream is not None]
        other = sum(row.agrees is False for row in seen)
        said = f", {count(len(seen))} in the capture, {count(other)} of these in another state now"
        lines[-1].append((said, ""))
        if missing:
            lines.append(
                [(f"{plural(missing, 'end')} of the capture: not closed there, and no socket here", "")]
            )
    return lines


def _row(cells: Sequence[str], widths: Sequence[int]) -> str:
    """Return cells in columns, the two queues to the right."""
    return " ".join(
        f"{cell:>{width}}" if at < 2 else f"{cell:<{width}}"
        for at, (cell, width) in enumerate(zip(cells, widths, strict=True))
    )


def _inferred(row: SocketState) -> Line:
    """Return the columns that are the capture's."""
    if row.inferred is None:
        return [(f" {'-':<{_STATE}} {'-':>6}", "muted")]
    role = "warning" if row.agrees is False else f"state:{row.inferred}"
    return [(" ", ""), (f"{row.inferred:<{_STATE}}", role), (f" {row.stream:>6}", "")]


def _address(end: Endpoint) -> str:
    """Return an address; ``*`` where a listener has none for the other end."""
    return "*" if end.port == 0 else endpoint(end.ip, end.port)


def _timer(row: SocketState) -> str:
    """Return which timer runs, how long still, and how often it ran out."""
    if row.timer is None or row.expires_s is None:
        return "-"
    left = row.expires_s
    if left >= _HOUR_S:
        text = f"{left // _HOUR_S:.0f} h {left % _HOUR_S // _MINUTE_S:.0f} min"
    elif left >= _MINUTE_S:
        text = f"{left // _MINUTE_S:.0f} min {left % _MINUTE_S:.0f} s"
    else:
        text = f"{left:.3f} s" if left < 1 else f"{left:.0f} s"
    return f"{row.timer} {text}" + (f" (ran out {plural(row.retries, 'time')})" if row.retries else "")


def _process(row: SocketState) -> str:
    """Return who has it: name, number and descriptor; its user where the process may not be looked at."""
    named = [f"{escape(one.name)} {one.pid} fd {one.fd}" for one in row.processes[:_PROCESSES]]
    if len(row.processes) > _PROCESSES:
        named.append(f"{count(len(row.processes) - _PROCESSES)} more")
    if named:
        return ", ".join(named)
    return f"of user {row.uid}" if row.inode else "-"
