# C types of tcptrace/measure/gauge.py.
cimport cython
from .meters cimport Meter, Rare
from .outstanding cimport Outstanding
from .packed cimport Packer

cdef long long HALF, MASK32, NO_TIME, SACK_WORDS, ACK, FIN, MARK_BAD_CHECKSUM, OPT_SCALE, OPT_TIMESTAMPS
cdef long long PSH, RST, SYN, URG, SFR, TRIPLE


@cython.final
cdef class Gauge:
    cdef public list meters, ending, over
    cdef public Meter nobody
    cdef public Packer packer
    cdef public Outstanding outstanding

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
    @cython.locals(rare=Rare, left="long long", right="long long", is_below=int)
    cpdef blocks(self, Meter own, long long ack, int count, unsigned int[::1] sack, long long at)
    @cython.locals(since="long long")
    cpdef data(self, Meter own, Meter peer, long long now, int bits, long long length)
    @cython.locals(end="long long", ahead="long long", flight="long long")
    cpdef send(self, Meter own, Meter peer, long long now, int bits, long long seq, long long length)
    @cython.locals(octets="long long", ahead="long long", rare=Rare)
    cpdef receive(self, Meter own, Meter peer, long long now, int bits, long long ack, long long window, long long length)
    @cython.locals(rtt="long long")
    cpdef echo(self, Meter way, long long now, long long tsecr)
    @cython.locals(place="long long")
    cpdef Meter of(self, long long number, int side)
    @cython.locals(place="long long")
    cpdef forget(self, long long number)
