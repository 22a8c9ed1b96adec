"""What programs can read of a node: `y.grad_fn` and what hangs on it."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import partial
from typing import Any
from weakref import WeakKeyDictionary

from ..autograd import engine
from ..autograd.function import FunctionCtx, FunctionNode
from ..autograd.leaf import RemovableHandle
from ..autograd.node import (
    FREED_MESSAGE,
    AccumulateGrad,
    Freed,
    GraphError,
    InputMetadata,
    Node,
    Packed,
    SavedTensor,
    check_value,
    follow_data,
    hooks_of,
    qualified,
)
from ..autograd.packing import pack
from ..table.call.record import OpNode, TracedOpNode
from ..table.levels import run as levels
from ..table.plan import INPUT
from ..tensor.dtypes import complex128, float64, int64
from ..tensor.memory import shown
from ..tensor.tensor import Tensor, constant, numel

_NUMBERS = {int: int64, float: float64, complex: complex128}  # a saved number reads as a tensor


def type_name(node: Any) -> str:
    """The name of the node's class as Python shows it."""
    return str(node.title)


def text(node: Any) -> str:
    """Python's default text of an object of that class."""
    prefix = "torch.autograd.function." if isinstance(node, FunctionNode) else ""
    return f"<{prefix}{node.title} object at {shown(id(node)):#x}>"


def name(node: Any) -> str:
    """The node's name; those of PyTorch's own classes are qualified."""
    return qualified(node.title)


def next_functions(node: Any) -> tuple[tuple[Any, int], ...]:
    """The edges: pairs of a node (None for a tensor without gradient) and an output's index."""
    numbers = node.numbers or (0,) * len(node.edges)
    pairs = tuple(map(_outside_of_arguments, node.edges, numbers))
    if node.tensor_inputs is not None:
        return tuple(pairs[place] for place in node.tensor_inputs)
    return pairs


def _outside_of_arguments(edge: Any, number: int) -> tuple[Any, int]:
    """An edge past the aliases that transforms that have ended made of their arguments."""
    while edge in levels.arguments and edge.number >= 0:
        if levels.kind_of(levels.arguments[edge]) is not None:
            break
        number = edge.numbers[0] if edge.numbers else 0
        edge = edge.edges[0]
    return edge, max(number - 1, 0)


def register_hook(node: Any, fn: Callable[..., Any]) -> RemovableHandle:
    """Call `fn(grad_inputs, grad_outputs)` after the node ran."""
    return _added(node, hooks_of(node).post, fn)


def register_prehook(node: Any, fn: Callable[..., Any]) -> RemovableHandle:
    """Call `fn(grad_outputs)` before the node runs."""
    return _added(node, hooks_of(node).pre, fn)


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
    return sorted(f"_saved_{name}" for need in node.op.saves() for name in node.op.shown(need))


_FREED_HANDLE = (
    "Calling register_hooks on a saved tensor after it has been freed. Saved intermediate values "
    "of the graph are freed when you call .backward() or autograd.grad(). Specify "
    "retain_graph=True if you need to backward through the graph a second time or if you need to "
    "access saved variables after calling backward."
)


def _register_saved_hooks(
    node: OpNode,
    attribute: str,
    pack_hook: Callable[[Any], Any],
    unpack_hook: Callable[[Any], Any],
) -> None:
    """Pack one saved tensor now; every later use unpacks it."""
    if not (callable(pack_hook) and callable(unpack_hook)):
        raise TypeError(
            "register_hooks(): incompatible function arguments. The following argument types are "
            "supported:\n    1. (self: torch._C._autograd.SavedTensor, arg0: "
            "collections.abc.Callable, arg1: collections.abc.Callable) -> None\n\nInvoked with: "
            f"<torch._C._autograd.SavedTensor object at {id(node.saved):#x}>, {pack_hook!r}, "
            f"{unpack_hook!r}"
        )
    if type(node.saved) is Freed:
        error = GraphError(_FREED_HANDLE)
        error.node, error.freed = node, node.saved
        raise error
    value = saved(node, attribute)
    if value is None:
        raise RuntimeError("Calling register_hooks on a saved tensor with value None is forbidden")
    position = next(i for i, need in enumerate(node.plan.names) if attribute in node.op.shown(need))
    if type(node.saved[position]) is Packed:
        raise RuntimeError(
            "Calling register_hooks on a saved tensor whose hooks have already been set. Hint: "
            "only one pair of hooks is allowed at a time."
        )
    kept = list(node.saved)
    kept[position] = pack(value, hooks=(pack_hook, unpack_hook))
    node.saved = tuple(kept)
    node.__class__ = TracedOpNode
    node.plain = False


