"""``tcptrace lab``: the list, a run that leaves captures and truth, and one line where it cannot."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tcptrace.lab.recording import Recording
from tcptrace.lab.scenario import Scenario
from tcptrace.lab.scenarios import SCENARIOS
from tests.cli.stand_in import go
from tests.lab.recorded import why_not


def test_the_list_has_every_scenario_with_its_clause_and_needs_and_if_it_is_simulated(
    capsys: pytest.CaptureFixture[str],
) -> None:
    status, out, err = go(capsys, "lab", "list")
    assert (status, err) == (0, "")
    lines = out.splitlines()
    assert [line.split()[0] for line in lines] == list(SCENARIOS)
    for line, row in zip(lines, SCENARIOS.values(), strict=True):
        assert f"{row.clause} " in line
        is_simulated = row.script is not None
        told = "simulated too" if is_simulated else f"not simulated: {row.unsimulated}"
        assert line.endswith(f"{row.shows} ({row.needs}; {told})")


def test_a_run_prints_the_kernel_s_paths_and_leaves_captures_and_truth(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    reason = why_not()
    if reason is not None:
        pytest.skip(reason)
    folder = tmp_path / "new" / "folder"
    status, out, err = go(capsys, "lab", "run", "refused", "self-connect", "-w", str(folder))
    assert (status, err) == (0, "")
    assert (
        "refused: 2 frames at client, 2 frames at server\n  client  CLOSED > SYN-SENT > CLOSED\n  server  CLOSED\n"
        in out
    )
    names = sorted(path.name for path in folder.iterdir())
    stems = ["refused@client", "refused@server", "self-connect@lo"]
    assert names == sorted(f"{stem}{end}" for stem in stems for end in (".pcap", ".truth.json"))
    truth = json.loads((folder / "refused@client.truth.json").read_text())
    assert truth["connections"][0]["client"]["path"] == ["CLOSED", "SYN-SENT", "CLOSED"]
    assert all(f"{folder / stem}.pcap" in out for stem in stems)


def test_goldens_made_of_scenarios_pass_the_check_and_the_kernel_vouches_for_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    reason = why_not()
    if reason is not None:
        pytest.skip(reason)
    status, out, err = go(capsys, "lab", "record", "simultaneous-close", "refused", "-w", str(tmp_path))
    assert (status, err) == (0, "")
    assert len(out.splitlines()) == 4
    expected = (tmp_path / "simultaneous-close@client.pcap.expect.toml").read_text()
    assert 'source = "kernel"\n' in expected
    assert 'path.client = "CLOSED SYN-SENT ESTABLISHED FIN-WAIT-1 CLOSING TIME-WAIT"\n' in expected
    status, out, err = go(capsys, "check", str(tmp_path))
    assert (status, err) == (0, "")


def test_a_capture_that_the_kernel_does_not_vouch_for_is_no_golden(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    reason = why_not()
    if reason is not None:
        pytest.skip(reason)
    truth = Recording.truth

    def lying(recording: Recording, where: str, scenario: Scenario) -> Any:
        told = truth(recording, where, scenario)
        told["connections"][0]["client"]["path"] = ["CLOSED", "SYN-SENT", "ESTABLISHED"]
        return told

    monkeypatch.setattr(Recording, "truth", lying)
    status, _, err = go(capsys, "lab", "record", "refused", "-w", str(tmp_path))
    assert (status, err.count("\n")) == (3, 1)
    assert "that is not what the kernel did" in err
    assert not list(tmp_path.glob("*.expect.toml"))


def test_a_simulation_needs_no_rights_and_gives_the_same_octets_and_truth_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = [tmp_path / "first.pcap", tmp_path / "again.pcap", tmp_path / "other.pcap"]
    for file, seed in zip(files, ("7", "7", "8"), strict=True):
        status, out, err = go(
            capsys, "lab", "simulate", "fin-lost", "--seed", seed, "--tap", "1", "-w", str(file)
        )
        assert (status, err) == (0, "")
        assert out.endswith(f"  {file}\n  {file.with_suffix('.truth.json')}\n")
    assert "  client  CLOSED > SYN-SENT > ESTABLISHED > FIN-WAIT-1 > FIN-WAIT-2 > TIME-WAIT\n" in out
    assert files[0].read_bytes() == files[1].read_bytes() != files[2].read_bytes()
    truths = [json.loads(file.with_suffix(".truth.json").read_text()) for file in files]
    assert truths[0] == {**truths[1], "file": "first.pcap"}
    (connection,) = truths[0]["connections"]
    assert (truths[0]["vantage"], truths[0]["scenario"], truths[0]["seed"]) == ("server", "fin-lost", 7)
    assert connection["server"]["path"][-2:] == ["LAST-ACK", "CLOSED"]
    steps = connection["client"]["steps"]
    assert [step["to"] for step in steps] == connection["client"]["path"][1:]
    assert sorted(step["t_ns"] for step in steps) == [step["t_ns"] for step in steps]


def test_the_truth_of_a_simulation_has_the_form_of_a_run_s(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    reason = why_not()
    if reason is not None:
        pytest.skip(reason)
    file = tmp_path / "simulated.pcap"
    assert go(capsys, "lab", "simulate", "capture-late", "-w", str(file))[0] == 0
    assert go(capsys, "lab", "run", "capture-late", "-w", str(tmp_path))[0] == 0
    forms = [
        json.loads(path.read_text())
        for path in (file.with_suffix(".truth.json"), tmp_path / "capture-late@client.truth.json")
    ]
    assert forms[0].keys() - {"seed"} == forms[1].keys()
    ends = [form["connections"][0]["client"] for form in forms]
    assert ends[0].keys() == ends[1].keys()
    assert ends[0]["steps"][0].keys() == ends[1]["steps"][0].keys()
    assert [(end["path"], end["accept"], end["unknowable"]) for end in ends[:1]] == [
        (end["path"], end["accept"], end["unknowable"]) for end in ends[1:]
    ]


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["nonsense"], "nonsense: no such scenario"),
        (["fin-lost", "--tap", "nan"], "--tap"),
        (["dns"], "dns: the simulator cannot play it: "),
    ],
)
def test_a_wrong_simulation_is_one_line_and_status_2(
    words: list[str], named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, err = go(capsys, "lab", "simulate", *words)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert named in err


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["nonsense"], "nonsense: no such scenario"),
        ([], "NAME: missing"),
        (["all", "--at-once", "0"], "--at-once"),
    ],
)
def test_a_wrong_command_line_is_one_line_and_status_2(
    words: list[str], named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, err = go(capsys, "lab", "run", *words)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert named in err


def test_without_permission_it_is_one_line_and_status_3(capsys: pytest.CaptureFixture[str]) -> None:
    user = os.geteuid()
    if user == 0:
        os.seteuid(65_534)
    try:
        status, out, err = go(capsys, "lab", "run", "refused")
    finally:
        os.seteuid(user)
    assert (status, out, err.count("\n")) == (3, "", 1)
    assert err.endswith("; run it as root\n")


def test_a_folder_that_cannot_be_written_is_one_line_and_status_3(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "file"
    file.write_text("")
    status, out, err = go(capsys, "lab", "run", "refused", "-w", str(file))
    assert (status, out, err.count("\n")) == (3, "", 1)
    assert err.startswith(f"tcptrace: {file}: ")
