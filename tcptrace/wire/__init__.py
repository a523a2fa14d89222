"""Bytes to columns and back, without I/O."""
