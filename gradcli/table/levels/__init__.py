"""Batch axes and tangents: what vmap, jvp and forward mode do with an entry."""
