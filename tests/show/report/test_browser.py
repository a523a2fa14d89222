"""The report in a real browser: Debian's chromium, headless, through chromedriver."""

import json
import shutil
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.stand_in import go
from tests.every import ROOT
from tests.script import parse

MISSING = [name for name in ("chromium", "chromedriver") if shutil.which(name) is None]
pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"{', '.join(MISSING)} not installed")
HOSTILE = b"GET /<script>document.title='owned'</script>\x1b[31m<img src=x onerror=alert(1)> HTTP/1.1\r\n\r\n"
SCRIPT = """
ends a 192.0.2.1:40000 b 192.0.2.2:80
ends c 192.0.2.3:40001 d 192.0.2.4:443
ends e 192.0.2.5:40002 f 192.0.2.6:80
0.000 a > SYN
0.010 b < SYN,ACK
0.020 a > ACK
0.030 a > PSH,ACK len 100
0.040 b < ACK
0.050 b < PSH,ACK len 1000
0.060 a > ACK
0.070 b < FIN,ACK
0.080 a > FIN,ACK
0.090 b < ACK
0.100 c > SYN
0.110 d < RST,ACK
0.200 e > SYN
0.210 f < SYN,ACK
0.220 e > ACK
0.230 f < RST,ACK
"""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report")
    octets = parse(SCRIPT).pcap()
    start = octets.index(b"abcdefghijklmnop") if b"abcdefghijklmnop" in octets else -1
    assert start > 0
    # The payload of 100 octets begins somewhere in the alphabet; what stands there is replaced, the length kept.
    begin = octets.index(b"\x50\x18") + 8
    assert octets[begin : begin + 100].isalpha()
    octets = octets[:begin] + HOSTILE.ljust(100, b" ")[:100] + octets[begin + 100 :]
    name = folder / "<img src=x onerror=alert(1)>.pcap"
    name.write_bytes(octets)
    out = folder / "report.html"
    from tcptrace.cli.command_line import run

    assert run(["report", str(name), "-o", str(out), "--details", "2", "--utc"]) == 0
    return out


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    from selenium import webdriver
    from selenium.webdriver.chrome.options import Options
    from selenium.webdriver.chrome.service import Service

    options = Options()
    profile = tmp_path_factory.mktemp("profile")
    for word in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
        options.add_argument(word)
    options.add_argument(f"--user-data-dir={profile}")
    options.add_argument("--window-size=1280,1400")
    options.binary_location = shutil.which("chromium") or ""
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
    yield driver
    driver.quit()


@pytest.fixture
def opened(browser: Any, page: Path) -> Any:
    browser.get("about:blank")
    browser.get_log("browser")
    browser.get_log("performance")
    browser.get(page.as_uri())
    return browser


def rows(browser: Any) -> list[str]:
    return [row.text for row in browser.find_elements("css selector", "#table tbody tr")]


def streams(browser: Any) -> list[int]:
    return [int(row.split()[0]) for row in rows(browser)]


def test_it_asks_for_nothing_and_complains_of_nothing(opened: Any) -> None:
    opened.find_element("css selector", "#table tbody a").click()
    assert opened.get_log("browser") == []
    asked = [json.loads(entry["message"])["message"] for entry in opened.get_log("performance")]
    urls = [
        part["params"]["request"]["url"] for part in asked if part["method"] == "Network.requestWillBeSent"
    ]
    assert urls
    assert all(url.startswith(("file:", "data:")) for url in urls)
    assert len([url for url in urls if url.startswith("file:")]) == 1


def test_script_in_a_payload_or_a_name_does_nothing(opened: Any) -> None:
    assert opened.title.startswith("tcptrace: ")
    assert "<img" in opened.title
    assert opened.find_elements("css selector", "img") == []
    assert opened.get_log("browser") == []
    assert "\x1b" not in opened.page_source


def test_it_sorts_and_says_so(opened: Any) -> None:
    assert streams(opened) == [0, 1, 2]
    button = opened.find_element("css selector", "#table th:nth-child(8) button")
    button.click()
    assert streams(opened) == [0, 1, 2]  # closed, refused, reset
    button.click()
    assert streams(opened) == [2, 1, 0]
    head = opened.find_element("css selector", "#table th:nth-child(8)")
    assert head.get_attribute("aria-sort") == "descending"


