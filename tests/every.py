"""Every capture that lies here: those of other projects beside the checkout, the kernel's, our own."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FOLDERS = {
    "real": ROOT.parent / "shared" / "data" / "real",
    "kernel": ROOT / "tests" / "data" / "kernel",
    "captures": ROOT / "captures",
}
CAPTURES = [
    pytest.param(path, id=f"{name}/{path.name}")
    for name, folder in FOLDERS.items()
    for path in sorted(folder.glob("*"))
    if path.name.removesuffix(".gz").endswith((".pcap", ".pcapng", ".cap"))
]
