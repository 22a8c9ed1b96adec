"""Sums, extremes, sorts, scans, statistics."""
