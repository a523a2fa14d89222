# C types of tcptrace/find/closer.py.
cimport cython
from ..flow.rows cimport End, Entry, Event, Stream
from ..tcp.drafts cimport Drafts
from ..tcp.packed cimport Packer
from ..tcp.paths cimport Paths
from ..tcp.plain cimport Plain
from ..tcp.replay cimport Replay
from ..tcp.store cimport Store
from ..tcp.verdict cimport Verdict
from .analysis cimport Analysis
from .shapes cimport Shape, Shapes
from .written cimport Writer

cdef long long NO_TIME, NONE, S_GIVEN_UP, END_ROOM


@cython.final
cdef class Closer:
    cdef public Replay replay
    cdef public Shapes shapes
    cdef public Verdict verdict
    cdef public Analysis found
    cdef public list labels
    cdef public Writer writer
    cdef public object tail, measurer
    cdef public Stream stream
    cdef public Entry key
    cdef public End low, high

    @cython.locals(row=Stream)
    cpdef Stream finish(self, object kept, long long frame)
    @cython.locals(row=Stream)
    cpdef Stream finish_here(self, object kept, long long frame)
    @cython.locals(streams=list, kept=object, row=Stream)
    cpdef Stream wake(self, Entry lone)
    @cython.locals(replay=Replay, low=End, high=End)
    cpdef expire(self, Stream row, long long frame)
    @cython.locals(packer=Packer, stream=Stream, key=Entry, low=End, high=End)
    cpdef Stream unpack(self, bytes octets)
    @cython.locals(paths=Paths, event=Event, following=Event)
    cpdef void clear(self, End end) noexcept
    @cython.locals(replay=Replay, low=End, high=End, found=Analysis)
    cpdef release(self, Stream row)
    cpdef put(self, Stream row)
    @cython.locals(writer=Writer, tail=bytes)
    cpdef put_shaped(self, Stream row, Shape shape)
    @cython.locals(writer=Writer, found=Analysis, plain=Plain, drafts=Drafts, entry=Entry, key=bytes, shape=Shape)
    cpdef Stream put_kept(self, object kept, long long frame)
    @cython.locals(row=Stream)
    cpdef Stream put_replayed(self, object kept, long long frame)
    @cython.locals(writer=Writer, fired=object, row=Stream, shape=Shape)
    cpdef Stream learn(self, bytes key, Entry entry, long long frame)
    @cython.locals(writer=Writer)
    cpdef bytes take(self)
    @cython.locals(streams=list, writer=Writer, at="long long", kept=object, row=Stream, key=Entry)
    cpdef long long put_all(self, long long number, long long size, long long frame)
    @cython.locals(replay=Replay, store=Store, streams=list, done="long long[::1]", writer=Writer, kept=object)
    cpdef int put_ended(self, long long size, long long frame)
