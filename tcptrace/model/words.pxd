# The inline functions that the twins of the hot files use for tcptrace/model/words.py.
from cpython.bytearray cimport PyByteArray_AS_STRING
from cpython.bytes cimport PyBytes_AS_STRING
from libc.string cimport memcpy


cdef inline const unsigned char* first(const unsigned char[::1] octets) noexcept:
    return &octets[0] if octets.shape[0] else NULL


cdef inline unsigned char* writable(bytearray room) noexcept:
    return <unsigned char*> PyByteArray_AS_STRING(room)


cdef inline void copy(unsigned char* into, long long at, bytes piece, long long size) noexcept:
    memcpy(into + at, PyBytes_AS_STRING(piece), size)


cdef inline unsigned int be16(const unsigned char* octets, long long at) noexcept nogil:
    octets += at
    return <unsigned int> octets[0] << 8 | octets[1]


cdef inline unsigned int be32(const unsigned char* octets, long long at) noexcept nogil:
    octets += at
    return <unsigned int> octets[0] << 24 | <unsigned int> octets[1] << 16 | <unsigned int> octets[2] << 8 | octets[3]


cdef inline unsigned int le32(const unsigned char* octets, long long at) noexcept nogil:
    octets += at
    return octets[0] | <unsigned int> octets[1] << 8 | <unsigned int> octets[2] << 16 | <unsigned int> octets[3] << 24


cdef inline unsigned long long native64(const unsigned char* octets, long long at) noexcept nogil:
    return (<const unsigned long long*> octets)[at]


cdef inline bytes octets64(const unsigned long long[::1] column, long long start, long long count):
    return (<const char*> &column[start])[:8 * count]
