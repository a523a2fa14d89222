"""The tools that are timed: ours, and what a user would pick instead.

To add one: a row in ``TOOLS``. A tool says how many packets it counted, or a second command says it; a figure
for a tool that read another number of packets is worth nothing and is not printed.
"""

import importlib.util
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent.parent
C_TCPTRACE = "/usr/bin/tcptrace"  # by its path: ours has the same name

Counter = Callable[[str, int], bool]


def says(output: str, packets: int) -> bool:
    """Say whether the number of packets is among the numbers that were printed."""
    return str(packets) in re.findall(r"\d+", re.sub(r"(?<=\d)[,_'](?=\d{3})", "", output))


def has_lines(output: str, packets: int) -> bool:
    """Say whether there is a line a packet."""
    return sum(1 for line in output.split("\n") if line[:1].isdigit()) == packets


def conversations_sum(output: str, packets: int) -> bool:
    """Say whether the frames of tshark's conversations (the third pair of columns) sum up to the packets."""
    rows = re.findall(r"<->\s+\S+\s+\d+ [\d.]+ \S+\s+\d+ [\d.]+ \S+\s+(\d+) ", output)
    return sum(map(int, rows)) == packets


class Tool(NamedTuple):
    """A command that reads a capture."""

    name: str
    command: list[str]  # FILE stands for the capture
    share: float = 1.0  # of the case's packets: slow tools get a smaller file, their figure is a rate
    counted: Counter | None = says  # does the output show that it read all packets? None: it prints nothing
    count_command: list[str] | None = None  # what to ask where it prints nothing
    surroundings: dict[str, str] | None = None
    cases: tuple[str, ...] | None = None  # that it is asked for; None: all

    def on(self, path: Path) -> list[str]:
        """Return the command for one capture."""
        return [str(path) if word == "FILE" else word for word in self.command]


def ours(*options: str) -> list[str]:
    """Return our command, by the installed script of this Python where there is one."""
    script = Path(sys.executable).with_name("tcptrace")
    program = [str(script)] if script.exists() else [sys.executable, "-m", "tcptrace"]
    return [*program, "analyze", "FILE", *options]


def _peer(script: str) -> list[str]:
    return [sys.executable, "-c", script, "FILE"]


_DPKT = """
import sys, dpkt
count = 0
with open(sys.argv[1], "rb") as file:
    for time, octets in dpkt.pcap.Reader(file):
        count += isinstance(dpkt.ethernet.Ethernet(octets).data.data, dpkt.tcp.TCP)
print(count)
"""
_SCAPY = """
import sys
from scapy.all import PcapReader, TCP
with PcapReader(sys.argv[1]) as reader:
    print(sum(TCP in packet for packet in reader))
"""

SUMMARY = Tool("tcptrace --summary", ours("--summary"))
JSON = Tool("tcptrace --json", ours("--json"), counted=None, count_command=ours("--summary"))
LONG_CASES = ("bulk", "conns")  # measures of all connections: gigabytes of text
LONG = JSON._replace(name="tcptrace --json --long", command=ours("--json", "--long"), cases=LONG_CASES)
LONG_TEXT = JSON._replace(name="tcptrace --long", command=ours("--long"), cases=LONG_CASES)
PLAIN = Tool("tcptrace --summary, plain", ours("--summary"), share=0.02, surroundings={"TCPTRACE_PLAIN": "1"})
TCPDUMP = Tool(
    "tcpdump -w /dev/null",
    ["tcpdump", "-r", "FILE", "-w", "/dev/null"],
    counted=None,
    count_command=["tcpdump", "--count", "-r", "FILE"],
)
C_PROGRAM = Tool("C tcptrace -n", [C_TCPTRACE, "-n", "FILE"])
C_LONG = Tool(
    "C tcptrace -l -r -n",
    [C_TCPTRACE, "-l", "-r", "-n", "FILE"],
    counted=None,
    count_command=C_PROGRAM.command,
    cases=LONG_CASES,
)
TSHARK_CONVERSATIONS = Tool(
    "tshark -z conv,tcp", ["tshark", "-n", "-q", "-r", "FILE", "-z", "conv,tcp"], 0.05, conversations_sum
)
TSHARK_FIELDS = Tool(
    "tshark -T fields",
    [
        *(
            "tshark",
            "-n",
            "-r",
            "FILE",
            "-T",
            "fields",
            "-e",
            "frame.number",
            "-e",
            "tcp.stream",
            "-e",
            "tcp.len",
        ),
        *("-e", "tcp.analysis.flags", "-e", "tcp.analysis.ack_rtt"),
    ],
    0.02,
    has_lines,
)
DPKT = Tool("dpkt, Ethernet to TCP", _peer(_DPKT), 0.05)
SCAPY = Tool("scapy PcapReader", _peer(_SCAPY), 0.005)

TOOLS = (
    SUMMARY,
    JSON,
    LONG,
    LONG_TEXT,
    PLAIN,
    TCPDUMP,
    C_PROGRAM,
    C_LONG,
    TSHARK_CONVERSATIONS,
    TSHARK_FIELDS,
    DPKT,
    SCAPY,
)
EMPTY_PYTHON = [sys.executable, "-c", "pass"]


def _is_the_c_program() -> bool:
    """Say whether what lies at that path is Ostermann's tcptrace: the names collide."""
    if not Path(C_TCPTRACE).exists():
        return False
    done = subprocess.run([C_TCPTRACE, "-v"], capture_output=True, text=True, check=False)
    return "Ostermann's tcptrace" in done.stdout + done.stderr


def installed() -> list[Tool]:
    """Return the tools that are here."""
    here = []
    for tool in TOOLS:
        if tool in (C_PROGRAM, C_LONG):
            there = _is_the_c_program()
        elif tool in (DPKT, SCAPY):
            there = importlib.util.find_spec("dpkt" if tool is DPKT else "scapy") is not None
        else:
            there = shutil.which(tool.command[0]) is not None
        if there:
            here.append(tool)
    return here
