"""The operating system's own view of its sockets, and its means: private networks, rights given up."""
