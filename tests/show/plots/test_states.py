"""The state diagram is the rule table's. Truth: Figure 5 as typed from the RFC, and the paths of the samples."""

from collections import Counter
from functools import cache

import msgspec
import pytest
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch
from matplotlib.transforms import Bbox

from tcptrace import plot
from tcptrace.model.records import Endpoint
from tcptrace.show.plots import states_place
from tcptrace.show.theme import CLIENT, SERVER, SIDES, STATES
from tcptrace.tcp import machine
from tests.show.plots.geometry import arrows, shrunk, texts
from tests.show.samples import SAMPLES, sample
from tests.tcp.test_figure5 import FIGURE_5


@cache
def diagram(name: str) -> Figure:
    return plot.states(sample(name)[0])


def state_boxes(figure: Figure) -> list[tuple[str, Bbox]]:
    """Return the boxes that bear a state's name, chips included."""
    frames = [patch.get_window_extent() for patch in figure.findobj(FancyBboxPatch)]
    found = []
    for text, box in texts(figure):
        if text in STATES:
            middle = ((box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2)
            found += [(text, frame) for frame in frames if frame.contains(*middle)]
    return found


def box_at(point: tuple[float, float], boxes: list[tuple[str, Bbox]]) -> str:
    """Return the state whose box's edge a point lies at."""
    near = [
        name
        for name, box in boxes
        if Bbox.from_extents(box.x0 - 8, box.y0 - 8, box.x1 + 8, box.y1 + 8).contains(*point)
    ]
    assert len(near) == 1, (point, near)
    return near[0]


def ways(figure: Figure) -> Counter[tuple[str, str]]:
    """Return from which state's box to which the arrows lead."""
    boxes = state_boxes(figure)
    return Counter((box_at(way[0], boxes), box_at(way[-1], boxes)) for way in arrows(figure))


def test_every_arrow_of_the_figure_is_drawn_and_nothing_else() -> None:
    assert ways(plot.states()) == Counter((arrow.state, arrow.next_state) for arrow in FIGURE_5)


def test_the_arrows_bear_the_figure_s_words() -> None:
    spelled = {"Timeout=2MSL": "2MSL timeout"}
    words = Counter[str]()
    for arrow in FIGURE_5:
        words[spelled.get(arrow.event, arrow.event)] += 1
        if arrow.action not in ("x", "note 1"):  # nothing below the line; a note
            words[arrow.action] += 1
    drawn = Counter(text for text, _ in texts(plot.states()) if text in words)
    assert drawn == words


def test_the_places_are_those_of_the_table_s_arrows() -> None:
    drawn = {(rule.state, rule.next_state) for rule in machine.RULES if rule.kind in ("figure", "user")}
    assert set(states_place.ARROWS) == drawn
    to_closed = {
        rule.state
        for rule in machine.RULES
        if rule.next_state == "CLOSED" and rule.kind not in ("figure", "user", "anomaly")
    }
    assert set(states_place.STUBS) == to_closed
    elsewhere = {
        (rule.state, rule.next_state)
        for rule in machine.RULES
        if rule.next_state not in ("CLOSED", rule.state) and rule.kind not in ("figure", "user")
    }
    assert elsewhere - drawn == {("UNKNOWN", "ESTABLISHED")}


def coloured(figure: Figure) -> set[str]:
    """Return the states whose box has their colour."""
    from matplotlib.colors import to_hex

    found = set()
    for text, box in texts(figure):
        if text in STATES:
            for patch in figure.findobj(FancyBboxPatch):
                frame = patch.get_window_extent()
                if frame.contains((box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2):
                    if to_hex(patch.get_facecolor()).upper() == STATES[text].fill:
                        found.add(text)
    return found


@pytest.mark.parametrize("name", SAMPLES)
def test_the_boxes_of_both_paths_are_coloured_and_no_other(name: str) -> None:
    connection, _ = sample(name)
    visited = {*connection.path.client, *connection.path.server}
    if "TIME-WAIT" in (connection.final.client, connection.final.server):
        visited.add("CLOSED")
    moved = {step.from_state for step in connection.transitions}
    if "UNKNOWN" not in moved:  # it stands in the picture where an end left it
        visited.discard("UNKNOWN")
    assert coloured(diagram(name)) == visited


@pytest.mark.parametrize("name", SAMPLES)
def test_every_step_has_its_number_and_frame(name: str) -> None:
    connection, _ = sample(name)
    shown = Counter(text for text, _ in texts(diagram(name)))
    sides = ("client",) if connection.client == connection.server else ("client", "server")
    for side in sides:
        steps = [step for step in connection.transitions if step.side == side]
        for number, step in enumerate(steps, 1):
            assert shown[str(number)] >= 1
            if step.frame is not None:
                assert any(f"frame {step.frame}" in text for text in shown), step


def lines_by_colour(figure: Figure) -> Counter[str]:
    from matplotlib.colors import to_hex
    from matplotlib.patches import PathPatch

    colours = [to_hex(patch.get_edgecolor()).upper() for patch in figure.findobj(PathPatch)]
    return Counter(colours)


@pytest.mark.parametrize("name", SAMPLES)
def test_each_end_has_a_line_for_each_arrow_of_its_way(name: str) -> None:
    connection, _ = sample(name)
    drawn = lines_by_colour(diagram(name))
    for side, colour in SIDES.items():
        steps = {
            (step.from_state, step.to_state, step.to_state == "CLOSED" and "RST" in step.cause)
            for step in connection.transitions
            if step.side == side
        }
        wait = connection.time_wait
        if wait is not None and getattr(connection.final, side) == "TIME-WAIT":
            steps.add(("TIME-WAIT", "CLOSED", False))
        if connection.client == connection.server and side == "server":
            steps = set()
        assert drawn[colour] == len(steps)
    assert CLIENT != SERVER


def test_many_connections_are_counted() -> None:
    connections = [
        msgspec.structs.replace(sample(name)[0], stream=number, client=Endpoint("127.0.0.1", 1024 + number))
        for number, name in enumerate(["http"] * 7 + ["reset"] * 3)
    ]
    figure = plot.states(connections)
    shown = {text for text, _ in texts(figure)}
    assert {
        "client 10",
        "client 7",
        "snd RST · server 3",
        "rcv RST · client 3",
        "10 connections, each with two ends",
    } <= shown
    assert not [text for text in shown if text.startswith("frame")]


def test_the_wider_an_arrow_the_more_took_it() -> None:
    from matplotlib.colors import to_hex
    from matplotlib.patches import PathPatch

    connections = [sample(name)[0] for name in ["http"] * 7 + ["reset"] * 3]
    widths = sorted(
        {
            round(patch.get_linewidth(), 3)
            for patch in plot.states(connections).findobj(PathPatch)
            if to_hex(patch.get_edgecolor()).upper() == CLIENT
        }
    )
    assert len(widths) == 3  # ten opened, seven closed, three were reset


@pytest.mark.parametrize("name", SAMPLES)
def test_no_taken_arrow_runs_through_words(name: str) -> None:
    figure = diagram(name)
    words = [(text, shrunk(box, 1.0)) for text, box in texts(figure) if not text.isdecimal()]
    through = {text for way in arrows(figure) for point in way for text, box in words if box.contains(*point)}
    assert not through
