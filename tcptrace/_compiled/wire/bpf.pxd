# C types of tcptrace/wire/bpf.py.
cimport cython

cdef unsigned int LD, LDX, ST, STX, ALU, JMP, RET, MISC
cdef unsigned int WORD, HALF, BYTE, IMM, ABS, IND, MEM, LEN, MSH
cdef unsigned int ADD, SUB, MUL, DIV, OR, AND, LSH, RSH, NEG, MOD, XOR
cdef unsigned int JA, JEQ, JGT, JGE, JSET, BY_X, BY_A, TXA
cdef unsigned long long MASK
cdef int SCRATCH, UNMARKED

@cython.locals(i="long long", size="long long", first="long long", start="long long", length="long long")
cpdef long long mark(
    const unsigned char[::1] buffer, const long long[::1] offset, const long long[::1] captured,
    const long long[::1] wire, const int[::1] link, long long begin, long long count, int wanted, long long skip,
    const unsigned int[::1] program, unsigned int[::1] scratch, unsigned char[::1] keep)

# Registers have 64 bits so that sums and products can be cut to 32 as the plain form cuts them.
@cython.locals(
    end="long long", a="unsigned long long", x="unsigned long long", pc="long long", code="unsigned int",
    k="unsigned long long", kind="unsigned int", operand="unsigned long long", mode="unsigned int",
    size="unsigned int", at="long long", op="unsigned int", is_true="int")
cpdef unsigned long long execute(
    const unsigned char[::1] buffer, long long start, long long length, unsigned long long wire,
    const unsigned int[::1] program, unsigned int[::1] scratch) noexcept

@cython.locals(i="long long", to="long long")
cpdef long long compact(
    long long[::1] offset, long long[::1] captured, long long[::1] wire, long long[::1] time_ns, int[::1] link,
    long long[::1] number, long long count, const unsigned char[::1] keep)
