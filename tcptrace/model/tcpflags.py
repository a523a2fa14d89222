"""Control bits of a TCP header (RFC 9293 3.1, RFC 3168, RFC 7560), option bits of a decoded segment."""

FIN = 0x01
SYN = 0x02
RST = 0x04
PSH = 0x08
ACK = 0x10
URG = 0x20
ECE = 0x40
CWR = 0x80
AE = 0x100  # accurate ECN, once NS

# Bits of the `options` column.
OPT_TIMESTAMPS = 0x001  # RFC 7323: tsval and tsecr are valid
OPT_MSS = 0x002  # mss is valid
OPT_SCALE = 0x004  # RFC 7323: window scale present; `scale` is its shift
OPT_SACK_PERMITTED = 0x008  # RFC 2018
OPT_SACK = 0x010  # RFC 2018: sack_count blocks in `sack`
OPT_FAST_OPEN = 0x020  # RFC 7413: option 34, or 254 with magic F989 (experimental)
OPT_FAST_OPEN_COOKIE = 0x040  # and it carries a cookie (a request carries none)
OPT_MALFORMED = 0x080  # the list ended at an option whose length lies

# Bits of the `marks` column: what the decoder saw beside the header.
MARK_BAD_CHECKSUM = 0x01  # checked and wrong (and not offloading)
MARK_NO_IP_ID = 0x02  # IP identification is 0 or there is none (IPv6)
MARK_OFFLOADED = 0x04  # stored checksum is the folded pseudo-header sum
MARK_TRUNCATED = 0x08  # the snap length cut into the segment's payload

FLAG_NAMES = ("FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR", "AE")
