"""What ``tcptrace assert`` does once its command line is understood."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from tcptrace.cli import terminal
from tcptrace.cli.inputs import Inputs
from tcptrace.golden.rules.rule import MAX_TOLD, Count, load, read
from tcptrace.session import analyze
from tcptrace.show.text import count, escape, plural

BROKEN = 1


def run(path: str, rules: str | None, texts: Sequence[str], is_json: bool, msl_s: float) -> int:
    """Test the rules, write how each fares, and return the exit status."""
    made = load(Path(rules)) if rules is not None else []
    made += [read(text, where="--rule") for text in texts]
    counts = [Count(rule) for rule in made]
    progress = terminal.Progress()
    inputs = Inputs((path,), False)
    try:
        analysis = analyze(inputs.source, msl_s=msl_s, tick=progress.tick if progress.wanted else None)
        for connection in analysis:
            for held in counts:
                held.add(connection, analysis.latest_ns)
        capture = analysis.capture
    finally:
        progress.wipe()
        inputs.close()
    out = terminal.Output(progress)
    for held in counts:
        if is_json:
            out.write(msgspec.json.encode(record(held)) + b"\n")
        else:
            for line in lines(held):
                out.write_text(escape(line) + "\n")
    if not is_json:
        broken = sum(not held.holds for held in counts)
        what = "all hold" if not broken else f"{broken} {'is' if broken == 1 else 'are'} broken"
        out.write_text(
            f"{plural(len(counts), 'rule')}, {plural(capture.connections, 'connection')}: {what}\n"
        )
    out.flush()
    if capture.problem:
        terminal.complain(f"incomplete: {capture.file}: {capture.problem}")
    return 0 if all(held.holds for held in counts) else BROKEN


def lines(held: Count) -> Iterator[str]:
    """Yield how one rule fares: its name, and each connection that breaks it, with the fact."""
    about = f"{plural(held.about, 'stream')}"
    if held.holds:
        yield f"ok      {held.rule.name} ({about})"
        return
    yield f"broken  {held.rule.name} ({about})"
    if held.rule.name != held.rule.text:
        yield f"        {held.rule.text}"
    if held.rule.quantifier == "some":
        yield "        it holds for none of them" if held.about else "        there is no such stream"
    for breach in held.breaches:
        yield f"        stream {breach.stream}, {breach.ends}: {breach.fact}"
    if held.broken > MAX_TOLD:
        yield f"        and {count(held.broken - MAX_TOLD)} more streams"


def record(held: Count) -> dict[str, object]:
    """Return how one rule fares as an object."""
    return {
        "record": "rule",
        "schema": 1,
        "name": held.rule.name,
        "rule": held.rule.text,
        "holds": held.holds,
        "streams": held.about,
        "broken": held.broken,
        "breaches": [
            {"stream": breach.stream, "ends": breach.ends, "fact": breach.fact} for breach in held.breaches
        ],
    }
