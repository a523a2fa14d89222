"""The sentences of the explanation, as tables: cause by states, evidence by cause, outcome, finding.

In braces: ``who`` and ``peer`` (``Who`` begins a sentence), ``proof``, a frame, ``old`` and ``new`` states,
``port`` (the server's), ``n`` a number, ``frames`` where. A test goes through every row.
"""

# (cause, from, to): what the step is. "*" fits any state; the narrowest row is taken.
STEPS: dict[tuple[str, str, str], str] = {
    ("snd SYN", "CLOSED", "SYN-SENT"): (
        "{Who} asks to connect: it sends SYN and waits in SYN-SENT for an answer."
    ),
    ("snd SYN", "*", "*"): "{Who} sends SYN and goes from {old} to {new}.",
    ("rcv SYN", "LISTEN", "SYN-RECEIVED"): "{Who} was listening; the SYN takes it to SYN-RECEIVED.",
    ("rcv SYN", "SYN-SENT", "SYN-RECEIVED"): (
        "{Who} has sent a SYN of its own and now gets one instead of an answer to it: a simultaneous "
        "open, which takes it to SYN-RECEIVED."
    ),
    ("rcv SYN", "SYN-RECEIVED", "LISTEN"): (
        "A SYN with another number reaches {who} in the middle of the handshake: it drops the one it had "
        "begun and listens again."
    ),
    ("rcv SYN", "*", "*"): "The SYN takes {who} from {old} to {new}.",
    ("rcv SYN,ACK", "SYN-SENT", "ESTABLISHED"): (
        "The SYN,ACK answers {who}'s SYN and brings {peer}'s: for {who} the connection is ESTABLISHED, "
        "and it may send data."
    ),
    ("rcv SYN,ACK", "*", "*"): "The SYN,ACK takes {who} from {old} to {new}.",
    ("rcv ACK of SYN", "SYN-RECEIVED", "ESTABLISHED"): (
        "The ACK of its SYN takes {who} to ESTABLISHED: the handshake is done at this end."
    ),
    ("rcv ACK of SYN", "*", "*"): "The ACK of its SYN takes {who} from {old} to {new}.",
    ("snd FIN", "ESTABLISHED", "FIN-WAIT-1"): (
        "{Who} has no more to send: its FIN takes it to FIN-WAIT-1, where it waits for the ACK of that "
        "FIN. It can still receive."
    ),
    ("snd FIN", "SYN-RECEIVED", "FIN-WAIT-1"): (
        "{Who} closes before the last ACK of the handshake has reached it: its FIN takes it from "
        "SYN-RECEIVED straight to FIN-WAIT-1."
    ),
    ("snd FIN", "CLOSE-WAIT", "LAST-ACK"): (
        "Now {who} closes too: its FIN takes it to LAST-ACK, where it waits for one last ACK."
    ),
    ("snd FIN", "*", "*"): "{Who} sends FIN and goes from {old} to {new}.",
    ("rcv FIN", "ESTABLISHED", "CLOSE-WAIT"): (
        "{Who} learns from the FIN that {peer} has no more to send, and is in CLOSE-WAIT until its own "
        "program closes."
    ),
    ("rcv FIN", "SYN-RECEIVED", "CLOSE-WAIT"): (
        "{Who} gets the FIN while its handshake is not yet done, and is in CLOSE-WAIT until its own "
        "program closes."
    ),
    ("rcv FIN", "FIN-WAIT-1", "CLOSING"): (
        "{Who} gets a FIN that does not acknowledge its own: both closed at the same time, and it is in "
        "CLOSING until its FIN is acknowledged."
    ),
    ("rcv FIN", "FIN-WAIT-2", "TIME-WAIT"): (
        "{Who}, whose own FIN is acknowledged already, gets {peer}'s FIN: it acknowledges it and is in "
        "TIME-WAIT, to wait out 2MSL."
    ),
    ("rcv FIN", "*", "*"): "The FIN takes {who} from {old} to {new}.",
    ("rcv ACK of FIN", "FIN-WAIT-1", "FIN-WAIT-2"): (
        "{Peer} acknowledges {who}'s FIN: that direction is closed, and {who} is in FIN-WAIT-2 until "
        "{peer} closes too."
    ),
    ("rcv ACK of FIN", "CLOSING", "TIME-WAIT"): (
        "{Peer} acknowledges {who}'s FIN: {who} is in TIME-WAIT, to wait out 2MSL."
    ),
    ("rcv ACK of FIN", "LAST-ACK", "CLOSED"): (
        "{Peer} acknowledges {who}'s FIN: for {who} all is said, and it is CLOSED."
    ),
    ("rcv ACK of FIN", "*", "*"): "The ACK of its FIN takes {who} from {old} to {new}.",
    ("snd RST", "TIME-WAIT", "CLOSED"): "{Who} sends RST and leaves TIME-WAIT early.",
    ("snd RST", "UNKNOWN", "CLOSED"): (
        "{Who} sends RST: it breaks the connection off or knows of none; either way it is CLOSED."
    ),
    ("snd RST", "*", "CLOSED"): (
        "{Who} breaks off: it sends RST, forgets the connection, and is CLOSED at once."
    ),
    ("snd RST", "*", "*"): "{Who} sends RST and goes from {old} to {new}.",
    ("rcv RST", "SYN-SENT", "CLOSED"): (
        "The RST refuses {who}'s SYN: it is CLOSED, and its connect() fails."
    ),
    ("rcv RST", "SYN-RECEIVED", "LISTEN"): (
        "The RST takes {who} back to LISTEN, as if the SYN had never come."
    ),
    ("rcv RST", "TIME-WAIT", "CLOSED"): (
        "The RST ends {who}'s TIME-WAIT before its time, which RFC 1337 warns of."
    ),
    ("rcv RST", "UNKNOWN", "CLOSED"): "If {who} still had the connection, the RST has ended it: CLOSED.",
    ("rcv RST", "ESTABLISHED", "CLOSED"): (
        "The RST takes {who} from ESTABLISHED to CLOSED at once; its program gets an error (connection "
        "reset) and not an end of data."
    ),
    ("rcv RST", "CLOSE-WAIT", "CLOSED"): (
        "The RST takes {who} from CLOSE-WAIT to CLOSED at once; its program gets an error when it next "
        "writes."
    ),
    ("rcv RST", "*", "*"): "The RST takes {who} from {old} to {new}.",
    ("2MSL timeout", "*", "*"): (
        "2MSL have passed without another FIN: the timer takes {who} from {old} to {new}. The ports are free."
    ),
    ("reused", "TIME-WAIT", "CLOSED"): (
        "A new SYN on the same addresses and ports ends {who}'s TIME-WAIT early: a new connection begins "
        "(the next stream)."
    ),
    ("reused", "*", "*"): (
        "{Who} knows nothing of this connection any more: it opens a new one on the same addresses and "
        "ports, so here it has left {old} for {new}."
    ),
    ("pickup", "*", "*"): "The capture begins in the middle of this connection: {who} is found in {new}.",
}

