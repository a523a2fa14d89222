"""Makes the helpers that lie beside this file (``script``) importable from every folder of tests.

In CI hypothesis draws the same examples each time: whether a change may land must not hang on a die. Runs by hand draw
new ones. An example may take as long as it takes: on a loaded machine a deadline only makes tests fail now and then.
"""

import os
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

pytest_plugins = ["pytester"]  # runs other people's tests, for the plugin's

SLOW = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("hand", **SLOW)
settings.register_profile("ci", derandomize=True, **SLOW)
settings.load_profile("ci" if os.environ.get("CI") else "hand")

sys.path.insert(0, str(Path(__file__).parent))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what tests have scored, apart from whether they passed."""
    reports = terminalreporter.getreports("passed") + terminalreporter.getreports("failed")
    scores = {str(value) for one in reports for name, value in one.user_properties if name == "score"}
    for score in sorted(scores):
        terminalreporter.write_line(score)
