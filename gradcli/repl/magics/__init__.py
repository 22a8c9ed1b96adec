"""The commands that begin with %."""
