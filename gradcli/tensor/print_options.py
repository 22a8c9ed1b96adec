"""The state of `torch.set_printoptions`: how the text of a tensor is cut, rounded and broken."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from .keeping import changed, keep_attributes


class PrintOptions:
    """The five options; `options` is the only instance.

    `precision` counts the digits after the point, `threshold` the elements above which a tensor is
    summarised to `edgeitems` at both ends of each dimension, `linewidth` the characters of a line.
    `sci_mode` forces scientific notation on or off; None lets the values decide.

    Note: values are stored as given and only fail where a tensor is printed, as in PyTorch.
    """

    __slots__ = ("edgeitems", "linewidth", "precision", "sci_mode", "threshold")

    def __init__(self) -> None:
        self.precision: int = 4
        self.threshold: float = 1000
        self.edgeitems: int = 3
        self.linewidth: int = 80
        self.sci_mode: bool | None = None


options = PrintOptions()

# profile: precision, threshold, edgeitems, linewidth
PROFILES: dict[str, tuple[int, float, int, int]] = {
    "default": (4, 1000, 3, 80),
    "short": (2, 1000, 2, 80),
    "full": (4, float("inf"), 3, 80),
}


def set_printoptions(
    precision: Any = None,
    threshold: Any = None,
    edgeitems: Any = None,
    linewidth: Any = None,
    profile: Any = None,
    sci_mode: Any = None,
) -> None:
    """Start from `profile` if one is named, then set every option that is not None.

    An unknown profile changes nothing. `sci_mode` is the exception: each call sets it, so a call
    without it returns the choice to the values.
    """
    changed()
    if isinstance(profile, str) and profile in PROFILES:
        numbers = PROFILES[profile]
        options.precision, options.threshold, options.edgeitems, options.linewidth = numbers
    if precision is not None:
        options.precision = precision
    if threshold is not None:
        options.threshold = threshold
    if edgeitems is not None:
        options.edgeitems = edgeitems
    if linewidth is not None:
        options.linewidth = linewidth
    options.sci_mode = sci_mode


@contextmanager
def within(columns: int) -> Iterator[None]:
    """Have the lines of tensors fit into so many columns, where the program has them longer.

    Note: what closes a line is not counted when lines are broken: brackets and a comma.
    """
    before = options.linewidth
    if isinstance(before, int) and columns < before:
        options.linewidth = max(columns - len("]]]])"), 1)
    try:
        yield
    finally:
        options.linewidth = before


def get_printoptions() -> dict[str, Any]:
    """The options as keywords that `set_printoptions` takes back."""
    return {
        "precision": options.precision,
        "threshold": options.threshold,
        "edgeitems": options.edgeitems,
        "linewidth": options.linewidth,
        "sci_mode": options.sci_mode,
    }


keep_attributes(options, *PrintOptions.__slots__)
