"""What ``check``, ``diff`` and ``assert`` write for programs is what the published schema says."""

import json
import shutil
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tcptrace.golden.expectation import SUFFIX
from tcptrace.show import schema
from tests.cli.stand_in import go
from tests.every import ROOT

CAPTURES = ROOT / "captures"
VALIDATOR = jsonschema.Draft202012Validator(json.loads(schema.text()))


def lines(capsys: pytest.CaptureFixture[str], *words: str) -> list[dict[str, Any]]:
    """Run a command and return its objects, each held to the schema."""
    _, out, err = go(capsys, *words)
    records = [json.loads(line) for line in out.splitlines()]
    assert records, err
    for record in records:
        VALIDATOR.validate(record)
    return records


def test_check_in_all_its_verdicts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("http-get.pcap", "vlan.pcap", "scan.pcap", "blind-rst.pcap"):
        shutil.copy(CAPTURES / name, tmp_path)
    for name in ("http-get.pcap", "vlan.pcap", "blind-rst.pcap"):
        shutil.copy(CAPTURES / f"{name}{SUFFIX}", tmp_path)
    for name in ("http-get.pcap", "blind-rst.pcap"):  # a script or the kernel vouches for the second
        expected = tmp_path / f"{name}{SUFFIX}"
        expected.write_text(
            expected.read_text().replace("closed_first", "# closed_first").replace('"closed"', '"reset"')
        )
    told = lines(capsys, "check", str(tmp_path), "--format", "json")
    assert [record["record"] for record in told] == ["check"] * 4 + ["checks"]
    assert {record["verdict"] for record in told[:-1]} == {"same", "differs", "error"}
    assert any(record["differences"] for record in told[:-1])
    told = lines(capsys, "check", str(tmp_path), "--format", "json", "--update")
    assert {record["verdict"] for record in told[:-1]} >= {"same", "renewed", "written"}


def test_diff_of_pairs_and_of_those_alone(capsys: pytest.CaptureFixture[str]) -> None:
    told = lines(capsys, "diff", str(CAPTURES / "http-get.pcap"), str(CAPTURES / "scan.pcap"), "--json")
    assert told[-1]["record"] == "diff"
    assert {record["record"] for record in told[:-1]} == {"pair"}
    assert any(record["b"] is None for record in told[:-1])
    told = lines(
        capsys, "diff", str(CAPTURES / "http-get.pcap"), str(CAPTURES / "blind-rst.pcap"), "--json", "--all"
    )
    assert told[0]["a"]
    assert told[0]["b"]
    assert told[0]["differs"]


def test_assert_of_rules_that_hold_and_that_are_broken(capsys: pytest.CaptureFixture[str]) -> None:
    rules = ("--rule", "outcome == closed", "--rule", "no finding retransmission")
    told = lines(capsys, "assert", str(CAPTURES / "retransmissions.pcap"), *rules, "--json")
    assert [record["record"] for record in told] == ["rule", "rule"]
    assert [record["holds"] for record in told] == [told[0]["holds"], False]
    assert told[1]["breaches"]


@pytest.mark.parametrize(
    ("record", "key", "value"),
    [
        ("check", "verdict", "fine"),
        ("checks", "captures", -1),
        ("pair", "by", "name"),
        ("diff", "only_a", None),
        ("rule", "holds", "yes"),
    ],
)
def test_the_schema_refuses_what_they_never_write(
    record: str, key: str, value: object, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    here = str(CAPTURES / "http-get.pcap")
    commands = {
        "check": ("check", here, "--format", "json"),
        "pair": ("diff", here, here, "--json", "--all"),
        "rule": ("assert", here, "--rule", "outcome == closed", "--json"),
    }
    commands |= {"checks": commands["check"], "diff": commands["pair"]}
    (line,) = [line for line in lines(capsys, *commands[record]) if line["record"] == record][:1]
    with pytest.raises(jsonschema.ValidationError):
        VALIDATOR.validate(line | {key: value})
    with pytest.raises(jsonschema.ValidationError):
        VALIDATOR.validate({name: told for name, told in line.items() if name != key})
