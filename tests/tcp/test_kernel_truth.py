"""Both ends' paths are what Linux really did, on every capture of tests/data/kernel."""

import json
from pathlib import Path
from typing import Any

import pytest

import tcptrace
from tests.lab.ends import SIDES, told

FOLDER = Path(__file__).parents[1] / "data/kernel"
CAPTURES = sorted(path.name.removesuffix(".pcap") for path in FOLDER.glob("*.pcap"))


def truth_of(name: str) -> Any:
    """Return a capture's truth file."""
    return json.loads((FOLDER / f"{name}.truth.json").read_text())


def analysed(name: str) -> list[Any]:
    """Return the connections, analysed with the truth file's arguments (so far there are none)."""
    assert truth_of(name)["args"] == []
    return list(tcptrace.analyze(FOLDER / f"{name}.pcap"))


def side_of(connection: Any, end: dict[str, Any]) -> str:
    """Return which side the truth's end is, by its address (a socket connected to itself is both)."""
    matches = [
        s
        for s in SIDES
        if getattr(connection, s).port == end["port"] and getattr(connection, s).ip == end["ip"]
    ]
    assert matches, end
    return matches[0]


def test_all_the_captures_are_there() -> None:
    assert len(CAPTURES) == 28
    assert all((FOLDER / f"{name}.truth.json").exists() for name in CAPTURES)


@pytest.mark.parametrize("name", CAPTURES)
def test_paths_are_the_kernel_s_or_accepted_ones(name: str) -> None:
    truth, connections = truth_of(name), analysed(name)
    assert [c.stream for c in connections] == [t["stream"] for t in truth["connections"]]
    for connection, true in zip(connections, truth["connections"], strict=True):
        for role in SIDES:
            end = true[role]
            path = told(connection, side_of(connection, end))
            assert path in [end["path"], *end["accept"]], (true["stream"], role)


@pytest.mark.parametrize("name", CAPTURES)
def test_streams_and_roles_are_those_of_the_truth(name: str) -> None:
    for connection, true in zip(analysed(name), truth_of(name)["connections"], strict=True):
        assert (connection.first_frame, connection.last_frame) == (true["first_frame"], true["last_frame"])
        assert (connection.first_ns, connection.last_ns) == (true["first_ns"], true["last_ns"])
        for side in SIDES:
            end = getattr(connection, side)
            assert (end.ip, end.port) == (true[side]["ip"], true[side]["port"])


@pytest.mark.parametrize("name", ["half_open_reconnect@client", "half_open_reconnect@server"])
def test_the_server_of_half_open_reconnect_leaves_by_the_rst_in_the_newer_stream(name: str) -> None:
    old = analysed(name)[0]
    assert told(old, "server") == truth_of(name)["connections"][0]["server"]["path"]
    # Figure 10 of RFC 9293 3.5.1: the SYN, the challenge ACK, the RST that kills the server's half.
    (last,) = [t for t in old.transitions if t.side == "server" and t.to_state == "CLOSED"]
    assert (last.frame, last.cause) == (10, "rcv RST")


@pytest.mark.parametrize("name", ["backlog_overflow@client", "backlog_overflow@server"])
def test_the_server_of_backlog_overflow_stays_where_the_kernel_kept_it(name: str) -> None:
    """The kernel drops the handshake's ACKs (frames 9, 11, 13) and stays in SYN-RECEIVED.

    Twice its SYN,ACK came again after an ACK: it refuses them, so the third moves nobody without a proof.
    """
    server = truth_of(name)["connections"][2]["server"]
    assert analysed(name)[2].path.server == server["path"] == ["LISTEN", "SYN-RECEIVED"]
    assert server["accept"] == [["LISTEN", "SYN-RECEIVED", "ESTABLISHED"]]
