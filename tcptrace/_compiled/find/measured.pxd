# C types of tcptrace/find/measured.py.
cimport cython
from ..flow.rows cimport End, Stream
from ..measure.figures cimport Facts, Figures
from ..measure.gauge cimport Gauge
from ..measure.meters cimport Meter
from ..tcp.plain cimport Plain
from ..tcp.verdict cimport Verdict
from .analysis cimport Analysis
from .shapes cimport Shape
from .sheet cimport Sheet
from .trail cimport Trail

cdef long long OUT_OF_ORDER, RETRANSMISSION, ZERO_WINDOW_PROBE, NO_TIME, NONE, S_SELF, NULL, REAL, SECONDS, TRUTH
cdef long long STATE_COUNT, LONGEST, COMMA, BRACKET


@cython.final
cdef class Measurer:
    cdef public Figures figures
    cdef public Gauge gauge
    cdef public Verdict verdict
    cdef public Trail trail
    cdef public Analysis found
    cdef public Facts facts
    cdef public list keys, states
    cdef public object names, reals
    cdef public long long room

    @cython.locals(trail=Trail, until_ns="long long", place=int, turn="long long", base="long long")
    cpdef measure(self, Stream row)
    @cython.locals(until_ns="long long", place=int, turn="long long")
    cpdef measure_shaped(self, Stream row, Plain plain, Shape shape)
    @cython.locals(client=int, server=int, figures=Figures, is_seen=int, place=int, side=int, own=Meter, facts=Facts)
    cpdef take(self, Stream row)
    @cython.locals(facts=Facts, end=End, found=Analysis)
    cpdef count(self, Stream row, int side, int place)
    @cython.locals(until_ns="long long", place=int, end=End)
    cpdef long long until(self, Stream row) noexcept
    @cython.locals(
        figures=Figures, numbers=list, octets=bytes, left="long long", behind="long long", place=int,
        number="long long", at="long long", kind=int, turn="long long",
    )
    cpdef write(self, Sheet sheet)
    cpdef half(self, Sheet sheet, int number)
