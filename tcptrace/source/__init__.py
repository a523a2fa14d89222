"""Where frames come from: files, pipes, memory, live rings."""
