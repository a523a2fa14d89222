"""The records of the machine-readable contract (schema 1), as the public API gives them and as JSON has them.

Each is a frozen ``msgspec.Struct``; ``tcptrace.show.json`` writes them as they stand. Times in ``_ns`` are
integers, nanoseconds since the Unix epoch; durations in ``_s`` are floats, seconds. ``None`` is "unknown",
never a guess.
"""

from typing import Any, Generic, Literal, TypeVar

import msgspec

T = TypeVar("T")
Side = Literal["client", "server"]
SideOrBoth = Literal["client", "server", "both"]
Evidence = Literal["observed", "confirmed", "assumed", "inferred", "timer"]


class Endpoint(msgspec.Struct, frozen=True):
    """One end's address."""

    ip: str  # IPv6 as RFC 5952 writes it
    port: int


class Sides(msgspec.Struct, Generic[T], frozen=True):
    """A value for either end."""

    client: T
    server: T


class Transition(msgspec.Struct, frozen=True):
    """One step of one end's path."""

    frame: int | None  # the segment that caused it; None: a timer
    time_ns: int
    side: Side
    from_state: str = msgspec.field(name="from")
    to_state: str = msgspec.field(name="to")
    cause: str
    evidence: Evidence
    proof: int | None  # the frame that proves it
    rule: str | None  # the clause, e.g. "RFC 9293 3.10.7.4"


class TimeWait(msgspec.Struct, frozen=True):
    """Who holds TIME-WAIT, since when, and when its 2MSL ends."""

    side: SideOrBoth
    since_ns: int
    until_ns: int


class Rtt(msgspec.Struct, frozen=True):
    """Round-trip times in seconds, from what one side sent to its ACK; ``None`` without samples."""

    samples: int
    min: float | None
    avg: float | None
    max: float | None


class Finding(msgspec.Struct, frozen=True):
    """Something worth knowing at one frame."""

    frame: int
    side: Side | None  # None: about the whole connection
    code: str
    severity: Literal["note", "warning", "error"]
    detail: str


class Connection(msgspec.Struct, frozen=True, tag_field="record", tag="connection"):
    """One connection, as the contract's section "A connection" has it."""

    schema: int
    stream: int
    client: Endpoint
    server: Endpoint
    opened_by: SideOrBoth | None
    first_frame: int
    last_frame: int
    first_ns: int
    last_ns: int
    packets: Sides[int]
    duplicates: Sides[int]
    application: str | None
    tap: Side | None
    data_bytes: Sides[int]
    unique_bytes: Sides[int | None]
    path: Sides[list[str]]
    final: Sides[str]
    transitions: list[Transition]
    steps_omitted: int
    outcome: str
    closed_first: SideOrBoth | None
    reset_by: Side | None
    time_wait: TimeWait | None
    handshake_s: float | None
    rtt_s: Sides[Rtt]
    finding_counts: dict[str, dict[str, int]]
    findings: list[Finding]
    given_up: bool
    measures: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET  # ``measure.measures``, where asked for


class Segment(msgspec.Struct, frozen=True, tag_field="record", tag="segment", omit_defaults=True):
    """One segment of a connection, with both ends' states after it (``--frames``).

    What few segments carry stands at the end and is left out of the JSON where it is not there.
    """

    stream: int
    frame: int
    time_ns: int
    side: Side
    flags: str  # e.g. "SYN,ACK"; "" for none
    seq: int  # relative to the side's initial sequence number
    ack: int | None  # relative to the peer's; None without the ACK bit
    window: int  # raw header field
    payload_bytes: int
    state: Sides[str]
    mss: int | None = None  # octets, of a SYN; None without the option
    window_scale: int | None = None  # shift, as sent in a SYN; None without the option
    sack: tuple[tuple[int, int], ...] = ()  # left and right edges, relative to the peer's initial number


class Moved(msgspec.Struct, frozen=True, tag_field="record", tag="transition"):
    """Live: a step that an end has just made; the keys are those of ``Transition``."""

    schema: int
    stream: int
    frame: int | None
    time_ns: int
    side: Side
    from_state: str = msgspec.field(name="from")
    to_state: str = msgspec.field(name="to")
    cause: str
    evidence: Evidence
    proof: int | None
    rule: str | None


class Withdrawn(Moved, frozen=True, tag="withdrawn"):
    """Live: a step that was told and is refuted."""


class Drops(msgspec.Struct, frozen=True, tag_field="record", tag="drops"):
    """Live: frames that came too fast for the capture, since its beginning."""

    schema: int
    dropped: int


class HeldStep(msgspec.Struct, frozen=True):
    """A step as the segments and as the kernel have it, side by side."""

    from_state: str = msgspec.field(name="from")
    to_state: str = msgspec.field(name="to")
    frame: int | None  # None: a timer, or not in the inferred path
    time_ns: int | None  # as inferred; None: not in the inferred path
    kernel_ns: int | None  # None: the kernel's log has no such step
    seen: Literal["tracepoint", "poll"] | None  # where the kernel's log has it from


class Held(msgspec.Struct, frozen=True, tag_field="record", tag="verification"):
    """One end's inferred path held against what the kernel did (``--verify``, ``--kernel-log``)."""

    schema: int
    stream: int
    side: Side
    endpoint: Endpoint
    verdict: Literal["equal", "less known", "different"]
    reason: str | None  # a code of ``verify.REASONS``; None: equal
    path: list[str]  # as inferred
    kernel_path: list[str] | None  # as far as the kernel's log has it; None: no socket
    steps: list[HeldStep]


class Verified(msgspec.Struct, frozen=True, tag_field="record", tag="verified"):
    """All ends together, and what the kernel's log is."""

    schema: int
    source: Literal["tracepoint", "polls"]
    why_polls: str | None  # why there is no tracepoint
    poll_s: float
    polls: int
    lost: bool  # the kernel threw changes away
    problem: str | None  # why the log is not whole
    ends: int
    equal: int
    less_known: int
    different: int
    unseen: dict[str, list[str]]  # what "segments" and "kernel" cannot show, in sentences


class Owner(msgspec.Struct, frozen=True):
    """A process that has a socket."""

    pid: int
    name: str
    fd: int


class SocketState(msgspec.Struct, frozen=True, tag_field="record", tag="socket"):
    """A TCP socket of this machine now, beside the inferred state of the same end (``tcptrace sockets``)."""

    schema: int
    state: str
    local: Endpoint
    remote: Endpoint
    received_bytes: int  # not yet read; of a listener: connections not yet accepted
    unacked_bytes: int  # not yet acknowledged; of a listener: how many connections may wait
    timer: str | None
    expires_s: float | None  # until the timer runs out
    retries: int
    uid: int
    inode: int  # 0: no process has it
    processes: list[Owner]  # those that may be looked at
    stream: int | None  # None: not in the capture, or there is none
    side: Side | None
    inferred: str | None  # the state in which the capture leaves this end
    agrees: bool | None  # None: not in the capture, or it does not know


class Warning_(msgspec.Struct, frozen=True):
    """A fault of the capture itself."""

    code: str
    count: int
    detail: str


class Capture(msgspec.Struct, frozen=True, tag_field="record", tag="capture"):
    """The last line: the capture as a whole."""

    schema: int
    file: str
    format: str
    link_types: list[str]
    frames: int
    tcp_segments: int
    connections: int
    first_ns: int
    last_ns: int
    skipped: dict[str, int]
    complete: bool
    problem: str | None
    date_known: bool
    given_up: int
    warnings: list[Warning_]
