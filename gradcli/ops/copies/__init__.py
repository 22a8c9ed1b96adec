"""Copies of tensors and of views, and writes into them."""
