cimport cython
from ..flow.rows cimport Cold, End, Entry, Numbers, Segment, Stream
from ..flow.table cimport FlowTable
from .account cimport Account
from .arrives cimport Arrivals
from .heads cimport Heads
from .incarnations cimport Incarnations
from .notes cimport Notebook
from .packed cimport Packer
from .paths cimport Paths
from .resets cimport Resets
from .testimony cimport Testimony
from .verdict cimport Verdict

cdef long long NO_TIME, F_ACKED, F_FIN, F_FIN_GUESSED, HALF, MASK32, NONE, S_ANSWERED, S_GIVEN_UP, S_OVER, S_SELF, S_WOKEN
cdef long long S_REUSED
cdef long long WRAP, KEY_WORDS, SACK_WORDS, ACK, FIN, MARK_BAD_CHECKSUM, MARK_OFFLOADED, MARK_TRUNCATED
cdef long long OPT_TIMESTAMPS, RST, SYN, BAD_CHECKSUM, DUPLICATE_FRAME, TIME_WENT_BACK, CONTROL
cdef long long HEAD_OCTETS, CANDIDATES


@cython.final
cdef class Replay:
    cdef public Paths paths
    cdef public Notebook notes
    cdef public Account account
    cdef public Testimony testimony
    cdef public Arrivals arrivals
    cdef public Incarnations incarnations
    cdef public Numbers numbers
    cdef public FlowTable flows
    cdef public list streams, evicted
    cdef public object finished  # array of numbers
    cdef public Packer packer
    cdef public Verdict verdict
    cdef public Segment x
    cdef public long long clock_ns, earliest_ns, latest_ns, last_ns, time_went_back, truncated, offloaded, max_connections, alive, finished_from, oldest
    cdef public object classify
    cdef public Heads heads

    @cython.locals(i="long long", now="long long")
    cpdef see(self, long long[::1] time_ns, long long count)
    @cython.locals(
        flows=FlowTable, account=Account, i="long long", now="long long", back=int, at="long long",
        k0="unsigned long long", k1="unsigned long long", k2="unsigned long long", k3="unsigned long long",
        k4="unsigned long long", hashed="unsigned int", entry=Entry, bits=int, here=int, size="long long",
        stream=Stream, sender=End, end=End, peer=End, number="long long", acked="long long", right="long long",
        previous=Stream, x=Segment, other_end=End, other_peer=End,
    )
    cpdef long long run(
        self, const unsigned char[::1] octets, long long count, long long[::1] frame, long long[::1] time_ns, unsigned long long[::1] key,
        unsigned char[::1] side, unsigned short[::1] flags, unsigned int[::1] seq, unsigned int[::1] ack,
        unsigned short[::1] window, unsigned int[::1] length, long long[::1] payload, unsigned int[::1] payload_captured,
        unsigned short[::1] options, unsigned char[::1] scale, unsigned int[::1] tsval, unsigned int[::1] tsecr,
        unsigned char[::1] sack_count, unsigned int[::1] sack, unsigned char[::1] marks, unsigned char[::1] duplicate,
        long long[::1] stream_of)
    @cython.locals(paths=Paths)
    cpdef arrive(self, Stream stream, End end, End peer, Segment x)
    @cython.locals(before="long long")
    cpdef arrive_at_old(self, Stream stream, Stream old, End end, End old_end, End old_peer, Segment x)
    @cython.locals(cold=Cold)
    cpdef int is_settled(self, End end) noexcept
    @cython.locals(numbers=Numbers, block=int, near="long long")
    cpdef place(self, End end, End peer, Segment x, long long seq, long long ack, unsigned int[::1] sack, long long at)
    cpdef open_stream(self, Entry entry)
    @cython.locals(stream=Stream)
    cpdef Stream make_stream(self, Entry entry, long long frame, long long time_ns, int side)
    @cython.locals(stream=Stream, end=End, peer=End, side=int, x=Segment)
    cpdef Stream wake(self, Entry entry)
    @cython.locals(new=Stream, older=Stream, sender=End, receiver=End, paths=Paths, x=Segment)
    cpdef Stream new_incarnation(self, Entry entry, Stream old, long long at, long long frame, long long time_ns, int side, long long seq, unsigned int tsval, int options)
    @cython.locals(old_end=End)
    cpdef answer(self, Stream stream, Stream previous, int side, Segment x)
    @cython.locals(size="long long", role=int, known="long long")
    cpdef look_at(self, const unsigned char[::1] octets, long long start, long long captured, Stream stream, int side)
    @cython.locals(entry=Entry, octets=bytes)
    cpdef retire(self, Stream stream)
    @cython.locals(stream=Stream)
    cpdef Stream unpack(self, Entry entry)
    @cython.locals(number="long long", chosen="long long", quietest="long long", last_ns="long long")
    cpdef give_up_one(self)
    cpdef long long silent_since(self, object row)
    cpdef give_up(self, long long number)
    @cython.locals(key=Entry, entry=Entry)
    cpdef forget(self, object row)
