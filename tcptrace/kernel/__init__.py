"""The operating system's own view and means: private networks."""
