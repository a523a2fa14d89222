"""Name the application that a side's first payload octets show: certain, or ``None``.

Each protocol is a row of ``ROWS``: name, which side sends it, how it begins, and a test of the rest. At most
``LOOK`` octets are looked at and the rest may be missing, so a row never asks for more than a cut message can
show. Rows are found by first octet; nothing is imported for them (dpkt stands behind the tests, not on this
road: it refuses cut messages). Ports decide only between protocols that share their first words, never alone.
"""

from collections.abc import Callable
from functools import lru_cache

from tcptrace.model.light import NamedTuple

LOOK = 64  # octets of each side's payload that the caller keeps

CLIENT = 1
SERVER = 2
EITHER = CLIENT | SERVER

Test = Callable[[bytes], bool]


class Row(NamedTuple):
    """One way in which a protocol begins."""

    name: str
    side: int  # who sends it: CLIENT, SERVER or EITHER
    prefix: bytes  # the first octets, as they must be
    test: Test | None  # of the whole first octets; None: the prefix is proof enough
    ports: tuple[int, ...] = ()  # not empty: holds only where the server's port is one of these


def _line(data: bytes) -> bytes:
    """Return the first line without its end, as far as the octets go."""
    return data.split(b"\n", 1)[0].rstrip(b"\r")


def _http_request(data: bytes) -> bool:
    """RFC 9112 3: METHOD SP target SP HTTP-version; a line cut by ``LOOK`` shows method and target only."""
    words = _line(data).split(b" ")
    if len(words) < 2 or not words[1]:
        return False
    if len(words) > 2 and not (words[2].startswith(b"HTTP/") or b"HTTP/".startswith(words[2])):
        return False  # RTSP and SIP have the same form and name themselves there
    target = words[1]
    if words[0] == b"CONNECT":
        return b":" in target or len(words) == 2
    return target[:1] in (b"/", b"*") or target[:7].lower() == b"http://"


def _xmlrpc_request(data: bytes) -> bool:
    """POST to a path that only XML-RPC uses; Content-Type comes beyond 64 octets, and SOAP shares it."""
    if not _http_request(data):
        return False
    path = data.split(b" ", 2)[1].split(b"?", 1)[0]
    # Followed by a space or a query: a path cut by LOOK is not known to end there.
    ended = data[5 + len(path) : 6 + len(path)] in (b" ", b"?")
    return ended and path.rsplit(b"/", 1)[-1] in (b"RPC2", b"xmlrpc", b"xmlrpc.php")


def _names(version: bytes) -> Test:
    """Return a test for a request line that ends with ``version``, or whose target has its scheme."""
    scheme = version.split(b"/")[0].lower() + b":"

    def test(data: bytes) -> bool:
        words = _line(data).split(b" ")
        if len(words) < 2:
            return False
        return words[1].startswith(scheme) or (len(words) > 2 and words[2].startswith(version))

    return test


def _tls_record(kind: int) -> Test:
    """Return a test for a TLS handshake record (RFC 8446 5.1) that begins with message ``kind``."""

    def test(data: bytes) -> bool:
        return (
            len(data) >= 6
            and data[1] == 3
            and data[2] <= 4
            and 4 <= data[3] << 8 | data[4] <= 16384
            and data[5] == kind
        )

    return test


def _dns_message(data: bytes) -> bool:
    """RFC 1035 4.1.1, 4.2.2: length in two octets, a header that counts one question, a name that is one."""
    if len(data) < 16 or data[0] << 8 | data[1] < 17:
        return False
    kind = data[4] >> 3 & 0x0F
    questions = data[6] << 8 | data[7]
    if kind not in (0, 4, 5) or data[5] & 0x40 or questions != 1 or data[10] | data[12]:
        return False  # RFC 1035: Z is zero; more than 255 authority or additional records are no DNS of ours
    place = 14
    while place < len(data):
        length = data[place]
        if length == 0:
            rest = data[place + 1 : place + 5]
            # QCLASS: IN, CH, HS, NONE or ANY, as far as it is there.
            return len(rest) < 4 or (rest[2] == 0 and rest[3] in (1, 3, 4, 254, 255))
        if length > 63:  # a question's name has nothing to point back to
            return False
        label = data[place + 1 : place + 1 + length]
        if any(octet < 0x21 or octet > 0x7E for octet in label):
            return False
        place += 1 + length
    return True


