"""Typing: completion, colours, hints."""
