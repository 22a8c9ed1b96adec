"""Pools: the largest, the mean or a norm of each window, and unpooling."""

from __future__ import annotations

from typing import Any

from ..tensor.runtime import runtime
from ..tensor.tensor import Tensor
from .functions import F
from .layer import Layer
from .module import Module
from .shapes import each, own_init


class _MaxPoolNd(
    Layer,
    passes="kernel_size stride padding dilation ceil_mode return_indices",
    shows="kernel_size={kernel_size}, stride={stride}, padding={padding}, dilation={dilation}, "
    "ceil_mode={ceil_mode}",
    shapes="The values, and where they were if `return_indices` is set.",
):
    def __init__(
        self,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        dilation: Any = 1,
        return_indices: bool = False,
        ceil_mode: bool = False,
    ) -> None:
        self._keep(
            kernel_size=kernel_size,
            stride=stride if stride is not None else kernel_size,
            padding=padding,
            dilation=dilation,
            return_indices=return_indices,
            ceil_mode=ceil_mode,
        )


class MaxPool1d(_MaxPoolNd, calls="max_pool1d"):
    """The largest of each window of `(N, C, L)` or `(C, L)`."""


class MaxPool2d(_MaxPoolNd, calls="max_pool2d"):
    """The largest of each window of `(N, C, H, W)` or `(C, H, W)`."""


class MaxPool3d(_MaxPoolNd, calls="max_pool3d"):
    """The largest of each window of `(N, C, D, H, W)` or `(C, D, H, W)`."""


class _MaxUnpoolNd(Module):
    kernel_size: Any
    stride: Any
    padding: Any

    def _set(self, count: int, kernel_size: Any, stride: Any, padding: Any) -> None:
        self.kernel_size = each(kernel_size, count)
        self.stride = each(stride if stride is not None else kernel_size, count)
        self.padding = each(padding, count)

    def extra_repr(self) -> str:
        """The settings."""
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class MaxUnpool1d(_MaxUnpoolNd):
    """Puts what `MaxPool1d` took back where it was, zeros elsewhere."""

    def __init__(self, kernel_size: Any, stride: Any = None, padding: Any = 0) -> None:
        super().__init__()
        self._set(1, kernel_size, stride, padding)

    def forward(self, input: Tensor, indices: Tensor, output_size: Any = None) -> Any:
        """The input of the pool, as far as it is known."""
        return F.max_unpool1d(
            input, indices, self.kernel_size, self.stride, self.padding, output_size
        )


class MaxUnpool2d(_MaxUnpoolNd):
    """Puts what `MaxPool2d` took back where it was, zeros elsewhere."""

    def __init__(self, kernel_size: Any, stride: Any = None, padding: Any = 0) -> None:
        super().__init__()
        self._set(2, kernel_size, stride, padding)

    def forward(self, input: Tensor, indices: Tensor, output_size: Any = None) -> Any:
        """The input of the pool, as far as it is known."""
        return F.max_unpool2d(
            input, indices, self.kernel_size, self.stride, self.padding, output_size
        )


class MaxUnpool3d(_MaxUnpoolNd):
    """Puts what `MaxPool3d` took back where it was, zeros elsewhere."""

    def __init__(self, kernel_size: Any, stride: Any = None, padding: Any = 0) -> None:
        super().__init__()
        self._set(3, kernel_size, stride, padding)

    def forward(self, input: Tensor, indices: Tensor, output_size: Any = None) -> Any:
        """The input of the pool, as far as it is known."""
        return F.max_unpool3d(
            input, indices, self.kernel_size, self.stride, self.padding, output_size
        )


