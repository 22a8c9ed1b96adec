"""Views of values, graphs and explanations."""
