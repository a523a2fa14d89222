# C types of tcptrace/measure/gauge.py.
cimport cython
from .meters cimport Meter, Rare, Ring
from .packed cimport Packer

cdef long long HALF, MASK32, NO_TIME, NONE, SACK_WORDS, ACK, FIN, MARK_BAD_CHECKSUM, OPT_SCALE, OPT_TIMESTAMPS
cdef long long PSH, RST, SYN, URG, SFR, MOST_OUTSTANDING, TRIPLE, LENGTH
cdef long long FIRST_ROOM, WORDS


@cython.final
cdef class Gauge:
    cdef public list meters, rings, free, ending, over
    cdef public Meter nobody
    cdef public Packer packer

    @cython.locals(i="long long", rare=Rare, own=Meter, peer=Meter, bits=int, now="long long", number="long long")
    cpdef run(
        self, long long count, long long[::1] time_ns, unsigned char[::1] side, unsigned short[::1] flags,
        unsigned int[::1] seq, unsigned int[::1] ack, unsigned short[::1] window, unsigned int[::1] length,
        unsigned short[::1] options, unsigned short[::1] mss, unsigned char[::1] scale, unsigned int[::1] tsval,
        unsigned int[::1] tsecr, unsigned char[::1] sack_count, unsigned int[::1] sack, unsigned int[::1] captured,
        unsigned char[::1] marks,
        unsigned char[::1] duplicate, long long[::1] stream_of)
    @cython.locals(made=Meter)
    cpdef Meter meter(self, long long place)
    cpdef pack(self, long long number)
    @cython.locals(low=Meter, high=Meter)
    cpdef wake(self, long long number)
    @cython.locals(rare=Rare)
    cpdef Rare rare(self, Meter own)
    @cython.locals(rare=Rare, left="long long", right="long long", is_below=int)
    cpdef blocks(self, Meter own, long long ack, int count, unsigned int[::1] sack, long long at)
    @cython.locals(since="long long")
    cpdef data(self, Meter own, Meter peer, long long now, int bits, long long length)
    @cython.locals(end="long long", ahead="long long", flight="long long")
    cpdef send(self, Meter own, Meter peer, long long now, int bits, long long seq, long long length)
    cpdef bar(self, Meter own, long long left, long long right)
    @cython.locals(ring=Ring, size="long long", larger="long long[::1]", number="long long", at="long long")
    cpdef outstanding(self, Meter own, long long end, long long length, long long now)
    @cython.locals(first="long long", last="long long")
    cpdef repeated(self, Meter own, long long seq, long long end, long long now)
    @cython.locals(ring=Ring, mask="long long", low="long long", high="long long", middle="long long", ends="long long")
    cpdef long long place(self, Meter own, long long number)
    @cython.locals(ring=Ring, at="long long", again="long long", before="long long", since="long long", rare=Rare)
    cpdef int resent(self, Meter own, long long place, long long end, long long now, int is_first)
    @cython.locals(octets="long long", ahead="long long", rare=Rare)
    cpdef receive(self, Meter own, Meter peer, long long now, int bits, long long ack, long long window, long long length)
    @cython.locals(inside="long long", rtt="long long", rare=Rare)
    cpdef ended(self, Meter way, long long ack, long long newest, long long now)
    @cython.locals(newest="long long", ring=Ring, at="long long")
    cpdef acknowledged(self, Meter way, long long ack, long long now)
    @cython.locals(ring=Ring)
    cpdef give_back(self, Meter way)
    @cython.locals(off="long long")
    cpdef sample(self, Meter way, long long rtt)
    cpdef full(self, Meter way, long long rtt)
    @cython.locals(rtt="long long")
    cpdef echo(self, Meter way, long long now, long long tsecr)
    @cython.locals(place="long long")
    cpdef Meter of(self, long long number, int side)
    @cython.locals(place="long long")
    cpdef forget(self, long long number)
