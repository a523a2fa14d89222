"""Connections drawn up by hand: the normative examples of the replay rules, and one for every outcome.

A script has one line a segment, `time_us side flags seq ack payload`, and under it the steps as the replay
rules print them: `> frame side FROM>TO cause evidence proof [@time_us]` (frame `-`: a timer). The records
are made from that, so a test reads as the exchange that it is about.
"""

from typing import Any

from tcptrace.model.records import Connection, Endpoint, Finding, Rtt, Segment, Sides, TimeWait, Transition

BASE_NS = 1_487_691_966_464_962_000

CAUSES = (
    *(
        "snd SYN",
        "rcv SYN,ACK",
        "rcv ACK of SYN",
        "rcv ACK of FIN",
        "rcv SYN",
        "snd FIN",
        "rcv FIN",
        "snd RST",
    ),
    *("rcv RST", "2MSL timeout", "reused", "pickup"),
)

HTTP = """
0    client SYN 0 - 0
> 1 client CLOSED>SYN-SENT snd SYN observed 1
> 1 server LISTEN>SYN-RECEIVED rcv SYN confirmed 2
56   server SYN,ACK 0 1 0
> 2 client SYN-SENT>ESTABLISHED rcv SYN,ACK confirmed 3
67   client ACK 1 1 0
> 3 server SYN-RECEIVED>ESTABLISHED rcv ACK of SYN confirmed 6
77   server ACK 1 1 0
103  client PSH,ACK 1 1 145
117  server ACK 1 146 0
2179 server PSH,ACK 1 146 155
2209 client ACK 146 156 0
2269 server PSH,ACK 156 146 5168
2283 client ACK 146 5324 0
2351 server FIN,ACK 5324 146 0
> 11 server ESTABLISHED>FIN-WAIT-1 snd FIN observed 11
> 11 client ESTABLISHED>CLOSE-WAIT rcv FIN confirmed 12
2369 client ACK 146 5325 0
> 12 server FIN-WAIT-1>FIN-WAIT-2 rcv ACK of FIN confirmed 14
3480 client FIN,ACK 146 5325 0
> 13 client CLOSE-WAIT>LAST-ACK snd FIN observed 13
> 13 server FIN-WAIT-2>TIME-WAIT rcv FIN confirmed 14
3517 server ACK 5325 147 0
> 14 client LAST-ACK>CLOSED rcv ACK of FIN assumed -
"""

OPEN = """
0    client SYN 0 - 0
> 1 client CLOSED>SYN-SENT snd SYN observed 1
> 1 server LISTEN>SYN-RECEIVED rcv SYN confirmed 2
50   server SYN,ACK 0 1 0
> 2 client SYN-SENT>ESTABLISHED rcv SYN,ACK confirmed 3
60   client ACK 1 1 0
> 3 server SYN-RECEIVED>ESTABLISHED rcv ACK of SYN confirmed 5
100  client PSH,ACK 1 1 4
140  server PSH,ACK 1 5 4
150  client ACK 5 5 0
"""

SIMULTANEOUS_CLOSE = (
    OPEN
    + """
160  client ACK 5 5 0
200  client FIN,ACK 5 5 0
> 8 client ESTABLISHED>FIN-WAIT-1 snd FIN observed 8
210  server FIN,ACK 5 5 0
> 9 server ESTABLISHED>FIN-WAIT-1 snd FIN observed 9
> 8 server FIN-WAIT-1>CLOSING rcv FIN confirmed 11 @210
> 9 client FIN-WAIT-1>CLOSING rcv FIN confirmed 10
260  client ACK 6 6 0
> 10 server CLOSING>TIME-WAIT rcv ACK of FIN assumed -
270  server ACK 6 6 0
> 11 client CLOSING>TIME-WAIT rcv ACK of FIN assumed -
"""
)

THREE_SEGMENT_CLOSE = (
    OPEN
    + """
200  client FIN,ACK 5 5 0
> 7 client ESTABLISHED>FIN-WAIT-1 snd FIN observed 7
> 7 server ESTABLISHED>CLOSE-WAIT rcv FIN confirmed 8
240  server FIN,ACK 5 6 0
> 8 server CLOSE-WAIT>LAST-ACK snd FIN observed 8
> 8 client FIN-WAIT-1>FIN-WAIT-2 rcv ACK of FIN confirmed 9
> 8 client FIN-WAIT-2>TIME-WAIT rcv FIN confirmed 9
250  client ACK 6 6 0
> 9 server LAST-ACK>CLOSED rcv ACK of FIN assumed -
"""
)

