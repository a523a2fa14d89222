"""What each code means, what usually causes it, what to look at next: one row a code, as ``tcptrace explain`` prints it."""

from typing import NamedTuple


class Meaning(NamedTuple):
    """A code in words; plain text without line breaks."""

    means: str
    causes: str
    next: str


MEANINGS: dict[str, Meaning] = {
    "tap_loss": Meaning(
        means=(
            "An ACK covers octets that the capture never shows, so its sender received what the capture missed:"
            " the capture lost segments, not the network."
        ),
        causes=(
            "A full capture buffer or a slow disk, a mirror port with more traffic than it can carry, another "
            "path for some packets."
        ),
        next=(
            "Capture again with a larger buffer (tcpdump -B) or a shorter snap length (-s 128), and compare "
            "tcpdump's count of packets dropped by the kernel. Until then trust no loss or retransmission that "
            "this capture shows."
        ),
    ),
    "duplicate_frame": Meaning(
        means=(
            "The same packet is in the capture twice, by the headers, the checksum and the IP identification. "
            "The second copy moves nobody and carries no other code."
        ),
        causes=(
            "A capture on all interfaces or on both sides of a bridge, router or mirror port; loopback counted "
            "on sending and receiving."
        ),
        next=(
            "Capture on one interface. `editcap -d` takes the copies out for other tools, which may count them "
            "as retransmissions."
        ),
    ),
    "time_went_back": Meaning(
        means=(
            "The frame is older than the one before it in the file. File order stands, and no duration is "
            "negative."
        ),
        causes=(
            "Several capture threads or interfaces written without sorting, a clock that was set while the "
            "capture ran."
        ),
        next=(
            "`reordercap` sorts a file by time. If the clock was set, durations across that moment are worth "
            "nothing."
        ),
    ),
    "one_direction": Meaning(
        means=(
            "Only one end's segments are in the capture. What the other end did is inferred from ACKs, or not "
            "known."
        ),
        causes="Asymmetric routing, a mirror port for one direction, a capture filter that is too narrow.",
        next="Capture beside one of the ends, or at both places, and check the filter.",
    ),
    "bad_checksum": Meaning(
        means=(
            "The TCP checksum is wrong (and not merely left to the network card), so the receiver drops the "
            "segment: it moves nobody."
        ),
        causes=(
            "Damage on the way or in memory; rewritten addresses without a new checksum; a middlebox; forged "
            "segments."
        ),
        next=(
            "Whether it comes again with a good checksum. Many from one host: cable, network card, driver, or "
            "the device that rewrites."
        ),
    ),
    "not_in_state_machine": Meaning(
        means="The end sent something that no rule of RFC 9293 lets an end in its state send.",
        causes=(
            "A forged segment, a scanner, a broken stack or middlebox, or an earlier segment that the capture "
            "missed."
        ),
        next=(
            "`tcptrace show` around the frame: what would have to be true for the segment to make sense? Then "
            "tap_loss."
        ),
    ),
    "syn_retransmission": Meaning(
        means="The same SYN (or SYN,ACK) was sent again: its answer did not come in time.",
        causes="Nobody there, a firewall that drops, a lost packet, a full backlog at the server.",
        next=(
            "Whether the server answers at all and its SYN,ACKs come again too (then the client's ACK is lost "
            "or refused); `ss -lnt` and `nstat -az TcpExtListenOverflows` at the server."
        ),
    ),
    "fin_retransmission": Meaning(
        means="The same FIN was sent again: it was not acknowledged in time.",
        causes="The FIN or its ACK was lost, or the peer is gone or no longer answers.",
        next="Whether the peer answers anything after it. An end stays in FIN-WAIT-1 or LAST-ACK that long.",
    ),
    "simultaneous_open": Meaning(
        means="Both ends sent a SYN before they had the other's; one connection comes of it (RFC 9293 3.5).",
        causes="Hole punching by peer-to-peer programs, or two ends that both dial each other on fixed ports.",
        next="Nothing is wrong. Some firewalls do not let it through.",
    ),
    "simultaneous_close": Meaning(
        means="The FINs crossed: both ends close actively, go through CLOSING and end in TIME-WAIT.",
        causes="Both applications close at the same moment, often by equal timeouts or at the end of a protocol.",
        next="Nothing is wrong. Both ends hold the ports for 2MSL.",
    ),
    "half_open": Meaning(
        means=(
            "One end has lost a connection that the other still has: a SYN on its ports, or a challenge ACK and"
            " a RST, shows it."
        ),
        causes="The end crashed, was rebooted or restarted, or its NAT entry ran out while the other was silent.",
        next="When the end that lost it was last heard; whether keep-alives are on (they would have found out).",
    ),
    "challenge_ack": Meaning(
        means=(
            "A SYN or RST came that may have been forged, and the end asked with an ACK whether it was meant "
            "(RFC 5961)."
        ),
        causes="A peer that was restarted on the same ports, a RST that was overtaken by data, a blind attack.",
        next=(
            "Whether a RST answers it (the peer had lost the connection) or the connection goes on (it was not "
            "the peer's)."
        ),
    ),
    "rst_out_of_window": Meaning(
        means="A RST whose number lies outside the receive window: the receiver drops it, nobody moves.",
        causes="A late RST of an older connection, a middlebox that guesses numbers, a blind attack.",
        next=(
            "Who could have sent it: TTL and IP identification of this RST beside those of the end's other "
            "segments."
        ),
    ),
    "blind_rst": Meaning(
        means=(
            "A RST in the window but not at the next number, and its supposed sender goes on: it was not the "
            "sender's."
        ),
        causes="A middlebox that cuts connections, an attacker.",
        next=(
            "TTL and IP identification of the RST beside those of the end's other segments; which device lies "
            "between."
        ),
    ),
    "time_wait_reuse": Meaning(
        means=(
            "A SYN on ports in TIME-WAIT was accepted: its timestamp or number is greater than the old "
            "connection's (RFC 6191)."
        ),
        causes="A client that opens many connections to one server and uses its ports again soon.",
        next=(
            "Usually nothing. Where such SYNs are refused, see `tcptrace summary` for how many TIME-WAITs hold "
            "the ports."
        ),
    ),
    "time_wait_assassination": Meaning(
        means=(
            "A RST ended TIME-WAIT before its 2MSL were over, so old segments could reach a new connection (RFC"
            " 1337)."
        ),
        causes="An old duplicate answered with a RST, a close with SO_LINGER 0, a load balancer.",
        next="What the RST answers. Linux ignores such RSTs with net.ipv4.tcp_rfc1337=1.",
    ),
    "abortive_close": Meaning(
        means="An established end ended the connection by RST, without a FIN.",
        causes=(
            "Closed with data unread, SO_LINGER 0, the process was killed, an idle timeout of a middlebox; the "
            "wire cannot tell which."
        ),
        next=(
            "What the peer sent just before (data that nobody read?), and how long the connection had been "
            "idle."
        ),
    ),
    "data_after_fin": Meaning(
        means="Payload beyond the sender's own FIN, which it promised to be the end.",
        causes="A forged FIN, a broken stack or proxy.",
        next="Whether the FIN was the end's own: its TTL, IP identification and number.",
    ),
    "data_after_rst": Meaning(
        means="Payload after the sender's own RST, which ended the connection.",
        causes="A forged RST; segments that were overtaken by the RST on the way.",
        next="blind_rst at the RST's frame, and the IP identifications around it.",
    ),
    "ack_of_unsent": Meaning(
        means="An ACK of what the peer had not sent by then; it sends those numbers only afterwards, or never.",
        causes=(
            "A blind attack, an optimistic receiver that hurries the sender on, a broken middlebox, frames out "
            "of order in the file."
        ),
        next="time_went_back and the times around it; whether the same end does so again.",
    ),
    "split_handshake": Meaning(
        means="A SYN is answered by an ACK alone or by a separate SYN instead of a SYN,ACK.",
        causes="A test tool, a server that tries to get around a firewall; TCP allows it, hardly anybody does it.",
        next="Who the server is. Some firewalls take it for a connection in the other direction.",
    ),
    "syn_data": Meaning(
        means="The SYN carries payload: allowed, and used by Fast Open (RFC 7413).",
        causes="Fast Open, some scanners.",
        next=(
            "fast_open: whether the SYN,ACK acknowledges the payload. If not, it comes again after the "
            "handshake."
        ),
    ),
    "fast_open": Meaning(
        means="The SYN,ACK acknowledges payload of the SYN: Fast Open saved a round trip.",
        causes="TCP Fast Open is on at both ends, and the client had a cookie.",
        next="Nothing is wrong.",
    ),
    "retransmission": Meaning(
        means="Octets, a SYN or a FIN that the sender had sent before are sent again.",
        causes="The segment or its ACK was lost, or the ACK came later than the retransmission timeout.",
        next=(
            "Which of the two: a capture at the receiver, the SACK in the sentence, or spurious_retransmission "
            "beside it. At what distance in time: 200 ms and doubling is the timeout, a round trip is fast "
            "retransmission."
        ),
    ),
    "fast_retransmission": Meaning(
        means=(
            "A retransmission right after duplicate ACKs: the receiver told of a hole, and the sender fills it "
            "at once."
        ),
        causes="One packet was lost, or several that SACK names; the ones after it arrived.",
        next=(
            "How often, against all segments (`analyze --long`): 0.1 % slows a long path down, 1 % hurts "
            "everywhere."
        ),
    ),
    "spurious_retransmission": Meaning(
        means="All that is sent again was acknowledged before, as the capture sees it: needless.",
        causes=(
            "The ACK was lost after the tap or came too late (a sudden rise of the round trip), or a duplicate "
            "by the network."
        ),
        next=(
            "The time since the ACK. Less than a round trip from the tap to the sender: they crossed. More: the"
            " ACK was lost."
        ),
    ),
    "out_of_order": Meaning(
        means=(
            "A segment comes after ones with higher numbers, so soon that it was overtaken rather than sent "
            "again."
        ),
        causes="Several paths (load balancing per packet, bonding), parallel queues in a host or a network card.",
        next=(
            "Whether duplicate ACKs and fast retransmissions follow: then the receiver's ACKs make the sender "
            "slow down for nothing."
        ),
    ),
    "lost_segment": Meaning(
        means="A segment begins beyond the highest number that the capture has of its sender: there is a hole.",
        causes="Loss before the tap, reordering, or the capture missed it.",
        next=(
            "What comes next: out_of_order fills it (reordering), a retransmission (loss), an ACK alone covers "
            "it (tap_loss)."
        ),
    ),
    "ack_lost_segment": Meaning(
        means=(
            "An ACK covers octets that the capture does not have: the receiver got them, the tap did not see "
            "them, or not yet."
        ),
        causes="The capture dropped packets, began late, or sees only part of the paths.",
        next="tap_loss, and tcpdump's count of dropped packets.",
    ),
    "duplicate_ack": Meaning(
        means=(
            "The same ACK again, without data and with the same window: the receiver tells what it is still "
            "waiting for."
        ),
        causes="Segments that arrive beyond a hole, or come twice.",
        next=(
            "Whether the sentence names numbers beyond it (a hole) or nothing (a copy came). Three of them call"
            " for a fast retransmission."
        ),
    ),
    "zero_window": Meaning(
        means="The receiver has no room: its window is 0, and the sender must wait.",
        causes="The application reads too slowly or not at all, or the receive buffer is too small.",
        next=(
            "How long until window_update, and what the receiving application does meanwhile (`ss -tm` shows "
            "its queue)."
        ),
    ),
    "window_full": Meaning(
        means=(
            "The segment fills the receiver's window to its edge: from here the receiver, not the network, is "
            "the limit."
        ),
        causes="A slow reader, or a receive buffer that is too small for the round trip and the rate.",
        next=(
            "Whether zero_window follows (the reader is slow) or the window just never grows (buffer size, "
            "net.ipv4.tcp_rmem)."
        ),
    ),
    "window_update": Meaning(
        means=(
            "The window changes with nothing new acknowledged: the application has read, or the buffer was "
            "changed."
        ),
        causes="Normal; after a window of 0 it lets the sender go on.",
        next="After zero_window: the time between them is the time that the sender was held up.",
    ),
    "zero_window_probe": Meaning(
        means="One octet sent though the window is 0, to learn whether there is room again.",
        causes="The receiver's window stayed 0 for longer than the retransmission timeout.",
        next="What the receiving application is doing.",
    ),
    "zero_window_probe_ack": Meaning(
        means="The answer to a probe: the window is still 0.",
        causes="The receiver is alive, its application does not read.",
        next="For how long. Some stacks give a connection up after many probes.",
    ),
    "keep_alive": Meaning(
        means=(
            "A segment at the number before the next one, empty or with one octet: it only asks whether the "
            "peer is still there."
        ),
        causes="SO_KEEPALIVE, after the time that the application or the system sets (two hours by default).",
        next="Whether keep_alive_ack answers. Unanswered ones are followed by a RST.",
    ),
    "keep_alive_ack": Meaning(
        means="The answer to a keep-alive.",
        causes="The peer has the connection still.",
        next="Nothing is wrong.",
    ),
    "reused_ports": Meaning(
        means=(
            "A SYN with a new number on addresses and ports that an older connection in the capture used: a new"
            " stream begins."
        ),
        causes="The client has gone through its ephemeral ports, or binds a fixed one; a NAT uses few ports.",
        next="How soon after the old one's end. Within 2MSL see time_wait_reuse; on a living one see half_open.",
    ),
}
