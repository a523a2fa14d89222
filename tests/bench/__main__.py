"""``python -m tests.bench``: this tool beside its peers, by CPU time, in one run on one machine.

Each tool reads each capture as a whole process, several times, and the least CPU time (user and system)
counts. Ratios can be trusted on a loaded machine, seconds cannot. Memory is what the process itself owns
(Anonymous + Swap of smaps_rollup, sampled), so a mapped file is not in it.
"""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from tests.bench import tools
from tests.bench.captures import CASES, Made, obtain
from tests.bench.measure import Cost, run
from tests.bench.tools import ROOT, Tool

# Where it would take a minute or gigabytes for nothing new, only some of the tools are asked.
ONLY = {"syns": {tools.SUMMARY.name, tools.TCPDUMP.name}}
TINY = ROOT / "captures" / "http-get.pcap"


def is_asked(tool: Tool, case: str) -> bool:
    """Say whether a tool is timed on a capture."""
    return tool.name in ONLY.get(case, {tool.name}) and (tool.cases is None or case in tool.cases)


class Figure(NamedTuple):
    """A tool on a capture: the least CPU time and the highest memory of several runs."""

    packets: int
    cpu_s: float
    private_mib: float
    resident_mib: float

    @property
    def packets_per_s(self) -> float:
        """Packets per CPU second."""
        return self.packets / self.cpu_s


def last_line(output: str) -> str:
    """Return the last line that a program printed, as a reason."""
    return (output.strip() or "(no output)").rsplit("\n", 1)[-1][:200]


class Bench:
    """One run of the bench: where captures lie, how often each command runs, what was measured."""

    def __init__(self, folder: Path, scale: float, repeat: int, *, say: Callable[[str], None]) -> None:
        self.folder = folder
        self.scale = scale
        self.repeat = repeat
        self.say = say
        self.figures: dict[tuple[str, str], Figure] = {}
        self.invalid: list[str] = []

    def time(self, tool: Tool, made: Made) -> Figure | None:
        """Return the figure of ``tool`` on a capture; ``None`` where it failed or counted other packets."""
        keep = tool.counted is not None
        costs: list[Cost] = []
        for _ in range(self.repeat):
            costs.append(run(tool.on(made.path), ROOT, keep=keep, surroundings=tool.surroundings))
        wrong = next((cost for cost in costs if cost.status), None)
        if wrong is not None:
            self.invalid.append(f"{tool.name}: exit status {wrong.status}: {last_line(wrong.output)}")
            return None
        output, counted = costs[0].output, tool.counted
        if counted is None and tool.count_command:
            output, counted = (
                run(tool._replace(command=tool.count_command).on(made.path), ROOT).output,
                tools.says,
            )
        if counted is None or not counted(output, made.packets):
            self.invalid.append(f"{tool.name}: does not count {made.packets} packets: {last_line(output)}")
            return None
        return Figure(
            made.packets,
            min(cost.cpu_s for cost in costs),
            max(cost.private_mib for cost in costs),
            max(cost.resident_mib for cost in costs),
        )

    def case(self, name: str, chosen: list[Tool]) -> None:
        """Time all tools on one capture and print a row each."""
        whole = obtain(name, self.folder, self.scale)
        size = whole.path.stat().st_size
        self.say(f"\n{name}: {CASES[name].make.__doc__} {whole.packets:,} packets, {size / 2**20:,.0f} MiB")
        heads = f"{'packets':>10} {'CPU s':>8} {'packets/CPU s':>14} {'ours':>7} {'MiB own':>8} {'MiB':>7}"
        self.say(f"  {'tool':26} {heads}")
        for tool in chosen:
            if not is_asked(tool, name):
                continue
            made = whole if tool.share == 1 else obtain(name, self.folder, self.scale * tool.share)
            figure = self.time(tool, made)
            if figure is None:
                self.say(f"  {tool.name:26} no figure: {self.invalid[-1]}")
                continue
            self.figures[name, tool.name] = figure
            ours = self.figures.get((name, tools.SUMMARY.name))
            ratio = f"{ours.packets_per_s / figure.packets_per_s:7.2f}" if ours else " " * 7
            self.say(
                f"  {tool.name:26} {figure.packets:>10,} {figure.cpu_s:8.3f} {figure.packets_per_s:>14,.0f}"
                f" {ratio} {figure.private_mib:8.0f} {figure.resident_mib:7.0f}"
            )

    def growth(self) -> tuple[float, float] | None:
        """Return our own memory in MiB on ``bulk`` and on a quarter of it."""
        figure = self.time(tools.SUMMARY, obtain("bulk", self.folder, self.scale / 4))
        whole = self.figures.get(("bulk", tools.SUMMARY.name))
        return (whole.private_mib, figure.private_mib) if figure and whole else None

    def start_up(self) -> float | None:
        """Return our CPU time on 14 frames over an empty Python's; the least of many runs."""
        runs = self.repeat * 5
        empty = min(run(tools.EMPTY_PYTHON, ROOT).cpu_s for _ in range(runs))
        costs = [run(tools.SUMMARY.on(TINY), ROOT) for _ in range(runs)]
        ours = min(cost.cpu_s for cost in costs)
        self.say(f"\ntiny: 14 frames. Ours {ours * 1000:.1f} ms, an empty Python {empty * 1000:.1f} ms")
        if any(cost.status for cost in costs) or not tools.says(costs[0].output, 14):
            self.invalid.append(f"tiny: {last_line(costs[0].output)}")
            return None
        return ours / empty

    def cpu_ratio(self, case: str, ours: Tool, theirs: Tool) -> float | None:
        """Return our CPU time over theirs on the same packets."""
        mine, other = self.figures.get((case, ours.name)), self.figures.get((case, theirs.name))
        return other.packets_per_s / mine.packets_per_s if mine and other else None

    def memory(self, case: str, tool: Tool) -> float | None:
        """Return the highest memory of its own in MB (10^6 octets)."""
        figure = self.figures.get((case, tool.name))
        return figure.private_mib * 1.048576 if figure else None


