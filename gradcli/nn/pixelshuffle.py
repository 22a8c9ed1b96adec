"""Channels turned into pixels, and pixels into channels."""

from __future__ import annotations

from .layer import Layer


class PixelShuffle(
    Layer,
    calls="pixel_shuffle",
    passes="upscale_factor",
    shows="upscale_factor={upscale_factor}",
    shapes="The same elements in another order.",
):
    """`(*, C r^2, H, W)` to `(*, C, H r, W r)`."""

    def __init__(self, upscale_factor: int) -> None:
        self._keep(upscale_factor=upscale_factor)


class PixelUnshuffle(
    Layer,
    calls="pixel_unshuffle",
    passes="downscale_factor",
    shows="downscale_factor={downscale_factor}",
    shapes="The same elements in another order.",
):
    """`(*, C, H r, W r)` to `(*, C r^2, H, W)`."""

    def __init__(self, downscale_factor: int) -> None:
        self._keep(downscale_factor=downscale_factor)
