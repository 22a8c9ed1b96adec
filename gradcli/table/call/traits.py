"""What is settled about the calls of an entry before one is made: see `template`."""

from __future__ import annotations

from typing import Any

from ...kernels.shortcuts import for_dtype
from ...tensor import dtypes
from ...tensor.dtypes import DType
from ..dtype_rules import supports
from ..entry import ELEMENTWISE, Op
from ..plan import Plan
from .record import plan_for


def is_simple(op: Op) -> bool:
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


def is_writable(op: Op) -> bool:
    """Whether the text of an entry can be written: it has tensors, and as many results always."""
    if op.composite is not None or op.function is not None:
        return True
    if not op.parameters or op.kernel is None or op.outputs == 0:
        return False
    first = op.parameters[0]
    lists = [i for i in op.tensor_positions if op.parameters[i].is_list]
    if lists and op.tensor_positions != (0,) and (first.is_list or op.promote is not None):
        return False
    if op.view and (op.outputs != 1 or len(op.tensor_positions) != 1):
        return False
    return first.is_tensor and not first.optional


def kernels_of(op: Op) -> dict[DType, Any]:
    """The kernel by the dtype in which an entry computes, for dtypes that need no further care."""
    simple = is_simple(op)
    checked = simple and op.check is not None and type(op.check) is not supports
    lowest = dtypes.BOOL
    if callable(op.promote) or op.promote == "float" or (op.promote == "number" and checked):
        lowest = dtypes.FLOATING
    found = {
        dtype: for_dtype(op.kernel, dtype.array) if simple else op.kernel
        for dtype in dtypes.ALL
        if dtype.raw
        and dtype.category >= lowest
        and (simple or dtype.category < dtypes.COMPLEX)
        and not (isinstance(op.check, supports) and op.check.refuses(dtype))
    }
    if simple and op.promote == "number":
        for dtype in [dtype for dtype in found if dtype.category < dtypes.FLOATING]:
            found[dtype] = _casting(op.kernel, dtype)
    return found


def _casting(kernel: Any, dtype: DType) -> Any:
    """A kernel whose results are cast, as NumPy's own promotion of integers is another."""

    def cast(*arrays: Any) -> Any:
        return dtype.cast(kernel(*arrays))

    return cast


def plans_of(op: Op) -> dict[tuple[str, tuple[int, ...]], Plan]:
    """The plans of one edge and of two, by a name and by the edges that there are."""
    edges = edges_of(op)
    if len(edges) > 2:
        return {}
    some = [(edge,) for edge in edges] + ([tuple(edges)] if len(edges) == 2 else [])
    return {
        (f"plan{''.join(map(str, live))}", live): plan_for(op, live, len(edges)) for live in some
    }


def edges_of(op: Op) -> list[int]:
    """The inputs that have an edge each; none where a list of tensors has as many as there are."""
    found = [i for i in op.tensor_positions if op.parameters[i].name in op.vjp]
    return [] if any(op.parameters[i].is_list for i in found) else found