def raw_saved(node: OpNode, attribute: str) -> SavedTensor | None:
    """The handle of a saved tensor by its `_raw_saved_*` name, None when it is not a tensor."""
    wanted = attribute.removeprefix("_raw_saved_")
    if f"_saved_{wanted}" not in saved_names(node) or not _is_tensor(node, wanted):
        return None
    return SavedTensor(partial(_register_saved_hooks, node, wanted), partial(saved, node, wanted))


def saved(node: OpNode, attribute: str) -> Any:
    """A saved value by its `_saved_*` name. Raises KeyError, or RuntimeError once freed."""
    wanted = attribute.removeprefix("_saved_")
    for need in node.op.saves():
        if wanted in node.op.shown(need):
            break
    else:
        raise KeyError(attribute)
    if need in node.plan.names:
        position = node.plan.names.index(need)
        if type(node.saved) is Freed:
            error = GraphError(FREED_MESSAGE)
            error.node = node
            error.freed = node.saved
            raise error
        if node.guards is not None:
            if 2 * position < len(node.guards):
                check_value(node, position)
            follow_data(node)
        value = node.saved_tensors()[position]
        if node.plan.saves[position][0] != INPUT:
            return numel(value) if wanted.endswith("_numel") else _shown_value(node, need, value)
        if type(value) in (int, float, complex):
            return constant((), _NUMBERS[type(value)], value)
        if type(value) is list:
            names = node.op.shown(need)
            return tuple(value) if len(names) == 1 else value[names.index(wanted)]
        return _leaf_itself(node, position, value)
    for parameter in node.op.parameters:
        if parameter.name == need:
            return None if parameter.is_tensor else _shown_value(node, need, parameter.default)
    raise KeyError(attribute)


_REDUCTIONS = {"none": 0, "mean": 1, "sum": 2}


def _shown_value(node: OpNode, need: str, value: Any) -> Any:
    """A saved keyword as PyTorch shows it: integers without a sign, reductions as their codes."""
    if need == "reduction":
        return _REDUCTIONS.get(value, value)
    if any(p.name == need and p.kind == "Number" for p in node.op.parameters):
        return value
    if type(value) is int and value < 0:
        return value + (1 << 64)
    if type(value) in (tuple, list) and all(type(item) is int for item in value):
        return tuple(item + (1 << 64) if item < 0 else item for item in value)
    return tuple(value) if type(value) is list else value


def _leaf_itself(node: OpNode, position: int, value: Any) -> Any:
    """The user's own tensor where a leaf was saved, else the value."""
    source = node.source(position) if type(value) is Tensor else None
    if source is not None and isinstance(source[0], AccumulateGrad):
        variable = source[0].variable
        if variable.array is value.array:
            return variable
    return value


def input_metadata(node: Any) -> tuple[InputMetadata, ...]:
    """The metadata of each of the node's outputs."""
    if node.count == 1:
        return (InputMetadata(node.shape, node.dtype),)
    return tuple(map(InputMetadata, node.shape, node.dtype))


def sequence_number(node: Any) -> int:
    """How many nodes were made before; the greatest number for a leaf's accumulator."""
    return (1 << 64) - 1 if isinstance(node, AccumulateGrad) else node.number - 1


def run(node: Any, *grads: Any) -> Any:
    """The gradients of the node's inputs, from those of its outputs; nothing is freed."""
    if isinstance(node, AccumulateGrad):
        engine.run([(node, 0, grads[0])])
        return None
    found = node.apply(grads[0] if node.count == 1 else grads, None, True)
    numbers = node.numbers or (0,) * len(node.edges)
    fitted = tuple(
        None if grad is None or edge is None else engine.fitted(edge, number, grad, node, found)
        for edge, number, grad in zip(node.edges, numbers, found, strict=True)
    )
    return fitted[0] if len(fitted) == 1 else fitted