# (cause, new state, evidence): how sure the step is, and by what. "*" as above; an end's own segment and a
# timer need no proof.
PROOFS: dict[tuple[str, str, str], str] = {
    ("*", "*", "observed"): "",
    ("*", "*", "timer"): "",
    ("rcv SYN", "*", "confirmed"): "Frame {proof} proves it: it answers that SYN.",
    ("rcv SYN,ACK", "*", "confirmed"): "Frame {proof} proves it: there {who} acknowledges the SYN,ACK.",
    ("rcv ACK of SYN", "*", "confirmed"): (
        "Frame {proof} proves it: no bare repetition of what {who} said in its SYN,ACK, which would prove "
        "nothing."
    ),
    ("rcv FIN", "*", "confirmed"): "Frame {proof} proves it: there {who} acknowledges the FIN.",
    ("rcv ACK of FIN", "*", "confirmed"): (
        "Frame {proof} proves it: by then {who} had a segment with this ACK."
    ),
    ("rcv RST", "*", "confirmed"): (
        "Frame {proof} proves it: there {who} speaks as one that knows the connection no more."
    ),
    ("*", "*", "confirmed"): "Frame {proof} proves it.",
    ("rcv ACK of FIN", "CLOSED", "assumed"): (
        "This is assumed: {who} has nothing left to say after it, so no capture can prove it. Had the ACK "
        "been lost, {who} would have sent its FIN again."
    ),
    ("rcv ACK of FIN", "TIME-WAIT", "assumed"): (
        "This is assumed: an end in TIME-WAIT is silent unless it is spoken to. Had the ACK been lost, "
        "{who} would have sent its FIN again."
    ),
    ("rcv FIN", "CLOSING", "assumed"): (
        "This is assumed: nothing in the capture shows that the FIN came, or that it came before the ACK of the "
        "FIN that {who} had sent."
    ),
    ("snd FIN", "*", "assumed"): (
        "This is assumed: this FIN was lost before the capture; the number of a later segment lies beyond it. "
        "That segment knows the other FIN too, and nothing shows which was first."
    ),
    ("rcv RST", "*", "assumed"): (
        "This is assumed: whoever takes a RST is silent after it, so nothing can prove it."
    ),
    ("2MSL timeout", "*", "assumed"): "This is assumed, since its entry into TIME-WAIT is.",
    ("*", "*", "assumed"): (
        "This is assumed: the segment should have arrived, and nothing later in the capture proves it, or that "
        "it found {who} in this state."
    ),
    ("pickup", "*", "inferred"): "Frame {proof} shows it.",
    ("reused", "*", "inferred"): "This is inferred: it says nothing of it; frame {proof} shows it.",
    ("*", "*", "inferred"): (
        "This is inferred: the segment that caused it is not in the capture; frame {proof} shows it."
    ),
}
LATE = "It came late: what {who} sent in between did not know it yet."

