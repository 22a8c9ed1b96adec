"""Convolutions and transposed convolutions in one, two and three dimensions.

`convolution`, its transposed form and `_convolution_weight` are the three partial derivatives of
one trilinear form in input, weight and output, so every derivative of one is another of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...kernels.strides import in_format_of
from ...kernels.windows import correlate, output_sizes, scatter, weigh
from ...table.dtype_rules import is_complex, refuse_bool
from ...table.entry import ELEMENTWISE, Op, op
from ...table.formulas import traced
from ...table.levels.batching import front, loop
from ...table.schema import Namespace
from ...table.shape_rules import ndim
from ...tensor.dtypes import c_name, unsupported
from ...tensor.notices import warn_once
from ...tensor.tensor import Tensor, shape_of

Sizes = tuple[int, ...]


def _expanded(name: str, value: Any, dims: int, what: str = "convolution") -> Sizes:
    """One number for every dimension, or the list itself."""
    sizes = (value,) if isinstance(value, int) else tuple(value)
    if len(sizes) == 1:
        return sizes * dims
    if len(sizes) != dims:
        raise RuntimeError(
            f"expected {name} to be a single integer value or a list of {dims} values to match "
            f"the {what} dimensions, but got {name}={list(sizes)}"
        )
    return sizes


def _transposed_sizes(
    sizes: Sequence[int],
    kernel: Sequence[int],
    stride: Sequence[int],
    padding: Sequence[int],
    dilation: Sequence[int],
    output_padding: Sequence[int],
) -> Sizes:
    return tuple(
        (n - 1) * s - 2 * p + d * (k - 1) + o + 1
        for n, k, s, p, d, o in zip(
            sizes, kernel, stride, padding, dilation, output_padding, strict=True
        )
    )


def _output_padding(
    input_shape: Sequence[int],
    weight_shape: Sequence[int],
    out: Sequence[int],
    stride: Sizes,
    padding: Sizes,
    dilation: Sizes,
) -> Sizes:
    """What a transposed convolution of `out` lacks to have the input's sizes."""
    smallest = _transposed_sizes(
        out[2:], weight_shape[2:], stride, padding, dilation, (0,) * len(stride)
    )
    return tuple(n - m for n, m in zip(input_shape[2:], smallest, strict=True))


def _kernel(
    input: Any,
    weight: Any,
    bias: Any,
    stride: Sizes,
    padding: Sizes,
    dilation: Sizes,
    transposed: bool,
    output_padding: Sizes,
    groups: int,
) -> Any:
    if not transposed:
        return correlate(input, weight, bias, stride, padding, dilation, groups)
    sizes = _transposed_sizes(
        input.shape[2:], weight.shape[2:], stride, padding, dilation, output_padding
    )
    result = scatter(input, weight, sizes, stride, padding, dilation, groups)
    if bias is not None:
        result += bias.reshape(-1, *(1 for _ in sizes))
    return result


# --- checks -----------------------------------------------------------------------------------


