"""The pytest plugin, as other projects use it: pytester runs their tests on a small service that is broken in six ways."""

import importlib.metadata
import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import tcptrace
from tcptrace.testing.marker import ARGUMENTS
from tests.live import needs_root, unprivileged
from tests.plugin_service import BROKEN

ROOT = Path(__file__).parent.parent
INSTALLED = bool(importlib.metadata.entry_points(group="pytest11", name="tcptrace"))
# Other plugins take longer to load than these tests to run.
ALONE = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONPATH": str(ROOT)}
PLUGIN = ["-p", "tcptrace.pytest_plugin"]
CONFTEST = """
import pytest
from plugin_service import Service, ask

@pytest.fixture(params=[""])
def service(request):
    service = Service(request.param)
    yield service
    service.close()

def broken(how):
    return pytest.mark.parametrize("service", [how], indirect=True, ids=[how or "whole"])
"""
HEAD = "import pytest, socket, time\nfrom conftest import ask, broken\n"


@pytest.fixture
def project(pytester: pytest.Pytester) -> pytest.Pytester:
    """Return a project with the service in it."""
    shutil.copy(ROOT / "tests" / "plugin_service.py", pytester.path)
    pytester.makeconftest(CONFTEST)
    pytester.makeini("[pytest]\naddopts = -p no:cacheprovider\n")
    return pytester


def run(project: pytest.Pytester, *options: str) -> pytest.RunResult:
    """Run the project's tests in a process of their own."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in ALONE.items():
            patch.setenv(name, value)
        return project.run(sys.executable, "-m", "pytest", *PLUGIN, *options, timeout=120)


def outcomes(result: pytest.RunResult) -> dict[str, int]:
    return {key: value for key, value in result.parseoutcomes().items() if not key.startswith("warning")}


def test_at_load_it_imports_only_pytest() -> None:
    script = (
        "import sys, pytest; before = set(sys.modules); import tcptrace.pytest_plugin; "
        "print(sorted(set(sys.modules) - before))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == "['tcptrace', 'tcptrace.pytest_plugin']\n"


@pytest.mark.skipif(not INSTALLED, reason="tcptrace is not installed here, only importable: no entry point")
def test_installed_it_is_there_without_being_named(project: pytest.Pytester) -> None:
    result = project.run(sys.executable, "-m", "pytest", "--fixtures")
    result.stdout.fnmatch_lines(["tcp_capture*"])


@needs_root
def test_a_service_that_keeps_its_contract_passes(project: pytest.Pytester) -> None:
    project.makepyfile(
        HEAD
        + """
@pytest.mark.tcp(no_resets=True, closed_by="client", outcome="closed", no_findings="warning", handshake_s=0.5,
                 rules=["never in CLOSE-WAIT > 1 s"])
def test_marked(service):
    assert ask(service.address) == b"HELLO\\n"

def test_fixture(service, tcp_capture):
    for _ in range(3):
        ask(service.address)
    assert [c.outcome for c in tcp_capture.connections] == ["closed"] * 3
    for connection in tcp_capture.connections:
        tcp_capture.assert_path(
            connection,
            client="CLOSED SYN-SENT ESTABLISHED FIN-WAIT-1 FIN-WAIT-2 TIME-WAIT",
            server="LISTEN SYN-RECEIVED ESTABLISHED CLOSE-WAIT LAST-ACK CLOSED",
        )
        assert connection.server.port == service.address[1]
        assert len(tcp_capture.segments(connection)) == sum((connection.packets.client, connection.packets.server))
    ask(service.address)
    assert len(tcp_capture.connections) == 4
    assert tcp_capture.path.exists()
