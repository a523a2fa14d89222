"""All figures of a connection at once: one function, made of the list, has every figure in its place."""

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

from tcptrace.measure.measures import MEASURES
from tcptrace.measure.ways import Facts, Given, RareField, Rarely, Way, spread
from tcptrace.model.records import Side
from tcptrace.model.units import NS

if TYPE_CHECKING:
    from tcptrace.measure.meters import Meter


@cache
def function() -> Callable[["Meter", Given], dict[str, object]]:
    """Return what gives the figures of a direction, in their order, as if nothing rare were in it.

    As ``dataclasses`` does it: 80 calls a direction would take five times as long.
    """
    known: dict[str, Any] = {"NS": NS, "spread": spread}
    lines = []
    for place, row in enumerate(MEASURES):
        if isinstance(row.of, Way):
            code = row.of.code()
        elif isinstance(row.of, Rarely):
            code = "0" if isinstance(row.of, RareField) else "None"
        else:
            known[f"of_{place}"] = row.of
            code = f"of_{place}(given)"
        lines.append(f"{row.name!r}: {code},")
    exec("def figures(own, given):\n return {\n" + "\n".join(lines) + "\n}", known)
    made: Callable[[Meter, Given], dict[str, object]] = known["figures"]
    return made


@cache
def rare() -> list[tuple[str, Rarely]]:
    """Return the figures of what most directions have nothing of."""
    return [(row.name, row.of) for row in MEASURES if isinstance(row.of, Rarely)]


def measured(
    client: "Meter", server: "Meter", facts: Facts, handshake: tuple[int | None, int | None]
) -> dict[str, object]:
    """Return the value of the JSON key ``measures``: each side's figures, the handshake's halves, seconds in each state.

    ``handshake``: nanoseconds from the SYN to the SYN,ACK and from there to its ACK, as the tap saw them.
    """
    to_server, to_client = (None if part is None else part / NS for part in handshake)
    found: dict[str, object] = {"handshake": {"syn_to_synack_s": to_server, "synack_to_ack_s": to_client}}
    sides: tuple[tuple[Side, Meter, Meter], ...] = (("client", client, server), ("server", server, client))
    for place, (side, own, peer) in enumerate(sides):
        figures = _figures(Given(own, peer, facts, side, place, handshake[place]))
        figures["states_s"] = {state: ns / NS for state, ns in facts.states_ns[place].items()}
        found[side] = figures
    return found


def _figures(given: Given) -> dict[str, object]:
    """Return one side's figures by name, in the order of the list."""
    figures = function()(given.own, given)
    if given.own.rare is not None:
        for name, of in rare():
            figures[name] = of(given)
    return figures
