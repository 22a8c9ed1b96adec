"""From text to the tree."""
