"""What programs can read of a node: `y.grad_fn` and what hangs on it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any
from weakref import WeakKeyDictionary

from ..autograd.function import FunctionNode
from ..autograd.leaf import RemovableHandle, detach
from ..autograd.modes import no_grad
from ..autograd.node import (
    FREED_MESSAGE,
    AccumulateGrad,
    Freed,
    GraphError,
    Hooks,
    Node,
    Packed,
    SavedTensor,
)
from ..ops import table
from ..ops.record import OpNode, TracedOpNode
from ..ops.views import CopySlices
from ..tensor.dtypes import complex128, float64, int64
from ..tensor.tensor import Tensor, constant, version_of

NodeTypes = (Node, AccumulateGrad)

_NUMBERS = {int: int64, float: float64, complex: complex128}  # a saved number reads as a tensor


def type_name(node: Any) -> str:
    """The name of the node's class as Python shows it."""
    return str(node.title)


def text(node: Any) -> str:
    """Python's default text of an object of that class."""
    prefix = "torch.autograd.function." if isinstance(node, FunctionNode) else ""
    return f"<{prefix}{node.title} object at {id(node):#x}>"


def name(node: Any) -> str:
    """The node's name; those of PyTorch's own classes are qualified."""
    if isinstance(node, AccumulateGrad | CopySlices) or node.title == "CopyBackwards":
        return f"torch::autograd::{node.title}"
    return str(node.title)


def next_functions(node: Any) -> tuple[tuple[Any, int], ...]:
    """The edges: pairs of a node (None for a tensor without gradient) and an output's index."""
    numbers = node.numbers or (0,) * len(node.edges)
    pairs = tuple(
        (edge, max(number - 1, 0)) for edge, number in zip(node.edges, numbers, strict=True)
    )
    if isinstance(node, FunctionNode):  # arguments that are not tensors have no edge
        shapes = node.input_shapes
        return tuple(pair for pair, shape in zip(pairs, shapes, strict=True) if shape is not None)
    return pairs


def _hooks(node: Any) -> Hooks:
    if node.hooks is None:
        node.hooks = Hooks()
    return node.hooks  # type: ignore[no-any-return]


def register_hook(node: Any, fn: Callable[..., Any]) -> RemovableHandle:
    """Call `fn(grad_inputs, grad_outputs)` after the node ran."""
    return _added(node, _hooks(node).post, fn)


def register_prehook(node: Any, fn: Callable[..., Any]) -> RemovableHandle:
    """Call `fn(grad_outputs)` before the node runs."""
    return _added(node, _hooks(node).pre, fn)


def _added(
    node: Any, hooks: dict[int, Callable[..., Any]], fn: Callable[..., Any]
) -> RemovableHandle:
    if isinstance(node, AccumulateGrad):
        AccumulateGrad.watched += 1
    return RemovableHandle(hooks, fn)


# What users attach to nodes; it goes with the node.
_metadata: WeakKeyDictionary[Any, dict[Any, Any]] = WeakKeyDictionary()


def saved_names(node: Any) -> list[str]:
    """The `_saved_*` attributes of a node."""
    if not isinstance(node, OpNode):
        return []
    wanted = {name for formula in node.op.vjp.values() for name in table.needs(formula)}
    return sorted(f"_saved_{_shown(node, name)}" for name in wanted)


def _shown(node: OpNode, need: str) -> str:
    if need == "out":
        return "result"
    if need.endswith("_shape"):
        return f"{need[:-6]}_sym_sizes"
    return need


def _register_saved_hooks(
    node: OpNode,
    attribute: str,
    pack_hook: Callable[[Any], Any],
    unpack_hook: Callable[[Any], Any],
) -> None:
    """Pack one saved tensor now; every later use unpacks it."""
    position = next(i for i, need in enumerate(node.plan.names) if _shown(node, need) == attribute)
    if type(node.saved) is not Freed and type(node.saved[position]) is Packed:
        raise RuntimeError("Calling register_hooks on a saved tensor more than once.")
    value = saved(node, attribute)
    version = version_of(value).clock
    with no_grad():
        packed = pack_hook(detach(value))
    if version_of(value).clock != version:
        raise RuntimeError(
            "A saved tensor pack hook is modifying its input in place. Tensors provided as "
            "input to pack hook can not be modified by in-place operations as this can lead "
            "to unexpected side-effects. Please open an issue if you need to perform in-place "
            "operations on the input to a pack hook."
        )
    kept = list(node.saved)
    kept[position] = Packed(packed, unpack_hook, None, 0)
    node.saved = tuple(kept)
    node.__class__ = TracedOpNode


