"""Files: the same analysis gives the same octets; text is text; nothing global is changed."""

import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import matplotlib
import pytest

from tcptrace import plot
from tcptrace.model.errors import UsageError
from tcptrace.show.plots.kinds import FORMATS, KINDS
from tests.every import ROOT
from tests.show.samples import sample

DRAW = """
import sys, tcptrace
analysis = tcptrace.analyze("captures/http-get.pcap", segments=True)
for connection in analysis:
    segments = analysis.segments_of(connection.stream)
ladder, states = tcptrace.plot.ladder(connection, segments, utc=True), tcptrace.plot.states(connection)
for form in ("png", "svg", "pdf"):
    tcptrace.plot.save(ladder, f"{sys.argv[1]}/ladder.{form}")
    tcptrace.plot.save(states, f"{sys.argv[1]}/states.{form}")
assert "matplotlib.pyplot" not in sys.modules
"""


def test_the_same_analysis_gives_the_same_octets_in_another_process(tmp_path: Path) -> None:
    made = []
    for seed in ("1", "2"):
        folder = tmp_path / seed
        folder.mkdir()
        subprocess.run(
            [sys.executable, "-c", DRAW, str(folder)],
            cwd=ROOT,
            env={"PYTHONHASHSEED": seed, "HOME": str(tmp_path), "PYTHONPATH": str(ROOT), "TZ": f"X{seed}"},
            check=True,
        )
        made.append({path.name: path.read_bytes() for path in folder.iterdir()})
    assert set(made[0]) == {f"{kind}.{form}" for kind in ("ladder", "states") for form in FORMATS}
    assert made[0] == made[1]


def test_text_in_svg_is_text_and_the_file_names_no_date(tmp_path: Path) -> None:
    connection, segments = sample("http")
    path = tmp_path / "ladder.svg"
    plot.save(plot.ladder(connection, segments), path)
    root = ElementTree.parse(path).getroot()
    said = {"".join(part.itertext()).strip() for part in root.iter("{http://www.w3.org/2000/svg}text")}
    assert {"SYN-RECEIVED", "FIN, ACK", "seq 5324   ack 146", "3.480 ms"} <= said
    assert "text{white-space: pre}" in path.read_text()
    assert not re.search(r"20\d\d-\d\d-\d\d", path.read_text())


def test_drawing_leaves_matplotlib_s_settings_as_they_were() -> None:
    before = dict(matplotlib.rcParams)
    connection, segments = sample("http")
    plot.ladder(connection, segments)
    plot.states(connection)
    assert dict(matplotlib.rcParams) == before


def test_an_unknown_format_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="gif"):
        plot.save(plot.states(), tmp_path / "x.gif")


def test_each_kind_has_a_public_function_of_its_name() -> None:
    assert set(KINDS) == set(plot.__all__) - {"save", "svg"}
    assert all(callable(getattr(plot, kind)) for kind in KINDS)


def test_colours_come_from_the_theme_alone() -> None:
    for path in (ROOT / "tcptrace" / "show" / "plots").glob("*.py"):
        assert not re.findall(r"#[0-9A-Fa-f]{6}\b", path.read_text()), path.name
