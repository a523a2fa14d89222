"""Every scenario, played with real sockets: what the capture tells is what the kernel did.

The end beside the capture follows the kernel's path exactly, or one that the scenario declared beforehand as all that
packets can tell. The far end is scored.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import tcptrace
from tcptrace.lab.scenarios import SCENARIOS
from tests.lab.recorded import recordings, truth_of, why_not

SIDES = ("client", "server")
PLACES = [
    (name, where) for name, row in SCENARIOS.items() for where in (("lo",) if row.on_loopback else SIDES)
]
# No segment shows these to somebody who compares up to the end of the capture.
TRAILING = ("2MSL timeout", "reused")

OPENED, SERVED = "CLOSED SYN-SENT ESTABLISHED", "LISTEN SYN-RECEIVED ESTABLISHED"
ACTIVE, PASSIVE = "FIN-WAIT-1 FIN-WAIT-2 TIME-WAIT", "CLOSE-WAIT LAST-ACK CLOSED"
# What RFC 9293 says that happens: the scenarios do show what they are named for.
EXPECTED = {
    "refused": ("CLOSED SYN-SENT CLOSED", "CLOSED"),
    "unanswered": ("CLOSED SYN-SENT", "LISTEN"),
    "connect-timeout": ("CLOSED SYN-SENT CLOSED", "LISTEN"),
    "dead-server": ("CLOSED SYN-SENT", "LISTEN SYN-RECEIVED"),
    "rst-in-syn-received": ("CLOSED SYN-SENT CLOSED", "LISTEN SYN-RECEIVED LISTEN"),
    "simultaneous-open": (
        f"CLOSED SYN-SENT SYN-RECEIVED ESTABLISHED {ACTIVE}",
        f"CLOSED SYN-SENT SYN-RECEIVED ESTABLISHED {PASSIVE}",
    ),
    "self-connect": ("CLOSED SYN-SENT SYN-RECEIVED ESTABLISHED FIN-WAIT-1 CLOSING TIME-WAIT",) * 2,
    "close-by-client": (f"{OPENED} {ACTIVE}", f"{SERVED} {PASSIVE}"),
    "close-by-server": (f"{OPENED} {PASSIVE}", f"{SERVED} {ACTIVE}"),
    "half-close-client": (f"{OPENED} {ACTIVE}", f"{SERVED} {PASSIVE}"),
    "half-close-server": (f"{OPENED} {PASSIVE}", f"{SERVED} {ACTIVE}"),
    "simultaneous-close": (
        f"{OPENED} FIN-WAIT-1 CLOSING TIME-WAIT",
        f"{SERVED} FIN-WAIT-1 CLOSING TIME-WAIT",
    ),
    "fin-lost": (f"{OPENED} {ACTIVE}", f"{SERVED} {PASSIVE}"),
    "last-ack-lost": (f"{OPENED} {ACTIVE}", f"{SERVED} {PASSIVE}"),
    "rst-by-client": (f"{OPENED} CLOSED", f"{SERVED} CLOSED"),
    "rst-in-close-wait": (f"{OPENED} FIN-WAIT-1 FIN-WAIT-2 CLOSED", f"{SERVED} CLOSE-WAIT CLOSED"),
    "rst-in-fin-wait-1": (f"{OPENED} FIN-WAIT-1 CLOSED", None),
    "rst-in-fin-wait-2": (f"{OPENED} FIN-WAIT-1 FIN-WAIT-2 CLOSED", f"{SERVED} CLOSE-WAIT CLOSED"),
    "rst-lost": (f"{OPENED} CLOSED", f"{SERVED} CLOSED"),
    "unread-data-close": (f"{OPENED} CLOSED", f"{SERVED} CLOSED"),
    "process-killed": (f"{OPENED} {ACTIVE}", f"{SERVED} {PASSIVE}"),
    "blind-rst-in-window": (f"{OPENED} {ACTIVE}", f"{SERVED} {PASSIVE}"),
    "blind-rst-outside": (f"{OPENED} {ACTIVE}", f"{SERVED} {PASSIVE}"),
    "blind-rst-exact": (f"{OPENED} CLOSED", f"{SERVED} CLOSED"),
    "syn-into-established": (f"{OPENED} {ACTIVE}", f"{SERVED} {PASSIVE}"),
    "time-wait-assassination": (f"{OPENED} {ACTIVE} CLOSED", f"{SERVED} {PASSIVE}"),
    "dead-peer": (f"{OPENED} CLOSED", SERVED),
    "user-timeout": (f"{OPENED} CLOSED", SERVED),
    "fast-open-close-in-syn-received": (None, "LISTEN SYN-RECEIVED FIN-WAIT-1 FIN-WAIT-2 CLOSED"),
    "close-in-zero-window-unread": (f"{OPENED} FIN-WAIT-1", SERVED),
    "hello": (f"{OPENED} {PASSIVE}", f"{SERVED} {ACTIVE}"),
    "http-keep-alive": (f"{OPENED} {PASSIVE}", f"{SERVED} {ACTIVE}"),
}


class End(NamedTuple):
    """One end of a connection, as the kernel and as the capture have it."""

    side: str
    connection: int
    true: list[str]
    accept: list[list[str]]
    told: list[str]


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    reason = why_not()
    if reason is not None:
        pytest.skip(reason)
    return recordings(tmp_path_factory)


def told(connection: Any, side: str) -> list[str]:
    """Return an end's path up to what no segment showed."""
    path = list(getattr(connection.path, side))
    for step in reversed([t for t in connection.transitions if t.side == side]):
        if step.cause not in TRAILING:
            break
        path.pop()
    return path