def _smb(data: bytes) -> bool:
    """NetBIOS session message of an SMB1, SMB2 or SMB3 packet (MS-SMB2 2.1)."""
    return data[4:8] in (b"\xffSMB", b"\xfeSMB", b"\xfdSMB")


def _tpkt(kind: int) -> Test:
    """Return a test for a TPKT (RFC 1006) with an X.224 connection request (0xE0) or confirm (0xD0)."""

    def test(data: bytes) -> bool:
        return len(data) >= 7 and data[4] >= 6 and data[5] == kind and data[2] << 8 | data[3] == data[4] + 5

    return test


def _mysql_greeting(data: bytes) -> bool:
    """Protocol 10 handshake: length, sequence 0, version 10, the version's text up to a NUL."""
    if len(data) < 8 or data[2] or data[3] or data[4] != 10 or data[0] | data[1] << 8 < 20:
        return False
    text = data[5:].split(b"\0", 1)[0]
    return text[:1].isdigit() and b"." in text and all(32 <= octet < 127 for octet in text)


def _postgres_start(data: bytes) -> bool:
    """Startup message of protocol 3.0 with a parameter, or the request for TLS, GSS or cancelling."""
    length = int.from_bytes(data[:4], "big")
    code = int.from_bytes(data[4:8], "big")
    if code in (80877103, 80877104):
        return length == 8
    if code == 80877102:
        return length == 16
    return code >> 16 == 3 and code & 0xFFFF < 8 and length < 10_000 and data[8:9].isalpha()


def _bgp_open(data: bytes) -> bool:
    """RFC 4271 4.1: marker of ones, length 19 to 4096 (65535 with RFC 8654), type 1 to 5."""
    if len(data) < 19:
        return False
    return data[:16] == b"\xff" * 16 and data[16] << 8 | data[17] >= 19 and 1 <= data[18] <= 5


def _socks5(data: bytes) -> bool:
    """RFC 1928 3: version 5, the number of methods, and exactly so many."""
    return len(data) >= 3 and data[1] > 0 and len(data) == 2 + data[1]


def _socks4(data: bytes) -> bool:
    """Version 4, CONNECT or BIND, port, address, user name up to a NUL."""
    return len(data) >= 9 and data[1] in (1, 2) and (data[2] or data[3]) != 0 and data[-1] == 0


def _mqtt_connect(data: bytes) -> bool:
    """MQTT 3.1: CONNECT with the protocol's name."""
    return b"\0\4MQTT" in data[2:11] or b"\0\6MQIsdp" in data[2:13]


def _ldap_message(data: bytes) -> bool:
    """RFC 4511 4.1.1: SEQUENCE, messageID 1, then a bind, search, unbind or extended operation."""
    if len(data) < 7:
        return False
    place = 2 if data[1] < 0x80 else 2 + (data[1] & 0x7F)
    if data[1] == 0x80 or data[place : place + 2] != b"\2\1":
        return False
    operation = data[place + 3 : place + 4]
    return operation in (b"\x60", b"\x61", b"\x63", b"\x64", b"\x65", b"\x42", b"\x77", b"\x78")


def _xmpp(data: bytes) -> bool:
    """RFC 6120 4: an XML stream header."""
    return b"<stream:stream" in data or b"jabber:" in data


def _redis_command(data: bytes) -> bool:
    """An array of bulk strings: ``*N CRLF $M CRLF``."""
    first, _, rest = data.partition(b"\r\n")
    size = rest.partition(b"\r\n")[0]
    return first[1:].isdigit() and size[:1] == b"$" and size[1:].isdigit()


def _digits(data: bytes) -> bool:
    """A status line's three digits after ``NAME/1.0`` and a space, as far as they are there."""
    code = _line(data).split(b" ", 2)[1:2]
    return bool(code) and (code[0].isdigit() or not code[0])


