"""An endpoint of the simulator by itself: segment in, segment out, as the RFCs' text has it."""

import dpkt
import pytest

from tcptrace.lab.segment import ACK, FIN, PSH, RST, SYN, Segment
from tcptrace.lab.simulator.connection import Habits
from tcptrace.lab.simulator.endpoint import Endpoint
from tcptrace.lab.simulator.host import Host
from tcptrace.lab.simulator.options import Options, read_options
from tcptrace.lab.simulator.script import Listening

HERE, THERE = ("192.0.2.1", 28001), ("192.0.2.2", 29001)
ISS, IRS = 2**32 - 3, 1000
SECOND = 1_000_000_000
PLAIN = Habits(has_timestamps=False, may_sack=False, shift=None)


def peer(flags: int, seq: int, ack: int = 0, size: int = 0, window: int = 5000, **options: object) -> Segment:
    """Return a segment of the other end; its numbers relative to the initial ones."""
    octets = Options(**options).octets()  # type: ignore[arg-type]
    acked = (ISS + ack) % 2**32 if flags & ACK else 0
    return Segment(THERE, HERE, flags, (IRS + seq) % 2**32, acked, window, bytes(size), octets)


def heard(end: Endpoint, at_s: float, *segments: Segment) -> list[Segment]:
    """Return what an end answers."""
    end.sent.clear()
    for segment in segments:
        end.arrives(int(at_s * SECOND), segment)
    return list(end.sent)


def numbers(segment: Segment) -> tuple[int, int, int, int]:
    """Return flags, relative numbers, and the length."""
    ack = (segment.ack - IRS) % 2**32 if segment.flags & ACK else 0
    return segment.flags, (segment.seq - ISS) % 2**32, ack, len(segment.payload)


def established(habits: Habits = PLAIN, **options: object) -> Endpoint:
    """Return an end that has opened; the other's SYN-ACK had these options."""
    end = Endpoint(HERE, THERE, ISS, habits)
    end.open(0)
    heard(end, 0.02, peer(SYN | ACK, 0, 1, **{"mss": 1000, **options}))
    assert end.state == "ESTABLISHED"
    return end


@pytest.mark.parametrize(
    ("segment", "why"),
    [
        (peer(RST, 101), "RFC 5961 3.2: in the window, not at RCV.NXT"),
        (peer(SYN, 1), "RFC 5961 4.2"),
        (peer(SYN, 3000), "RFC 5961 4.2"),
        (peer(ACK, 1, 2), "3.10.7.4: acknowledges what was never sent"),
        (peer(ACK, 1, -6000), "RFC 5961 5.2: older than any window"),
        (peer(PSH | ACK, -50, 1, 10), "3.10.7.4 First: before the window"),
        (peer(PSH | ACK, 70_000, 1, 10), "3.10.7.4 First: beyond it"),
        (peer(ACK, 0, 1), "3.8.4: a keep-alive"),
    ],
)
def test_what_is_not_taken_is_answered_by_an_ack(segment: Segment, why: str) -> None:
    end = established()
    assert [numbers(one) for one in heard(end, 1, segment)] == [(ACK, 1, 1, 0)], why
    assert end.state == "ESTABLISHED"


def test_a_rst_outside_the_window_is_not_answered_and_one_at_rcv_nxt_ends_it() -> None:
    end = established()
    assert heard(end, 1, peer(RST, -1), peer(RST, 70_000)) == []
    assert end.state == "ESTABLISHED"
    assert heard(end, 1, peer(RST, 1)) == []
    assert end.state == "CLOSED"


def test_an_old_timestamp_is_refused_but_not_on_a_rst() -> None:
    # RFC 7323 5.3.
    end = established(PLAIN._replace(has_timestamps=True), times=(500, 1))
    (answer,) = heard(end, 1, peer(PSH | ACK, 1, 1, 10, times=(499, 1)))
    assert numbers(answer) == (ACK, 1, 1, 0)
    (answer,) = heard(end, 1, peer(PSH | ACK, 1, 1, 10, times=(500, 1)))
    assert numbers(answer) == (ACK, 1, 11, 0)
    assert read_options(answer.options).times == (1001, 500)
    assert heard(end, 1, peer(RST, 11, times=(1, 1))) == []
    assert end.state == "CLOSED"


def test_sack_names_what_lies_beyond_the_hole_the_newest_first_and_what_came_twice() -> None:
    # RFC 2018 4, RFC 2883 4.
    end = established(PLAIN._replace(may_sack=True), may_sack=True)
    answers = heard(end, 1, *(peer(ACK, seq, 1, 10) for seq in (21, 41, 31, 1, 11, 11)))
    blocks = [
        [tuple((edge - IRS) % 2**32 for edge in block) for block in read_options(one.options).blocks]
        for one in answers
    ]
    assert blocks == [[(21, 31)], [(41, 51), (21, 31)], [(21, 51)], [(21, 51)], [], [(11, 21)]]
    assert [numbers(one)[2] for one in answers] == [1, 1, 1, 11, 51, 51]


def test_what_sack_shows_as_there_is_not_sent_again_on_duplicate_acks() -> None:
    end = established(PLAIN._replace(may_sack=True), may_sack=True)
    end.send(SECOND, 4000)
    has = ((ISS + 1) % 2**32, (ISS + 1001) % 2**32)
    again = heard(end, 1.1, *[peer(ACK, 1, 1, blocks=(has,))] * 3)
    assert [numbers(one) for one in again] == [(PSH | ACK, 1001, 1, 1000)]


