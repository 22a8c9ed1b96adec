"""Steps, sizes, time: what a run may spend."""
