"""Runs every script of test_cases_*.py and every kernel capture; prints the rules that fired, as JSON.

Whether a script's verdict holds is its own test's matter; here only what the table was asked for counts.
"""

import importlib
import itertools
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parents[1]), str(HERE.parent), str(HERE)]


def calls(test: Any) -> Iterator[dict[str, Any]]:
    """Yield the arguments of each run of a test, as ``pytest.mark.parametrize`` gives them."""
    groups = []
    for mark in getattr(test, "pytestmark", []):
        names = mark.args[0].split(",") if isinstance(mark.args[0], str) else mark.args[0]
        values = [value if len(names) > 1 else (value,) for value in mark.args[1]]
        groups.append([dict(zip(names, value, strict=True)) for value in values])
    for parts in itertools.product(*groups):
        yield {name: value for part in parts for name, value in part.items()}


def main() -> None:
    """Run them all and print [[state, input], ...]."""
    import tcptrace
    from tcptrace.tcp import machine

    for path in sorted(HERE.glob("test_cases_*.py")):
        module = importlib.import_module(path.stem)
        for name, test in vars(module).items():
            if name.startswith("test_"):
                for arguments in calls(test):
                    try:
                        test(**arguments)
                    except AssertionError:
                        continue
    for path in sorted((HERE.parent / "data/kernel").glob("*.pcap")):
        list(tcptrace.analyze(path))
    print(json.dumps(sorted(cell for cell, count in dict(machine.HITS).items() if count)))


if __name__ == "__main__":
    main()