REFUSED = """
0    client SYN 0 - 0
> 1 client CLOSED>SYN-SENT snd SYN observed 1
20   server RST,ACK 0 1 0
> 2 client SYN-SENT>CLOSED rcv RST assumed -
"""

RESET = (
    OPEN
    + """
200  server RST,ACK 5 5 0
> 7 server ESTABLISHED>CLOSED snd RST observed 7
> 7 client ESTABLISHED>CLOSED rcv RST assumed -
"""
)

ABORTED = """
0    client SYN 0 - 0
> 1 client CLOSED>SYN-SENT snd SYN observed 1
> 1 server LISTEN>SYN-RECEIVED rcv SYN confirmed 2
20   server SYN,ACK 0 1 0
> 2 client SYN-SENT>ESTABLISHED rcv SYN,ACK assumed -
30   client RST 1 - 0
> 3 client SYN-SENT>CLOSED snd RST observed 3
> 3 server SYN-RECEIVED>LISTEN rcv RST assumed -
"""

HALF_CLOSED = (
    OPEN
    + """
200  client FIN,ACK 5 5 0
> 7 client ESTABLISHED>FIN-WAIT-1 snd FIN observed 7
> 7 server ESTABLISHED>CLOSE-WAIT rcv FIN confirmed 8
240  server ACK 5 6 0
> 8 client FIN-WAIT-1>FIN-WAIT-2 rcv ACK of FIN assumed -
"""
)

CLOSING = (
    OPEN
    + """
200  client FIN,ACK 5 5 0
> 7 client ESTABLISHED>FIN-WAIT-1 snd FIN observed 7
> 7 server ESTABLISHED>CLOSE-WAIT rcv FIN confirmed 8
240  server FIN,ACK 5 6 0
> 8 server CLOSE-WAIT>LAST-ACK snd FIN observed 8
> 8 client FIN-WAIT-1>FIN-WAIT-2 rcv ACK of FIN assumed -
> 8 client FIN-WAIT-2>TIME-WAIT rcv FIN assumed -
"""
)

CONNECTING = """
0    client SYN 0 - 0
> 1 client CLOSED>SYN-SENT snd SYN observed 1
> 1 server LISTEN>SYN-RECEIVED rcv SYN confirmed 2
20   server SYN,ACK 0 1 0
> 2 client SYN-SENT>ESTABLISHED rcv SYN,ACK assumed -
"""

UNANSWERED = """
0       client SYN 0 - 0
> 1 client CLOSED>SYN-SENT snd SYN observed 1
1000000 client SYN 0 - 0
3000000 client SYN 0 - 0
"""

SIMULTANEOUS_OPEN = """
0   client SYN 0 - 0
> 1 client CLOSED>SYN-SENT snd SYN observed 1
5   server SYN 0 - 0
> 2 server CLOSED>SYN-SENT snd SYN observed 2
> 1 server SYN-SENT>SYN-RECEIVED rcv SYN confirmed 4 @5
> 2 client SYN-SENT>SYN-RECEIVED rcv SYN confirmed 3
40  client SYN,ACK 0 1 0
> 3 server SYN-RECEIVED>ESTABLISHED rcv ACK of SYN assumed -
45  server SYN,ACK 0 1 0
> 4 client SYN-RECEIVED>ESTABLISHED rcv ACK of SYN assumed -
"""

MIDSTREAM = """
0   client PSH,ACK 1 1 10
20  server PSH,ACK 1 11 10
> 2 server UNKNOWN>ESTABLISHED pickup inferred 2
30  client FIN,ACK 11 11 0
> 3 client UNKNOWN>ESTABLISHED pickup inferred 3
> 3 client ESTABLISHED>FIN-WAIT-1 snd FIN observed 3
> 3 server ESTABLISHED>CLOSE-WAIT rcv FIN assumed -
"""

