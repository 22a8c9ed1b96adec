"""Modules of Python as programs see them, one file each."""
