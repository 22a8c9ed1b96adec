"""Linear layers."""

from __future__ import annotations

import math
from typing import Any

from ..tensor.device import check_device
from ..tensor.tensor import Tensor, shape_of
from . import init
from .functions import F, torch
from .lazy import LazyModuleMixin, UninitializedParameter
from .module import Module
from .parameter import Parameter
from .shapes import sizes


def empty_parameter(*shape: Any, dtype: Any = None, device: Any = None) -> Any:
    """A parameter of zeros that `reset_parameters` is going to fill."""
    check_device("empty", device)
    return Parameter(torch.empty(shape if len(shape) != 1 else shape[0], dtype=dtype))


class Identity(Module):
    """Passes its input on; takes any arguments."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__()

    def forward(self, input: Tensor) -> Tensor:
        """The input itself."""
        return input


class Linear(Module):
    """y = x A^T + b: input `(*, in_features)`, output `(*, out_features)`."""

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.in_features = in_features
        self.out_features = out_features
        self.weight = empty_parameter(out_features, in_features, dtype=dtype, device=device)
        if bias:
            self.bias = empty_parameter(out_features, dtype=dtype, device=device)
        else:
            self.register_parameter("bias", None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw weight and bias from the uniform distribution on ±1/sqrt(in_features)."""
        init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        if self.bias is not None:
            bound = bound_of(self.weight)
            init.uniform_(self.bias, -bound, bound)

    def forward(self, input: Tensor) -> Any:
        """Multiply by the weight and add the bias."""
        return F.linear(input, self.weight, self.bias)

    def extra_repr(self) -> str:
        """The sizes."""
        return (
            f"in_features={self.in_features}, out_features={self.out_features}, "
            f"bias={self.bias is not None}"
        )


def bound_of(weight: Tensor) -> float:
    """1 / sqrt(fan_in), the bound of a bias beside this weight; 0 without an input."""
    fan_in, _ = init._calculate_fan_in_and_fan_out(weight)
    return 1 / math.sqrt(fan_in) if fan_in > 0 else 0


class NonDynamicallyQuantizableLinear(Linear):
    """The last projection of attention, under the name that PyTorch gives it."""

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(in_features, out_features, bias=bias, device=device, dtype=dtype)


class Bilinear(Module):
    """y = x1^T A x2 + b: inputs `(*, in1_features)` and `(*, in2_features)`."""

    def __init__(
        self,
        in1_features: int,
        in2_features: int,
        out_features: int,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.in1_features = in1_features
        self.in2_features = in2_features
        self.out_features = out_features
        self.weight = empty_parameter(
            out_features, in1_features, in2_features, dtype=dtype, device=device
        )
        if in1_features <= 0:
            raise ValueError(f"in1_features must be > 0, but got (in1_features={in1_features})")
        if bias:
            self.bias = empty_parameter(out_features, dtype=dtype, device=device)
        else:
            self.register_parameter("bias", None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw weight and bias from the uniform distribution on ±1/sqrt(in1_features)."""
        bound = 1 / math.sqrt(self.in1_features)
        init.uniform_(self.weight, -bound, bound)
        if self.bias is not None:
            init.uniform_(self.bias, -bound, bound)

    def forward(self, input1: Tensor, input2: Tensor) -> Any:
        """Multiply both inputs by the weight and add the bias."""
        return F.bilinear(input1, input2, self.weight, self.bias)

    def extra_repr(self) -> str:
        """The sizes."""
        return (
            f"in1_features={self.in1_features}, in2_features={self.in2_features}, "
            f"out_features={self.out_features}, bias={self.bias is not None}"
        )


class LazyLinear(LazyModuleMixin, Linear):
    """A `Linear` whose `in_features` is what the last dimension of its first input has."""

    cls_to_become = Linear

    def __init__(
        self, out_features: int, bias: bool = True, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__(0, 0, False)
        self.out_features = out_features
        self.weight = UninitializedParameter(device=device, dtype=dtype)
        if bias:
            self.bias = UninitializedParameter(device=device, dtype=dtype)

    def _size(self) -> int:
        return self.in_features

    def initialize_parameters(self, input: Tensor) -> None:
        """Weight `(out_features, in_features)`, bias `(out_features,)`."""
        if self.has_uninitialized_params():
            self.in_features = sizes(input)[-1]
            self.weight.materialize((self.out_features, self.in_features))
            if self.bias is not None:
                self.bias.materialize((self.out_features,))
            self.reset_parameters()
        if self.in_features == 0:
            if shape_of(input)[-1] != shape_of(self.weight)[-1]:
                raise AssertionError(
                    f"The in_features inferred from input: {shape_of(input)[-1]} is not equal to "
                    f"in_features from self.weight: {shape_of(self.weight)[-1]}"
                )
            self.in_features = shape_of(input)[-1]
