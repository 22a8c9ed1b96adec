"""Calling an entry: check, promote, compute, wrap and record.

`run` is the one general path. What `compiled` writes out for an entry does the same for the calls
that are common.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import zip_longest
from typing import Any

import numpy as np

from ...autograd.node import set_bit
from ...autograd.operations import operations
from ...kernels.strides import is_dense, ordered_strides, relayout, strides_of
from ...tensor import dtypes
from ...tensor.dtypes import FROM_ARRAY, DType, of_number
from ...tensor.runtime import runtime
from ...tensor.tensor import (
    InferenceVersion,
    Tensor,
    View,
    from_array,
    make,
    own_memory,
    shape_of,
    version_of,
)
from ..entry import ELEMENTWISE, Op
from ..formulas import traced
from ..lookup import get_op
from ..shape_rules import broadcast_error
from .arguments import (
    OPERATOR,
    ArgumentError,
    bind,
    check_arguments,
)
from .record import attach, pack_inputs, record

np.seterr(all="ignore")
# The C library gives memory back to the system, page by page to be cleared again, until it has
# seen large blocks come and go. One that is never touched teaches it to keep what kernels reuse.
np.empty((1 << 25) - (1 << 13), np.uint8)

LARGE = 1 << 22  # elements from which on sizes are tested before an allocation


def promoted(op: Op, args: Sequence[Any]) -> DType:
    """The dtype an entry computes in, by its `promote` rule."""
    rule = op.promote
    if callable(rule):
        return rule(*args)  # type: ignore[no-any-return]
    dimensioned: list[DType] = []
    zero_dim: list[DType] = []
    numbers: list[DType] = []
    for position, parameter in enumerate(op.parameters):
        if parameter.kind not in ("Tensor", "Number"):
            continue
        value = args[position]
        for item in value if parameter.is_list else (value,):
            if type(item) is Tensor:
                (dimensioned if shape_of(item) else zero_dim).append(item.dtype)
            elif item is not None:
                numbers.append(of_number(item))
    dtype = dtypes.result_type(dimensioned, zero_dim, numbers)
    if rule == "float" and dtype.category < dtypes.FLOATING:
        return dtypes.default.dtype
    return dtype


def run(op: Op, args: Sequence[Any]) -> Any:
    """Call `op` with bound arguments."""
    for position in op.tensor_positions:
        value = args[position]
        if type(value) is Tensor:
            if value.level is not None:
                break
        elif isinstance(value, list | tuple) and any(
            type(item) is Tensor and item.level is not None for item in value
        ):
            break
    else:
        return run_plain(op, args)
    return operations.run_leveled(op, args)


watchers: list[Callable[[Op, Sequence[Any], Any], None]] = []  # of calls that are no composites


def run_plain(op: Op, args: Sequence[Any]) -> Any:
    """Call `op` on tensors that carry no level."""
    if op.composite is not None:
        if op.size is not None:
            runtime.reserve(8 * op.size(*args))
        return op.composite(traced, *args)
    records = bool(op.vjp) and runtime.grad_enabled
    packed = pack_inputs(op, args) if runtime.packing and records else None
    outputs = compute(op, args)
    if op.view:
        link_views(op, args[0], outputs)
    if records:
        record(op, args, outputs, packed)
    for see in watchers:
        see(op, args, outputs)
    return outputs


def compute(op: Op, args: Sequence[Any]) -> Any:
    """The outputs of `op` as new tensors, nothing recorded."""
    if op.check is not None:
        op.check(*args)
    arrays = list(args)
    dtype = None if op.promote is None else promoted(op, args)
    if dtype is not None and dtype.category < dtypes.COMPLEX and complex in map(type, args):
        arrays = [_real(value, dtype) if type(value) is complex else value for value in args]
    low: DType | None = None
    for position in op.tensor_positions:
        value = args[position]
        if type(value) is Tensor:
            if low is None and not value.dtype.raw:
                low = value.dtype
            arrays[position] = as_array(value, dtype, op.view)
        elif isinstance(value, list | tuple):
            arrays[position] = [
                as_array(item, dtype, op.view) if type(item) is Tensor else item for item in value
            ]
            for item in value:
                if type(item) is Tensor and low is None and not item.dtype.raw:
                    low = item.dtype
        elif dtype is not None and dtype.category < dtypes.FLOATING and value is not None:
            arrays[position] = dtype.array.type(_wrapped(value, dtype))
        elif dtype is not None and not dtype.raw and value is not None and op.rounding != "none":
            arrays[position] = float(dtype.cast(np.float32(value)))
    if dtype is not None and dtype.category < dtypes.FLOATING:
        for position, parameter in enumerate(op.parameters):
            if parameter.kind == "Number" and arrays[position] is not None:
                arrays[position] = dtype.array.type(_wrapped(arrays[position], dtype))
    elif dtype is not None and not dtype.raw and op.rounding == "all":
        arrays = [
            float(dtype.cast(np.float32(value)))
            if parameter.kind in ("Number", "Scalar") and type(value) is not Tensor
            else value
            for parameter, value in zip(op.parameters, arrays, strict=True)
        ]
    reserve(op, args, arrays)
    try:
        result = op.kernel(*arrays)
    except ValueError as error:
        raise broadcast_error(op, args, error) from None
    if op.batching == ELEMENTWISE and not op.view and not op.keeps_layout:
        result = elementwise_layout(op, arrays, result)
    if op.outputs != 1:
        outputs = [
            wrap(op, item, dtype_of(op, args, item, dtype, low)) if item is not None else None
            for item in (result if len(result) < _MANY else runtime.watched(result))
        ]
        return tuple(outputs)
    return wrap(op, result, dtype_of(op, args, result, dtype, low))


_MANY = 4096  # results of one operation that are wrapped without a look at whether to stop


def elementwise_layout(op: Op, arrays: Sequence[Any], result: Any) -> Any:
    """The result with the strides that PyTorch's iterator over `arrays` gives.

    They follow the inputs' order of dimensions, which matters when one is not row by row.
    """
    operands = [arrays[p] for p in op.tensor_positions if type(arrays[p]) is np.ndarray]
    if all(array.ndim < 2 or array.flags.c_contiguous for array in operands):
        return result
    results = result if type(result) is tuple else (result,)
    shape = results[0].shape
    if len(operands) == 1 and is_dense(shape, strides_of(operands[0])):
        strides = strides_of(operands[0])
    else:
        spread = [np.broadcast_to(array, shape) for array in operands]
        strides = ordered_strides(shape, [_steps(array) for array in spread])
    found = tuple(relayout(item, strides) for item in results)
    return found if type(result) is tuple else found[0]


def _steps(array: Any) -> tuple[int, ...]:
    return tuple(stride // array.itemsize for stride in array.strides)


def reserve(op: Op, args: Sequence[Any], arrays: Sequence[Any]) -> None:
    """Refuse a result that cannot fit in memory before it is computed."""
    if op.size is not None:
        runtime.reserve(8 * op.size(*args))
    if op.batching == ELEMENTWISE and op.size is None:
        total = 1
        shapes = []
        for position in op.tensor_positions:
            array = arrays[position]
            if isinstance(array, np.ndarray):
                total *= array.size
                shapes.append(array.shape)
        if total > LARGE:
            try:
                shape = np.broadcast_shapes(*shapes)
            except ValueError:  # the kernel will say so, if it may look at them
                reserve_inputs(op, arrays)
                return
            runtime.reserve(8 * table_numel(shape))
    elif not op.view:
        reserve_inputs(op, arrays)


def reserve_inputs(op: Op, arrays: Sequence[Any]) -> None:
    """Refuse expanded tensors that a kernel would look at for minutes."""
    for position in op.tensor_positions:
        given = arrays[position]
        for array in given if isinstance(given, list) else (given,):
            if isinstance(array, np.ndarray) and array.nbytes > runtime.max_bytes:
                runtime.reserve(array.nbytes)


def table_numel(shape: Iterable[int]) -> int:
    """The number of elements of `shape`, as an exact integer."""
    count = 1
    for length in shape:
        count *= length
    return count


def _wrapped(value: Any, dtype: DType) -> Any:
    """A Python number as an element of an integer dtype: it wraps around as in C."""
    if dtype.category == dtypes.BOOL:
        return bool(value)
    bits = 8 * dtype.itemsize
    value = int(value) & ((1 << bits) - 1)
    return value - (1 << bits) if dtype.is_signed and value >> (bits - 1) else value


def _real(value: complex, dtype: DType) -> float:
    """A complex keyword of a real operation. Raises RuntimeError where it is not real."""
    if value.imag:
        name = dtypes.fixed_width_name(dtype if dtype.raw else dtypes.float32)
        raise RuntimeError(f"value cannot be converted to type {name} without overflow")
    return value.real


def as_array(tensor: Tensor, dtype: DType | None, view: bool) -> Any:
    """What a kernel gets of a tensor: its elements in `dtype`, or in the one they are computed in.

    A view gets the memory itself. Without dimensions it is a scalar of NumPy. Raises LimitExceeded
    where a copy would be too large.
    """
    if view:
        return own_memory(tensor)
    array = tensor.array
    if dtype is not None:
        if array.dtype != dtype.compute:
            if tensor.dtype.is_complex and not dtype.is_complex:
                array = array.real
            array = (array != 0) if dtype.category == 0 else _converted(array, dtype.compute)
    elif not tensor.dtype.raw and array.dtype != tensor.dtype.compute:
        array = _converted(array, tensor.dtype.compute)
    return array if array.ndim else array[()]


def _converted(array: Any, dtype: Any) -> Any:
    """The array in another dtype: an expanded one becomes as large as it looks."""
    if array.size > LARGE:
        runtime.reserve(array.size * dtype.itemsize)
    return array.astype(dtype)


def dtype_of(
    op: Op, args: Sequence[Any], result: Any, dtype: DType | None, low: DType | None
) -> DType:
    """The dtype of an output: by the entry's `result`, or else by what was computed in.

    `dtype` is what inputs were promoted to, None where the kernel decides; `low` is the half
    precision of inputs that were computed in single.
    """
    rule = op.result
    if rule is not None:
        if type(rule) is DType:
            return rule
        found: DType | None = rule(*args)
        if found is not None:
            return found
    if op.promote == "compare":
        return dtypes.bool_
    if dtype is not None:
        return dtype
    if op.view:
        return args[0].dtype  # type: ignore[no-any-return]
    natural = FROM_ARRAY[result.dtype]
    if low is not None and natural is dtypes.float32:
        return low
    return natural


def wrap(op: Op, result: Any, dtype: DType) -> Tensor:
    """A kernel's result as a tensor of `dtype`, in PyTorch's layout."""
    return make(result if op.view else settled(op, result, dtype), dtype)


def settled(op: Op, result: Any, dtype: DType) -> Any:
    """A kernel's result as the array of a tensor of `dtype`, in PyTorch's layout."""
    if not dtype.raw or result.dtype != dtype.array:
        result = dtype.cast(result)
    if type(result) is np.ndarray:
        if result.ndim == 0:
            result = result[()]
        elif op.batching != ELEMENTWISE and not op.keeps_layout and not result.flags.c_contiguous:
            result = np.ascontiguousarray(result)
        elif not result.flags.writeable:
            result = np.array(result)  # a broadcast or an alias of an input
        elif 1 in result.shape and not op.keeps_layout and result.flags.c_contiguous:
            result = result.reshape(-1).reshape(result.shape)  # NumPy's strides of one are loose
    return result


def _bit_of_view(op: Op, bit: str) -> str:
    """What a view of a tensor with a bit has not computed yet."""
    if op.id == "_real":
        return ""
    return "neg" if op.id == "_imag" else bit


def link_views(op: Op, source: Tensor, outputs: Any) -> None:
    """Let the outputs of a view op know their base and share its version."""
    if source.meta is not None and source.meta.bit:
        for output in (outputs,) if type(outputs) is Tensor else outputs:
            set_bit(output, _bit_of_view(op, source.meta.bit))
    version = source.version
    if version is None:
        version = version_of(source)
    several = type(outputs) is not Tensor
    if type(version) is InferenceVersion or not op.vjp:  # the latter are outside the graph
        for output in outputs if several else (outputs,):
            output.version = version
        return
    if runtime.inference:
        kind = "inference"
    elif not runtime.grad_enabled:
        kind = "no_grad"
    else:
        kind = "multiple" if several else "normal"
    base = source
    if source.view_info is not None:
        base = source.view_info.base
        if kind == "normal":
            kind = source.view_info.kind
    if operations.note_views is not None:
        operations.note_views(base, outputs)
    for output in outputs if several else (outputs,):
        output.version = version
        output.view_info = View(base, kind, version.clock)


def call_slowly(op: Op, flavour: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Bind, check and run one entry; an operator gives way with NotImplemented."""
    try:
        bound = check_arguments(op, bind(op, flavour, args, kwargs), flavour)
    except ArgumentError:
        if flavour == OPERATOR:
            return give_way(op.name, args)
        from .argument_errors import deprecated, resolution_error
        from .numbers import with_tensors

        old = deprecated(op, flavour, args, kwargs) or with_tensors(op, flavour, args, kwargs)
        if old is None:
            raise resolution_error(op.label, (op,), flavour, args, kwargs) from None
        bound = old
    if runtime.formula and op.scalar and not kwargs:
        tensor, other = bound[:2]
        if type(other) is not Tensor and tensor.level is None:
            return getattr(traced, op.scalar)(tensor, other)
    return run_as(op, flavour, bound)


def run_as(op: Op, flavour: str, bound: Sequence[Any]) -> Any:
    """Run an entry; an operator gives way where a pack hook raises TypeError."""
    if flavour == OPERATOR and runtime.packing:
        try:
            return run(op, bound)
        except TypeError:
            return NotImplemented
    return run(op, bound)


def give_way(name: str, args: tuple[Any, ...]) -> Any:
    """What an operator answers to an operand that it does not take: NotImplemented.

    Python then asks the operand. A NumPy array computes with the tensor's elements, so the size of
    the result is checked here; only for `==` PyTorch makes a tensor of it.
    """
    tensor, other = args
    if not isinstance(other, np.ndarray):
        return NotImplemented
    if name == "eq" and other.dtype in FROM_ARRAY:
        return get_op("eq").call(tensor, from_array(other))
    left, right = shape_of(tensor), other.shape
    if name == "matmul":
        left, right = (*left[:-1], 1), (*right[:-2], 1, *right[-1:])
    lengths = zip_longest(reversed(left), reversed(right), fillvalue=1)
    runtime.reserve(16 * table_numel(map(max, lengths)))
    return NotImplemented


__all__ = ["attach", "compute", "give_way", "promoted", "run", "run_plain", "wrap"]
