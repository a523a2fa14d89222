cimport cython
from tcptrace.model cimport words
from ..flow.rows cimport Cold, End, Entry, Numbers, Segment, Stream
from ..flow.table cimport FlowTable
from .account cimport Account
from .arrives cimport Arrives
from .drafts cimport Drafts
from .heads cimport Heads
from .incarnations cimport Incarnations
from .kept cimport Kept
from .notes cimport Notebook
from .paths cimport Paths
from .receiver cimport Receiver
from .resets cimport Resets
from .sender cimport Sender
from .steps cimport Steps
from .store cimport Store
from .testimony cimport Testimony
from .unseen cimport Unseen
from .verdict cimport Verdict

cdef long long NO_TIME, F_FIN, HALF, MASK32, NONE, S_OVER, S_REUSED, S_SELF, S_WOKEN
cdef long long WRAP, SACK_WORDS, ACK, FIN, MARK_BAD_CHECKSUM, MARK_OFFLOADED, MARK_TRUNCATED
cdef long long OPT_TIMESTAMPS, RST, SYN, BAD_CHECKSUM, DUPLICATE_FRAME, TIME_WENT_BACK, CONTROL
cdef long long AHEAD, COUNT_SHIFT, FLAG_BITS, KEPT, KEPT_WORDS, OPENER, OVER, ROW_WORDS


@cython.final
cdef class Replay:
    cdef public Paths paths
    cdef public Notebook notes
    cdef public Account account
    cdef public Testimony testimony
    cdef public Arrives arrives
    cdef public Unseen unseen
    cdef public Drafts drafts
    cdef public int is_drafting, is_labelling
    cdef public Incarnations incarnations
    cdef public Numbers numbers
    cdef public Store store
    cdef public Segment x
    cdef public long long clock_ns, earliest_ns, latest_ns, last_ns, last_frame, time_went_back, truncated, offloaded
    cdef public Heads heads

    @cython.locals(i="long long", now="long long")
    cpdef see(self, long long[::1] time_ns, long long count)
    @cython.locals(
        store=Store, flows=FlowTable, kept=int, i="long long", now="long long", back="long long", clock_ns="long long", last_ns="long long", first="const unsigned char*",
        keys="const unsigned long long*", entry=Entry, bits=int, mark=int, here=int, known=int, size="long long",
        stream=Stream, sender=End, end=End, peer=End, x=Segment,
    )
    cpdef long long run(
        self, const unsigned char[::1] octets, long long count, long long[::1] frame, long long[::1] time_ns, unsigned long long[::1] key,
        unsigned char[::1] side, unsigned short[::1] flags, unsigned int[::1] seq, unsigned int[::1] ack,
        unsigned short[::1] window, unsigned int[::1] length, long long[::1] payload, unsigned int[::1] payload_captured,
        unsigned short[::1] options, unsigned char[::1] scale, unsigned int[::1] tsval, unsigned int[::1] tsecr,
        unsigned char[::1] sack_count, unsigned int[::1] sack, unsigned char[::1] marks, unsigned int[::1] wrong,
        unsigned char[::1] duplicate, long long[::1] earlier, long long[::1] stream_of)
    cdef void count(self, Stream stream, End end, long long frame, long long now, int bits, long long seq, long long size) noexcept
    cdef void count_marks(self, int marks) noexcept
    @cython.locals(x=Segment, previous=Stream, other_end=End, other_peer=End)
    cdef int is_for_old(
        self, Stream stream, End end, int here, long long seq, long long ack, int bits, unsigned int[::1] sack,
        long long at) except -1
    @cython.locals(number="long long", acked="long long", right="long long")
    cdef int goes_on(
        self, Stream stream, End end, End peer, int here, long long frame, long long now, long long seq, long long ack, long long window, long long size,
        int options, unsigned int tsval, unsigned int tsecr) except -1
    @cython.locals(x=Segment)
    cdef void fill(
        self, long long frame, long long now, int here, int bits, long long size, long long window, int options, int scale,
        unsigned int tsval, unsigned int tsecr, int sack_count) noexcept
    @cython.locals(stream=Stream, is_over=int)
    cpdef Stream wake(self, Entry entry)
    @cython.locals(
        kept=Kept, base="long long", page="const unsigned long long*", row="long long", label="unsigned long long", opener_next="long long", other_next="long long",
        x=Segment, at="long long", first="unsigned long long", second="unsigned long long", third="unsigned long long",
        frame="long long", now="long long", bits=int, size="long long", options="long long", here=int, seq="long long",
        ack="long long", end=End, peer=End, scale=int,
    )
    cdef int arrive_again(self, Entry entry, Stream stream) except -1
    @cython.locals(stream=Stream, end=End, peer=End, side=int, x=Segment)
    cdef Stream wake_syn(self, Entry entry)
    @cython.locals(new=Stream, older=Stream, sender=End, receiver=End, paths=Paths, x=Segment)
    cpdef Stream new_incarnation(self, Entry entry, Stream old, long long at, long long frame, long long time_ns, int side, long long seq, unsigned int tsval, int options)
    @cython.locals(client=int)
    cdef int look_at_stream(
        self, const unsigned char* octets, long long start, long long captured, Stream stream, Entry entry, int side) except -1
    @cython.locals(application="unsigned int")
    cdef int look_at_draft(
        self, const unsigned char* octets, long long start, long long captured, Entry entry, int side) except -1
    @cython.locals(rows=list, paths=Paths, at="long long", row=object, entry=Entry, stream=Stream)
    cpdef tally(self, Verdict verdict, long long frame)
