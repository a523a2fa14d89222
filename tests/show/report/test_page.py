"""The report as a file. Truth: the content security policy's own rules, and the sizes that were promised."""

import json
import re
from base64 import b64encode
from hashlib import sha256

import msgspec

from tcptrace.model.records import Capture, Endpoint, Finding
from tcptrace.show.report.page import Report
from tcptrace.show.theme import STATES
from tests.cli.stand_in import SKIPPED
from tests.show.samples import SAMPLES, sample

NAMES = list(SAMPLES)


def capture(name: str = "x.pcap", connections: int = 1) -> Capture:
    return Capture(
        1, name, "pcap", ["NULL"], 14, 14, connections, 10**18, 10**18, SKIPPED, True, None, True, 0, []
    )


def page_of(names: list[str], chosen: tuple[int, ...] = (), details: int = 20, **changes: object) -> str:
    report = Report(chosen, details=details, utc=True)
    for stream, name in enumerate(names):
        connection, segments = sample(name, **changes)
        report.add(
            msgspec.structs.replace(connection, stream=stream),
            lambda stream=stream, segments=segments: [
                msgspec.structs.replace(part, stream=stream) for part in segments
            ],
        )
    return report.page(capture(connections=len(names)))


def data_of(page: str) -> dict[str, object]:
    (found,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    data: dict[str, object] = json.loads(found)
    return data


def test_its_one_script_is_allowed_by_its_hash_and_nothing_else_is() -> None:
    page = page_of(["http"])
    (script,) = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)
    digest = b64encode(sha256(script.encode()).digest()).decode()
    assert policy.split("; ")[:2] == ["default-src 'none'", f"script-src 'sha256-{digest}'"]
    assert "unsafe-eval" not in policy
    assert "http" not in policy
    assert not re.search(r"\son\w+=", page.split("<script")[0])


def test_pictures_take_the_page_s_colours_and_states_keep_theirs() -> None:
    page = page_of(["http", "reset"])
    drawn = re.findall(r"<svg .*?</svg>", page, re.DOTALL)
    assert len(drawn) == 6
    kept: set[str] = set()
    for svg in drawn:
        states = re.findall(r'<g id="[^"]*-kept-\d+">.*?</g>', svg, re.DOTALL)
        kept |= set(re.findall(r"fill: (#\w+)", "".join(states)))
        for part in [*states, *re.findall(r"<defs>.*?</defs>", svg, re.DOTALL)]:
            svg = svg.replace(part, "")
        assert re.findall(r"#[0-9a-f]{6}\b", svg) == []
        assert "var(--drawn-ink)" in svg
    assert kept >= {STATES[name].fill.lower() for name in ("ESTABLISHED", "SYN-SENT", "TIME-WAIT")}
    assert set(re.findall(r"var\(--([\w-]+)\)", page)) <= set(re.findall(r"--([\w-]+):#", page))


def test_it_names_no_place_of_the_network_but_svg_s_names() -> None:
    page = page_of(["http", "reset"])
    assert set(re.findall(r"https?://[^\s\"'<)]*", page)) <= {
        "http://www.w3.org/2000/svg",
        "http://www.w3.org/1999/xlink",
    }


def test_each_id_is_there_once() -> None:
    page = page_of(["http", "reset", "self-connect"])
    ids = re.findall(r'\sid="([^"]*)"', page)
    assert len(ids) == len(set(ids))


def test_text_from_outside_is_no_markup() -> None:
    hostile = '</script><script>alert(1)</script>"\x1b[31m<img src=x onerror=alert(2)>'
    findings = [Finding(7, "server", "abortive_close", "warning", hostile)]
    report = Report(details=5)
    connection, segments = sample("reset", findings=findings, application=hostile)
    report.add(connection, lambda: segments)
    page = report.page(capture(f"{hostile}.pcap"))
    assert "<script>alert" not in page
    assert "<img" not in page
    assert "\x1b" not in page
    assert page.count("</script>") == 2
    assert data_of(page)["rows"][0][12] == hostile  # type: ignore[index]


def test_fifty_thousand_connections_stay_under_ten_megabytes_with_the_worst_in_pictures() -> None:
    report = Report([49_999], utc=True)
    samples = [sample(name) for name in NAMES]
    for stream in range(50_000):
        connection, segments = samples[stream % len(samples)]
        server = (
            connection.server if connection.client == connection.server else Endpoint("203.0.113.77", 443)
        )
        client = Endpoint(f"2001:db8:1111:2222:3333:4444:5555:{stream:x}", 65535 - stream)
        one = msgspec.structs.replace(connection, stream=stream, client=client, server=server)
        report.add(one, lambda segments=segments: segments)
    page = report.page(capture(connections=50_000))
    assert len(page.encode()) < 10_000_000
    data = data_of(page)
    assert len(data["rows"]) == 50_000  # type: ignore[arg-type]
    shown = data["details"]
    assert isinstance(shown, list)
    assert len(shown) == 21
    assert 49_999 in shown
    assert all(f'id="stream-{stream}"' in page for stream in shown)
    resets = [number for number in shown if NAMES[number % len(NAMES)] == "reset"]
    assert len(resets) >= 20  # the only sample with a warning
    assert "the 20 worst connections" in page


def test_the_tables_say_what_the_pictures_say() -> None:
    page = page_of(["http"])
    detail = page.split('id="stream-0"')[1].split("</section>")[0]
    rows = re.findall(r"<tr[^>]*>(.*?)</tr>", detail, re.DOTALL)
    said = [re.sub(r"<[^>]+>", " ", row) for row in rows]
    closing = r"11\s+2\.351 ms\s+server\s+FIN, ACK\s+seq 5324 ack 146\s+server\s+FIN-WAIT-1"
    assert any(re.search(closing, row) for row in said)
    assert any(re.search(r"6 segments folded\s+→ 145 B, ← 5323 B", row) for row in said)
    assert any(re.search(r"server\s+5\s+FIN-WAIT-2\s+rcv FIN\s+TIME-WAIT\s+13", row) for row in said)
    assert any(re.search(r"from the server\s+2\s+5323 B\s+0", row) for row in said)
