"""What went wrong in a program, in words."""
