"""The lab: a test server in many styles, a client for each of its applications.

``STYLES`` and ``APPS`` are the two lists; a style serves any application. In Python::

    from tcptrace import lab

    with lab.serving("threads", "http") as address:
        for line in lab.drive("http", address):
            print(line)

To read it as a tutorial: ``apps/hello.py``, ``conversation.py``, ``styles/blocking.py``, then the other styles.
"""

from tcptrace.lab.apps import APPS
from tcptrace.lab.client import drive
from tcptrace.lab.service import Address, Options
from tcptrace.lab.serving import serving
from tcptrace.lab.styles import STYLES

__all__ = ["APPS", "STYLES", "Address", "Options", "drive", "serving"]