ONE_DIRECTION = """
0    client SYN 0 - 0
> 1 client CLOSED>SYN-SENT snd SYN observed 1
60   client ACK 1 1 0
> 2 server LISTEN>SYN-RECEIVED rcv SYN inferred 2
> 2 client SYN-SENT>ESTABLISHED rcv SYN,ACK inferred 2
100  client PSH,ACK 1 1 4
"""

STRAY_RST = """
0   client RST 1 - 0
> 1 client UNKNOWN>CLOSED snd RST observed 1
> 1 server UNKNOWN>CLOSED rcv RST assumed -
"""

SELF_CONNECT = """
0   client SYN 0 - 0
> 1 client CLOSED>SYN-SENT snd SYN observed 1
> 1 client SYN-SENT>SYN-RECEIVED rcv SYN confirmed 2
5   client SYN,ACK 0 1 0
> 2 client SYN-RECEIVED>ESTABLISHED rcv ACK of SYN confirmed 3
50  client FIN,ACK 1 1 0
> 3 client ESTABLISHED>FIN-WAIT-1 snd FIN observed 3
> 3 client FIN-WAIT-1>CLOSING rcv FIN confirmed 4
60  client ACK 2 2 0
> 4 client CLOSING>TIME-WAIT rcv ACK of FIN assumed -
"""

TIME_WAIT_ENDED = (
    THREE_SEGMENT_CLOSE
    + """
> - client TIME-WAIT>CLOSED 2MSL timeout timer - @240000240
"""
)

TIME_WAIT_REUSED = (
    THREE_SEGMENT_CLOSE
    + """
> 20 client TIME-WAIT>CLOSED reused observed 20 @900000
"""
)

# script, outcome, what else the record has
SAMPLES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "http": (HTTP, "closed", {"closed_first": "server", "application": "http", "wait": ("server", 3480)}),
    "simultaneous-close": (SIMULTANEOUS_CLOSE, "closed", {"closed_first": "both", "wait": ("both", 260)}),
    "three-segments": (THREE_SEGMENT_CLOSE, "closed", {"closed_first": "client", "wait": ("client", 240)}),
    "refused": (REFUSED, "refused", {"closed_first": "server", "reset_by": "server"}),
    "reset": (
        RESET,
        "reset",
        {"closed_first": "server", "reset_by": "server", "codes": [(7, "server", "abortive_close")]},
    ),
    "aborted": (ABORTED, "aborted", {"closed_first": "client", "reset_by": "client"}),
    "half-closed": (HALF_CLOSED, "half-closed", {"closed_first": "client"}),
    "closing": (CLOSING, "closing", {"closed_first": "client", "wait": ("client", 240)}),
    "open": (OPEN, "open", {}),
    "connecting": (CONNECTING, "connecting", {}),
    "unanswered": (
        UNANSWERED,
        "unanswered",
        {
            "codes": [(2, "client", "syn_retransmission"), (3, "client", "syn_retransmission")],
            "start": ("CLOSED", "UNKNOWN"),
        },
    ),
    "simultaneous-open": (
        SIMULTANEOUS_OPEN,
        "open",
        {"opened_by": "both", "codes": [(2, None, "simultaneous_open")], "start": ("CLOSED", "CLOSED")},
    ),
    "midstream": (
        MIDSTREAM,
        "half-closed",
        {"closed_first": "client", "opened_by": None, "start": ("UNKNOWN", "UNKNOWN")},
    ),
    "one-direction": (ONE_DIRECTION, "connecting", {"codes": [(1, None, "one_direction")]}),
    "stray-rst": (STRAY_RST, "unknown", {"opened_by": None, "start": ("UNKNOWN", "UNKNOWN")}),
    "self-connect": (
        SELF_CONNECT,
        "closed",
        {"opened_by": "both", "closed_first": "both", "wait": ("both", 60), "itself": True},
    ),
    "timer": (TIME_WAIT_ENDED, "closed", {"closed_first": "client", "wait": ("client", 240)}),
    "reused": (
        TIME_WAIT_REUSED,
        "closed",
        {"closed_first": "client", "wait": ("client", 240), "codes": [(20, "client", "time_wait_reuse")]},
    ),
}


def ns(us: str | int) -> int:
    """Return an absolute time for microseconds since the beginning."""
    return BASE_NS + int(us) * 1000


