"""Findings: what was worth noticing, with the numbers that prove it."""
