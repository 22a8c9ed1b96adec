"""From the tree to closures."""
