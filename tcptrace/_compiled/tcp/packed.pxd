cimport cython
from ..flow.rows cimport Cold, End, Entry, Event, Flight, Stream
from ..flow.varints cimport Varints
from .paths cimport Paths

cdef long long MASK32, NO_TIME, NONE, S_REUSED, S_SELF, ROOM, MOST_STEPS, MOST_EVENTS, ONE_WAY, HEAD
cdef long long U_TIMESTAMPS, U_TIME_WAIT, U_SAMPLES, U_EVENTS, U_FIRST, U_UNIQUE, U_CONT, U_ACK_LAST, U_RARE, U_COLD


@cython.final
cdef class Packer(Varints):
    cdef public Paths paths
    cdef public dict notes

    @cython.locals(low=End, high=End, key=Entry)
    cpdef bytes pack(self, Stream stream, int outcome)
    @cython.locals(stream=Stream)
    cpdef Stream unpack(self, bytes octets)
    cpdef unpack_into(self, bytes octets, Stream stream, Entry key, End low, End high)
    cpdef long long last_ns(self, bytes octets)
    @cython.locals(flight=Flight, cold=Cold, event=Event, count=int)
    cpdef int fits(self, End end) noexcept
    @cython.locals(far="long long")
    cpdef long long near(self, long long value, long long base, long long absent) noexcept
    @cython.locals(code="long long")
    cpdef move_stream(self, Stream stream, Entry key, End low, End high)
    cpdef void move_key(self, Entry key) noexcept
    @cython.locals(code="long long", states="long long")
    cpdef move_end(self, End end, long long peer_iss, long long first_ns, long long first_frame)
    @cython.locals(code=int)
    cpdef int unusual(self, End end) noexcept
    cpdef void move_cold(self, Cold cold, long long first_ns, long long first_frame) noexcept
    cpdef put_events(self, Event event, long long first_ns, long long first_frame)
    @cython.locals(first=Event, last=Event, event=Event)
    cpdef Event get_events(self, long long first_ns, long long first_frame)
    @cython.locals(code="long long")
    cpdef void move_event(self, Event event, long long first_ns, long long first_frame) noexcept
    @cython.locals(paths=Paths, at="long long", base="long long", second="long long", fourth="long long", frame="long long", place="long long", proof="long long")
    cpdef put_steps(self, End end, long long first_ns, long long first_frame)
    @cython.locals(paths=Paths, code="long long", at="long long", time_ns="long long", frame="long long", place="long long", proof="long long", following="long long", before="long long")
    cpdef get_steps(self, End end, long long first_ns, long long first_frame)
