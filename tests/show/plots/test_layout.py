"""Pictures hold together: no text on another, none outside, whatever the connection. Measured on what is drawn."""

from collections import Counter
from typing import Any

import msgspec
import pytest
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.path import Path

import tcptrace
from tcptrace import plot
from tcptrace.model.records import Connection, Endpoint, Finding, Segment, Sides
from tcptrace.show.plots.figures import full_axes
from tcptrace.show.theme import STATES
from tests.script import parse
from tests.show.plots.geometry import holds_together, texts
from tests.show.samples import SAMPLES, ns, sample

LONGEST = Endpoint("2001:db8:1111:2222:3333:4444:5555:6666", 65535)
LOSSY = """
ends a 2001:db8:1111:2222:3333:4444:5555:6666.65535 b 2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff.65534
0.000 a > SYN mss 1440 ws 7
0.010 b < SYN,ACK mss 1440 ws 7
0.020 a > ACK
0.030 a > PSH,ACK len 1000
0.200 a > PSH,ACK seq 1 len 1000
0.210 b < ACK sack 1-1001
0.300 a > FIN,ACK
0.400 a > FIN,ACK seq 1001
0.500 b < RST,ACK
"""


def analysed(script: str) -> tuple[Connection, list[Segment]]:
    analysis = tcptrace.analyze(parse(script).pcap(), segments=True)
    (found,) = [(connection, analysis.segments_of(connection.stream)) for connection in analysis]
    return found


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("fold", [True, False])
def test_a_ladder_holds_together(name: str, fold: bool) -> None:
    connection, segments = sample(name)
    holds_together(plot.ladder(connection, segments, fold=fold))


@pytest.mark.parametrize("name", ["http", "reset", "self-connect", "unanswered", "stray-rst"])
def test_a_ladder_of_the_longest_addresses_holds_together(name: str) -> None:
    changes: dict[str, Any] = {
        "client": LONGEST,
        "server": LONGEST
        if name == "self-connect"
        else Endpoint("2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff", 65534),
    }
    connection, segments = sample(name, **changes)
    figure = plot.ladder(connection, segments)
    holds_together(figure)
    assert sum("2001:db8:1111:2222:3333:4444:5555:6666" in text for text, _ in texts(figure)) >= 2


def test_a_ladder_with_findings_and_long_numbers_holds_together() -> None:
    connection, segments = analysed(LOSSY)
    assert connection.findings
    holds_together(plot.ladder(connection, segments, fold=False))
    far = [
        msgspec.structs.replace(part, frame=part.frame + 10**9, seq=4294967295 - part.frame, ack=4294967295)
        for part in segments
    ]
    holds_together(
        plot.ladder(msgspec.structs.replace(connection, transitions=[], findings=[]), far, fold=False)
    )


def test_a_finding_stands_below_its_arrow_before_the_next() -> None:
    connection, segments = sample("unanswered")
    found = texts(plot.ladder(connection, segments))
    heights = {text: (box.y0 + box.y1) / 2 for text, box in found}
    findings = [box.y1 for text, box in found if "syn_retransmission" in text]
    assert len(findings) == 2
    assert heights["2"] > findings[0] > heights["3"] > findings[1]


def test_a_ladder_of_a_hundred_thousand_segments_is_folded_and_small() -> None:
    connection, segments = sample("http")
    states = Sides("ESTABLISHED", "ESTABLISHED")
    bulk = [
        Segment(0, 10, ns(2290), "server", "ACK", 5324 + 100 * number, 146, 12754, 100, states)
        for number in range(100_000)
    ]
    many = [*segments[:9], *bulk, *segments[10:]]
    figure = plot.ladder(connection, many)
    assert figure.get_size_inches()[1] < 9
    assert any("100,005 segments folded" in text for text, _ in texts(figure))
    holds_together(figure)


