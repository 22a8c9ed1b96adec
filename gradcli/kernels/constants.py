"""Numbers as arrays of no dimensions, by the character of their dtype.

NumPy looks longer at a number of Python's than it computes with a small array: as an array of the
dtype that it computes in, the number costs half of that.
"""

from __future__ import annotations

import numpy as np

from ..tensor.dtypes import Array

_CHARACTERS = "efdgFDG"

ZERO: dict[str, Array] = {char: np.zeros((), char) for char in _CHARACTERS}
ONE: dict[str, Array] = {char: np.ones((), char) for char in _CHARACTERS}
TWO: dict[str, Array] = {char: np.full((), 2, char) for char in _CHARACTERS}
