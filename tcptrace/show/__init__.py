"""What a person or a program reads: table, ladder, JSON, CSV."""
