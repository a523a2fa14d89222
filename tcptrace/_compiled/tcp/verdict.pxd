cimport cython
from ..flow.rows cimport Cold, End, Entry, Stream
from .paths cimport Paths

cdef long long S_GIVEN_UP, OUTCOMES
cdef long long F_FIN, F_SYN, F_SYN_ACK, NONE, S_BOTH_SYN, S_SELF, CLOSE_WAIT, CLOSED, ESTABLISHED
cdef long long LAST_ACK, SYN_RECEIVED, SYN_SENT, ABORTED, BOTH, CLOSING, CONNECTING, HALF_CLOSED, OPEN
cdef long long OUT_CLOSED, REFUSED, RESET, UNANSWERED, UNKNOWN_OUTCOME, BEYOND


@cython.final
cdef class Verdict:
    cdef public Paths paths
    cdef public int client, opened_by, outcome, closed_first, reset_by, crossed
    cdef public long long reset_frame, one_direction, given_up
    cdef public long long[::1] counts

    @cython.locals(key=Entry, entry=Entry, octets=bytes, stream=Stream, low=End, high=End)
    cpdef add(self, object row, long long clock_ns, long long frame)
    cpdef count(self, Stream stream)
    @cython.locals(key=Entry, low_port="long long", high_port="long long")
    cpdef int find_client(self, Stream stream) noexcept
    @cython.locals(alone=int, low=End, high=End, paths=Paths, passed_low="long long", passed_high="long long", final_low="long long", final_high="long long", rst_by_low="long long", rst_by_high="long long")
    cpdef int judge(self, Stream stream)
    cpdef find_reset(self, long long by_low, long long by_high)
    @cython.locals(cold=Cold)
    cpdef long long fin_frame(self, End end)
    @cython.locals(by_low="long long", by_high="long long", earliest="long long", first=Cold, second=Cold)
    cpdef find_first(self, End low, End high, int alone)
    @cython.locals(fins=int, established="long long", last="long long")
    cpdef int find_outcome(self, Stream stream, End low, End high, long long passed_low, long long passed_high, long long server_final)
    @cython.locals(opener="long long", other=End)
    cpdef int is_refused(self, Stream stream, End low, End high, long long passed_low, long long passed_high)
    cpdef int is_abortive(self, End end, int side)
