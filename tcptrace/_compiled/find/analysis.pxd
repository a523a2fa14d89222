# C types of tcptrace/find/analysis.py.
cimport cython
from .ledger cimport Ledger
from .tracks cimport Direction, Lone, Track, Unacked

cdef long long ACK_LOST_SEGMENT, DUPLICATE_ACK, FAST_RETRANSMISSION, KEEP_ALIVE, KEEP_ALIVE_ACK, LOST_SEGMENT
cdef long long OUT_OF_ORDER, RETRANSMISSION, REUSED_PORTS, SPURIOUS_RETRANSMISSION, WINDOW_FULL, WINDOW_UPDATE
cdef long long ZERO_WINDOW, ZERO_WINDOW_PROBE, ZERO_WINDOW_PROBE_ACK
cdef long long HALF, MASK32, NO_TIME, NONE, SACK_WORDS, ACK, FIN, OPT_SCALE, RST, SYN, NO_SCALE, UNKNOWN_SCALE
cdef long long MAX_UNACKED, MAX_UNANSWERED, SFR, WAS_KEEP_ALIVE, WAS_PROBE, NO_DUP, FAST_NS, REORDERED_NS


@cython.final
cdef class Analysis:
    cdef public Ledger ledger
    cdef public Unacked unacked
    cdef public list tracks

    @cython.locals(
        tracks=list, i="long long", number="long long", known=object, lone=Lone, track=Track, way=Direction,
    )
    cpdef run(
        self, long long count, long long[::1] frame, long long[::1] time_ns, unsigned char[::1] side,
        unsigned short[::1] flags, unsigned int[::1] seq, unsigned int[::1] ack, unsigned short[::1] window,
        unsigned int[::1] length, unsigned short[::1] options, unsigned char[::1] scale,
        unsigned char[::1] sack_count, unsigned int[::1] sack, unsigned char[::1] duplicate, long long[::1] stream_of)
    cpdef wake(self, Track track, Lone lone)
    @cython.locals(f=Direction, r=Direction, was=int)
    cpdef segment(
        self, Track track, int side, long long frame, long long now, long long flags, long long seq, long long ack,
        long long window, long long length, long long options, long long scale)
    cpdef number(self, Track track, Direction f, int side, long long frame, long long flags, long long seq)
    @cython.locals(ahead="long long", was=int, idle="long long", ago="long long", fin="long long", shift=int, before=int, beyond="long long")
    cpdef int window_rules(
        self, Track track, Direction f, Direction r, int side, long long frame, long long now, long long flags,
        long long seq, long long ack, long long window, long long length)
    cpdef int shift(self, Direction way) noexcept
    @cython.locals(octets="long long")
    cpdef fills_window(
        self, Track track, Direction f, Direction r, int side, long long frame, long long seq, long long length)
    @cython.locals(missing="long long", told="long long")
    cpdef acknowledges_lost(self, Track track, Direction r, int side, long long frame, long long ack)
    @cython.locals(back=int, end="long long", asked="long long", dup="long long", limit="long long")
    cpdef sent_again(
        self, Track track, Direction f, Direction r, int side, long long frame, long long now, long long flags,
        long long seq, long long length)
    @cython.locals(first="long long", ago="long long", sacked="long long")
    cpdef repeat(
        self, Track track, Direction f, Direction r, int side, long long frame, long long now, long long flags,
        long long seq, long long length, long long asked)
    @cython.locals(end="long long")
    cpdef advance(
        self, Direction f, Direction r, long long frame, long long now, long long flags, long long seq, long long length,
        int was)
    @cython.locals(shift="long long")
    cpdef take_options(
        self, Track track, Direction f, Direction r, long long now, long long flags, long long options, long long scale)
    cpdef note(
        self, Track track, long long code, int side, long long frame, long long a, long long b, long long c,
        long long d, long long e, long long f)
    @cython.locals(known=object)
    cpdef list read(self, long long number)
    @cython.locals(known=object, track=Track)
    cpdef long long total(self, long long number, long long code, long long side)
    @cython.locals(known=object, track=Track)
    cpdef int is_quiet(self, long long number)
    @cython.locals(known=object, track=Track)
    cpdef forget(self, long long number)
