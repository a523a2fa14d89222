"""What comes out of every capture keeps to the published schema, and is the same compiled and plain."""

import json
import os
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from tcptrace import kernels
from tcptrace.show import schema
from tests.every import CAPTURES, ROOT

VALIDATOR = jsonschema.Draft202012Validator(json.loads(schema.text()))


def output(path: Path, *options: str, plain: bool, hash_seed: int = 0) -> str:
    """Return what ``tcptrace analyze`` prints for a capture, in a process of its own."""
    surroundings = {key: value for key, value in os.environ.items() if key != "TCPTRACE_PLAIN"}
    surroundings |= {"PYTHONHASHSEED": str(hash_seed), "COLUMNS": "120", "TZ": "UTC"}
    if plain:
        surroundings["TCPTRACE_PLAIN"] = "1"
    done = subprocess.run(
        [sys.executable, "-m", "tcptrace", "analyze", str(path), *options],
        cwd=ROOT,
        env=surroundings,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr[-1000:]
    return done.stdout


@pytest.mark.parametrize("path", CAPTURES)
def test_each_line_keeps_to_the_published_schema(path: Path) -> None:
    records = [json.loads(line) for line in output(path, "--json", "--frames", plain=False).split("\n")[:-1]]
    assert [record["record"] for record in records].count("capture") == 1
    assert records[-1]["record"] == "capture"
    assert sum(record["record"] == "segment" for record in records) == records[-1]["tcp_segments"]
    for record in records:
        VALIDATOR.validate(record)


def test_the_schema_refuses_a_record_that_breaks_it() -> None:
    path = next(case.values[0] for case in CAPTURES if str(case.id).startswith("captures/"))
    assert isinstance(path, Path)
    record = json.loads(output(path, "--json", plain=False).split("\n")[0])
    assert VALIDATOR.is_valid(record)
    assert not VALIDATOR.is_valid({**record, "outcome": "finished"})
    assert not VALIDATOR.is_valid({key: value for key, value in record.items() if key != "path"})


@pytest.mark.skipif(
    not kernels.is_compiled("tcp.replay"), reason="no compiled twins here: nothing to compare"
)
@pytest.mark.parametrize("path", CAPTURES)
def test_compiled_and_plain_say_the_same(path: Path) -> None:
    compiled = output(path, "--json", "--frames", plain=False, hash_seed=1)
    assert compiled == output(path, "--json", "--frames", plain=True, hash_seed=2)
    assert len(compiled) > 100