def raw_saved(node: OpNode, attribute: str) -> SavedTensor | None:
    """The handle of a saved tensor by its `_raw_saved_*` name, None when it is not a tensor."""
    wanted = attribute.removeprefix("_raw_saved_")
    try:
        value = saved(node, wanted)
    except KeyError:
        return None
    if type(value) is not Tensor:
        return None
    return SavedTensor(partial(_register_saved_hooks, node, wanted))


def saved(node: OpNode, attribute: str) -> Any:
    """A saved value by its `_saved_*` name. Raises KeyError, or RuntimeError once freed."""
    wanted = attribute.removeprefix("_saved_")
    for position, need in enumerate(node.plan.names):
        if _shown(node, need) == wanted:
            if type(node.saved) is Freed:
                error = GraphError(FREED_MESSAGE)
                error.node = node
                error.freed = node.saved
                raise error
            value = node.saved_tensors()[position]
            if type(value) in (int, float, complex) and node.plan.saves[position][0] == table.INPUT:
                return constant((), _NUMBERS[type(value)], value)
            return _leaf_itself(node, position, value)
    for parameter in node.op.parameters:
        if parameter.name == wanted and parameter.is_tensor and _formula_needs(node.op, wanted):
            return None
    raise KeyError(attribute)


def _leaf_itself(node: OpNode, position: int, value: Any) -> Any:
    """The user's own tensor where a leaf was saved, else the value."""
    source = node.source(position) if type(value) is Tensor else None
    if source is not None and isinstance(source[0], AccumulateGrad):
        variable = source[0].variable
        if variable.array is value.array:
            return variable
    return value


def _formula_needs(op: Any, parameter: str) -> bool:
    return any(parameter in table.needs(formula) for formula in op.vjp.values())


def attribute(node: Any, wanted: str) -> Any:
    """An attribute of a node. Raises AttributeError with Python's sentence."""
    if wanted in METHODS:
        return METHODS[wanted].__get__(node)
    if wanted == "next_functions":
        return next_functions(node)
    if wanted == "requires_grad":
        return True
    if wanted == "metadata":
        return _metadata.setdefault(node, {})
    if isinstance(node, AccumulateGrad) and wanted == "variable":
        return node.variable
    if isinstance(node, FunctionNode):
        if wanted == "saved_tensors":
            return node.unpack()
        found = node.ctx.attached.get(wanted, vars(node.ctx).get(wanted, node))
        if found is not node:
            return found
    if isinstance(node, OpNode) and wanted.startswith("_saved_"):
        try:
            return saved(node, wanted)
        except KeyError:
            pass
    if isinstance(node, OpNode) and wanted.startswith("_raw_saved_"):
        handle = raw_saved(node, wanted)
        if handle is not None:
            return handle
    raise AttributeError(f"'{type_name(node)}' object has no attribute '{wanted}'")


def attribute_names(node: Any) -> list[str]:
    """Every attribute that `attribute` answers for a node."""
    names = [*METHODS, "next_functions", "requires_grad", "metadata"]
    if isinstance(node, AccumulateGrad):
        names.append("variable")
    if isinstance(node, FunctionNode):
        names.append("saved_tensors")
    return sorted([*names, *saved_names(node)])


METHODS: dict[str, Callable[..., Any]] = {
    "name": name,
    "register_hook": register_hook,
    "register_prehook": register_prehook,
}


def _install() -> None:
    for kind in NodeTypes:
        kind.__repr__ = text  # type: ignore[method-assign]
        kind.__getattr__ = _missing  # type: ignore[union-attr]


def _missing(node: Any, wanted: str) -> Any:
    if wanted.startswith("__"):
        raise AttributeError(wanted)
    return attribute(node, wanted)


_install()
