# C types of tcptrace/show/columns.py.
cimport cython
from tcptrace.model cimport words
from ..find.sheet cimport Sheet
from ..measure.figures cimport Figures

cdef long long NULL, REAL, STATE_COUNT, FIELD, SHORT, LARGE, NS, MINUTE_NS, COUNT, BYTES, RATE, BOOL, SECONDS
cdef bytes BLANKS


@cython.final
cdef class Columns:
    cdef public Sheet sheet
    cdef public bytes units, micro
    cdef public list above, lines, between, states, states_between
    cdef public object counts, durations
    cdef bytearray value
    cdef unsigned char* field
    cdef long long at, wide
    cdef public long long room, width

    @cython.locals(sheet=Sheet, above=list, room="long long", text=bytes, at="long long", width="long long")
    cpdef head(self, long long stream, list words, long long elapsed_ns, Figures figures)
    @cython.locals(sheet=Sheet, number="long long", turn="long long")
    cpdef write(self, Figures figures)
    cpdef state(self, Figures figures, int state)
    @cython.locals(first="long long", turn="long long")
    cpdef long long held(self, Figures figures, int place, int state) noexcept
    @cython.locals(kind=int, unit=int, value="long long")
    cpdef figure(self, Figures figures, long long at, long long number)
    cpdef bytes ending(self, int unit)
    @cython.locals(whole="long long", left=double)
    cpdef long long rounded(self, double value) noexcept
    cpdef time(self, long long ns)
    cdef void parts(self, unsigned long long thousandths, bytes unit) noexcept
    cpdef word(self, bytes text)
    @cython.locals(place="long long")
    cdef void begin(self, bytes ending) noexcept
    cdef void octet(self, unsigned int value) noexcept
    @cython.locals(rest="unsigned long long")
    cdef void digits(self, unsigned long long number) noexcept
    cdef void three(self, unsigned int number) noexcept
    @cython.locals(rest="unsigned long long")
    cdef void thousands(self, unsigned long long number) noexcept
    @cython.locals(sheet=Sheet, into="unsigned char*", field="unsigned char*", at="long long", size="long long", left="long long", place="long long")
    cdef void put(self) noexcept
