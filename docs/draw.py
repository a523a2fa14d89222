"""Make the captures and draw the pictures of ``pictures.md``: ``python docs/draw.py``, from the project's folder.

The two captures are made from scripts of segments (``tests/script.py``); each picture by the command above it.
"""

import gzip
import random
import re
import shlex
import subprocess
import sys
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "docs" / "pictures"
PAGE = ROOT / "docs" / "pictures.md"
WIDTH = 900  # pixels of a picture on the page
COLOURS = 96
MSS = 1460


def slow() -> str:
    """Return a transfer of 100 kB over 40 ms, with one loss and a window that shrinks a little."""
    lines = [
        "0.000 client > SYN mss 1460 ws 7 sackok",
        "0.040 server < SYN,ACK mss 1460 ws 7 sackok win 28960",
        "0.080 client > ACK win 229",
        "0.081 client > PSH,ACK len 150 win 229",
        "0.121 server < ACK win 235",
    ]
    sent: list[tuple[float, int]] = []
    time, number, burst = 0.122, 1, 10
    while number < 90_000:
        for place in range(burst):
            sent.append((time + place * 0.0002, number))
            number += MSS
        time, burst = time + 0.08, min(burst + 2, 20)
    lost = 1 + 17 * MSS
    lost_at = next(at for at, begin in sent if begin == lost)
    events = [(at, f"server < PSH,ACK seq {begin} len {MSS} win 235") for at, begin in sent]
    events.append((lost_at + 0.09, f"server < PSH,ACK seq {lost} len {MSS} win 235"))
    arrivals = [(at + 0.04, begin) for at, begin in sent if begin != lost] + [(lost_at + 0.13, lost)]
    received: set[int] = set()
    acked = 1
    for at, begin in sorted(arrivals):
        received.add(begin)
        while acked in received:
            acked += MSS
        beyond = [other for other in received if other >= acked]
        sack = f" sack {min(beyond)}-{max(beyond) + MSS}" if beyond else ""
        window = 500 - 4 * len(received)
        events.append((at, f"client > ACK ack {acked} win {window}{sack}"))
    end = max(at for at, _ in events) + 5
    events += [
        (end, f"server < FIN,ACK seq {number} win 235"),
        (end + 0.04, f"client > FIN,ACK ack {number + 1} win 229"),
        (end + 0.08, "server < ACK win 235"),
    ]
    return "\n".join(lines + [f"{at:.6f} {line}" for at, line in sorted(events)])


def mixed() -> str:
    """Return fourteen connections that end in many ways."""
    dice = random.Random(7)
    ends, events = [], []
    start = 0.0
    kinds = [*["closed"] * 7, "reset", "refused", "half-closed", "open", "unanswered", "both", "closed"]
    for place, kind in enumerate(kinds):
        a, b = f"a{place}", f"b{place}"
        ends.append(f"ends {a} 192.0.2.{place + 1}:{51000 + place} {b} 198.51.100.7:8000")
        start += dice.uniform(0.02, 0.35)
        trip, life, wait = dice.uniform(0.02, 0.09), dice.uniform(0.3, 1.6), dice.uniform(0.05, 0.7)
        end = start + 2 * trip + life
        first, second = (a, b) if dice.random() < 0.5 else (b, a)
        events.append((start, f"{a} > SYN"))
        if kind == "unanswered":
            events.append((start + 1, f"{a} > SYN seq 0"))
        elif kind == "refused":
            events.append((start + trip, f"{b} < RST,ACK"))
        else:
            events += [(start + trip / 2, f"{b} < SYN,ACK"), (start + trip, f"{a} > ACK")]
            events += {
                "open": [(end, f"{a} > PSH,ACK len 100")],
                "reset": [(end, f"{b} < RST,ACK")],
                "both": [
                    (end, f"{a} > FIN,ACK seq 1 ack 1"),
                    (end + 0.01, f"{b} < FIN,ACK seq 1 ack 1"),
                    (end + 0.1, f"{a} > ACK ack 2"),
                    (end + 0.12, f"{b} < ACK ack 2"),
                ],
            }.get(kind, [(end, f"{first} > FIN,ACK"), (end + trip, f"{second} < ACK")])
            if kind == "closed":
                events += [
                    (end + trip + wait, f"{second} > FIN,ACK"),
                    (end + 2 * trip + wait, f"{first} > ACK"),
                ]
    return "\n".join(ends + [f"{at:.6f} {line}" for at, line in sorted(events)])


def main() -> None:
    """Write the captures and every picture that the page shows."""
    sys.path.insert(0, str(ROOT))
    from tests.script import parse

    for name, script in (("slow", slow()), ("mixed", mixed())):
        with open(FOLDER / f"{name}.pcap.gz", "wb") as file:
            file.write(gzip.compress(parse(script).pcap(), mtime=0))
    for command in re.findall(r"^tcptrace plot .*$", PAGE.read_text(), re.MULTILINE):
        _, *words = shlex.split(command)
        subprocess.run([sys.executable, "-m", "tcptrace", *words], cwd=ROOT, check=True)
        path = ROOT / words[words.index("-o") + 1]
        with Image.open(path) as drawn:
            height = round(drawn.height * WIDTH / drawn.width)
            small = drawn.convert("RGB").resize((WIDTH, height), Image.Resampling.LANCZOS)
        small.quantize(COLOURS, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).save(
            path, optimize=True
        )


if __name__ == "__main__":
    main()
