"""``tcptrace check``: differences in the words of states, missing halves, renewing; as a stranger would run it."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tcptrace.golden.expectation import SUFFIX
from tests.cli.stand_in import go
from tests.every import CAPTURES as EVERY
from tests.every import ROOT

Capsys = pytest.CaptureFixture[str]
Make = Callable[[str], Path]
STEP_12 = "   12     0.002369 server FIN-WAIT-1>FIN-WAIT-2     rcv ACK of FIN confirmed    14\n"
STEP_13 = "   13     0.003480 server FIN-WAIT-2>TIME-WAIT      rcv FIN        confirmed    14\n"
PATH = 'path.server = "LISTEN SYN-RECEIVED ESTABLISHED FIN-WAIT-1 FIN-WAIT-2 TIME-WAIT"'


@pytest.fixture
def golden(tmp_path: Path) -> Make:
    """Return what copies a golden pair, as if a person had accepted it, and gives the expectation's path."""

    def copy(name: str) -> Path:
        shutil.copy(ROOT / "captures" / name, tmp_path / name)
        text = (ROOT / "captures" / f"{name}{SUFFIX}").read_text()
        path = tmp_path / f"{name}{SUFFIX}"
        path.write_text(re.sub(r'source = "\w+"', 'source = "analysis"', text))
        return path

    return copy


def edit(path: Path, old: str, new: str) -> None:
    """Replace what is there exactly once."""
    text = path.read_text()
    assert text.count(old) == 1, old
    path.write_text(text.replace(old, new))


@pytest.mark.parametrize(
    ("edits", "told"),
    [
        (
            # As if we had expected a simultaneous close's path at the server.
            [
                (STEP_12, STEP_12.replace("FIN-WAIT-2     rcv ACK of FIN", "CLOSING        rcv FIN")),
                (STEP_13, STEP_13.replace("FIN-WAIT-2>TIME-WAIT      rcv FIN", "CLOSING>TIME-WAIT rcv ACK of FIN")),
                (PATH, PATH.replace("FIN-WAIT-2", "CLOSING")),
            ],
            "stream 0 server: expected CLOSING at frame 12 (rcv FIN, RFC 9293 3.10.7.4), "
            "got FIN-WAIT-2 at frame 12 (rcv ACK of FIN, RFC 9293 3.10.7.4)",
        ),
        (
            [(STEP_13, ""), (PATH, PATH.replace(" TIME-WAIT", ""))],
            "stream 0 server: expected to stay in FIN-WAIT-2, got TIME-WAIT at frame 13 (rcv FIN, RFC 9293 3.10.7.4)",
        ),
        (
            [(STEP_13, STEP_13 + STEP_13.replace("FIN-WAIT-2>TIME-WAIT ", "TIME-WAIT>CLOSED"))],
            None,  # path and transitions disagree: see the errors below
        ),
        ([(STEP_12, STEP_12.replace("14\n", "13\n"))], "FIN-WAIT-2 at frame 12 (rcv ACK of FIN, RFC 9293 3.10.7.4): "
         "expected confirmed by frame 13, got confirmed by frame 14"),
        ([(STEP_12, STEP_12.replace("0.002369", "0.002370"))], "expected +0.002370 s, got +0.002369 s"),
        ([(STEP_12, STEP_12.replace("   12 ", "   11 "))], "FIN-WAIT-2 (rcv ACK of FIN, RFC 9293 3.10.7.4): "
         "expected frame 11, got 12"),
        ([('outcome = "closed"', 'outcome = "reset"')], "stream 0: expected outcome reset, got closed"),
        ([('closed_first = "server"', 'closed_first = "-"')], "stream 0: expected closed_first -, got server"),
        ([('reset_by = "-"', 'reset_by = "client"')], "stream 0: expected reset_by client, got -"),
        ([('time_wait = "server"', 'time_wait = "both"')], "stream 0: expected time_wait both, got server"),
        ([('client = "127.0.0.1:49329"', 'client = "127.0.0.2:1"')],
         "stream 0: expected client 127.0.0.2:1, got 127.0.0.1:49329"),
        ([("frames = 14", "frames = 15")], "expected 15 frames, got 14"),
        ([("frames = 14", "complete = false")], "expected a capture cut short, got a whole one"),
        ([(STEP_12 + "   13     0.003480 client CLOSE-WAIT>LAST-ACK       snd FIN        observed     13\n",
           "   13     0.003480 client CLOSE-WAIT>LAST-ACK       snd FIN        observed     13\n" + STEP_12)],
         "stream 0: step 7 in order: expected the client's LAST-ACK at frame 13 (snd FIN, RFC 9293 3.10.4), "
         "got the server's FIN-WAIT-2 at frame 12"),
    ],
    ids=lambda value: value[0][1][:40].strip() if isinstance(value, list) else "",
)  # fmt: skip
def test_a_difference_is_told_by_end_state_frame_and_clause(
    golden: Make, capsys: Capsys, edits: list[tuple[str, str]], told: str | None
) -> None:
    path = golden("http-get.pcap")
    for old, new in edits:
        edit(path, old, new)
    before = path.read_text()
    status, out, err = go(capsys, "check", str(path.parent))
    if told is None:
        assert (status, out) == (3, "1 capture: 0 as expected, 1 could not be checked\n")
        assert "by the transitions it is LISTEN" in err
        return
    assert (status, err) == (1, "")
    heading, *lines, last = out.splitlines()
    if "  stream 0:" in lines:  # both ladders
        lines = lines[: lines.index("  stream 0:")]
    assert heading == f"{path.parent}/http-get.pcap: differs from its expectation"
    assert [line for line in lines if told in line] == lines
    assert len(lines) == 1
    assert last == "1 capture: 0 as expected, 1 differs"
    assert path.read_text() == before


