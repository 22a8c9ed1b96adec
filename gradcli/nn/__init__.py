"""Modules of torch.nn: what holds parameters and state around the operations of `ops`."""
