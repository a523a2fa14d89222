"""BPF programs of the plain words, one for each link type of the table."""

from array import array

from tcptrace.source.filter_words import ARP, IP, IP6, RARP, Both, Family, Load, No, Node
from tcptrace.wire import bpf
from tcptrace.wire.links import (
    ALWAYS_IPV4,
    ALWAYS_IPV6,
    BY_COOKED,
    BY_ETHERTYPE,
    LinkType,
)

_SIZES = {1: bpf.BYTE, 2: bpf.HALF, 4: bpf.WORD}
KEEP = 262144  # what libpcap's programs return


def make_program(node: Node, link: LinkType) -> "array[int]":
    """Return the program that keeps the frames of which ``node`` holds; four words an instruction."""
    return _Assembler(link).assemble(node)


class _Assembler:
    """Instructions with labels for targets; all jumps go forward, so labels are placed after their use."""

    def __init__(self, link: LinkType) -> None:
        self._link = link
        self._code: list[tuple[int, int, int, int]] = []  # code, label if true, label if false, k
        self._labels: list[int] = []  # label -> instruction

    def assemble(self, node: Node) -> "array[int]":
        yes, no = self._label(), self._label()
        self._test(node, yes, no)
        self._place(yes)
        self._code.append((bpf.RET, -1, -1, KEEP))
        self._place(no)
        self._code.append((bpf.RET, -1, -1, 0))
        program = array("I")
        for index, (code, yes, no, k) in enumerate(self._code):
            jumps = [self._labels[label] - index - 1 if label >= 0 else 0 for label in (yes, no)]
            program.extend((code, *jumps, k))
        return program

    def _label(self) -> int:
        self._labels.append(-1)
        return len(self._labels) - 1

    def _place(self, label: int) -> None:
        self._labels[label] = len(self._code)

    def _test(self, node: Node, yes: int, no: int) -> None:
        """Emit what goes to ``yes`` where the node holds, else to ``no``."""
        if isinstance(node, No):
            self._test(node.node, no, yes)
        elif isinstance(node, Family):
            self._family(node.ethertype, yes, no)
        elif isinstance(node, Load):
            self._load(node, yes, no)
        else:
            *others, last = node.nodes
            for each in others:
                on = self._label()
                if isinstance(node, Both):
                    self._test(each, on, no)
                else:
                    self._test(each, yes, on)
                self._place(on)
            self._test(last, yes, no)

    def _load(self, field: Load, yes: int, no: int) -> None:
        size = _SIZES[field.size]
        if field.behind:
            self._code.append((bpf.LDX | bpf.MSH, -1, -1, self._link.header))
            self._code.append((bpf.LD | size | bpf.IND, -1, -1, self._link.header + field.at))
        else:
            self._code.append((bpf.LD | size | bpf.ABS, -1, -1, self._link.header + field.at))
        if field.mask != (1 << 8 * field.size) - 1:
            self._code.append((bpf.ALU | bpf.AND, -1, -1, field.mask))
        if field.low == field.high:
            self._code.append((bpf.JMP | bpf.JEQ, yes, no, field.low))
            return
        above = self._label()
        self._code.append((bpf.JMP | bpf.JGE, above, no, field.low))
        self._place(above)
        self._code.append((bpf.JMP | bpf.JGT, no, yes, field.high))

    def _family(self, ethertype: int, yes: int, no: int) -> None:
        """Emit the test for a network layer, as the link type tells it."""
        kind = self._link.kind
        if kind in (BY_ETHERTYPE, BY_COOKED):
            self._code.append((bpf.LD | bpf.HALF | bpf.ABS, -1, -1, self._link.ethertype_at))
            self._code.append((bpf.JMP | bpf.JEQ, yes, no, ethertype))
        elif kind in (ALWAYS_IPV4, ALWAYS_IPV6):
            self._always(yes if ethertype == (IP if kind == ALWAYS_IPV4 else IP6) else no)
        elif ethertype in (ARP, RARP):
            self._always(no)
        else:
            # RAW has the version in the header; so has the packet behind BSD's family, whose numbers and
            # byte order are those of the machine that captured.
            at = self._link.header
            self._code.append((bpf.LD | bpf.BYTE | bpf.ABS, -1, -1, at))
            self._code.append((bpf.ALU | bpf.AND, -1, -1, 0xF0))
            self._code.append((bpf.JMP | bpf.JEQ, yes, no, 0x40 if ethertype == IP else 0x60))

    def _always(self, label: int) -> None:
        self._code.append((bpf.JMP | bpf.JEQ, label, label, 0))