"""
    )
    result = run(project)
    assert outcomes(result) == {"passed": 2}
    assert list(project.path.rglob("*.pcapng")) == []


CASES: dict[str, tuple[str, str, list[str]]] = {
    "reset-on-close": (
        "no_resets=True",
        "ask(service.address); time.sleep(0.1)",
        ["broken: reset_by == none", "*: reset_by is server", "*RST,ACK seq*│ CLOSED*"],
    ),
    "never-closes": (
        'rules="never in CLOSE-WAIT > 0.1 s", outcome="closed"',
        "ask(service.address); time.sleep(0.3)\n    other = ask(service.address)",
        ["broken: outcome == closed", "*: outcome is half-closed", "broken: never in CLOSE-WAIT > 0.1 s",
         "*the server was in CLOSE-WAIT from frame * to the capture's end"],
    ),
    "closes-first": (
        'closed_by="client"',
        "ask(service.address, linger_s=0.2)",
        ["broken: closed_first == client", "*: closed_first is server", "*│◀──*FIN,ACK*│ FIN-WAIT-1"],
    ),
    "half-open": (
        'outcome="closed"',
        "ask(service.address, linger_s=0.2)",
        ["broken: outcome == closed", "*: outcome is reset", "*RST seq*│ CLOSED"],
    ),
    "refuses": (
        'outcome="closed"',
        "with pytest.raises(ConnectionRefusedError):\n        ask(service.address)",
        ["broken: outcome == closed", "*: outcome is refused"],
    ),
    "slow-accept": (
        "handshake_s=0.5",
        "held = [socket.create_connection(service.address) for _ in range(2)]",
        ["broken: handshake_s < 0.5", "*: handshake_s is 1.*", "*SYN seq 0*"],
    ),
}  # fmt: skip


def test_each_way_to_break_the_service_has_its_case() -> None:
    assert tuple(CASES) == BROKEN


@needs_root
@pytest.mark.parametrize("how", BROKEN)
def test_what_is_broken_is_caught_with_the_right_words(project: pytest.Pytester, how: str) -> None:
    marker, code, words = CASES[how]
    whole = "" if how == "refuses" else how  # a whole service refuses nobody: nothing to ask in the same way
    project.makepyfile(
        HEAD
        + f"""
@broken("{how}")
@pytest.mark.tcp({marker})
def test_broken(service):
    {code}

@pytest.mark.skipif({not whole}, reason="")
@broken("")
@pytest.mark.tcp({marker})
def test_whole(service):
    {code}
"""
    )
    result = run(project)
    assert outcomes(result) == {"failed": 1, "passed" if whole else "skipped": 1}
    assert "test_broken" in result.stdout.str().split("short test summary")[1]
    for line in [*words, "*TCP connections*", "kept: */tcp_capture.pcapng"]:
        result.stdout.fnmatch_lines([line])
    # The capture that was kept has what the ladder showed.
    (kept,) = re.findall(r"kept: (.*)", result.stdout.str())
    assert any(c.server.ip == "127.0.0.1" for c in tcptrace.analyze(kept))


@needs_root
def test_assert_path_shows_both_paths_and_where_they_part(project: pytest.Pytester) -> None:
    project.makepyfile(
        HEAD
        + """
@broken("half-open")
def test_path(service, tcp_capture):
    ask(service.address, linger_s=0.2)
    tcp_capture.assert_path(tcp_capture.connection, server="LISTEN SYN-RECEIVED ESTABLISHED CLOSE-WAIT * CLOSED")
"""
    )
    result = run(project)
    assert outcomes(result) == {"failed": 1}
    result.stdout.fnmatch_lines(
        [
            ">       tcp_capture.assert_path(*",
            "E * server: expected CLOSE-WAIT after ESTABLISHED, got CLOSED at frame * (snd RST, RFC 9293 3.10.5)",
            "E * expected  LISTEN SYN-RECEIVED ESTABLISHED CLOSE-WAIT * CLOSED",
            "E * got       LISTEN SYN-RECEIVED ESTABLISHED CLOSED",
            "E " + " " * 10 + "*^^^^^^^^^^",
        ]
    )


@needs_root
def test_goldens_are_written_then_kept_and_a_difference_is_told(project: pytest.Pytester) -> None:
    project.makepyfile(
        HEAD
        + """
@broken("")
def test_golden(service, tcp_capture):
    ask(service.address, linger_s=0.2)
    tcp_capture.assert_golden()
"""
    )
    result = run(project)
    assert outcomes(result) == {"failed": 1}
    result.stdout.fnmatch_lines(["*no golden; run pytest with --tcp-golden=update, and look it over"])
    result = run(project, "--tcp-golden=update")
    assert outcomes(result) == {"passed": 1}
    name = "test_goldens_are_written_then_kept_and_a_difference_is_told"
    path = project.path / "golden" / f"{name}-test_golden_whole.expect.toml"
    result.stdout.fnmatch_lines(["*TCP goldens written; look them over*", str(path)])
    text = path.read_text()
    assert 'client = "127.0.0.1:*"' in text
    assert outcomes(run(project)) == {"passed": 1}
    assert path.read_text() == text
    # The service changes: from now on it closes first.
    source = project.path / f"{name}.py"
    source.write_text(source.read_text().replace('@broken("")', '@broken("closes-first")'))
    path.rename(path.with_name(f"{name}-test_golden_closes-first.expect.toml"))
    result = run(project)
    assert outcomes(result) == {"failed": 1}
    result.stdout.fnmatch_lines(
        [
            "*client: expected FIN-WAIT-1 (snd FIN, RFC 9293 3.10.4), got CLOSE-WAIT at frame * (rcv FIN, *",
            "*expected closed_first client, got server",
            "*pytest --tcp-golden=update accepts what is new",
        ]
    )


@needs_root
def test_workers_of_xdist_see_only_their_own_connections(project: pytest.Pytester) -> None:
    project.makepyfile(
        HEAD
        + """
