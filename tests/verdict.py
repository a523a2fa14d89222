"""Verdicts: what the analysis of a ladder (see ``script``) has to be, as text, and the check.

``check(ladder, verdict)`` gives the ladder's capture to ``tcptrace.analyze`` and compares every step, its
time and its clause, the paths, the outcome and who waits 2MSL. On a difference it prints the ladder with its
frame numbers and a diff.

One line a step, in the order of ``transitions`` and in the form of replay.md: frame (``-``: timer), side,
step, cause, evidence, proof (``-``: none); then ``@9`` where the time is that of frame 9, or ``@240.5s``,
instead of the own frame's. ::

    1 client CLOSED>SYN-SENT           snd SYN         observed    1
    handshake 6                        the four steps of ``handshake``, the last proved by 6 (``-``: assumed)
    path server UNKNOWN                a side without a step
    outcome=closed first=server reset=- tw=server@13

``tw=server@13`` waits from frame 13 for 2MSL; ``tw=client@9..@12``: since frame 9, 2MSL counted from frame
12. Optional beside it: ``opened=both``, ``roles=b,a`` (which names are client and server; default: the order
in ``ends``), ``duplicates=1,0``. ``! 4 client half_open`` is a finding (``-``: no side, ``*``: any frame);
where one is written, or ``! none``, the codes that the replay itself knows must be exactly those.
``has half_open`` and ``no half_open`` ask for one code only. ``?`` in place of a value of the ``outcome=``
line or of a finding's side leaves it open, where the documents do. ``stream 1`` begins the verdict of the
next stream; a verdict begins with stream 0.

``check_paths`` compares less: the paths and what is given beside them, where the documents do not say more.
"""

import difflib
from typing import Any

from script import START_S, Script, parse, seconds_to_ns, without_comments

EVIDENCE = ("observed", "confirmed", "assumed", "inferred", "timer")
# What findings.md names "ours" and issue 2 lists: other codes are not this file's matter.
REPLAY_CODES = frozenset(
    {
        "abortive_close",
        "bad_checksum",
        "blind_rst",
        "challenge_ack",
        "data_after_fin",
        "data_after_rst",
        "duplicate_frame",
        "fast_open",
        "fin_retransmission",
        "half_open",
        "not_in_state_machine",
        "one_direction",
        "rst_out_of_window",
        "simultaneous_close",
        "simultaneous_open",
        "split_handshake",
        "syn_data",
        "syn_retransmission",
        "tap_loss",
        "time_wait_assassination",
        "time_wait_reuse",
        "time_went_back",
    }
)


def clause(cause: str, from_state: str) -> str | None:
    """Return the clause of a step, by the list in replay.md ("`rule`")."""
    fixed = {
        "snd SYN": "RFC 9293 3.10.1",
        "snd FIN": "RFC 9293 3.10.4",
        "snd RST": "RFC 9293 3.10.5",
        "2MSL timeout": "RFC 9293 3.10.8",
        "reused": "RFC 6191",
        "pickup": None,
    }
    if cause in fixed:
        return fixed[cause]
    return "RFC 9293 " + {"LISTEN": "3.10.7.2", "SYN-SENT": "3.10.7.3"}.get(from_state, "3.10.7.4")


def step_line(
    frame: int | None,
    side: str,
    step: str,
    cause: str,
    evidence: str,
    proof: int | None,
    time_ns: int,
    rule: str | None,
) -> str:
    """Return one step as the diff shows it."""
    relative = (time_ns - START_S * 1_000_000_000) / 1e9
    shown_frame, shown_proof = ("-" if number is None else str(number) for number in (frame, proof))
    what = f"{shown_frame:>3} {side} {step:<26} {cause:<14} {evidence:<9} {shown_proof:>3}"
    return f"{what}  at {relative:.6f}  {rule}"


