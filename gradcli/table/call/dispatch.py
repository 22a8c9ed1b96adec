"""Calling an entry: check, promote, compute, wrap and record.

`run` is the one general path. Unary and binary elementwise entries get a shorter one for plain
tensors of one dtype, which is what most operations are.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import zip_longest
from typing import Any

import numpy as np

from ...autograd.node import next_number, set_bit
from ...autograd.operations import operations
from ...kernels.strides import is_dense, ordered_strides, relayout, strides_of
from ...tensor import dtypes
from ...tensor.dtypes import FROM_ARRAY, DType, of_number
from ...tensor.runtime import runtime
from ...tensor.tensor import (
    InferenceVersion,
    Tensor,
    Version,
    View,
    from_array,
    make,
    own_memory,
    shape_of,
    version_of,
)
from .. import entry
from ..dtype_rules import supports
from ..entry import ELEMENTWISE, Op, Plan
from ..formulas import traced
from ..lookup import get_op
from ..shape_rules import broadcast_error
from .arguments import (
    FUNCTION,
    OPERATOR,
    ArgumentError,
    bind,
    check_arguments,
    deprecated,
    resolution_error,
)
from .record import UNGUARDED, OpNode, attach, plan_for, record

np.seterr(all="ignore")
# The C library gives memory back to the system, page by page to be cleared again, until it has
# seen large blocks come and go. One that is never touched teaches it to keep what kernels reuse.
np.empty((1 << 25) - (1 << 13), np.uint8)

_new = object.__new__

# In float16 and bfloat16 a number that stands for a tensor is rounded first, except in these.
_EXACT = frozenset({"mul", "div", "div_mode", "floor_divide"})
# The numbers of these are rounded too.
_ROUNDED = frozenset(
    [
        "add",
        "fmod_scalar",
        "pow",
        "pow_base",
        "remainder_base",
        "remainder_scalar",
        "rsub",
        "rsub_scalar",
        "sub",
    ]
)
_LARGE = 1 << 22  # elements from which on sizes are tested before an allocation


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


def run_plain(op: Op, args: Sequence[Any]) -> Any:
    """Call `op` on tensors that carry no level."""
    if op.composite is not None:
        from ..formulas import traced

        if op.size is not None:
            runtime.reserve(8 * op.size(*args))
        return op.composite(traced, *args)
    outputs = compute(op, args)
    if op.view:
        link_views(op, args[0], outputs)
    if op.vjp and runtime.grad_enabled:
        record(op, args, outputs)
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
            arrays[position] = _array(value, dtype, op.view)
        elif isinstance(value, list | tuple):
            arrays[position] = [
                _array(item, dtype, op.view) if type(item) is Tensor else item for item in value
            ]
            for item in value:
                if type(item) is Tensor and low is None and not item.dtype.raw:
                    low = item.dtype
        elif dtype is not None and dtype.category < dtypes.FLOATING and value is not None:
            arrays[position] = dtype.array.type(_wrapped(value, dtype))
        elif dtype is not None and not dtype.raw and value is not None and op.id not in _EXACT:
            arrays[position] = float(dtype.cast(np.float32(value)))
    if dtype is not None and dtype.category < dtypes.FLOATING:
        for position, parameter in enumerate(op.parameters):
            if parameter.kind == "Number" and arrays[position] is not None:
                arrays[position] = dtype.array.type(_wrapped(arrays[position], dtype))
    elif dtype is not None and not dtype.raw and op.id in _ROUNDED:
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
            wrap(op, item, _result_dtype(op, args, item, dtype, low)) if item is not None else None
            for item in result
        ]
        return tuple(outputs)
    return wrap(op, result, _result_dtype(op, args, result, dtype, low))


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
    elif op.batching == ELEMENTWISE:
        total = 1
        shapes = []
        for position in op.tensor_positions:
            array = arrays[position]
            if isinstance(array, np.ndarray):
                total *= array.size
                shapes.append(array.shape)
        if total > _LARGE:
            try:
                shape = np.broadcast_shapes(*shapes)
            except ValueError:
                return
            runtime.reserve(8 * table_numel(shape))


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
        name = "int64_t" if dtype.category < dtypes.FLOATING else dtype.compute.name
        name = "double" if name == "float64" else name.removesuffix("32")
        raise RuntimeError(f"value cannot be converted to type {name} without overflow")
    return value.real


def _array(tensor: Tensor, dtype: DType | None, view: bool) -> Any:
    if view:
        return own_memory(tensor)
    array = tensor.array
    if dtype is not None:
        if array.dtype != dtype.compute:
            if tensor.dtype.is_complex and not dtype.is_complex:
                array = array.real
            array = (array != 0) if dtype.category == 0 else array.astype(dtype.compute)
    elif not tensor.dtype.raw and array.dtype != tensor.dtype.compute:
        array = array.astype(tensor.dtype.compute)
    return array if array.ndim else array[()]


def _result_dtype(
    op: Op, args: Sequence[Any], result: Any, dtype: DType | None, low: DType | None
) -> DType:
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
    if op.view:
        return make(result, dtype)
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
    return make(result, dtype)


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
    for output in outputs if several else (outputs,):
        output.version = version
        output.view_info = View(base, kind, version.clock)


def caller(op: Op, flavour: str) -> Any:
    """A callable for one entry, as a function, a method or an operator."""
    positions = len(op.parameters)
    simple = (
        op.batching == ELEMENTWISE
        and op.kernel is not None
        and op.outputs == 1
        and (op.check is None or isinstance(op.check, supports))
        and not op.view
        and op.promote in ("number", "float", "compare")
        and op.result is None
        and not callable(op.node)
    )
    if simple and positions == 1:
        return _unary(op, flavour)
    if simple and _is_binary(op):
        return _binary(op, flavour)
    return _general(op, flavour)


entry.callers.append(lambda op: caller(op, FUNCTION))


def _general(op: Op, flavour: str) -> Any:
    def call(*args: Any, **kwargs: Any) -> Any:
        return call_slowly(op, flavour, args, kwargs)

    return call


def call_slowly(op: Op, flavour: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Bind, check and run one entry; an operator gives way with NotImplemented."""
    try:
        bound = check_arguments(op, bind(op, flavour, args, kwargs), flavour)
    except ArgumentError:
        if flavour == OPERATOR:
            return give_way(op.name, args)
        old = deprecated(op, flavour, args, kwargs)
        if old is None:
            raise resolution_error(op.label, (op,), flavour, args, kwargs) from None
        bound = old
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


