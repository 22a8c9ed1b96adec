"""Tensors: storage, dtypes, text and random numbers; the ground floor."""
