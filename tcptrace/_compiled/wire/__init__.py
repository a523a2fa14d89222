"""Compiled twins of tcptrace.wire."""
