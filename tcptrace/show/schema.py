"""The published JSON Schema (2020-12) of schema 1, as it lies in this package.

Known keys are required and typed, and words from closed lists are listed. Unknown keys are allowed, because
adding a key does not raise the schema (contract).
"""

from pathlib import Path

SCHEMA_FILE = "schema-1.json"


def text() -> str:
    """Return the schema as JSON text."""
    return (Path(__file__).parent / SCHEMA_FILE).read_text(encoding="utf-8")