class _AvgPoolNd(
    Layer,
    passes="kernel_size stride padding ceil_mode count_include_pad divisor_override",
    shows="kernel_size={kernel_size}, stride={stride}, padding={padding}",
    shapes="The means.",
):
    def __init__(
        self,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> None:
        self._keep(
            kernel_size=kernel_size,
            stride=stride if stride is not None else kernel_size,
            padding=padding,
            ceil_mode=ceil_mode,
            count_include_pad=count_include_pad,
            divisor_override=divisor_override,
        )


class AvgPool1d(
    _AvgPoolNd,
    calls="avg_pool1d",
    passes="kernel_size stride padding ceil_mode count_include_pad",
):
    """The mean of each window of `(N, C, L)` or `(C, L)`."""

    def __init__(
        self,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> None:
        self._keep(
            kernel_size=each(kernel_size, 1),
            stride=each(stride if stride is not None else kernel_size, 1),
            padding=each(padding, 1),
            ceil_mode=ceil_mode,
            count_include_pad=count_include_pad,
        )


class AvgPool2d(_AvgPoolNd, calls="avg_pool2d"):
    """The mean of each window of `(N, C, H, W)` or `(C, H, W)`."""


class AvgPool3d(_AvgPoolNd, calls="avg_pool3d"):
    """The mean of each window of `(N, C, D, H, W)` or `(C, D, H, W)`."""


for _made in (AvgPool2d, AvgPool3d):
    own_init(_made)


class _FractionalMaxPool(Module):
    _dimensions = 0

    def _set(
        self,
        kernel_size: Any,
        output_size: Any,
        output_ratio: Any,
        return_indices: bool,
        samples: Any,
    ) -> None:
        name, count = type(self).__name__, self._dimensions
        parts = kernel_size if isinstance(kernel_size, tuple | list) else [kernel_size]
        whole = isinstance(kernel_size, int | tuple | list)
        if count == 3 and whole and not all(part > 0 for part in parts):
            raise ValueError(
                f"kernel_size must be greater than 0, but got {runtime.text(kernel_size)}"
            )
        self.kernel_size = each(kernel_size, count)
        self.return_indices = return_indices
        self.register_buffer("_random_samples", samples)
        self.output_size = each(output_size, count) if output_size is not None else None
        self.output_ratio = each(output_ratio, count) if output_ratio is not None else None
        if output_size is None and output_ratio is None:
            raise ValueError(
                f"{name} requires specifying either an output size, or a pooling ratio"
            )
        if output_size is not None and output_ratio is not None:
            raise ValueError("only one of output_size and output_ratio may be specified")
        ratio: Any = self.output_ratio
        if ratio is not None and not all(0 < part < 1 for part in ratio):
            raise ValueError(
                f"output_ratio must be between 0 and 1 (got {runtime.text(output_ratio)})"
            )

    def _pool(self, function: Any, input: Tensor) -> Any:
        return function(
            input,
            self.kernel_size,
            self.output_size,
            self.output_ratio,
            self.return_indices,
            _random_samples=self._random_samples,
        )


class FractionalMaxPool2d(_FractionalMaxPool):
    """The largest of windows at random places, to a size or by a ratio; Graham (2014)."""

    _dimensions = 2

    def __init__(
        self,
        kernel_size: Any,
        output_size: Any = None,
        output_ratio: Any = None,
        return_indices: bool = False,
        _random_samples: Any = None,
    ) -> None:
        super().__init__()
        self._set(kernel_size, output_size, output_ratio, return_indices, _random_samples)

    def forward(self, input: Tensor) -> Any:
        """The values, and where they were if `return_indices` is set."""
        return self._pool(F.fractional_max_pool2d, input)


class FractionalMaxPool3d(_FractionalMaxPool):
    """The largest of windows at random places, to a size or by a ratio; Graham (2014)."""

    _dimensions = 3

    def __init__(
        self,
        kernel_size: Any,
        output_size: Any = None,
        output_ratio: Any = None,
        return_indices: bool = False,
        _random_samples: Any = None,
    ) -> None:
        super().__init__()
        self._set(kernel_size, output_size, output_ratio, return_indices, _random_samples)

    def forward(self, input: Tensor) -> Any:
        """The values, and where they were if `return_indices` is set."""
        return self._pool(F.fractional_max_pool3d, input)


class _LPPoolNd(
    Layer,
    passes="norm_type kernel_size stride ceil_mode",
    shows="norm_type={norm_type}, kernel_size={kernel_size}, stride={stride}, "
    "ceil_mode={ceil_mode}",
    shapes="The norms.",
):
    def __init__(
        self, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False
    ) -> None:
        self._keep(norm_type=norm_type, kernel_size=kernel_size, stride=stride, ceil_mode=ceil_mode)


class LPPool1d(_LPPoolNd, calls="lp_pool1d"):
    """The p-norm of each window of `(N, C, L)` or `(C, L)`."""


class LPPool2d(_LPPoolNd, calls="lp_pool2d"):
    """The p-norm of each window of `(N, C, H, W)` or `(C, H, W)`."""


class LPPool3d(_LPPoolNd, calls="lp_pool3d"):
    """The p-norm of each window of `(N, C, D, H, W)` or `(C, D, H, W)`."""


class _AdaptiveMaxPoolNd(
    Layer,
    passes="output_size return_indices",
    shows="output_size={output_size}",
    shapes="The values, and where they were if `return_indices` is set.",
):
    def __init__(self, output_size: Any, return_indices: bool = False) -> None:
        self._keep(output_size=output_size, return_indices=return_indices)


class AdaptiveMaxPool1d(_AdaptiveMaxPoolNd, calls="adaptive_max_pool1d"):
    """The largest of as many windows as the output has elements."""


class AdaptiveMaxPool2d(_AdaptiveMaxPoolNd, calls="adaptive_max_pool2d"):
    """The largest of as many windows as the output has elements."""


class AdaptiveMaxPool3d(_AdaptiveMaxPoolNd, calls="adaptive_max_pool3d"):
    """The largest of as many windows as the output has elements."""


class _AdaptiveAvgPoolNd(
    Layer, passes="output_size", shows="output_size={output_size}", shapes="The means."
):
    def __init__(self, output_size: Any) -> None:
        self._keep(output_size=output_size)


class AdaptiveAvgPool1d(_AdaptiveAvgPoolNd, calls="adaptive_avg_pool1d"):
    """The mean of as many windows as the output has elements."""


class AdaptiveAvgPool2d(_AdaptiveAvgPoolNd, calls="adaptive_avg_pool2d"):
    """The mean of as many windows as the output has elements."""


class AdaptiveAvgPool3d(_AdaptiveAvgPoolNd, calls="adaptive_avg_pool3d"):
    """The mean of as many windows as the output has elements."""
