"""Derivatives as formulas: the table's rules run on symbols, tidied, and written out."""
