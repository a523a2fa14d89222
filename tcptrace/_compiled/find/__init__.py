"""Compiled twins of tcptrace.find."""
