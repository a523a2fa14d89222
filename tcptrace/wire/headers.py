"""What header lies at a place: the words in which the decoders of ``wire`` hand a frame on to each other."""

# The common road (``wire.network``) knows link headers by KINDS of its own, below this one; see ``wire.links``.
FIRST_HEADER = 16

# A number says what lies here; ``Network.number`` has it.
ETHERTYPE = 16
PROTOCOL = 17  # of IP, in the protocol field or the next header
PPP_PROTOCOL = 18

# The header itself.
ETHERNET = 19
IP = 20  # IPv4 or IPv6, as its first four bits say
MPLS = 21  # a label stack (RFC 3032)
LLC = 22  # IEEE 802.2, mostly with SNAP (RFC 1042)
PPP = 23  # with or without the address and control octets of RFC 1662
PPP_HDLC = 24  # PPP with them, or Cisco HDLC (RFC 1547 4.3.1)
PPP_FIELD = 25  # PPP's protocol field, address and control octets are off
PPPOE = 26  # RFC 2516
CISCO_HDLC = 27
FRAME_RELAY = 28  # Q.922 address, then RFC 2427 or Cisco's ethertype
IEEE802_11 = 29
RADIOTAP = 30  # IEEE 802.11 behind radiotap's metadata,
PRISM = 31  # behind Prism's or AVS's,
AVS = 32  # behind AVS's
PPI = 33  # "per-packet information", then a frame of any link type
PKTAP = 34  # Apple's metadata, then a frame of any link type
NFLOG = 35  # Linux netfilter's attributes, one of which is the packet

# Inside UDP.
VXLAN = 36  # RFC 7348
VXLAN_GPE = 37  # draft-ietf-nvo3-vxlan-gpe
GENEVE = 38  # RFC 8926
GTP_U = 39  # 3GPP TS 29.281
TEREDO = 40  # RFC 4380

# Ports by which a tunnel inside UDP is known: one row each (IANA; 8472 is Linux's default for VXLAN).
UDP_TUNNELS = (
    (4789, VXLAN),
    (8472, VXLAN),
    (4790, VXLAN_GPE),
    (6081, GENEVE),
    (2152, GTP_U),
    (3544, TEREDO),
    (6635, MPLS),  # RFC 7510
)
