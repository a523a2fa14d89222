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
cdef unsigned long long NO_HOP_LIMIT, VERSION_TO_OFFSET, IDENTIFICATION, FAMILY_IPV4, NOP_NOP_TIMESTAMPS
cdef unsigned long long ALL_BUT_MSS, MSS_SACK_TIMESTAMPS, NOP_SCALE

@cython.final
cdef class Decode:
    cdef const unsigned char* buf
    cdef long long[::1] counters
    cdef unsigned long long[::1] keys
    cdef unsigned long long odd
    cdef Network network
    cdef Tunnels tunnels
    cdef long long checked
    cdef public long long stops, straight
    cdef readonly long long stopped
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
        i="long long", at="long long", octets="long long", wire_octets="long long", room="long long", reason="long long",
        straight="long long",
    )
    cpdef long long run(
        self, const unsigned char[::1] buffer, frames, long long count, long long first=*, long long made=*)
    @cython.locals(
        buf="const unsigned char*", start="long long", ip="const unsigned char*", head="unsigned long long",
        octets="long long", bits="long long", header="long long", stop="long long", payload="long long",
        mark="long long", there="long long", source="unsigned long long", destination="unsigned long long",
        ports="unsigned long long", side="int", lower="unsigned long long", place="long long",
        total="unsigned long long", pseudo="unsigned long long", uncovered="long long", first="unsigned long long",
        hashed=words.Sum128,
    )
    cdef int straight_road(
        self, Network network, long long n, long long at, long long end, long long wire_end) noexcept
    @cython.locals(
        buf="const unsigned char*", at="long long", end="long long", stop="long long", octets="long long",
        bits="long long", header="long long", payload="long long", header_end="long long", length="long long",
        there="long long", mark="long long", uncovered="long long", pseudo="unsigned long long",
        first="unsigned long long",
    )
    cdef long long tcp(self, Network network, long long n) noexcept
    @cython.locals(
        side="long long", place="long long", first="long long", second="long long", ports="unsigned long long",
    )
    cdef void four_tuple(
        self, Network network, long long n, unsigned long long source, unsigned long long destination) noexcept
    @cython.locals(buf="const unsigned char*", bits="long long", kind="long long", length="long long")
    cdef long long read_options(self, long long n, long long at, long long list_end, long long stop) noexcept
    @cython.locals(buf="const unsigned char*", place="long long", i="long long")
    cdef void sack_blocks(self, long long n, long long at, long long blocks) noexcept
    @cython.locals(total="unsigned long long", stored="unsigned long long", right="unsigned long long")
    cdef long long checksum(self, long long n, long long at, long long stop, unsigned long long pseudo) noexcept
    cdef unsigned long long fold(self, unsigned long long total) noexcept
    @cython.locals(
        buf="const unsigned char*", total="unsigned long long", pair="unsigned long long", shift="long long",
        octet="unsigned long long",
    )
    cdef unsigned long long add_up(self, long long at, long long stop) noexcept
    @cython.locals(
        buf="const unsigned char*", start="long long", total=words.Sum128, rest="long long", limit="long long",
    )
    cdef unsigned long long hash(
        self, Network network, long long at, long long header_end, unsigned long long first) noexcept
    cdef words.Sum128 pair(
        self, words.Sum128 total, long long key, unsigned long long first, unsigned long long second) noexcept
    @cython.locals(buf="const unsigned char*", key="long long")
    cdef words.Sum128 mix(self, words.Sum128 total, long long at, long long stop) noexcept
    @cython.locals(word="unsigned long long", shift="long long", octet="unsigned long long")
    cdef unsigned long long last_word(self, long long at, long long stop) noexcept
    @cython.locals(low="unsigned long long")
    cdef unsigned long long squeeze(self, words.Sum128 total) noexcept
