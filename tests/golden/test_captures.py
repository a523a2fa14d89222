"""The goldens in captures/: each expectation is its script's written verdict or what the kernel did, not our word."""

import importlib.util
import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import tcptrace
from tcptrace.find.codes import CODES
from tcptrace.golden import expectation
from tcptrace.golden.expectation import SUFFIX, Expectation
from tests import script, verdict
from tests.tcp.test_normative import SEED, folded

ROOT = Path(__file__).parents[2]
CAPTURES = ROOT / "captures"
TRUTHS = ROOT / "tests" / "data" / "kernel"
EXPECTATIONS = sorted(path.name for path in CAPTURES.glob(f"*{SUFFIX}"))
SEEDS = ("http-get.pcap", "http-get.txt")


def load_make() -> Any:
    """Return captures/make.py as a module."""
    spec = importlib.util.spec_from_file_location("captures_make", CAPTURES / "make.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


MAKE = load_make()


def expected(name: str) -> Expectation:
    return expectation.load(CAPTURES / f"{name}{SUFFIX}")


def test_there_are_at_least_twelve_and_each_has_its_capture_and_its_word_in_the_readme() -> None:
    captures = {name.removesuffix(SUFFIX) for name in EXPECTATIONS}
    assert len(captures) >= 12
    assert captures == {p.name for p in CAPTURES.iterdir() if p.suffix in (".pcap", ".pcapng", ".txt")}
    readme = (CAPTURES / "README.md").read_text()
    assert not [name for name in captures if f"| `{name}` |" not in readme]


@pytest.mark.parametrize("name", EXPECTATIONS)
def test_each_is_small_and_says_what_it_is_for_and_who_vouches(name: str) -> None:
    capture = name.removesuffix(SUFFIX)
    assert (CAPTURES / capture).stat().st_size < 8192
    text = (CAPTURES / name).read_text()
    assert 'purpose = "' in text
    stem = capture.rsplit(".", 1)[0]
    source = "kernel" if stem in MAKE.KERNEL else "script"
    assert expected(capture).source == source
    assert source == "kernel" or stem in MAKE.scripts() or capture in SEEDS


@pytest.mark.parametrize("name", MAKE.scripts())
def test_a_script_s_capture_is_what_the_script_makes(name: str) -> None:
    made = script.parse(MAKE.written(name).ladder).pcap()
    assert (CAPTURES / f"{name}.pcap").read_bytes() == made


@pytest.mark.parametrize(("name", "recorded"), MAKE.KERNEL.items())
def test_a_kernel_s_capture_is_the_recording(name: str, recorded: str) -> None:
    assert (CAPTURES / f"{name}.pcap").read_bytes() == (TRUTHS / f"{recorded}.pcap").read_bytes()


def lines_of(held: expectation.ExpectedConnection, made: script.Script, stream: int) -> list[str]:
    """Return an expected connection in the lines of ``verdict.expected_lines``, but for times of TIME-WAIT."""
    assert held.path is not None
    assert held.steps is not None
    # The first stream begins with the first frame; each later one here with its SYN, which is a step.
    first = held.steps[0].step.frame if stream else 1
    assert first is not None
    start_ns = made.frames[first - 1].time_ns
    out = []
    for side in ("client", "server"):
        end = held.ends[side].exact
        assert end is not None
        out.append(f"{side} is {end.ip} {end.port}")
    for wanted in held.steps:
        assert not wanted.free
        s = wanted.step
        clause = verdict.clause(s.cause, s.from_state)
        move = f"{s.from_state}>{s.to_state}"
        at = start_ns + s.time_ns
        out.append(verdict.step_line(s.frame, s.side, move, s.cause, s.evidence, s.proof, at, clause))
    out += [f"path {side}: {getattr(held.path, side).text}" for side in ("client", "server")]
    fields = {key: words.text for key, words in held.words.items()}
    out.append(f"outcome={fields['outcome']} first={fields['closed_first']} reset={fields['reset_by']}")
    out.append(f"time_wait: {fields['time_wait']}")
    return out


@pytest.mark.parametrize("name", MAKE.scripts())
def test_a_script_s_expectation_is_its_written_verdict(name: str) -> None:
    written = MAKE.written(name)
    made = script.parse(written.ladder)
    parts: list[list[str]] = [[]]
    for line in script.without_comments(written.verdict):
        if line.startswith("stream "):
            parts.append([])
        else:
            parts[-1].append(line)
    held = expected(f"{name}.pcap")
    assert held.frames is not None
    assert held.frames.text == str(len(made.frames))
    assert len(held.connections) == len(parts)
    for stream, lines in enumerate(parts):
        wanted, findings = verdict.expected_lines(made, stream, lines, held.msl_s)
        wanted[-1] = " ".join(wanted[-1].split()[:2])
        assert lines_of(held.connections[stream], made, stream) == wanted
        codes = held.connections[stream].findings
        written_codes = {line.split()[1] for line in lines if line.startswith("has ")}
        if codes is not None:
            assert written_codes <= codes.keys()
            if findings is not None:
                known = {code: span.text for code, span in codes.items() if code in verdict.REPLAY_CODES}
                assert known == {
                    code: str(count) for code, count in Counter(line.split()[2] for line in findings).items()
                }


@pytest.mark.parametrize(("name", "recorded"), MAKE.KERNEL.items())
def test_a_kernel_s_expectation_has_the_kernel_s_paths(name: str, recorded: str) -> None:
    truth = json.loads((TRUTHS / f"{recorded}.truth.json").read_text())
    held = expected(f"{name}.pcap")
    assert len(held.connections) == len(truth["connections"])
    for connection, true in zip(held.connections, truth["connections"], strict=True):
        assert connection.path is not None
        for side in ("client", "server"):
            assert getattr(connection.path, side).text == " ".join(true[side]["path"])
            assert connection.ends[side].text == f"{true[side]['ip']}:{true[side]['port']}"


@pytest.mark.parametrize("name", SEEDS)
def test_the_listing_s_expectation_is_the_normative_example(name: str) -> None:
    (connection,) = expected(name).connections
    assert connection.steps is not None
    lines = [
        f"{s.frame} {s.side} {s.from_state}>{s.to_state} {s.cause} {s.evidence} {s.proof or '-'}"
        for s in (wanted.step for wanted in connection.steps)
    ]
    assert lines == folded(SEED)
    told = {key: words.text for key, words in connection.words.items()}
    assert told == {"outcome": "closed", "closed_first": "server", "reset_by": "-", "time_wait": "server"}


def test_every_code_is_expected_in_some_golden() -> None:
    expected_codes = {
        code
        for name in EXPECTATIONS
        for connection in expected(name.removesuffix(SUFFIX)).connections
        for code in connection.findings or {}
    }
    assert {code.name for code in CODES.values()} - expected_codes == set()


@pytest.mark.parametrize(("name", "fragments"), [("fragments", 5), ("fragments-ipv6", 2)])
def test_a_packet_in_fragments_counts_once_where_it_is_whole(name: str, fragments: int) -> None:
    # Counted by hand in the ladders: at the frame that completes it; an IPv6 atomic fragment is whole, and of one
    # IPv4 packet a fragment never came.
    analysis = tcptrace.analyze(CAPTURES / f"{name}.pcap")
    list(analysis)
    capture = analysis.capture
    assert capture.skipped["fragment"] == fragments
    assert capture.tcp_segments == capture.frames - fragments


def test_all_of_them_are_as_expected() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tcptrace", "check", "captures"],
        cwd=ROOT,
        env={**os.environ, "TCPTRACE_PLAIN": "1"},  # twins older than their source say so on standard error
        capture_output=True,
        text=True,
        check=False,
    )
    total = len(EXPECTATIONS)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{total} captures: {total} as expected\n", "")
