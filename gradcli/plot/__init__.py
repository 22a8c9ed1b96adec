"""Figures of curves, points, bars and images: what matplotlib.pyplot draws, as text and as SVG."""