def _direct_dtypes(op: Op) -> frozenset[DType]:
    """The dtypes for which the kernel's own result needs no further care."""
    return frozenset(
        dtype
        for dtype in dtypes.ALL
        if dtype.raw
        and (dtype.category >= dtypes.FLOATING or op.promote == "compare")
        and not (op.check is not None and op.check.refuses(dtype))
    )


def _is_binary(op: Op) -> bool:
    """Whether an entry takes a tensor, a tensor or number, and nothing else without a default."""
    if len(op.parameters) < 2 or not op.parameters[0].is_tensor:
        return False
    second = op.parameters[1]
    return (second.is_tensor or second.kind == "Number") and all(
        parameter.default is not entry.REQUIRED and not parameter.is_tensor
        for parameter in op.parameters[2:]
    )


_ABSENT = object()

# Arithmetic with a number as PyTorch's own formulas do it, where it has another node's name.
_SCALARS = {name: f"_{name}_scalar" for name in ("add", "sub", "mul", "div")}

# What the plan of a unary or binary entry saves, told apart once and not at every call.
_CONSTANT, _FIRST, _SECOND, _BOTH, _SWAPPED, _RESULT, _OTHERS = range(7)


def _kind(plan: Plan) -> int:
    saves = plan.saves
    if all(code == entry.KEYWORD and index > 1 for code, index in saves):
        return _CONSTANT  # nothing but defaults
    if saves == ((entry.OUTPUT, 0),):
        return _RESULT
    return {
        ((entry.INPUT, 0),): _FIRST,
        ((entry.INPUT, 1),): _SECOND,
        ((entry.INPUT, 0), (entry.INPUT, 1)): _BOTH,
        ((entry.INPUT, 1), (entry.INPUT, 0)): _SWAPPED,
    }.get(saves, _OTHERS)


