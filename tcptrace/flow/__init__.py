"""Four-tuple to stream."""
