"""``tcptrace serve`` and ``tcptrace client`` as processes: they say where, end by Ctrl-C, and fail in one line."""

import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tcptrace.lab import APPS, STYLES
from tests.cli.stand_in import go

ROOT = Path(__file__).parent.parent.parent
TCPTRACE = [sys.executable, "-m", "tcptrace"]


@contextmanager
def server(*options: str) -> Iterator[tuple["subprocess.Popen[str]", int]]:
    """Run ``tcptrace serve`` on a free port; give the process and the port."""
    command = [*TCPTRACE, "serve", *options, "--port", "0"]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as running:
        assert running.stdout is not None
        try:
            first = running.stdout.readline()
            found = re.search(r"(?:port |:)(\d+)\b", first)
            assert found, first
            yield running, int(found[1])
        finally:
            running.kill()


@pytest.mark.parametrize("style", STYLES)
def test_ctrl_c_ends_each_style_cleanly_even_with_a_client_that_hangs_on(
    style: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with server(style, "--app", "http") as (running, port):
        status, out, err = go(capsys, "client", "http", "--port", str(port), "--count", "2")
        assert (status, err) == (0, "")
        assert out.count("GET /picture.png: 200, ") == 2
        with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            assert connection.recv(8) == b"HTTP/1.1"
            running.send_signal(signal.SIGINT)
            out, err = running.communicate(timeout=10)
        assert (running.returncode, out, err) == (0, "3 connections served\n", "")


@pytest.mark.parametrize("app", APPS)
def test_the_first_line_says_what_how_and_where(app: str) -> None:
    with server("threads", "--app", app) as (running, port):
        assert port
        running.send_signal(signal.SIGINT)
        assert running.wait(10) == 0


def test_a_server_listens_on_loopback_alone_unless_told_otherwise() -> None:
    with server("threads") as (_, port):
        sockets = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
        listening = [row[1] for row in sockets if row[3] == "0A" and int(row[1].split(":")[1], 16) == port]
    assert [address.split(":")[0] for address in listening] == ["0100007F"]


def test_a_port_in_use_is_one_line_and_status_3(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        status, out, err = go(capsys, "serve", "threads", "--port", port)
    assert (status, out, err.count("\n")) == (3, "", 1)
    assert err.startswith(f"tcptrace: 127.0.0.1 port {port}: address already in use; ")


@pytest.mark.parametrize("host", ["192.0.2.1", "nowhere.invalid", "a" * 80 + ".b", "::2"])
def test_a_host_that_is_not_here_is_one_line_and_status_3(
    host: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, err = go(capsys, "serve", "threads", "--host", host, "--port", "0")
    assert (status, out, err.count("\n")) == (3, "", 1)
    assert err.startswith(f"tcptrace: {host} port 0: ")


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["serve"], "STYLE"),
        (["serve", "nonsense"], "nonsense"),
        (["serve", "threads", "--app", "nonsense"], "--app"),
        (["serve", "threads", "--port", "65536"], "--port"),
        (["serve", "threads", "--delay", "nan"], "--delay"),
        (["client"], "APP"),
        (["client", "hello", "--count", "0"], "--count"),
    ],
)
def test_a_wrong_command_line_is_one_line_and_status_2(
    options: list[str], named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, err = go(capsys, *options)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert named in err


def test_a_client_without_a_server_is_one_line_that_says_how_to_start_one(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    status, out, err = go(capsys, "client", "http", "--port", str(port))
    assert (status, out) == (3, "")
    assert err == (
        f"tcptrace: 127.0.0.1 port {port}: connection refused; "
        f"start one with `tcptrace serve threads --app http --port {port}`\n"
    )


def test_a_client_of_another_app_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with server("threads", "--app", "hello") as (_, port):
        status, _, err = go(capsys, "client", "http", "--port", str(port))
    assert (status, err.count("\n")) == (3, 1)
