"""For tests of other people's services: their loopback traffic as connections, and assertions about them.

The pytest plugin (``tcptrace.pytest_plugin``) is made of this; without pytest it works as well.
"""

from tcptrace.testing.capture import TcpCapture
from tcptrace.testing.paths import assert_path

__all__ = ["TcpCapture", "assert_path"]