def test_a_step_that_never_came_says_where_the_end_stays(golden: Make, capsys: Capsys) -> None:
    path = golden("half-closed.pcap")
    edit(path, 'ESTABLISHED CLOSE-WAIT"', 'ESTABLISHED CLOSE-WAIT LAST-ACK"')
    edit(path, "\n'''", "\n10 5.5 server CLOSE-WAIT>LAST-ACK snd FIN observed 10\n'''")
    status, out, _ = go(capsys, "check", str(path))
    assert status == 1
    assert (
        "  stream 0 server: expected LAST-ACK at frame 10 (snd FIN, RFC 9293 3.10.4), "
        "got no more steps: it stays in CLOSE-WAIT\n"
    ) in out


def test_a_connection_too_many_and_one_too_few_are_told(golden: Make, capsys: Capsys) -> None:
    path = golden("scan.pcap")
    whole = path.read_text()
    first, second = (f"[[connection]]{part}" for part in whole.split("[[connection]]")[1:])
    path.write_text(whole.replace(second, ""))
    _, out, _ = go(capsys, "check", str(path))
    assert (
        "  stream 1: expected no such connection, got 198.51.100.7:50000 to 192.0.2.2:81 (refused)\n" in out
    )
    path.write_text(whole + "\n" + first)
    status, out, _ = go(capsys, "check", str(path))
    assert (
        "  connection 2: expected 198.51.100.7:50000 to 192.0.2.2:80 (aborted), got no such connection\n"
        in out
    )
    assert status == 1


HAND_WRITTEN = """
version = 1
[[connection]]
outcome = "closed"
path.client = "CLOSED SYN-SENT ESTABLISHED CLOSE-WAIT LAST-ACK CLOSED"
path.server = "LISTEN SYN-RECEIVED ESTABLISHED FIN-WAIT-1 FIN-WAIT-2 TIME-WAIT"
"""


