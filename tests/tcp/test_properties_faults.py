"""A correct exchange through a tap that loses, doubles and swaps frames: what is called sure is true.

The exchange is RFC 9293's: handshake, data both ways, FINs both ways, every segment received in order. The
tap's faults happen in the capture alone, so the true paths do not change.
"""

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from script import START_S, Made, Script, parse

import tcptrace

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]
CLIENT = ["CLOSED", "SYN-SENT", "ESTABLISHED", "CLOSE-WAIT", "LAST-ACK", "CLOSED"]
SERVER = ["LISTEN", "SYN-RECEIVED", "ESTABLISHED", "FIN-WAIT-1", "FIN-WAIT-2", "TIME-WAIT"]
CAUSES = {
    "client": ["snd SYN", "rcv SYN,ACK", "rcv FIN", "snd FIN", "rcv ACK of FIN"],
    "server": ["rcv SYN", "rcv ACK of SYN", "snd FIN", "rcv ACK of FIN", "rcv FIN"],
}
TRUE_STEPS = {
    (side, path[at], path[at + 1], cause)
    for side, path in (("client", CLIENT), ("server", SERVER))
    for at, cause in enumerate(CAUSES[side])
}

# Which frame of the exchange, from its beginning or its end, truly makes the step of that side and cause.
ACTS = {
    ("client", "snd SYN"): 0,
    ("server", "rcv SYN"): 0,
    ("client", "rcv SYN,ACK"): 1,
    ("server", "rcv ACK of SYN"): 2,
    ("server", "snd FIN"): -4,
    ("client", "rcv FIN"): -4,
    ("server", "rcv ACK of FIN"): -3,
    ("client", "snd FIN"): -2,
    ("server", "rcv FIN"): -2,
    ("client", "rcv ACK of FIN"): -1,
}


def exchange(requests: list[int], has_timestamps: bool, has_sack: bool) -> Script:
    """Return the frames of an exchange: each request has its answer, and the server closes first."""
    options = "mss 1460 ws 7" + (" sackok" if has_sack else "")
    lines = ["timestamps"] if has_timestamps else []
    steps = [f"client > SYN {options}", f"server < SYN,ACK {options}", "client > ACK"]
    for length in requests:
        steps += [f"client > PSH,ACK len {length}", "server < ACK"]
        steps += [f"server < PSH,ACK len {2 * length}", "client > ACK"]
    steps += ["server < FIN,ACK", "client > ACK", "client > FIN,ACK", "server < ACK"]
    lines += [f"{at * 0.002:.3f} {step}" for at, step in enumerate(steps)]
    return parse("\n".join(lines))


def analysed(script: Script, frames: list[Made]) -> Any:
    """Return the connection that a capture of these frames shows."""
    (connection,) = tcptrace.analyze(Script(frames=frames, ethernet=script.ethernet).pcap())
    return connection


# One octet that the tap lost cannot be told from a FIN that it lost: requests have two at least.
EXCHANGES = st.builds(
    exchange,
    requests=st.lists(st.integers(2, 1000), min_size=1, max_size=3),
    has_timestamps=st.booleans(),
    has_sack=st.booleans(),
)


@settings(max_examples=40, deadline=None, suppress_health_check=SLOW)
@given(script=EXCHANGES)
def test_without_a_fault_the_paths_are_the_true_ones(script: Script) -> None:
    connection = analysed(script, script.frames)
    assert connection.path.client == CLIENT
    assert connection.path.server == SERVER
    assert connection.finding_counts == {}
    assumed = [step for step in connection.transitions if step.evidence not in ("observed", "confirmed")]
    assert [(step.side, step.cause) for step in assumed] == [("client", "rcv ACK of FIN")]


@settings(max_examples=150, deadline=None, suppress_health_check=SLOW)
@given(script=EXCHANGES, data=st.data())
def test_frames_captured_twice_change_no_path(script: Script, data: st.DataObject) -> None:
    """The second copy comes at once or some frames later, as from a second interface."""
    frames = list(script.frames)
    for at in data.draw(st.lists(st.integers(0, len(frames) - 1), min_size=1, max_size=4)):
        copy = script.frames[at]
        place = frames.index(copy) + data.draw(st.integers(1, 2))
        time_ns = frames[min(place, len(frames)) - 1].time_ns + 1000
        frames.insert(place, Made(f"copy of {copy.line}", time_ns, copy.packet, copy.tsval))
    connection = analysed(script, frames)
    assert (connection.path.client, connection.path.server) == (CLIENT, SERVER), lines(frames)


@settings(max_examples=250, deadline=None, suppress_health_check=SLOW)
@given(script=EXCHANGES, data=st.data())
def test_a_tap_that_loses_one_frame_calls_no_wrong_step_sure(script: Script, data: st.DataObject) -> None:
    frames = list(script.frames)
    del frames[data.draw(st.integers(0, len(frames) - 1))]
    check_sure_steps(analysed(script, frames), frames)


@settings(max_examples=250, deadline=None, suppress_health_check=SLOW)
@given(script=EXCHANGES, data=st.data())
def test_a_tap_that_loses_many_frames_makes_up_no_act(script: Script, data: st.DataObject) -> None:
    """A hole may hide the state from which an end acted, but never that it acted, or when."""
    lost = data.draw(st.sets(st.integers(0, len(script.frames) - 1), max_size=len(script.frames) - 1))
    frames = [made for at, made in enumerate(script.frames) if at not in lost]
    connection = analysed(script, frames)
    whole = {act: script.frames[at].time_ns for act, at in ACTS.items()}
    for step in connection.transitions:
        if step.evidence == "observed":
            assert whole[step.side, step.cause] == step.time_ns, lines(frames)
        elif step.evidence in ("confirmed", "timer"):
            # The frame that was captured of several that could cause it is never earlier than the true one.
            assert whole[step.side, step.cause] <= step.time_ns, lines(frames)


@settings(max_examples=150, deadline=None, suppress_health_check=SLOW)
@given(script=EXCHANGES, data=st.data())
def test_neighbours_swapped_by_the_tap_call_no_wrong_step_sure(script: Script, data: st.DataObject) -> None:
    """Two interfaces, each with a queue of its own: a frame stands before its neighbour, with its time."""
    frames = list(script.frames)
    at = data.draw(st.integers(0, len(frames) - 2))
    frames[at], frames[at + 1] = frames[at + 1], frames[at]
    check_sure_steps(analysed(script, frames), frames)


def check_sure_steps(connection: Any, frames: list[Made]) -> None:
    """Assert that only assumed and inferred steps may be wrong."""
    # Without SYN and SYN,ACK the client is the end with the higher port: the same end here.
    assert (connection.client.port, connection.server.port) == (40000, 80)
    wrong = [
        step
        for step in connection.transitions
        if step.evidence in ("observed", "confirmed", "timer")
        and (step.side, step.from_state, step.to_state, step.cause) not in TRUE_STEPS
    ]
    assert not wrong, "\n".join([lines(frames), *map(str, connection.transitions)])


def lines(frames: list[Made]) -> str:
    """Return the frames for people."""
    return "\n".join(
        f"{number:3} {(made.time_ns / 1e9 - START_S):.6f} {made.line}"
        for number, made in enumerate(frames, 1)
    )
