"""What others know of the rows that ``tcp.drafts`` keeps."""

MOST = 16  # segments behind the SYN
ROW_WORDS = 3
KEPT_WORDS = 2  # of a finished connection: LABEL, with the count of rows, and FIRST, then the rows
COUNT_SHIFT = 56
KEPT = -2  # ``Entry.draft`` of the first place in ``Drafts.kept``; those of the others lie below

# In a row's word of octets, window and lag: who sent the segment, and its flags.
OPENER = 0x200
FLAG_BITS = 0x1FF

# What became of a segment that was offered to a draft.
REFUSED, TAKEN, OVER = range(3)
