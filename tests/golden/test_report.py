"""``tcptrace check --format``: the same results for programs, for JUnit's readers and for GitHub."""

import json
import re
import shutil
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tcptrace.cli.check import FORMATS
from tcptrace.golden import report
from tcptrace.golden.expectation import SUFFIX
from tests.cli.stand_in import go
from tests.every import ROOT

Capsys = pytest.CaptureFixture[str]
TOLD = (
    "stream 0 server: expected to stay in FIN-WAIT-2, got TIME-WAIT at frame 13 (rcv FIN, RFC 9293 3.10.7.4)"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with one pair that is as expected, one that is not, and one that is none."""
    for name in ("http-get.pcap", "vlan.pcap"):
        shutil.copy(ROOT / "captures" / name, tmp_path / name)
        shutil.copy(ROOT / "captures" / f"{name}{SUFFIX}", tmp_path / f"{name}{SUFFIX}")
    shutil.copy(ROOT / "captures" / "scan.pcap", tmp_path / "scan, 1.pcap")
    path = tmp_path / f"http-get.pcap{SUFFIX}"
    lines = path.read_text().replace("FIN-WAIT-2 TIME-WAIT", "FIN-WAIT-2").splitlines()
    path.write_text("".join(f"{line}\n" for line in lines if "FIN-WAIT-2>TIME-WAIT" not in line))
    return tmp_path


def output(capsys: Capsys, folder: Path, form: str) -> str:
    """Return what the format says; the status is the same in each."""
    status, out, err = go(capsys, "check", str(folder), "--format", form)
    assert (status, err.count("\n")) == (3, 1)
    return out


def test_the_command_line_offers_the_formats_that_there_are() -> None:
    assert tuple(report.FORMATS) == FORMATS


def test_json_has_an_object_a_capture_and_the_counts_last(folder: Path, capsys: Capsys) -> None:
    records = [json.loads(line) for line in output(capsys, folder, "json").splitlines()]
    assert [record["record"] for record in records] == ["check", "check", "check", "checks"]
    differs, error, same, counts = records
    assert counts == {
        "record": "checks",
        "schema": 1,
        "captures": 3,
        "verdicts": {"differs": 1, "error": 1, "same": 1},
    }
    assert (same["verdict"], same["differences"], same["connections"]) == ("same", [], 1)
    assert (error["verdict"], error["capture"]) == ("error", f"{folder}/scan, 1.pcap")
    assert "a capture without expectation" in error["message"]
    assert differs["differences"] == [
        {
            "connection": 0,
            "stream": 0,
            "side": "server",
            "key": "path",
            "frame": 13,
            "expected": "FIN-WAIT-2",
            "got": "TIME-WAIT at frame 13 (rcv FIN, RFC 9293 3.10.7.4)",
            "text": TOLD,
        }
    ]


def test_junit_has_a_test_case_a_capture(folder: Path, capsys: Capsys) -> None:
    tree = ElementTree.fromstring(output(capsys, folder, "junit"))
    assert tree.attrib == {"tests": "3", "failures": "1", "errors": "1"}
    cases = {case.attrib["name"]: case for case in tree.iter("testcase")}
    assert {case.attrib["classname"] for case in cases.values()} == {str(folder)}
    assert list(cases) == ["http-get.pcap", "scan, 1.pcap", "vlan.pcap"]
    failure = cases["http-get.pcap"].find("failure")
    assert failure is not None
    assert failure.attrib["message"] == TOLD
    assert failure.text is not None
    assert failure.text.splitlines()[0] == TOLD
    assert "13 LAST-ACK     TIME-WAIT" in failure.text
    error = cases["scan, 1.pcap"].find("error")
    assert error is not None
    assert "a capture without expectation" in error.attrib["message"]
    assert len(cases["vlan.pcap"]) == 0


def test_github_gets_an_annotation_at_the_line_that_is_not_so(folder: Path, capsys: Capsys) -> None:
    differs, error, counts = output(capsys, folder, "github").splitlines()
    path = folder / f"http-get.pcap{SUFFIX}"
    lines = path.read_text().splitlines()
    found = re.fullmatch(r"::error file=([^,]*),line=(\d+),title=tcptrace check::(.*)", differs)
    assert found is not None
    assert (found[1], found[3]) == (str(path), TOLD)
    # The step that is missing has no line; the path that ends too early has.
    assert lines[int(found[2]) - 1].startswith("path.server = ")
    assert error.startswith(
        f"::error file={folder}/scan%2C 1.pcap,title=tcptrace check::{folder}/scan, 1.pcap: "
    )
    assert counts == "3 captures: 1 as expected, 1 differs, 1 could not be checked"


def test_github_s_line_is_the_step_s_where_it_is_one(tmp_path: Path, capsys: Capsys) -> None:
    for name in ("scan.pcap", f"scan.pcap{SUFFIX}"):
        shutil.copy(ROOT / "captures" / name, tmp_path / name)
    path = tmp_path / f"scan.pcap{SUFFIX}"
    text = path.read_text().replace("    5     0.010000 client", "    5     0.010001 client")
    path.write_text(
        text.replace('outcome = "aborted"', 'outcome = "open"').replace("frames = 5", "frames = 6")
    )
    _, out, _ = go(capsys, "check", str(path), "--format", "github")
    numbers = [int(n) for n in re.findall(r",line=(\d+)", out)]
    lines = path.read_text().splitlines()
    assert [lines[n - 1].split(" =")[0].split() for n in numbers] == [
        ["frames"],
        ["outcome"],
        ["5", "0.010001", "client", "SYN-SENT>CLOSED", "rcv", "RST", "assumed", "-"],
    ]


def test_what_a_workflow_command_or_xml_would_take_for_its_own_is_escaped(
    tmp_path: Path, capsys: Capsys
) -> None:
    name = "a%0A::error::<b>&\x1b.pcap"
    shutil.copy(ROOT / "captures" / "scan.pcap", tmp_path / name)
    (tmp_path / f"{name}{SUFFIX}").write_text(
        'version = 2\n[[connection]]\noutcome = "<&\\n::error::%0A\\u0007"\n'
    )
    _, out, _ = go(capsys, "check", str(tmp_path), "--format", "github")
    assert len(re.findall(r"^::", out, re.MULTILINE)) == 2
    assert "%250A" in out
    assert out.replace("\n", "").isprintable()
    _, out, _ = go(capsys, "check", str(tmp_path), "--format", "junit")
    assert ElementTree.fromstring(out).find(".//failure") is not None


def test_verbose_names_each_capture_and_shows_a_patch_that_update_would_make(
    folder: Path, capsys: Capsys
) -> None:
    _, out, _ = go(capsys, "check", str(folder), "-v")
    lines = out.splitlines()
    assert f"{folder}/vlan.pcap: as expected (1 connection)" in lines
    assert '  +path.server = "LISTEN SYN-RECEIVED ESTABLISHED FIN-WAIT-1 FIN-WAIT-2 TIME-WAIT"' in lines
    (parted,) = [line for line in lines if " | " in line]
    assert parted.split() == ["13", "LAST-ACK", "|", "13", "LAST-ACK", "TIME-WAIT"]
    assert len(parted) <= 80
