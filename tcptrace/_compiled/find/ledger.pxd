# C types of tcptrace/find/ledger.py.
cimport cython

cdef long long NONE, TALLY_WORDS, NOTE_WORDS, FIRST_ROOM


@cython.final
cdef class Ledger:
    cdef public long long limit, used_tallies, used_notes, free_tally, free_note
    cdef public long long[::1] tallies, notes

    @cython.locals(key="long long", tally="long long", at="long long")
    cpdef long long note(
        self, long long first, long long code, long long side, long long frame, long long a, long long b, long long c,
        long long d, long long e, long long f)
    @cython.locals(at="long long")
    cpdef long long take_tally(self)
    @cython.locals(at="long long")
    cpdef long long take_note(self)
    @cython.locals(size="long long", larger="long long[::1]")
    cpdef long long[::1] grown(self, long long[::1] words)
    @cython.locals(tally="long long", key="long long", at="long long", word="long long")
    cpdef list read(self, long long first)
    @cython.locals(tally="long long")
    cpdef long long total(self, long long first, long long code, long long side) noexcept
    @cython.locals(tally="long long", at="long long", older="long long", following="long long")
    cpdef forget(self, long long first)
