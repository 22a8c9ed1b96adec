"""Streams, signals, limits, exit statuses."""
