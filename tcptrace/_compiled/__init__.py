"""Compiled twins of the hot files; the .pxd files here hold their C types."""
