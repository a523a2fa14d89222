"""The BPF interpreter against libpcap's own, on random programs and packets; compiled and plain alike."""

import ctypes
import importlib
import time
from array import array

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tcptrace import kernels
from tcptrace.source.filter_libpcap import _Instruction, _library
from tcptrace.wire import bpf as plain

LIBRARY = _library()
FORMS = [plain]
if kernels.is_compiled("wire.bpf"):
    FORMS.append(importlib.import_module("tcptrace._compiled.wire.bpf"))
SCRATCH = array("I", bytes(64))
MASK = 0xFFFFFFFF
Instruction = tuple[int, int, int, int]


def run(form: object, rows: list[Instruction], packet: bytes, wire: int) -> int:
    program = array("I", [word for row in rows for word in row])
    before, after = b"\xaa" * 7, b"\x55" * 9  # a load beyond the packet would find these
    buffer = before + packet + after
    result: int = form.execute(buffer, len(before), len(packet), wire, program, SCRATCH)  # type: ignore[attr-defined]
    return result


def run_libpcap(rows: list[Instruction], packet: bytes, wire: int) -> int:
    instructions = (_Instruction * len(rows))(*rows)
    LIBRARY.bpf_filter.restype = ctypes.c_uint
    return LIBRARY.bpf_filter(instructions, packet, wire, len(packet))


NUMBERS = st.one_of(
    st.integers(0, 40), st.sampled_from([0x7FFFFFFF, 0x80000000, MASK, 31, 32, 33]), st.integers(0, MASK)
)
OPCODES = (
    [plain.LD | size | mode for size in (0, 8, 16) for mode in (plain.ABS, plain.IND)]
    + [plain.LD | plain.IMM, plain.LD | plain.LEN, plain.LD | plain.MEM]
    + [
        plain.LDX | plain.IMM,
        plain.LDX | plain.LEN,
        plain.LDX | plain.MEM,
        plain.LDX | plain.BYTE | plain.MSH,
    ]
    + [plain.ST, plain.STX, plain.MISC, plain.MISC | plain.TXA]
    + [
        plain.ALU | op | source
        for op in range(0, 0xB0, 0x10)
        if op != plain.NEG
        for source in (0, plain.BY_X)
    ]
    + [plain.ALU | plain.NEG]
    + [
        plain.JMP | op | source
        for op in (plain.JEQ, plain.JGT, plain.JGE, plain.JSET)
        for source in (0, plain.BY_X)
    ]
    + [plain.JMP | plain.JA, plain.RET, plain.RET | plain.BY_A]
)


@st.composite
def programs(draw: st.DrawFn) -> list[Instruction]:
    """Programs that libpcap's checker lets pass: jumps and scratch memory inside, no division by 0."""
    size = draw(st.integers(1, 24))
    rows: list[Instruction] = [
        (plain.ST, 0, 0, index) for index in range(16)
    ]  # libpcap leaves them to chance
    for index in range(size):
        code = draw(st.sampled_from(OPCODES))
        room = size - index - 1
        k = draw(NUMBERS)
        if code in (plain.ST, plain.STX, plain.LD | plain.MEM, plain.LDX | plain.MEM):
            k %= 16
        elif code == plain.JMP | plain.JA:
            k = draw(st.integers(0, room))
        elif code in (plain.ALU | plain.DIV, plain.ALU | plain.MOD):
            k = max(k, 1)
        elif code in (plain.ALU | plain.LSH, plain.ALU | plain.RSH):
            k %= 32
        rows.append((code, draw(st.integers(0, min(room, 255))), draw(st.integers(0, min(room, 255))), k))
    rows.append((plain.RET | draw(st.sampled_from([0, plain.BY_A])), 0, 0, draw(NUMBERS)))
    return rows


@pytest.mark.skipif(LIBRARY is None, reason="no libpcap here")
@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
@given(programs(), st.binary(max_size=48), st.integers(0, 100))
@settings(deadline=None, max_examples=300)
def test_programs_return_what_libpcap_returns(
    form: object, rows: list[Instruction], packet: bytes, more: int
) -> None:
    wire = len(packet) + more
    assert run(form, rows, packet, wire) == run_libpcap(rows, packet, wire)


