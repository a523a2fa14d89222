"""Filters that the kernel runs: a program in tcpdump's words, made fit for a packet socket.

The snap length is what such a program returns; without words a program of one instruction returns it. What the
kernel would judge otherwise than a file's reader is left to the reader (``None``): words about VLAN tags, which
the kernel strips before its filter runs.
"""

import re
from array import array

from tcptrace.source.filter import Filter
from tcptrace.source.interface import Interface
from tcptrace.wire import bpf

MAX_INSTRUCTIONS = 4096  # BPF_MAXINSNS

# Ancillary data (<linux/filter.h>): the kernel's own knowledge of the frame, at negative offsets.
_PROTOCOL = 0xFFFFF000
_PACKET_TYPE = 0xFFFFF004
_INTERFACE = 0xFFFFF008
_OUTGOING = 4  # PACKET_OUTGOING
# Where the header of LINKTYPE_LINUX_SLL2 has the same: (offset, size of the load).
_COOKED = {(0, bpf.HALF): _PROTOCOL, (4, bpf.WORD): _INTERFACE, (10, bpf.BYTE): _PACKET_TYPE}
_COOKED_HEADER = 20
_TAGS = re.compile(r"\b(vlan|ether|link|mpls|pppoes|geneve)\b")  # words that may look at what a tag moves

Instruction = tuple[int, int, int, int]


def kernel_program(words: Filter | None, interface: Interface, snap: int) -> "array[int] | None":
    """Return the program to attach, four words an instruction; ``None`` where the kernel cannot judge."""
    made: list[Instruction] = [(bpf.RET, 0, 0, snap)]
    if words is not None:
        if _TAGS.search(words.words):
            return None
        skip, program = words.program(interface.link)
        fitted = [_fit(row, interface.is_cooked, snap) for row in _rows(program)]
        made = [row for row in fitted if row is not None]
        if skip or len(made) != len(fitted):
            return None
    flat = array("I")
    for row in made:
        flat.extend(row)
    return flat if len(made) < MAX_INSTRUCTIONS - len(drop_outgoing(0)) // 4 else None


def keep_all(snap: int) -> "array[int]":
    """Return the program that keeps ``snap`` octets of each frame."""
    return array("I", (bpf.RET, 0, 0, snap))


def keep_none() -> "array[int]":
    """Return the program that drops each frame."""
    return array("I", (bpf.RET, 0, 0, 0))


def drop_outgoing(index: int) -> "array[int]":
    """Return what, in front of a program, drops outgoing frames of an interface.

    A loopback interface shows each frame twice, going out and coming in.
    """
    return array(
        "I",
        (
            *(bpf.LD | bpf.WORD | bpf.ABS, 0, 0, _INTERFACE),
            *(bpf.JMP | bpf.JEQ, 0, 3, index),
            *(bpf.LD | bpf.WORD | bpf.ABS, 0, 0, _PACKET_TYPE),
            *(bpf.JMP | bpf.JEQ, 0, 1, _OUTGOING),
            *(bpf.RET, 0, 0, 0),
        ),
    )


def _rows(program: "array[int]") -> list[Instruction]:
    return [
        (program[at], program[at + 1], program[at + 2], program[at + 3]) for at in range(0, len(program), 4)
    ]


def _fit(row: Instruction, is_cooked: bool, snap: int) -> Instruction | None:
    """Return an instruction as the kernel must have it, ``None`` where there is none.

    A cooked socket's filter sees frames from the network layer on.
    """
    code, yes, no, k = row
    if code == bpf.RET:
        return code, yes, no, snap if k else 0
    if not is_cooked:
        return row
    kind, mode, size = code & 0x07, code & 0xE0, code & 0x18
    if (kind == bpf.LD and mode in (bpf.ABS, bpf.IND)) or (kind == bpf.LDX and mode == bpf.MSH):
        if k >= _COOKED_HEADER:
            return code, yes, no, k - _COOKED_HEADER
        known = _COOKED.get((k, size)) if kind == bpf.LD and mode == bpf.ABS else None
        return None if known is None else (bpf.LD | bpf.WORD | bpf.ABS, yes, no, known)
    if mode == bpf.LEN and kind in (bpf.LD, bpf.LDX):
        return None  # `len` would be without the header
    return row
