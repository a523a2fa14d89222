"""Compiled twins of tcptrace.show."""