def test_it_filters_by_words_state_outcome_and_finding(opened: Any) -> None:
    from selenium.webdriver.common.keys import Keys
    from selenium.webdriver.support.ui import Select

    words = opened.find_element("id", "words")
    words.send_keys("192.0.2.4 refused")
    assert streams(opened) == [1]
    assert opened.find_element("id", "shown").text == "1 of 3 connections"
    words.clear()
    words.send_keys("x", Keys.BACKSPACE)
    Select(opened.find_element("id", "outcome")).select_by_visible_text("reset")
    assert streams(opened) == [2]
    Select(opened.find_element("id", "outcome")).select_by_visible_text("any")
    Select(opened.find_element("id", "state")).select_by_visible_text("FIN-WAIT-1")
    assert streams(opened) == [0]
    Select(opened.find_element("id", "state")).select_by_visible_text("any")
    Select(opened.find_element("id", "finding")).select_by_visible_text("abortive_close")
    assert streams(opened) == [2]


def test_a_connection_is_opened_and_closed_by_keyboard(opened: Any) -> None:
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.keys import Keys

    def press(*keys: str) -> None:
        ActionChains(opened).send_keys(*keys).perform()

    press("/")
    assert opened.switch_to.active_element.get_attribute("id") == "words"
    opened.find_element("css selector", "#table tbody a").send_keys(Keys.ARROW_DOWN)
    assert opened.switch_to.active_element.text.startswith("1")
    press(Keys.ARROW_DOWN, Keys.ENTER)
    assert opened.current_url.endswith("#stream=2")
    assert opened.find_element("id", "stream-2").is_displayed()
    press(Keys.ESCAPE)
    assert not opened.find_element("id", "stream-2").is_displayed()
    assert opened.switch_to.active_element.text.startswith("2")


def test_frames_are_linked_both_ways(opened: Any, page: Path) -> None:
    from selenium.webdriver.common.keys import Keys

    opened.get(f"{page.as_uri()}#stream=2")
    frame = opened.find_element("id", "s2-l-frame-13")
    assert frame.get_attribute("role") == "link"
    assert "SYN" in frame.get_attribute("aria-label")
    opened.execute_script("arguments[0].focus()", frame)
    opened.switch_to.active_element.send_keys(Keys.ENTER)
    row = opened.find_element("id", "s2-row-13")
    assert "on" in row.get_attribute("class")
    row.find_element("css selector", "button").click()
    assert "on" in frame.get_attribute("class").split()
    assert "on" not in row.get_attribute("class").split()


def test_the_chosen_stream_survives_sharing_and_one_without_pictures_says_so(opened: Any, page: Path) -> None:
    opened.get(f"{page.as_uri()}#stream=2")
    opened.refresh()
    assert opened.find_element("id", "stream-2").is_displayed()
    opened.get(f"{page.as_uri()}#stream=0")
    assert opened.find_element("id", "no-details").is_displayed()
    assert "--stream" in opened.find_element("id", "no-details").text
    assert "192.0.2.1:40000" in opened.find_element("id", "no-details-title").text


def test_it_prints(opened: Any, page: Path) -> None:
    opened.get(f"{page.as_uri()}#stream=2")
    printed = b64decode(opened.print_page())
    assert printed.startswith(b"%PDF-")
    assert (
        printed.count(b"/Type /Page\n") + printed.count(b"/Type /Page ") + printed.count(b"/Type /Page/") >= 1
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_barrier(opened: Any, page: Path, scheme: str) -> None:
    from axe_selenium_python import Axe

    feature = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    opened.execute_cdp_cmd("Emulation.setEmulatedMedia", feature)
    opened.get(f"{page.as_uri()}#stream=2")
    dark = (
        opened.execute_script("return getComputedStyle(document.body).backgroundColor")
        != "rgb(255, 255, 255)"
    )
    assert dark == (scheme == "dark")
    frame = opened.find_element("css selector", "#s2-l-frame-13 path")
    assert opened.execute_script("return getComputedStyle(arguments[0]).stroke", frame) == (
        "rgb(125, 189, 240)" if dark else "rgb(11, 95, 165)"
    )
    opened.set_script_timeout(180)
    axe = Axe(opened)
    axe.inject()
    found = axe.run()
    assert [
        (one["id"], [node["html"][:200] for node in one["nodes"]][:3]) for one in found["violations"]
    ] == []
    assert len(found["passes"]) > 15


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["-o", "x.html"], 2, "FILE"),
        (["captures/http-get.pcap", "-o", "x.html", "--stream", "9"], 2, "stream 9"),
        (["captures/http-get.pcap", "-o", "no/such/x.html"], 3, "no/such/x.html"),
    ],
)
def test_a_mistake_is_one_line(
    words: list[str],
    status: int,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(ROOT)
    done = go(capsys, "report", *words)
    assert done[0] == status
    assert said in done[2]
    assert done[2].count("\n") == 1
    assert not (ROOT / "x.html").exists()
