"""Version 2 of the expectations: names, patterns, tolerances, findings and counts; and what ``--update`` leaves of them."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tcptrace.golden.expectation import SUFFIX
from tests.cli.stand_in import go
from tests.every import ROOT

Capsys = pytest.CaptureFixture[str]
Check = Callable[..., tuple[int, str, str]]
LOOSE = """
version = 2
purpose = "whatever port, whatever time"
frames = "10..20"

[names]
home = "127.*"
web = 8000

[tolerance]
time_s = 0.5
frames = "*"
evidence = "*"
counts = 1

[[connection]]  # the only one
client = "home:*"
server = "home:web"
outcome = "closed|reset"
closed_first = "*"
application = "http"
path.client = "CLOSED SYN-SENT ESTABLISHED * CLOSED"
path.server = "LISTEN SYN-RECEIVED ESTABLISHED FIN-WAIT-1 FIN-WAIT-2|CLOSING TIME-WAIT"
packets.client = 8
data_bytes = { client = "100..200", server = 5324 }
handshake_s = "..0.2"
duration_s = 0.3
findings = { retransmission = "0..3", window_update = 1 }
transitions = '''
# opening
 *  0   client CLOSED>SYN-SENT          snd SYN        observed *
 *  0   server LISTEN>SYN-RECEIVED      rcv SYN        *        *
 2  0.1 client SYN-SENT>ESTABLISHED     rcv SYN,ACK    *        *
 3  *   server SYN-RECEIVED>ESTABLISHED *              *        *
# closing
 12 0.2 server ESTABLISHED>FIN-WAIT-1   snd FIN        observed 12
 11 0   client ESTABLISHED>CLOSE-WAIT   rcv FIN        *        *
 12 0   server FIN-WAIT-1>FIN-WAIT-2    *              *        *
 13 0   client CLOSE-WAIT>LAST-ACK      snd FIN        *        *
 13 0   server FIN-WAIT-2>TIME-WAIT     rcv FIN        *        *
 14 0   client LAST-ACK>CLOSED          rcv ACK of FIN assumed  -
'''
"""


@pytest.fixture
def check(tmp_path: Path, capsys: Capsys) -> Check:
    """Return what checks a capture against the text of an expectation."""

    def run(text: str, *options: str, capture: str = "http-get.pcap") -> tuple[int, str, str]:
        shutil.copy(ROOT / "captures" / capture, tmp_path / capture)
        path = tmp_path / f"{capture}{SUFFIX}"
        path.write_text(text)
        return go(capsys, "check", str(path), *options)

    return run


def test_names_patterns_and_tolerances_hold(check: Check) -> None:
    assert check(LOOSE) == (0, "1 capture: 1 as expected\n", "")


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('home = "127.*"', 'home = "128.*"', "expected client home:*, got 127.0.0.1:49329"),
        ("web = 8000", "web = 8001", "expected server home:web, got 127.0.0.1:8000"),
        ('"closed|reset"', '"open|reset"', "expected outcome open|reset, got closed"),
        ('"http"', '"ftp"', "expected application ftp, got http"),
        ('"10..20"', '"15..20"', "expected 15..20 frames, got 14"),
        ("ESTABLISHED * CLOSED", "SYN-SENT * CLOSED", None),
        ("FIN-WAIT-2|CLOSING", "CLOSING", None),
        ("packets.client = 8", "packets.client = 9", "expected packets.client 9, got 7"),
        ('"100..200"', '"100..120"', "expected data_bytes.client 100..120, got 145"),
        ("server = 5324", "server = 5325", "expected data_bytes.server 5325, got 5323"),
        ("counts = 1", "count_ratio = 0.2", ""),
        ("counts = 1", "counts = 0", "expected packets.client 8, got 7"),
        ("duration_s = 0.3", "duration_s = 0.6", "expected duration_s 0.6, got 0.003517"),
        ('"..0.2"', '"0.7.."', "expected handshake_s 0.7.., got 6.7e-05"),
        ('"0..3"', '"1..3"', "expected findings.retransmission 1..3, got 0"),
        ("time_s = 0.5", "time_s = 0.15", "FIN-WAIT-1 at frame 11 (snd FIN, RFC 9293 3.10.4): expected +0.200000 s, got"),
        ("0.2 server", "0.7 server", "expected +0.700000 s, got +0.002351 s"),
        ("time_s = 0.5", "time_s = 0.0\ntime_ratio = 2.0", "ESTABLISHED>CLOSE-WAIT"),
        ('frames = "*"', "frames = 1", ""),
        ('frames = "*"', "frames = 0", "expected frame 12, got 11"),
        ('evidence = "*"', 'evidence = ""', ""),
        ("rcv FIN        *", "rcv RST        *", "expected cause rcv RST, RFC 9293 3.10.7.4, got rcv FIN, RFC 9293"),
    ],
    ids=lambda text: str(text)[:40],
)  # fmt: skip
def test_each_is_checked(check: Check, old: str, new: str, told: str | None) -> None:
    text = LOOSE.replace(old, new)
    assert text != LOOSE
    status, out, err = check(text)
    if told is None:  # the path and the transitions disagree
        assert (status, "change one of them" in err) == (3, True)
    elif told == "":
        assert (status, out) == (0, "1 capture: 1 as expected\n")
    elif told == "ESTABLISHED>CLOSE-WAIT":
        assert status == 1
        assert "CLOSE-WAIT at frame 11 (rcv FIN, RFC 9293 3.10.7.4): expected +0.000000 s" in out
    else:
        assert (status, err) == (1, "")
        assert told in out


def test_a_pattern_of_a_path_says_what_could_have_come(check: Check) -> None:
    head = "version = 2\n[[connection]]\npath.client = 'CLOSED *'\npath.server = "
    assert check(head + "'LISTEN * FIN-WAIT-1 * TIME-WAIT'")[0] == 0
    for path, told in (
        ("LISTEN * CLOSING TIME-WAIT", "server: expected CLOSING after TIME-WAIT, got no more steps: it stays in TIME-WAIT"),
        ("LISTEN SYN-RECEIVED ESTABLISHED CLOSE-WAIT|FIN-WAIT-2 *",
         "server: expected CLOSE-WAIT|FIN-WAIT-2 after ESTABLISHED, got FIN-WAIT-1 at frame 11 (snd FIN, RFC 9293 3.10.4)"),
        ("CLOSED *", "server: expected to begin in CLOSED, got LISTEN"),
        ("LISTEN SYN-RECEIVED", "server: expected to stay in SYN-RECEIVED, got ESTABLISHED at frame 3"),
    ):  # fmt: skip
        status, out, _ = check(f"{head}'{path}'")
        assert status == 1
        assert told in out


def test_findings_that_are_not_named_must_not_be_made_unless_a_star_allows_them(check: Check) -> None:
    text = "version = 2\n[[connection]]\nfindings = {}\n"
    status, out, _ = check(text, capture="simultaneous-close.pcap")
    assert status == 1
    assert "stream 0: expected findings.simultaneous_close 0, got 1, first at frame 9" in out
    text = "version = 2\n[[connection]]\nfindings = { simultaneous_close = 1, '*' = '0..' }\n"
    assert check(text, capture="simultaneous-close.pcap")[0] == 0


def test_connections_are_paired_by_their_ends_so_that_one_more_shifts_no_other(check: Check) -> None:
    refused = "[[connection]]\nclient = '*:50000'\nserver = '192.0.2.2:81'\noutcome = 'refused'\n"
    aborted = "[[connection]]\nclient = '*:*'\nserver = '192.0.2.2:80'\noutcome = 'aborted'\n"
    assert check(f"version = 2\n{refused}{aborted}", capture="scan.pcap")[0] == 0
    status, out, _ = check(f"version = 2\n{refused}", capture="scan.pcap")
    assert status == 1
    assert "stream 0: expected no such connection, got 198.51.100.7:50000 to 192.0.2.2:80 (aborted)" in out
    assert "stream 1" not in out


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("frames = 'many'", "frames: 'many' is no number and no range"),
        ("[tolerance]\ntime_s = -1.0", "tolerance.time_s -1.0 is none"),
        ("[tolerance]\ntime_s = 'x'", "at `$.tolerance.time_s`"),
        ("[[connection]]\nclient = 'x:1'", "connection 0: 'x:1': 'x' is no address and no name of [names]"),
        ("[[connection]]\npackets.client = 'x'", "connection 0: packets.client: 'x' is no number"),
        (
            "[[connection]]\nfindings = { half_open = 'x' }",
            "connection 0: findings.half_open: 'x' is no number",
        ),
        (
            "[[connection]]\npath.client = '*'\npath.server = 'LISTEN|X'",
            "connection 0: path.server: 'X' is no state",
        ),
    ],
)
def test_what_cannot_be_understood_says_where(check: Check, text: str, said: str) -> None:
    status, _, err = check(f"version = 2\n{text}\n")
    assert status == 3
    assert said in err
    assert err.count("\n") == 1


def test_a_version_1_file_has_no_patterns(check: Check) -> None:
    status, _, err = check("version = 1\n[[connection]]\nfindings = {}\n")
    assert status == 3
    assert "unknown field `findings` - at `$.connection[0]` of version 1; write `version = 2`, or see" in err


def test_update_leaves_patterns_names_and_remarks_that_still_hold(check: Check, tmp_path: Path) -> None:
    changed = (
        LOOSE.replace('"closed|reset"', '"open"  # mine')
        .replace("packets.client = 8", "packets.client = 2")
        .replace(
            "13 0   client CLOSE-WAIT>LAST-ACK      snd FIN ",
            "13 9   client CLOSE-WAIT>LAST-ACK      snd FIN ",
        )
        .replace(" 14 0   client LAST-ACK>CLOSED          rcv ACK of FIN assumed  -\n", "")
        .replace("ESTABLISHED * CLOSED", "ESTABLISHED CLOSE-WAIT LAST-ACK")
        .replace("findings = {", "findings = { data_after_fin = 2,")
    )
    status, out, _ = check(changed, "--update", "-v")
    assert status == 0
    assert "expectation renewed" in out
    assert '+outcome = "closed"  # mine' in out
    new = (tmp_path / f"http-get.pcap{SUFFIX}").read_text().replace("{  ", "{ ")
    wanted = (
        LOOSE.replace('"closed|reset"', '"closed"  # mine')
        .replace("packets.client = 8", "packets.client = 7")
        .replace("ESTABLISHED * CLOSED", "ESTABLISHED CLOSE-WAIT LAST-ACK CLOSED")
        .replace(
            " 13 0   client CLOSE-WAIT>LAST-ACK      snd FIN        *        *\n",
            "    *     0.003480 client CLOSE-WAIT>LAST-ACK       snd FIN        *             *\n",
        )
        .replace(
            " 14 0   client LAST-ACK>CLOSED          rcv ACK of FIN assumed  -\n",
            "    *     0.003517 client LAST-ACK>CLOSED           rcv ACK of FIN *             *\n",
        )
    )
    assert [line for line in new.splitlines() if line] == [line for line in wanted.splitlines() if line]
    assert check(new)[0] == 0
