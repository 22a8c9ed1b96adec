"""What a gradient means: its chain, its causes, its check."""
