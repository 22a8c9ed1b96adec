"""What values can do: attributes, operators, calls, text."""
