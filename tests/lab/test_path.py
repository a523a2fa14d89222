"""The path between the hosts: rules in the words of the scenarios, weather by seed, and packets that peers can read."""

import ipaddress

import dpkt
import pytest
from scapy.layers.inet import IP, TCP

from tcptrace.lab.path import Path, Weather, is_ack, is_any, is_data, is_fin, is_rst, is_syn, is_syn_ack
from tcptrace.lab.segment import ACK, FIN, PSH, RST, SYN, Segment, read_segment

CLIENT, SERVER = ("10.0.0.1", 28001), ("10.0.0.2", 29001)


def segment(flags: int, payload: bytes = b"") -> Segment:
    return Segment(CLIENT, SERVER, flags, 1, 1, payload=payload)


def arrives(path: Path, sender: str, flags: int, payload: bytes = b"") -> tuple[float, ...]:
    """Return when a segment's copies arrive, beyond the path's own delay."""
    found = path.arrivals_s(sender, segment(flags, payload).packet())
    return tuple(round(at - path.delay_s, 6) for at in found)


def test_the_first_fin_of_the_client_is_dropped_and_no_other() -> None:
    path = Path()
    path.drop("client", is_fin)
    assert arrives(path, "server", FIN | ACK) == (0.0,)
    assert arrives(path, "client", ACK) == (0.0,)
    assert arrives(path, "client", FIN | ACK) == ()
    assert arrives(path, "client", FIN | ACK) == (0.0,)


def test_rules_delay_duplicate_and_drop_so_many() -> None:
    path = Path()
    path.delay("client", is_data, 0.5)
    path.duplicate("client", is_syn, 0.25)
    path.drop("client", is_rst, None)
    assert arrives(path, "client", PSH | ACK, b"x") == (0.5,)
    assert arrives(path, "client", PSH | ACK, b"x") == (0.0,)
    assert arrives(path, "client", SYN) == (0.0, 0.25)
    assert [arrives(path, "client", RST) for _ in range(3)] == [(), (), ()]
    path.clear()
    assert arrives(path, "client", RST) == (0.0,)


def test_the_same_seed_gives_the_same_weather_and_another_seed_another() -> None:
    def days(seed: int) -> list[tuple[float, ...]]:
        path = Path()
        path.weather(seed, Weather(loss=0.3, duplicate=0.3, reorder=0.3))
        return [arrives(path, "client", ACK) for _ in range(200)]

    assert days(1) == days(1)
    assert days(1) != days(2)
    assert {len(day) for day in days(1)} == {0, 1, 2}


@pytest.mark.parametrize(
    ("match", "flags", "payload"),
    [
        (is_syn, SYN, b""),
        (is_syn_ack, SYN | ACK, b""),
        (is_fin, FIN | ACK, b""),
        (is_rst, RST, b""),
        (is_ack, ACK, b""),
    ],
)
def test_each_match_knows_its_kind_alone(match: object, flags: int, payload: bytes) -> None:
    kinds = (is_syn, is_syn_ack, is_fin, is_rst, is_ack)
    assert [kind for kind in kinds if kind(segment(flags, payload))] == [match]
    assert is_any(segment(flags, payload))
    assert is_data(segment(ACK, b"x"))
    assert not is_ack(segment(ACK, b"x"))


@pytest.mark.parametrize("hosts", [("10.0.0.1", "10.0.0.2"), ("fd00::1", "fd00::2")])
def test_a_packet_is_one_that_dpkt_and_scapy_read_with_right_checksums(hosts: tuple[str, str]) -> None:
    here, there = hosts
    made = Segment((here, 1), (there, 2), SYN | ACK, 2**32 - 1, 7, 500, b"odd", bytes([2, 4, 5, 180]))
    packet = made.packet()
    assert read_segment(packet) == made
    assert made.end == 3
    read = dpkt.ip.IP(packet) if "." in here else dpkt.ip6.IP6(packet)
    assert (read.data.sport, read.data.seq, read.data.ack, read.data.win) == (1, 2**32 - 1, 7, 500)
    assert (read.data.data, read.data.opts) == (b"odd", bytes([2, 4, 5, 180]))
    if "." in here:
        parsed = IP(packet)
        sums = (parsed.chksum, parsed[TCP].chksum)
        del parsed.chksum, parsed[TCP].chksum
        again = IP(bytes(parsed))
        assert (again.chksum, again[TCP].chksum) == sums
    assert ipaddress.ip_address(here).packed in packet


def test_no_packet_whatever_raises() -> None:
    packet = segment(SYN, b"data").packet()
    for cut in range(len(packet)):
        read_segment(packet[:cut])
    for place in range(len(packet)):
        for value in (0, 255):
            read_segment(packet[:place] + bytes([value]) + packet[place + 1 :])
