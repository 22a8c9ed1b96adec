"""Borders around inputs."""

from __future__ import annotations

from typing import Any

from ..tensor.tensor import Tensor
from .functions import F
from .module import Module
from .shapes import each, own_init, rank


class _Pad(Module):
    """What all kinds have: amounts for both sides of so many dimensions, the last one first."""

    _dimensions = 0

    def __init__(self, padding: Any) -> None:
        super().__init__()
        self.padding = each(padding, 2 * self._dimensions)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "_dimensions" in vars(cls) and "__init__" not in vars(cls):
            own_init(cls)

    def extra_repr(self) -> str:
        """The amounts."""
        return f"{self.padding}"


class _CircularPadNd(_Pad):
    def _check_input_dim(self, input: Tensor) -> None:
        count, dimensions = rank(input), self._dimensions
        if count not in (dimensions + 1, dimensions + 2):
            raise ValueError(
                f"expected {dimensions + 1}D or {dimensions + 2}D input (got {count}D input)"
            )

    def forward(self, input: Tensor) -> Any:
        """The input with its borders. Raises ValueError for a wrong number of dimensions."""
        self._check_input_dim(input)
        return F.pad(input, self.padding, "circular")


class CircularPad1d(_CircularPadNd):
    """Continues `(N, C, W)` or `(C, W)` with its other end."""

    _dimensions = 1


class CircularPad2d(_CircularPadNd):
    """Continues `(N, C, H, W)` or `(C, H, W)` with its other ends."""

    _dimensions = 2


class CircularPad3d(_CircularPadNd):
    """Continues `(N, C, D, H, W)` or `(C, D, H, W)` with its other ends."""

    _dimensions = 3


class _ConstantPadNd(_Pad):
    def __init__(self, padding: Any, value: float) -> None:
        super().__init__(padding)
        self.value = value

    def forward(self, input: Tensor) -> Any:
        """The input with its borders."""
        return F.pad(input, self.padding, "constant", self.value)

    def extra_repr(self) -> str:
        """The amounts and the value."""
        return f"padding={self.padding}, value={self.value}"


class ConstantPad1d(_ConstantPadNd):
    """Puts a value on both sides of the last dimension."""

    _dimensions = 1

    def __init__(self, padding: Any, value: float) -> None:
        super().__init__(padding, value)


class ConstantPad2d(_ConstantPadNd):
    """Puts a value around the last two dimensions."""

    _dimensions = 2

    def __init__(self, padding: Any, value: float) -> None:
        super().__init__(padding, value)


class ConstantPad3d(_ConstantPadNd):
    """Puts a value around the last three dimensions."""

    _dimensions = 3

    def __init__(self, padding: Any, value: float) -> None:
        super().__init__(padding, value)


class ZeroPad1d(ConstantPad1d):
    """Puts zeros on both sides of the last dimension."""

    def __init__(self, padding: Any) -> None:
        super().__init__(padding, 0.0)

    def extra_repr(self) -> str:
        """The amounts."""
        return f"{self.padding}"


class ZeroPad2d(ConstantPad2d):
    """Puts zeros around the last two dimensions."""

    def __init__(self, padding: Any) -> None:
        super().__init__(padding, 0.0)

    def extra_repr(self) -> str:
        """The amounts."""
        return f"{self.padding}"


class ZeroPad3d(ConstantPad3d):
    """Puts zeros around the last three dimensions."""

    def __init__(self, padding: Any) -> None:
        super().__init__(padding, 0.0)

    def extra_repr(self) -> str:
        """The amounts."""
        return f"{self.padding}"


class _ReflectionPadNd(_Pad):
    def forward(self, input: Tensor) -> Any:
        """The input with its borders."""
        return F.pad(input, self.padding, "reflect")


class ReflectionPad1d(_ReflectionPadNd):
    """Mirrors the last dimension at its ends."""

    _dimensions = 1


class ReflectionPad2d(_ReflectionPadNd):
    """Mirrors the last two dimensions at their ends."""

    _dimensions = 2


class ReflectionPad3d(_ReflectionPadNd):
    """Mirrors the last three dimensions at their ends."""

    _dimensions = 3


class _ReplicationPadNd(_Pad):
    def forward(self, input: Tensor) -> Any:
        """The input with its borders."""
        return F.pad(input, self.padding, "replicate")


class ReplicationPad1d(_ReplicationPadNd):
    """Repeats the ends of the last dimension."""

    _dimensions = 1


class ReplicationPad2d(_ReplicationPadNd):
    """Repeats the ends of the last two dimensions."""

    _dimensions = 2


class ReplicationPad3d(_ReplicationPadNd):
    """Repeats the ends of the last three dimensions."""

    _dimensions = 3
