"""Convolutions and their transposes."""

from __future__ import annotations

import math
from typing import Any

from ..tensor.runtime import runtime
from ..tensor.tensor import Size, Tensor, shape_of
from . import init
from .functions import F
from .lazy import LazyModuleMixin, UninitializedParameter
from .linear import empty_parameter
from .module import Module
from .operands import number
from .shapes import each, own_init, remainder, reversed_twice, shown, sizes

PADDINGS = {"same", "valid"}
MODES = {"zeros", "reflect", "replicate", "circular"}


class _ConvNd(Module):
    _dimensions = 0
    weight: Any
    bias: Any

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any,
        padding: Any,
        dilation: Any,
        transposed: bool,
        output_padding: Any,
        groups: int,
        bias: bool,
        padding_mode: str,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        if groups <= 0:
            raise ValueError("groups must be a positive integer")
        if remainder(in_channels, groups) != 0:
            raise ValueError("in_channels must be divisible by groups")
        if remainder(out_channels, groups) != 0:
            raise ValueError("out_channels must be divisible by groups")
        if isinstance(padding, str):
            if padding not in PADDINGS:
                raise ValueError(f"Invalid padding string {padding!r}, should be one of {PADDINGS}")
            if padding == "same" and any(step != 1 for step in stride):
                raise ValueError("padding='same' is not supported for strided convolutions")
        if isinstance(padding_mode, list | dict | set):
            raise TypeError(f"unhashable type: '{type(padding_mode).__name__}'")
        if not isinstance(padding_mode, str) or padding_mode not in MODES:
            raise ValueError(
                f"padding_mode must be one of {MODES}, but got padding_mode='{shown(padding_mode)}'"
            )
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.kernel_size = kernel_size
        self.stride = stride
        self.padding = padding
        self.dilation = dilation
        self.transposed = transposed
        self.output_padding = output_padding
        self.groups = groups
        self.padding_mode = padding_mode
        self._reversed_padding_repeated_twice = self._borders()
        channels = (in_channels, out_channels // groups)
        if not transposed:
            channels = (out_channels, in_channels // groups)
        self.weight = empty_parameter(*channels, *kernel_size, dtype=dtype, device=device)
        if bias:
            self.bias = empty_parameter(out_channels, dtype=dtype, device=device)
        else:
            self.register_parameter("bias", None)
        self.reset_parameters()

    def _borders(self) -> Any:
        """The padding on both sides of each dimension, last dimension first."""
        if not isinstance(self.padding, str):
            return reversed_twice(self.padding)
        borders = [0] * (2 * len(self.kernel_size))
        if self.padding == "same":
            pairs = list(zip(self.dilation, self.kernel_size, strict=True))
            for at, (dilation, size) in enumerate(reversed(pairs)):
                total = number(dilation) * (number(size) - 1)
                borders[2 * at] = total // 2
                borders[2 * at + 1] = total - total // 2
        return borders

    def reset_parameters(self) -> None:
        """Draw weight and bias from the uniform distribution on ±1/sqrt(fan_in)."""
        init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        if self.bias is not None:
            fan_in, _ = init._calculate_fan_in_and_fan_out(self.weight)
            if fan_in != 0:
                bound = 1 / math.sqrt(fan_in)
                init.uniform_(self.bias, -bound, bound)

    def extra_repr(self) -> str:
        """The settings that are not their defaults."""
        text = (
            f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, "
            f"stride={self.stride}"
        )
        if self.padding != (0,) * len(self.padding):
            text += f", padding={self.padding}"
        if self.dilation != (1,) * len(self.dilation):
            text += f", dilation={self.dilation}"
        if self.output_padding != (0,) * len(self.output_padding):
            text += f", output_padding={self.output_padding}"
        if self.groups != 1:
            text += f", groups={self.groups}"
        if self.bias is None:
            text += ", bias=False"
        if self.padding_mode != "zeros":
            text += f", padding_mode={self.padding_mode}"
        return text

    def _conv_forward(self, input: Tensor, weight: Tensor, bias: Any) -> Any:
        padding = self.padding
        if self.padding_mode != "zeros":
            input = F.pad(input, self._reversed_padding_repeated_twice, mode=self.padding_mode)
            padding = (0,) * self._dimensions
        function = (F.conv1d, F.conv2d, F.conv3d)[self._dimensions - 1]
        return function(input, weight, bias, self.stride, padding, self.dilation, self.groups)


class _Conv(_ConvNd):
    """A convolution over so many dimensions."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        count = self._dimensions
        super().__init__(
            in_channels,
            out_channels,
            each(kernel_size, count),
            each(stride, count),
            padding if isinstance(padding, str) else each(padding, count),
            each(dilation, count),
            False,
            each(0, count),
            groups,
            bias,
            padding_mode,
            device,
            dtype,
        )

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "_dimensions" in vars(cls):
            own_init(cls)


class Conv1d(_Conv):
    """Slides kernels over `(N, C_in, L)` or `(C_in, L)`."""

    _dimensions = 1

    def forward(self, input: Tensor) -> Any:
        """Output `(N, C_out, L_out)` or `(C_out, L_out)`."""
        return self._conv_forward(input, self.weight, self.bias)


class Conv2d(_Conv):
    """Slides kernels over `(N, C_in, H, W)` or `(C_in, H, W)`."""

    _dimensions = 2

    def forward(self, input: Tensor) -> Any:
        """Output `(N, C_out, H_out, W_out)` or `(C_out, H_out, W_out)`."""
        return self._conv_forward(input, self.weight, self.bias)


class Conv3d(_Conv):
    """Slides kernels over `(N, C_in, D, H, W)` or `(C_in, D, H, W)`."""

    _dimensions = 3

    def forward(self, input: Tensor) -> Any:
        """Output `(N, C_out, D_out, H_out, W_out)`, or without N."""
        return self._conv_forward(input, self.weight, self.bias)


class _ConvTransposeNd(_ConvNd):
    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        output_padding: Any = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Any = 1,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        count = self._dimensions
        if padding_mode != "zeros":
            raise ValueError(f'Only "zeros" padding mode is supported for {type(self).__name__}')
        super().__init__(
            in_channels,
            out_channels,
            each(kernel_size, count),
            each(stride, count),
            each(padding, count),
            each(dilation, count),
            True,
            each(output_padding, count),
            groups,
            bias,
            padding_mode,
            device,
            dtype,
        )

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "_dimensions" in vars(cls):
            own_init(cls)

    def _output_padding(self, input: Tensor, output_size: Any) -> Any:
        """What is added at one side of each dimension to reach a size."""
        if output_size is None:
            return self.output_padding
        count = self._dimensions
        shape = shape_of(input)
        batched = len(shape) == count + 2
        skipped = 2 if batched else 1
        if len(output_size) == skipped + count:
            output_size = output_size[skipped:]
        if len(output_size) != count:
            raise ValueError(
                f"ConvTranspose{count}D: for {len(shape)}D input, output_size must have "
                f"{count} or {skipped + count} elements (got {len(output_size)})"
            )
        stride, padding, dilation, kernel = (
            [number(setting[at]) for at in range(count)]
            for setting in (self.stride, self.padding, self.dilation, self.kernel_size)
        )
        least = [
            (shape[at + skipped] - 1) * stride[at]
            - 2 * padding[at]
            + dilation[at] * (kernel[at] - 1)
            + 1
            for at in range(count)
        ]
        most = [least[at] + stride[at] - 1 for at in range(count)]
        for at in range(count):
            if not least[at] <= output_size[at] <= most[at]:
                raise ValueError(
                    f"requested an output size of {runtime.text(output_size)}, but valid sizes "
                    f"range from {runtime.text(least)} to {runtime.text(most)} (for an input of "
                    f"{Size(shape[2:])})"
                )
        return [output_size[at] - least[at] for at in range(count)]

    def _transposed(self, input: Tensor, output_size: Any) -> Any:
        functions = (F.conv_transpose1d, F.conv_transpose2d, F.conv_transpose3d)
        return functions[self._dimensions - 1](
            input,
            self.weight,
            self.bias,
            self.stride,
            self.padding,
            self._output_padding(input, output_size),
            self.groups,
            self.dilation,
        )


class ConvTranspose1d(_ConvTransposeNd):
    """The gradient of `Conv1d` as a layer: spreads `(N, C_in, L)`."""

    _dimensions = 1

    def forward(self, input: Tensor, output_size: Any = None) -> Any:
        """Output `(N, C_out, L_out)`; `output_size` settles what the stride leaves open."""
        return self._transposed(input, output_size)


class ConvTranspose2d(_ConvTransposeNd):
    """The gradient of `Conv2d` as a layer: spreads `(N, C_in, H, W)`."""

    _dimensions = 2

    def forward(self, input: Tensor, output_size: Any = None) -> Any:
        """Output `(N, C_out, H_out, W_out)`; `output_size` settles what the stride leaves open."""
        return self._transposed(input, output_size)


class ConvTranspose3d(_ConvTransposeNd):
    """The gradient of `Conv3d` as a layer: spreads `(N, C_in, D, H, W)`."""

    _dimensions = 3

    def forward(self, input: Tensor, output_size: Any = None) -> Any:
        """Output `(N, C_out, D_out, H_out, W_out)`; `output_size` settles what is left open."""
        return self._transposed(input, output_size)


class _LazyConvXdMixin(LazyModuleMixin):
    """Convolutions whose `in_channels` is what their first input has."""

    in_channels: int
    out_channels: int
    groups: int
    transposed: bool
    kernel_size: Any
    weight: Any
    bias: Any
    _dimensions = 0

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "cls_to_become" in vars(cls):
            cls._dimensions = cls.cls_to_become._dimensions

    def _start(self, out_channels: int, bias: bool, device: Any, dtype: Any) -> None:
        self.out_channels = out_channels
        self.weight = UninitializedParameter(device=device, dtype=dtype)
        if bias:
            self.bias = UninitializedParameter(device=device, dtype=dtype)

    def _size(self) -> int:
        return self.in_channels

    def initialize_parameters(self, input: Tensor, *args: Any, **kwargs: Any) -> None:
        """Weight and bias as in the layer that it becomes."""
        if not self.has_uninitialized_params():
            return
        self.in_channels = self._get_in_channels(input)
        if self.in_channels % self.groups != 0:
            raise ValueError("in_channels must be divisible by groups")
        channels = (self.out_channels, self.in_channels // self.groups)
        if self.transposed:
            channels = (self.in_channels, self.out_channels // self.groups)
        self.weight.materialize((*channels, *self.kernel_size))
        if self.bias is not None:
            self.bias.materialize((self.out_channels,))
        self.reset_parameters()

    def _get_in_channels(self, input: Tensor) -> int:
        shape = sizes(input, "dim")
        least = self._dimensions + 1
        if len(shape) not in (least, least + 1):
            raise RuntimeError(
                f"Expected {least}D (unbatched) or {least + 1}D (batched) input to "
                f"{type(self).__name__}, but got input of size: {Size(shape)}"
            )
        return shape[-least]


class _LazyConv(_LazyConvXdMixin):
    def __init__(
        self,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(0, 0, kernel_size, stride, padding, dilation, groups, False, padding_mode)
        self._start(out_channels, bias, device, dtype)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        own_init(cls)


class _LazyConvTranspose(_LazyConvXdMixin):
    def __init__(
        self,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        output_padding: Any = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Any = 1,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(
            0,
            0,
            kernel_size,
            stride,
            padding,
            output_padding,
            groups,
            False,
            dilation,
            padding_mode,
        )
        self._start(out_channels, bias, device, dtype)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        own_init(cls)


class LazyConv1d(_LazyConv, Conv1d):
    """A `Conv1d` whose `in_channels` is what its first input has."""

    cls_to_become = Conv1d


class LazyConv2d(_LazyConv, Conv2d):
    """A `Conv2d` whose `in_channels` is what its first input has."""

    cls_to_become = Conv2d


class LazyConv3d(_LazyConv, Conv3d):
    """A `Conv3d` whose `in_channels` is what its first input has."""

    cls_to_become = Conv3d


class LazyConvTranspose1d(_LazyConvTranspose, ConvTranspose1d):
    """A `ConvTranspose1d` whose `in_channels` is what its first input has."""

    cls_to_become = ConvTranspose1d


class LazyConvTranspose2d(_LazyConvTranspose, ConvTranspose2d):
    """A `ConvTranspose2d` whose `in_channels` is what its first input has."""

    cls_to_become = ConvTranspose2d


class LazyConvTranspose3d(_LazyConvTranspose, ConvTranspose3d):
    """A `ConvTranspose3d` whose `in_channels` is what its first input has."""

    cls_to_become = ConvTranspose3d
