"""What the project says about itself is so: the README's outputs and options, the change log, the data."""

import ast
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from itertools import chain
from pathlib import Path

import pytest

import tcptrace
from tcptrace.cli.app import COMMANDS

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"<!-- output: (.+?) -->\n```\n(.*?)```\n<!-- end -->", README, re.DOTALL)


def run(command: str) -> subprocess.CompletedProcess[str]:
    """Run ``tcptrace ...`` as the README writes it, with this Python, on a plain terminal."""
    program, *options = shlex.split(command)
    assert program == "tcptrace"
    surroundings = {
        key: value for key, value in os.environ.items() if key not in {"FORCE_COLOR", "CLICOLOR_FORCE"}
    }
    surroundings |= {"COLUMNS": "80", "NO_COLOR": "1", "TZ": "UTC", "PYTHONIOENCODING": "utf-8"}
    return subprocess.run(
        [sys.executable, "-m", "tcptrace", *options],
        cwd=ROOT,
        env=surroundings,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


@pytest.mark.parametrize(("command", "shown"), BLOCKS, ids=[command for command, _ in BLOCKS])
def test_the_readme_shows_the_real_output(command: str, shown: str) -> None:
    done = run(command)
    assert done.returncode == 0, done.stderr
    assert shown == done.stdout


def readme_lines() -> list[str]:
    """Return the commands of the README's sections by task, without their remarks."""
    tasks = README.split("## What you want to do")[1].split("\n## ")[0]
    blocks = re.findall(r"```sh\n(.*?)```", tasks, re.DOTALL)
    return [line.split("  #")[0].strip() for line in "".join(blocks).splitlines()]


@pytest.mark.parametrize("line", readme_lines())
def test_each_command_of_the_readme_works(line: str, tmp_path: Path) -> None:
    for program in ("tcpdump", "jq"):
        if program in line.split() and shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    ours = tmp_path / "tcptrace"
    ours.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m tcptrace "$@"\n')
    ours.chmod(0o755)
    path = f"{tmp_path}:{os.environ['PATH']}"
    (tmp_path / "captures").symlink_to(ROOT / "captures")
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", line.replace("FILE", "captures/http-get.pcap")],
        cwd=tmp_path if " -o " in line or " -w " in line else ROOT,  # what is written does not lie about here
        env={**os.environ, "PATH": path},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout or "reset" in line or " -o " in line, "nothing came out"


def test_the_readme_s_python_works(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    (code,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    exec(compile(code, "README.md", "exec"), {})
    out = capsys.readouterr().out
    assert (
        "0 closed ['CLOSED', 'SYN-SENT', 'ESTABLISHED', 'CLOSE-WAIT', 'LAST-ACK', 'CLOSED'] ['LISTEN'" in out
    )
    assert "\n14\n" in out
    assert "SYN-SENT rcv SYN,ACK ESTABLISHED RFC 9293" in out
    assert "│───  1 SYN seq 0" in out
    assert re.search(r"^0 +0 +0\.003517 +server$", out, re.MULTILINE)


def test_the_readme_begins_with_what_it_is_in_three_lines() -> None:
    first = README.split("\n\n")[1]
    assert README.startswith("# tcptrace\n")
    assert len(first.split("\n")) == 3


def readme_options() -> list[tuple[str, str]]:
    """Return (command, option) for each option of ours in the README's shell blocks."""
    found = set()
    for block in re.findall(r"```sh\n(.*?)```", README, re.DOTALL):
        for line in block.split("\n"):
            match = re.search(r"(?:^|[ /])tcptrace (\w+) ([^#]*)", line)
            if match and match[1] in COMMANDS:
                found |= {(match[1], word) for word in match[2].split() if re.fullmatch(r"--\w[\w-]*", word)}
    return sorted(found)


@pytest.mark.parametrize(("command", "option"), readme_options(), ids="".join)
def test_the_readme_names_only_options_that_there_are(command: str, option: str) -> None:
    done = run(f"tcptrace {command} --help")
    assert done.returncode == 0, done.stderr
    assert re.search(rf"(?<![\w-]){option}(?![\w-])", done.stdout)


def test_the_readme_names_only_files_that_there_are() -> None:
    named = set(re.findall(r"(?<![\w/.])((?:captures|tests|tcptrace|\.ci)/[\w./-]*)", README))
    assert named
    assert not [name for name in named if not (ROOT / name).exists()]


def test_the_change_log_is_in_the_form_of_keep_a_changelog() -> None:
    lines = (ROOT / "CHANGELOG.md").read_text().split("\n")
    assert lines[0] == "# Changelog"
    versions = [line for line in lines if line.startswith("## ")]
    assert versions[0] == "## [Unreleased]"
    assert all(re.fullmatch(r"## \[\d+\.\d+\.\d+\] - \d{4}-\d\d-\d\d", line) for line in versions[1:])
    kinds = {line[4:] for line in lines if line.startswith("### ")}
    assert kinds <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


def test_version_names_the_program_its_number_and_the_form_of_its_kernels() -> None:
    done = run("tcptrace --version")
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(
        rf"tcptrace {re.escape(tcptrace.__version__)} \(.*(compiled|plain).*\)\n", done.stdout
    )


def test_each_public_name_is_there() -> None:
    assert [name for name in tcptrace.__all__ if getattr(tcptrace, name, None) is None] == []


def test_a_name_that_is_not_public_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = tcptrace.no_such_name


def test_each_data_file_of_the_package_is_in_the_installed_package() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    patterns = project["tool"]["setuptools"]["package-data"]["tcptrace"]
    package = ROOT / "tcptrace"
    carried = {path for pattern in patterns for path in package.glob(pattern)}
    built = {".py", ".pyc", ".so", ".c"}
    data = {path for path in package.rglob("*") if path.is_file() and path.suffix not in built}
    assert package / "py.typed" in carried
    assert not data - carried


def test_each_package_that_is_imported_is_declared() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    needs = [*project["dependencies"], *chain(*project["optional-dependencies"].values())]
    declared = {re.split(r"[<>=~;\s\[]", need)[0].lower() for need in needs}
    used = set()
    for path in (ROOT / "tcptrace").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                used |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                used.add(str(node.module).split(".")[0])
    outside = {name.lower() for name in used - set(sys.stdlib_module_names) - {"tcptrace"}}
    assert "msgspec" in outside
    assert not outside - declared
