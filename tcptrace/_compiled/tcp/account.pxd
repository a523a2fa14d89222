cimport cython
from ..flow.rows cimport Cold, End, Flight, Gap, Segment

cdef long long NONE, MAX_GAPS, FIRST_FLIGHT, MAX_FLIGHT, UNKNOWN_SCALE


@cython.final
cdef class Account:
    cpdef sent(self, End end, Segment x)
    cpdef out_of_turn(self, End end, long long left, long long right, long long time_ns)
    @cython.locals(first="long long", fresh="long long", cold=Cold)
    cpdef int numbers(self, End end, long long left, long long right, long long length, int syn, long long time_ns) except -1
    @cython.locals(cold=Cold)
    cpdef acknowledged(self, End end, long long ack)
    @cython.locals(cont="long long", gap=Gap, overlap="long long")
    cpdef fill(self, End end, Cold cold, long long right, int counted)
    @cython.locals(cold=Cold, before=Gap, gap=Gap, new=Gap, first=Gap, fresh="long long", stop="long long", overlap="long long")
    cpdef beyond(self, End end, long long left, long long right, long long limit)
    @cython.locals(window="long long")
    cpdef received(self, End end, Segment x)
    @cython.locals(flight=Flight, size="long long", at="long long")
    cpdef int outstanding(self, End end, long long right, long long time_ns) except -1
    @cython.locals(larger=Flight, at="long long", place="long long")
    cpdef Flight grown(self, Flight flight, long long size)
    @cython.locals(cold=Cold)
    cpdef bar(self, End end, long long left, long long right)
    @cython.locals(cold=Cold, flight=Flight, rtt="long long")
    cpdef int sample(self, End end, long long ack, long long time_ns) except -1
