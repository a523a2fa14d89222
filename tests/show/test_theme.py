"""Colours. Truth: pictures.md's list, and WCAG's contrast ratio."""

import pytest

from tcptrace.model.states import STATE_NAMES
from tcptrace.show.theme import DRAWN, STATES, TERMINAL, terminal_style


def luminance(colour: str) -> float:
    """WCAG 2.1, relative luminance."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_every_state_has_the_colour_of_the_page() -> None:
    fills = [
        "FFFFFF",
        "EEEEEE",
        "B4BDC5",
        "FFD94F",
        "D9971E",
        "00785C",
        "A9D6F5",
        "2B72B0",
        "FBC3A4",
        "C792DA",
        "B23A22",
        "0F2C54",
    ]
    assert {name: colour.fill for name, colour in STATES.items()} == {
        name: f"#{fill}" for name, fill in zip(STATE_NAMES, fills, strict=True)
    }


@pytest.mark.parametrize("state", STATES)
def test_a_state_can_be_read_on_its_fill(state: str) -> None:
    assert contrast(STATES[state].fill, STATES[state].text) >= 4.5


@pytest.mark.parametrize("role", [role for role, style in TERMINAL.items() if "#" in style])
def test_terminal_colours_can_be_read_on_black_and_on_white(role: str) -> None:
    colour = TERMINAL[role][TERMINAL[role].index("#") :]
    assert min(contrast(colour, "#000000"), contrast(colour, "#FFFFFF")) >= 3


GROUNDS = ("paper", "pale", "strip", "unvisited", "window")


@pytest.mark.parametrize("ground", GROUNDS)
@pytest.mark.parametrize("ink", ["ink", "muted", "client", "server", "alert", "amber"])
def test_what_a_picture_writes_can_be_read_on_each_of_its_grounds_by_night(ink: str, ground: str) -> None:
    # WCAG 2.1, 1.4.3: 4.5 to 1 for text
    assert contrast(DRAWN[ink][1], DRAWN[ground][1]) >= 4.5


def test_a_day_s_colour_stands_for_one_thing() -> None:
    by_day = [day for day, _ in DRAWN.values()]
    assert len(set(by_day)) == len(by_day)


def test_an_assumed_state_looks_different_from_a_certain_one() -> None:
    assert terminal_style("state:CLOSED:assumed") != terminal_style("state:CLOSED:confirmed")
    assert terminal_style("state:CLOSED:confirmed") == terminal_style("state:CLOSED")
