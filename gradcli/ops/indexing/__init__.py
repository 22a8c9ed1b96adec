"""Gathering from and scattering to positions."""
