"""Blocks of images as columns, and columns added up into images."""

from __future__ import annotations

from typing import Any

from .layer import Layer

_BLOCKS = "kernel_size={kernel_size}, dilation={dilation}, padding={padding}, stride={stride}"


class Fold(
    Layer,
    calls="fold",
    passes="output_size kernel_size dilation padding stride",
    shows="output_size={output_size}, " + _BLOCKS,
    shapes="Add the columns up.",
):
    """`(N, C prod(kernel_size), L)` to `(N, C, *output_size)`, overlaps added."""

    def __init__(
        self,
        output_size: Any,
        kernel_size: Any,
        dilation: Any = 1,
        padding: Any = 0,
        stride: Any = 1,
    ) -> None:
        self._keep(
            output_size=output_size,
            kernel_size=kernel_size,
            dilation=dilation,
            padding=padding,
            stride=stride,
        )


class Unfold(
    Layer,
    calls="unfold",
    passes="kernel_size dilation padding stride",
    shows=_BLOCKS,
    shapes="Take the blocks.",
):
    """`(N, C, *)` to `(N, C prod(kernel_size), L)`: each block as a column."""

    def __init__(
        self, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1
    ) -> None:
        self._keep(kernel_size=kernel_size, dilation=dilation, padding=padding, stride=stride)
