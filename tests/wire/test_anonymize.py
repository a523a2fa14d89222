"""Anonymized addresses: prefixes stay prefixes, under one key, and nothing else is told."""

from hypothesis import given
from hypothesis import strategies as st

from tcptrace.wire.anonymize import Anonymizer

KEY = bytes(range(32))
WIDTHS = st.sampled_from([4, 16])
MADE = Anonymizer(KEY)


def common(a: bytes, b: bytes) -> int:
    """Leading bits that two addresses have in common."""
    return 8 * len(a) - (int.from_bytes(a, "big") ^ int.from_bytes(b, "big")).bit_length()


@given(st.data(), WIDTHS)
def test_two_addresses_have_as_long_a_prefix_in_common_as_before(data: st.DataObject, width: int) -> None:
    a = data.draw(st.binary(min_size=width, max_size=width))
    kept = data.draw(st.integers(0, 8 * width))
    noise = int.from_bytes(data.draw(st.binary(min_size=width, max_size=width)), "big") >> kept
    b = (int.from_bytes(a, "big") ^ noise).to_bytes(width, "big")
    assert common(MADE.address(a), MADE.address(b)) == common(a, b)


def test_every_address_of_a_network_comes_out_once() -> None:
    network = [bytes((192, 0, high, low)) for high in (2, 3) for low in range(256)]
    made = {MADE.address(address) for address in network}
    assert len(made) == 512
    assert len({address[:2] for address in made}) == 1
    assert not made & set(network)


def test_the_key_decides() -> None:
    addresses = [bytes((10, 0, 0, low)) for low in range(64)]
    again, other = Anonymizer(KEY), Anonymizer(KEY[::-1])
    assert [again.address(each) for each in addresses] == [MADE.address(each) for each in addresses]
    assert [other.address(each) for each in addresses] != [MADE.address(each) for each in addresses]
    assert MADE.label(b"cookie", 8) == again.label(b"cookie", 8) != other.label(b"cookie", 8)
    assert MADE.label(b"cookie", 8) != MADE.label(b"cookif", 8)


def test_versions_and_labels_are_told_apart() -> None:
    assert MADE.address(bytes(16))[:4] != MADE.address(bytes(4))
    assert MADE.label(bytes(4), 4) != MADE.address(bytes(4))


def test_about_half_of_all_bits_are_flipped() -> None:
    flipped = 0
    for number in range(400):
        address = (number * 0x9E3779B1 & 0xFFFFFFFF).to_bytes(4, "big")
        flipped += (int.from_bytes(address, "big") ^ int.from_bytes(MADE.address(address), "big")).bit_count()
    assert 0.4 < flipped / (400 * 32) < 0.6
