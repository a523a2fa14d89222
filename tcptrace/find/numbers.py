"""Numbers of what Wireshark finds too; ``find.codes`` has their names and sentences. They go on where the replay's end."""

from tcptrace.tcp.codes import CODE_COUNT

(
    ZERO_WINDOW_PROBE,
    ZERO_WINDOW,
    LOST_SEGMENT,
    KEEP_ALIVE,
    WINDOW_UPDATE,
    WINDOW_FULL,
    KEEP_ALIVE_ACK,
    ZERO_WINDOW_PROBE_ACK,
    DUPLICATE_ACK,
    ACK_LOST_SEGMENT,
    SPURIOUS_RETRANSMISSION,
    FAST_RETRANSMISSION,
    OUT_OF_ORDER,
    RETRANSMISSION,
    REUSED_PORTS,
) = range(CODE_COUNT, CODE_COUNT + 15)
