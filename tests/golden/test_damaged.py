"""An expectation that is damaged in any way is read, compared and renewed, or is an error of one line."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

import tcptrace
from tcptrace.golden import expectation, write
from tcptrace.golden.compare import compare
from tests.every import ROOT
from tests.golden.test_check_patterns import LOOSE

CAPTURES = ROOT / "captures"
SEEDS = [LOOSE, *(path.read_text() for path in sorted(CAPTURES.glob("*.expect.toml")))]
ANALYSIS = tcptrace.analyze(CAPTURES / "scan.pcap")
CONNECTIONS, CAPTURE = list(ANALYSIS), ANALYSIS.capture
PIECES = st.sampled_from([*'*|-"\n0{}[=\x00\ud800', "..", "'''", "client", "1e999", "-1", "nan", "CLOSED"])


@st.composite
def damaged(draw: st.DrawFn) -> str:
    """Draw an expectation with some of its characters replaced."""
    text = draw(st.sampled_from(SEEDS))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(text)))
        end = at + draw(st.sampled_from([0, 1, 2, 5, 20]))
        text = text[:at] + draw(PIECES) + text[end:]
    return text


@given(damaged())
def test_a_damaged_expectation_is_an_error_of_one_line_or_can_be_compared_and_renewed(text: str) -> None:
    octets = text.encode("utf-8", "surrogatepass")
    try:
        held = expectation.read(octets, "x")
    except tcptrace.InputError as error:
        said = str(error)
    else:
        said = "x: "
    assert said.startswith("x: ")
    if said != "x: ":
        return
    comparison = compare(held, CONNECTIONS, CAPTURE)
    new = write.renewed(octets.decode(), held, comparison, CAPTURE, CONNECTIONS)
    again = compare(expectation.read(new.encode(), "x"), CONNECTIONS, CAPTURE)
    assert again.differences == []


def test_the_seeds_are_read() -> None:
    assert {expectation.read(seed.encode(), "x").version for seed in SEEDS} == {1, 2}
    assert Path(CAPTURES).is_dir()
