"""How a connection can end, by number and by the contract's word, in the contract's order."""

BOTH = 2  # a side: both ends
(OUT_CLOSED, RESET, REFUSED, ABORTED, HALF_CLOSED, CLOSING, OPEN, CONNECTING, UNANSWERED, UNKNOWN_OUTCOME) = (
    range(10)
)
OUTCOME_NAMES = (
    "closed",
    "reset",
    "refused",
    "aborted",
    "half-closed",
    "closing",
    "open",
    "connecting",
    "unanswered",
    "unknown",
)
