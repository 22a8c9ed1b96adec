"""Results that share memory: views, indices, writes in place."""
