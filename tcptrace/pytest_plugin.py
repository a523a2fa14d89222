"""The pytest plugin: the fixture ``tcp_capture``, the marker ``tcp``, ``--tcp-golden``. At load it imports only pytest.

``tcp_capture`` records the loopback traffic of a test: through a raw socket where this process may open one, else the
test runs in a child process with a network of its own, else it is skipped with the reason. When the test fails, the
report has the ladders, and the pcapng is kept.
"""

from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tcptrace.testing.capture import TcpCapture

_FIXTURE = "tcp_capture"
_MARKER = "tcp"
_GOLDEN = "tcp_golden"  # user property of a report: an expectation that was written
_CAPTURE = pytest.StashKey["TcpCapture"]()
_REFUSED = pytest.StashKey[str]()  # why there is no private network
_PRIVATE = pytest.StashKey[bool]()
_FAILED = pytest.StashKey[bool]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    group = parser.getgroup("tcptrace", "TCP connections of tests (tcptrace)")
    group.addoption(
        "--tcp-golden",
        choices=("check", "update"),
        default="check",
        help="what tcp_capture.assert_golden() does with a difference: fail, or write it into the expectation",
    )
    group.addoption(
        "--tcp-network",
        choices=("auto", "loopback", "private"),
        default="auto",
        help="where tcp_capture records: this machine's loopback, a private network in a child process, or the first "
        "of the two that is allowed (auto)",
    )
    group.addoption("--tcp-keep", metavar="DIR", help="copy the captures of failed tests there")


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker."""
    config.addinivalue_line(
        "markers",
        "tcp(port=, no_resets=, closed_by=, outcome=, no_findings=, handshake_s=, rules=): record the test's loopback "
        "traffic (fixture tcp_capture) and hold its connections to this",
    )


def pytest_itemcollected(item: pytest.Item) -> None:
    """Let the recording be the first of a test's fixtures, so that it shows a service from its start."""
    names: list[str] | None = getattr(item, "fixturenames", None)
    if names is not None and (_FIXTURE in names or item.get_closest_marker(_MARKER)):
        if _FIXTURE in names:
            names.remove(_FIXTURE)
        names.insert(0, _FIXTURE)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
    """Run a test that records in a private network where it may not do so here."""
    network = item.config.getoption("--tcp-network")
    if _FIXTURE not in getattr(item, "fixturenames", ()) or network == "loopback":
        return None
    if network == "auto" and _may_capture():
        return None
    from tcptrace.testing.forked import Refused, run_apart

    item.stash[_PRIVATE] = True
    hook = item.ihook
    try:
        reports = run_apart(item, nextitem)
    except Refused as error:
        item.stash[_PRIVATE] = False
        item.stash[_REFUSED] = str(error)
        return None
    hook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    for report in reports:
        hook.pytest_runtest_logreport(report=report)
    hook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True


def _may_capture() -> bool:
    """Say whether this process may open a raw socket."""
    import socket

    try:
        socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0).close()
    except (AttributeError, OSError):
        return False
    return True


@pytest.fixture
def tcp_capture(request: pytest.FixtureRequest, tmp_path: Path) -> "Iterator[TcpCapture]":
    """Record the test's TCP traffic on loopback, and give its connections (``tcptrace.testing.TcpCapture``)."""
    from tcptrace.model.errors import InputError
    from tcptrace.testing.capture import TcpCapture
    from tcptrace.testing.marker import ports_of, rules_of

    item = request.node
    refused = item.stash.get(_REFUSED, None)
    if refused is not None and request.config.getoption("--tcp-network") == "private":
        pytest.skip(f"tcp_capture: {refused}")
    given = _asked(item)
    try:
        rules_of(given)
    except ValueError as error:
        pytest.fail(str(error), pytrace=False)
    try:
        capture = TcpCapture(tmp_path / "tcp_capture.pcapng", private=item.stash.get(_PRIVATE, False))
    except InputError as error:
        pytest.skip(f"tcp_capture: {error}" + (f"; {refused}" if refused else ""))
    capture.ports = ports_of(given)
    capture.golden = item.path.parent / "golden" / f"{item.path.stem}-{_file_name(item.name)}.expect.toml"
    capture.update = request.config.getoption("--tcp-golden") == "update"
    item.stash[_CAPTURE] = capture
    yield capture
    capture.stop()
    if not item.stash.get(_FAILED, False):
        capture.path.unlink(missing_ok=True)
    elif folder := request.config.getoption("--tcp-keep"):
        import shutil

        Path(folder).mkdir(parents=True, exist_ok=True)
        shutil.copyfile(capture.path, Path(folder) / f"{_file_name(item.nodeid)}.pcapng")


def _asked(item: pytest.Item) -> dict[str, Any]:
    """Return the marker's arguments, the nearest marker's first."""
    given: dict[str, Any] = {}
    for marker in item.iter_markers(_MARKER):
        given = {**marker.kwargs, **given}
    return given


def _file_name(text: str) -> str:
    """Return a test's name as that of a file."""
    return "".join(char if char.isalnum() or char in "-_." else "_" for char in text).strip("_")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Hold the connections to the marker once the test's own code has passed."""
    result = yield
    capture = item.stash.get(_CAPTURE, None)
    if capture is not None and item.get_closest_marker(_MARKER) is not None:
        from tcptrace.model.errors import UsageError
        from tcptrace.testing.marker import rules_of

        try:
            capture.assert_rules(rules_of(_asked(item)))
        except (AssertionError, UsageError) as error:
            trouble = str(error)
        else:
            return result
        pytest.fail(trouble, pytrace=False)
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Put the ladders into the report of a test that failed."""
    report = yield
    capture = item.stash.get(_CAPTURE, None)
    if capture is None or report.when != "call":
        return report
    report.user_properties += [(_GOLDEN, str(path)) for path in capture.written]
    if report.failed:
        item.stash[_FAILED] = True
        report.sections.append(("TCP connections", _told(capture)))
    return report


def _told(capture: "TcpCapture") -> str:
    """Return what a failed test's report says of its connections."""
    from tcptrace.model.errors import TcptraceError

    try:
        lines = [capture.ladders()]
    except TcptraceError as error:
        lines = [f"cannot be shown: {error}"]
    if capture.problem:
        lines.append(f"incomplete: {capture.problem}")
    return "\n\n".join([*lines, f"kept: {capture.path}"])


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Name the expectations that were written."""
    written = {
        value
        for reports in terminalreporter.stats.values()
        for report in reports
        for name, value in getattr(report, "user_properties", ())
        if name == _GOLDEN
    }
    if written:
        terminalreporter.section("TCP goldens written; look them over")
        for path in sorted(written):
            terminalreporter.line(path)