@given(
    st.lists(
        st.tuples(st.integers(0, MASK), st.integers(0, MASK), st.integers(0, MASK), NUMBERS), max_size=20
    ),
    st.binary(max_size=32),
)
@settings(deadline=None)
def test_words_that_are_no_program_end_and_are_the_same_in_both_forms(
    rows: list[Instruction], packet: bytes
) -> None:
    results = {run(form, rows, packet, len(packet)) for form in FORMS}
    assert len(results) == 1
    assert 0 <= results.pop() <= MASK


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
@pytest.mark.parametrize("op", [plain.DIV, plain.MOD])
def test_division_by_zero_rejects(form: object, op: int) -> None:
    rows = [(plain.LD | plain.IMM, 0, 0, 5), (plain.ALU | op, 0, 0, 0), (plain.RET, 0, 0, 1)]
    assert run(form, rows, b"", 0) == 0
    rows[1] = (plain.ALU | op | plain.BY_X, 0, 0, 9)
    assert run(form, rows, b"", 0) == 0


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
@pytest.mark.parametrize("octet", [0x00, 0x7F, 0x80, 0xFF])
def test_octets_load_unsigned_and_big_endian(form: object, octet: int) -> None:
    packet = bytes((octet, 1, 2, octet))
    for code, value in ((plain.BYTE, packet[:1]), (plain.HALF, packet[:2]), (plain.WORD, packet)):
        rows = [(plain.LD | code | plain.ABS, 0, 0, 0), (plain.RET | plain.BY_A, 0, 0, 0)]
        assert run(form, rows, packet, 4) == int.from_bytes(value, "big")
        rows = [
            (plain.LD | code | plain.ABS, 0, 0, 0),
            (plain.JMP | plain.JEQ, 0, 1, int.from_bytes(value, "big")),
            (plain.RET, 0, 0, 7),
            (plain.RET, 0, 0, 0),
        ]
        assert run(form, rows, packet, 4) == 7


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
@pytest.mark.parametrize("size", [(plain.BYTE, 1), (plain.HALF, 2), (plain.WORD, 4)])
def test_loads_end_where_the_captured_octets_end(form: object, size: tuple[int, int]) -> None:
    code, octets = size
    for mode in (plain.ABS, plain.IND):
        for at in range(12):
            rows = [(plain.LD | code | mode, 0, 0, at), (plain.RET, 0, 0, 7)]
            assert run(form, rows, bytes(8), 100) == (7 if at + octets <= 8 else 0)
        for at in (0xFFFFF000, 0x7FFFFFFF, MASK):
            rows = [
                (plain.LDX | plain.IMM, 0, 0, MASK),
                (plain.LD | code | mode, 0, 0, at),
                (plain.RET, 0, 0, 7),
            ]
            assert run(form, rows, bytes(8), 100) == 0


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
def test_a_frame_that_lies_outside_the_buffer_is_rejected_not_read(form: object) -> None:
    program = array("I", (plain.LD | plain.BYTE | plain.ABS, 0, 0, 0, plain.RET, 0, 0, 1))
    offset = array("q", (-5, 100, 2**62, 3, 8, 8))
    captured = array("q", (4, 4, 4, 2**62, 0, -3))
    keep = array("B", [2]) * 6
    link = array("i", [1]) * 6
    first = form.mark(bytes(8), offset, captured, captured, link, 0, 6, 1, 0, program, SCRATCH, keep)  # type: ignore[attr-defined]
    assert first == -1
    assert list(keep) == [0, 0, 0, 1, 0, 0]


@pytest.mark.skipif(len(FORMS) == 1, reason="not compiled")
def test_the_compiled_form_is_fast_enough_to_filter_while_reading() -> None:
    count = 4096
    buffer = bytes(100) * count
    columns = [array("q", range(0, 100 * count, 100)), array("q", [100]) * count, array("q", [100]) * count]
    program = array("I", (plain.LD | plain.HALF | plain.ABS, 0, 0, 12, plain.RET | plain.BY_A, 0, 0, 0))
    start = time.process_time()
    for _ in range(20):
        keep = array("B", [2]) * count
        FORMS[1].mark(buffer, *columns, array("i", [1]) * count, 0, count, 1, 0, program, SCRATCH, keep)
    assert time.process_time() - start < 20 * count * 1e-6  # a microsecond a frame; measured some 10 ns
