"""The states of RFC 9293 3.3.2, as small integers for the kernels and as the RFC's words for people."""

UNKNOWN = 0  # the capture does not show this end's state
CLOSED = 1
LISTEN = 2
SYN_SENT = 3
SYN_RECEIVED = 4
ESTABLISHED = 5
FIN_WAIT_1 = 6
FIN_WAIT_2 = 7
CLOSE_WAIT = 8
CLOSING = 9
LAST_ACK = 10
TIME_WAIT = 11

STATE_NAMES: tuple[str, ...] = (
    "UNKNOWN",
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
)
STATE_COUNT = len(STATE_NAMES)
