"""The page of pictures: every kind, its command, and its picture."""

import re
import shlex
from pathlib import Path

import pytest

from tcptrace.show.plots.kinds import KINDS
from tests.cli.stand_in import go
from tests.every import ROOT

PAGE = (ROOT / "docs" / "pictures.md").read_text()
COMMANDS = re.findall(r"^tcptrace (plot .*)$", PAGE, re.MULTILINE)
KILOBYTES = 80  # of a picture


def test_every_kind_is_on_the_page() -> None:
    drawn = {"ladder" if "--kind" not in line else line.split("--kind ")[1].split()[0] for line in COMMANDS}
    assert drawn == set(KINDS)


@pytest.mark.parametrize("line", COMMANDS)
def test_each_command_draws_the_picture_below_it(
    line: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    words = shlex.split(line)
    shown = Path(words[-1])
    assert words[-2] == "-o"
    assert f"]({shown.relative_to('docs')})" in PAGE.split(line)[1].split("## ")[0]
    assert 1_000 < shown.stat().st_size < KILOBYTES * 1024
    assert go(capsys, *words[:-1], str(tmp_path / "x.png")) == (0, "", "")


def test_no_picture_lies_about_unshown() -> None:
    shown = set(re.findall(r"\]\((pictures/[^)]*)\)", PAGE))
    assert {
        str(path.relative_to(ROOT / "docs")) for path in (ROOT / "docs" / "pictures").glob("*.png")
    } == shown
