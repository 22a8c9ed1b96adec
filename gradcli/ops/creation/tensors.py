"""Making tensors: `tensor`, `zeros`, `arange` and the like."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ...autograd.node import bit_of, meta_of
from ...kernels.spacing import counted, exponents, spaced
from ...kernels.strides import (
    allocate,
    contiguous_strides,
    formatted_strides,
    strides_of,
)
from ...table.call.python_data import array_of, element, real_number
from ...table.dtype_rules import element_of, is_batched
from ...table.out_rules import Rule
from ...table.public.plain_functions import OPTIONS, function
from ...tensor import device as devices
from ...tensor import dtypes
from ...tensor.dtypes import (
    FROM_ARRAY,
    Array,
    DType,
    of_number,
    python_number,
    type_name,
    unsupported,
)
from ...tensor.memory import reach
from ...tensor.runtime import runtime
from ...tensor.tensor import META, Tensor, alias, make, numel, shape_of

_SENTENCE = "dtype {result} does not match dtype of out parameter ({out})"
_MADE = Rule(_SENTENCE, resized="")
_SPACED = Rule(_SENTENCE, resized="", fills=True)
_RANGE = Rule(
    _SENTENCE,
    resized="The number of elements in the out tensor of shape {old} is {old_count} which does not "
    "match the computed number of elements {count}. Note that this may occur as a result of "
    "rounding error. The out tensor will be resized to a tensor of shape ({count},).",
    fills=True,
)

_LIKE = f"{OPTIONS}, MemoryFormat? memory_format=None"


def made(array: Array, dtype: DType, requires_grad: bool | None = False) -> Tensor:
    """A new leaf over `array`. Raises RuntimeError if its dtype cannot require grad as asked."""
    tensor = make(array, dtype)
    if requires_grad:
        if dtype.category < dtypes.FLOATING:
            raise RuntimeError(
                "Only Tensors of floating point and complex dtype can require gradients"
            )
        tensor.node = meta_of(tensor)
    return tensor


def check_options(
    name: str, layout: Any, device: Any, pin_memory: bool | None, source: Tensor | None = None
) -> None:
    """Refuse every layout, device and pinning but the neutral ones.

    Raises OnMeta where `device`, that of `source`, or the one chosen for new tensors is `meta`.
    """
    if device is not None:
        devices.check_device(name, device)
        if devices.is_meta(device):
            raise devices.OnMeta
    elif source is not None:
        if source.level is META:
            raise devices.OnMeta
    elif devices.chosen.device is not None:
        raise devices.OnMeta
    if layout is not None and layout is not devices.strided:
        if getattr(layout, "kind", None) != "layout":
            raise TypeError(
                f"{name}(): argument 'layout' must be torch.layout, not {type(layout).__name__}"
            )
        raise RuntimeError(f"gradcli has strided tensors only: layout={layout} is not available")
    if pin_memory:
        raise RuntimeError(
            "pin_memory=True requires a CUDA or other accelerator backend; no pinned memory "
            "allocator is available on this system."
        )


def check_size(size: Sequence[int], dtype: DType) -> tuple[int, ...]:
    """`size` as a tuple. Refuses negative lengths and what cannot fit in memory."""
    for length in size:
        if length < 0:
            raise RuntimeError(
                f"Trying to create tensor with negative dimension {length}: {list(size)}"
            )
    runtime.reserve(numel(size) * dtype.array.itemsize)
    return tuple(size)


def filled(size: Sequence[int], value: Any, dtype: DType) -> Array:
    """An array of one value; a NumPy scalar without dimensions."""
    shape = check_size(size, dtype)
    if type(value) is int and value == 0:
        return np.zeros(shape, dtype.array)[()]
    item = element(value, dtype)
    if not shape:
        return item
    if not any(item.tobytes()):  # zero, and not minus zero
        return np.zeros(shape, dtype.array)
    return np.full(shape, item, dtype.array)


@function(
    f"tensor(any? data, *, {OPTIONS})",
    where=("torch",),
    doc="Makes a tensor from a number, nested lists or an array; always a copy.",
)
def tensor(
    data: Any, dtype: DType | None, layout: Any, device: Any, pin_memory: bool, requires_grad: bool
) -> Tensor:
    check_options("tensor", layout, device, pin_memory)
    array, dtype = array_of(data, dtype)
    return made(array, dtype, requires_grad)


@function(
    "as_tensor(any? data, DType? dtype=None, Device? device=None)",
    where=("torch",),
    doc="Makes a tensor of `data`, sharing memory and graph where no cast is needed.",
)
def as_tensor(data: Any, dtype: DType | None, device: Any) -> Tensor:
    check_options("as_tensor", None, device, False)
    if type(data) is Tensor:
        if dtype is None or dtype is data.dtype:
            return data
        from ...table.lookup import get_op

        return get_op("_to_copy").call(data, dtype=dtype)  # type: ignore[no-any-return]
    if isinstance(data, np.ndarray) and (dtype is None or FROM_ARRAY.get(data.dtype) is dtype):
        return made(_shared(data), FROM_ARRAY[data.dtype])
    return made(*array_of(data, dtype))


@function(
    "asarray(any? obj, *, DType? dtype=None, Device? device=None, bool? copy=None, "
    "bool? requires_grad=None)",
    where=("torch",),
    doc="Makes a tensor of `obj`, sharing memory unless `copy` is true.",
)
def asarray(
    obj: Any, dtype: DType | None, device: Any, copy: bool | None, requires_grad: bool | None
) -> Tensor:
    result: Tensor = as_tensor(obj, dtype, device)
    if copy and result is obj:
        from ...table.lookup import get_op

        result = get_op("clone").call(result)
    elif copy and isinstance(obj, np.ndarray):
        result = made(np.array(result.array)[()], result.dtype)
    if requires_grad and result.node is None:
        return made(result.array, result.dtype, True)
    if requires_grad is False and result.node is not None:
        return alias(result)
    return result


@function(
    "from_numpy(any? ndarray)",
    where=("torch",),
    mapped="no",
    doc="A tensor over the memory of a NumPy array.",
)
def from_numpy(ndarray: Any) -> Tensor:
    return made(_shared(ndarray), FROM_ARRAY[ndarray.dtype])


def _shared(ndarray: Any) -> Array:
    """`ndarray` itself. Raises TypeError and ValueError for what a tensor cannot share."""
    if not isinstance(ndarray, np.ndarray):
        kind = type(ndarray)
        name = f"numpy.{kind.__name__}" if kind.__module__ == "numpy" else kind.__name__
        raise TypeError(f"expected np.ndarray (got {name})")
    if ndarray.dtype not in FROM_ARRAY:
        array_of(ndarray, None)
    if any(stride < 0 for stride in ndarray.strides):
        raise ValueError(
            "At least one stride in the given numpy array is negative, and tensors with negative "
            "strides are not currently supported. (You can probably work around this by making a "
            "copy of your array  with array.copy().) "
        )
    return ndarray


@function(
    f"scalar_tensor(Scalar s, *, {OPTIONS})",
    where=("torch",),
    doc="A tensor without dimensions, of the default dtype unless told otherwise.",
)
def scalar_tensor(
    s: complex,
    dtype: DType | None,
    layout: Any,
    device: Any,
    pin_memory: bool,
    requires_grad: bool,
) -> Tensor:
    check_options("scalar_tensor", layout, device, pin_memory)
    dtype = dtype or dtypes.default.dtype
    return made(element(s, dtype), dtype, requires_grad)


def _constant(name: str, value: int, doc: str) -> None:
    """Publish the function that fills a given size with `value`, its `_like` and its `new_`."""

    def fill(
        size: Sequence[int],
        dtype: DType | None,
        layout: Any,
        device: Any,
        pin_memory: bool,
        requires_grad: bool,
        memory_format: Any = None,
    ) -> Tensor:
        check_options(name, layout, device, pin_memory)
        if name == "zeros" and any(length < 0 for length in size):
            raise RuntimeError("zeros: Dimension size must be non-negative.")
        if memory_format is devices.preserve_format:
            raise RuntimeError("unsupported memory format Preserve")
        dtype = dtype or dtypes.default.dtype
        if memory_format in (None, devices.contiguous_format):
            return made(filled(size, value, dtype), dtype, requires_grad)
        shape = check_size(size, dtype)
        strides = formatted_strides(shape, memory_format, ())
        return made(allocate(shape, strides, dtype.array), dtype, requires_grad)

    options = _LIKE if name == "empty" else OPTIONS
    function(f"{name}(int[]... size, *, {options})", where=("torch",), out=_MADE, doc=doc)(fill)

    def fill_like(
        self: Tensor,
        dtype: DType | None,
        layout: Any,
        device: Any,
        pin_memory: bool,
        requires_grad: bool,
        memory_format: Any,
    ) -> Tensor:
        check_options(f"{name}_like", layout, device, pin_memory, self)
        return filled_like(self, value, dtype, requires_grad, memory_format)

    function(
        f"{name}_like(Tensor self, *, {_LIKE})",
        where=("torch",),
        doc=f"{doc[:-1]}, in the shape, dtype and layout of `self`.",
    )(fill_like)

    def new(
        self: Tensor,
        size: Sequence[int],
        dtype: DType | None,
        layout: Any,
        device: Any,
        pin_memory: bool,
        requires_grad: bool,
    ) -> Tensor:
        check_options(f"new_{name}", layout, device, pin_memory, self)
        kind = dtype or self.dtype
        return _over_batches(
            self, size, lambda shape: made(filled(shape, value, kind), kind, requires_grad)
        )

    function(
        f"new_{name}(Tensor self, int[]... size, *, {OPTIONS})",
        where=("Tensor",),
        doc=f"{doc[:-1]}, of the dtype of `self`.",
    )(new)


def _over_batches(
    source: Tensor, size: Sequence[int], make: Callable[[Sequence[int]], Tensor]
) -> Tensor:
    """What `make` makes of a size, with the batch axes of `source`, so that it can be written."""
    level = source.level
    if level is None or level.value is None:
        return make(size)
    outer = level.value
    whole = (shape_of(outer)[level.axis], *size)
    return wrap_like(source, _over_batches(outer, whole, make), 0)


def wrap_like(source: Tensor, value: Tensor, axis: int) -> Tensor:
    """`value` with its batch at `axis`, as a tensor of the innermost level of `source`."""
    from ...table.levels.batching import wrap_batch

    assert source.level is not None
    return wrap_batch(value, axis, source.level.depth)


def filled_like(
    source: Tensor,
    value: complex,
    dtype: DType | None = None,
    requires_grad: bool | None = False,
    memory_format: Any = None,
) -> Tensor:
    """A tensor of one value in the shape and layout of `source`."""
    if source.level is not None and source.level.value is not None:
        return wrap_like(
            source,
            filled_like(source.level.value, value, dtype, requires_grad, memory_format),
            source.level.axis,
        )
    dtype = dtype or source.dtype
    shape = check_size(shape_of(source), dtype)
    item = 0 if type(value) is int and value == 0 and shape else element(value, dtype)
    if not shape:
        return made(item, dtype, requires_grad)
    strides = contiguous_strides(shape)
    if source.level is None:
        memory_format = memory_format or devices.preserve_format
        strides = formatted_strides(shape, memory_format, strides_of(source.array))
    array = allocate(shape, strides, dtype.array)
    if value != 0:
        array[...] = item
    return made(array, dtype, requires_grad)


_constant("zeros", 0, "Zeros.")
_constant("ones", 1, "Ones.")
_constant("empty", 0, "A tensor whose elements are about to be written (here: zeros).")


@function(
    f"full(Shape size, Scalar fill_value, *, {OPTIONS})",
    where=("torch",),
    out=_MADE,
    doc="A tensor of one value, whose dtype is that of the value unless given.",
)
def full(
    size: Sequence[int],
    fill_value: complex,
    dtype: DType | None,
    layout: Any,
    device: Any,
    pin_memory: bool,
    requires_grad: bool,
) -> Tensor:
    check_options("full", layout, device, pin_memory)
    dtype = dtype or of_number(fill_value)
    return made(filled(size, fill_value, dtype), dtype, requires_grad)


@function(
    f"full_like(Tensor self, Scalar fill_value, *, {_LIKE})",
    where=("torch",),
    doc="A tensor of one value in the shape, dtype and layout of `self`.",
)
def full_like(
    self: Tensor,
    fill_value: complex,
    dtype: DType | None,
    layout: Any,
    device: Any,
    pin_memory: bool,
    requires_grad: bool,
    memory_format: Any,
) -> Tensor:
    check_options("full_like", layout, device, pin_memory, self)
    return filled_like(self, fill_value, dtype, requires_grad, memory_format)


@function(
    f"new_full(Tensor self, Shape size, Scalar fill_value, *, {OPTIONS})",
    where=("Tensor",),
    doc="A tensor of one value of the dtype of `self`.",
)
def new_full(
    self: Tensor,
    size: Sequence[int],
    fill_value: complex,
    dtype: DType | None,
    layout: Any,
    device: Any,
    pin_memory: bool,
    requires_grad: bool,
) -> Tensor:
    check_options("new_full", layout, device, pin_memory, self)
    kind = dtype or self.dtype
    return _over_batches(
        self, size, lambda shape: made(filled(shape, fill_value, kind), kind, requires_grad)
    )


@function(
    f"new_tensor(Tensor self, any? data, *, {OPTIONS})",
    where=("Tensor",),
    doc="Makes a tensor from `data` of the dtype of `self`.",
)
def new_tensor(
    self: Tensor,
    data: Any,
    dtype: DType | None,
    layout: Any,
    device: Any,
    pin_memory: bool,
    requires_grad: bool,
) -> Tensor:
    check_options("new_tensor", layout, device, pin_memory, self)
    if bit_of(self):
        word = "Conjugate" if bit_of(self) == "conj" else "Negative"
        raise RuntimeError(f"DispatchKey {word} doesn't correspond to a device")
    return made(*array_of(data, dtype or self.dtype, "new_tensor"), requires_grad)


@function(
    f"empty_strided(Shape size, Shape stride, *, {OPTIONS})",
    where=("torch",),
    prelude="",
    doc="A tensor of the given strides whose elements are about to be written (here: zeros).",
)
def empty_strided(
    size: Sequence[int],
    stride: Sequence[int],
    dtype: DType | None,
    layout: Any,
    device: Any,
    pin_memory: bool,
    requires_grad: bool,
) -> Tensor:
    check_options("empty_strided", layout, device, pin_memory)
    if len(size) != len(stride):
        raise RuntimeError(
            f"dimensionality of sizes ({len(size)}) must match dimensionality of strides "
            f"({len(stride)})"
        )
    dtype = dtype or dtypes.default.dtype
    shape = check_size(size, dtype)
    if any(step < 0 for step in stride):
        raise RuntimeError(
            f"Storage size calculation overflowed with sizes={list(size)} and "
            f"strides={list(stride)}"
        )
    check_size((reach(shape, stride, 1)[1],), dtype)
    return made(allocate(shape, stride, dtype.array), dtype, requires_grad)


@function(
    f"eye(int n, int? m=None, *, {OPTIONS})",
    where=("torch",),
    forms=1,
    out=_MADE,
    doc="Ones on the diagonal of a matrix, zeros elsewhere.",
)
def eye(
    n: int,
    m: int | None,
    dtype: DType | None,
    layout: Any,
    device: Any,
    pin_memory: bool,
    requires_grad: bool,
) -> Tensor:
    check_options("eye", layout, device, pin_memory)
    for name, length in (("n", n), ("m", 0 if m is None else m)):
        if length < 0:
            raise RuntimeError(f"{name} must be greater or equal to 0, got {length}")
    dtype = dtype or dtypes.default.dtype
    shape = check_size((n, n if m is None else m), dtype)
    return made(np.eye(*shape, dtype=dtype.array), dtype, requires_grad)


def _number(value: complex) -> str:
    """A number as C++ prints it."""
    return f"{value:g}" if isinstance(value, float) else str(value)


def _arange(
    start: Any,
    end: Any,
    step: Any,
    dtype: DType | None,
    layout: Any,
    device: Any,
    pin_memory: bool,
    requires_grad: bool,
) -> Tensor:
    check_options("arange", layout, device, pin_memory)
    if dtype is None:
        floats = any(isinstance(value, float | complex) for value in (start, end, step))
        dtype = dtypes.default.dtype if floats else dtypes.int64
    if dtype.is_complex or dtype is dtypes.bool_:
        raise unsupported("arange_cpu", dtype)
    start, end, step = real_number(start), real_number(end), real_number(step)
    if step == 0:
        raise RuntimeError("step must be nonzero")
    if not (math.isfinite(start) and math.isfinite(end)):
        raise RuntimeError(f"unsupported range: {_number(start)} -> {_number(end)}")
    if (end - start) * (1 if step > 0 else -1) < 0:
        raise RuntimeError("upper bound and lower bound inconsistent with step sign")
    if dtype.category == dtypes.INTEGER:
        # int64 counts in integers, the others in doubles; all step by the integer part.
        whole = int(step)
        if dtype is not dtypes.int64:
            count = math.ceil((end - start) / step)
        elif whole == 0:
            raise ValueError("step must be nonzero")
        else:
            count = len(range(int(start), int(end), whole))
        check_size((count,), dtype)
        values = np.arange(count, dtype=np.int64) * whole + int(start)
        return made(dtype.cast(values), dtype, requires_grad)
    count = math.ceil((end - start) / step)
    check_size((count,), dtype)
    return made(counted(float(start), float(step), count, dtype), dtype, requires_grad)


@function(
    f"arange(Scalar end, *, {OPTIONS})",
    where=("torch",),
    out=_RANGE,
    doc="Numbers from 0 up to, not including, `end`.",
)
def arange(end: Any, *options: Any) -> Tensor:
    return _arange(0, end, 1, *options)


@function(
    f"arange_start(Scalar start, Scalar end, Scalar step=1, *, {OPTIONS})",
    name="arange",
    where=("torch",),
    out=_RANGE,
    doc="Numbers from `start` up to, not including, `end`.",
)
def arange_start(start: Any, end: Any, step: Any, *options: Any) -> Tensor:
    return _arange(start, end, step, *options)


@function(
    f"range(Scalar start, Scalar end, Scalar step=1, *, {OPTIONS})",
    where=("torch",),
    doc="Numbers from `start` up to and including `end`.",
)
def range_(
    start: Any,
    end: Any,
    step: Any,
    dtype: DType | None,
    layout: Any,
    device: Any,
    pin_memory: bool,
    requires_grad: bool,
) -> Tensor:
    warnings.warn(
        "torch.range is deprecated and will be removed in a future release because its behavior "
        "is inconsistent with Python's range builtin. Instead, use torch.arange, which produces "
        "values in [start, end).",
        UserWarning,
        stacklevel=2,
    )
    check_options("range", layout, device, pin_memory)
    dtype = dtype or dtypes.default.dtype
    if dtype.is_complex:
        raise unsupported("range_cpu", dtype)
    start, end, step = real_number(start), real_number(end), real_number(step)
    if step == 0:
        raise RuntimeError("step must be nonzero")
    if not (math.isfinite(start) and math.isfinite(end)):
        raise RuntimeError(f"unsupported range: {_number(start)} -> {_number(end)}")
    if (end - start) * (1 if step > 0 else -1) < 0:
        raise RuntimeError("upper bound and lower bound inconsistent with step sign")
    if dtype is dtypes.bool_:
        raise unsupported("range_cpu", dtype)
    number: Any = np.int64 if dtype.category == dtypes.INTEGER else np.float64
    if not dtype.raw:
        number = np.float32
    start, end, step = number(start), number(end), number(step)
    if step == 0:
        raise RuntimeError("step must be nonzero")
    count = int((end - start) / step) + 1
    check_size((count,), dtype)
    return made(dtype.cast(start + step * np.arange(count).astype(number)), dtype, requires_grad)


def _check_steps(name: str, start: Any, end: Any, steps: int) -> tuple[Any, Any]:
    if steps < 0:
        raise RuntimeError("number of steps must be non-negative")
    numbers = []
    for label, given in (("start", start), ("end", end)):
        value = given
        if type(value) is Tensor:
            if shape_of(value) != ():
                raise RuntimeError(
                    f"{name} only supports 0-dimensional start and end tensors, but got {label} "
                    f"with {len(shape_of(value))} dimension(s)."
                )
            value = element_of(value)
        elif isinstance(value, bool) or (value := python_number(given)) is None:
            raise TypeError(f"{name}(): argument '{label}' must be Number, not {type_name(given)}")
        numbers.append(value)
    return numbers[0], numbers[1]


def _over_ends(make_one: Callable[..., Tensor], start: Any, end: Any) -> Tensor | None:
    """The sequences of all examples where an end differs from one to the next, None otherwise."""
    from ...table.formulas import traced
    from ...table.levels.batching import wrap_batch

    levels: list[Any] = [
        value.level for value in (start, end) if type(value) is Tensor and is_batched(value)
    ]
    depth = max((level.depth for level in levels), default=0)
    if not depth:
        return None
    pairs = [_examples(value, depth) for value in (start, end)]
    size = next(len(values) for values in pairs if values is not None)
    ends = [values or [value] * size for values, value in zip(pairs, (start, end), strict=True)]
    rows = []
    for first, last in zip(*ends, strict=True):
        runtime.spend(1)
        rows.append(make_one(first, last))
    return wrap_batch(traced.stack(rows, 0), 0, depth)


def _examples(value: Any, depth: int) -> list[Tensor] | None:
    """The examples of a tensor with a batch axis at this level, None for anything else."""
    level: Any = value.level if type(value) is Tensor else None
    if level is None or level.value is None or level.depth != depth:
        return None
    from ...table.formulas import traced

    size = shape_of(level.value)[level.axis]
    return [traced.select(level.value, level.axis, place) for place in range(size)]


@function(
    f"linspace(any start, any end, int steps, *, {OPTIONS})",
    where=("torch",),
    forms=0,
    out=_SPACED,
    doc="`steps` evenly spaced numbers from `start` to `end`, both included.",
)
def linspace(
    start: Any,
    end: Any,
    steps: int,
    dtype: DType | None,
    layout: Any,
    device: Any,
    pin_memory: bool,
    requires_grad: bool,
) -> Tensor:
    check_options("linspace", layout, device, pin_memory)
    options = (dtype, layout, device, pin_memory, requires_grad)
    examples = _over_ends(lambda a, b: linspace(a, b, steps, *options), start, end)
    if examples is not None:
        return examples
    start, end = _check_steps("linspace", start, end, steps)
    if dtype is None:
        dtype = dtypes.default.dtype
        if isinstance(start, complex) or isinstance(end, complex):
            dtype = dtype.to_complex()
    if dtype is dtypes.bool_:
        raise unsupported("linspace_cpu", dtype)
    check_size((steps,), dtype)
    return made(spaced(start, end, steps, dtype), dtype, requires_grad)


def _powers(base: float, exponents: Any) -> list[Any]:
    """`base` raised to each exponent, one by one as the C library does: NumPy's own vector version
    has other digits."""
    if base > 0:
        try:
            return list(map(float(base).__pow__, exponents.tolist()))
        except OverflowError:  # an infinity among them, which Python does not give
            pass
    return [np.float64(base) ** exponent for exponent in exponents]


@function(
    f"logspace(any start, any end, int steps, float base=10.0, *, {OPTIONS})",
    where=("torch",),
    forms=0,
    out=_SPACED,
    doc="`base` raised to evenly spaced exponents from `start` to `end`.",
)
def logspace(
    start: Any,
    end: Any,
    steps: int,
    base: float,
    dtype: DType | None,
    layout: Any,
    device: Any,
    pin_memory: bool,
    requires_grad: bool,
) -> Tensor:
    check_options("logspace", layout, device, pin_memory)
    options = (dtype, layout, device, pin_memory, requires_grad)
    examples = _over_ends(lambda a, b: logspace(a, b, steps, base, *options), start, end)
    if examples is not None:
        return examples
    start, end = _check_steps("logspace", start, end, steps)
    if dtype is None:
        dtype = dtypes.default.dtype
        if isinstance(start, complex) or isinstance(end, complex):
            dtype = dtype.to_complex()
    if dtype.category == dtypes.INTEGER and steps > 1:  # the exponents between are not whole
        start, end = int(start), int(end)
    check_size((steps,), dtype)
    if dtype.is_complex:
        powers = np.power(np.complex128(base), spaced(start, end, steps, dtypes.complex128))
    else:
        within = dtypes.float64 if dtype.category == dtypes.INTEGER else dtype
        with np.errstate(all="ignore"):
            powers = _powers(base, exponents(start, end, steps, within))
    return made(dtype.cast(np.asarray(powers, dtype.compute)), dtype, requires_grad)


def _triangle(row: int, col: int, offset: int, upper: bool, dtype: DType | None) -> Array:
    for label, length in (("row", row), ("col", col)):
        if length < 0:
            raise RuntimeError(f"{label} must be non-negative, got{length}")
    dtype = dtype or dtypes.int64
    check_size((2, row * col), dtypes.int64)
    mask = np.tri(row, col, offset - 1 if upper else offset, dtype=bool)
    return dtype.cast(np.stack(np.nonzero(~mask if upper else mask)))


_TRIANGLE = (
    "(int row, int col, int offset=0, *, DType? dtype=None, Layout? layout=None, "
    "Device? device=None, bool? pin_memory=False)"
)


@function(
    f"tril_indices{_TRIANGLE}", where=("torch",), doc="Row and column indices of a lower triangle."
)
def tril_indices(
    row: int,
    col: int,
    offset: int,
    dtype: DType | None,
    layout: Any,
    device: Any,
    pin_memory: bool,
) -> Tensor:
    check_options("tril_indices", layout, device, pin_memory)
    return made(_triangle(row, col, offset, False, dtype), dtype or dtypes.int64)


@function(
    f"triu_indices{_TRIANGLE}", where=("torch",), doc="Row and column indices of an upper triangle."
)
def triu_indices(
    row: int,
    col: int,
    offset: int,
    dtype: DType | None,
    layout: Any,
    device: Any,
    pin_memory: bool,
) -> Tensor:
    check_options("triu_indices", layout, device, pin_memory)
    return made(_triangle(row, col, offset, True, dtype), dtype or dtypes.int64)


def _cosine_window(
    name: str,
    coefficients: tuple[float, ...],
    window_length: int,
    periodic: bool,
    dtype: DType | None,
    layout: Any,
    device: Any,
    pin_memory: bool,
    requires_grad: bool,
) -> Tensor:
    """A window that is a sum of cosines with alternating signs."""
    check_options(name, layout, device, pin_memory)

    def shape(place: Any) -> Any:
        angle = np.pi * (place + 1)
        return sum(
            (-1) ** order * weight * np.cos(order * angle)
            for order, weight in enumerate(coefficients)
        )

    return made(*_shape_window(name, window_length, periodic, dtype, shape), requires_grad)


def _window(name: str, coefficients: tuple[float, ...], doc: str) -> None:
    """Publish a window that is a sum of cosines."""

    def window(window_length: int, periodic: bool, *options: Any) -> Tensor:
        return _cosine_window(name, coefficients, window_length, periodic, *options)

    function(
        f"{name}(int window_length, bool periodic=True, *, {OPTIONS})", where=("torch",), doc=doc
    )(window)


_window("hann_window", (0.5, 0.5), "The Hann window.")
_window("hamming_window", (0.54, 0.46), "The Hamming window.")


@function(
    "hamming_window_alpha(int window_length, bool periodic, float alpha, float beta=0.46, *, "
    f"{OPTIONS})",
    name="hamming_window",
    where=("torch",),
    doc="The Hamming window with coefficients of one's own.",
)
def hamming_window(
    window_length: int, periodic: bool, alpha: float, beta: float, *options: Any
) -> Tensor:
    return _cosine_window("hamming_window", (alpha, beta), window_length, periodic, *options)


_window("blackman_window", (0.42, 0.5, 0.08), "The Blackman window.")


def _shape_window(
    name: str, window_length: int, periodic: bool, dtype: DType | None, shape: Any
) -> tuple[Array, DType]:
    """The values of a window given by a function of the place between -1 and 1."""
    dtype = dtype or dtypes.default.dtype
    if not dtype.is_floating_point:
        raise RuntimeError(
            f"{name} expects floating point dtypes, got: torch.{dtype.scalar_name}Tensor"
        )
    if window_length < 0:
        raise RuntimeError(
            f"{name} requires non-negative window_length, got window_length={window_length}"
        )
    check_size((window_length,), dtype)
    if window_length == 1:
        return np.ones(1, dtype.array), dtype
    span = window_length if periodic else window_length - 1
    place = 2 * np.arange(window_length) / max(span, 1) - 1
    return dtype.cast(np.asarray(shape(place))), dtype


@function(
    f"bartlett_window(int window_length, bool periodic=True, *, {OPTIONS})",
    where=("torch",),
    doc="The triangular window.",
)
def bartlett_window(
    window_length: int,
    periodic: bool,
    dtype: DType | None,
    layout: Any,
    device: Any,
    pin_memory: bool,
    requires_grad: bool,
) -> Tensor:
    check_options("bartlett_window", layout, device, pin_memory)
    values = _shape_window(
        "bartlett_window", window_length, periodic, dtype, lambda place: 1 - np.abs(place)
    )
    return made(*values, requires_grad)


@function(
    f"kaiser_window(int window_length, bool periodic=True, float beta=12.0, *, {OPTIONS})",
    where=("torch",),
    doc="The Kaiser window; a larger `beta` narrows it.",
)
def kaiser_window(
    window_length: int,
    periodic: bool,
    beta: float,
    dtype: DType | None,
    layout: Any,
    device: Any,
    pin_memory: bool,
    requires_grad: bool,
) -> Tensor:
    check_options("kaiser_window", layout, device, pin_memory)

    def shape(place: Any) -> Any:
        return np.i0(beta * np.sqrt(np.maximum(1 - place * place, 0))) / np.i0(beta)

    values = _shape_window("kaiser_window", window_length, periodic, dtype, shape)
    return made(*values, requires_grad)


@function(
    f"empty_permuted(int[] size, int[] physical_layout, *, {OPTIONS})",
    where=("torch",),
    prelude="",
    doc="A tensor whose dimensions lie in memory in the given order (here: of zeros).",
)
def empty_permuted(
    size: Sequence[int],
    physical_layout: Sequence[int],
    dtype: DType | None,
    layout: Any,
    device: Any,
    pin_memory: bool,
    requires_grad: bool,
) -> Tensor:
    check_options("empty_permuted", layout, device, pin_memory)
    if len(size) != len(physical_layout):
        raise RuntimeError(
            "Number of dimensions in size does not match the length of the physical_layout; i.e. "
            f"len(size) = {len(size)} is not equal to len(physical_layout) = "
            f"{len(physical_layout)}"
        )
    dtype = dtype or dtypes.default.dtype
    shape = check_size(size, dtype)
    for place, dim in enumerate(physical_layout):
        if not 0 <= dim < len(size):
            raise RuntimeError(
                f"Dimension out of range (expected to be between 0 and {len(size) - 1}, but got "
                f"{dim} at index {place}).  NB: negative dims not currently supported; file an "
                "issue if you want it."
            )
        if dim in physical_layout[:place]:
            raise RuntimeError("Duplicate dim not allowed")
    strides = [0] * len(shape)
    step = 1
    for dim in reversed(physical_layout):
        strides[dim] = step
        step *= max(shape[dim], 1)
    return made(allocate(shape, tuple(strides), dtype.array), dtype, requires_grad)


@function(
    f"new_empty_strided(Tensor self, Shape size, Shape stride, *, {OPTIONS})",
    where=("Tensor",),
    doc="A tensor of the given strides in the dtype of `self` (here: of zeros).",
)
def new_empty_strided(
    self: Tensor,
    size: Sequence[int],
    stride: Sequence[int],
    dtype: DType | None,
    *options: Any,
) -> Tensor:
    result: Tensor = empty_strided(size, stride, dtype or self.dtype, *options)
    return result
