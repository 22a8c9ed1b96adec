"""What tells about tensors."""
