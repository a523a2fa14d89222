"""The numbers and bits of the rows, once; the hot files import them and their ``.pxd`` make C constants of them."""

NONE = -1
NO_TIME = -(1 << 62)  # no time at all; capture times lie above it
WRAP = 0x100000000
MASK32 = 0xFFFFFFFF
HALF = 0x80000000

# Event.evidence
OBSERVED, CONFIRMED, ASSUMED, INFERRED, TIMER = range(5)
EVIDENCE_NAMES = ("observed", "confirmed", "assumed", "inferred", "timer")

# Event.held
BEHIND_HOLE = 1  # until the copy that fills the hole below it
WAITS = 2  # until the SYN is answered, or until it is acceptable
UNSEEN = 3  # a FIN that a later number of its sender's allows to have been lost before the capture, until it comes again

# Event.turn
TURN_TIMER, TURN_SENDER, TURN_RECEIVER = range(3)

# End.flags
F_SYN = 0x1  # sent a SYN without ACK
F_SYN_ACK = 0x2  # sent a SYN,ACK
F_FIN = 0x4  # its FIN was captured
F_FIN_GUESSED = 0x8  # its FIN was never captured; the peer's ACK shows it
F_SYN_DATA = 0x10  # its SYN carried data
F_SYN_DATA_ACKED = 0x20  # its SYN,ACK acknowledged data of the peer's SYN
F_COOKIE = 0x40  # Fast Open option in its SYN
F_PASSIVE = 0x80  # it opened passively
F_ACKED = 0x100  # it sent a segment with ACK
F_SCALE = 0x200  # a SYN of its own was captured: `scale` is known
F_DATA = 0x400  # it sent new data
F_ACKED_DATA = 0x800  # it acknowledged new data
F_RST_OUT = 0x4000  # a RST of its own closed it (may be withdrawn)
F_WINDOW_SCALE = 0x10000  # its SYN had the window scale option
F_SYN_DATA_AGAIN = 0x20000  # the data of its SYN came again in a segment without SYN
F_TIME_WAIT = 0x8000  # its step into TIME-WAIT is settled

# Stream.flags
S_SELF = 0x1  # one socket connected to itself: a single end
S_BOTH_SYN = 0x2  # both ends sent a SYN without ACK
S_CHALLENGED = 0x4  # the new SYN was answered on behalf of the old connection
S_ANSWERED = 0x8  # the SYN was answered with SYN,ACK
S_GIVEN_UP = 0x10  # closed early to bound memory
S_SPLIT = 0x20  # the SYN was answered by an ACK alone
S_OLD_LIVE = 0x40  # the SYN found the old peer synchronized
S_OVER = 0x100  # both ends were seen in CLOSED or TIME-WAIT, or a newer stream took the four-tuple
S_REUSED = 0x400  # its SYN found an older stream on the four-tuple
S_WOKEN = 0x200  # it was packed, and a segment came all the same: it is not packed again
S_TIME_WAIT_REFUSED = 0x80  # the SYN found TIME-WAIT and RFC 6191 would not accept it
