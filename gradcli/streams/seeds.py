"""The seed of a record, which the seed of all and its number decide."""

from __future__ import annotations


def record_seed(seed: int, record: int) -> int:
    """The seed of the record of a number, in 32 bits."""
    return _mixed(_mixed(seed & 0xFFFFFFFF) ^ _mixed(seed >> 32 & 0xFFFFFFFF) ^ record)


def _mixed(word: int) -> int:
    """A permutation of 32-bit words that spreads each bit (MurmurHash3's finalizer, A. Appleby)."""
    word &= 0xFFFFFFFF
    word = (word ^ word >> 16) * 0x85EBCA6B & 0xFFFFFFFF
    word = (word ^ word >> 13) * 0xC2B2AE35 & 0xFFFFFFFF
    return word ^ word >> 16
