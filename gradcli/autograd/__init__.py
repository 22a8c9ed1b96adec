"""Nodes, the backward engine, grad modes, forward mode and the transforms."""
