"""No view, resize or write reaches a byte outside the array that owns the memory."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from memory_chains import run

import gradcli
from gradcli.tensor.memory import address, fits, memory_of, reach, view_of, window

SOURCE = Path(gradcli.__file__).parent


@pytest.mark.parametrize("part", range(4))
def test_random_chains_stay_in_their_memory(part: int) -> None:
    assert run(5000, 5000 * part) == []


def test_views_from_strides_are_made_in_one_place() -> None:
    """NumPy's own `as_strided` checks nothing, and `ndarray(…)` trusts whoever reads its buffer."""
    makers = re.compile(r"as_strided import|import as_strided|stride_tricks|\bnp\.ndarray\(")
    found = {
        str(path.relative_to(SOURCE))
        for path in SOURCE.rglob("*.py")
        if makers.search(path.read_text(encoding="utf-8"))
    }
    # `strides` lays out memory that it has just made, or that NumPy checks; `serialization` lays a
    # view out as it was, over a copy of the same memory.
    known = {"tensor/memory.py", "kernels/strides.py", "language/library/serialization.py"}
    assert found == known


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((2, 3)),
        np.zeros((2, 3)).T,
        np.zeros((2, 3, 4)).transpose(1, 0, 2).copy("K"),
        np.zeros((4, 6))[1:, ::2],
        np.zeros(6)[::-1],
        np.zeros(6, np.complex128).imag,
        np.broadcast_to(np.zeros(1), (50,)),
        np.zeros(8, np.int64).view(np.int8)[3:4],
        np.lib.stride_tricks.as_strided(np.zeros(5), (2,), (8,)),
        np.frombuffer(bytearray(64), np.int64)[2:5],
    ],
    ids=str,
)
def test_the_whole_memory_is_that_of_the_owner(array: np.ndarray) -> None:
    owner = array
    while owner.base is not None and not isinstance(owner.base, memoryview | bytearray):
        owner = owner.base
    whole, start = memory_of(array)
    assert whole.nbytes == owner.nbytes
    assert 0 <= start < whole.nbytes
    assert address(whole) + start == address(array)
    last = view_of(whole, (whole.nbytes,), (1,), 0, np.dtype(np.uint8))
    assert np.may_share_memory(last, array) or not array.size
    for shape, strides, first in [
        ((1,), (1,), -1),
        ((1,), (1,), whole.nbytes),
        ((2,), (whole.nbytes,), 0),
        ((2,), (-1,), 0),
        ((2**40, 2**40), (2**40, 2**40), 0),
        ((3,), (2**63,), 0),
    ]:
        assert not fits(whole, shape, strides, first, 1)
        with pytest.raises(RuntimeError, match="out of bounds"):
            view_of(whole, shape, strides, first, np.dtype(np.uint8))
        with pytest.raises(RuntimeError, match="out of bounds"):
            window(array, shape, strides, first - start, np.dtype(np.uint8))


def test_reach_counts_exactly() -> None:
    assert reach((), (), 8) == (0, 8)
    assert reach((3, 2), (16, 8), 8) == (0, 48)
    assert reach((3, 2), (-16, 8), 8) == (-32, 16)
    assert reach((3, 0), (16, 8), 8) == (0, 0)
    assert reach((2**62, 3), (2**62, 2**62), 1)[1] == (2**62 - 1) * 2**62 + 2**63 + 1