def _telnet(data: bytes) -> bool:
    """RFC 854: IAC WILL, WON'T, DO or DON'T with an option, twice over or alone."""
    if len(data) < 3 or data[1] not in (251, 252, 253, 254) or data[2] > 49:
        return False
    return len(data) < 6 or data[3] == 255 or data[3] < 128


def _says(*words: bytes) -> Test:
    """Return a test that one of ``words`` stands in the first line, in any case."""

    def test(data: bytes) -> bool:
        line = _line(data).upper()
        return any(word in line for word in words)

    return test


_METHODS = (
    *(b"GET", b"POST", b"PUT", b"HEAD", b"DELETE", b"OPTIONS", b"CONNECT", b"TRACE", b"PATCH"),
    *(b"PROPFIND", b"PROPPATCH", b"MKCOL", b"COPY", b"MOVE", b"LOCK", b"UNLOCK", b"SEARCH", b"REPORT"),
    *(b"SUBSCRIBE", b"NOTIFY", b"M-SEARCH"),
)
_RTSP_METHODS = (
    b"OPTIONS",
    b"DESCRIBE",
    b"SETUP",
    b"PLAY",
    b"PAUSE",
    b"ANNOUNCE",
    b"RECORD",
    b"GET_PARAMETER",
)
_SIP_METHODS = (
    b"INVITE",
    b"REGISTER",
    b"OPTIONS",
    b"SUBSCRIBE",
    b"NOTIFY",
    b"MESSAGE",
    b"ACK",
    b"BYE",
    b"PUBLISH",
)

# The first row that holds gives the name, so the narrower stands first.
ROWS: tuple[Row, ...] = (
    Row("http2", CLIENT, b"PRI * HTTP/2.0\r\n", None),  # RFC 9113 3.4
    Row("xmlrpc", CLIENT, b"POST ", _xmlrpc_request),
    *(Row("http", CLIENT, method + b" ", _http_request) for method in _METHODS),
    Row("http", SERVER, b"HTTP/1.", _digits),  # RFC 9112 4
    *(Row("rtsp", CLIENT, method + b" ", _names(b"RTSP/")) for method in _RTSP_METHODS),
    Row("rtsp", SERVER, b"RTSP/1.0 ", _digits),
    *(Row("sip", CLIENT, method + b" ", _names(b"SIP/")) for method in _SIP_METHODS),
    Row("sip", SERVER, b"SIP/2.0 ", _digits),
    Row("tls", CLIENT, b"\x16", _tls_record(1)),  # ClientHello
    Row("tls", SERVER, b"\x16", _tls_record(2)),  # ServerHello
    Row("ssh", EITHER, b"SSH-2.0-", None),  # RFC 4253 4.2
    Row("ssh", EITHER, b"SSH-1.", None),
    Row("smtp", SERVER, b"220", _says(b"SMTP", b"POSTFIX", b"EXIM", b"SENDMAIL")),  # RFC 5321 4.2
    Row("ftp", SERVER, b"220", _says(b"FTP", b"FILEZILLA")),  # RFC 959 5.4
    Row("smtp", SERVER, b"220 ", None, (25, 465, 587, 2525)),
    Row("smtp", SERVER, b"220-", None, (25, 465, 587, 2525)),
    Row("ftp", SERVER, b"220 ", None, (21, 2121)),
    Row("ftp", SERVER, b"220-", None, (21, 2121)),
    Row("smtp", CLIENT, b"EHLO ", None),
    Row("smtp", CLIENT, b"HELO ", None),
    Row("smtp", CLIENT, b"ehlo ", None),
    Row("smtp", CLIENT, b"helo ", None),
    Row("ftp", CLIENT, b"AUTH TLS", None, (21, 2121)),
    Row("ftp", CLIENT, b"USER ", None, (21, 2121)),
    Row("pop3", CLIENT, b"USER ", None, (110,)),
    Row("pop3", CLIENT, b"APOP ", None),
    Row("pop3", CLIENT, b"CAPA\r\n", None),
    Row("pop3", SERVER, b"+OK", _says(b"POP", b"DOVECOT READY")),  # RFC 1939 4
    Row("pop3", SERVER, b"+OK", None, (110, 995)),
    Row("imap", SERVER, b"* OK", _says(b"IMAP")),  # RFC 9051 7.1
    Row("imap", SERVER, b"* OK", None, (143, 993)),
    Row("dns", EITHER, b"\0", _dns_message),
    Row("smb", EITHER, b"\0", _smb),
    Row("postgres", CLIENT, b"\0\0", _postgres_start),
    Row("rdp", CLIENT, b"\3\0", _tpkt(0xE0), (3389,)),  # the same TPKT carries S7 and H.323 on other ports
    Row("rdp", CLIENT, b"\3\0", lambda data: _tpkt(0xE0)(data) and b"Cookie: mstshash=" in data),
    Row("rdp", SERVER, b"\3\0", _tpkt(0xD0), (3389,)),
    Row("bgp", EITHER, b"\xff\xff\xff\xff", _bgp_open),
    Row("socks", CLIENT, b"\5", _socks5),
    Row("socks", CLIENT, b"\4", _socks4),
    Row("mqtt", CLIENT, b"\x10", _mqtt_connect),
    Row("amqp", EITHER, b"AMQP", lambda data: len(data) >= 8 and data[4] in (0, 2, 3)),
    Row("ldap", EITHER, b"\x30", _ldap_message),
    Row("xmpp", EITHER, b"<?xml ", _xmpp),
    Row("xmpp", EITHER, b"<stream:stream", None),
    Row(
        "irc", CLIENT, b"NICK ", None, (194, 6660, 6661, 6662, 6663, 6664, 6665, 6666, 6667, 6668, 6669, 7000)
    ),
    Row("irc", CLIENT, b"CAP LS", None),
    Row("irc", SERVER, b":", _says(b" NOTICE AUTH ", b" NOTICE * ", b" 001 ")),
    Row("bittorrent", EITHER, b"\x13BitTorrent protocol", None),
    Row("redis", CLIENT, b"*", _redis_command),
    Row("vnc", EITHER, b"RFB 00", None),  # RFC 6143 7.1.1
    Row("rsync", EITHER, b"@RSYNCD:", None),
    Row("telnet", EITHER, b"\xff", _telnet),
    # MySQL's greeting begins with its length, any octet; its rows are made for every first octet below.
)
_MYSQL = Row("mysql", SERVER, b"", _mysql_greeting)