def handshake_lines(proof: str) -> list[str]:
    """Return the verdict lines of ``handshake PROOF``."""
    last = "assumed -" if proof == "-" else f"confirmed {proof}"
    return [
        "1 client CLOSED>SYN-SENT snd SYN observed 1",
        "1 server LISTEN>SYN-RECEIVED rcv SYN confirmed 2",
        "2 client SYN-SENT>ESTABLISHED rcv SYN,ACK confirmed 3",
        f"3 server SYN-RECEIVED>ESTABLISHED rcv ACK of SYN {last}",
    ]


def read_step(script: Script, line: str) -> tuple[str, str, str, str]:
    """Return a verdict line as (side, from, to, normalised line)."""
    words = line.split()
    frame = None if words[0] == "-" else int(words[0])
    side, (before, after) = words[1], words[2].split(">")
    place = next(i for i, word in enumerate(words) if word in EVIDENCE)
    cause, evidence = " ".join(words[3:place]), words[place]
    proof = None if words[place + 1] == "-" else int(words[place + 1])
    at = words[place + 2] if len(words) > place + 2 else f"@{frame}"
    time_ns = moment(script, at)
    shown = step_line(
        frame, side, f"{before}>{after}", cause, evidence, proof, time_ns, clause(cause, before)
    )
    return side, before, after, shown


def moment(script: Script, text: str) -> int:
    """Return the time that ``@9`` (frame 9's) or ``@240.5s`` means."""
    text = text.removeprefix("@")
    return seconds_to_ns(text[:-1]) if text.endswith("s") else script.frames[int(text) - 1].time_ns


def expected_lines(
    script: Script, stream: int, lines: list[str], msl_s: float
) -> tuple[list[str], list[str] | None]:
    """Return a stream's verdict as (lines to compare, findings or ``None`` where nothing is said of them)."""
    steps: list[str] = []
    paths: dict[str, list[str]] = {}
    words: dict[str, str] = {}
    findings: list[str] | None = None
    expanded: list[str] = []
    for line in lines:
        expanded += handshake_lines(line.split()[1]) if line.startswith("handshake ") else [line]
    for line in expanded:
        if line.startswith("path "):
            paths[line.split()[1]] = [line.split()[2]]
        elif line.startswith("!"):
            findings = findings or []
            if line.split()[1] != "none":
                findings.append(" ".join(line.split()[1:]))
        elif line.startswith(("has ", "no ")):
            continue  # see compare_codes()
        elif line.startswith("outcome="):
            words |= dict(word.split("=") for word in line.split())
        else:
            side, before, after, shown = read_step(script, line)
            path = paths.setdefault(side, [before])
            assert path[-1] == before, f"the verdict's own path breaks at {line!r}"
            path.append(after)
            steps.append(shown)
    name_a, name_b = words.get("roles", ",".join(script.pairs[min(stream, len(script.pairs) - 1)])).split(",")
    out = []
    for side, name in (("client", name_a), ("server", name_b)):
        out.append(f"{side} is {script.ends[name].ip} {script.ends[name].port}")
    out += steps + [f"path {side}: {' '.join(paths[side])}" for side in ("client", "server")]
    out.append(f"outcome={words['outcome']} first={words['first']} reset={words['reset']}")
    out.append(f"time_wait: {expected_time_wait(script, words['tw'], msl_s)}")
    out += [f"opened_by: {words['opened']}"] if "opened" in words else []
    out += [f"duplicates: {words['duplicates']}"] if "duplicates" in words else []
    return out, findings


def expected_time_wait(script: Script, text: str, msl_s: float) -> str:
    """Return what ``tw=`` means, as the diff shows it."""
    if text in "-?":
        return text
    side, _, span = text.partition("@")
    since, _, until = span.partition("..")
    since_ns = moment(script, since)
    until_ns = moment(script, until or since) + int(2 * msl_s * 1_000_000_000)
    return f"{side} {since_ns} {until_ns}"


