"""Fuzz the readers, the decoder and the analysis with atheris: ``python tests/fuzz/run.py --seconds 60``.

Each target runs in processes of its own: the plain files under atheris, guided by coverage, then what that
found once more through the compiled twins. An input that fails is printed;
``--target NAME --input FILE`` runs a file with it again.
"""

import argparse
import base64
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
sys.path.insert(0, str(ROOT))
NAMES = (
    "source",
    "decode",
    "layers",
    "printed",
    "strip",
    "analysis",
)  # of ``targets.TARGETS``, which is not imported before atheris is


def fuzz(name: str, corpus: Path, seconds: int) -> None:
    """Run one target under atheris; ends the process."""
    import atheris

    with atheris.instrument_imports(include=["tcptrace"]):
        from tests.fuzz.targets import TARGETS
    target = TARGETS[name]
    for seed in target.seeds():
        (corpus / sha256(seed).hexdigest()[:16]).write_bytes(seed)
    limits = [f"-max_total_time={seconds}", "-timeout=20", "-rss_limit_mb=2048", "-max_len=8192"]
    quiet = ["-print_final_stats=1", "-verbosity=0", f"-artifact_prefix={corpus.parent}/failed-"]
    if os.environ.get("CI"):  # whether a change may land must not hang on a die; runs by hand draw new inputs
        limits = [*limits, "-seed=1"]
    atheris.Setup([sys.argv[0], *limits, *quiet, str(corpus)], target.run)
    atheris.Fuzz()


def replay(name: str, paths: list[Path]) -> None:
    """Run one target on the inputs of files."""
    from tests.fuzz.targets import TARGETS

    for path in paths:
        try:
            TARGETS[name].run(path.read_bytes())
        except BaseException:
            print(f"{name} fails on {path}", file=sys.stderr)
            raise


def child(*options: str, plain: bool) -> subprocess.CompletedProcess[str]:
    """Run this file once more, with or without the compiled twins."""
    surroundings = {key: value for key, value in os.environ.items() if key != "TCPTRACE_PLAIN"}
    if plain:
        surroundings["TCPTRACE_PLAIN"] = "1"
    if os.environ.get("CI"):
        surroundings["PYTHONHASHSEED"] = "0"
    command = [sys.executable, __file__, *options]
    return subprocess.run(
        command, env=surroundings, capture_output=True, text=True, errors="replace", check=False
    )


def whole(name: str, seconds: int) -> tuple[bool, str]:
    """Fuzz one target, then run what was found through the compiled twins; return (is well, report)."""
    with tempfile.TemporaryDirectory(prefix=f"fuzz-{name}-") as folder:
        corpus = Path(folder) / "corpus"
        corpus.mkdir()
        steps = [
            child("--target", name, "--corpus", str(corpus), "--seconds", str(seconds), plain=True),
            child("--target", name, "--input", str(corpus), plain=False),
        ]
        runs = [
            line.split()[-1] for line in steps[0].stderr.split("\n") if "number_of_executed_units" in line
        ]
        lines = [
            f"{name}: {runs[0] if runs else '?'} inputs, {len(list(corpus.iterdir()))} kept and run compiled"
        ]
        is_well = bool(runs) and int(runs[0]) > 0 and not any(step.returncode for step in steps)
        if not is_well:
            for step in steps:  # atheris writes the traceback to standard output
                said = (step.stdout + step.stderr).split("\n")
                lines += [line for line in said if not line.startswith(("INFO: Instr", "WARNING: Failed"))][
                    -60:
                ]
            for path in Path(folder).glob("failed-*"):
                lines.append(f"input in base64 ({path.name}): {base64.b64encode(path.read_bytes()).decode()}")
        return is_well, "\n".join(lines)


def main() -> int:
    """Run all targets, some at a time; 1 where one failed."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seconds", type=int, default=60, help="for each target (60)")
    parser.add_argument("--jobs", type=int, default=2, help="targets at a time (2)")
    parser.add_argument("--target", choices=NAMES, help="only this one")
    parser.add_argument("--without", action="append", default=[], choices=NAMES, help="all but this one")
    parser.add_argument(
        "--input", type=Path, help="run the target on this file, or on all files of this folder"
    )
    parser.add_argument("--corpus", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.target and options.input:
        replay(options.target, sorted(options.input.iterdir()) if options.input.is_dir() else [options.input])
        return 0
    if options.target and options.corpus:
        fuzz(options.target, options.corpus, options.seconds)
        return 0
    names = [options.target] if options.target else [name for name in NAMES if name not in options.without]
    with ThreadPoolExecutor(options.jobs) as pool:
        results = list(pool.map(lambda name: whole(name, options.seconds), names))
    for _, report in results:
        print(report, flush=True)
    return 0 if all(is_well for is_well, _ in results) else 1


if __name__ == "__main__":
    sys.exit(main())
