# C types of tcptrace/measure/figures.py.
cimport cython
from .meters cimport Meter, Rare

cdef long long MASK32, NO_TIME, NONE, STATE_COUNT, TIME_WAIT, OPT_SACK_PERMITTED, OPT_SCALE, OPT_TIMESTAMPS
cdef long long FIELD, FLAG, KNOWN, MEAN, MEAN_TIME, PLAN_WORDS, RATE, SPAN, SPREAD, TIME, TOLD
cdef long long NULL, REAL, SECONDS, TRUTH, WHOLE, NS, LEAST_RTO_NS, EXACT, EXACT_BYTES


@cython.final
cdef class Facts:
    cdef public long long duplicates, span_ns, retransmissions, probes, out_of_order, unique_bytes, handshake_ns


@cython.final
cdef class Figures:
    cdef public long long[::1] plan, whole, handshake, readings, states, order, spent
    cdef public unsigned char[::1] kinds
    cdef public double[::1] real, squares
    cdef public long long at, count, since_ns
    cdef public int state
    cdef public Rare nothing

    @cython.locals(
        words="long long[::1]", of="long long[::1]", number="long long", base="long long", way="long long",
        value="long long", per="long long", at="long long", kind=int,
    )
    cpdef take(self, int place, Meter own, Meter peer, Facts facts)
    cpdef double mean(self, long long total, long long count)
    cpdef double rate(self, long long octets, long long ns)
    @cython.locals(middle=double, variance=double)
    cpdef double deviation(self, double squares, long long total, long long count)
    @cython.locals(rare=Rare, unique="long long", timeout="long long", stream="long long")
    cpdef read(self, Meter own, Meter peer, Facts facts)
    cdef long long beyond(self, long long value, long long other) noexcept
    cpdef void read_meter(self, Meter own) noexcept
    cpdef void read_rare(self, Rare rare) noexcept
    cdef void put(self, long long value) noexcept
    cpdef void start(self, int place) noexcept
    @cython.locals(first="long long", behind="long long", at="long long")
    cpdef void enter(self, int place, int state, long long now) noexcept
    cpdef void stop(self, int place, long long until_ns) noexcept
    cpdef object value(self, long long at)
    cpdef set(self, long long at, object value)
