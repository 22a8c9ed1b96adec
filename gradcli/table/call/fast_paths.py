"""Calls of plain unary and binary entries, without the general way."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from ...autograd.node import before_write, next_number
from ...kernels.shortcuts import for_dtype
from ...tensor import dtypes
from ...tensor.dtypes import DType
from ...tensor.runtime import runtime
from ...tensor.tensor import InferenceVersion, Tensor, Version, version_of
from ..dtype_rules import supports
from ..entry import ELEMENTWISE, Op, callers
from ..formulas import traced
from ..plan import INPUT, KEYWORD, OUTPUT, Plan
from ..schema import REQUIRED
from ..shape_rules import broadcast_error
from .arguments import FUNCTION
from .dispatch import LARGE, call_slowly, general
from .record import UNGUARDED, OpNode, plan_for

_new = object.__new__


def caller(op: Op, flavour: str) -> Any:
    """A callable for one entry, as a function, a method or an operator."""
    positions = len(op.parameters)
    if _is_simple(op) and positions == 1:
        return _unary(op, flavour)
    if _is_simple(op) and _is_binary(op):
        return _binary(op, flavour)
    return general(op, flavour)


def _is_simple(op: Op) -> bool:
    """Whether an entry computes its one result by elements, in a dtype that its inputs decide."""
    return (
        op.batching == ELEMENTWISE
        and op.kernel is not None
        and op.outputs == 1
        and (op.check is None or isinstance(op.check, supports))
        and not op.view
        and op.promote in ("number", "float", "compare")
        and op.result is None
        and not callable(op.node)
    )


def _direct_kernels(op: Op) -> dict[DType, Any]:
    """The kernels for the dtypes for which a kernel's own result needs no further care."""
    return {
        dtype: for_dtype(op.kernel, dtype.array)
        for dtype in dtypes.ALL
        if dtype.raw
        and (dtype.category >= dtypes.FLOATING or op.promote == "compare")
        and not (op.check is not None and op.check.refuses(dtype))
    }


def _is_binary(op: Op) -> bool:
    """Whether an entry takes a tensor, a tensor or number, and nothing else without a default."""
    if len(op.parameters) < 2 or not op.parameters[0].is_tensor:
        return False
    second = op.parameters[1]
    return (second.is_tensor or second.kind == "Number") and all(
        parameter.default is not REQUIRED and not parameter.is_tensor
        for parameter in op.parameters[2:]
    )


_ABSENT = object()


# What the plan of a unary or binary entry saves, told apart once and not at every call.
_CONSTANT, _FIRST, _SECOND, _BOTH, _SWAPPED, _RESULT, _OTHERS = range(7)


def _kind(plan: Plan) -> int:
    saves = plan.saves
    if all(code == KEYWORD and index > 1 for code, index in saves):
        return _CONSTANT  # nothing but defaults
    if saves == ((OUTPUT, 0),):
        return _RESULT
    return {
        ((INPUT, 0),): _FIRST,
        ((INPUT, 1),): _SECOND,
        ((INPUT, 0), (INPUT, 1)): _BOTH,
        ((INPUT, 1), (INPUT, 0)): _SWAPPED,
    }.get(saves, _OTHERS)


def _unary(op: Op, flavour: str) -> Any:
    kernels = _direct_kernels(op)
    result_bool = op.promote == "compare"
    differentiable = bool(op.vjp)
    plan = plan_for(op, (0,), 1) if differentiable else None
    kind = _CONSTANT if plan is None else _kind(plan)
    fits = kind in (_CONSTANT, _FIRST, _RESULT)
    ndarray = np.ndarray
    state = runtime

    def call(x: Any = _ABSENT, /, *args: Any, **kwargs: Any) -> Any:
        if (
            type(x) is Tensor
            and not args
            and not kwargs
            and x.level is None
            and (kernel := kernels.get(x.dtype)) is not None
        ):
            node = x.node
            records = differentiable and node is not None and state.grad_enabled
            array = x.array
            plain = (
                type(array) is not ndarray
                or (array.ndim < 2 and array.size < LARGE)
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
                out.born = state.born
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
    kernels = _direct_kernels(op)
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
        code in (INPUT, KEYWORD) for plan in plans.values() for code, _ in plan.saves
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
    scalar = op.scalar or None
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
                        or (x.size < LARGE and (x.ndim < 2 or x.flags.c_contiguous))
                    )
                )
            if ready and (kernel := kernels.get(dtype)) is not None:
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
                    out.born = state.born
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


