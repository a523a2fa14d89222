"""The explanation. Truth: the contract's lists of outcomes, causes and evidence, and the seed's exchange."""

import re
import string

import msgspec
import pytest

from tcptrace.find.codes import CODES
from tcptrace.model.records import Transition
from tcptrace.show.explain import explain
from tcptrace.show.explain_words import (
    CLOSED_FIRST,
    FINDINGS,
    OPENED_BY,
    OUTCOMES,
    PROOFS,
    STEPS,
    TIME_WAIT,
)
from tcptrace.show.paint import plain
from tests.show.samples import CAUSES, SAMPLES, sample

# contract.md, "Outcome", "Transitions"
CONTRACT_OUTCOMES = {
    *("closed", "reset", "refused", "aborted", "half-closed", "closing", "open", "connecting", "unanswered"),
    "unknown",
}
EVIDENCE = ("observed", "confirmed", "assumed", "inferred", "timer")
# findings.md, "Ours"
OURS = {
    "syn_retransmission",
    "fin_retransmission",
    "simultaneous_open",
    "simultaneous_close",
    "half_open",
    "challenge_ack",
    "rst_out_of_window",
    "blind_rst",
    "time_wait_reuse",
    "time_wait_assassination",
    "abortive_close",
    "data_after_fin",
    "data_after_rst",
    "ack_of_unsent",
    "split_handshake",
    "syn_data",
    "fast_open",
    "bad_checksum",
    "duplicate_frame",
    "time_went_back",
    "tap_loss",
    "one_direction",
    "not_in_state_machine",
}
# RFC 9293, Figure 5, and replay.md: steps that an end may take, with the causes that the contract names.
ARROWS = [
    ("snd SYN", "CLOSED", "SYN-SENT"),
    ("rcv SYN", "LISTEN", "SYN-RECEIVED"),
    ("rcv SYN", "SYN-SENT", "SYN-RECEIVED"),
    ("rcv SYN,ACK", "SYN-SENT", "ESTABLISHED"),
    ("rcv ACK of SYN", "SYN-RECEIVED", "ESTABLISHED"),
    ("snd FIN", "SYN-RECEIVED", "FIN-WAIT-1"),
    ("snd FIN", "ESTABLISHED", "FIN-WAIT-1"),
    ("rcv FIN", "ESTABLISHED", "CLOSE-WAIT"),
    ("rcv FIN", "FIN-WAIT-1", "CLOSING"),
    ("rcv ACK of FIN", "FIN-WAIT-1", "FIN-WAIT-2"),
    ("rcv FIN", "FIN-WAIT-2", "TIME-WAIT"),
    ("rcv ACK of FIN", "CLOSING", "TIME-WAIT"),
    ("snd FIN", "CLOSE-WAIT", "LAST-ACK"),
    ("rcv ACK of FIN", "LAST-ACK", "CLOSED"),
    ("2MSL timeout", "TIME-WAIT", "CLOSED"),
    ("rcv RST", "SYN-RECEIVED", "LISTEN"),
    ("rcv RST", "SYN-SENT", "CLOSED"),
    ("rcv RST", "ESTABLISHED", "CLOSED"),
    ("snd RST", "ESTABLISHED", "CLOSED"),
    ("reused", "TIME-WAIT", "CLOSED"),
    ("pickup", "UNKNOWN", "ESTABLISHED"),
]


def told(name: str, **changes: object) -> str:
    connection, segments = sample(name, **changes)
    return "\n".join(plain(line) for line in explain(connection, segments))


def flat(name: str, **changes: object) -> str:
    return " ".join(re.sub(r"(?m)^ {,6}[\d-]* +", "", told(name, **changes)).split())


def test_the_seed_exchange_is_told_with_its_frames() -> None:
    text = told("http")
    for frame in (1, 2, 3, 5, 11, 12, 13, 14):
        assert re.search(rf"(?m)^ +{frame}  [A-Z]", text), frame
    words = flat("http")
    # replay.md's first normative example: what proves which step, who is first, who waits.
    assert "They speak HTTP." in words
    assert "SYN-RECEIVED. Frame 2 proves it" in words
    assert "handshake is done at this end. Frame 6 proves it" in words
    assert "The client sends 145 B: the HTTP request. Frame 6 acknowledges all of it" in words
    assert "The server sends 5323 B: the HTTP response. Frame 10 acknowledges all of it" in words
    assert "The server is the first to end it." in words
    assert "FIN-WAIT-2 until the client closes too. Frame 14 proves it" in words
    assert "the server waits 2MSL" in words
    assert "SO_REUSEADDR" in words
    assert "Linux waits 60 s" in words
    assert "Of 10 steps 9 are shown or proved, 1 only assumed" in words


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("width", [20, 40, 80, 200])
def test_lines_are_wrapped_and_whole_words_filled_in(name: str, width: int) -> None:
    connection, segments = sample(name)
    lines = [plain(line) for line in explain(connection, segments, width=width, ascii_only=True)]
    assert all(len(line) <= max(min(width, 100), 29) for line in lines)
    assert all(line.isascii() for line in lines)
    assert not set("{}") & set("".join(lines))


@pytest.mark.parametrize("name", SAMPLES)
def test_every_step_of_a_sample_is_told(name: str) -> None:
    connection, _ = sample(name)
    text = told(name)
    for step in connection.transitions:
        if step.frame is not None:
            assert re.search(rf"(?m)^ +{step.frame}  ", text), step
    words = flat(name)
    assert words.count("This is assumed") == sum(s.evidence == "assumed" for s in connection.transitions)


