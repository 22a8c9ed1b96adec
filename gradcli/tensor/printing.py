"""The text of a tensor as PyTorch 2.13.0 prints it, from its elements and its dtype.

Tensors themselves are unknown here: what their graph adds to the text (`requires_grad=True`,
`grad_fn=<MulBackward0>`, a tangent) comes as suffixes, and wrappers of function transforms take
the text of what they wrap.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from . import dtypes
from .dtypes import Array, DType
from .number_format import column, digits
from .print_options import options
from .runtime import runtime

__all__ = [
    "batched_text",
    "format_tensor",
    "grad_tracking_text",
    "tangent_suffix",
    "tensor_text",
]


def tensor_text(
    array: Array, dtype: DType, *, suffixes: Sequence[str] = (), prefix: str = "tensor("
) -> str:
    """`repr` of a tensor: its elements, then size and dtype where these do not show, then
    `suffixes` such as `requires_grad=True`.

    `array` is an ndarray, or a NumPy scalar for a tensor without dimensions. The dtype is left
    out if it is the default dtype, its complex twin, int64 or bool; of an empty tensor only the
    default dtype is.
    """
    default = dtypes.default.dtype
    shown: list[str] = []
    if array.size == 0:
        body = "[]"
        if array.ndim != 1:
            shown.append(f"size={array.shape}")
        implied = dtype is default
    else:
        body = _elements(array, len(prefix))
        if not options.edgeitems:
            shown.append(f"size={array.shape}")
        implied = dtype in (default, default.to_complex(), dtypes.int64, dtypes.bool_)
    if not implied:
        shown.append(f"dtype={dtype!r}")
    shown += suffixes
    return _with_suffixes(prefix + body, shown, len(prefix)) + ")"


def meta_text(shape: tuple[int, ...], dtype: DType, suffixes: Sequence[str]) -> str:
    """`repr` of a tensor without data."""
    shown = ["device='meta'", f"size={shape}"]
    if dtype is not dtypes.default.dtype:
        shown.append(f"dtype={dtype!r}")
    return _with_suffixes("tensor(...", [*shown, *suffixes], len("tensor(")) + ")"


def _with_suffixes(text: str, suffixes: Sequence[str], indent: int) -> str:
    """`text` and its suffixes, each on a line of its own where the line would get too long.

    Note: the length of the last line counts two characters that are not there, and a suffix of
    several lines counts as one: PyTorch breaks lines by these numbers.
    """
    length = len(text) - text.rfind("\n") + 1
    parts = [text]
    for suffix in suffixes:
        if length + len(suffix) + 2 > options.linewidth:
            parts.append(",\n" + " " * indent + suffix)
            length = indent + len(suffix)
        else:
            parts.append(", " + suffix)
            length += len(suffix) + 2
    return "".join(parts)


def _elements(array: Array, indent: int) -> str:
    """The nested brackets of an array with elements, whose first line starts at `indent`."""
    depth: int = array.ndim
    cuts: list[int | None] = [None] * depth
    if array.size > options.threshold and depth:
        if not options.edgeitems:
            return "[...]"
        array, cuts = _summary(array)
    runtime.reserve(array.size * (100 + _digits()))
    texts, width = column(array)
    if not depth:
        return texts[0]
    last = max(array.shape[-1], 1)
    per_line = max(1, math.floor((options.linewidth - (indent + depth - 1)) / (width + 2)))
    line_break = ",\n" + " " * (indent + depth)
    rows = []
    for start in range(0, max(len(texts), 1), last):
        runtime.check()
        row = texts[start : start + last]
        if cuts[-1] is not None:
            row.insert(cuts[-1], " ...")
        lines = [", ".join(row[at : at + per_line]) for at in range(0, len(row), per_line)]
        rows.append(f"[{line_break.join(lines)}]")
    for axis in range(depth - 2, -1, -1):
        size = array.shape[axis]
        separator = "," + "\n" * (depth - 1 - axis) + " " * (indent + axis + 1)
        groups = [rows[start : start + size] for start in range(0, len(rows), size)]
        cut = cuts[axis]
        if cut is not None:
            for group in groups:
                group.insert(cut, "...")
        rows = [f"[{separator.join(group)}]" for group in groups]
    return rows[0]


def _summary(array: Array) -> tuple[Array, list[int | None]]:
    """The elements that a summary shows, and for each axis the place of its ellipsis or None.

    Only these elements are copied.
    """
    edge = options.edgeitems
    cuts: list[int | None] = []
    for axis, size in enumerate(array.shape):
        if size <= 2 * edge:
            cuts.append(None)
            continue
        if edge < 0 and array.ndim > 1:
            raise RuntimeError("stack expects a non-empty TensorList")
        before = (slice(None),) * axis
        head = array[(*before, slice(None, edge))]
        tail = array[(*before, slice(-edge, None))]
        array = np.concatenate((head, tail), axis)
        cuts.append(head.shape[axis])
    return array, cuts


def _digits() -> int:
    text = digits()
    return int(text) if text.isdecimal() else 0


def format_tensor(array: Array, spec: str, text: Callable[[], str]) -> str:
    """`format(tensor, spec)`: of the Python number if the tensor has no dimension, whatever its
    dtype, else of `text()`, the tensor's `str`, which takes no spec.
    """
    if array.ndim == 0:
        formatted: str = array.item().__format__(spec)
        return formatted
    if spec:
        raise TypeError("unsupported format string passed to Tensor.__format__")
    return text()


def tangent_suffix(array: Array, text: Callable[[], str]) -> str:
    """The suffix of a dual tensor whose tangent has the elements `array` and the `str` `text()`.

    A tangent without dimensions shows as the Python number: `tangent=2.0`. Lines after its first
    are not indented.
    """
    return f"tangent={format_tensor(array, '', text)}"


def grad_tracking_text(level: int, inner: str) -> str:
    """`repr` of a tensor that `torch.func.grad`, `vjp` or `jvp` wrapped at `level`."""
    return f"GradTrackingTensor(lvl={level}, value=\n{_indented(inner)}\n)"


def batched_text(level: int, bdim: int, inner: str) -> str:
    """`repr` of a tensor that `torch.func.vmap` wrapped at `level`, batched along `bdim`."""
    return f"BatchedTensor(lvl={level}, bdim={bdim}, value=\n{_indented(inner)}\n)"


def _indented(text: str) -> str:
    """`text` moved right by four; blank lines stay empty."""
    return "\n".join("    " + line if line else line for line in text.split("\n"))
