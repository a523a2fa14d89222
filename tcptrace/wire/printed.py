"""tcpdump's printed text back to frames, without I/O: text is fed, raw IP packets are taken.

Each line that tcpdump prints for a packet becomes one frame, so that frame numbers are those of the capture
that was printed. A TCP line becomes the segment that it describes (see ``printed_packet`` and
``printed_numbers`` for what the text does not say); what is not TCP becomes a frame that the decoder counts
as such; what cannot be read becomes one that it counts as malformed. Where the packet's octets are printed
below its line (``-x``, ``-X``) they are the frame (``printed_dump``). Other text there (``-v``'s application
text, ``-A``) is no frame, and neither is what tcpdump says of itself.
``-q`` prints no sequence numbers: all its TCP lines are malformed.
"""

import re

from tcptrace.wire import printed_options
from tcptrace.wire.printed_dump import LINKTYPE_RAW, Dump, Ends
from tcptrace.wire.printed_line import MALFORMED_LINE, Line, read_addresses, read_line
from tcptrace.wire.printed_numbers import Numbers
from tcptrace.wire.printed_packet import (
    FRAGMENT_6,
    MALFORMED,
    NOT_IP,
    TCP,
    UDP,
    IpFields,
    Packet,
    TcpFields,
    ip_packet,
    tcp_packet,
)
from tcptrace.wire.printed_time import TIME, Clock

MOST_LINE = 65536  # octets of a line that are kept; the fields of a header come long before
# Time in nanoseconds, captured octets, octets on the wire, link type (LINKTYPE_ number).
Frame = tuple[int, bytes, int, int]

_NOTICE = re.compile(
    r"tcpdump: |listening on |reading from file |\d+ packets? (?:captured|received|dropped)"
    r"|dropped privs|Got \d|\^C",
    re.ASCII,
)
# -A prints the packet from its IP header on: version and header length come out as E..O, or as ` for IPv6.
_ASCII_DUMP = re.compile(r"[E-O`].{3}", re.ASCII)
_FIRST_LINE = re.compile(
    rb"(?:(?:\d{4}-\d\d-\d\d )?[ -]?\d\d:\d\d:\d\d(?:\.\d{1,9})? +|\d{1,11}\.\d{1,9} +)?"
    rb"(?:\S{1,32} +(?:In|Out|B|M|P) +|(?:In|Out|B|M|P) +)?"
    rb"(?:IP6? [^\n]{0,300} > |IP6? \((?:tos|class|flowlabel|hlim) |ip: |ARP, |AF IPv"
    rb"|ifindex \d|ethertype \S{1,20} \(0x|[0-9a-f]{2}(?::[0-9a-f]{2}){5} )"
)


def is_printed(head: bytes) -> bool:
    """Say whether an input that begins with ``head`` is tcpdump's text: an early line is a packet's."""
    return any(_FIRST_LINE.match(line) for line in head[:8192].split(b"\n")[:16])