# Who opened; a client with a SYN needs no word of its own.
OPENED_BY: dict[str | None, str] = {
    "client": "",
    "both": (
        "Both ends send SYN at the same time (a simultaneous open, RFC 9293 3.5): there is no server "
        'here; "client" is only the one that was seen first.'
    ),
    "itself": (
        "Both ends are one socket, connected to itself: its own SYN came back to its own port (a "
        "simultaneous open, RFC 9293 3.5). Every segment is one that it sends and receives."
    ),
    None: (
        'The capture does not show who opened this connection; "client" is the end with the higher port '
        "(on equal ports, the one that was seen first)."
    ),
}

CLOSED_FIRST: dict[str | None, str] = {
    "client": "The client is the first to end it.",
    "server": "The server is the first to end it.",
    "both": "Both ends close at the same time: neither FIN acknowledges the other (RFC 9293 3.6).",
    "itself": "The socket closes, and with it both ends.",
    None: "",
}

# ``reset`` is who sent the first valid RST.
OUTCOMES: dict[str, str] = {
    "closed": "Closed in order: each end has said FIN, and has had it acknowledged.",
    "closed-reset": "Closed: each end has said FIN; a RST of {reset} came as well.",
    "reset": "Reset: a RST of {reset} ended an established connection. What was under way is lost.",
    "refused": (
        "Refused: {reset} answered the SYN with RST. Nobody listens on port {port} there, or a filter "
        'says so; connect() fails with "Connection refused".'
    ),
    "aborted": (
        "Aborted: a RST of {reset} ended it before it was established (so do scanners, and programs that "
        "give up)."
    ),
    "half-closed": ("Half-closed when the capture ends: one end has said FIN, the other may go on sending."),
    "closing": "Closing when the capture ends: each end has said FIN, and not both are acknowledged.",
    "open": "Open when the capture ends: established, with no FIN and no RST so far.",
    "connecting": (
        "Connecting when the capture ends: the SYN is answered, the handshake is not known to be finished."
    ),
    "unanswered": (
        "Unanswered: nothing came back on the SYN. The host is gone, a filter drops the SYN, or the "
        "answer took a way that is not captured; connect() will time out."
    ),
    "unknown": "Unknown: the capture shows too little of this connection to say what became of it.",
}

# What TIME-WAIT is for, and what it means for the ports, by who holds it.
TIME_WAIT: dict[str, str] = {
    "waits": (
        "From {since} on {who} {waits} 2MSL, until {until} ({msl}; no segment tells the real one). So "
        "long {who} {keeps} this pair of addresses and ports: to acknowledge the last FIN again if that "
        "ACK was lost, and until old segments have died out in the network."
    ),
    "ports": (
        "For the ports this means: until then the four-tuple {client}, {server} cannot be used again, "
        "unless a new SYN is provably newer (RFC 6191)."
    ),
    "server": (
        'A server program that is started again in that time cannot bind port {port} ("Address already in '
        'use") unless it sets SO_REUSEADDR. Other clients, and other ports of this one, are served all '
        "the same."
    ),
    "client": (
        "The server's port is free at once; port {client_port} of the client is taken for this server. A "
        "client that connects very often and always closes first may run out of ports."
    ),
    "both": (
        "Both ends keep it, since both sent a FIN before they had the other's: a server program that is "
        "started again in that time needs SO_REUSEADDR to bind port {port}."
    ),
    "itself": "It is one socket, so one port is taken.",
}

FINAL_UNKNOWN = "In which state {who} is, the capture does not show."

# application: its name, where that is not the label in capitals.
NAMES: dict[str, str] = {
    "xmlrpc": "XML-RPC",
    "http2": "HTTP/2",
    "bittorrent": "BitTorrent",
    "mysql": "MySQL",
    "postgres": "PostgreSQL",
}

