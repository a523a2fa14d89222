"""Rules about connections: a small language, read by a grammar and evaluated by hand, never by Python's ``eval``."""
