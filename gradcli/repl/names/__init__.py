"""What a name stands for."""
