"""The bits and codes of the rows: no two the same, and room for all of them where they are packed."""

import pytest

from tcptrace.flow import bits
from tcptrace.model.states import STATE_COUNT
from tcptrace.model.tcpflags import FLAG_NAMES
from tcptrace.tcp import codes, machine


@pytest.mark.parametrize("prefix", ["F_", "S_"])
def test_each_flag_has_a_bit_of_its_own(prefix: str) -> None:
    flags = {name: value for name, value in vars(bits).items() if name.startswith(prefix)}
    assert len(flags) >= 10
    assert all(value > 0 and value & (value - 1) == 0 for value in flags.values()), flags
    assert len(set(flags.values())) == len(flags), flags
    assert max(flags.values()) < 1 << 32  # an unsigned int in the rows


def test_each_evidence_has_the_contract_s_word_at_its_number() -> None:
    numbers = (bits.OBSERVED, bits.CONFIRMED, bits.ASSUMED, bits.INFERRED, bits.TIMER)
    words = [bits.EVIDENCE_NAMES[number] for number in numbers]
    assert words == ["observed", "confirmed", "assumed", "inferred", "timer"]


def test_a_step_s_state_input_and_evidence_fit_into_four_bits_each() -> None:
    assert STATE_COUNT <= 16
    assert machine.INPUT_COUNT <= 16
    assert len(bits.EVIDENCE_NAMES) <= 16


def test_each_note_has_a_number_of_its_own_below_the_count() -> None:
    numbers = [value for name, value in vars(codes).items() if name.isupper() and name != "CODE_COUNT"]
    assert sorted(numbers) == list(range(codes.CODE_COUNT))


def test_control_bits_have_the_names_of_the_header_from_the_right() -> None:
    # RFC 9293 3.1: CWR ECE URG ACK PSH RST SYN FIN; AE is the bit above CWR (RFC 7560, then AccECN).
    assert FLAG_NAMES == ("FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR", "AE")
