cimport cython
from ..flow.rows cimport Entry
from .kept cimport Kept

cdef unsigned long long MASK32, HALF
cdef long long NONE, ACK, FIN, OPT_MSS, OPT_SACK_PERMITTED, OPT_SCALE, OPT_TIMESTAMPS, RST, SYN
cdef long long MOST, ROW_WORDS, LABEL, FIRST, COUNT, FINS, LAST_NS, NEXT, ACKED, EDGE, TSVAL, TSECR, SHIFT, ROWS, SLOT_WORDS
cdef long long COUNT_SHIFT, KEPT, KEPT_WORDS, FIRST_SLOTS, PLAIN_OPTIONS, CONTROL, MOST_NS, MOST_FRAMES, MOST_OCTETS, OPENER, FLAG_BITS
cdef unsigned long long MOST_LAG
cdef int REFUSED, TAKEN, OVER


@cython.final
cdef class Drafts:
    cdef unsigned long long[::1] cells
    cdef readonly Kept kept
    cdef readonly long long used, free

    cdef void keep_syn(
        self, Entry entry, long long frame, long long now, int side, unsigned int seq, unsigned short window,
        unsigned short options, unsigned char scale, unsigned int tsval) noexcept
    @cython.locals(
        since="long long", apart="long long", opener="long long", other="long long", at="long long",
        row="unsigned long long", lag="unsigned long long", fin="long long", shift="unsigned long long",
        place="long long",
    )
    cpdef int take(
        self, Entry entry, long long frame, long long now, long long side, long long flags, unsigned long long seq,
        unsigned long long ack, unsigned long long window, unsigned long long length, long long options,
        unsigned long long scale, unsigned long long tsval, unsigned long long tsecr) except -1
    cdef inline int answers(
        self, Entry entry, long long flags, unsigned long long ack, unsigned long long length, long long options) noexcept
    @cython.locals(at="long long", has_scale="long long")
    cdef int begin(
        self, Entry entry, unsigned long long seq, unsigned long long options, unsigned long long scale) except -1
    @cython.locals(row="unsigned long long", fin="long long", fins="unsigned long long")
    cdef inline int is_plain(
        self, long long at, long long opener, long long flags, unsigned long long seq, unsigned long long ack,
        unsigned long long lag, unsigned long long length, unsigned long long options) noexcept
    cdef inline int is_later(self, long long at, long long opener, unsigned long long tsval) noexcept
    @cython.locals(size="long long", larger="unsigned long long[::1]")
    cdef int grow(self) except -1
    @cython.locals(at="long long", rows="unsigned long long", place="long long")
    cpdef close(self, Entry entry)
    @cython.locals(rows="long long", place="long long", base="long long")
    cpdef drop(self, Entry entry)
    @cython.locals(at="long long")
    cdef void give_back(self, Entry entry) noexcept
    cdef unsigned long long label(self, Entry entry) noexcept
    cdef void set_label(self, Entry entry, unsigned long long application) noexcept
    @cython.locals(rows="long long", base="long long")
    cpdef long long last_ns(self, Entry entry)