@pytest.mark.parametrize("name", SAMPLES)
def test_the_outcome_and_the_final_states_are_said(name: str) -> None:
    connection, _ = sample(name)
    words = flat(name)
    first = {"half-closed": "Half-closed when", "closing": "Closing when"}
    assert first.get(connection.outcome, connection.outcome.capitalize()) in words
    for side in ("client", "server"):
        final = getattr(connection.final, side)
        if connection.client == connection.server:
            assert f"the socket in {final}" in words
        elif final == "UNKNOWN":
            assert f"In which state the {side} is, the capture does not show." in words
        else:
            assert f"the {side} in {final}" in words


def test_samples_have_every_outcome() -> None:
    assert {sample(name)[0].outcome for name in SAMPLES} == CONTRACT_OUTCOMES


def test_tables_have_a_row_for_all_that_the_contract_names() -> None:
    assert set(OUTCOMES) >= CONTRACT_OUTCOMES
    assert set(FINDINGS) == OURS | {code.name for code in CODES.values()}
    assert {cause for cause, _, _ in STEPS} == set(CAUSES)
    assert {evidence for _, _, evidence in PROOFS} == set(EVIDENCE)
    assert set(OPENED_BY) >= {"client", "both", None}
    assert set(CLOSED_FIRST) >= {"client", "server", "both", None}
    assert set(TIME_WAIT) >= {"client", "server", "both"}


@pytest.mark.parametrize("arrow", ARROWS, ids=str)
def test_an_arrow_of_the_figure_has_its_own_sentence(arrow: tuple[str, str, str]) -> None:
    cause, _, new = arrow
    assert arrow in STEPS or (cause, "*", new) in STEPS or cause in ("2MSL timeout", "pickup")


@pytest.mark.parametrize("cause", CAUSES)
@pytest.mark.parametrize("evidence", EVIDENCE)
@pytest.mark.parametrize("proof", [None, 3])
def test_any_step_has_a_sentence_without_holes(cause: str, evidence: str, proof: int | None) -> None:
    states = ("UNKNOWN", "CLOSED", "LISTEN", "SYN-SENT", "SYN-RECEIVED", "ESTABLISHED", "TIME-WAIT")
    for old in states:
        for new in states:
            step = Transition(2, 0, "server", old, new, cause, evidence, proof, None)  # type: ignore[arg-type]
            words = flat("open", transitions=[step])
            assert not set("{}") & set(words)
            assert "None" not in words


@pytest.mark.parametrize("code", [*FINDINGS, "a_code_of_later"])
@pytest.mark.parametrize("side", ["client", "connection"])
@pytest.mark.parametrize("number", [1, 2500])
def test_any_finding_has_a_sentence_even_where_its_frames_are_not_kept(
    code: str, side: str, number: int
) -> None:
    words = flat("open", finding_counts={code: {side: number}})
    assert "Worth knowing" in words
    assert not set("{}") & set(words)


def test_placeholders_are_those_that_are_filled() -> None:
    known = {"who", "Who", "peer", "Peer", "old", "new", "proof", "n", "frames", "reset", "port", "code"}
    for text in (*STEPS.values(), *PROOFS.values(), *FINDINGS.values(), *OUTCOMES.values()):
        assert {name for _, name, _, _ in string.Formatter().parse(text) if name} <= known


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("refused", 'connect() fails with "Connection refused"'),
        ("reset", "SO_LINGER"),
        ("unanswered", "connect() will time out"),
        ("unanswered", "sent its SYN again 2 times (frames 2, 3)"),
        ("simultaneous-open", "a simultaneous open"),
        ("simultaneous-close", "Both ends close at the same time"),
        ("simultaneous-close", "It came late: what the server sent in between did not know it yet."),
        ("simultaneous-close", "both ends wait 2MSL"),
        ("half-closed", "the other may go on sending"),
        ("midstream", "The capture does not show who opened this connection"),
        ("one-direction", "Only one end's segments are in the capture"),
        (
            "one-direction",
            "This is inferred: the segment that caused it is not in the capture; frame 2 shows it.",
        ),
        ("self-connect", "connected to itself"),
        ("timer", "The ports are free."),
        ("reused", "Frame 20 is counted in another stream."),
        ("stray-rst", "either way it is CLOSED"),
        ("aborted", "as if the SYN had never come"),
    ],
)
def test_what_is_odd_is_said(name: str, words: str) -> None:
    assert words in flat(name)


def test_a_reset_after_both_fins_is_still_closed() -> None:
    assert "Closed: each end has said FIN; a RST of the client came as well." in flat(
        "http", reset_by="client"
    )


def test_many_turns_are_summed_up() -> None:
    connection, segments = sample("open")
    pair = segments[3:5]
    more = [
        msgspec.structs.replace(
            part,
            frame=10 + 2 * place + at,
            seq=part.seq + 4 * place,
            ack=(part.ack or 0) + 4 * place,
        )
        for place in range(500)
        for at, part in enumerate(pair)
    ]
    text = " ".join(plain(line) for line in explain(connection, [*segments[:3], *more]))
    assert "And so on: 1,000 turns in all." in text
    assert text.count("sends 4 B") == 6