def actual_lines(connection: Any, expected: list[str]) -> list[str]:
    """Return the connection in the same form; optional lines only where the verdict has them."""
    out = []
    for side in ("client", "server"):
        end = getattr(connection, side)
        out.append(f"{side} is {end.ip} {end.port}")
    for t in connection.transitions:
        step = f"{t.from_state}>{t.to_state}"
        out.append(step_line(t.frame, t.side, step, t.cause, t.evidence, t.proof, t.time_ns, t.rule))
    for side in ("client", "server"):
        path = getattr(connection.path, side)
        out.append(f"path {side}: {' '.join(path)}")
        assert getattr(connection.final, side) == path[-1]
    first, reset = connection.closed_first or "-", connection.reset_by or "-"
    verdict = next(line for line in expected if line.startswith("outcome=")).split()
    values = [f"outcome={connection.outcome}", f"first={first}", f"reset={reset}"]
    values = [v if v.endswith("=?") else value for v, value in zip(verdict, values, strict=True)]
    out.append(" ".join(values))
    held = connection.time_wait
    waits = f"{held.side} {held.since_ns} {held.until_ns}" if held else "-"
    out.append("time_wait: ?" if "time_wait: ?" in expected else f"time_wait: {waits}")
    if any(line.startswith("opened_by: ") for line in expected):
        out.append(f"opened_by: {connection.opened_by or '-'}")
    if any(line.startswith("duplicates: ") for line in expected):
        out.append(f"duplicates: {connection.duplicates.client},{connection.duplicates.server}")
    return out


def compare_findings(connection: Any, expected: list[str]) -> list[str]:
    """Return the differences between the findings that the replay knows and the verdict's."""
    wanted = sorted(expected)
    found = []
    for entry in connection.findings:
        if entry.code in REPLAY_CODES:
            frames, sides = (str(entry.frame), "*"), (entry.side or "-", "?")
            forms = [f"{frame} {side} {entry.code}" for frame in frames for side in sides]
            found.append(next((form for form in forms if form in wanted), forms[0]))
    return [line for line in difflib.ndiff(wanted, sorted(found)) if line[0] in "+-"]


def compare_codes(connection: Any, lines: list[str]) -> list[str]:
    """Return what the lines ``has CODE`` and ``no CODE`` miss."""
    codes = set(connection.finding_counts)
    asked = [line.split() for line in lines if line.startswith(("has ", "no "))]
    return [f"{word} {code}" for word, code in asked if (code in codes) != (word == "has")]


def check_paths(ladder: str, client: str, server: str, stream: int = 0, **fields: Any) -> None:
    """Assert both paths (states with spaces between) and what ``fields`` names of one stream's record."""
    import tcptrace

    script = parse(ladder)
    connection: Any = {c.stream: c for c in tcptrace.analyze(script.pcap())}[stream]
    actual = {"client": " ".join(connection.path.client), "server": " ".join(connection.path.server)}
    actual |= {name: getattr(connection, name) for name in fields}
    assert actual == {"client": client, "server": server, **fields}, "\n" + script.listing()


def check(ladder: str, verdict: str, msl_s: float = 120.0) -> None:
    """Assert that the analysis of the ladder's capture is the verdict, to the last field."""
    import tcptrace

    script = parse(ladder)
    parts: dict[int, list[str]] = {0: []}
    stream = 0
    for line in without_comments(verdict):
        if line.startswith("stream "):
            stream = int(line.split()[1])
            parts[stream] = []
        else:
            parts[stream].append(line)
    connections = {c.stream: c for c in tcptrace.analyze(script.pcap(), msl_s=msl_s)}
    trouble = []
    if sorted(connections) != sorted(parts):
        trouble.append(f"streams {sorted(connections)}, the verdict has {sorted(parts)}")
    for stream in sorted(set(parts) & set(connections)):
        expected, findings = expected_lines(script, stream, parts[stream], msl_s)
        actual = actual_lines(connections[stream], expected)
        if actual != expected:
            trouble.append(f"stream {stream} (- verdict, + analysis):")
            trouble += [line for line in difflib.ndiff(expected, actual) if line[0] != "?"]
        trouble += [f"stream {stream}: {line}" for line in compare_codes(connections[stream], parts[stream])]
        if findings is not None:
            trouble += [f"finding {line}" for line in compare_findings(connections[stream], findings)]
    assert not trouble, "\n".join(["", script.listing(), "", *trouble])
