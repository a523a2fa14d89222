"""The version, alone in its file so that the build can read it."""

VERSION = "0.1.0"