def test_a_person_writes_only_what_matters(golden: Make, capsys: Capsys) -> None:
    path = golden("http-get.pcap")
    path.write_text(HAND_WRITTEN)
    assert go(capsys, "check", str(path)) == (0, "1 capture: 1 as expected\n", "")
    path.write_text(HAND_WRITTEN.replace("FIN-WAIT-2", "CLOSING"))
    status, out, _ = go(capsys, "check", str(path))
    assert status == 1
    assert (
        "stream 0 server: expected CLOSING after FIN-WAIT-1, "
        "got FIN-WAIT-2 at frame 12 (rcv ACK of FIN, RFC 9293 3.10.7.4)"
    ) in out
    path.write_text("version = 1\n[[connection]]\n")
    assert go(capsys, "check", str(path))[0] == 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no version; begin the file with `version = 2`"),
        ("version = 1\nversion = 1\n", "no TOML: Cannot overwrite a value (at line 2"),
        ("version = 99\n", "version 99 is not known"),
        ("version = 1\nconection = 1\n", "unknown field `conection`"),
        ("version = 1\n[[connection]]\noutcome = 3\n", "Expected `str | null`, got `int` - at `$.connection[0].outcome`"),
        ("version = 1\nmsl_s = -1.0\n", "msl_s -1 is no lifetime"),
        ("version = 1\nsource = 'me'\n", "Invalid enum value 'me'"),
        (HAND_WRITTEN.replace("LISTEN", "LISTENING"), "connection 0: path.server: 'LISTENING' is no state"),
        ("version = 1\n[[connection]]\ntransitions = '''\n1 0.0 client CLOSED>SYN-SEND snd SYN observed 1'''",
         "connection 0: transitions, line 1: 'CLOSED>SYN-SEND' is no step between two states"),
        ("version = 1\n[[connection]]\ntransitions = '''\n1 0.0 client CLOSED>SYN-SENT snd SYN perhaps 1'''",
         "connection 0: transitions, line 1: 'perhaps' is no evidence; there are observed, confirmed,"),
        ("version = 1\n[[connection]]\ntransitions = '1 0.0 client CLOSED>SYN-SENT snd SIN observed 1'",
         "line 1: 'snd SIN' is no cause; there are snd SYN, rcv SYN,"),
        ("\xff", "no TOML"),
    ],
    ids=lambda text: text[:50],
)  # fmt: skip
def test_a_file_that_cannot_be_understood_is_one_line_with_its_place(
    golden: Make, capsys: Capsys, text: str, said: str
) -> None:
    path = golden("http-get.pcap")
    path.write_text(text)
    for options in ([], ["--update"]):
        status, out, err = go(capsys, "check", str(path), *options)
        assert (status, out) == (3, "1 capture: 0 as expected, 1 could not be checked\n")
        assert err.startswith(f"tcptrace: {path}: ")
        assert err.count("\n") == 1
        assert said in err
        assert path.read_text() == text


def test_octets_that_are_no_text_are_one_line(golden: Make, capsys: Capsys) -> None:
    path = golden("http-get.pcap")
    path.write_bytes(b"version = 1\n\xff")
    assert go(capsys, "check", str(path))[2] == f"tcptrace: {path}: not UTF-8 at octet 12; TOML is\n"


def test_a_missing_half_an_empty_folder_and_no_file_are_errors_and_the_rest_is_checked(
    golden: Make, capsys: Capsys, tmp_path: Path
) -> None:
    good, no_capture, no_expectation = (golden(n) for n in ("http-get.pcap", "scan.pcap", "vlan.pcap"))
    (tmp_path / "scan.pcap").unlink()
    no_expectation.unlink()
    (tmp_path / "empty" / ".git").mkdir(parents=True)
    shutil.copy(good, tmp_path / "empty" / ".git" / good.name)
    status, out, err = go(capsys, "check", str(tmp_path), str(tmp_path / "empty"), "no/such/thing", str(good))
    assert status == 3
    assert out == "5 captures: 1 as expected, 4 could not be checked\n"
    assert err.splitlines() == [
        f"tcptrace: {no_capture}: an expectation without its capture scan.pcap; restore it, or delete this",
        f"tcptrace: {tmp_path}/vlan.pcap: a capture without expectation; "
        f"`tcptrace check --update {tmp_path}/vlan.pcap` writes vlan.pcap{SUFFIX}",
        f"tcptrace: {tmp_path}/empty: no capture in it; put captures (.pcap .pcapng .cap) and expectations there",
        "tcptrace: no/such/thing: no such file or folder; name captures, or folders that hold some",
    ]


def test_no_argument_is_a_wrong_command_line(capsys: Capsys) -> None:
    assert go(capsys, "check") == (
        2,
        "",
        "tcptrace: DIR|FILE: missing; name captures, or folders that hold some\n",
    )


def test_what_is_no_capture_is_status_3(capsys: Capsys, tmp_path: Path) -> None:
    (tmp_path / "x.pcap").write_text("no capture")
    (tmp_path / f"x.pcap{SUFFIX}").write_text(HAND_WRITTEN)
    status, _, err = go(capsys, "check", str(tmp_path))
    assert status == 3
    assert err.startswith(f"tcptrace: {tmp_path}/x.pcap: ")