def _check(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    stride: Any,
    padding: Any,
    dilation: Any,
    transposed: bool,
    output_padding: Any,
    groups: int,
) -> None:
    shape, weights = shape_of(input), shape_of(weight)
    _check_numbers(stride, padding, dilation, output_padding, groups)
    if len(weights) != len(shape):
        raise RuntimeError(
            f"Expected {len(weights)}-dimensional input for {len(weights)}-dimensional weight "
            f"{list(weights)}, but got {len(shape)}-dimensional input of size {list(shape)} instead"
        )
    if weights[0] < groups:
        raise RuntimeError(
            f"Given groups={groups}, expected weight to be at least {groups} at dimension 0, but "
            f"got weight of size {list(weights)} instead"
        )
    if weights[0] % groups:
        raise RuntimeError(
            f"Given groups={groups}, expected weight to be divisible by {groups} at dimension 0, "
            f"but got weight of size [{list(weights)}] instead"
        )
    if transposed:
        given, channels, outputs = "transposed=1", weights[0], weights[1] * groups
        described = f"transposed=1, weight of size {list(weights)}"
    else:
        given, channels, outputs = f"groups={groups}", weights[1] * groups, weights[0]
        described = f"weight of size {list(weights)}"
    if shape[1] != channels:
        raise RuntimeError(
            f"Given {given}, weight of size {list(weights)}, expected input{list(shape)} to have "
            f"{channels} channels, but got {shape[1]} channels instead"
        )
    if bias is not None and shape_of(bias) != (outputs,):
        raise RuntimeError(
            f"Given {described}, expected bias to be 1-dimensional with {outputs} elements, but "
            f"got bias of size {list(shape_of(bias))} instead"
        )
    if transposed:
        _check_output_padding(stride, dilation, output_padding)
        sizes = _transposed_sizes(shape[2:], weights[2:], stride, padding, dilation, output_padding)
        if min(sizes) < (input.dtype.name != "float32"):
            shown, found = ((1, *n) if len(n) == 1 else n for n in (shape[2:], sizes))
            raise RuntimeError(
                f"Given input size per channel: ({_by(shown)}). Calculated output size per "
                f"channel: ({_by(found)}). Output size is too small"
            )
    else:
        if 0 in weights[2:] and len(weights) == 4:
            raise RuntimeError(
                "kernel size should be greater than zero, but got kernel_height: "
                f"{weights[2]} kernel_width: {weights[3]}"
            )
        full = [n + 2 * p for n, p in zip(shape[2:], padding, strict=True)]
        reach = [d * (k - 1) + 1 for k, d in zip(weights[2:], dilation, strict=True)]
        if any(n < k for n, k in zip(full, reach, strict=True)):
            raise RuntimeError(
                f"Calculated padded input size per channel: ({_by(full)}). Kernel size: "
                f"({_by(reach)}). Kernel size can't be greater than actual input size"
            )
    _check_dtypes(input, weight, None if transposed else bias)


def _by(sizes: Sequence[int]) -> str:
    return " x ".join(map(str, sizes))


def _check_numbers(
    stride: Any, padding: Any, dilation: Any, output_padding: Any, groups: int
) -> None:
    for bad, what in (
        (any(n < 0 for n in padding), "negative padding"),
        (any(n < 0 for n in output_padding), "negative output_padding"),
        (any(n <= 0 for n in stride), "non-positive stride"),
        (any(n <= 0 for n in dilation), "non-positive dilation"),
        (groups <= 0, "non-positive groups"),
    ):
        if bad:
            raise RuntimeError(f"{what} is not supported")


def _check_output_padding(stride: Sizes, dilation: Sizes, output_padding: Sizes) -> None:
    if all(o < s or o < d for o, s, d in zip(output_padding, stride, dilation, strict=True)):
        return
    axes = ("depth", "height", "width")[-max(len(stride), 2) :]
    lack = len(axes) - len(stride)
    words = [
        f"{name}_{axis}: {value}"
        for name, fill, values in (
            ("output_padding", 0, output_padding),
            ("stride", 1, stride),
            ("dilation", 1, dilation),
        )
        for axis, value in zip(axes, (fill,) * lack + values, strict=True)
    ]
    raise RuntimeError(
        "output padding must be smaller than either stride or dilation, but got " + " ".join(words)
    )


def _check_dtypes(input: Tensor, weight: Tensor, bias: Tensor | None) -> None:
    if bias is not None and bias.dtype is not input.dtype:
        raise RuntimeError(
            f"Input type ({c_name(input.dtype)}) and bias type ({c_name(bias.dtype)}) should be "
            "the same"
        )
    if input.dtype is not weight.dtype:
        if input.dtype.name == "float32":
            raise RuntimeError(
                f"Input type ({input.dtype.backend_name}) and weight type "
                f"({weight.dtype.backend_name}) should be the same or input should be a MKLDNN "
                "tensor and weight is a dense tensor"
            )
        raise RuntimeError(
            f"expected scalar type {input.dtype.scalar_name} but found {weight.dtype.scalar_name}"
        )
    refuse_bool("slow_conv2d_cpu", input)
    if input.dtype.is_complex:
        raise unsupported("slow_conv2d_cpu", input.dtype)


