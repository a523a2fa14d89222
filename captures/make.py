"""Makes the captures here: ``python captures/make.py`` writes them again, octet by octet the same.

``NAME.script`` is a ladder in the language of ``tests/script.py``, which becomes ``NAME.pcap``, and below the line
``verdict:`` what the analysis of it has to be, in the language of ``tests/verdict.py``, written by hand from the RFC's
text. What is in ``KERNEL`` are recordings of real sockets (``tests/data/kernel``), with what the kernel said beside them.
"""

import shutil
import sys
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
RECORDED = ROOT / "tests" / "data" / "kernel"
sys.path.insert(0, str(ROOT))

KERNEL = {
    "blind-rst": "blind_rst_in_window@server",
    "close-by-server": "close_by_server@client",
    "close-three-segments": "close_three_segments@server",
    "fast-open": "fast_open_close_in_syn_received@server",
    "fin-lost": "fin_lost@client",
    "half-open-reconnect": "half_open_reconnect@server",
    "reset-in-close-wait": "rst_in_close_wait@client",
    "reset-unread-data": "unread_data_close@client",
    "self-connect": "self_connect@lo",
    "simultaneous-close": "simultaneous_close@client",
    "simultaneous-open": "simultaneous_open@client",
}


class Written(NamedTuple):
    """A script file, taken apart."""

    purpose: str  # its first line
    ladder: str
    verdict: str


def written(name: str) -> Written:
    """Return the script of a capture."""
    text = (HERE / f"{name}.script").read_text("ascii")
    ladder, verdict = text.split("\nverdict:\n")
    return Written(text.split("\n", 1)[0].removeprefix("# "), ladder, verdict)


def scripts() -> list[str]:
    """Return the names of the captures that are made of a script."""
    return sorted(path.stem for path in HERE.glob("*.script"))


def main() -> None:
    """Write every capture."""
    from tests.script import parse

    for name in scripts():
        (HERE / f"{name}.pcap").write_bytes(parse(written(name).ladder).pcap())
    for name, recorded in KERNEL.items():
        shutil.copyfile(RECORDED / f"{recorded}.pcap", HERE / f"{name}.pcap")


if __name__ == "__main__":
    main()