def test_a_syn_s_window_is_not_scaled_and_the_others_are() -> None:
    # RFC 7323 2.2.
    end = Endpoint(HERE, THERE, ISS, PLAIN._replace(room=60_000, shift=3))
    end.open(0)
    assert (end.sent[0].window, read_options(end.sent[0].options).shift) == (60_000, 3)
    (answer,) = heard(end, 0.02, peer(SYN | ACK, 0, 1, window=2000, mss=1000, shift=2))
    assert answer.window == 60_000 >> 3
    end.sent.clear()
    end.send(SECOND, 9000)
    assert sum(len(one.payload) for one in end.sent) == 2000
    heard(end, 1.1, peer(ACK, 1, 2001, window=1000))
    assert sum(len(one.payload) for one in end.sent) == 4000


def test_the_window_of_a_simultaneous_open_s_syn_ack_is_not_scaled() -> None:
    # RFC 7323 2.2: "The window field in a segment where the SYN bit is set ... MUST NOT be scaled."
    end = Endpoint(HERE, THERE, ISS, PLAIN._replace(shift=7))
    end.open(0)
    heard(end, 0.01, peer(SYN, 0, mss=1000, shift=7, window=700))
    assert end.state == "SYN-RECEIVED"
    heard(end, 0.02, peer(SYN | ACK, 0, 1, mss=1000, shift=7, window=700))
    assert end.state == "ESTABLISHED"
    end.sent.clear()
    end.send(SECOND, 3000)
    assert 0 < sum(len(one.payload) for one in end.sent) <= 700


def test_a_closed_window_is_probed_by_one_octet_and_more_goes_when_it_opens() -> None:
    # 3.8.6.1.
    end = established()
    end.send(SECOND, 5000 + 700)
    end.sent.clear()
    assert heard(end, 1.1, peer(ACK, 1, 5001, window=0)) == []
    for _ in range(3):  # again and again, later each time
        assert end.timer_ns is not None
        end.tick(end.timer_ns)
    assert [numbers(one) for one in end.sent] == [(ACK, 5001, 1, 1)] * 3
    answers = heard(end, 9, peer(ACK, 1, 5001, window=5000))
    assert [numbers(one) for one in answers] == [(ACK, 5001, 1, 1), (PSH | ACK, 5002, 1, 699)]


def test_a_fast_open_cookie_that_is_not_the_server_s_keeps_the_text_out() -> None:
    # RFC 7413 4.2.2: the SYN-ACK acknowledges the SYN alone, and the text goes again.
    ends = {
        cookie: Endpoint(THERE, HERE, IRS, PLAIN._replace(cookie=b"the cookie"))
        for cookie in (b"the cookie", b"other")
    }
    for cookie, server in ends.items():
        server.listen()
        client = Endpoint(HERE, THERE, ISS, PLAIN._replace(cookie=cookie))
        client.open(0, 100)
        server.arrives(SECOND, client.sent[0])
        taken = 100 if cookie == b"the cookie" else 0
        assert (server.sent[0].ack - ISS) % 2**32 == 1 + taken
        answers = heard(client, 2, server.sent[0])
        sent_again = [len(one.payload) for one in answers if one.payload]
        assert sent_again == ([] if taken else [100])


def test_a_fin_again_into_time_wait_starts_2msl_anew() -> None:
    # 3.10.7.4 Eighth, TIME-WAIT.
    end = established()
    end.shut(SECOND)
    heard(end, 2, peer(FIN | ACK, 1, 2))
    assert (end.state, end.timer_ns) == ("TIME-WAIT", 242 * SECOND)
    assert [numbers(one) for one in heard(end, 5, peer(FIN | ACK, 1, 2))] == [(ACK, 2, 2, 0)]
    assert end.timer_ns == 245 * SECOND
    end.tick(245 * SECOND)
    assert end.state == "CLOSED"


@pytest.mark.parametrize(
    ("seq", "times", "is_new"),
    [(7000, None, True), (-7000, None, False), (-7000, (90, 0), True), (7000, (1, 0), False)],
)
def test_a_syn_ends_time_wait_by_its_timestamp_else_by_its_number(
    seq: int, times: tuple[int, int] | None, is_new: bool
) -> None:
    # RFC 6191 2.
    habits = PLAIN._replace(has_timestamps=times is not None)
    stamped = {"times": (50, 0)} if times is not None else {}
    host = Host(HERE[0], 1, habits, Listening(HERE[1]), lambda host, end, what: None, ISS)
    host.arrives(0, peer(SYN, 0, **stamped))
    first = host.lives[0]
    first.arrives(1, peer(ACK, 1, 1, **stamped))
    first.shut(2)
    first.arrives(3, peer(FIN | ACK, 1, 2, **stamped))
    assert first.state == "TIME-WAIT"
    host.arrives(SECOND, peer(SYN, seq, **({"times": times} if times is not None else {})))
    assert [end.state for end in host.lives] == (["CLOSED", "SYN-RECEIVED"] if is_new else ["TIME-WAIT"])


def test_the_options_are_those_that_dpkt_reads() -> None:
    options = Options(1460, 7, True, ((1, 2), (3, 2**32 - 1)), (5, 6), b"12345678")
    octets = options._replace(blocks=()).octets()
    found = {kind: value for kind, value in dpkt.tcp.parse_opts(octets) if kind != dpkt.tcp.TCP_OPT_NOP}
    assert found == {2: b"\x05\xb4", 4: b"", 8: bytes([0, 0, 0, 5, 0, 0, 0, 6]), 3: b"\x07", 34: b"12345678"}
    assert read_options(options.octets()) == options
    for cut in range(len(octets)):
        read_options(octets[:cut])
