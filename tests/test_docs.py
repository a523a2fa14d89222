"""What the pages of ``tcptrace help`` show works as it stands there."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tcptrace.cli.app import COMMANDS
from tcptrace.cli.help import PAGES
from tcptrace.golden import expectation
from tcptrace.golden.rules.rule import load
from tests.cli.stand_in import go
from tests.live import needs_root

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "tcptrace" / "docs"


def blocks(page: str, language: str) -> list[str]:
    """Return a page's code blocks of a language."""
    return re.findall(rf"```{language}\n(.*?)```", (DOCS / f"{page}.md").read_text(), re.DOTALL)


def test_each_page_has_its_row_and_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert {path.stem for path in DOCS.glob("*.md")} == set(PAGES)
    for name in PAGES:
        assert go(capsys, "help", name) == (0, (DOCS / f"{name}.md").read_text(), "")
    status, out, _ = go(capsys, "help")
    assert status == 0
    assert [line.split()[0] for line in out.splitlines()] == list(PAGES)
    assert go(capsys, "help", "me")[::2] == (
        2,
        "tcptrace: me: no such page; there are expectations, rules, pytest, verify, ci\n",
    )


def test_the_expectation_that_is_shown_is_read_and_is_the_seed_s_but_for_names_and_durations(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (text,) = blocks("expectations", "toml")
    held = expectation.read(text.encode(), "expectations.md")
    assert len(held.connections) == 1
    # All keys that there are, are shown.
    fields = {*expectation._Connection2.__struct_fields__} - {"duplicates", "unique_bytes"}
    assert [key for key in fields if not re.search(rf"^{key}\b", text, re.MULTILINE)] == []
    assert [key for key in expectation._Tolerance.__struct_fields__ if f"\n{key} = " not in text] == []
    shutil.copy(ROOT / "captures" / "http-get.pcap", tmp_path)
    path = tmp_path / "http-get.pcap.expect.toml"
    path.write_text(text.replace('"10.0.*"', '"127.*"').replace("duration_s = 1.5", "duration_s = 0.0035"))
    assert go(capsys, "check", str(tmp_path))[:2] == (0, "1 capture: 1 as expected\n")
    path.write_text(text)
    _, out, _ = go(capsys, "check", str(tmp_path))
    assert "expected server service:http, got 127.0.0.1:8000" in out
    assert "expected duration_s 1.5, got 0.003517" in out


def test_the_rules_that_are_shown_are_read(tmp_path: Path) -> None:
    (text,) = blocks("rules", "toml")
    path = tmp_path / "rules.toml"
    path.write_text(text)
    assert len(load(path)) == 8


def test_errors_are_shown_as_they_are() -> None:
    pattern = r"<!-- error: tcptrace (.+?) -->\n```\n(.*?)```\n<!-- end -->"
    shown = [
        found for path in DOCS.glob("*.md") for found in re.findall(pattern, path.read_text(), re.DOTALL)
    ]
    assert shown
    for command, error in shown:
        done = subprocess.run(
            [sys.executable, "-m", "tcptrace", *shlex.split(command)],
            cwd=ROOT,
            env={**os.environ, "TCPTRACE_PLAIN": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stdout, done.stderr) == (2, "", error)


@needs_root
def test_the_tests_that_are_shown_pass(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    (code,) = blocks("pytest", "python")
    pytester.makepyfile(code)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    command = (sys.executable, "-m", "pytest", "-p", "tcptrace.pytest_plugin", "-p", "no:cacheprovider")
    pytester.run(*command, "--tcp-golden=update").assert_outcomes(passed=3)
    pytester.run(*command).assert_outcomes(passed=3)


@pytest.mark.parametrize("form", ["github", "gitlab"])
def test_the_ci_examples_use_commands_and_options_that_there_are(
    form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    text = blocks("ci", "yaml")[form == "gitlab"]
    assert ("runs-on:" in text) == (form == "github")
    lines = re.findall(r"(?<![\w/])tcptrace (\w+) ([^\n]*)", re.sub(r"#.*", "", text))
    assert {name for name, _ in lines} == {"check", "run", "assert"}
    for name, rest in lines:
        assert name in COMMANDS
        _, out, _ = go(capsys, name, "--help")
        for option in re.findall(r"(?<=\s)--?\w[\w-]*", f" {rest.split(' -- ')[0]}"):
            assert re.search(rf"(?<![\w-]){option}(?![\w-])", out), (name, option)
    for option in re.findall(r"pytest .*?(--tcp-\w+)", text):
        assert option in (ROOT / "tcptrace" / "pytest_plugin.py").read_text()
