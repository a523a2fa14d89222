"""Command lines that are understood quickly ask for what the whole command line would have asked for."""

import subprocess
import sys
from importlib import import_module
from itertools import combinations

import click
import pytest

from tcptrace.cli import app, quick
from tcptrace.cli.analyze import analyze
from tcptrace.cli.request import Request
from tcptrace.model.errors import UsageError
from tests.every import ROOT

WORDS = (["a.pcap"], ["-"], ["a.pcap", "b.pcap", "tcp", "port", "80"], [], ["a.pcap", "", "and"])


def asked_whole(monkeypatch: pytest.MonkeyPatch, args: list[str]) -> Request | str:
    """Return what click's command asks for."""
    requests: list[Request] = []
    monkeypatch.setattr(import_module("tcptrace.cli.run_analyze"), "run", requests.append)
    try:
        assert app.invoke(["analyze", *args]) == 0
    except UsageError as error:
        return str(error)
    return requests[0]


def asked_quickly(args: list[str]) -> Request | str | None:
    try:
        return quick.understand(args)
    except UsageError as error:
        return str(error)


@pytest.mark.parametrize("words", WORDS)
def test_every_choice_of_flags_asks_for_the_same(monkeypatch: pytest.MonkeyPatch, words: list[str]) -> None:
    for size in range(4):
        for flags in combinations(quick.FLAGS, size):
            for args in ([*words, *flags], [*flags, *words], [*words[:1], *flags, *words[1:]]):
                assert asked_quickly(args) == asked_whole(monkeypatch, args), args


def test_flags_are_options_of_analyze_without_a_value() -> None:
    options = {
        option: each for each in analyze.params if isinstance(each, click.Option) for option in each.opts
    }
    for flag, name in quick.FLAGS.items():
        assert options[flag].is_flag
        assert options[flag].name == name


OTHERS: list[list[str]] = [
    ["--help"], ["-h"], ["--jso", "a.pcap"], ["--order", "end", "a.pcap"], ["-r", "a.pcap"], ["--", "a.pcap"],
    ["--stream=1", "a.pcap"], ["a.pcap", "-nn"], ["--json=1", "a.pcap"],
]  # fmt: skip


@pytest.mark.parametrize("args", OTHERS)
def test_everything_else_is_left_to_the_whole_command_line(args: list[str]) -> None:
    assert quick.understand(args) is None


def test_no_library_of_the_command_line_is_imported() -> None:
    script = (
        "import sys; from tcptrace.cli.command_line import run; "
        "run(['analyze', 'captures/http-get.pcap', '--summary']); "
        "assert 'click' not in sys.modules"
    )
    run = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
