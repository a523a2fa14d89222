cimport cython
from ..flow.rows cimport Entry, Stream
from ..flow.table cimport FlowTable
from .drafts cimport Drafts
from .packed cimport Packer
from .paths cimport Paths
from .verdict cimport Verdict

cdef long long KEY_WORDS, S_GIVEN_UP, S_SELF, S_WOKEN, CANDIDATES, FIRST_FINISHED


@cython.final
cdef class Store:
    cdef public Drafts drafts
    cdef public FlowTable flows
    cdef public Packer packer
    cdef public Verdict verdict
    cdef public list streams, evicted
    cdef public long long[::1] finished
    cdef public long long max_connections, alive, finished_count, finished_from, oldest

    @cython.locals(entry=Entry, hashed="unsigned long long")
    cdef Entry open_entry(self, const unsigned long long* key, long long at)
    cpdef open_stream(self, Entry entry, long long clock_ns)
    @cython.locals(stream=Stream)
    cpdef Stream make_stream(self, Entry entry, long long frame, long long time_ns, int side)
    cdef int finish(self, long long number) except -1
    @cython.locals(left="long long", at="long long")
    cdef int make_room(self) except -1
    @cython.locals(entry=Entry, octets=bytes)
    cpdef retire(self, Stream stream)
    @cython.locals(stream=Stream)
    cpdef Stream unpack(self, Entry entry)
    @cython.locals(number="long long", chosen="long long", quietest="long long", last_ns="long long")
    cpdef give_up_one(self, long long clock_ns)
    cpdef long long silent_since(self, object row)
    cpdef give_up(self, long long number)
    @cython.locals(key=Entry, entry=Entry)
    cpdef forget(self, object row)
