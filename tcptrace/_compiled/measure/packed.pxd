# C types of tcptrace/measure/packed.py.
cimport cython
from ..flow.varints cimport Varints
from .meters cimport Meter

cdef long long NO_TIME, NONE, ROOM, MANTISSA
cdef long long G_DATA, G_SAMPLES, G_FULL, G_ECHOES, G_REPLIES, G_FAULTS, G_SENT, G_WAITS


@cython.final
cdef class Packer(Varints):
    cpdef bytes pack(self, Meter low, Meter high)
    cpdef unpack(self, bytes octets, Meter low, Meter high)
    cpdef int fits(self, Meter meter) noexcept
    cpdef long long near(self, long long value, long long base) noexcept
    @cython.locals(part="long long", exponent="long long")
    cpdef double squares(self, double value, long long total, long long count)
    @cython.locals(has="long long", code="long long")
    cpdef move_meter(self, Meter m, long long near_ns)
    cpdef void move_data(self, Meter m) noexcept
    cpdef move_samples(self, Meter m, long long has)
    @cython.locals(has="long long")
    cpdef long long groups(self, Meter m) noexcept
