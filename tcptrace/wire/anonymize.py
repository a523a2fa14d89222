"""Addresses that nobody can trace back, prefix by prefix: networks stay networks, under a key.

The construction is Crypto-PAn's (Xu, Fan, Ammar, Moon: "Prefix-Preserving IP Address Anonymization", ICNP
2002): each bit is flipped or not by a pseudo-random function of the bits before it. The function is keyed
BLAKE2b (RFC 7693) instead of AES, so the addresses are not those that other tools make with the same key.
"""

from functools import lru_cache
from hashlib import blake2b

KEY_OCTETS = 32
CACHED = 65536  # addresses

_V4, _V6, _OTHER = b"ipv4", b"ipv6", b"label"  # uses of one key, told apart (BLAKE2's personalisation)


class Anonymizer:
    """Replaces addresses and labels under one key; the same ones always by the same ones."""

    def __init__(self, key: bytes) -> None:
        """Take a secret of any length; who has it can undo the addresses."""
        self._key = blake2b(key, digest_size=KEY_OCTETS).digest()
        self.address = lru_cache(maxsize=CACHED)(self._address)

    def _address(self, address: bytes) -> bytes:
        """Return the address of 4 or 16 octets that stands for ``address``.

        Two addresses have exactly as many leading bits in common as those that stand for them.
        """
        size = len(address)
        bits = int.from_bytes(address, "big")
        width = 8 * size
        function = blake2b(digest_size=1, key=self._key, person=_V4 if size == 4 else _V6)
        flips = 0
        for known in range(width):
            prefix = bits >> (width - known)
            told = function.copy()
            told.update(bytes((known,)) + prefix.to_bytes(size, "big"))
            flips = flips << 1 | (told.digest()[0] & 1)
        return (bits ^ flips).to_bytes(size, "big")

    def label(self, octets: bytes, size: int) -> bytes:
        """Return ``size`` octets (at most 64) that stand for ``octets``: equal ones for equal ones."""
        return blake2b(octets, digest_size=size, key=self._key, person=_OTHER).digest()