def ends(folder: Path, name: str, where: str) -> Iterator[End]:
    """Yield both ends of each connection that was seen at a place."""
    truth = truth_of(folder, name, where)
    left = list(tcptrace.analyze(folder / f"{name}@{where}.pcap"))
    for true in truth["connections"]:
        addresses = {(true[side]["ip"], true[side]["port"]) for side in SIDES}
        match = [c for c in left if {(c.client.ip, c.client.port), (c.server.ip, c.server.port)} == addresses]
        assert match, f"connection {true['connection']} is not told of"
        left.remove(match[0])
        for side in SIDES:
            end = true[side]
            is_client = (match[0].client.ip, match[0].client.port) == (end["ip"], end["port"])
            path = told(match[0], "client" if is_client else "server")
            yield End(side, true["connection"], end["path"], end["accept"], path)


@pytest.mark.parametrize(("name", "where"), PLACES)
def test_the_end_beside_the_capture_goes_where_the_kernel_went(folder: Path, name: str, where: str) -> None:
    for end in ends(folder, name, where):
        if where in {end.side, "lo"}:
            assert end.told in [end.true, *end.accept], (end.connection, end.side)


def test_the_far_end_is_told_rightly_in_most_scenarios(folder: Path) -> None:
    far = [
        end.told in [end.true, *end.accept]
        for name, where in PLACES
        for end in ends(folder, name, where)
        if where not in {end.side, "lo"}
    ]
    assert len(far) > 150
    assert sum(far) / len(far) > 0.93, f"{sum(far)} of {len(far)}"


@pytest.mark.parametrize("name", EXPECTED)
def test_the_kernel_went_where_the_rfc_says(folder: Path, name: str) -> None:
    place = next(where for one, where in PLACES if one == name)
    first = truth_of(folder, name, place)["connections"][0]
    for side, expected in zip(SIDES, EXPECTED[name], strict=True):
        if expected is not None:
            assert " ".join(first[side]["path"]) == expected, side


def test_what_packets_cannot_tell_is_declared_only_where_it_differs(folder: Path) -> None:
    for name, where in PLACES:
        for end in ends(folder, name, where):
            if end.accept and where == end.side:
                assert end.true not in end.accept, (name, where)


def test_500_connections_are_all_told(folder: Path) -> None:
    assert sum(1 for _ in ends(folder, "many-at-once", "lo")) == 1000


def test_offloaded_frames_are_larger_than_any_wire_takes(folder: Path) -> None:
    octets = (folder / "offload@lo.pcap").read_bytes()
    place, largest = 24, 0
    while place < len(octets):
        length = int.from_bytes(octets[place + 8 : place + 12], "little")
        largest = max(largest, length)
        place += 16 + length
    assert largest > 30_000


def test_each_scenario_says_what_it_shows_and_needs() -> None:
    for name, row in SCENARIOS.items():
        assert row.shows, name
        assert row.clause, name
        assert row.needs.startswith("root"), name
        assert row.play.__doc__ or name in {"hello", "echo", "fixed", "http-keep-alive", "xmlrpc", "dns"}, (
            name
        )
