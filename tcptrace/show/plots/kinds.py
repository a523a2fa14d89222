"""The kinds of pictures: one row each. Nothing of matplotlib is imported here."""

from typing import NamedTuple


class Kind(NamedTuple):
    """One kind of picture."""

    module: str
    picture: str  # the class in that module: laid out when made, then ``draw(axes)``
    about: str  # "one" connection and its segments, "many" connections, or "either"
    help: str  # one line


KINDS: dict[str, Kind] = {
    "ladder": Kind(
        "tcptrace.show.plots.ladder",
        "LadderPicture",
        "one",
        "segments between both ends' states, with times, phases and findings",
    ),
    "states": Kind(
        "tcptrace.show.plots.states",
        "StatesPicture",
        "either",
        "both ends' ways on the RFC 9293 state diagram; of many connections their counts",
    ),
    "sequence": Kind(
        "tcptrace.show.plots.sequence",
        "SequencePicture",
        "one",
        "what was sent when, acknowledged, sent again, allowed by the window",
    ),
    "rtt": Kind("tcptrace.show.plots.rtt", "RttPicture", "one", "round-trip samples over time"),
    "throughput": Kind(
        "tcptrace.show.plots.throughput", "ThroughputPicture", "one", "bytes a second, sent and acknowledged"
    ),
    "flight": Kind(
        "tcptrace.show.plots.flight", "FlightPicture", "one", "bytes in flight against the window"
    ),
    "window": Kind("tcptrace.show.plots.flight", "WindowPicture", "one", "the receive window of each end"),
    "gantt": Kind(
        "tcptrace.show.plots.gantt",
        "GanttPicture",
        "many",
        "where every connection spent its time, and how many ends were in each state",
    ),
}
PHASES = ("all", "handshake", "teardown")  # of a ladder
SCALES = ("even", "time")
FORMATS = ("png", "svg", "pdf")