@pytest.mark.parametrize("number", range(8))
@pytest.mark.tcp(no_resets=True, closed_by="client")
def test_many(service, tcp_capture, number):
    for _ in range(number + 1):
        ask(service.address)
    assert len(tcp_capture.connections) == number + 1

@broken("reset-on-close")
@pytest.mark.tcp(no_resets=True)
def test_broken(service):
    ask(service.address); time.sleep(0.1)
"""
    )
    result = run(project, "-p", "xdist", "-n", "3")
    assert outcomes(result) == {"passed": 8, "failed": 1}
    result.stdout.fnmatch_lines(["*reset_by is server"])


@needs_root
def test_a_service_in_a_process_of_its_own_is_the_test_s_and_a_stranger_s_is_not(
    project: pytest.Pytester,
) -> None:
    project.makepyfile(
        HEAD
        + """
import subprocess, sys

STRANGER = '''
import socket, time
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
for _ in range(40):
    with socket.create_connection(listener.getsockname()), listener.accept()[0]:
        time.sleep(0.05)
'''
ASKER = "import sys; from plugin_service import ask; ask(('127.0.0.1', int(sys.argv[1])))"

def test_processes(tcp_capture):
    # A double fork: the stranger is no descendant of this process.
    command = f"{sys.executable} -c \\"$0\\" & exit 0"
    stranger = subprocess.Popen(["sh", "-c", command, STRANGER], stdout=subprocess.PIPE)
    stranger.wait()
    port = int(stranger.stdout.readline())
    service = subprocess.Popen(
        [sys.executable, "plugin_service.py"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    own = int(service.stdout.readline())
    # Neither end is this process's: the service is its child, and so is who asks it.
    subprocess.run([sys.executable, "-c", ASKER, str(own)], check=True)
    assert [c.server.port for c in tcp_capture.connections] == [own]
    assert port in [c.server.port for c in tcp_capture.everything]
    service.stdin.close()
    service.wait()
    tcp_capture.ports = {port}
    assert {c.server.port for c in tcp_capture.connections} == {port}
"""
    )
    assert outcomes(run(project)) == {"passed": 1}


PRIVATE = """
import os

@pytest.fixture(scope="session")
def shared():
    from plugin_service import Service
    service = Service()
    yield service
    service.close()

def test_before(shared):
    assert ask(shared.address)

@pytest.mark.tcp(closed_by="client")
def test_recorded(shared, tcp_capture):
    assert ask(shared.address)
    # Nobody else is here.
    assert len(tcp_capture.everything) == len(tcp_capture.connections) == 1

@broken("reset-on-close")
@pytest.mark.tcp(no_resets=True)
def test_broken(service):
    print("said in the child")
    ask(service.address); time.sleep(0.1)

def test_after(shared):
    assert ask(shared.address)
"""


@needs_root
@pytest.mark.parametrize("options", [(), ("-p", "xdist", "-n", "2")], ids=["alone", "xdist"])
def test_in_a_private_network_a_test_has_its_own_fixtures_and_its_reports_come_back(
    project: pytest.Pytester, options: tuple[str, ...]
) -> None:
    project.makepyfile(HEAD + PRIVATE)
    result = run(project, "--tcp-network=private", *options)
    assert outcomes(result) == {"passed": 3, "failed": 1}
    result.stdout.fnmatch_lines(["broken: reset_by == none"])
    result.stdout.fnmatch_lines(["said in the child"])
    result.stdout.fnmatch_lines(["kept: */tcp_capture.pcapng"])


@needs_root
def test_who_may_not_capture_records_in_a_private_network_without_root(tmp_path: Path) -> None:
    with unprivileged() as (prefix, folder):
        if subprocess.run([*prefix, "unshare", "-rn", "true"], capture_output=True, check=False).returncode:
            pytest.skip("kernel lacks user namespaces for others than root")
        shutil.copy(ROOT / "tests" / "plugin_service.py", folder)
        (folder / "conftest.py").write_text(CONFTEST)
        (folder / "test_it.py").write_text(HEAD + PRIVATE)
        done = pytest_as_nobody(prefix, folder)
        assert re.search(r"1 failed, 3 passed", done.stdout), done.stdout + done.stderr
        assert "broken: reset_by == none" in done.stdout
        # Where nothing is allowed, the test is skipped with the reason.
        done = pytest_as_nobody(prefix, folder, "--tcp-network=loopback", "-rs")
        assert re.search(r"2 passed, 2 skipped", done.stdout), done.stdout + done.stderr
        assert re.search(r"SKIPPED .*tcp_capture: lo: .*permi", done.stdout, re.IGNORECASE), done.stdout


def pytest_as_nobody(prefix: list[str], folder: Path, *options: str) -> "subprocess.CompletedProcess[str]":
    """Run pytest without rights; options that the surroundings give (a report in a folder of root's) are not for it."""
    surroundings = {**os.environ, **ALONE, "HOME": str(folder), "TMPDIR": str(folder), "PYTEST_ADDOPTS": ""}
    return subprocess.run(
        [*prefix, sys.executable, "-m", "pytest", *PLUGIN, "-p", "no:cacheprovider", *options],
        cwd=folder,
        env=surroundings,
        capture_output=True,
        text=True,
        check=False,
    )


@needs_root
def test_failed_captures_are_copied_where_ci_wants_them(project: pytest.Pytester) -> None:
    project.makepyfile(
        test_it=HEAD
        + """
@pytest.mark.tcp(outcome="reset")
def test_broken(service):
    ask(service.address)

@pytest.mark.tcp(outcome="closed")
def test_whole(service):
    ask(service.address)
"""
    )
    # In a network of its own: on loopback the kept capture has what other tests say meanwhile, too.
    assert outcomes(run(project, "--tcp-network=private", "--tcp-keep=kept")) == {"failed": 1, "passed": 1}
    (kept,) = (project.path / "kept").iterdir()
    assert kept.name == "test_it.py__test_broken.pcapng"
    (connection,) = [c for c in tcptrace.analyze(kept) if c.outcome == "closed"]
    assert connection.closed_first == "client"


@needs_root
@pytest.mark.parametrize(
    ("marker", "said"),
    [
        ("closed_bye='client'", "@pytest.mark.tcp: no argument closed_bye; there are port, no_resets,"),
        ("closed_by=3", "@pytest.mark.tcp: closed_by=3: it says: client, server or both"),
        (
            "closed_by='nobody'",
            "rule: column 17 of `closed_first == nobody`: expected one of client, server, both",
        ),
        ("rules='never in CLOSE'", "rule: column 10 of `never in CLOSE`: expected a state"),
    ],
)
def test_a_marker_that_makes_no_sense_says_so(project: pytest.Pytester, marker: str, said: str) -> None:
    project.makepyfile(
        f"{HEAD}\n@pytest.mark.tcp({marker})\ndef test_it(service):\n    ask(service.address)\n"
    )
    result = run(project)
    assert set(outcomes(result)) <= {"failed", "errors"}
    assert said in result.stdout.str()


@needs_root
def test_a_marked_test_without_connections_fails(project: pytest.Pytester) -> None:
    project.makepyfile(f"{HEAD}\n@pytest.mark.tcp(no_resets=True)\ndef test_it():\n    pass\n")
    result = run(project)
    assert outcomes(result) == {"failed": 1}
    result.stdout.fnmatch_lines(["no connection was recorded"])


@needs_root
def test_a_marker_s_port_leaves_others_out(project: pytest.Pytester) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    project.makepyfile(
        HEAD
        + f"""
@pytest.mark.tcp(port={port}, outcome="refused")
def test_it(service):
    ask(service.address)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", {port}))
"""
    )
    assert outcomes(run(project)) == {"passed": 1}


def test_tests_without_tcp_are_left_alone(project: pytest.Pytester) -> None:
    project.makepyfile("import sys\ndef test_it():\n    assert 'tcptrace.session' not in sys.modules\n")
    assert outcomes(run(project)) == {"passed": 1}


def test_each_argument_of_the_marker_is_named_in_its_line() -> None:
    source = (ROOT / "tcptrace" / "pytest_plugin.py").read_text()
    (line,) = re.findall(r'"tcp\((.*?)\):', source)
    assert line == ", ".join(f"{name}=" for name in ["port", *ARGUMENTS])


def test_assert_path_needs_a_path() -> None:
    connection: Any = next(iter(tcptrace.analyze(ROOT / "captures" / "self-connect.pcap")))
    from tcptrace.testing import assert_path

    with pytest.raises(TypeError, match="give client="):
        assert_path(connection)
    with pytest.raises(ValueError, match="'OPEN' is no state"):
        assert_path(connection, client="OPEN")
    both = "CLOSED SYN-SENT SYN-RECEIVED ESTABLISHED FIN-WAIT-1 CLOSING TIME-WAIT"
    assert_path(connection, client=both, server=both)
    with pytest.raises(
        AssertionError, match="server: expected FIN-WAIT-2 after FIN-WAIT-1, got CLOSING at frame"
    ):
        assert_path(connection, client=both, server=both.replace("CLOSING", "FIN-WAIT-2"))
