"""Application labels. Truth: the protocols' specifications, dpkt's own parsers, what real clients send."""

import struct
import time

import dpkt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcptrace.wire.application import LOOK, ROWS, application, classify

# (name, sent by the server, server's port, octets as the specification or a real program sends them)
EXAMPLES = [
    ("http", False, 8000, b"GET / HTTP/1.1\r\nHost: localhost:8000\r\n\r\n"),
    ("http", False, 8000, b"GET /" + b"a" * 100),  # cut before the version
    ("http", False, 3128, b"CONNECT example.org:443 HTTP/1.1\r\n"),
    ("http", False, 80, b"GET http://example.org/ HTTP/1.0\r\n"),
    ("http", False, 80, b"OPTIONS * HTTP/1.1\r\n"),
    ("http", True, 8000, b"HTTP/1.0 200 OK\r\nServer: SimpleHTTP/0.6 Python/3.11.2\r\n"),
    ("http2", False, 80, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    ("xmlrpc", False, 8000, b"POST /RPC2 HTTP/1.1\r\nHost: localhost:8000\r\nAccept-Encoding: gzip\r\n"),
    ("xmlrpc", False, 80, b"POST /blog/xmlrpc.php HTTP/1.1\r\n"),
    ("http", False, 80, b"POST /RPC2/other HTTP/1.1\r\n"),
    ("rtsp", False, 554, b"OPTIONS rtsp://host/stream RTSP/1.0\r\nCSeq: 1\r\n"),
    ("rtsp", True, 554, b"RTSP/1.0 200 OK\r\n"),
    ("sip", False, 5060, b"INVITE sip:bob@biloxi.example.com SIP/2.0\r\n"),
    ("sip", False, 5060, b"OPTIONS sip:carol@chicago.com SIP/2.0\r\n"),
    ("sip", True, 5060, b"SIP/2.0 100 Trying\r\n"),
    ("ssh", True, 22, b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n"),
    ("ssh", False, 2222, b"SSH-2.0-paramiko_3.0\r\n"),
    ("smtp", True, 25, b"220 mail.example.org ESMTP Postfix\r\n"),
    ("smtp", True, 25, b"220 foo.example.org Service ready\r\n"),
    ("smtp", False, 2525, b"EHLO client.example.org\r\n"),
    ("ftp", True, 2100, b"220 (vsFTPd 3.0.3)\r\n"),
    ("ftp", True, 21, b"220 Service ready for new user.\r\n"),
    ("ftp", False, 21, b"USER anonymous\r\n"),
    ("pop3", True, 110, b"+OK Hello there.\r\n"),
    ("pop3", True, 8110, b"+OK POP3 server ready <1896.697170952@dbc.mtview.ca.us>\r\n"),
    ("pop3", False, 110, b"USER mrose\r\n"),
    ("imap", True, 143, b"* OK [CAPABILITY IMAP4rev1 STARTTLS] Dovecot ready.\r\n"),
    ("postgres", False, 5432, struct.pack(">II", 8, 80877103)),
    ("postgres", False, 5432, struct.pack(">II", 41, 196608) + b"user\0me\0database\0db\0\0"),
    ("mysql", True, 3306, b"\x4a\0\0\0\x0a8.0.33\0" + bytes(20)),
    ("smb", False, 445, b"\0\0\0\x54\xffSMBr"),
    ("smb", True, 445, b"\0\0\1\x10\xfeSMB@\0"),
    ("rdp", False, 3389, b"\3\0\0\x13\x0e\xe0\0\0\0\0\0\1\0\x08\0\3\0\0\0"),
    ("bgp", False, 179, b"\xff" * 16 + b"\0\x1d\1\4" + bytes(9)),
    ("bgp", True, 179, b"\xff" * 16 + b"\0\x13\4"),
    ("socks", False, 1080, b"\5\2\0\2"),
    ("socks", False, 1080, b"\4\1\0\x50\x7f\0\0\1\0"),
    ("mqtt", False, 1883, b"\x10\x10\0\4MQTT\4\2\0\x3c\0\4abcd"),
    ("amqp", False, 5672, b"AMQP\0\0\x09\1"),
    ("ldap", False, 389, b"\x30\x0c\2\1\1\x60\7\2\1\3\4\0\x80\0"),
    ("xmpp", False, 5222, b"<?xml version='1.0'?><stream:stream to='example.com' xmlns='jab"),
    ("irc", False, 6667, b"NICK wiz\r\n"),
    ("irc", False, 6697, b"CAP LS 302\r\n"),
    ("bittorrent", False, 6881, b"\x13BitTorrent protocol" + bytes(8)),
    ("redis", False, 6379, b"*2\r\n$7\r\nCOMMAND\r\n$4\r\nDOCS\r\n"),
    ("vnc", True, 5900, b"RFB 003.008\n"),
    ("telnet", True, 23, b"\xff\xfd\x18\xff\xfd\x20\xff\xfd\x23\xff\xfd\x27"),
]

STRANGERS = [
    (False, 80, b""),
    (False, 80, b"\x16"),
    (False, 443, b"\x16\x03\x01\x40\x99\x01"),  # length beyond a TLS record
    (False, 53, bytes(64)),
    (False, 9999, b"GETTING started"),
    (False, 9999, b"GET nothing"),
    (False, 9999, b"USER me\r\n"),  # FTP, POP3 or IRC: no port tells
    (True, 9999, b"220 hello\r\n"),
    (True, 6379, b"+OK\r\n"),
    (False, 1080, b"\5\2\0\2\0"),
    (False, 9999, b"hello, world\n"),
    (True, 80, b"GET / HTTP/1.1\r\n"),  # a request is not what a server sends
    (False, 9999, b"POST office hours"),
]


@pytest.mark.parametrize(("name", "server", "port", "data"), EXAMPLES)
def test_first_octets_of_a_protocol_name_it(name: str, server: bool, port: int, data: bytes) -> None:
    assert classify(data[:LOOK], server, 50000, port) == name


@pytest.mark.parametrize(("server", "port", "data"), STRANGERS)
def test_what_is_not_certain_has_no_name(server: bool, port: int, data: bytes) -> None:
    assert classify(data[:LOOK], server, 50000, port) is None


def test_dns_messages_made_by_dpkt_are_dns_in_both_directions() -> None:
    question = dpkt.dns.DNS.Q(name="www.example.org", type=dpkt.dns.DNS_A, cls=dpkt.dns.DNS_IN)
    query = dpkt.dns.DNS(id=7, op=0x0100, qd=[question], an=[], ns=[], ar=[])
    answer = dpkt.dns.DNS(id=7, op=0x8180, qd=[question], an=[], ns=[], ar=[])
    for server, message in ((False, bytes(query)), (True, bytes(answer))):
        data = struct.pack(">H", len(message)) + message
        assert classify(data[:LOOK], server, 40000, 53) == "dns"
        assert classify(data[:20], server, 40000, 5353) == "dns"  # cut in the name


def test_a_client_hello_that_dpkt_reads_is_tls() -> None:
    hello = bytes.fromhex("0303") + bytes(32) + b"\0" + bytes.fromhex("00021301") + b"\1\0" + b"\0\0"
    handshake = b"\1" + len(hello).to_bytes(3, "big") + hello
    record = b"\x16\3\1" + len(handshake).to_bytes(2, "big") + handshake
    parsed = dpkt.ssl.TLSHandshake(dpkt.ssl.TLSRecord(record).data)
    assert parsed.type == 1
    assert classify(record[:LOOK], False, 50000, 8443) == "tls"


@given(st.binary(max_size=LOOK), st.booleans(), st.integers(0, 65535), st.integers(0, 65535))
def test_any_octets_give_a_known_name_or_none(data: bytes, server: bool, client: int, port: int) -> None:
    assert classify(data, server, client, port) in {None, "mysql", *(row.name for row in ROWS)}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.name}-{row.prefix!r}")
@given(rest=st.binary(max_size=LOOK))
def test_octets_after_a_prefix_never_raise(row, rest: bytes) -> None:  # type: ignore[no-untyped-def]
    data = (row.prefix + rest)[:LOOK]
    for server in (False, True):
        classify(data, server, 1, row.ports[0] if row.ports else 2)


@pytest.mark.parametrize(("name", "server", "port", "data"), EXAMPLES)
def test_a_cut_beginning_never_gets_another_name(name: str, server: bool, port: int, data: bytes) -> None:
    # xmlrpc is HTTP until its path has ended: a narrower word for the same octets, not another protocol.
    allowed = {None, name, "http"} if name in ("xmlrpc", "http2") else {None, name}
    for length in range(len(data[:LOOK])):
        assert classify(data[:length], server, 50000, port) in allowed


def test_client_word_counts_before_the_server_word() -> None:
    answer = b"HTTP/1.0 200 OK\r\n"
    assert application(b"POST /RPC2 HTTP/1.1\r\n", answer, 50000, 8000) == "xmlrpc"
    assert application(b"", answer, 50000, 8000) == "http"
    assert application(b"\0\0\0\0", b"220 ftp ready FTP\r\n", 50000, 21) == "ftp"


def test_ends_the_wrong_way_round_are_still_named() -> None:
    assert application(b"HTTP/1.1 200 OK\r\n", b"GET / HTTP/1.1\r\n", 50000, 80) == "http"


def test_a_lookup_costs_microseconds() -> None:
    # A loose bound (loaded machines): it fails if rows are tried without the first octet.
    uncached = classify.__wrapped__
    data = [(example[3][:LOOK], example[1], example[2]) for example in EXAMPLES]
    begin = time.process_time()
    for _ in range(200):
        for octets, server, port in data:
            uncached(octets, server, 50000, port)
    assert (time.process_time() - begin) / (200 * len(data)) < 20e-6
