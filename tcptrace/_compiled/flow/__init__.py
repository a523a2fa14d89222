"""Compiled twins of tcptrace.flow."""
