"""Runs classic BPF programs over the frames of a batch, and drops the frames that they reject.

The language is that of McCanne and Jacobson, "The BSD Packet Filter" (USENIX 1993), as libpcap's compiler
makes it: an accumulator A, an index register X, sixteen words of scratch memory, jumps forward only. A load
beyond the captured octets, a division by zero and an instruction that is none reject the frame, as libpcap's
own interpreter does. Extensions that ask the kernel (negative offsets) are such loads: programs for files
have none.

A program is an array of 32-bit words, four an instruction: code, jt, jf, k. Jump distances are not held to 8
bits.
"""

from array import array

LD = 0x00
LDX = 0x01
ST = 0x02
STX = 0x03
ALU = 0x04
JMP = 0x05
RET = 0x06
MISC = 0x07

WORD = 0x00
HALF = 0x08
BYTE = 0x10

IMM = 0x00
ABS = 0x20
IND = 0x40
MEM = 0x60
LEN = 0x80
MSH = 0xA0

ADD = 0x00
SUB = 0x10
MUL = 0x20
DIV = 0x30
OR = 0x40
AND = 0x50
LSH = 0x60
RSH = 0x70
NEG = 0x80
MOD = 0x90
XOR = 0xA0

JA = 0x00
JEQ = 0x10
JGT = 0x20
JGE = 0x30
JSET = 0x40

BY_X = 0x08
BY_A = 0x10  # RET returns A
TXA = 0x80  # MISC: A = X; without it X = A

MASK = 0xFFFFFFFF
SCRATCH = 16
UNMARKED = 2  # in `keep`: no program has looked at the frame yet


def mark(
    buffer: "bytes | bytearray | memoryview",
    offset: "array[int]",
    captured: "array[int]",
    wire: "array[int]",
    link: "array[int]",
    begin: int,
    count: int,
    wanted: int,
    skip: int,
    program: "array[int]",
    scratch: "array[int]",
    keep: "array[int]",
) -> int:
    """Set ``keep`` to 1 or 0 for frames of link type ``wanted``; return the first unmarked frame or -1.

    The program sees a frame without its first ``skip`` octets, but with its whole length on the wire.
    """
    size = len(buffer)
    first = -1
    for i in range(SCRATCH):  # no compiler's program reads a word that it did not write
        scratch[i] = 0
    for i in range(begin, count):
        if keep[i] != UNMARKED:
            continue
        if link[i] != wanted:
            if first < 0:
                first = i
            continue
        start = offset[i] + skip
        length = captured[i] - skip
        length = max(length, 0)
        if start < 0 or start > size:
            start = 0
            length = 0
        length = min(length, size - start)
        keep[i] = 1 if execute(buffer, start, length, wire[i] & MASK, program, scratch) else 0
    return first


def execute(
    buffer: "bytes | bytearray | memoryview",
    start: int,
    length: int,
    wire: int,
    program: "array[int]",
    scratch: "array[int]",
) -> int:
    """Return what the program returns for the frame: octets to keep, 0 to reject it."""
    end = len(program) // 4
    a = 0
    x = 0
    pc = 0
    while pc < end:
        code = program[4 * pc]
        k = program[4 * pc + 3]
        pc += 1
        kind = code & 0x07
        operand = x if code & BY_X else k
        if kind == LD:
            mode = code & 0xE0
            size = code & 0x18
            if mode in (ABS, IND):
                at = k if mode == ABS else k + x
                if size == WORD:
                    if at + 4 > length:
                        return 0
                    at += start
                    a = buffer[
                        at
                    ]  # octet by octet into A: in C a lone octet shifted by 24 would turn negative
                    a = a << 8 | buffer[at + 1]
                    a = a << 8 | buffer[at + 2]
                    a = a << 8 | buffer[at + 3]
                elif size == HALF:
                    if at + 2 > length:
                        return 0
                    at += start
                    a = buffer[at] << 8 | buffer[at + 1]
                elif size == BYTE:
                    if at >= length:
                        return 0
                    a = buffer[start + at]
                else:
                    return 0
            elif mode == IMM:
                a = k
            elif mode == LEN:
                a = wire
            elif mode == MEM and k < SCRATCH:
                a = scratch[k]
            else:
                return 0
        elif kind == LDX:
            mode = code & 0xE0
            if mode == IMM:
                x = k
            elif mode == LEN:
                x = wire
            elif mode == MEM and k < SCRATCH:
                x = scratch[k]
            elif mode == MSH:
                if k >= length:
                    return 0
                x = (buffer[start + k] & 0x0F) << 2
            else:
                return 0
        elif kind == ST:
            if k >= SCRATCH:
                return 0
            scratch[k] = a
        elif kind == STX:
            if k >= SCRATCH:
                return 0
            scratch[k] = x
        elif kind == ALU:
            op = code & 0xF0
            if op == ADD:
                a = (a + operand) & MASK
            elif op == SUB:
                a = (a - operand) & MASK
            elif op == MUL:
                a = (a * operand) & MASK
            elif op == AND:
                a = a & operand
            elif op == OR:
                a = a | operand
            elif op == XOR:
                a = a ^ operand
            elif op == LSH:
                a = (a << operand) & MASK if operand < 32 else 0
            elif op == RSH:
                a = a >> operand if operand < 32 else 0
            elif op == NEG:
                a = (0 - a) & MASK
            elif op in (DIV, MOD) and operand != 0:
                a = a // operand if op == DIV else a % operand
            else:
                return 0
        elif kind == JMP:
            op = code & 0xF0
            if op == JA:
                pc += k
                continue
            if op == JEQ:
                is_true = a == operand
            elif op == JGT:
                is_true = a > operand
            elif op == JGE:
                is_true = a >= operand
            elif op == JSET:
                is_true = (a & operand) != 0
            else:
                return 0
            pc += program[4 * pc - 3] if is_true else program[4 * pc - 2]
        elif kind == RET:
            return a if code & BY_A else x if code & BY_X else k
        elif code & TXA:
            a = x
        else:
            x = a
    return 0


def compact(
    offset: "array[int]",
    captured: "array[int]",
    wire: "array[int]",
    time_ns: "array[int]",
    link: "array[int]",
    number: "array[int]",
    count: int,
    keep: "array[int]",
) -> int:
    """Move the frames with ``keep`` 1 to the front, in order, and return how many there are."""
    to = 0
    for i in range(count):
        if keep[i] == 1:
            if to != i:
                offset[to] = offset[i]
                captured[to] = captured[i]
                wire[to] = wire[i]
                time_ns[to] = time_ns[i]
                link[to] = link[i]
                number[to] = number[i]
            to += 1
    return to
