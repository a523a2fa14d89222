"""The records of connections with findings are those of all connections without the others, whatever the order."""

from pathlib import Path
from typing import Any

import pytest

from tcptrace.session import analyze
from tests.every import CAPTURES

OPTIONS: tuple[dict[str, Any], ...] = ({}, {"order": "end"}, {"max_connections": 2}, {"msl_s": 0.001})


@pytest.mark.parametrize("path", CAPTURES)
def test_who_asks_for_findings_gets_the_records_that_have_some(path: Path) -> None:
    for options in OPTIONS:
        some, everyone = analyze(path, **options), analyze(path, **options)
        found = list(some.with_findings())
        assert found == [record for record in everyone if record.findings]
        assert (some.outcomes, some.capture) == (everyone.outcomes, everyone.capture)
