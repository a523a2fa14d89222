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
}
FORMATS = ("png", "svg", "pdf")