def _unary(op: Op, flavour: str) -> Any:
    kernel = op.kernel
    direct = _direct_dtypes(op)
    result_bool = op.promote == "compare"
    differentiable = bool(op.vjp)
    plan = plan_for(op, (0,), 1) if differentiable else None
    kind = _CONSTANT if plan is None else _kind(plan)
    fits = kind in (_CONSTANT, _FIRST, _RESULT)
    ndarray = np.ndarray
    state = runtime

    def call(x: Any = _ABSENT, /, *args: Any, **kwargs: Any) -> Any:
        if type(x) is Tensor and not args and not kwargs and x.level is None and x.dtype in direct:
            node = x.node
            records = differentiable and node is not None and state.grad_enabled
            array = x.array
            plain = (
                type(array) is not ndarray
                or (array.ndim < 2 and array.size < _LARGE)
                or array.flags.c_contiguous
            )
            view = x.view_info
            if plain and (
                (fits and view is None and not state.packing)
                if records
                else (view is None or view.base.node is None)
            ):
                result = kernel(array)
                out = _new(Tensor)
                out.array = result
                out.dtype = dtypes.bool_ if result_bool else x.dtype
                out.number = 0
                out.version = state.fresh
                out.view_info = None
                out.meta = None
                out.level = None
                if records:
                    made = _new(OpNode)
                    made.plan = plan
                    made.edges = (node,)
                    made.numbers = (x.number,) if x.number else None
                    if kind == _FIRST:
                        version = x.version
                        if version is None:
                            version = x.version = Version()
                        made.saved = (array,)
                        made.guards = (version, version.clock)
                    elif kind == _RESULT:
                        out.version = version = Version()
                        made.saved = (result,)
                        made.guards = (version, 0)
                    else:
                        made.saved = ()
                        made.guards = None
                    made.hooks = None
                    made.name = None
                    made.where = state.where
                    made.number = next_number()
                    made.count = 1
                    made.plain = True
                    made.shape = result.shape if type(result) is ndarray else ()
                    made.dtype = out.dtype
                    out.node = made
                else:
                    out.node = None
                return out
        if x is not _ABSENT:
            args = (x, *args)
        return call_slowly(op, flavour, args, kwargs)

    return call


