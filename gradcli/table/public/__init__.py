"""The names that programs call."""