def test_frames_can_be_opened_in_a_folded_part() -> None:
    connection, segments = sample("http")
    folded = plot.ladder(connection, segments)
    opened = plot.ladder(connection, segments, opened=range(5, 7))
    holds_together(opened)
    shown = {text for text, _ in texts(opened)} - {text for text, _ in texts(folded)}
    assert {"5", "6", "seq 1:146   ack 1   145 B"} <= shown
    assert any("frames 7–10" in text for text in shown)  # noqa: RUF001


def test_text_from_outside_is_never_read_as_mathematics_or_moves_the_cursor() -> None:
    connection, segments = sample("reset")
    hostile = "$\\frac{1}{0}$ \x1b[31m <script>alert(1)</script> $^{x}$"
    connection = msgspec.structs.replace(
        connection, findings=[Finding(7, "server", "abortive_close", "warning", hostile)], application="a$b$"
    )
    figure = plot.ladder(connection, segments)
    holds_together(figure)
    shown = " ".join(text for text, _ in texts(figure))
    assert "$\\frac{1}{0}$" in shown
    assert "\x1b" not in shown
    assert "a$b$" in shown


@pytest.mark.parametrize("name", ["http", "simultaneous-close", "reset", "unanswered", "stray-rst"])
@pytest.mark.parametrize(
    "options", [{"phase": "teardown"}, {"phase": "handshake"}, {"scale": "time"}], ids=str
)
def test_a_part_of_a_ladder_and_one_by_time_hold_together(name: str, options: dict[str, str]) -> None:
    connection, segments = sample(name)
    holds_together(plot.ladder(connection, segments, **options))


def test_each_phase_has_its_frames() -> None:
    connection, segments = sample("http")
    for phase, frames in (("handshake", "1 2 3"), ("teardown", "11 12 13 14")):
        shown = [
            text for text, _ in texts(plot.ladder(connection, segments, phase=phase)) if text.isdecimal()
        ]
        assert shown == frames.split()


def test_by_time_a_longer_wait_takes_more_room_and_no_row_less_than_otherwise() -> None:
    connection, segments = sample("http")
    for scale, is_even in (("even", True), ("time", False)):
        found = texts(plot.ladder(connection, segments, scale=scale, phase="teardown"))
        at = {text: box.y0 for text, box in found if text in ("11", "12", "13")}
        short, long = at["11"] - at["12"], at["12"] - at["13"]  # 18 and 1111 microseconds
        assert (abs(long - short) < 10) == is_even
        assert short > 50
        assert is_even or long > 4 * short


CHARTS = {"sequence": plot.sequence, "rtt": plot.rtt, "throughput": plot.throughput}
CHARTS |= {"flight": plot.flight, "window": plot.window}


@pytest.mark.parametrize("kind", CHARTS)
@pytest.mark.parametrize("script", ["lossy", "bulk", "rst", "self", "midstream"])
def test_a_chart_holds_together(kind: str, script: str) -> None:
    bulk = "handshake\n" + "\n".join(
        f"{1 + number / 50:.3f} client > PSH,ACK seq {1 + number * 900 - (number % 9 == 8) * 900} len 900"
        for number in range(200)
    )
    scripts = {"lossy": LOSSY, "bulk": bulk + "\n9.9 server < ACK", "rst": "0 client > RST seq 5"}
    scripts["midstream"] = "0 client > PSH,ACK len 10\n0.1 server < PSH,ACK len 10\n99.5 server < RST"
    if script == "self":
        connection, segments = sample("self-connect")
    else:
        connection, segments = analysed(scripts[script])
    figure = CHARTS[kind](connection, segments)
    holds_together(figure)
    if script != "rst" and (script, kind) not in {("midstream", "window"), ("self", "window")}:
        assert [text for text, _ in texts(figure) if "since the first segment" in text]
    if script == "rst":
        assert [text for text, _ in texts(figure) if text.startswith("no ")]


