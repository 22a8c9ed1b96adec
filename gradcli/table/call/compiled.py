"""The callable of an entry, written out for the calls that are common.

`dispatch.run` asks an entry, at every call, what its parameters are, how it promotes, what it
saves. All that is settled once the entry is known. So the answers are written out as one function
in straight lines (`template.source_of` is its text): the arguments are taken and looked at, the
arrays computed, the result wrapped, the node made. Unary and binary entries have the shortest of
these functions, and are no case of their own.

The function does not decide what it was not written for. Whatever is not common (a level, a low
precision, a hook on saved tensors, arguments of other types) leaves it by `return slowly(...)`,
before anything was done, and goes the general way with the arguments as they were given. So no
sentence of an error and no rule of a conversion stands in a text.

Note: writing and compiling takes as long as some hundred general calls, so an entry is called
`PATIENCE` times before, and then the code of its callable is replaced. The texts of many entries
are the same: each is compiled once.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from types import CodeType, FunctionType
from typing import Any

import numpy as np

from ...autograd.modes import refresh_view
from ...autograd.node import Versions, next_number
from ...autograd.operations import operations
from ...tensor import dtypes
from ...tensor.device import memory_format
from ...tensor.dtypes import FROM_ARRAY, DType
from ...tensor.runtime import runtime
from ...tensor.tensor import InferenceVersion, Tensor, Version, View, own_memory, version_of
from ..entry import Op, callers
from ..formulas import traced
from ..schema import Packed
from ..shape_rules import broadcast_error
from .arguments import FUNCTION, ArgumentError, bind
from .dispatch import (
    LARGE,
    as_array,
    call_slowly,
    dtype_of,
    elementwise_layout,
    promoted,
    reserve,
    reserve_inputs,
    settled,
    wrap,
)
from .record import UNGUARDED, OpNode, attach, plan_for, record
from .traits import edges_of, is_writable, kernels_of, plans_of

PATIENCE = 50  # general calls of an entry before its function is written out

ABSENT: Any = type("Absent", (), {"__repr__": lambda self: "absent"})()


# --- the callable --------------------------------------------------------------------------------


def caller(op: Op, flavour: str, slow: Callable[..., Any] | None = None) -> Any:
    """A callable for one entry, as a function, a method or an operator.

    `slow` takes the positional arguments and the keywords that the function was not written for.
    """
    general = slow or (lambda args, keywords: call_slowly(op, flavour, args, keywords))
    if not is_writable(op):
        return lambda *args, **keywords: general(args, keywords)
    calls = 0

    def early(args: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        nonlocal calls
        calls += 1
        if calls >= PATIENCE and op not in resting:
            written = written_out(op, flavour, general)
            call.__globals__.update(written.__globals__)
            call.__defaults__ = written.__defaults__
            call.__code__ = written.__code__
            _written.setdefault(op, []).append(call)
        return general(args, keywords)

    call = FunctionType(_early.__code__, {"early": early, "general": general}, op.name)
    return call


# Each callable has its own of these, in the namespace that it is made with.
early: Any = None
general: Any = None


def _early(*args: Any, **keywords: Any) -> Any:
    return early(args, keywords)


def _late(*args: Any, **keywords: Any) -> Any:
    return general(args, keywords)


_written: dict[Op, list[FunctionType]] = {}
resting: dict[Op, list[CodeType]] = {}  # what the callables of entries ran before they rested


def written() -> list[Op]:
    """The entries whose calls are written out."""
    return list(_written)


def rest(op: Op) -> None:
    """Have the calls of an entry go the general way, as it computes otherwise for a while."""
    calls = _written.get(op, [])
    resting[op] = [call.__code__ for call in calls]
    for call in calls:
        call.__defaults__ = None
        call.__code__ = _late.__code__


def resume(op: Op) -> None:
    """Have the calls of an entry be what they were before it rested."""
    for call, code in zip(_written.get(op, []), resting.pop(op), strict=True):
        call.__code__ = code
        call.__defaults__ = _defaults(op)


def _defaults(op: Op) -> tuple[Any, ...]:
    """What stands for arguments that may be given by position and are not."""
    return (ABSENT,) * sum(not parameter.keyword_only for parameter in op.parameters)


def written_out(op: Op, flavour: str, general: Callable[..., Any]) -> FunctionType:
    """The function of an entry, which leaves other calls to `general`."""
    from .template import source_of

    names = _names(op, flavour, general)
    return FunctionType(code_of(source_of(op)), names, op.name, _defaults(op))


@cache
def _compiled(source: str) -> CodeType:
    module = compile(source, "<call>", "exec")
    return next(code for code in module.co_consts if type(code) is CodeType)


def code_of(source: str) -> CodeType:
    """The code of the one function of a text; a copy, since it adapts to its namespace."""
    return _compiled(source).replace()


def _names(op: Op, flavour: str, general: Any) -> dict[str, Any]:
    """What the names of the text stand for."""

    def given(rest: Any, values: Any) -> tuple[Any, ...]:
        return (*[value for value in values if value is not ABSENT], *rest)

    def slowly(keywords: Any, rest: Any, *values: Any) -> Any:
        return general(given(rest, values), keywords)

    def bound(keywords: Any, rest: Any, *values: Any) -> Any:
        try:
            return bind(op, flavour, given(rest, values), keywords)
        except ArgumentError:
            return None

    names: dict[str, Any] = {
        **_SHARED,
        "op": op,
        "general": general,
        "slowly": slowly,
        "bound": bound,
        "check": op.check,
        "size": op.size,
        "kernels": kernels_of(op),
        "promote": op.promote,
        "result_dtype": op.result,
        "composite": op.composite,
        "function": op.function,
        **{f"d{i}": parameter.default for i, parameter in enumerate(op.parameters)},
    }
    names |= {name: plan for (name, _), plan in plans_of(op).items()}
    if len(edges_of(op)) > 2:
        names["keep"] = _keeper(op)
    return names


def _keeper(op: Op) -> Any:
    """For entries of many edges: by which of them there are, what a node keeps."""
    from .template import keeper_of

    edges = edges_of(op)

    @cache
    def keep(*live: bool) -> Any:
        places = tuple([edge for edge, lives in zip(edges, live, strict=True) if lives])
        plan = plan_for(op, places, len(edges))
        code = code_of(keeper_of(plan, places))
        return FunctionType(code, {**_SHARED, "plan": plan})

    return keep


_PLAIN = (int, float, bool, str, type(None), DType)


def signature(args: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
    """The types of arguments, as far as they decide which overload fits; None where more does.

    A tensor of one number may stand for a number, so it counts as another type. What has a level
    goes the general way anyway.
    """
    key: list[Any] = []
    for value in (*args, *keywords.values()) if keywords else args:
        kind = type(value)
        if kind is Tensor:
            if value.level is not None:
                return None
            key.append(kind if value.array.shape else (value.node is None,))
        elif kind in _PLAIN:
            key.append(kind)
        elif (kind is tuple or kind is list) and 0 < len(value) < 32:
            item = type(value[0])
            if item is not int and item is not Tensor:
                return None
            for other in value:
                if type(other) is not item:
                    return None
            key.append((item,))
        else:
            return None
    return (*key, *keywords) if keywords else tuple(key)


def edge_of(tensor: Tensor) -> Any:
    """The node of a view that is fresh; ABSENT where only its base requires grad."""
    refresh_view(tensor)
    if tensor.node is None and tensor.view_info.base.node is not None:  # type: ignore[union-attr]
        return ABSENT
    return tensor.node


def _ints(value: Any) -> Any:
    """A list of ints as a tuple, None where it is no plain one."""
    if type(value) is int:
        return (value,)
    return _listed_ints(value)


def _listed_ints(value: Any) -> Any:
    kind = type(value)
    if kind is not tuple and kind is not list and kind is not Packed:
        return None
    for item in value:
        if type(item) is not int:
            return None
    return tuple(value)


def _tensors(value: Any, gaps: bool) -> Any:
    """A list of plain tensors as a list of its own, None where it is none."""
    if type(value) is not list and type(value) is not tuple:
        return None
    for item in value:
        if (type(item) is not Tensor or item.level is not None) and (item is not None or not gaps):
            return None
    return list(value)


def _arrays(tensors: list[Any], known: Any) -> Any:
    """The arrays of a list of tensors, None where a dtype needs care."""
    arrays: list[Any] = []
    for tensor in tensors:
        if tensor is None:
            arrays.append(None)
        elif tensor.dtype in known:
            arrays.append(tensor.array if tensor.array.ndim else tensor.array[()])
        else:
            return None
    return arrays


def _kept(tensors: list[Any]) -> Any:
    """What a node keeps of a list of tensors, and their versions."""
    versions: list[Any] = []
    for tensor in tensors:
        if tensor is not None:
            version = version_of(tensor)
            versions += (version, version.clock)
    arrays = [None if tensor is None else tensor.array for tensor in tensors]
    return arrays, Versions(versions) if versions else None


def _with_options(kernel: Any, *options: Any) -> Any:
    """A kernel of arrays alone, which gets options other than the defaults."""
    return lambda *arrays: kernel(*arrays, *options)


def _mixed(op: Op, values: tuple[Any, ...], known: Any) -> Any:
    """The dtype that tensors of several promote to, None where that needs care."""
    for value in values:
        if type(value) is Tensor and not value.dtype.raw:
            return None
    dtype = promoted(op, values)
    return dtype if dtype in known else None


_SHARED: dict[str, Any] = {
    "ABSENT": ABSENT,
    "DType": DType,
    "LARGE": LARGE,
    "InferenceVersion": InferenceVersion,
    "OpNode": OpNode,
    "Tensor": Tensor,
    "UNGUARDED": UNGUARDED,
    "Version": Version,
    "View": View,
    "array_of": as_array,
    "arrays": _arrays,
    "bool_": dtypes.bool_,
    "broadcast_error": broadcast_error,
    "attach": attach,
    "dtype_of": dtype_of,
    "edge": edge_of,
    "floats": frozenset(d for d in dtypes.ALL if d.raw and d.category == dtypes.FLOATING),
    "ints": _ints,
    "kept": _kept,
    "listed_ints": _listed_ints,
    "memory_format": memory_format,
    "mixed": _mixed,
    "ndarray": np.ndarray,
    "natural": FROM_ARRAY,
    "new": object.__new__,
    "next_number": next_number,
    "operations": operations,
    "own_memory": own_memory,
    "promoted": promoted,
    "raw": frozenset(d for d in dtypes.ALL if d.raw and not d.is_complex),
    "record": record,
    "reserve": reserve,
    "reserve_inputs": reserve_inputs,
    "settled": settled,
    "spread": elementwise_layout,
    "state": runtime,
    "tensors": _tensors,
    "traced": traced,
    "version_of": version_of,
    "with_options": _with_options,
    "wrap": wrap,
}


callers.append(lambda op: caller(op, FUNCTION))