def is_free(tensor: Tensor) -> bool:
    """Whether a tensor is surely no part of a graph."""
    view = tensor.view_info
    return tensor.node is None and (view is None or view.base.node is None)


def _is_factor(value: Any, dtype: DType) -> bool:
    """Whether a value is a number by which elements of `dtype` can be multiplied as they are."""
    if dtype.category < dtypes.FLOATING:
        return False
    return type(value) is float or (type(value) is int and -(1 << 53) < value < 1 << 53)


_IN_PLACE = {
    operator.add: operator.iadd,
    operator.sub: operator.isub,
    operator.mul: operator.imul,
    operator.truediv: operator.itruediv,
}


def writer(op: Op) -> Any:
    """The in-place call of a unary or binary entry for arguments that need no care, else None.

    It answers the target, or None where the general way has to be gone: dtypes and shapes that
    differ, memory that is shared or strided, and whatever has to be recorded.
    """
    unary = len(op.parameters) == 1
    if not _is_simple(op) or op.promote == "compare" or not (unary or _is_binary(op)):
        return None
    kernels = _direct_kernels(op)
    in_place = {dtype: _IN_PLACE.get(kernel, kernel) for dtype, kernel in kernels.items()}
    takes_tensor = not unary and op.parameters[1].is_tensor
    takes_number = op.numbers or not takes_tensor
    takes_factor = not unary and [p.name for p in op.parameters[2:]] == ["alpha"]
    ndarray = np.ndarray
    state = runtime

    def write(a: Any, *rest: Any, **keywords: Any) -> Any:
        if type(a) is not Tensor or len(rest) != (not unary):
            return None
        factor = None
        if keywords:
            factor = keywords.get("alpha")
            if not takes_factor or len(keywords) > 1 or not _is_factor(factor, a.dtype):
                return None
        kernel = kernels.get(a.dtype)
        if kernel is None:
            return None
        x = a.array
        version = a.version
        free = not state.grad_enabled or is_free(a)
        if not (
            free
            and a.level is None
            and (a.meta is None or not a.meta.bit)
            and (
                (x.flags.c_contiguous and x.size < LARGE)
                if type(x) is ndarray
                else type(x) is a.dtype.scalar
            )
            and type(version) is not InferenceVersion
            and not before_write
        ):
            return None
        if unary:
            result = kernel(x)
        else:
            (b,) = rest
            y: Any = b
            if type(b) is Tensor:
                y = b.array
                if not (
                    takes_tensor
                    and b.dtype is a.dtype
                    and b.level is None
                    and y.shape == x.shape
                    and (not state.grad_enabled or is_free(b))
                    and (
                        type(y) is not ndarray
                        or y is x
                        or (
                            y.flags.c_contiguous
                            and (
                                (x.base is None and y.base is None)  # each has its own
                                or not np.may_share_memory(x, y)
                            )
                        )
                    )
                ):
                    return None
            elif not takes_number or not (
                type(b) is float or (type(b) is int and -(1 << 53) < b < 1 << 53)
            ):
                return None
            if factor is None:
                result = in_place[a.dtype](x, y) if type(x) is ndarray else kernel(x, y)
            else:
                result = op.kernel(x, y, factor)
        if type(x) is ndarray:
            if result is not x:
                x[...] = result
        elif type(result) is type(x):
            a.array = result  # a number that no other tensor looks at
        else:
            return None
        if version is None:
            version = a.version = Version()
        version.bump(state.where)
        return a

    return write


callers.append(lambda op: caller(op, FUNCTION))
