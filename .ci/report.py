"""Read pytest's report: say what ran, and fail where a test was skipped but for what the kernel lacks."""

import sys
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

ALLOWED = ["kernel lacks"]
if not Path("../shared/data/real").is_dir():  # a clone by itself: nothing to read there
    ALLOWED.append("the shared real captures are not here")


def main(path: str) -> int:
    """Print the numbers of tests, skips and captures; return the exit status."""
    cases = list(ElementTree.parse(path).iter("testcase"))
    reasons: Counter[str] = Counter()
    captures: set[str] = set()
    for case in cases:
        skipped = case.find("skipped")
        if skipped is not None:
            reasons[skipped.get("message", "")] += 1
        elif (case.get("classname", "").endswith("test_peers")) and "[real/" in case.get("name", ""):
            captures.add(case.get("name", "").split("[real/", 1)[1].rstrip("]"))
    print(f"tests: {len(cases)}, skipped: {reasons.total()}")
    print(f"captures of ../shared/data/real that ran: {len(captures)}")
    wrong = {reason: count for reason, count in reasons.items() if not reason.startswith(tuple(ALLOWED))}
    for reason, count in sorted(wrong.items()):
        print(f"skipped {count} times, and that is no reason that counts: {reason}")
    return 1 if wrong or not cases or len(cases) == reasons.total() else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