# --- batching ---------------------------------------------------------------------------------


def _batch(op: Op, args: list[Any], axes: list[Any]) -> tuple[Any, int]:
    """A batched input joins the images, batched weights make channels or groups."""
    input, weight, bias = args[:3]
    transposed, groups = args[6], args[8]
    if axes[2] is not None:
        count = shape_of(bias)[axes[2]]
        plain, axis = _batch(op, [input, weight, None, *args[3:]], [*axes[:2], None, *axes[3:]])
        if axes[0] is None and axes[1] is None:
            plain = traced.expand(plain, (count, *shape_of(plain)))
            axis = 0
        rank = len(shape_of(plain)) - 3
        shift = traced.reshape(front(bias, axes[2]), (count, 1, -1, *(1 for _ in range(rank))))
        return traced.add(front(plain, axis), shift), 0
    if axes[0] is None and axes[1] is None:
        return op.call(*args), 0
    if axes[1] is None:
        input = front(input, axes[0])
        count, images = shape_of(input)[:2]
        merged = traced.reshape(input, (count * images, *shape_of(input)[2:]))
        result = op.call(merged, weight, bias, *args[3:])
        return traced.reshape(result, (count, images, *shape_of(result)[1:])), 0
    if transposed or (axes[0] is None and groups > 1):
        return loop(op, args, axes)
    weight = front(weight, axes[1])
    count, filters = shape_of(weight)[:2]
    weight = traced.reshape(weight, (count * filters, *shape_of(weight)[2:]))
    if axes[0] is not None:
        input = traced.movedim(input, axes[0], 1)
        images, _, channels = shape_of(input)[:3]
        input = traced.reshape(input, (images, count * channels, *shape_of(input)[3:]))
        groups = groups * count
    result = op.call(input, weight, None, *args[3:8], groups)
    shape = shape_of(result)
    result = traced.reshape(result, (shape[0], count, filters, *shape[2:]))
    if bias is not None:
        rank = len(shape) - 2
        result = traced.add(result, traced.reshape(bias, (-1, *(1 for _ in range(rank)))))
    return result, 1


# --- the operation ----------------------------------------------------------------------------


def _input_grad(
    F: Namespace,
    g: Any,
    weight: Any,
    input_shape: Any,
    stride: Any,
    padding: Any,
    dilation: Any,
    transposed: bool,
    groups: int,
) -> Any:
    zero = (0,) * len(stride)
    if not transposed:
        zero = _output_padding(input_shape, weight.shape, g.shape, stride, padding, dilation)
    grad = F.convolution(
        g, F.conj(weight), None, stride, padding, dilation, not transposed, zero, groups
    )
    return _cut(F, grad, input_shape)


def _cut(F: Namespace, grad: Any, shape: Any) -> Any:
    """A gradient without what lies in an output padding of a stride and more."""
    for axis, length in enumerate(shape[2:], 2):
        if grad.shape[axis] > length:
            grad = F.narrow(grad, axis, 0, length)
    return grad


def _weight_grad(
    F: Namespace,
    g: Any,
    input: Any,
    weight_shape: Any,
    stride: Any,
    padding: Any,
    dilation: Any,
    transposed: bool,
    groups: int,
) -> Any:
    kernel = tuple(weight_shape[2:])
    if transposed:
        return F._convolution_weight(g, F.conj(input), kernel, stride, padding, dilation, groups)
    return F._convolution_weight(F.conj(input), g, kernel, stride, padding, dilation, groups)


def _input_tangent(
    F: Namespace,
    t: Any,
    weight: Any,
    stride: Any,
    padding: Any,
    dilation: Any,
    transposed: bool,
    output_padding: Any,
    groups: int,
) -> Any:
    return F.convolution(
        t, weight, None, stride, padding, dilation, transposed, output_padding, groups
    )


