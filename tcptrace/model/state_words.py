"""The type of a state's name; ``states.STATE_NAMES`` has the same names, without what ``typing`` costs at each start."""

from typing import Literal

State = Literal[
    "CLOSED",
    "LISTEN",
    "SYN-SENT",
    "SYN-RECEIVED",
    "ESTABLISHED",
    "FIN-WAIT-1",
    "FIN-WAIT-2",
    "CLOSE-WAIT",
    "CLOSING",
    "LAST-ACK",
    "TIME-WAIT",
]
