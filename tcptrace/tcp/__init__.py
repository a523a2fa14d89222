"""The state machine and its replay."""
