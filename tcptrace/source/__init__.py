"""Where frames come from: files, pipes, memory, live rings."""

from tcptrace.source.base import Batch, Source
from tcptrace.source.open import open_source

__all__ = ["Batch", "Source", "open_source"]