def _by_first_octet() -> tuple[tuple[Row, ...], ...]:
    """Return the rows that may hold, for each first octet."""
    table: list[list[Row]] = [[] for _ in range(256)]
    for row in ROWS:
        table[row.prefix[0]].append(row)
    return tuple((*rows, _MYSQL) for rows in table)


_TABLE = _by_first_octet()


@lru_cache(maxsize=4096)  # most of a capture's connections begin alike; bounded
def classify(first_bytes: bytes, side_is_server: bool, client_port: int, server_port: int) -> str | None:
    """Return the application's name by what one side sent first, or ``None`` where that does not tell.

    A port that decides between two protocols may be at either end: in a capture that begins in the middle the
    ends may be the wrong way round.
    """
    if not first_bytes:
        return None
    side = SERVER if side_is_server else CLIENT
    for name, rows_side, prefix, test, ports in _TABLE[first_bytes[0]]:
        if rows_side & side and first_bytes.startswith(prefix):
            if ports and server_port not in ports and client_port not in ports:
                continue
            if test is None or test(first_bytes):
                return name
    return None


def application(client_first: bytes, server_first: bytes, client_port: int, server_port: int) -> str | None:
    """Return the application's name by what both sides sent first; the client's word counts first.

    Where neither fits, the sides are tried the other way round: in a capture that begins in the middle, the
    end with the higher port is called the client, and it may be the server.
    """
    return (
        classify(client_first, False, client_port, server_port)
        or classify(server_first, True, client_port, server_port)
        or classify(client_first, True, client_port, server_port)
        or classify(server_first, False, client_port, server_port)
    )
