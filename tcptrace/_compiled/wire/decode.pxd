# C types of tcptrace/wire/decode.py.
cimport cython
from tcptrace.model cimport words
from .network cimport Network
from .tunnels cimport Tunnels

cdef int COUNT_BAD_CHECKSUM, COUNT_FRAGMENT, COUNT_MALFORMED, COUNT_SEGMENTS, COUNT_TRUNCATED, KEY_WORDS, SACK_WORDS
cdef int FIN, RST, SYN, MARK_BAD_CHECKSUM, MARK_NO_IP_ID, MARK_OFFLOADED, MARK_TRUNCATED
cdef int OPT_FAST_OPEN, OPT_FAST_OPEN_COOKIE, OPT_MALFORMED, OPT_MSS, OPT_SACK, OPT_SACK_PERMITTED
cdef int OPT_SCALE, OPT_TIMESTAMPS
cdef int NEXT, WRAPPED, CHECK_NONE, CHECK_FLAGS, CHECK_ALL, EXTENSION_OCTETS, PAYLOAD_OCTETS
cdef unsigned long long MASK32, TOP32, NO_HOP_LIMIT

@cython.final
cdef class Decode:
    cdef const unsigned char* buf
    cdef long long[::1] counters
    cdef unsigned long long[::1] keys
    cdef Network network
    cdef Tunnels tunnels
    cdef long long mode
    cdef public long long stops
    cdef readonly long long stopped
    cdef unsigned long long hash_a, hash_b
    cdef long long key_at
    # the columns of model.columns.Segments
    cdef long long[::1] frame
    cdef long long[::1] time_ns
    cdef unsigned long long[::1] key
    cdef unsigned char[::1] side
    cdef unsigned short[::1] flags
    cdef unsigned int[::1] seq
    cdef unsigned int[::1] ack
    cdef unsigned short[::1] window
    cdef unsigned int[::1] length
    cdef long long[::1] payload
    cdef unsigned int[::1] payload_captured
    cdef unsigned short[::1] options
    cdef unsigned short[::1] mss
    cdef unsigned char[::1] scale
    cdef unsigned int[::1] tsval
    cdef unsigned int[::1] tsecr
    cdef unsigned char[::1] sack_count
    cdef unsigned int[::1] sack
    cdef unsigned long long[::1] fingerprint
    cdef unsigned char[::1] marks
    cdef unsigned int[::1] wrong

    @cython.locals(
        offset="long long[::1]", captured="long long[::1]", wire="long long[::1]", time_ns="long long[::1]",
        link="int[::1]", number="long long[::1]", network=Network, size="long long", before="long long",
        i="long long", at="long long", octets="long long", wire_octets="long long", reason="long long",
    )
    cpdef long long run(
        self, const unsigned char[::1] buffer, frames, long long count, long long first=*, long long made=*)
    cdef long long u16(self, long long at) noexcept
    cdef unsigned long long u32(self, long long at) noexcept
    @cython.locals(
        network=Network, buf="const unsigned char*", at="long long", header="long long", octets="long long",
        payload="long long", end="long long", length="long long", there="long long", flags="long long", mark="long long",
        uncovered="long long",
    )
    cdef long long tcp(self, long long n) noexcept
    @cython.locals(
        network=Network, side="long long", place="long long", first="long long", second="long long",
        ports="unsigned long long",
    )
    cdef void four_tuple(self, long long n, unsigned long long source, unsigned long long destination) noexcept
    @cython.locals(stop="long long", bits="long long", kind="long long", length="long long")
    cdef long long read_options(self, long long n, long long at, long long list_end, long long end) noexcept
    @cython.locals(place="long long", i="long long")
    cdef void sack_blocks(self, long long n, long long at, long long blocks) noexcept
    @cython.locals(
        network=Network, octets="long long", pseudo="unsigned long long", total="unsigned long long",
        stored="unsigned long long", right="unsigned long long",
    )
    cdef long long checksum(self, long long n, long long at, long long flags) noexcept
    cdef unsigned long long fold(self, unsigned long long total) noexcept
    @cython.locals(total="unsigned long long")
    cdef unsigned long long add_up(self, long long at, long long stop) noexcept
    @cython.locals(word="unsigned long long", i="long long")
    cdef unsigned long long last_word(self, long long at, long long stop) noexcept
    @cython.locals(network=Network, start="long long", limit="long long")
    cdef unsigned long long hash(self, long long at, long long header_end, long long uncovered) noexcept
    @cython.locals(
        buf="const unsigned char*", first="unsigned long long", second="unsigned long long", a="unsigned long long",
        b="unsigned long long",
    )
    cdef unsigned long long hash_plain(self, long long start, unsigned long long octets, long long has_timestamps) noexcept
    cdef unsigned long long product(
        self, long long key, unsigned long long first, unsigned long long second) noexcept
    cdef unsigned long long le32(self, long long at) noexcept
    cdef void begin(self, unsigned long long first, unsigned long long second) noexcept
    @cython.locals(key="long long")
    cdef void mix_pair(self, unsigned long long first, unsigned long long second) noexcept
    @cython.locals(
        key="long long", a="unsigned long long", b="unsigned long long", first="unsigned long long",
        second="unsigned long long",
    )
    cdef void mix(self, long long at, long long stop) noexcept
