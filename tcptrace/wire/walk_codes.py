"""The numbers that ``wire.walk`` and its callers agree on: reasons, limits, the table of interfaces."""

# Why a walk ended (``reason``).
MORE = 0  # the columns are full, or the next record is not whole yet
BLOCK = 1  # pcapng: a section header or an interface description, whole, which the caller reads
TOO_LONG = 2  # `detail` octets are promised, more than MAX_RECORD
BAD_LENGTH = 3  # pcapng: a block length (`detail`) that no block can have
BAD_TRAILER = 4  # pcapng: the length at the block's end (`detail`) is not the one at its beginning
BAD_INTERFACE = 5  # pcapng: interface `detail` has no description in this section
BAD_CAPTURED = 6  # pcapng: `detail` captured octets do not fit into the block
BAD_ORDER = 7  # pcapng: a section header whose byte-order magic (`detail`) is neither order's

# No frame is as long (BIG TCP reaches 196,486 octets): a record that claims more is corrupt. Wireshark and
# libpcap refuse pcapng blocks above the same bound.
MAX_RECORD = 16777216

# How a pcap file has the two lengths of a record (libpcap, sf-pcap.c).
LENGTHS_IN_ORDER = 0
LENGTHS_SWAPPED = 1  # before version 2.3: length on the wire first
LENGTHS_UNSURE = 2  # version 2.3, written both ways: swapped where captured > wire

# Block types of pcapng.
INTERFACE_BLOCK = 1
OLD_PACKET_BLOCK = 2
SIMPLE_PACKET_BLOCK = 3
ENHANCED_PACKET_BLOCK = 6
SECTION_BLOCK = 0x0A0D0D0A  # the same in both byte orders
ORDER_MAGIC = 0x1A2B3C4D
ORDER_MAGIC_SWAPPED = 0x4D3C2B1A

# The table of a section's interfaces: IF_WORDS words ('q') a row.
IF_LINK = 0  # LINKTYPE_ number
IF_SNAP = 1  # snap length; 0: none
IF_FCS = 2  # octets of frame check sequence at each frame's end
IF_MODE = 3  # how ticks become nanoseconds: TIME_
IF_FACTOR = 4
IF_LIMIT = 5  # the greatest number of ticks for which IF_MODE cannot overflow; above it `exact_ns` counts
IF_OFFSET_NS = 6  # if_tsoffset in nanoseconds
IF_RESOLUTION = 7  # if_tsresol as it stands in the file
IF_SECONDS = 8  # if_tsoffset as it stands in the file
IF_WORDS = 9

TIME_MULTIPLY = 0  # ticks * factor
TIME_DIVIDE = 1  # ticks // factor
TIME_SHIFT = 2  # ticks of 2^-factor seconds, factor at most 34
TIME_EXACT = 3  # by `exact_ns`

# Times are held within this many nanoseconds of the epoch (until the year 2116, beyond all that pcap's 32
# bits of seconds reach), so that the difference of any two, and a time plus a timer, fit into 64 bits with
# sign.
TIME_LIMIT_NS = (1 << 62) - 1