def _weight_tangent(
    F: Namespace,
    t: Any,
    input: Any,
    stride: Any,
    padding: Any,
    dilation: Any,
    transposed: bool,
    output_padding: Any,
    groups: int,
) -> Any:
    return F.convolution(
        input, t, None, stride, padding, dilation, transposed, output_padding, groups
    )


def _result_size(
    input: Tensor,
    weight: Tensor,
    bias: Any,
    stride: Any,
    padding: Any,
    dilation: Any,
    transposed: bool,
    output_padding: Any,
    groups: int,
) -> int:
    shape, weights = shape_of(input), shape_of(weight)
    if transposed:
        sizes = _transposed_sizes(shape[2:], weights[2:], stride, padding, dilation, output_padding)
        total = shape[0] * weights[1] * groups
    else:
        sizes = output_sizes(shape[2:], weights[2:], stride, padding, dilation)
        total = shape[0] * weights[0]
    for size in sizes:
        total *= max(size, 0)
    return total


op(
    "convolution(Tensor input, Tensor weight, Tensor? bias, Shape stride, Shape padding, "
    "Shape dilation, bool transposed, Shape output_padding, int groups)",
    kernel=in_format_of(2, _kernel),
    keeps_layout=True,
    fused=dict.fromkeys(("input", "weight", "bias"), "ConvolutionBackwardBackward0 g input weight"),
    vjp={
        "input": _input_grad,
        "weight": _weight_grad,
        "bias": lambda F, g: F.sum_dim(g, (0, *range(2, g.ndim))),
    },
    jvp={
        "input": _input_tangent,
        "weight": _weight_tangent,
        "bias": lambda F, t, out_shape: F.expand(
            F.reshape(t, (-1, *(1 for _ in out_shape[2:]))), out_shape
        ),
    },
    check=_check,
    size=_result_size,
    batching=_batch,
    where=("torch",),
    doc="A convolution with every choice spelled out.",
    samples=lambda S: (
        []
        if S.dtype.is_complex
        else [
            S(S.normal(2, 2, 5), S.normal(3, 2, 3), S.normal(3), (1,), (0,), (1,), False, (0,), 1),
            S(
                S.normal(1, 2, 4, 5),
                S.normal(4, 1, 2, 2),
                None,
                (2, 1),
                (1, 0),
                (1, 2),
                False,
                (0, 0),
                2,
            ),
            S(S.normal(2, 2, 3), S.normal(2, 3, 2), S.normal(3), (2,), (1,), (1,), True, (1,), 1),
        ]
    ),
)


# --- the derivative by the weight -------------------------------------------------------------


def _weight_input_grad(
    F: Namespace,
    g: Any,
    grad: Any,
    input_shape: Any,
    stride: Any,
    padding: Any,
    dilation: Any,
    groups: int,
) -> Any:
    extra = _output_padding(input_shape, g.shape, grad.shape, stride, padding, dilation)
    return F.convolution(F.conj(grad), g, None, stride, padding, dilation, True, extra, groups)


def _weight_output_grad(
    F: Namespace,
    g: Any,
    input: Any,
    grad_shape: Any,
    stride: Any,
    padding: Any,
    dilation: Any,
    groups: int,
) -> Any:
    zero = (0,) * len(stride)
    grad = F.convolution(F.conj(input), g, None, stride, padding, dilation, False, zero, groups)
    return _cut(F, grad, grad_shape)


