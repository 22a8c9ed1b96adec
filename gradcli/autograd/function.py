"""`torch.autograd.Function`: operations with a derivative that the user writes."""

from __future__ import annotations

import functools
import warnings
import weakref
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..tensor.runtime import runtime
from ..tensor.tensor import Rewrite, Tensor, View, alias, make, shape_of, version_of, with_data
from .leaf import detach, fresh_edge
from .modes import no_grad, requires_grad
from .node import (
    FREED_MESSAGE,
    Freed,
    GraphError,
    Node,
    Packed,
    check_saved,
    next_number,
    packers,
)
from .operations import operations


class FunctionCtx:
    """What `forward` and `backward` share; programs may set any attribute on it.

    What a program attaches is kept in `attached`, apart from the context's own state.
    """

    __module__ = "torch.autograd.function"

    def __init__(self) -> None:
        self.attached: dict[str, Any] = {}
        self._to_save: tuple[Any, ...] = ()
        self._to_save_forward: tuple[Any, ...] = ()
        self._dirty: tuple[Any, ...] = ()
        self._constant: tuple[Any, ...] = ()
        self._materialize = True
        self._node: Callable[[], FunctionNode | None] | None = None  # a weak reference
        self.needs_input_grad: tuple[bool, ...] = ()

    def save_for_backward(self, *tensors: Any) -> None:
        """Keep inputs or outputs for backward, with their versions checked."""
        self._to_save = tensors

    def save_for_forward(self, *tensors: Any) -> None:
        """Keep tensors for the function's own `jvp`."""
        self._to_save_forward = tensors

    def mark_dirty(self, *tensors: Any) -> None:
        """Say which inputs `forward` changed in place."""
        self._dirty = tensors

    def mark_non_differentiable(self, *tensors: Any) -> None:
        """Say which outputs carry no gradient."""
        self._constant = tensors

    def set_materialize_grads(self, value: bool) -> None:
        """Whether gradients that did not come arrive as zeros (the default) or as None."""
        self._materialize = value

    @property
    def saved_tensors(self) -> tuple[Any, ...]:
        """What was saved. Raises RuntimeError once the graph was freed."""
        if self._node is None:
            return self._to_save or self._to_save_forward
        node = self._node()
        if node is None:
            raise GraphError(FREED_MESSAGE)
        return node.unpack()

    def name(self) -> str:
        """The name of the node that the context belongs to."""
        node = None if self._node is None else self._node()
        return "" if node is None else node.title

    @property
    def saved_for_forward(self) -> tuple[Any, ...]:
        """What was saved for `jvp`."""
        return self._to_save_forward