@pytest.mark.parametrize("path", EVERY)
def test_what_update_writes_is_what_check_then_finds(path: Path, tmp_path: Path, capsys: Capsys) -> None:
    shutil.copy(path, tmp_path / path.name)
    target = str(tmp_path / path.name)
    status, out, _ = go(capsys, "check", "--update", target)
    assert status == 0
    assert out.startswith(f"{target}: expectation written; look it over\n")
    text = (tmp_path / f"{path.name}{SUFFIX}").read_text()
    assert go(capsys, "check", target) == (0, "1 capture: 1 as expected\n", "")
    assert go(capsys, "check", "--update", target)[0] == 0
    assert (tmp_path / f"{path.name}{SUFFIX}").read_text() == text


def test_update_changes_what_differs_and_leaves_comments_and_the_rest(golden: Make, capsys: Capsys) -> None:
    path = golden("scan.pcap")
    whole = path.read_text()
    edit(path, "# What `tcptrace check`", "# Mine.\n# What `tcptrace check`")
    edit(path, 'outcome = "refused"', 'outcome = "reset"  # I am not sure')
    edit(path, "    4     0.000000 client", "    4     0.000001 client")
    edit(path, "frames = 5", "frames = 6")
    status, out, _ = go(capsys, "check", "--update", str(path))
    assert status == 0
    assert out.splitlines()[0].endswith("scan.pcap: expectation renewed")
    assert "  stream 1: expected outcome reset, got refused" in out.splitlines()
    assert out.splitlines()[-1] == "1 capture: 0 as expected, 1 renewed"
    assert path.read_text() == whole.replace("# What", "# Mine.\n# What", 1).replace(
        'outcome = "refused"', 'outcome = "refused"  # I am not sure'
    )


def test_update_adds_and_removes_connections(golden: Make, capsys: Capsys) -> None:
    path = golden("scan.pcap")
    whole = path.read_text()
    head, first, second = whole.split("[[connection]]")
    path.write_text(f"{head}[[connection]]{first}".rstrip("\n") + "\n")
    assert go(capsys, "check", "--update", str(path))[0] == 0
    assert path.read_text() == whole
    path.write_text(f"{whole}\n[[connection]]{second}")
    assert go(capsys, "check", "--update", str(path))[0] == 0
    assert path.read_text().rstrip("\n") == whole.rstrip("\n")
    path.write_text(head)
    assert go(capsys, "check", "--update", str(path))[0] == 0
    assert path.read_text() == whole


@pytest.mark.parametrize("source", ["script", "kernel"])
def test_update_refuses_to_change_paths_that_others_vouch_for(
    golden: Make, capsys: Capsys, source: str
) -> None:
    path = golden("http-get.pcap")
    edit(path, 'source = "analysis"', f'source = "{source}"')
    edit(path, STEP_13, "")
    edit(path, PATH, PATH.replace(" TIME-WAIT", ""))
    before = path.read_text()
    status, out, _ = go(capsys, "check", "--update", str(path))
    assert status == 1
    assert "server: expected to stay in FIN-WAIT-2, got TIME-WAIT at frame 13" in out
    assert f'not renewed: its paths come from a {source} (source = "{source}")' in out
    assert out.endswith("1 capture: 0 as expected, 1 differs\n")
    assert path.read_text() == before
    # A connection too many is a path too many.
    path.write_text(before.split("[[connection]]")[0])
    assert go(capsys, "check", "--update", str(path))[0] == 1


def test_update_renews_what_else_differs_where_others_vouch_for_the_paths(
    golden: Make, capsys: Capsys
) -> None:
    path = golden("http-get.pcap")
    edit(path, 'source = "analysis"', 'source = "kernel"')
    whole = path.read_text()
    edit(path, STEP_12, STEP_12.replace("0.002369", "0.002370"))
    assert go(capsys, "check", "--update", str(path))[0] == 0
    assert path.read_text() == whole


def test_the_msl_of_the_file_is_that_of_the_analysis(golden: Make, capsys: Capsys) -> None:
    path = golden("time-wait-expires.pcap")
    edit(path, "version = 1", "version = 1\nmsl_s = 30.0")
    status, out, _ = go(capsys, "check", str(path))
    assert status == 1
    assert "CLOSED by the clock" not in out.splitlines()[0]
    assert "expected +240.070000 s, got +60.070000 s" in out


def test_names_from_files_cannot_move_the_cursor(golden: Make, capsys: Capsys) -> None:
    path = golden("http-get.pcap")
    edit(path, 'outcome = "closed"', 'outcome = "\\u001b[2J"')
    status, out, _ = go(capsys, "check", str(path))
    assert status == 1
    assert "\x1b" not in out
    assert "expected outcome \\x1b[2J, got closed" in out
