"""Compiled twins of tcptrace.measure."""
