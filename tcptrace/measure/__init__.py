"""What is computed from connections and their segments, once for all who show it."""