class PrintedReader:
    """Frames of a listing that is fed piece by piece; each comes once the next line has shown that it is whole."""

    format = "tcpdump text"

    def __init__(self) -> None:
        self.malformed = 0  # lines that could not be read; each is a frame too
        self._tail = bytearray()  # the line whose end has not come yet
        self._clock = Clock()
        self._numbers = Numbers()
        self._frames: list[Frame] = []
        self._printed = (
            bytearray()
        )  # of each frame not taken yet, those held included: 1 where it is printed octets
        self.printed = b""  # of those that were taken last
        self._pending: tuple[Line, int | None, str] | None = None  # its octets may still come
        self._dump = Dump()
        self._held: list[
            tuple[int | None, tuple[bytes, int, int]]
        ] = []  # frames whose times wait for the clock's decision
        self._header: tuple[Line, int | None, str] | None = None  # -v's first line of two, its time and text
        self._count = 0
        self._is_timed: bool | None = None  # the listing's packets have times; None: none was seen yet
        self._is_verbose = False
        self._is_ascii = False  # -A: anything may stand between two packets' lines
        self._after_frame = False

    @property
    def date_known(self) -> bool:
        """False where times count from 1970-01-01 because the text has no date."""
        return self._clock.date_known

    def feed(self, data: bytes) -> None:
        """Take the next octets of the text; they may end anywhere."""
        start = len(self._tail)
        self._tail += data
        end = self._tail.rfind(b"\n", start)
        if end >= 0:
            lines = bytes(memoryview(self._tail)[:end])
            del self._tail[: end + 1]
            for line in lines.split(b"\n"):
                self._line(line)
        del self._tail[MOST_LINE:]

    def finish(self) -> None:
        """Take the end of the text."""
        if self._tail:
            self._line(bytes(self._tail))
            self._tail.clear()
        self._flush()
        if self._clock.deciding:
            self._settle()

    def take(self, most: int) -> list[Frame]:
        """Return and forget the next frames, at most ``most``."""
        taken = self._frames[:most]
        del self._frames[:most]
        self.printed = bytes(self._printed[: len(taken)])
        del self._printed[: len(taken)]
        return taken

    def _line(self, line: bytes) -> None:
        text = line[:MOST_LINE].decode("latin-1").rstrip("\r")
        time = TIME.match(text)
        if time is None and not self._begins_packet(text):
            return
        self._flush()
        self._is_timed = self._is_timed or time is not None
        self._is_ascii = self._is_ascii and self._is_timed
        said = read_line(text[time.end() :] if time else text)
        time_ns = None
        if time is not None or not self._is_timed:
            time_ns = self._clock.read(time)
            if time_ns is None:
                said = MALFORMED_LINE
        if said.kind == "header":
            self._header = (said, time_ns, text)
            self._is_verbose = True
        else:
            self._emit(said, time_ns, text)

    def _begins_packet(self, text: str) -> bool:
        """Say whether a line without a time is a packet's all the same, having used it if part of one."""
        after_frame, self._after_frame = self._after_frame, False
        if not text or text.isspace():
            return False
        if _NOTICE.match(text):
            self._dump.notice(text)
            return False
        if text[0] in " \t":
            if self._dump.add(text):
                self._flush_header()
            elif self._header is not None:  # the second line of -v
                (header, time_ns, first), self._header = self._header, None
                self._emit(read_addresses(text.strip(), header.ip, header.version), time_ns, first)
            return False
        if not self._is_timed:
            return not (self._is_verbose and text[0] == "[")
        if text.startswith("[Invalid header"):
            return True  # a record of length 0: tcpdump prints no time
        if after_frame and _ASCII_DUMP.match(text):
            self._is_ascii = True
        # In a listing with times these are the application's text, which tcpdump does not always indent.
        return not (self._is_ascii or self._is_verbose or text[0] == "[")

    def _flush(self) -> None:
        """Whatever was said of the packet before, it is whole."""
        self._flush_header()
        if self._pending is None:
            self._dump.drop()
            return
        (said, time_ns, text), self._pending = self._pending, None
        malformed = self.malformed
        packet = self._packet(said)
        self._count += 1
        dumped = self._dump.take(_ends(said), text, packet)
        if dumped is not None:
            self.malformed = malformed  # the line matters no more
        frame = (*packet, LINKTYPE_RAW) if dumped is None else dumped
        self._printed.append(dumped is not None)
        if not self._clock.deciding:
            self._frames.append((self._clock.last_ns if time_ns is None else time_ns, *frame))
            return
        self._held.append((time_ns, frame))
        if self._clock.sure:
            self._settle()

    def _flush_header(self) -> None:
        """A header line of ``-v`` whose second line never came is still a packet."""
        if self._header is not None:
            (header, time_ns, text), self._header = self._header, None
            is_whole = header.ip.protocol != TCP or header.ip.fragment & 0x3FFF
            self._emit(header._replace(kind="ip") if is_whole else MALFORMED_LINE, time_ns, text)

    def _emit(self, said: Line, time_ns: int | None, text: str) -> None:
        """Take a packet's line; what was printed of its octets comes behind."""
        self._pending = (said, time_ns, text)
        self._after_frame = True

    def _settle(self) -> None:
        times = self._clock.settle([time for time, _ in self._held])
        self._frames += [(time, *frame) for time, (_, frame) in zip(times, self._held, strict=True)]
        self._held.clear()

    def _packet(self, said: Line) -> Packet:
        """Return the frame that a line describes."""
        if said.kind == "tcp" and said.ip.fragment & 0x1FFF == 0:
            return self._tcp(said)
        if said.kind == "other":
            return Packet(NOT_IP, len(NOT_IP))
        if said.kind == "malformed":
            self.malformed += 1
            return Packet(MALFORMED, len(MALFORMED))
        nobody = bytes(16 if said.version == 6 else 4)
        protocol = said.ip.protocol if said.ip.protocol is not None else UDP
        if said.kind == "fragment" and said.version == 6:
            body = bytes((TCP, 0, 0, 8)) + bytes(12)  # RFC 8200 4.5: offset 1
            return ip_packet(
                nobody, nobody, IpFields(), FRAGMENT_6, body, length=len(body), counter=self._count
            )
        ip = said.ip
        if said.kind == "fragment" and not ip.fragment & 0x3FFF:
            ip = ip._replace(fragment=1)  # printed without -v, which would say where it lies
        if protocol == TCP and not ip.fragment & 0x3FFF:
            protocol = UDP  # what tcpdump did not print as TCP is not to be decoded as such
        return ip_packet(nobody, nobody, ip, protocol, bytes(8), length=8, counter=self._count)

    def _tcp(self, said: Line) -> Packet:
        source, destination, segment = said.source, said.destination, said.segment
        if source is None or destination is None or segment is None:
            return Packet(MALFORMED, len(MALFORMED))
        placed = self._numbers.place(
            source, destination, segment.flags, seq=segment.seq, ack=segment.ack, length=segment.length
        )
        options = printed_options.rebuild(segment.options, placed.absolute)
        tcp = TcpFields(
            source[1],
            destination[1],
            placed.seq,
            placed.ack,
            segment.flags,
            segment.window,
            segment.urgent,
            options.octets,
            options.whole,
            segment.length,
            segment.stored,
            segment.right,
        )
        return tcp_packet(source[0], destination[0], said.ip, tcp, self._count)


def _ends(said: Line) -> Ends | None:
    """Return what the line says of the network layer; None for what is not IP."""
    if said.kind == "other":
        return None
    if said.kind == "malformed":
        return Ends(0, None)
    if said.source is None or said.destination is None:
        return Ends(said.version, None)
    return Ends(said.version, said.source[0] + said.destination[0])
