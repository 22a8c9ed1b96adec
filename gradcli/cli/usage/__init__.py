"""Options, help, completion, the manual."""
