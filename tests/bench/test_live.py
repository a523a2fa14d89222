"""The bench of capturing runs, at a small size, and finds the same frames on both sides."""

import re

import pytest

from tests.bench.live import main
from tests.live import needs, needs_root


@needs_root
@needs("tcpdump")
def test_beside_tcpdump_neither_drops_a_frame_and_both_have_the_same(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["--connections", "20", "--bulk", "1", "--runs", "1"]) == 0
    runs = capsys.readouterr().out.splitlines()
    assert [run.split(":")[0] for run in runs] == ["20 connections", "1 MiB"]
    for run in runs:
        found = re.search(
            r"tcpdump (\d+) frames, 0 dropped, .*; ours (\d+) frames, 0 dropped, .*; the same fr", run
        )
        assert found, run
        assert found[1] == found[2]
