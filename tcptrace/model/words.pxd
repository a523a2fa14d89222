# The inline functions that the twins of the hot files use for tcptrace/model/words.py.
from cpython.bytearray cimport PyByteArray_AS_STRING
from cpython.bytes cimport PyBytes_AS_STRING
from libc.string cimport memcpy

cdef extern from *:
    """
    #if defined(__GNUC__)
    #define TCPTRACE_PREFETCH(place) __builtin_prefetch(place)
    #else
    #define TCPTRACE_PREFETCH(place) ((void) (place))
    #endif
    """
    void TCPTRACE_PREFETCH(const void*) noexcept nogil

cdef extern from "Python.h":
    ctypedef struct PyListObject:
        void** ob_item


cdef inline const unsigned char* first(const unsigned char[::1] octets) noexcept:
    return &octets[0] if octets.shape[0] else NULL


cdef inline const unsigned char* part(const unsigned char* octets, long long at) noexcept nogil:
    return octets + at


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


cdef inline unsigned long long be64(const unsigned char* octets, long long at) noexcept nogil:
    return <unsigned long long> be32(octets, at) << 32 | be32(octets, at + 4)


cdef inline unsigned int le32(const unsigned char* octets, long long at) noexcept nogil:
    octets += at
    return octets[0] | <unsigned int> octets[1] << 8 | <unsigned int> octets[2] << 16 | <unsigned int> octets[3] << 24


cdef inline unsigned long long le64(const unsigned char* octets, long long at) noexcept nogil:
    octets += at
    return (
        octets[0] | <unsigned long long> octets[1] << 8 | <unsigned long long> octets[2] << 16
        | <unsigned long long> octets[3] << 24 | <unsigned long long> octets[4] << 32
        | <unsigned long long> octets[5] << 40 | <unsigned long long> octets[6] << 48
        | <unsigned long long> octets[7] << 56
    )


cdef inline unsigned int word32(unsigned long long number) noexcept nogil:
    return <unsigned int> number


# A number of 128 bits. What has no such type in C (32-bit machines) multiplies as one does on paper.
cdef extern from *:
    """
    typedef struct { unsigned long long low, high; } words_sum128;

    static inline words_sum128 words_sum128_of(unsigned long long low, unsigned long long high) {
        words_sum128 number = {low, high};
        return number;
    }

    static inline words_sum128 words_add_product(
        words_sum128 total, unsigned long long first, unsigned long long second
    ) {
    #ifdef __SIZEOF_INT128__
        unsigned __int128 number = (unsigned __int128) first * second;
        number += (unsigned __int128) total.high << 64 | total.low;
        total.low = (unsigned long long) number;
        total.high = (unsigned long long) (number >> 64);
    #else
        unsigned long long mask = 0xFFFFFFFF;
        unsigned long long low = (first & mask) * (second & mask), cross = (first >> 32) * (second & mask);
        unsigned long long other = (first & mask) * (second >> 32) + (low >> 32) + (cross & mask);
        low = (low & mask) | other << 32;
        total.low += low;
        total.high += (first >> 32) * (second >> 32) + (cross >> 32) + (other >> 32) + (total.low < low);
    #endif
        return total;
    }
    """
    ctypedef struct Sum128 "words_sum128":
        unsigned long long low
        unsigned long long high

    Sum128 sum128 "words_sum128_of"(unsigned long long low, unsigned long long high) noexcept nogil
    Sum128 add_product "words_add_product"(
        Sum128 total, unsigned long long first, unsigned long long second) noexcept nogil


cdef inline unsigned long long low64(Sum128 number) noexcept nogil:
    return number.low


cdef inline unsigned long long high64(Sum128 number) noexcept nogil:
    return number.high


cdef inline bytes octets64(const unsigned long long[::1] column, long long start, long long count):
    return (<const char*> &column[start])[:8 * count]


cdef inline void copy64(
    unsigned long long[::1] into, long long at, const unsigned long long[::1] column, long long start, long long count
) noexcept:
    memcpy(&into[at], &column[start], 8 * count)


cdef inline const unsigned long long* words64(const unsigned long long[::1] column) noexcept:
    return &column[0] if column.shape[0] else NULL


cdef inline void prefetch_place(list rows, long long at) noexcept:
    TCPTRACE_PREFETCH((<PyListObject*> rows).ob_item + at)


cdef inline void prefetch_row(list rows, long long at) noexcept:
    cdef const char* row = <const char*> (<PyListObject*> rows).ob_item[at]
    TCPTRACE_PREFETCH(row)
    TCPTRACE_PREFETCH(row + 64)
    TCPTRACE_PREFETCH(row + 112)


cdef inline void prefetch64(const unsigned long long[::1] column, long long at) noexcept:
    TCPTRACE_PREFETCH(&column[at])


# Rows of one class from rooms of their own: `tp_alloc` and `tp_free` are how CPython lets a type do that.
cdef extern from *:
    """
    #if defined(__linux__) && !defined(Py_GIL_DISABLED) && !defined(Py_TRACE_REFS)
    #include <sys/mman.h>

    static struct {
        char *at, *end; /* of the room in hand, what is left */
        void *free;     /* the row that was given back last, which begins with the place of the one before */
    } words_pool;

    static int words_pool_grow(size_t size) {
        static const size_t first = 1 << 16, next = 1 << 24; /* most captures need no more than the first */
        size_t room = words_pool.end ? next : first;
        char *at = mmap(NULL, room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (at == MAP_FAILED) return 0;
    #ifdef MADV_HUGEPAGE
        if (room == next) (void) madvise(at, room, MADV_HUGEPAGE); /* it is as well without */
    #endif
        words_pool.at = at;
        words_pool.end = at + room / size * size;
        return 1;
    }

    static PyObject *words_pool_alloc(PyTypeObject *type, Py_ssize_t items) {
        size_t size = ((size_t) type->tp_basicsize + 15) & ~(size_t) 15;
        void *row = words_pool.free;
        (void) items;
        if (row) {
            words_pool.free = *(void **) row;
            memset(row, 0, size);
        } else {
            if (words_pool.at == words_pool.end && !words_pool_grow(size)) return PyErr_NoMemory();
            row = words_pool.at;
            words_pool.at += size;
        }
        return PyObject_Init((PyObject *) row, type);
    }

    static void words_pool_free(void *row) {
        *(void **) row = words_pool.free;
        words_pool.free = row;
    }

    static CYTHON_INLINE void words_pooled(PyObject *type) {
        ((PyTypeObject *) type)->tp_alloc = words_pool_alloc;
        ((PyTypeObject *) type)->tp_free = words_pool_free;
    }
    #else
    #define words_pooled(type) ((void) (type))
    #endif
    """
    void words_pooled(object type)


cdef inline void pooled(type rows) noexcept:
    words_pooled(rows)