def test_a_sequence_graph_names_what_was_sent_again_and_says_what_it_cut() -> None:
    script = LOSSY.replace("0.300 a", "90.3 a").replace("0.400 a", "90.4 a").replace("0.500 b", "90.5 b")
    connection, segments = analysed(script)
    shown = {text for text, _ in texts(plot.sequence(connection, segments))}
    assert "R 5" in shown
    assert any("control segments from here to 1 min 30 s" in text for text in shown)
    assert any("window edge goes up to" in text for text in shown)
    assert "relative sequence number, bytes" in shown


@pytest.mark.parametrize("count", [1, 19, 61, 3000])
def test_a_gantt_chart_holds_together(count: int) -> None:
    names = list(SAMPLES)
    connections = [
        sample(
            names[number % len(names)],
            stream=number,
            client=LONGEST if number % 7 else Endpoint("192.0.2.1", 1000),
            server=Endpoint("2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff", 65534),
        )[0]
        for number in range(count)
    ]
    figure = plot.gantt(connections)
    holds_together(figure)
    assert figure.get_size_inches()[1] < 32
    words = " ".join(text for text, _ in texts(figure))
    assert ("the worst 40" in words) == (count > 60)
    assert f"{count:,} connection" in words


def test_a_gantt_chart_s_names_stand_in_bands_of_their_state() -> None:
    ends = [f"ends a{n} 192.0.2.{n}:1000 b{n} 198.51.100.7:80" for n in range(1, 9)]
    steps = ("0.{n} a{n} > SYN", "1.{n} b{n} < SYN,ACK", "2.{n} a{n} > ACK")
    capture = parse("\n".join(ends + [step.format(n=n) for step in steps for n in range(1, 9)])).pcap()
    figure = plot.gantt(tcptrace.analyze(capture))
    areas: dict[str, list[tuple[Any, Path]]] = {}
    for patch in figure.findobj(Rectangle):
        where = patch.get_transform()
        areas.setdefault(to_hex(patch.get_facecolor()), []).append((where, patch.get_path()))
    for stack in figure.findobj(PolyCollection):
        (colour,) = stack.get_facecolor()
        areas.setdefault(to_hex(colour), []).append((stack.axes.transData, stack.get_paths()[0]))
    chips = dict.fromkeys(STATES, 1)
    found = Counter()
    for name, box in texts(figure):
        if name not in STATES or chips.pop(name, 0):  # the first of each name is the key's chip
            continue
        found[name] += 1
        corners = [(box.x0, box.y0), (box.x1, box.y0), (box.x0, box.y1), (box.x1, box.y1)]
        assert any(
            path.transformed(where).contains_points(corners, radius=0.01).all()
            for where, path in areas[STATES[name].fill.lower()]
        ), (name, box)
    # Eight rows and the count below.
    assert (found["SYN-SENT"], found["SYN-RECEIVED"]) == (9, 9)
    assert set(found) == {"SYN-SENT", "SYN-RECEIVED", "ESTABLISHED"}
    holds_together(figure)


@pytest.mark.parametrize("name", SAMPLES)
def test_a_state_diagram_holds_together(name: str) -> None:
    connection, _ = sample(name)
    holds_together(plot.states(connection))


def test_a_state_diagram_of_the_longest_addresses_holds_together() -> None:
    connection, _ = analysed(LOSSY)
    holds_together(plot.states(connection))


def test_the_diagram_itself_and_that_of_many_connections_hold_together() -> None:
    holds_together(plot.states())
    holds_together(plot.states(sample(name)[0] for name in SAMPLES for _ in range(1000)))


def test_on_axes_of_another_size_everything_is_scaled_with_them() -> None:
    connection, segments = sample("http")
    for draw in (
        lambda axes: plot.ladder(connection, segments, axes),
        lambda axes: plot.states(connection, axes),
    ):
        figure = Figure(figsize=(5, 4))
        axes = full_axes(figure)
        assert draw(axes) is figure
        holds_together(figure)
