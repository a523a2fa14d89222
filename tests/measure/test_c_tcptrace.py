"""Measures are those of Ostermann's C tcptrace, on captures written again without second copies, with distinct addresses."""

import re
import shutil
import subprocess
from collections import Counter
from pathlib import Path

import pytest

import tcptrace
from tcptrace.measure.measures import MEASURES
from tests.every import CAPTURES
from tests.find.rewritten import write_again

C_PROGRAM = "/usr/bin/tcptrace"  # by its path: ours has the same name
needs_it = pytest.mark.skipif(shutil.which(C_PROGRAM) is None, reason="the C tcptrace is not installed")

# Compared exactly; times to what the C program prints, a tenth of a millisecond.
COMPARED = (
    *("segments", "acks", "pure_acks", "sack_segments", "dsack_segments", "sack_blocks_max", "unique_bytes"),
    *(
        "data_segments",
        "data_bytes",
        "sent_again_segments",
        "pushed",
        "window_scale",
        "sack_permitted",
        "sack_blocks",
    ),
    *("mss_bytes", "segment_max_bytes", "segment_min_bytes", "zero_windows", "stream_bytes", "missed_bytes"),
    *(
        "initial_window_bytes",
        "initial_window_segments",
        "ambiguous_acks",
        "cumulative_acked",
        "triple_duplicate_acks",
    ),
    *("rtt_samples", "rtt_min_s", "rtt_max_s", "rtt_avg_s", "truncated_segments", "truncated_bytes"),
)
HALF_TENTH_S = 0.00005 + 0.000001

# (file, measure) -> why ours is another number there.
_REORDERED = "after reordering the C program takes no samples, though those segments were sent once"
_KEEP_ALIVE = (
    "the C program takes keep-alives and their answers for duplicate ACKs; RFC 5681 wants data outstanding"
)
KNOWN: dict[tuple[str, str], str] = {
    **{("fin_reordered@client.pcap", name): _REORDERED for name in ("rtt_samples", "rtt_max_s", "rtt_avg_s")},
    **{
        ("zeek-rdp-proprietary-encryption.pcap", name): _REORDERED
        for name in ("rtt_samples", "rtt_avg_s", "cumulative_acked")
    },
    ("nDPI-nest_log_sink.pcap", "triple_duplicate_acks"): _KEEP_ALIVE,
}
NAMES = (
    *("close_by_server@client", "close_three_segments@client", "fin_lost@client", "fin_lost@server", "fin_reordered@client"),
    *("handshake_ack_lost@client", "rst_in_close_wait@client", "simultaneous_close@client", "simultaneous_open@client"),
    *("time_wait_reuse_client@client", "unread_data_close@client", "backlog_overflow@client", "rdp-proprietary-encryption"),
    *("fast_open_close_in_syn_received@client", "socks-auth-10080", "nDPI-dnp3", "nDPI-nest_log_sink"),
)  # fmt: skip
CASES = [
    case
    for case in CAPTURES
    if any(name in str(case.id) for name in NAMES) and "captures/" not in str(case.id)
]

Columns = dict[str, list[str]]


def c_connections(path: Path) -> list[tuple[str, Columns, Columns]]:
    """Return (first host, its column, the other's) of each connection; a label may stand twice."""
    done = subprocess.run(
        [C_PROGRAM, "-n", "-l", "-r", str(path)], capture_output=True, text=True, check=True
    )
    found = []
    for block in re.split(r"\nTCP connection \d+:", done.stdout)[1:]:
        host = re.search(r"host \w+:\s+(\S+)", block)
        assert host
        columns: tuple[Columns, Columns] = ({}, {})
        for line in block.split("\n"):
            match = re.match(r"\s+(\S.*?):\s+(\S+).*?\s+\1:\s+(\S+)", line)
            if match:
                columns[0].setdefault(match[1], []).append(match[2])
                columns[1].setdefault(match[1], []).append(match[3])
        found.append((host[1], *columns))
    return found


def is_same(unit: str, theirs: str, ours: object) -> bool | None:
    """Compare one figure; ``None`` where the C program does not know it."""
    if unit == "bool":
        return (theirs == "Y") == bool(ours)
    if not re.fullmatch(r"-?[\d.]+", theirs):
        return None
    assert ours is None or isinstance(ours, int | float)
    if unit == "seconds":
        return abs(float(theirs) / 1000 - (ours or 0)) <= HALF_TENTH_S
    return float(theirs) == (ours or 0)


def compared(path: Path, rewritten: Path) -> tuple[dict[tuple[int, str, str], str], Counter[str]]:
    """Return what differs, by stream, side and measure, and how often each measure was compared."""
    write_again(path, rewritten)
    theirs, ours = c_connections(rewritten), list(tcptrace.analyze(str(rewritten), measures=True))
    assert len(theirs) == len(ours)
    wrong: dict[tuple[int, str, str], str] = {}
    counts: Counter[str] = Counter()
    for (host, first, second), connection in zip(theirs, ours, strict=True):
        is_client = host == f"{connection.client.ip}:{connection.client.port}"
        for side, column in zip(
            ("client", "server") if is_client else ("server", "client"), (first, second), strict=True
        ):
            seen: Counter[str] = Counter()
            for row in MEASURES:
                place, values = seen[row.label], column.get(row.label, [])
                seen[row.label] += 1
                if row.name not in COMPARED or place >= len(values):
                    continue
                value = connection.measures[side][row.name]  # type: ignore[index]
                same = is_same(row.unit, values[place], value)
                if same is not None:
                    counts[row.name] += 1
                if same is False:
                    wrong[connection.stream, side, row.name] = f"C {values[place]}, ours {value}"
    return wrong, counts


@needs_it
@pytest.mark.parametrize("path", CASES)
def test_each_measure_is_the_c_program_s(path: Path, tmp_path: Path) -> None:
    wrong, counts = compared(path, tmp_path / "again.pcap")
    assert {key: text for key, text in wrong.items() if (path.name, key[2]) not in KNOWN} == {}
    assert (
        min(
            counts[name]
            for name in ("unique_bytes", "data_bytes", "sent_again_segments", "rtt_samples", "rtt_avg_s")
        )
        > 0
    )


def test_every_measure_has_a_definition_and_a_name_of_its_own() -> None:
    assert len({row.name for row in MEASURES}) == len(MEASURES)
    assert set(COMPARED) <= {row.name for row in MEASURES}
    assert all(row.definition for row in MEASURES)