def goals(
    bench: Bench, start_up: float | None, growth: tuple[float, float] | None
) -> list[tuple[str, float | None, bool]]:
    """Return (sentence, measured, reached) for each goal; measured is ``None`` where there is no figure."""
    tcpdump = bench.cpu_ratio("bulk", tools.SUMMARY, tools.TCPDUMP)
    rows: list[tuple[str, float | None, float]] = [
        # (sentence, measured, at most)
        (
            "bulk: CPU over the C tcptrace's, at most",
            bench.cpu_ratio("bulk", tools.SUMMARY, tools.C_PROGRAM),
            0.4,
        ),
        (
            "conns: CPU over the C tcptrace's, at most",
            bench.cpu_ratio("conns", tools.SUMMARY, tools.C_PROGRAM),
            0.1,
        ),
        (
            "conns, --json: CPU over the C tcptrace's, at most",
            bench.cpu_ratio("conns", tools.JSON, tools.C_PROGRAM),
            0.4,
        ),
        (
            "reuse: CPU over the C tcptrace's, at most",
            bench.cpu_ratio("reuse", tools.SUMMARY, tools.C_PROGRAM),
            0.1,
        ),
        (
            "reuse, --json: CPU over the C tcptrace's, at most",
            bench.cpu_ratio("reuse", tools.JSON, tools.C_PROGRAM),
            0.4,
        ),
        (
            "conns, --json --long: CPU over the C tcptrace's with -l -r, at most",
            bench.cpu_ratio("conns", tools.LONG, tools.C_LONG),
            0.4,
        ),
        (
            "conns, --long: CPU over the C tcptrace's with -l -r, at most",
            bench.cpu_ratio("conns", tools.LONG_TEXT, tools.C_LONG),
            1,
        ),
        ("full: CPU over tcpdump's, at most", bench.cpu_ratio("full", tools.SUMMARY, tools.TCPDUMP), 1),
        ("conns: MB of its own, at most", bench.memory("conns", tools.SUMMARY), 250),
        ("conns, --json: MB of its own, at most", bench.memory("conns", tools.JSON), 250),
        ("conns, --json --long: MB of its own, at most", bench.memory("conns", tools.LONG), 350),
        ("syns: MB of its own, at most", bench.memory("syns", tools.SUMMARY), 1000),
        ("tiny: CPU over an empty Python's, at most", start_up, 8),
        (
            "bulk: memory over that on a quarter of it, at most",
            growth[0] / max(growth[1], 0.1) if growth else None,
            1.1,
        ),
    ]
    first = ("bulk: packets per CPU second over tcpdump's, at least 0.6", 1 / tcpdump if tcpdump else None)
    found = [(*first, first[1] is not None and first[1] >= 0.6)]
    found += [(f"{text} {most:g}", value, value is not None and value <= most) for text, value, most in rows]
    return found


def main(arguments: list[str] | None = None) -> int:
    """Run the bench; 1 where a tool counted other packets, or with ``--check`` where a goal is missed."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__.split("\n")[0])
    parser.add_argument("cases", nargs="*", help=f"which captures: {' '.join(CASES)} tiny (default: all)")
    parser.add_argument(
        "-n", "--repeat", type=int, default=3, help="runs of each command, the least CPU counts (3)"
    )
    parser.add_argument("--scale", type=float, default=1.0, help="size of the captures, 1 is the full size")
    parser.add_argument("--quick", action="store_true", help="tiny captures, one run: does the bench work?")
    parser.add_argument("--only", default="", help="only tools whose name has this in it, beside --summary")
    parser.add_argument(
        "--folder", type=Path, default=ROOT / "bench-data", help="where captures are made and kept"
    )
    parser.add_argument("--check", action="store_true", help="exit status 1 where a goal is missed")
    options = parser.parse_args(arguments)
    names = options.cases or [*CASES, "tiny"]
    unknown = set(names) - {*CASES, "tiny"}
    if unknown:
        parser.error(
            f"no such capture: {', '.join(sorted(unknown))}; there are {', '.join([*CASES, 'tiny'])}"
        )
    if options.quick:
        options.scale, options.repeat = min(options.scale, 0.002), 1
    bench = Bench(options.folder, options.scale, options.repeat, say=lambda text: print(text, flush=True))
    chosen = [tool for tool in tools.installed() if tool is tools.SUMMARY or options.only in tool.name]
    bench.say(
        f"Least CPU of {options.repeat} runs. `ours`: packets a CPU second of --summary over the tool's."
    )
    for name in names:
        if name != "tiny":
            bench.case(name, chosen)
    start_up = bench.start_up() if "tiny" in names else None
    growth = bench.growth() if "bulk" in names else None
    bench.say(
        "\ngoals"
        + ("" if options.scale == 1 else f" (they are meant for scale 1, this is {options.scale:g})")
    )
    missed = 0
    for text, value, reached in goals(bench, start_up, growth):
        missed += value is not None and not reached
        measured = "not measured" if value is None else f"{value:.3g}"
        bench.say(f"  {'' if value is None else 'reached' if reached else 'MISSED':8} {measured:>13}  {text}")
    for line in bench.invalid:
        bench.say(f"INVALID: {line}")
    return 1 if bench.invalid or (options.check and missed) else 0


if __name__ == "__main__":
    sys.exit(main())
