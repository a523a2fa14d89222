"""Compiled twins of tcptrace.tcp."""
