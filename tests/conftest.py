"""Makes the helpers that lie beside this file (``script``) importable from every folder of tests."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
