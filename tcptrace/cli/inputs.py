"""The captures that a command line names: which words they are, and how they are read."""

import os
from collections.abc import Sequence

from tcptrace.model.errors import UsageError
from tcptrace.model.light import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

    from tcptrace.cli.pipe import PipeInput

# A word with one of these ends is a file's name, whether or not there is such a file.
SUFFIXES = (".pcap", ".pcapng", ".cap", ".gz", ".bz2", ".xz", ".zst", ".lz4", ".txt")
# With these a filter may begin, even where a file is called so.
_FILTER_WORDS = """
! ( ah action and arp atalk broadcast carp dir dst esp ether fddi gateway geneve greater host icmp icmp6 ifname igmp
igrp inbound ip ip6 ipx iso len less link llc mpls multicast net not on or outbound pim port portrange ppp pppoed
pppoes proto protochain ra rarp reason rnr sctp slip src stp subtype ta tcp tr type udp vlan vrrp vxlan wlan
"""


def split_words(words: Sequence[str], named: Sequence[str]) -> tuple[tuple[str, ...], str]:
    """Return the captures and the filter.

    ``named`` are those of ``-r``; without any the first of ``words`` is one. What follows belongs to them as
    long as it is the name of a file; the rest is the filter.
    """
    files, rest = list(named), list(words)
    if not files:
        if not rest:
            raise UsageError("FILE: missing; name a capture, or - for standard input")
        files.append(rest.pop(0))
    while rest and _is_file(rest[0]):
        files.append(rest.pop(0))
    return tuple(files), " ".join(rest)


def _is_file(word: str) -> bool:
    """Say whether a word is a file's name, and not the beginning of a filter."""
    if word == "-" or word.lower().endswith(SUFFIXES):
        return True
    return word not in _FILTER_WORDS.split() and os.path.exists(word) and not os.path.isdir(word)


class Inputs:
    """What is read: paths as they stand; pipes and a followed file so that the first interrupt ends them."""

    def __init__(self, paths: Sequence[str], follow: bool = False) -> None:
        """Open what has to be opened here; ``follow``: the one file grows, and is read until an interrupt."""
        self._pipes: list[PipeInput] = []
        opened: list[Any] = []
        if follow and len(paths) > 1:
            raise UsageError(f"--follow: {len(paths)} files; follow one at a time")
        if follow and paths[0] == "-":
            raise UsageError(
                "--follow: standard input is read until it ends anyway; name the file that grows"
            )
        try:
            for path in paths:
                opened.append(self._open(path, follow) or path)
        except BaseException:
            self.close()
            raise
        self.source: Any = opened[0] if len(opened) == 1 else opened  # as ``tcptrace.analyze`` takes it

    @property
    def live(self) -> bool:
        """Whether frames may still be on their way: results are then written as they come."""
        return bool(self._pipes)

    def close(self) -> None:
        """Give the interrupt back to whom it belonged."""
        while self._pipes:
            self._pipes.pop().close()

    def _open(self, path: str, follow: bool) -> "PipeInput | None":
        """Return the pipe that ``path`` is, ``None`` for files, without importing signals and polls for those."""
        if path != "-" and os.path.isfile(path) and not follow:
            return None
        from tcptrace.cli import pipe

        found = pipe.open_pipe(path) or (pipe.follow(path) if follow else None)
        if found is not None:
            self._pipes.append(found)
        return found
