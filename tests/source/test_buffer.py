"""What the kernel keeps until it is taken is as large as was asked for; the truth comes from `ss`."""

import errno
import os
import re
import subprocess

import pytest

from tcptrace.cli.command_line import run
from tcptrace.source.live import LiveSource
from tcptrace.source.messages import Messages
from tcptrace.source.ring import Ring
from tests.live import needs, needs_root

pytestmark = needs_root
MIB = 1 << 20


def kernel_s(option: str) -> str:
    """Return what `ss` says of this process's packet sockets."""
    said = subprocess.run(["ss", "-0Hp", option], capture_output=True, text=True, check=True).stdout
    sockets = re.split(r"^(?=p_)", said, flags=re.MULTILINE)
    return "".join(each for each in sockets if f"pid={os.getpid()}," in each)


@needs("ss")
@pytest.mark.parametrize(
    ("asked", "blocks"), [(None, 64), (1, 2), (5 * MIB, 5), (5 * MIB + 1, 6), (100 * MIB, 100)]
)
def test_the_ring_has_as_many_blocks_as_hold_what_was_asked_for(asked: int | None, blocks: int) -> None:
    source = LiveSource(["lo"], buffer_octets=asked)
    try:
        assert f"ring_rx(blk_size:{MIB},blk_nr:{blocks}," in kernel_s("-e")
    finally:
        source.close()


@needs("ss")
def test_without_ring_it_is_the_socket_s_buffer() -> None:
    source = LiveSource(["lo"], ring=False, buffer_octets=100 * MIB)
    try:  # the kernel doubles it, for what a frame takes beside its octets: socket(7)
        assert f",rb{2 * 100 * MIB}," in kernel_s("-m")
    finally:
        source.close()


def _has_no_memory(ring: Ring) -> None:
    raise OSError(errno.ENOMEM, os.strerror(errno.ENOMEM))


def test_where_the_kernel_has_no_memory_for_it_that_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(Ring, "_prepare", _has_no_memory)
    assert run(["capture", "-i", "lo", "-B", "2000000", "-c", "1"]) == 3
    assert capsys.readouterr().err == (
        "tcptrace: lo: the kernel has no memory for a buffer of 2,000,000 KiB; give a smaller one (-B)\n"
    )


def test_where_nobody_asked_for_a_size_frames_then_come_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Ring, "_prepare", _has_no_memory)
    source = LiveSource(["lo"])
    source.close()
    assert [type(tap.ring) for tap in source._taps] == [Messages]