op(
    "_convolution_weight(Tensor input, Tensor grad, int[] kernel, int[] stride, int[] padding, "
    "int[] dilation, int groups)",
    kernel=lambda input, grad, kernel, stride, padding, dilation, groups: weigh(
        input, grad, kernel, stride, padding, dilation, groups
    ),
    vjp={
        "input": _weight_input_grad,
        "grad": _weight_output_grad,
    },
    jvp={
        "input": lambda F, t, grad, kernel, stride, padding, dilation, groups: (
            F._convolution_weight(t, grad, kernel, stride, padding, dilation, groups)
        ),
        "grad": lambda F, t, input, kernel, stride, padding, dilation, groups: (
            F._convolution_weight(input, t, kernel, stride, padding, dilation, groups)
        ),
    },
    node="ConvolutionBackwardBackward0",
    where=(),
    doc="The derivative of a convolution by its weight.",
    samples=lambda S: (
        []
        if S.dtype.is_complex
        else [
            S(S.normal(2, 2, 5), S.normal(2, 3, 3), (3,), (1,), (0,), (1,), 1),
            S(S.normal(1, 2, 5, 5), S.normal(1, 2, 3, 5), (2, 1), (2, 1), (1, 0), (1, 1), 2),
        ]
    ),
)

# --- the public functions ---------------------------------------------------------------------


def _with_batch(F: Namespace, name: str, dims: int, input: Any) -> Any:
    rank = ndim(input)
    if rank == dims + 1:
        return F.unsqueeze(input, 0)
    if rank != dims + 2:
        shape = shape_of(input) if type(input) is Tensor else input.shape
        raise RuntimeError(
            f"Expected {dims + 1}D (unbatched) or {dims + 2}D (batched) input to {name}, but got "
            f"input of size: {list(shape)}"
        )
    return input


def _convolve(
    F: Namespace,
    name: str,
    dims: int,
    input: Any,
    weight: Any,
    bias: Any,
    stride: Any,
    padding: Any,
    dilation: Any,
    groups: int,
) -> Any:
    batch = _with_batch(F, name, dims, input)
    inner = ndim(weight) - 2
    zero = (0,) * inner
    if isinstance(padding, str):
        batch, padding = _named_padding(F, batch, weight, padding, stride, dilation, dims)
    stride = (stride,) * dims if isinstance(stride, int) else stride
    dilation = (dilation,) * dims if isinstance(dilation, int) else dilation
    padding = (padding,) * dims if isinstance(padding, int) else padding
    stride = _expanded("stride", stride, inner)
    padding = _expanded("padding", padding, inner)
    dilation = _expanded("dilation", dilation, inner)
    result = _real_or_complex(
        F, batch, weight, bias, (stride, padding, dilation, False, zero, groups)
    )
    return F.squeeze_dim(result, 0) if batch is not input and ndim(input) == dims + 1 else result


def _real_or_complex(F: Namespace, input: Any, weight: Any, bias: Any, geometry: Any) -> Any:
    """The convolution; a complex one is made of three real ones, as PyTorch makes it."""
    if not is_complex(input) or not is_complex(weight):
        return F.convolution(input, weight, bias, *geometry)

    def parts(value: Any) -> tuple[Any, Any]:
        if value is None:
            return None, None
        pairs = F.view_as_real(value)
        return F.select(pairs, -1, 0), F.select(pairs, -1, 1)

    (xr, xi), (wr, wi), (br, bi) = parts(input), parts(weight), parts(bias)
    a = F.convolution(xr, wr, br, *geometry)
    b = F.convolution(xi, wi, None, *geometry)
    both = None if bias is None else F.add(br, bi)
    c = F.convolution(F.add(xr, xi), F.add(wr, wi), both, *geometry)
    return F.add(F.sub(a, b), F._times_i(F.sub(F.sub(c, a), b)))


op(
    "_times_i(Tensor self)",
    kernel=lambda self: self * np.array(1j, np.result_type(self.dtype, np.complex64)),
    vjp={"self": lambda F, g: F.imag(g)},
    jvp={"self": lambda F, t: F._times_i(t)},
    result=lambda self: self.dtype.to_complex(),
    node="MulBackward1",
    batching=ELEMENTWISE,
    where=(),
    doc="A real tensor times the imaginary unit.",
    samples=lambda S: [] if S.dtype.is_complex else [S(S.normal(3))],
)