class FunctionNode(Node):
    """The node of a custom Function: calls its `backward` with a context."""

    __slots__ = ("class_", "ctx", "input_shapes", "packed")

    raw = False
    runs_undefined = True
    class_: Any
    ctx: FunctionCtx
    input_shapes: tuple[Any, ...]

    @property
    def title(self) -> str:
        return f"{self.class_.__name__}Backward"

    @property
    def tensor_inputs(self) -> Sequence[int]:  # type: ignore[override]
        return [i for i, shape in enumerate(self.input_shapes) if shape is not None]

    @property
    def materializes(self) -> bool:  # type: ignore[override]
        return self.ctx._materialize

    def unpack(self) -> tuple[Any, ...]:
        """The saved tensors, on the graph they came from."""
        if type(self.saved) is Freed:
            error = GraphError(FREED_MESSAGE)
            error.node = self
            error.freed = self.saved
            raise error
        check_saved(self)
        values: list[Any] = []
        for tensor, edge, number in self.saved:
            if tensor is None:
                values.append(None)
                continue
            copy = tensor.unpack() if isinstance(tensor, Packed) else alias(tensor)
            copy.node = self if edge == "self" else edge
            copy.number = number
            values.append(copy)
        return tuple(values)

    def saved_value(self, index: int) -> Any:
        return self.saved[index][0]

    def source(self, index: int) -> tuple[Any, int] | None:
        _, edge, number = self.saved[index]
        if edge == "self":
            return self, number
        return None if edge is None else (edge, number)

    def follow_data(self, index: int, rewrite: Rewrite) -> None:
        tensor, edge, number = self.saved[index]
        if edge != "self" and not isinstance(tensor, Packed):
            kept = list(self.saved)
            kept[index] = (with_data(tensor, rewrite), edge, number)
            self.saved = tuple(kept)

    def apply(self, g: Any, wanted: Any, traced: bool) -> Sequence[Any]:
        cotangents = list(g) if self.count > 1 else [g]
        if self.ctx._materialize:
            shapes = self.shape if self.count > 1 else (self.shape,)
            kinds = self.dtype if self.count > 1 else (self.dtype,)
            cotangents = [
                make(np.zeros(shape, dtype.array)[()], dtype) if item is None else item
                for item, shape, dtype in zip(cotangents, shapes, kinds, strict=True)
            ]
        backward = _method(self.class_, "backward") or _method(self.class_, "vjp")
        if backward is None:
            raise NotImplementedError(
                "You must implement either the backward or vjp method for your custom "
                "autograd.Function to use it with backward mode AD."
            )
        self.ctx.needs_input_grad = tuple(
            edge is not None and (wanted is None or edge in wanted) for edge in self.edges
        )
        results = backward(self.ctx, *cotangents)
        if not isinstance(results, tuple):
            results = tuple(results) if isinstance(results, list) else (results,)
        expected = len(self.edges)
        if len(results) > expected and all(item is None for item in results[expected:]):
            results = results[:expected]
        if len(results) != expected:
            raise RuntimeError(
                f"function {self.title} returned an incorrect number of gradients (expected "
                f"{expected}, got {len(results)})"
            )
        for position, result in enumerate(results):
            if result is None:
                continue
            if not isinstance(result, Tensor):
                raise RuntimeError(f"expected Variable or None (got {type(result).__name__})")
            if self.edges[position] is None and self.input_shapes[position] is None:
                raise RuntimeError(
                    f"function {self.title} returned a gradient different from None at position "
                    f"{position + 1}, but the corresponding forward input was not a Variable"
                )
        return results


def _method(class_: Any, name: str) -> Callable[..., Any] | None:
    """A static method that the user's class defines, None when it is Function's own."""
    found = getattr(class_, name, None)
    return None if found is None or found is getattr(Function, name, None) else found


class Function:
    """Subclass it with static methods `forward` and `backward`, and call `apply`."""

    __module__ = "torch.autograd.function"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        warnings.warn(
            f"{type(self)} should not be instantiated. Methods on autograd functions are all "
            "static, so you should invoke them on the class itself. Instantiating an autograd "
            "function will raise an error in a future version of PyTorch.",
            DeprecationWarning,
            stacklevel=2,
        )

    @staticmethod
    def forward(*args: Any, **kwargs: Any) -> Any:
        """Compute the outputs; `ctx` comes first unless `setup_context` is defined."""
        raise NotImplementedError(
            "You must implement the forward function for custom autograd.Function."
        )

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        """Save what backward needs."""

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> Any:
        """The gradients of the inputs, one for each."""
        raise NotImplementedError(
            "You must implement either the backward or vjp method for your custom "
            "autograd.Function to use it with backward mode AD."
        )

    vjp = backward

    @staticmethod
    def jvp(ctx: Any, *tangents: Any) -> Any:
        """The tangents of the outputs."""
        raise NotImplementedError(
            "You must implement the jvp function for custom autograd.Function to use it with "
            "forward mode AD."
        )

    @classmethod
    def apply(cls, *args: Any, **kwargs: Any) -> Any:
        """Run `forward` and record a node that runs `backward`."""
        return apply(cls, args, kwargs)


leveled_apply: list[Callable[..., Any]] = []


