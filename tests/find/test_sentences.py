"""Each code's sentence has the numbers that prove it and the frames it rests on."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from script import parse

import tcptrace
from tcptrace.find.codes import CODES
from tcptrace.model.records import Finding

ROOT = Path(__file__).parents[2]
BY_NAME = {code.name: code for code in CODES.values()}
PLAIN = """
    handshake
    0.030 client > PSH,ACK len 100
    0.040 server < ACK
    """
SCALED = """
    0.000 client > SYN ws 2 sackok
    0.010 server < SYN,ACK ws 1 sackok
    0.020 client > ACK win 16384
    """


def found(ladder: str, frame: int, code: str) -> Finding:
    """Return the finding with this code at a frame."""
    for connection in tcptrace.analyze(parse(ladder).pcap()):
        for finding in connection.findings:
            if (finding.frame, finding.code) == (frame, code):
                return finding
    raise AssertionError(f"no {code} at frame {frame}")


CASES = [
    (
        "retransmission", PLAIN + "0.100 client > PSH,ACK len 50\n0.400 client > PSH,ACK len 50 seq 101", 7,
        "sends again 50 bytes first sent in frame 6, 300.000 ms earlier; the ACK in frame 5 asks for it (RFC 9293 3.8.1)",
    ),
    (
        "retransmission", "0.000 client > SYN\n1.000 client > SYN", 2,
        "sends again its SYN first sent in frame 1, 1.000 s earlier (RFC 9293 3.8.1)",
    ),
    (
        "retransmission", PLAIN + "0.100 client > FIN,ACK len 10\n0.600 client > FIN,ACK len 10 seq 101", 7,
        "sends again 10 bytes and its FIN first sent in frame 6, 500.000 ms earlier; "
        "the ACK in frame 5 asks for it (RFC 9293 3.8.1)",
    ),
    (  # what the third segment's retransmission repeats is the third segment, not the oldest one
        "retransmission",
        PLAIN + "0.100 client > ACK len 10\n0.101 client > ACK len 10\n0.102 client > ACK len 10\n"
        "0.110 server < ACK ack 101 sack 121-131\n0.400 client > ACK len 10 seq 121", 10,
        "sends again 10 bytes first sent in frame 8, 298.000 ms earlier; "
        "the SACK in frame 9 shows that it had arrived (RFC 9293 3.8.1)",
    ),
    (
        "spurious_retransmission", PLAIN + "0.300 client > PSH,ACK len 100 seq 1", 6,
        "all 100 bytes were acknowledged before: last in frame 5, 260.000 ms earlier (RFC 9293 3.10.7.4)",
    ),
    (
        "retransmission", PLAIN + "0.300 client > PSH,ACK len 100 seq 1", 6,
        "sends again 100 bytes; the ACK in frame 5 had acknowledged all of it (RFC 9293 3.8.1)",
    ),
    (
        "fast_retransmission",
        PLAIN + "0.100 client > ACK len 10\n0.101 client > ACK len 10\n0.110 server < ACK ack 101\n"
        "0.111 server < ACK ack 101\n0.115 client > ACK len 10 seq 101", 10,
        "sends 10 bytes at the number that frame 5 and its 2 duplicates ask for, "
        "4.000 ms after the last of them in frame 9 (RFC 5681 3.2)",
    ),
    (
        "duplicate_ack", PLAIN + "0.100 client > ACK len 10\n0.101 client > ACK len 10\n0.110 server < ACK ack 101", 8,
        "no. 1 that repeats the ACK in frame 5: asks for number 101, though 20 numbers from there on were sent (RFC 5681 2)",
    ),
    (
        "duplicate_ack", PLAIN + "0.300 client > PSH,ACK len 100 seq 1\n0.310 server < ACK", 7,
        "no. 1 that repeats the ACK in frame 5: nothing beyond number 101 was sent: answers frame 6 (RFC 5681 2)",
    ),
    (
        "out_of_order", PLAIN + "0.100 client > ACK len 10 seq 111\n0.101 client > ACK len 10 seq 101", 7,
        "10 bytes that end 10 numbers below what frame 6 had sent 1.000 ms earlier: less than the initial round trip of "
        "20.000 ms, so overtaken rather than sent again (RFC 9293 3.10.7.4)",
    ),
    (
        "lost_segment", PLAIN + "0.100 client > ACK len 10 seq 1549", 6,
        "begins 1,448 bytes beyond the end of frame 4 (number 101): these were lost before the tap, come later, or the "
        "capture missed them (RFC 9293 3.10.7.4)",
    ),
    (
        "ack_lost_segment", PLAIN + "0.100 server < ACK ack 201", 6,
        "acknowledges up to 201, 100 bytes more than the capture has of the peer without a hole; its highest number so far "
        "is in frame 4: the capture missed them, unless the peer never sent them (RFC 9293 3.4)",
    ),
    (
        "zero_window", PLAIN + "0.100 server < ACK win 0", 6,
        "has no room for data beyond 101: the window is 0; frame 5 still had room (RFC 9293 3.8.6)",
    ),
    (
        "zero_window_probe", PLAIN + "0.100 server < ACK win 0\n0.300 client > ACK len 1", 7,
        "1 byte at number 101 though the window in frame 6 is 0: asks for room (RFC 9293 3.8.6.1)",
    ),
    (
        "zero_window_probe_ack",
        PLAIN + "0.100 server < ACK win 0\n0.300 client > ACK len 1\n0.310 server < ACK win 0 ack 101", 8,
        "answers the probe in frame 7, 10.000 ms earlier: the window is still 0 (RFC 9293 3.8.6.1)",
    ),
    (
        "window_update", SCALED + "0.100 server < ACK win 100\n0.200 server < ACK win 50", 5,
        "the window goes from 200 to 100 bytes, with nothing new acknowledged since frame 4, 100.000 ms earlier "
        "(RFC 9293 3.8.6)",
    ),
    (
        "window_full", SCALED + "0.100 server < ACK win 50\n0.200 client > ACK len 100", 5,
        "100 bytes that end at the edge of the 100 bytes which frame 4 offered: no more can be sent before the peer reads "
        "(RFC 9293 3.8.6)",
    ),
    (
        "keep_alive", PLAIN + "60.000 client > ACK seq 100", 6,
        "no byte at the number before the next one, 59.970 s after frame 4, its last segment: asks whether the peer is "
        "still there (RFC 9293 3.8.4)",
    ),
    (
        "keep_alive", PLAIN + "0.100 client > FIN,ACK\n0.101 client > ACK seq 101", 7,
        "carries the number of its own FIN in frame 6: an ACK that the FIN overtook, no keep-alive (RFC 9293 3.8.4)",
    ),
    (
        "keep_alive_ack", PLAIN + "60.000 client > ACK seq 100\n60.010 server < ACK", 7,
        "answers the keep-alive in frame 6, 10.000 ms earlier: the peer is still there (RFC 9293 3.8.4)",
    ),
    (
        "syn_retransmission", "isn client 7\n0.000 client > SYN\n1.000 client > SYN\n3.000 client > SYN", 3,
        "the same SYN (number 7) again, first sent in frame 1, 3.000 s earlier (RFC 9293 3.8.1)",
    ),
    (
        "fin_retransmission", "isn client 7\n" + PLAIN + "0.1 client > FIN,ACK\n0.5 client > FIN,ACK seq 101", 7,
        "the same FIN (number 108) again, first sent in frame 6, 400.000 ms earlier (RFC 9293 3.8.1)",
    ),
    (
        "abortive_close", PLAIN + "0.100 server < RST,ACK", 6,
        "reset by an established end (since frame 3) that had sent 0 bytes and no FIN, with 100 bytes sent to it: closed "
        "with data unread, SO_LINGER 0 or killed; the wire cannot tell which (RFC 1122 4.2.2.13)",
    ),
    (
        "reused_ports", "isn client 7\nhandshake\nagain client2 server2 = client server\n90.0 client2 > SYN", 4,
        "a SYN with the new number 1000007 on addresses and ports that stream 0 has used up to frame 3 (RFC 9293 3.4.1)",
    ),
    (
        "reused_ports", "isn server 7\n0.000 client > SYN\n0.010 server < SYN,ACK\n0.020 server < SYN,ACK seq 5", 3,
        "a SYN,ACK with number 12, where this end began with 7 (frame 2 is its segment before) (RFC 9293 3.4.1)",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("code", "ladder", "frame", "detail"), CASES)
def test_the_sentence_has_numbers_frames_and_clause(code: str, ladder: str, frame: int, detail: str) -> None:
    finding = found(ladder, frame, code)
    assert finding.detail == detail
    assert finding.severity == next(row.severity for row in CODES.values() if row.name == code)


def test_codes_and_their_numbers_are_in_one_list_without_a_gap() -> None:
    assert sorted(CODES) == list(range(len(CODES)))
    assert len({row.name for row in CODES.values()}) == len(CODES)


def test_counts_are_exact_where_not_all_findings_are_kept() -> None:
    ladder = PLAIN + "".join(f"{1 + at / 1000} server < ACK\n" for at in range(50))
    kept = next(iter(tcptrace.analyze(parse(ladder).pcap(), max_findings=3)))
    assert kept.finding_counts["duplicate_ack"] == {"server": 50}
    assert [finding.frame for finding in kept.findings if finding.code == "duplicate_ack"] == [6, 7, 8]


def test_a_second_copy_of_a_packet_carries_no_code_but_duplicate_frame() -> None:
    ladder = """
        handshake
        0.030 client > PSH,ACK len 100
        0.031 copy 4
        0.032 server < ACK
        0.033 copy 6
        """
    connection = next(iter(tcptrace.analyze(parse(ladder).pcap())))
    codes = [(finding.frame, finding.code) for finding in connection.findings]
    assert codes == [(5, "duplicate_frame"), (7, "duplicate_frame")]


OURS = [
    (
        "simultaneous_open", "0.000 client > SYN\n0.001 server < SYN", 2,
        "the SYNs of frames 1 and 2 crossed: neither acknowledges the other (RFC 9293 3.5)",
    ),
    (
        "split_handshake", "isn client 7\n0.000 client > SYN\n0.010 server < ACK ack 1", 2,
        "the SYN in frame 1 is answered by an ACK alone (of 8) (RFC 9293 3.5)",
    ),
    (
        "syn_data", "0.000 client > SYN len 9", 1,
        "the SYN carries 9 octets, before the other end has said that it is there (RFC 7413)",
    ),
    (
        "one_direction", "0.000 client > SYN\n0.010 client > ACK ack 1\n0.020 client > PSH,ACK len 9 ack 1", 1,
        "only one end's segments are in the capture: 3 up to frame 3, and none of the other, though it is acknowledged "
        "(capture)",
    ),
    (
        "duplicate_frame", "handshake\n0.0201 copy 3\n0.030 client > PSH,ACK len 9\n0.0300005 copy 5", 6,
        "a second copy of the packet in frame 5, 500 ns apart, with 9 octets of data: no event of its own (capture)",
    ),
    (
        "rst_out_of_window", SCALED + "0.030 client > ACK win 50\n0.040 server < RST seq 201", 5,
        "RST with number 201, 1 number beyond the receive window 1 to 200 that frame 4 offers: nobody moves (RFC 5961 3.2)",
    ),
    (
        "rst_out_of_window", PLAIN + "0.100 client > RST seq 91", 6,
        "RST with number 91, 10 numbers below the receive window 101 to 65,635 that frame 5 offers: nobody moves "
        "(RFC 5961 3.2)",
    ),
    (
        "data_after_fin", PLAIN + "0.100 client > FIN,ACK\n0.110 client > PSH,ACK seq 101 len 10", 7,
        "9 octets beyond the sender's own FIN in frame 6 (number 101) (RFC 9293 3.10.4)",
    ),
    (
        "data_after_rst", PLAIN + "0.100 client > RST\n0.110 client > PSH,ACK len 10", 7,
        "10 octets after the sender's own RST in frame 6, 10.000 ms earlier (RFC 9293 3.5.2)",
    ),
    (
        "ack_of_unsent", PLAIN + "0.100 server < ACK ack 201\n0.110 client > PSH,ACK seq 101 len 50", 6,
        "acknowledges the 100 numbers 101 to 200, which the peer had not sent: its next segment, frame 7, has number 101 "
        "(RFC 9293 3.10.7.4)",
    ),
    (
        "syn_retransmission", "isn server 7\nhandshake\n1.010 server < SYN,ACK seq 0", 4,
        "the same SYN,ACK (number 7) again, first sent in frame 2, 1.000 s earlier (RFC 9293 3.8.1)",
    ),
    (
        "time_went_back", PLAIN + "0.035 client > ACK", 6,
        "5.000 ms older than frame 5, the segment before it in the file (capture)",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("code", "ladder", "frame", "detail"), OURS)
def test_ours_have_their_numbers_and_frames_too(code: str, ladder: str, frame: int, detail: str) -> None:
    assert found(ladder, frame, code).detail == detail


@pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")
def test_a_bad_checksum_has_the_stored_and_the_right_one_as_tshark_has_them() -> None:
    path = ROOT / "captures" / "capture-faults.pcap"
    (finding,) = [
        finding
        for connection in tcptrace.analyze(str(path))
        for finding in connection.findings
        if finding.code == "bad_checksum"
    ]
    fields = ["-e", "tcp.checksum", "-e", "tcp.checksum_calculated"]
    command = ["tshark", "-r", str(path), "-o", "tcp.check_checksum:TRUE", "-T", "fields", *fields]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    assert told[finding.frame - 1].split() == re.findall("0x[0-9a-f]{4}", finding.detail)


# The one sentence that has no number of its own: an input and a state prove it.
WITHOUT_NUMBER = {"not_in_state_machine"}


def test_every_code_of_the_goldens_has_a_number_and_its_clause_in_its_sentence() -> None:
    seen = set()
    for path in sorted(
        [*(ROOT / "captures").glob("*.pcap"), *(ROOT / "tests" / "data" / "kernel").glob("*.pcap")]
    ):
        for connection in tcptrace.analyze(str(path), checksums="all"):
            for finding in connection.findings:
                code = BY_NAME[finding.code]
                sentence = finding.detail.removesuffix(f" ({code.source})")
                assert sentence != finding.detail, (path.name, finding)
                if finding.code not in WITHOUT_NUMBER:
                    assert re.search(r"\d|no earlier copy", sentence), (path.name, finding)
                assert "{" not in sentence
                seen.add(finding.code)
    assert set(BY_NAME) - seen <= WITHOUT_NUMBER


def test_a_window_scale_beyond_14_is_taken_as_14() -> None:
    """RFC 7323 2.3; as large as the option has room for."""
    ladder = (
        "0.000 client > SYN ws 255 sackok\n0.010 server < SYN,ACK ws 1 sackok\n0.020 client > ACK win 16384\n"
        "0.100 client > ACK win 100"
    )
    assert "to 1,638,400 bytes" in found(ladder, 4, "window_update").detail
