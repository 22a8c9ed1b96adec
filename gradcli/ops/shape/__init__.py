"""New shapes, joins, pads."""