def _binary(op: Op, flavour: str) -> Any:
    kernel = op.kernel
    direct = _direct_dtypes(op)
    result_bool = op.promote == "compare"
    edges = sum(op.parameters[position].name in op.vjp for position in op.tensor_positions)
    takes_tensor = op.parameters[1].is_tensor
    takes_number = op.numbers or not takes_tensor
    plans = {
        wanted: plan_for(op, wanted, edges)
        for wanted in ((0,), (1,), (0, 1))
        if op.vjp and edges == len(op.tensor_positions) and wanted[-1] < edges
    }
    fits = bool(plans) and all(
        code in (entry.INPUT, entry.KEYWORD) for plan in plans.values() for code, _ in plan.saves
    )
    differentiable = bool(op.vjp)
    first_plan: Any = plans.get((0,))
    second_plan: Any = plans.get((1,))
    both_plan: Any = plans.get((0, 1))
    kinds = {plan: _kind(plan) for plan in plans.values()}
    rest = tuple(parameter.default for parameter in op.parameters[2:])
    constants = {
        plan: tuple(rest[index - 2] for _, index in plan.saves)
        for plan, kind in kinds.items()
        if kind == _CONSTANT
    }
    scalar = _SCALARS.get(op.id)
    number_guards = UNGUARDED if takes_tensor else None  # a number in a tensor's place is freed too
    ndarray = np.ndarray
    state = runtime

    def call(a: Any = _ABSENT, b: Any = _ABSENT, /, *args: Any, **kwargs: Any) -> Any:
        if type(a) is Tensor and not args and not kwargs and a.level is None:
            x = a.array
            dtype = a.dtype
            edge_a = a.node
            is_tensor = type(b) is Tensor
            if is_tensor:
                y = b.array
                edge_b = b.node
                ready = (
                    takes_tensor
                    and b.dtype is dtype
                    and a.view_info is None
                    and b.view_info is None
                    and b.level is None
                )
                if type(x) is ndarray or type(y) is ndarray:
                    ready = (
                        ready
                        and (x.ndim == y.ndim or dtype.raw)
                        and (
                            x.size < 2048 > y.size or (x.shape == y.shape and x.flags.c_contiguous)
                        )
                        and (x.ndim < 2 or x.flags.c_contiguous)
                        and (y.ndim < 2 or y.flags.c_contiguous)
                    )
            else:
                if state.formula and scalar is not None:
                    return getattr(traced, scalar)(a, b)
                y = b
                edge_b = None
                ready = (
                    takes_number
                    and dtype.category >= 2
                    and (type(b) is float or (type(b) is int and -(1 << 53) < b < 1 << 53))
                    and a.view_info is None
                    and (
                        type(x) is not ndarray
                        or (x.size < _LARGE and (x.ndim < 2 or x.flags.c_contiguous))
                    )
                )
            if ready and dtype in direct:
                records = (
                    differentiable
                    and (edge_a is not None or edge_b is not None)
                    and state.grad_enabled
                )
                if not records or (fits and not state.packing):
                    try:
                        result = kernel(x, y)
                    except ValueError as error:
                        raise broadcast_error(op, (a, b), error) from None
                    out = _new(Tensor)
                    out.array = result
                    out.dtype = dtypes.bool_ if result_bool else dtype
                    out.number = 0
                    out.version = state.fresh
                    out.view_info = None
                    out.meta = None
                    out.level = None
                    if records:
                        made = _new(OpNode)
                        if edge_b is None:
                            plan = first_plan
                        elif edge_a is None:
                            plan = second_plan
                        else:
                            plan = both_plan
                        made.plan = plan
                        if takes_tensor:
                            made.edges = (edge_a, edge_b)
                            made.numbers = None
                            if a.number or (is_tensor and b.number):
                                made.numbers = (a.number, b.number if is_tensor else 0)
                        else:
                            made.edges = (edge_a,)
                            made.numbers = (a.number,) if a.number else None
                        kind = kinds[plan]
                        if kind == _CONSTANT:
                            made.saved = constants[plan]
                            made.guards = None
                        elif not is_tensor and kind == _SECOND:
                            made.saved = (b,)
                            made.guards = number_guards
                        elif kind == _OTHERS or not is_tensor:
                            _keep(made, plan, (a, b, *rest), number_guards)
                        else:
                            version: Any = a.version
                            if version is None and kind != _SECOND:
                                version = a.version = Version()
                            other: Any = b.version
                            if other is None and kind != _FIRST:
                                other = b.version = Version()
                            if kind == _FIRST:
                                made.saved = (x,)
                                made.guards = (version, version.clock)
                            elif kind == _SECOND:
                                made.saved = (y,)
                                made.guards = (other, other.clock)
                            elif kind == _BOTH:
                                made.saved = (x, y)
                                made.guards = (version, version.clock, other, other.clock)
                            else:
                                made.saved = (y, x)
                                made.guards = (other, other.clock, version, version.clock)
                        made.hooks = None
                        made.name = None
                        made.where = state.where
                        made.number = next_number()
                        made.count = 1
                        made.plain = True
                        made.shape = result.shape if type(result) is ndarray else ()
                        made.dtype = out.dtype
                        out.node = made
                    else:
                        out.node = None
                    return out
        if b is not _ABSENT:
            args = (a, b, *args)
        elif a is not _ABSENT:
            args = (a,)
        return call_slowly(op, flavour, args, kwargs)

    return call


def _keep(node: OpNode, plan: Plan, bound: tuple[Any, ...], number_guards: Any) -> None:
    """Let `node` keep what its plan saves of the bound arguments, keywords among them."""
    node.saved = tuple([_value(bound[index]) for _, index in plan.saves])
    guards: list[Any] = []
    for _, index in plan.saves:
        value = bound[index]
        if type(value) is Tensor:
            version = version_of(value)
            guards += (version, version.clock)
        else:
            guards += (None, 0)
    node.guards = tuple(guards)
    if len(guards) == 2 and guards[0] is None:
        node.guards = number_guards if plan.saves[0][1] == 1 else None


def _value(item: Any) -> Any:
    return item.array if type(item) is Tensor else item


__all__ = ["attach", "compute", "give_way", "promoted", "run", "run_plain", "wrap"]