def apply(class_: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Call a custom Function; see `Function.apply`."""
    if operations.level_stack():
        return leveled_apply[0](class_, args, kwargs)
    return apply_plain(class_, args, kwargs)


def run_forward(class_: Any, ctx: FunctionCtx, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    """Call `forward` in the style that the class is written in."""
    forward = _method(class_, "forward")
    if forward is None:
        forward = Function.forward
    if not has_setup(class_):
        return forward(ctx, *args, **kwargs)
    outputs = forward(*args, **kwargs)
    class_.setup_context(ctx, tuple(args), outputs)
    return outputs


def has_setup(class_: Any) -> bool:
    """Whether a Function is written with `setup_context` apart from `forward`."""
    return _method(class_, "setup_context") is not None


def apply_plain(
    class_: Any, args: tuple[Any, ...], kwargs: dict[str, Any], computed: Any = None
) -> Any:
    """Call a custom Function on its arguments as they are; `computed` are the outputs if known."""
    ctx = class_._context() if hasattr(class_, "_context") else FunctionCtx()
    needs = tuple(isinstance(value, Tensor) and requires_grad(value) for value in args)
    records = runtime.grad_enabled and any(needs)
    edges = []
    numbers = []
    for value in args:
        edge = fresh_edge(value) if records and isinstance(value, Tensor) else None
        edges.append(edge)
        numbers.append(value.number if edge is not None else 0)
    ctx.needs_input_grad = needs
    with no_grad():
        if computed is None:
            outputs = run_forward(class_, ctx, args, kwargs)
        else:
            outputs = computed
            class_.setup_context(ctx, args, outputs)
    several = isinstance(outputs, tuple)
    results = list(outputs) if several else [outputs]
    inputs = [value for value in args if isinstance(value, Tensor)]
    _check_dirty(ctx, results, inputs)
    for index, result in enumerate(results):
        if isinstance(result, Tensor):
            results[index] = _fresh_output(class_, result, inputs, ctx, records, several)
    if records:
        _record(class_, ctx, args, edges, numbers, results, outputs if several else (outputs,))
    return tuple(results) if several else results[0]


def _check_dirty(ctx: FunctionCtx, results: Sequence[Any], inputs: Sequence[Tensor]) -> None:
    for tensor in ctx._dirty:
        version_of(tensor).bump(runtime.where)
    for tensor in ctx._dirty:
        if not any(tensor is item for item in inputs):
            continue
        if not any(tensor is item for item in results):
            raise RuntimeError(
                "Some elements marked as dirty during the forward method were not returned as "
                "output. The inputs that are modified inplace must all be outputs of the Function."
            )
        if not runtime.grad_enabled:
            continue
        if requires_grad(tensor) and (tensor.node is None or tensor.node.number < 0):
            raise RuntimeError(
                "a leaf Variable that requires grad has been used in an in-place operation."
            )
        if any(requires_grad(item) for item in inputs):
            operations.check_view(tensor)
            if tensor.view_info is not None and len(results) > 1:
                raise RuntimeError(
                    "If your Function modifies inplace an input that is a view of another Tensor, "
                    "your Function cannot return more than one Tensor. This is not supported by "
                    "the current autograd engine. You should either make sure the input is not a "
                    "view (using .clone() for example) or make your Function only return one "
                    "Tensor (potentially splitting it into two Functions: one doing the inplace "
                    "that returns a single Tensor and a second one that does the other "
                    "operations). You can ask on the forum https://discuss.pytorch.org/ if you "
                    "need help to do this change."
                )


def _fresh_output(
    class_: Any,
    result: Tensor,
    inputs: Sequence[Tensor],
    ctx: FunctionCtx,
    records: bool,
    several: bool,
) -> Tensor:
    """An output that may carry a node: an input returned as it was becomes a view of itself."""
    is_input = any(result is tensor for tensor in inputs)
    if is_input and not records and requires_grad(result):
        return detach(result)
    if any(result is tensor for tensor in ctx._dirty):
        return result
    if is_input:
        source = result
        result = alias(source)
        version_of(source)
        result.version = source.version
        base = source if source.view_info is None else source.view_info.base
        result.view_info = View(base, "custom", version_of(source).clock)
        return result
    if result.view_info is not None and records:
        result.view_info.kind = "custom"
    return result


def _record(
    class_: Any,
    ctx: FunctionCtx,
    args: Sequence[Any],
    edges: Sequence[Any],
    numbers: Sequence[int],
    results: Sequence[Any],
    originals: Sequence[Any],
) -> None:
    node: FunctionNode = object.__new__(FunctionNode)
    node.class_ = class_
    node.ctx = ctx
    node.edges = tuple(edges)
    node.numbers = tuple(numbers) if any(numbers) else None
    node.input_shapes = tuple(shape_of(v) if isinstance(v, Tensor) else None for v in args)
    node.hooks = None
    node.plain = False
    node.name = None
    node.where = runtime.where
    node.number = next_number()
    live = [
        index
        for index, original in enumerate(originals)
        if isinstance(original, Tensor)
        and not any(original is constant for constant in ctx._constant)
        and original.dtype.differentiable
    ]
    tensors = [item for item in results if isinstance(item, Tensor)]
    node.count = len(results) if len(results) > 1 else 1
    if not tensors:
        return
    if node.count == 1:
        node.shape = shape_of(results[0])
        node.dtype = results[0].dtype
    else:
        node.shape = tuple(shape_of(r) if isinstance(r, Tensor) else () for r in results)
        node.dtype = tuple(r.dtype if isinstance(r, Tensor) else tensors[0].dtype for r in results)
    written = []
    for index in live:
        result = results[index]
        number = 0 if node.count == 1 else index + 1
        if result.view_info is not None and any(result is tensor for tensor in ctx._dirty):
            written.append(result)
            continue
        result.node = node
        result.number = number
        if result.view_info is not None:
            result.view_info.clock = version_of(result).clock
    for tensor in ctx._constant:
        tensor.node = None
    _save(node, ctx, args, edges, numbers, live, originals)
    for result in written:
        position = next(i for i, value in enumerate(args) if value is result)
        operations.rebase(result, node, position)


def _save(
    node: FunctionNode,
    ctx: FunctionCtx,
    args: Sequence[Any],
    edges: Sequence[Any],
    numbers: Sequence[int],
    live: Sequence[int],
    originals: Sequence[Any],
) -> None:
    saved: list[Any] = []
    guards: list[Any] = []
    for position, tensor in enumerate(ctx._to_save):
        if tensor is not None and not isinstance(tensor, Tensor):
            raise TypeError(
                f"save_for_backward can only save variables, but argument {position} is of type "
                f"{type(tensor).__name__}"
            )
        if tensor is None:
            saved.append((None, None, 0))
            guards.extend((None, 0))
            continue
        edge: Any = None
        number = 0
        for index, original in enumerate(originals):
            if original is tensor and index in live:
                edge, number = "self", (0 if node.count == 1 else index + 1)
        for value, input_edge, input_number in zip(args, edges, numbers, strict=True):
            if value is tensor and edge is None:
                edge, number = input_edge, input_number
        if edge is None and tensor.node is not None and tensor.node is not node:
            edge, number = tensor.node, tensor.number
        version = version_of(tensor)
        guards.extend((version, version.clock))
        if packers:
            pack, unpack = packers[-1]
            with no_grad():
                value = pack(detach(tensor))
            saved.append((Packed(value, unpack, None, 0), edge, number))
            guards[-2:] = (None, 0)
        else:
            saved.append((alias(tensor), edge, number))
    node.saved = tuple(saved)
    node.guards = tuple(guards) if guards else None
    ctx._node = weakref.ref(node)
    ctx._to_save = ()


def once_differentiable(function: Callable[..., Any]) -> Callable[..., Any]:
    """Decorates a `backward` whose result cannot be differentiated again."""

    @functools.wraps(function)
    def wrapper(ctx: Any, *grads: Any) -> Any:
        with no_grad():
            results = function(ctx, *grads)
        if not runtime.grad_enabled:
            return results
        if not any(isinstance(g, Tensor) and fresh_edge(g) is not None for g in grads):
            return results
        several = isinstance(results, tuple)
        blocked = []
        for result in results if several else (results,):
            if isinstance(result, Tensor):
                node = ErrorNode(
                    "trying to differentiate twice a function that was marked with "
                    "@once_differentiable"
                )
                node.shape = shape_of(result)
                node.dtype = result.dtype
                result = alias(result)
                result.node = node
            blocked.append(result)
        return tuple(blocked) if several else blocked[0]

    return wrapper


class ErrorNode(Node):
    """A node that raises when a pass reaches it."""

    __slots__ = ("message",)

    raw = False

    def __init__(self, message: str) -> None:
        self.message = message
        self.edges = ()
        self.numbers = None
        self.saved = ()
        self.guards = None
        self.hooks = None
        self.plain = False
        self.name = None
        self.count = 1
        self.where = runtime.where
        self.number = next_number()

    @property
    def title(self) -> str:
        return "Error"

    def follow_data(self, index: int, rewrite: Rewrite) -> None:
        tensor, edge, number = self.saved[index]
        if edge != "self" and not isinstance(tensor, Packed):
            kept = list(self.saved)
            kept[index] = (with_data(tensor, rewrite), edge, number)
            self.saved = tuple(kept)

    def apply(self, g: Any, wanted: Any, traced: bool) -> Sequence[Any]:
        raise RuntimeError(self.message)


InplaceFunction = Function