# What a custom Function's node has of its own: state that programs may set, methods, and the rest.
STATE = (
    "to_save",
    "saved_for_forward",
    "dirty_tensors",
    "non_differentiable",
    "needs_input_grad",
)
CONTEXT = (
    *STATE,
    "saved_tensors",
    "save_for_backward",
    "save_for_forward",
    "mark_dirty",
    "mark_shared_storage",
    "mark_non_differentiable",
    "set_materialize_grads",
)
_READ_ONLY = (
    "saved_tensors",
    "saved_variables",
    "next_functions",
    "metadata",
    "requires_grad",
    "_input_metadata",
)
_SAVED_VARIABLES = "'saved_variables' is deprecated; use 'saved_tensors'"


def set_attribute(node: Any, name: str, value: Any) -> None:
    """`node.name = value`, which only the nodes of custom Functions allow."""
    if not isinstance(node, FunctionCtx):
        raise AttributeError(f"'{type_name(node)}' object has no attribute '{name}'")
    if name in _READ_ONLY:
        raise AttributeError(
            f"attribute '{name}' of 'torch._C._FunctionBase' objects is not writable", name=name
        )
    if name == "materialize_grads":
        node.set_materialize_grads(value)
    elif name in STATE:
        setattr(node, name, value)
    else:
        node.attached[name] = value


def delete_attribute(node: Any, name: str) -> None:
    """`del node.name` of what a program attached."""
    if not isinstance(node, FunctionCtx) or name not in node.attached:
        raise AttributeError(f"'{type_name(node)}' object has no attribute '{name}'", name=name)
    del node.attached[name]


def attribute(node: Any, wanted: str) -> Any:
    """An attribute of a node. Raises AttributeError with Python's sentence."""
    if isinstance(node, FunctionCtx):
        if wanted in node.attached:
            return node.attached[wanted]
        if wanted in CONTEXT:
            return getattr(node, wanted)
        if wanted == "saved_variables" and isinstance(node, FunctionNode):
            warnings.warn(_SAVED_VARIABLES, DeprecationWarning, stacklevel=2)
            return node.saved_tensors
        if wanted == "materialize_grads":
            raise AttributeError(
                "attribute 'materialize_grads' of 'torch._C._FunctionBase' objects is not readable"
            )
        if type(node) is FunctionCtx:
            raise AttributeError(f"'FunctionCtx' object has no attribute '{wanted}'")
    if wanted in METHODS:
        return METHODS[wanted].__get__(node)
    if wanted == "next_functions":
        return next_functions(node)
    if wanted == "requires_grad":
        return True
    if wanted == "metadata":
        return _metadata.setdefault(node, {})
    if wanted == "_input_metadata":
        return input_metadata(node)
    if isinstance(node, AccumulateGrad) and wanted == "variable":
        return node.variable
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
    names = [*METHODS, "next_functions", "requires_grad", "metadata", "_input_metadata"]
    if isinstance(node, AccumulateGrad):
        names.append("variable")
    if isinstance(node, FunctionNode):
        names += (*CONTEXT, "saved_variables", *node.attached)
    saved = saved_names(node)
    raw = [f"_raw{name}" for name in saved if _is_tensor(node, name.removeprefix("_saved_"))]
    return sorted([*names, *saved, *raw])


def _is_tensor(node: OpNode, shown: str) -> bool:
    """Whether what a node shows under this name is a tensor, also where it saved none."""
    need = next(need for need in node.op.saves() if shown in node.op.shown(need))
    if need == "out" or (need[:3] == "out" and need[3:].isdigit()):
        return True
    return any(p.name == need and p.is_tensor and not p.is_list for p in node.op.parameters)


METHODS: dict[str, Callable[..., Any]] = {
    "name": name,
    "register_hook": register_hook,
    "register_prehook": register_prehook,
    "_sequence_nr": sequence_number,
}


def _install() -> None:
    Node.__repr__ = text  # type: ignore[method-assign]
    Node.__call__ = run  # type: ignore[method-assign]
    Node.__getattr__ = _missing  # type: ignore[attr-defined]


def _missing(node: Any, wanted: str) -> Any:
    if wanted.startswith("__"):
        raise AttributeError(wanted)
    return attribute(node, wanted)


_install()
