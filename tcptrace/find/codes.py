"""All findings: one row a code, those of the replay first, then those that Wireshark has too.

``text`` makes the detail: of the replay's notes a format string over their two numbers ``a`` and ``b``, of the analysis'
notes a function of their six numbers.
"""

from collections.abc import Callable
from typing import Literal, NamedTuple

from tcptrace.find import numbers, sentences
from tcptrace.tcp import codes as notes

Severity = Literal["note", "warning", "error"]


class Code(NamedTuple):
    """One finding code."""

    name: str
    severity: Severity
    source: str  # clause or paper
    text: str | Callable[[sentences.Values], str]  # the detail


CODES: dict[int, Code] = {
    notes.SYN_RETRANSMISSION: Code(
        "syn_retransmission", "note", "RFC 9293 3.8.1", "the same SYN (number {a}) again{first}"
    ),
    notes.FIN_RETRANSMISSION: Code(
        "fin_retransmission", "note", "RFC 9293 3.8.1", "the same FIN (number {a}) again{first}"
    ),
    notes.SIMULTANEOUS_OPEN: Code(
        "simultaneous_open",
        "note",
        "RFC 9293 3.5",
        "the SYNs of frames {a} and {b} crossed: neither acknowledges the other",
    ),
    notes.SIMULTANEOUS_CLOSE: Code(
        "simultaneous_close",
        "note",
        "RFC 9293 3.6",
        "the FINs of frames {a} and {b} crossed: neither acknowledges the other",
    ),
    notes.HALF_OPEN: Code(
        "half_open",
        "warning",
        "RFC 9293 3.5.1",
        "the SYN in frame {a} was answered on behalf of this connection: its sender had lost it, the peer still has it",
    ),
    notes.CHALLENGE_ACK: Code(
        "challenge_ack", "note", "RFC 5961 3.2, 4.2", "an ACK that answers frame {a}, which was not accepted"
    ),
    notes.RST_OUT_OF_WINDOW: Code(
        "rst_out_of_window",
        "warning",
        "RFC 5961 3.2",
        "RST with number {a} outside the receive window: nobody moves",
    ),
    notes.BLIND_RST: Code(
        "blind_rst",
        "error",
        "RFC 5961 3.2",
        "this RST (number {a}) is not its supposed sender's: that end sends on afterwards",
    ),
    notes.TIME_WAIT_REUSE: Code("time_wait_reuse", "note", "RFC 6191, RFC 1122 4.2.2.13", "{reuse}"),
    notes.TIME_WAIT_ASSASSINATION: Code(
        "time_wait_assassination",
        "warning",
        "RFC 1337",
        "this RST ends the TIME-WAIT{waited} before its {two_msl:g} s of 2MSL are over",
    ),
    notes.ABORTIVE_CLOSE: Code(
        "abortive_close",
        "warning",
        "RFC 1122 4.2.2.13",
        "reset by an established end that had sent {a} bytes and no FIN, with {b} bytes sent to it: "
        "closed with data unread, SO_LINGER 0 or killed; "
        "the wire cannot tell which",
    ),
    notes.DATA_AFTER_FIN: Code(
        "data_after_fin", "error", "RFC 9293 3.10.4", "{b} octets beyond the sender's own FIN (number {a})"
    ),
    notes.DATA_AFTER_RST: Code(
        "data_after_rst", "error", "RFC 9293 3.5.2", "{a} octets after the sender's own RST"
    ),
    notes.ACK_OF_UNSENT: Code(
        "ack_of_unsent",
        "warning",
        "RFC 9293 3.10.7.4",
        "acknowledges {count} numbers that the peer had not sent: it sends them only afterwards, or never",
    ),
    notes.SPLIT_HANDSHAKE: Code(
        "split_handshake", "warning", "RFC 9293 3.5", "the SYN in frame {begin} is answered by an ACK alone"
    ),
    notes.SYN_DATA: Code(
        "syn_data",
        "note",
        "RFC 7413",
        "the SYN carries {a} octets, before the other end has said that it is there",
    ),
    notes.FAST_OPEN: Code(
        "fast_open",
        "note",
        "RFC 7413",
        "the SYN,ACK acknowledges {a} octets of the SYN in frame {syn}, which had a cookie",
    ),
    notes.BAD_CHECKSUM: Code(
        "bad_checksum",
        "warning",
        "RFC 9293 3.1",
        "the TCP checksum of these {b} octets (number {a}) is wrong: they move nobody",
    ),
    notes.DUPLICATE_FRAME: Code(
        "duplicate_frame",
        "note",
        "capture",
        "the same packet, with {a} octets of data, was captured within the 10 ms before: no event of its own",
    ),
    notes.TIME_WENT_BACK: Code(
        "time_went_back", "note", "capture", "{back} older than the segment before it in the file"
    ),
    notes.TAP_LOSS: Code(
        "tap_loss",
        "warning",
        "capture",
        "acknowledges {count} numbers that the capture never shows: the capture lost them, not the network",
    ),
    notes.ONE_DIRECTION: Code(
        "one_direction",
        "note",
        "capture",
        "only one end's segments are in the capture: {a} up to frame {b}, and none of the other, "
        "though it is acknowledged",
    ),
    notes.NOT_IN_STATE_MACHINE: Code(
        "not_in_state_machine",
        "error",
        "RFC 9293 3.10",
        "{input} in {state}: no rule of the state machine has this",
    ),
    numbers.RETRANSMISSION: Code("retransmission", "note", "RFC 9293 3.8.1", sentences.retransmission),
    numbers.FAST_RETRANSMISSION: Code(
        "fast_retransmission", "note", "RFC 5681 3.2", sentences.fast_retransmission
    ),
    numbers.SPURIOUS_RETRANSMISSION: Code(
        "spurious_retransmission", "note", "RFC 9293 3.10.7.4", sentences.spurious_retransmission
    ),
    numbers.OUT_OF_ORDER: Code("out_of_order", "warning", "RFC 9293 3.10.7.4", sentences.out_of_order),
    numbers.LOST_SEGMENT: Code("lost_segment", "warning", "RFC 9293 3.10.7.4", sentences.lost_segment),
    numbers.ACK_LOST_SEGMENT: Code("ack_lost_segment", "warning", "RFC 9293 3.4", sentences.ack_lost_segment),
    numbers.DUPLICATE_ACK: Code("duplicate_ack", "note", "RFC 5681 2", sentences.duplicate_ack),
    numbers.ZERO_WINDOW: Code("zero_window", "warning", "RFC 9293 3.8.6", sentences.zero_window),
    numbers.WINDOW_FULL: Code("window_full", "warning", "RFC 9293 3.8.6", sentences.window_full),
    numbers.WINDOW_UPDATE: Code("window_update", "note", "RFC 9293 3.8.6", sentences.window_update),
    numbers.ZERO_WINDOW_PROBE: Code(
        "zero_window_probe", "note", "RFC 9293 3.8.6.1", sentences.zero_window_probe
    ),
    numbers.ZERO_WINDOW_PROBE_ACK: Code(
        "zero_window_probe_ack", "note", "RFC 9293 3.8.6.1", sentences.zero_window_probe_ack
    ),
    numbers.KEEP_ALIVE: Code("keep_alive", "note", "RFC 9293 3.8.4", sentences.keep_alive),
    numbers.KEEP_ALIVE_ACK: Code("keep_alive_ack", "note", "RFC 9293 3.8.4", sentences.keep_alive_ack),
    numbers.REUSED_PORTS: Code("reused_ports", "note", "RFC 9293 3.4.1", sentences.reused_ports),
}
