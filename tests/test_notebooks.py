"""Every notebook runs from top to bottom, says what it claims, uses public names only, and is kept without outputs."""

import ast
import re
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import nbformat
import pytest

import tcptrace

ROOT = Path(__file__).parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
NOTEBOOK = {path.stem: path for path in NOTEBOOKS}
FOURTEEN = ROOT / "notebooks" / "fourteen-frames.ipynb"


def read(path: Path) -> Any:
    return nbformat.read(path, as_version=4)


def code_of(path: Path) -> ast.Module:
    """Return a notebook's code cells as one module."""
    return ast.parse("\n\n".join(cell.source for cell in read(path).cells if cell.cell_type == "code"))


@cache
def executed(path: Path) -> tuple[str, list[str]]:
    """Run a notebook in a kernel of its own, beside it; return its text, tags taken out, and its pictures."""
    from nbclient import NotebookClient

    notebook = read(path)
    NotebookClient(
        notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(path.parent)}}
    ).execute()
    shown, pictures = [], []
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            if "image/svg+xml" in data:
                pictures.append(data["image/svg+xml"])
            # What the kernel's own log says on standard error is not the notebook's.
            elif output.get("name") != "stderr":
                shown.append(output.get("text") or data.get("text/html", ""))
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", "\n".join(shown))), pictures


def test_there_are_five_notebooks() -> None:
    assert len(NOTEBOOKS) == 5


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_each_is_valid_and_kept_without_outputs(path: Path) -> None:
    notebook = read(path)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.outputs for cell in code] == [[]] * len(code)
    assert {cell.execution_count for cell in code} == {None}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_each_uses_public_names_only(path: Path) -> None:
    for node in ast.walk(code_of(path)):
        if isinstance(node, ast.Import):
            assert not [alias.name for alias in node.names if alias.name.startswith("tcptrace.")]
        elif isinstance(node, ast.ImportFrom):
            assert node.module is not None
            assert node.module.split(".")[0] != "tcptrace"
        elif isinstance(node, ast.Attribute):
            if isinstance(node.value, ast.Name) and node.value.id == "tcptrace":
                assert node.attr in tcptrace.__all__
            assert not node.attr.startswith("_")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_each_runs_from_top_to_bottom(path: Path) -> None:
    assert executed(path)[0]


def test_the_fourteen_frames_are_shown_one_by_one_with_what_each_does() -> None:
    shown, _ = executed(FOURTEEN)
    assert [int(n) for n in re.findall(r" frame (\d+) client &", shown)] == list(range(1, 15))
    quiet = re.findall(
        r"frame (\d+) client &[lr]arr; server [A-Z,]+ seq [^a-z]*(?:ack [^a-z]*)?(?:octets )?nobody", shown
    )
    assert quiet == ["4", "5", "6", "7", "8", "9", "10"]
    assert (
        "server SYN-RECEIVED &gt; ESTABLISHED rcv ACK of SYN RFC 9293 3.10.7.4 our SYN is acknowledged confirmed by "
        "frame 6 client ESTABLISHED , server ESTABLISHED frame 4" in shown
    )
    assert "14 3.517 ms client LAST-ACK &gt; CLOSED rcv ACK of FIN assumed -" in shown
    assert "RFC 9293: 240 s, Linux: 60 s" in shown


def test_both_pictures_are_drawn_with_every_state_s_name() -> None:
    _, (ladder, states) = executed(FOURTEEN)
    (connection,) = tcptrace.analyze(ROOT / "captures" / "http-get.pcap")
    passed = {*connection.path.client, *connection.path.server}
    for svg, names in (
        (ladder, passed),
        (states, {rule.state for rule in tcptrace.machine.RULES} - {"UNKNOWN"}),
    ):
        assert ElementTree.fromstring(svg).tag == "{http://www.w3.org/2000/svg}svg"
        # matplotlib draws text as outlines, with the text in a remark before them.
        assert [name for name in names if name not in svg] == []


def test_the_notebook_s_text_counts_the_evidence_right() -> None:
    (connection,) = tcptrace.analyze(ROOT / "captures" / "http-get.pcap")
    assert Counter(step.evidence for step in connection.transitions) == {
        "observed": 3,
        "confirmed": 6,
        "assumed": 1,
    }
    text = "\n".join(cell.source for cell in read(FOURTEEN).cells if cell.cell_type == "markdown")
    assert (
        "Ten steps: three are the ends' own doing, six are proved by what came later, and one is assumed"
        in text
    )


def test_each_way_of_ending_is_shown_with_who_is_left_waiting() -> None:
    shown, pictures = executed(NOTEBOOK["how-connections-end"])
    for row in (
        "the client closes first closed client - TIME-WAIT CLOSED client",
        "the server closes first closed server - CLOSED TIME-WAIT server",
        "both close at once, and the FINs cross closed both - TIME-WAIT TIME-WAIT both",
        "it never began refused server server CLOSED CLOSED -",
    ):
        assert row in shown
    assert "CLOSE-WAIT &gt; LAST-ACK" in shown.replace(" > ", " &gt; ")
    assert len(pictures) == 1


def test_the_slow_transfer_s_reasons_are_those_that_its_script_was_written_for() -> None:
    shown, pictures = executed(NOTEBOOK["reading-a-slow-transfer"])
    script = (ROOT / "captures" / "slow-transfer.script").read_text()
    assert (
        "the server thinks, a segment is lost, the client does not read, the last segment is lost" in script
    )
    assert "then 900 ms of thinking" in shown
    assert "shut for 1.260 s" in shown
    assert re.search(r"frame 22: asked for .* frame 36: by the timer", shown)
    assert len(pictures) == 3


def test_an_event_loop_waits_for_all_clients_at_once_and_works_for_one() -> None:
    shown, pictures = executed(NOTEBOOK["io-models-under-load"])
    assert len(pictures) == 3
    if "going on with a capture that comes with the project" in shown:
        pytest.skip("kernel lacks private networks for this user")
    rows = re.findall(r"\b(blocking|threads|epoll|asyncio) 8 8 ([\d.]+) ([\d.]+) ([\d.]+)", shown)
    assert len(rows) == 8
    done = {
        (load, row[0]): float(row[3])
        for load, part in (("wait", rows[:4]), ("work", rows[4:]))
        for row in part
    }
    # 60 ms for each of eight clients: one after the other that is half a second, whatever the machine.
    assert min(done["wait", "blocking"], done["work", "blocking"], done["work", "epoll"]) > 0.45
    assert done["wait", "epoll"] < done["wait", "blocking"]
    assert done["work", "threads"] < done["work", "epoll"]


def test_the_golden_s_way_through_ci_is_shown_with_its_exit_statuses() -> None:
    shown, _ = executed(NOTEBOOK["golden-captures-in-ci"])
    said = re.findall(r"\$ (tcptrace \w+|pytest) .*?\[exit status (\d)\]", shown)
    assert said == [
        ("tcptrace check", "0"),
        ("tcptrace check", "0"),
        ("tcptrace check", "1"),
        ("tcptrace diff", "1"),
        ("tcptrace assert", "0"),
        ("tcptrace assert", "1"),
        ("pytest", "0"),
    ]
    assert "it stays in CLOSE-WAIT" in shown