# application: what its two ends send each other (client, server).
EXCHANGES: dict[str, tuple[str, str]] = {
    "http": ("the HTTP request", "the HTTP response"),
    "http2": ("HTTP/2 frames", "HTTP/2 frames"),
    "xmlrpc": ("the XML-RPC call, in an HTTP POST", "the XML-RPC response"),
    "dns": ("the DNS query", "the DNS answer"),
    "tls": ("TLS records", "TLS records"),
    "ssh": ("SSH's version and keys", "SSH's version and keys"),
    "ftp": ("an FTP command", "an FTP reply"),
    "smtp": ("SMTP", "an SMTP reply"),
    "pop3": ("a POP3 command", "a POP3 reply"),
    "imap": ("an IMAP command", "an IMAP reply"),
}

# finding: what it means. {n} times by {who}; {frames} the first of them.
FINDINGS: dict[str, str] = {
    "syn_retransmission": "{Who} sent its SYN again {n} ({frames}): no answer had come in time.",
    "fin_retransmission": "{Who} sent its FIN again {n} ({frames}): no ACK of it had come in time.",
    "retransmission": "{Who} sent something again {n} ({frames}).",
    "fast_retransmission": "{Who} sent again {n} as soon as duplicate ACKs asked for it ({frames}).",
    "spurious_retransmission": "{Who} sent again {n} what had been acknowledged already ({frames}).",
    "out_of_order": "Segments of {who} overtook each other {n} ({frames}).",
    "lost_segment": (
        "In what {who} sent, a piece is missing {n} ({frames} come after it): lost on the way, or not captured."
    ),
    "ack_lost_segment": "{Who} acknowledged {n} what is not in the capture ({frames}).",
    "duplicate_ack": "{Who} repeated an ACK {n} ({frames}), as an end does that misses data.",
    "zero_window": "{Who} announced a window of 0 {n} ({frames}): it had no room for more.",
    "window_full": "{Who} filled the window that the other end allowed {n} ({frames}), and had to wait.",
    "window_update": "{Who} announced another window {n} with nothing new acknowledged ({frames}).",
    "zero_window_probe": "{Who} asked {n} whether the window was still 0 ({frames}).",
    "zero_window_probe_ack": "{Who} answered such a question {n} ({frames}).",
    "keep_alive": "{Who} asked {n} whether the other end is still there ({frames}): a keep-alive.",
    "keep_alive_ack": "{Who} answered a keep-alive {n} ({frames}).",
    "reused_ports": "An earlier connection of the capture had the same addresses and ports ({frames}).",
    "simultaneous_open": "The SYNs crossed ({frames}): a simultaneous open.",
    "simultaneous_close": (
        "The FINs crossed ({frames}): a simultaneous close, by way of CLOSING; both ends wait 2MSL."
    ),
    "half_open": (
        "Half-open ({frames}): one end had lost the connection (a crash, a restart) while the other still "
        "had it."
    ),
    "challenge_ack": (
        "{Who} answered a SYN or RST that it did not accept with a challenge ACK {n} ({frames}, RFC 5961)."
    ),
    "rst_out_of_window": "RST outside the receive window {n} ({frames}): nobody moves for it.",
    "blind_rst": (
        "RST in the window but not at the exact number {n} ({frames}), and traffic went on: somebody may "
        "have forged it (RFC 5961)."
    ),
    "time_wait_reuse": (
        "The same addresses and ports were used again while TIME-WAIT lasted ({frames}, RFC 6191)."
    ),
    "time_wait_assassination": "A RST ended a TIME-WAIT early ({frames}, RFC 1337).",
    "abortive_close": (
        "{Who} ended with RST and no FIN ({frames}): closed with data unread, SO_LINGER of 0, or killed; "
        "the wire cannot tell which."
    ),
    "data_after_fin": "{Who} sent data beyond its own FIN {n} ({frames}), which no TCP does.",
    "data_after_rst": "{Who} sent data after its own RST {n} ({frames}).",
    "ack_of_unsent": "{Who} acknowledged what had not been sent {n} ({frames}).",
    "split_handshake": "The SYN was answered by an ACK or a separate SYN ({frames}): a split handshake.",
    "syn_data": "A SYN carried data ({frames}).",
    "fast_open": (
        "TCP Fast Open ({frames}): data in the SYN was taken before the handshake was done (RFC 7413)."
    ),
    "bad_checksum": "Segments of {who} with a wrong checksum: {n} ({frames}). Nobody moves for them.",
    "duplicate_frame": ("The capture has the same packet twice {n} ({frames}); the second copy is no event."),
    "time_went_back": "The capture's clock went back {n} ({frames}); the order of the file stands.",
    "tap_loss": (
        "The capture misses segments ({frames}): they were acknowledged, so the network did not lose them."
    ),
    "one_direction": (
        "Only one end's segments are in the capture: what the other did is inferred, or unknown."
    ),
    "not_in_state_machine": "{Who} did what no state allows {n} ({frames}).",
}
FINDING_OTHERWISE = "{code} at {who}: {n} ({frames})."
