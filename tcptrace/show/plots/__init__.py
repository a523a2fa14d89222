"""Pictures of an analysis by matplotlib: one file a kind, `kinds.py` lists them; colours come from `show.theme`."""