def _named_padding(
    F: Namespace, batch: Any, weight: Any, padding: str, stride: Any, dilation: Any, dims: int
) -> tuple[Any, Sizes]:
    """Padding "same" or "valid"; an uneven "same" pads the input first."""
    if padding == "valid":
        return batch, (0,) * dims
    if padding != "same":
        raise RuntimeError(f"Invalid padding string: '{padding}'")
    if any(s != 1 for s in _expanded("stride", stride, dims)):
        raise RuntimeError("padding='same' is not supported for strided convolutions")
    total = [
        d * (k - 1)
        for k, d in zip(weight.shape[2:], _expanded("dilation", dilation, dims), strict=True)
    ]
    if any(n % 2 for n in total):
        warn_once(
            "Using padding='same' with even kernel lengths and odd dilation may require a "
            "zero-padded copy of the input be created"
        )
        sides = [side for n in reversed(total) for side in (0, n % 2)]
        batch = F.constant_pad_nd(batch, tuple(sides), 0)
    return batch, tuple(n // 2 for n in total)


def _convolve_transposed(
    F: Namespace,
    name: str,
    dims: int,
    input: Any,
    weight: Any,
    bias: Any,
    stride: Any,
    padding: Any,
    output_padding: Any,
    groups: int,
    dilation: Any,
) -> Any:
    batch = _with_batch(F, name, dims, input)
    inner = ndim(weight) - 2
    geometry = (
        _expanded("stride", stride, inner),
        _expanded("padding", padding, inner),
        _expanded("dilation", dilation, inner),
        True,
        _expanded("output_padding", output_padding, inner),
        groups,
    )
    result = _real_or_complex(F, batch, weight, bias, geometry)
    return F.squeeze_dim(result, 0) if batch is not input else result


def _define(dims: int) -> None:
    """The entries of `conv1d` and `conv_transpose1d` and their kin."""
    sizes = (6, 5, 4)[:dims]
    kernel = (3, 2, 2)[:dims]
    called = f"conv_transpose{dims}d"

    def transposed(
        F: Namespace,
        input: Any,
        weight: Any,
        bias: Any,
        stride: Any,
        padding: Any,
        output_padding: Any,
        groups: int,
        dilation: Any,
    ) -> Any:
        return _convolve_transposed(
            F,
            called,
            dims,
            input,
            weight,
            bias,
            stride,
            padding,
            output_padding,
            groups,
            dilation,
        )

    op(
        f"conv{dims}d(Tensor input, Tensor weight, Tensor? bias=None, int[] stride=1, "
        "Padding padding=0, int[] dilation=1, int groups=1)",
        composite=lambda F, input, weight, bias, stride, padding, dilation, groups: _convolve(
            F, f"conv{dims}d", dims, input, weight, bias, stride, padding, dilation, groups
        ),
        where=("torch", "F"),
        forms=0,
        doc=f"Slides filters over {dims} spatial dimension{'s' if dims > 1 else ''}.",
        samples=lambda S: [
            S(S.normal(2, 2, *sizes), S.normal(3, 2, *kernel), S.normal(3)),
            S(S.normal(2, *sizes), S.normal(3, 2, *kernel), stride=2, padding=1),
            S(S.normal(1, 2, *sizes), S.normal(2, 1, *kernel), groups=2, padding="valid"),
            S(S.normal(1, 2, *sizes), S.normal(2, 2, *kernel), dilation=2, padding="same"),
        ],
    )
    op(
        f"conv_transpose{dims}d(Tensor input, Tensor weight, Tensor? bias=None, int[] stride=1, "
        "int[] padding=0, int[] output_padding=0, int groups=1, int[] dilation=1)",
        composite=transposed,
        where=("torch", "F"),
        doc=f"The transpose of `conv{dims}d`: spreads every input over a window of the output.",
        samples=lambda S: [
            S(S.normal(2, 2, *(n - 2 for n in sizes)), S.normal(2, 3, *kernel), S.normal(3)),
            S(
                S.normal(2, *(n - 2 for n in sizes)),
                S.normal(2, 1, *kernel),
                stride=2,
                padding=1,
                output_padding=1,
                groups=2,
            ),
        ],
    )


for _dims in (1, 2, 3):
    _define(_dims)
