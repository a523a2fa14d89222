"""Expectations beside golden captures: what they say, how a capture differs from one, how one is renewed."""
