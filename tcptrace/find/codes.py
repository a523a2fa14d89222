"""All findings: one row a code, those of the replay first, then those that Wireshark has too.

``text`` makes the detail of a note's numbers and of what stands around it.
"""

from collections.abc import Callable
from typing import Literal, NamedTuple

from tcptrace.find import noticed, numbers, sentences
from tcptrace.tcp import codes as notes

Severity = Literal["note", "warning", "error"]
Text = Callable[[sentences.Values, noticed.Around], str]


class Code(NamedTuple):
    """One finding code."""

    name: str
    severity: Severity
    source: str  # clause or paper
    text: Text  # the detail


def _alone(sentence: Callable[[sentences.Values], str]) -> Text:
    """Return the text of a sentence that needs nothing but its numbers."""
    return lambda values, _: sentence(values)


CODES: dict[int, Code] = {
    notes.SYN_RETRANSMISSION: Code(
        "syn_retransmission", "note", "RFC 9293 3.8.1", noticed.syn_retransmission
    ),
    notes.FIN_RETRANSMISSION: Code(
        "fin_retransmission", "note", "RFC 9293 3.8.1", noticed.fin_retransmission
    ),
    notes.SIMULTANEOUS_OPEN: Code("simultaneous_open", "note", "RFC 9293 3.5", noticed.simultaneous_open),
    notes.SIMULTANEOUS_CLOSE: Code("simultaneous_close", "note", "RFC 9293 3.6", noticed.simultaneous_close),
    notes.HALF_OPEN: Code("half_open", "warning", "RFC 9293 3.5.1", noticed.half_open),
    notes.CHALLENGE_ACK: Code("challenge_ack", "note", "RFC 5961 3.2, 4.2", noticed.challenge_ack),
    notes.RST_OUT_OF_WINDOW: Code("rst_out_of_window", "warning", "RFC 5961 3.2", noticed.rst_out_of_window),
    notes.BLIND_RST: Code("blind_rst", "error", "RFC 5961 3.2", noticed.blind_rst),
    notes.TIME_WAIT_REUSE: Code(
        "time_wait_reuse", "note", "RFC 6191, RFC 1122 4.2.2.13", noticed.time_wait_reuse
    ),
    notes.TIME_WAIT_ASSASSINATION: Code(
        "time_wait_assassination", "warning", "RFC 1337", noticed.time_wait_assassination
    ),
    notes.ABORTIVE_CLOSE: Code("abortive_close", "warning", "RFC 1122 4.2.2.13", noticed.abortive_close),
    notes.DATA_AFTER_FIN: Code("data_after_fin", "error", "RFC 9293 3.10.4", noticed.data_after_fin),
    notes.DATA_AFTER_RST: Code("data_after_rst", "error", "RFC 9293 3.5.2", noticed.data_after_rst),
    notes.ACK_OF_UNSENT: Code("ack_of_unsent", "warning", "RFC 9293 3.10.7.4", noticed.ack_of_unsent),
    notes.SPLIT_HANDSHAKE: Code("split_handshake", "warning", "RFC 9293 3.5", noticed.split_handshake),
    notes.SYN_DATA: Code("syn_data", "note", "RFC 7413", noticed.syn_data),
    notes.FAST_OPEN: Code("fast_open", "note", "RFC 7413", noticed.fast_open),
    notes.BAD_CHECKSUM: Code("bad_checksum", "warning", "RFC 9293 3.1", noticed.bad_checksum),
    notes.DUPLICATE_FRAME: Code("duplicate_frame", "note", "capture", noticed.duplicate_frame),
    notes.TIME_WENT_BACK: Code("time_went_back", "note", "capture", noticed.time_went_back),
    notes.TAP_LOSS: Code("tap_loss", "warning", "capture", noticed.tap_loss),
    notes.ONE_DIRECTION: Code("one_direction", "note", "capture", noticed.one_direction),
    notes.NOT_IN_STATE_MACHINE: Code(
        "not_in_state_machine", "error", "RFC 9293 3.10", noticed.not_in_state_machine
    ),
    numbers.RETRANSMISSION: Code(
        "retransmission", "note", "RFC 9293 3.8.1", _alone(sentences.retransmission)
    ),
    numbers.FAST_RETRANSMISSION: Code(
        "fast_retransmission", "note", "RFC 5681 3.2", _alone(sentences.fast_retransmission)
    ),
    numbers.SPURIOUS_RETRANSMISSION: Code(
        "spurious_retransmission", "note", "RFC 9293 3.10.7.4", _alone(sentences.spurious_retransmission)
    ),
    numbers.OUT_OF_ORDER: Code(
        "out_of_order", "warning", "RFC 9293 3.10.7.4", _alone(sentences.out_of_order)
    ),
    numbers.LOST_SEGMENT: Code(
        "lost_segment", "warning", "RFC 9293 3.10.7.4", _alone(sentences.lost_segment)
    ),
    numbers.ACK_LOST_SEGMENT: Code(
        "ack_lost_segment", "warning", "RFC 9293 3.4", _alone(sentences.ack_lost_segment)
    ),
    numbers.DUPLICATE_ACK: Code("duplicate_ack", "note", "RFC 5681 2", _alone(sentences.duplicate_ack)),
    numbers.ZERO_WINDOW: Code("zero_window", "warning", "RFC 9293 3.8.6", _alone(sentences.zero_window)),
    numbers.WINDOW_FULL: Code("window_full", "warning", "RFC 9293 3.8.6", _alone(sentences.window_full)),
    numbers.WINDOW_UPDATE: Code("window_update", "note", "RFC 9293 3.8.6", _alone(sentences.window_update)),
    numbers.ZERO_WINDOW_PROBE: Code(
        "zero_window_probe", "note", "RFC 9293 3.8.6.1", _alone(sentences.zero_window_probe)
    ),
    numbers.ZERO_WINDOW_PROBE_ACK: Code(
        "zero_window_probe_ack", "note", "RFC 9293 3.8.6.1", _alone(sentences.zero_window_probe_ack)
    ),
    numbers.KEEP_ALIVE: Code("keep_alive", "note", "RFC 9293 3.8.4", _alone(sentences.keep_alive)),
    numbers.KEEP_ALIVE_ACK: Code(
        "keep_alive_ack", "note", "RFC 9293 3.8.4", _alone(sentences.keep_alive_ack)
    ),
    numbers.REUSED_PORTS: Code("reused_ports", "note", "RFC 9293 3.4.1", _alone(sentences.reused_ports)),
}
