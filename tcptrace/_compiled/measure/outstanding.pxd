# C types of tcptrace/measure/outstanding.py.
cimport cython
from .meters cimport Meter, Rare, Ring

cdef long long HALF, MASK32, NO_TIME, NONE, FIRST_ROOM, WORDS, MOST_OUTSTANDING, LENGTH


@cython.final
cdef class Outstanding:
    cdef public list rings, free

    @cython.locals(ring=Ring, size="long long", larger="long long[::1]", number="long long", at="long long")
    cpdef add(self, Meter own, long long end, long long length, long long now)
    @cython.locals(first="long long", last="long long")
    cpdef repeated(self, Meter own, long long seq, long long end, long long now)
    cpdef bar(self, Meter own, long long left, long long right)
    @cython.locals(ring=Ring, mask="long long", low="long long", high="long long", middle="long long", ends="long long")
    cpdef long long place(self, Meter own, long long number)
    @cython.locals(ring=Ring, at="long long", again="long long", before="long long", since="long long", rare=Rare)
    cpdef int resent(self, Meter own, long long place, long long end, long long now, int is_first)
    @cython.locals(newest="long long", ring=Ring, at="long long")
    cpdef acknowledged(self, Meter way, long long ack, long long now)
    @cython.locals(inside="long long", rtt="long long", rare=Rare)
    cpdef ended(self, Meter way, long long ack, long long newest, long long now)
    @cython.locals(ring=Ring)
    cpdef give_back(self, Meter way)
    @cython.locals(off="long long")
    cpdef sample(self, Meter way, long long rtt)
    cpdef full(self, Meter way, long long rtt)
