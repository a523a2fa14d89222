"""Shapes that every layer shares: states, flags, columns, records, errors. Imports nothing of the package."""
