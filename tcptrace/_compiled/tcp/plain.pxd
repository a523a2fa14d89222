# C types of tcptrace/tcp/plain.py.
cimport cython
from tcptrace.model cimport words
from ..flow.rows cimport End, Entry, Stream
from .kept cimport Kept

cdef long long HALF, MASK32, NO_TIME, NONE, FIN, OPT_TIMESTAMPS, SYN, COUNT_SHIFT, KEPT, KEPT_WORDS, MOST, OPENER, ROW_WORDS
cdef long long SEGMENTS, SHAPE_WORDS, COVERS_SHIFT, COMPARES_SHIFT, AMID, SAME_SHIFT
cdef int OPENER_BIT, FIN_BIT, TEXT_BIT


@cython.final
cdef class Plain:
    cdef public Stream stream
    cdef public End low, high
    cdef public long long msl2_ns, count, nowhere
    cdef public int is_distinct
    cdef public long long[::1] counts, covered, frames, places, sizes, stamps, times
    cdef unsigned long long[::1] cells

    @cython.locals(
        base="long long", page="const unsigned long long*", count="long long", stamped=int, low=End, high=End, frame="long long",
        now="long long", row="long long", at="long long", first="unsigned long long", second="unsigned long long",
        third="unsigned long long", since="long long", opener=int, is_high=int, end=End, size="long long",
        bits="unsigned long long", covered="long long", compared="long long", expired=int,
    )
    cpdef bytes read(self, Entry entry, Kept kept, long long clock_ns)
    @cython.locals(end=End, opener=End, word="long long")
    cpdef void begin(self, Entry entry) noexcept
    @cython.locals(stream=Stream)
    cpdef void finish(self, Entry entry, long long frame, long long now, long long application) noexcept
    @cython.locals(at="long long")
    cpdef void outstanding(self, long long sender, long long size, long long place) noexcept
    @cython.locals(count="long long", base="long long", at="long long", rtt="long long")
    cpdef long long covers(self, long long sender, long long lag, long long now, End end) noexcept
    @cython.locals(base="long long", count="long long", newer="long long", other="long long", at="long long")
    cpdef long long compares(self, long long sender, long long tsval, long long tsecr) noexcept
