"""Filters in tcpdump's words, over the frames of a batch.

The words are compiled once a link type: by the system's libpcap through ctypes, else by the cypcap package,
else by own means for the plain words. Whoever compiles, the program is run by ``wire.bpf``.

BSD's loopback types NULL and LOOP are filtered from the IP header on, as if they were RAW: their address
family has the byte order and the numbers of the machine that captured, and libpcap's compiler knows only
those of the machine it runs on.
"""

from array import array
from collections.abc import Callable
from typing import TYPE_CHECKING

from tcptrace import kernels
from tcptrace.model.columns import Frames
from tcptrace.model.errors import UsageError
from tcptrace.source.base import Buffer
from tcptrace.source.filter_libpcap import REJECTS_ALL, Compiler, CompilerError, find_compiler
from tcptrace.wire.bpf import RET, SCRATCH, UNMARKED
from tcptrace.wire.headers import FIRST_HEADER
from tcptrace.wire.links import LINK_TYPES

if TYPE_CHECKING:
    from tcptrace.wire import bpf
else:
    # Its constants are C's where it is compiled: those are taken from the source.
    bpf = kernels.load("wire.bpf")

Program = tuple[int, "array[int]"]  # octets to skip in front, instructions
Compile = Callable[[int], Program]  # LINKTYPE_ number -> program; raises CompilerError

_ROWS = {row.number: row for row in LINK_TYPES}
_RAW = 101
# Link types that libpcap's compiler does not know, or (NULL, LOOP) only those of its own machine: the octets in
# front, and the link type that the rest is filtered as.
_AS = {0: (4, _RAW), 108: (4, _RAW), 204: (1, 9), 205: (1, 104), 206: (1, 107), 242: (44, _RAW)}
_DLT = {14: 12, 101: 12, 100: 11}  # the LINKTYPE_ numbers whose DLT_ number differs: RAW and ATM_RFC1483
_TRIED = (1, _RAW, 276)  # an expression that suits none of these link types is wrong
_REJECT: Program = (0, array("I", (RET, 0, 0, 0)))


class Filter:
    """A compiled expression. ``means`` says who compiled it: ``libpcap``, ``cypcap`` or ``plain words``."""

    def __init__(self, words: str, means: str, compile_one: Compile) -> None:
        self.words = words
        self.means = means
        self._compile = compile_one
        self._programs: dict[int, Program] = {}
        self._scratch = array("I", bytes(4 * SCRATCH))

    def program(self, link: int) -> Program:
        """Return the program for a link type; raise ``UsageError`` where the expression does not suit it."""
        known = self._programs.get(link)
        if known is None:
            try:
                known = self._compile(link)
            except CompilerError as error:
                # What has no row in the table is not decoded either way. What can never hold selects nothing.
                if link in _ROWS and REJECTS_ALL not in str(error):
                    raise UsageError(
                        f"filter {ascii(self.words)[:80]}: {error}; see pcap-filter(7)"
                    ) from None
                known = _REJECT
            self._programs[link] = known
        return known

    def select(self, buffer: Buffer, frames: Frames, count: int) -> int:
        """Keep in ``frames`` only those that match, in order, and return how many; their numbers stay."""
        keep = array("B", (UNMARKED,)) * count
        first = 0 if count else -1
        while first >= 0:  # once a link type
            link = frames.link[first]
            skip, program = self.program(link)
            first = bpf.mark(
                buffer,
                frames.offset,
                frames.captured,
                frames.wire,
                frames.link,
                first,
                count,
                link,
                skip,
                program,
                self._scratch,
                keep,
            )
        kept: int = bpf.compact(*frames, count, keep)
        return kept


def compile_filter(words: str) -> Filter:
    """Return the filter that tcpdump's ``words`` ask for; ``UsageError`` where they cannot be understood.

    Libpcap looks up names in them as tcpdump does. No words select everything.
    """
    if "\0" in words:
        raise UsageError("filter: it has an octet 0 in it; take that out")
    compiler = find_compiler() if words.strip() else None
    if compiler is not None:
        return compile_with(compiler, words)
    return compile_plain(words)


def compile_with(compiler: Compiler, words: str) -> Filter:
    """Return the filter as libpcap's compiler makes it."""

    def compile_one(link: int) -> Program:
        skip, kind = _AS.get(link, (0, link))
        return skip, compiler.compile(words, _DLT.get(kind, kind))

    made = Filter(words, compiler.name, compile_one)
    said = ""
    for link in _TRIED:
        try:
            compile_one(link)
        except CompilerError as error:
            said = said or str(error)
        else:
            return made
    raise UsageError(f"filter {ascii(words)[:80]}: {said}; see pcap-filter(7)")


def compile_plain(words: str) -> Filter:
    """Return the filter by own means, which know the plain words only."""
    if not words.strip():
        return Filter(words, "plain words", lambda _: (0, array("I", (RET, 0, 0, 1))))
    from tcptrace.source.filter_program import make_program
    from tcptrace.source.filter_words import read_words

    node = read_words(words)

    def compile_one(link: int) -> Program:
        row = _ROWS.get(link)
        if row is None:
            return _REJECT
        if row.kind >= FIRST_HEADER:  # the place of the network layer differs from frame to frame
            raise CompilerError(f"frames of link type {row.name} are filtered by libpcap, which is not here")
        return 0, make_program(node, row)

    return Filter(words, "plain words", compile_one)
