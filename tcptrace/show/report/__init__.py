"""One HTML file about a capture: summary, connections, and pictures with their tables; it opens without a network."""
