"""tcpdump's filter language by its own compiler: the system's libpcap through ctypes, or the cypcap package.

Only the compiler is used; the programs it makes are run by ``wire.bpf``. Nothing is opened and no right is
needed.
"""

import ctypes
import ctypes.util
from array import array
from collections.abc import Callable, Iterable
from importlib import import_module
from typing import Any, NamedTuple

SNAP_LENGTH = 262144  # tcpdump's; programs return it for the frames they keep
NETMASK_UNKNOWN = 0xFFFFFFFF  # PCAP_NETMASK_UNKNOWN
REJECTS_ALL = "expression rejects all packets"
_NAMES = ("libpcap.so.1", "libpcap.so.0.8", "libpcap.dylib", "libpcap.A.dylib")


class CompilerError(Exception):
    """What the compiler says of an expression, in one line."""


class Compiler(NamedTuple):
    """A way to have an expression compiled."""

    name: str
    compile: Callable[[str, int], "array[int]"]  # expression, DLT_ number -> four words an instruction


class _Instruction(ctypes.Structure):
    _fields_ = (
        ("code", ctypes.c_ushort),
        ("jt", ctypes.c_ubyte),
        ("jf", ctypes.c_ubyte),
        ("k", ctypes.c_uint32),
    )


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_uint), ("instructions", ctypes.POINTER(_Instruction)))


def find_compiler() -> Compiler | None:
    """Return libpcap's compiler, or None where neither the library nor cypcap is there."""
    library = _library()
    if library is not None:
        return Compiler("libpcap", lambda words, dlt: _compile(library, words, dlt))
    try:
        cypcap = import_module("cypcap")
    except ImportError:
        return None
    return Compiler("cypcap", lambda words, dlt: _compile_with_cypcap(cypcap, words, dlt))


def _library() -> ctypes.CDLL | None:
    """Return libpcap with its functions declared."""
    for known in (*_NAMES, None):
        name = known or ctypes.util.find_library("pcap")  # the search starts processes: last
        if name is None:
            continue
        try:
            library = ctypes.CDLL(name)
            library.pcap_open_dead.restype = ctypes.c_void_p
            library.pcap_open_dead.argtypes = (ctypes.c_int, ctypes.c_int)
            library.pcap_compile.restype = ctypes.c_int
            library.pcap_compile.argtypes = (
                ctypes.c_void_p, ctypes.POINTER(_Program), ctypes.c_char_p, ctypes.c_int, ctypes.c_uint32,
            )  # fmt: skip
            library.pcap_geterr.restype = ctypes.c_char_p
            library.pcap_geterr.argtypes = (ctypes.c_void_p,)
            library.pcap_freecode.restype = None
            library.pcap_freecode.argtypes = (ctypes.POINTER(_Program),)
            library.pcap_close.restype = None
            library.pcap_close.argtypes = (ctypes.c_void_p,)
        except (OSError, AttributeError):
            continue
        return library
    return None


def _compile(library: ctypes.CDLL, words: str, dlt: int) -> "array[int]":
    handle = library.pcap_open_dead(dlt, SNAP_LENGTH)
    if not handle:
        raise CompilerError("libpcap gave no handle")
    try:
        program = _Program()
        text = words.encode("utf-8", "surrogateescape")
        if library.pcap_compile(handle, ctypes.byref(program), text, 1, NETMASK_UNKNOWN) != 0:
            raise CompilerError(one_line((library.pcap_geterr(handle) or b"").decode("utf-8", "replace")))
        try:
            rows = [program.instructions[index] for index in range(program.length)]
            return flat((row.code, row.jt, row.jf, row.k) for row in rows)
        finally:
            library.pcap_freecode(ctypes.byref(program))
    finally:
        library.pcap_close(handle)


def _compile_with_cypcap(cypcap: Any, words: str, dlt: int) -> "array[int]":
    try:
        return flat(cypcap.compile(dlt, SNAP_LENGTH, words, True, NETMASK_UNKNOWN))
    except (cypcap.Error, ValueError) as error:
        said = error.args[-1] if error.args else error
        raise CompilerError(one_line(str(said))) from None


def flat(instructions: Iterable[tuple[int, int, int, int]]) -> "array[int]":
    """Return a program as ``wire.bpf`` takes it."""
    program = array("I")
    for instruction in instructions:
        program.extend(instruction)
    return program


def one_line(text: str) -> str:
    """Return a message fit for a terminal: one line, nothing that is not printable."""
    return "".join(letter if letter.isprintable() else " " for letter in text).strip()