def parse(script: str) -> tuple[list[Segment], list[Transition], dict[str, list[str]]]:
    """Return a script's segments (states after each included), its transitions, and both paths."""
    rows: list[tuple[int, Any, str, str, str, int]] = []
    steps: list[Transition] = []
    after: list[int] = []  # how many steps stand before each segment's end
    for line in script.split("\n"):
        words = line.split()
        if not words:
            continue
        if words[0] != ">":
            rows.append((ns(words[0]), words[1], words[2], words[3], words[4], int(words[5])))
            after.append(len(steps))
            continue
        at = words.pop()[1:] if words[-1].startswith("@") else None
        rest = " ".join(words[4:])
        cause = next(cause for cause in CAUSES if rest.startswith(cause + " "))
        evidence, proof = rest[len(cause) + 1 :].split()
        frame = None if words[1] == "-" else int(words[1])
        before, to = words[3].split(">")
        time_ns = ns(at) if at else rows[(frame or 1) - 1][0]
        proved = None if proof == "-" else int(proof)
        side: Any = words[2]
        sure: Any = evidence
        steps.append(Transition(frame, time_ns, side, before, to, cause, sure, proved, None))
        after[-1] = len(steps)
    paths: dict[str, list[str]] = {"client": [], "server": []}
    for step in steps:
        paths[step.side] = [*(paths[step.side] or [step.from_state]), step.to_state]
    segments = []
    now = {side: (path or ["CLOSED"])[0] for side, path in paths.items()}
    done = 0
    for number, (time_ns, sender, flags, seq, ack, size) in enumerate(rows, 1):
        for step in steps[done : after[number - 1]]:
            if step.frame is not None and step.frame <= len(rows):
                now[step.side] = step.to_state
        done = after[number - 1]
        acked = None if ack == "-" else int(ack)
        state = Sides(now["client"], now["server"])
        segments.append(Segment(0, number, time_ns, sender, flags, int(seq), acked, 12754, size, state))
    return segments, steps, paths


def sample(name: str, **changes: Any) -> tuple[Connection, list[Segment]]:
    """Return a sample's connection and segments; ``changes`` replace fields of the connection."""
    script, outcome, more = SAMPLES[name]
    segments, steps, paths = parse(script)
    start = more.get("start", ("CLOSED", "CLOSED" if outcome == "refused" else "LISTEN"))
    path = Sides(paths["client"] or [start[0]], paths["server"] or [start[1]])
    itself = more.get("itself", False)
    if itself:
        path = Sides(path.client, list(path.client))
    wait = None
    if "wait" in more:
        side, since = more["wait"]
        wait = TimeWait(side, ns(since), ns(since) + 240_000_000_000)
    findings = [
        Finding(frame, side, code, "note", f"about {code}") for frame, side, code in more.get("codes", [])
    ]
    counts: dict[str, dict[str, int]] = {}
    for finding in findings:
        sides = counts.setdefault(finding.code, {})
        sides[finding.side or "connection"] = sides.get(finding.side or "connection", 0) + 1

    def total(side: str) -> int:
        return sum(segment.payload_bytes for segment in segments if segment.side == side)

    rtt = Rtt(0, None, None, None)
    fields: dict[str, Any] = {
        "schema": 1,
        "stream": 0,
        "client": Endpoint("127.0.0.1", 49329),
        "server": Endpoint("127.0.0.1", 49329 if itself else 8000),
        "opened_by": more.get("opened_by", "client"),
        "first_frame": 1,
        "last_frame": len(segments),
        "first_ns": segments[0].time_ns,
        "last_ns": segments[-1].time_ns,
        "packets": Sides(*(sum(s.side == side for s in segments) for side in ("client", "server"))),
        "duplicates": Sides(0, 0),
        "application": more.get("application"),
        "tap": None,
        "data_bytes": Sides(total("client"), total("server")),
        "unique_bytes": Sides(total("client"), total("server")),
        "path": path,
        "final": Sides(path.client[-1], path.server[-1]),
        "transitions": steps,
        "steps_omitted": 0,
        "outcome": outcome,
        "closed_first": more.get("closed_first"),
        "reset_by": more.get("reset_by"),
        "time_wait": wait,
        "handshake_s": None,
        "rtt_s": Sides(rtt, rtt),
        "finding_counts": counts,
        "findings": findings,
        "given_up": False,
    }
    return Connection(**{**fields, **changes}), segments
