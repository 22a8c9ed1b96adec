"""Many records, one program."""
