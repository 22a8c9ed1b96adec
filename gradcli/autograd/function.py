"""`torch.autograd.Function`: operations with a derivative that the user writes."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable, Sequence
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from ..tensor.dtypes import float32
from ..tensor.runtime import runtime
from ..tensor.tensor import Tensor, View, alias, make, shape_of, version_of
from .leaf import detach, fresh_edge
from .modes import no_grad, requires_grad
from .node import Node, Packed, check_saved, next_number, packers
from .operations import operations


class FunctionCtx:
    """What `forward` and `backward` share; programs may set any attribute on it.

    What a program attaches is kept in `attached`, apart from the context's own state. `to_save`,
    `dirty_tensors` and `non_differentiable` hold what `forward` said until the call is recorded.
    """

    __module__ = "torch.autograd.function"

    to_save: Any = None
    saved_for_forward: Any = None
    dirty_tensors: Any = None
    non_differentiable: Any = None
    materialize_grads: Any = True
    needs_input_grad: Any = ()

    title = "FunctionCtx"

    def __init__(self) -> None:
        self.attached: dict[str, Any] = {}

    def save_for_backward(self, *tensors: Any) -> None:
        """Keep inputs or outputs for backward, with their versions checked."""
        self.to_save = tensors

    def save_for_forward(self, *tensors: Any) -> None:
        """Keep tensors for the function's own `jvp`. Raises AssertionError for anything else."""
        for tensor in tensors:
            if tensor is not None and not isinstance(tensor, Tensor):
                raise AssertionError(
                    "save_for_forward expects all arguments to be tensors; you should save "
                    "non-tensors as attributes on ctx."
                )
        self.saved_for_forward = tensors

    def mark_dirty(self, *tensors: Any) -> None:
        """Say which inputs `forward` changed in place."""
        self.dirty_tensors = tensors

    def mark_shared_storage(self, *pairs: Any) -> None:
        """Deprecated: shared memory is found without being told."""
        warnings.warn(
            "`mark_shared_storage` is deprecated. Tensors with shared storages are automatically "
            "tracked. Note that calls to `set_()` are not tracked",
            FutureWarning,
            stacklevel=2,
        )

    def mark_non_differentiable(self, *tensors: Any) -> None:
        """Say which outputs carry no gradient."""
        self.non_differentiable = tensors

    def set_materialize_grads(self, value: bool) -> None:
        """Whether gradients that did not come arrive as zeros (the default) or as None."""
        if not isinstance(value, bool):
            raise TypeError(
                "set_materialize_grads received an invalid combination of arguments - got (), but "
                "expected (bool)"
            )
        self.materialize_grads = value


class FunctionNode(Node, FunctionCtx):
    """The node of a custom Function, which is also its context: calls its `backward` with itself.

    `is_variable` says which arguments were tensors; `output_info` has shape and dtype of each
    output that is one, and None for the others. `generated` says that a transform made the node: it
    calls `backward` and knows no `vjp`.
    """

    __slots__ = ("class_", "generated", "is_variable", "output_info")

    raw = False
    runs_undefined = True
    keeps_tensors = True
    class_: Any
    is_variable: tuple[bool, ...]
    output_info: tuple[Any, ...]
    generated: bool

    def __init__(self, class_: Any, args: Sequence[Any]) -> None:
        FunctionCtx.__init__(self)
        self.class_ = class_
        self.generated = False
        self.is_variable = tuple(isinstance(value, Tensor) for value in args)
        self.needs_input_grad = tuple(
            isinstance(value, Tensor) and requires_grad(value) for value in args
        )
        self.edges = ()
        self.numbers = None
        self.saved = ()
        self.guards = None
        self.hooks = None
        self.plain = False
        self.name = None
        self.where = runtime.where
        self.number = 0

    @property
    def title(self) -> str:  # type: ignore[override]
        # After the transforms have ended only the record below all of them is seen.
        return self.title_in_pass if runtime.born else f"{self.class_.__name__}Backward"

    @property
    def title_in_pass(self) -> str:
        return f"{self.class_.__name__}{'Generated' * self.generated}Backward"

    @property
    def tensor_inputs(self) -> Sequence[int]:  # type: ignore[override]
        return [place for place, is_variable in enumerate(self.is_variable) if is_variable]

    @property
    def materializes(self) -> bool:  # type: ignore[override]
        return False  # `apply` does, which knows the outputs that are no tensors

    @property
    def saved_tensors(self) -> tuple[Any, ...]:
        """What was saved. Raises RuntimeError once the graph was freed."""
        return self.unpack() if self.saved_for_forward is None else self.saved_for_forward

    def unpack(self) -> tuple[Any, ...]:
        """The tensors saved for backward: inputs themselves, outputs on the graph."""
        check_saved(self)
        values: list[Any] = []
        for kept in self.saved:
            if isinstance(kept, _Output):
                values.append(kept.unpack(self))
            else:
                values.append(kept.unpack() if isinstance(kept, Packed) else kept)
        return tuple(values)

    def saved_value(self, index: int) -> Any:
        kept = self.saved[index]
        return kept.tensor if isinstance(kept, _Output) else kept

    def source(self, index: int) -> tuple[Any, int] | None:
        kept = self.saved[index]
        if isinstance(kept, _Output):
            return self, kept.number
        if not isinstance(kept, Tensor) or kept.node is None:
            return None
        return kept.node, kept.number

    def apply(self, g: Any, wanted: Any, traced: bool) -> Sequence[Any]:
        cotangents = list(g) if self.count > 1 else [g]
        if self.materialize_grads:
            for index, info in enumerate(self.output_info):
                if cotangents[index] is None and info is not None:
                    shape, dtype = info
                    cotangents[index] = make(np.zeros(shape, dtype.array)[()], dtype)
        if "apply" in self.attached:  # PyTorch calls the attribute, whoever set it
            found = self.attached["apply"](*cotangents)
        elif self.generated:
            found = self.class_.backward(self, *cotangents)
        else:
            found = _gradients_of(self.class_)(self, *cotangents)
        results: tuple[Any, ...] = found if isinstance(found, tuple) else (found,)
        expected = len(self.is_variable)
        if len(results) > expected and all(item is None for item in results[expected:]):
            results = results[:expected]
        if len(results) != expected:
            raise RuntimeError(
                f"function {self.title_in_pass} returned an incorrect number of gradients "
                f"(expected {expected}, got {len(results)})"
            )
        for position, result in enumerate(results):
            if result is None:
                continue
            if not self.is_variable[position]:
                raise RuntimeError(
                    f"function {self.title_in_pass} returned a gradient different from None "
                    f"at position {position + 1}, but the corresponding forward input was not a "
                    "Variable"
                )
            if not isinstance(result, Tensor):
                raise RuntimeError(f"expected Variable or None (got {type(result).__name__})")
        return results


class _Output:
    """A saved output: its data alone, since the tensor itself would hold the node that saved it."""

    __slots__ = ("number", "tensor")

    def __init__(self, tensor: Tensor) -> None:
        self.tensor = alias(tensor)
        self.number = tensor.number

    def unpack(self, node: Node) -> Tensor:
        """A tensor of the same memory that stands for the node's output."""
        copy = alias(self.tensor)
        copy.node = node
        copy.number = self.number
        return copy


def _gradients_of(class_: Any) -> Callable[..., Any]:
    """The static method that gives the gradients. Raises unless the class defines just one."""
    backward, vjp = _method(class_, "backward"), _method(class_, "vjp")
    if backward is not None and vjp is not None:
        raise RuntimeError(
            "Implementing both 'backward' and 'vjp' for a custom Function is not allowed. You "
            "should only implement one of them."
        )
    return backward or vjp or Function.backward


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

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Raises RuntimeError: what is called is `apply` of the class."""
        raise RuntimeError(
            "Legacy autograd function with non-static forward method is deprecated. Please use "
            "new-style autograd function with static forward method. (Example: "
            "https://pytorch.org/docs/stable/autograd.html#torch.autograd.Function)"
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
    if has_setup(class_):
        args, kwargs = _bind(class_, args, kwargs)
    elif kwargs:
        args, kwargs = _place_keywords(class_, args, kwargs), {}
    if operations.level_stack():
        return leveled_apply[0](class_, args, kwargs)
    refuse_keywords("forward", kwargs)
    return apply_plain(class_, args)


_signatures: WeakKeyDictionary[Any, Any] = WeakKeyDictionary()


def _signature(function: Any) -> Any:
    """The signature of a function, worked out once."""
    found = _signatures.get(function)
    if found is None:
        import inspect

        found = _signatures[function] = inspect.signature(function)
    return found


def _bind(
    class_: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The arguments of a `forward` without context, with its defaults filled in."""
    bound = _signature(class_.forward).bind(*args, **kwargs)
    bound.apply_defaults()
    return bound.args, bound.kwargs


def _place_keywords(class_: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, ...]:
    """Positional arguments, with those given by keyword put behind them, without a gap."""
    parameters = _signature(class_.forward).parameters.values()
    names = [p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD][1:]
    for name in kwargs:
        if name not in names:
            refuse_keywords("forward", kwargs)
        if name in names[: len(args)]:
            raise TypeError(f"forward() got multiple values for argument '{name}'")
    placed = list(args)
    for position in range(len(args), len(args) + len(kwargs)):
        name = names[position]
        if name not in kwargs:
            raise TypeError(f"forward() missing required argument: '{name}' (position {position})")
        placed.append(kwargs[name])
    return tuple(placed)


def refuse_keywords(function: str, kwargs: dict[str, Any]) -> None:
    """Raise PyTorch's error for the first keyword that `function` does not take."""
    for name in kwargs:
        raise TypeError(f"{function}() got an unexpected keyword argument '{name}'")


def has_setup(class_: Any) -> bool:
    """Whether a Function is written with `setup_context` apart from `forward`."""
    return _method(class_, "setup_context") is not None


UNKNOWN = object()  # the outputs of a call that `forward` has still to compute


def apply_plain(
    class_: Any,
    args: tuple[Any, ...],
    computed: Any = UNKNOWN,
    prepare: Any = None,
    setup: Any = None,
    generated: bool = False,
) -> Any:
    """Call a custom Function on its arguments as they are; `computed` are the outputs if known.

    `setup` stands for the class's `setup_context`. `prepare(outputs)` is called before it. It
    answers None, or a function that gives outputs that are on the graph their tangents: it is
    called with the node, the outputs, and those among them that were written and that are constant.
    """
    node = FunctionNode(class_, args)
    node.generated = generated
    records = runtime.grad_enabled and any(node.needs_input_grad)
    if records:
        edges = [fresh_edge(value) if isinstance(value, Tensor) else None for value in args]
        numbers = [
            value.number if edge is not None else 0 for value, edge in zip(args, edges, strict=True)
        ]
        node.edges = tuple(edges)
        node.numbers = tuple(numbers) if any(numbers) else None
    separate = has_setup(class_)
    with no_grad():
        outputs = computed
        if computed is UNKNOWN:
            outputs = class_.forward(*args) if separate else class_.forward(node, *args)
        push = None if prepare is None else prepare(outputs)
        if separate:
            (setup or class_.setup_context)(node, args, outputs)
    originals = outputs if isinstance(outputs, tuple) else (outputs,)
    kept = _listed_to_save(node, records and not generated)
    as_is = (*kept, *(node.saved_for_forward or ())) if separate else ()
    constant = _told(
        node,
        "non_differentiable",
        "mark_non_differentiable only accepts variable arguments, but got ",
    )
    dirty = _told(node, "dirty_tensors", "mark_dirty can only accept variables, but argument ")
    results, written = _wrap(node, args, originals, records, as_is, constant, dirty)
    if generated:  # the levels below, which record nothing, have passed by now
        _listed_to_save(node, records)
    if push is not None:
        plain = results
        results = push(node, results, dirty, constant)
        if records:  # a saved output is differentiated with its tangents
            kept = tuple(_pushed(item, plain, results) for item in kept)
    if records:
        _save(node, kept)
    node.to_save = node.saved_for_forward = None
    for view in written:
        position = next(index for index, value in enumerate(args) if value is view)
        operations.rebase(view, node, position)
    return tuple(results) if isinstance(outputs, tuple) else results[0]


_SAVED_AS_IS = (
    "An input that has been returned as-is as output is being saved for backward. This is not "
    "supported if you override setup_context. You should return and save a view of the input "
    "instead, e.g. with x.view_as(x) or setup ctx inside the forward function itself."
)
_DIRTY_VIEW = (
    "If your Function modifies inplace an input that is a view of another Tensor, your Function "
    "cannot return more than one Tensor. This is not supported by the current autograd engine. You "
    "should either make sure the input is not a view (using .clone() for example) or make your "
    "Function only return one Tensor (potentially splitting it into two Functions: one doing the "
    "inplace that returns a single Tensor and a second one that does the other operations). You "
    "can ask on the forum https://discuss.pytorch.org/ if you need help to do this change."
)
DIRTY_OUTPUT = (
    "ctx.mark_dirty() received a tensor that was not an input. Only input Tensors that have been "
    "mutated should be passed to ctx.mark_dirty()."
)


def _told(node: FunctionNode, name: str, refusal: str) -> tuple[Tensor, ...]:
    """The tensors that `forward` named under an attribute of the context, which is cleared."""
    found = getattr(node, name)
    setattr(node, name, None)
    if found is None:
        return ()
    _check_tuple(found, name)
    for item in found:
        if not isinstance(item, Tensor):
            raise RuntimeError(refusal)
    return found  # type: ignore[no-any-return]


def _check_tuple(value: Any, name: str) -> None:
    if not isinstance(value, tuple):
        raise RuntimeError(
            f"autograd internal error: {name} attribute is expected to be a tuple but is "
        )


def _is_among(tensor: Any, tensors: Sequence[Any]) -> bool:
    return any(tensor is item for item in tensors)


def _wrap(
    node: FunctionNode,
    args: Sequence[Any],
    originals: Sequence[Any],
    records: bool,
    saved: Sequence[Any],
    constant: Sequence[Tensor],
    dirty: Sequence[Tensor],
) -> tuple[list[Any], list[Tensor]]:
    """The outputs that the caller gets, on the graph when the call is recorded.

    Views among them that were written are listed once more: they follow when all is saved. No
    input may be among the outputs and among those `saved` apart from `forward`.
    """
    for tensor in dirty:
        version_of(tensor).bump(runtime.where)
    live = [
        records
        and isinstance(original, Tensor)
        and original.dtype.differentiable
        and not _is_among(original, constant)
        for original in originals
    ]
    if records:
        _describe_outputs(node, originals)
    results = list(originals)
    written = []
    for index, original in enumerate(originals):
        if not isinstance(original, Tensor):
            continue
        is_input = _is_among(original, args)
        is_dirty = _is_among(original, dirty)
        if is_input and not is_dirty and (live[index] or not requires_grad(original)):
            if any(_stands_for(item, original) for item in saved):
                raise RuntimeError(_SAVED_AS_IS)
            results[index] = _view_of_itself(original)
        elif not live[index] and requires_grad(original):
            if is_input:
                results[index] = detach(original)
            elif original.view_info is None:
                original.node, original.number = None, 0
        if live[index]:
            if is_dirty:
                _check_written(original, is_input, len(originals))
            if not is_dirty:
                _put(node, results[index], index)
            elif original.view_info is not None:
                written.append(original)
            else:
                if original.meta is not None:
                    original.meta.grad = None
                operations.rebase(original, node, -1, index + 1 if node.count > 1 else 0)
        view = results[index].view_info
        if view is not None and not (is_input and is_dirty):
            view.kind = "custom"
    if sum(live) > 1:
        for result in results:
            if isinstance(result, Tensor) and result.view_info is not None:
                result.view_info.kind = "multiple"
    if not all(_is_among(tensor, originals) for tensor in dirty):
        raise RuntimeError(
            "Some elements marked as dirty during the forward method were not returned as "
            "output. The inputs that are modified inplace must all be outputs of the Function."
        )
    return results, written


def _stands_for(saved: Any, original: Tensor) -> bool:
    """Whether a saved tensor is this one, or the batched tensor that wraps it."""
    level = saved.level if isinstance(saved, Tensor) else None
    return saved is original or (level is not None and level.value is original)


def _describe_outputs(node: FunctionNode, originals: Sequence[Any]) -> None:
    node.number = next_number()
    node.output_info = tuple(
        (shape_of(item), item.dtype) if isinstance(item, Tensor) else None for item in originals
    )
    node.count = max(len(originals), 1)
    shapes = [((), float32) if info is None else info for info in node.output_info]
    if node.count == 1:
        node.shape, node.dtype = shapes[0] if shapes else ((), float32)
    else:
        node.shape = tuple(shape for shape, _ in shapes)
        node.dtype = tuple(dtype for _, dtype in shapes)


def _put(node: FunctionNode, result: Tensor, index: int) -> None:
    """Let an output stand for the node."""
    result.node = node
    result.number = 0 if node.count == 1 else index + 1
    if result.view_info is not None:
        result.view_info.clock = version_of(result).clock


def _view_of_itself(tensor: Tensor) -> Tensor:
    """What stands for an input that was returned as it is, so that a node can be put on it."""
    result = alias(tensor)
    result.version = version_of(tensor)
    base = tensor if tensor.view_info is None else tensor.view_info.base
    result.view_info = View(base, "custom", result.version.clock)
    return result


def _check_written(tensor: Tensor, is_input: bool, outputs: int) -> None:
    """Raise PyTorch's error for a tensor that `forward` wrote and that may not be written."""
    if requires_grad(tensor) and (tensor.node is None or tensor.node.number < 0):
        raise RuntimeError(
            "a leaf Variable that requires grad has been used in an in-place operation."
        )
    if not is_input:
        warnings.warn(DIRTY_OUTPUT, UserWarning, stacklevel=2)
    if tensor.view_info is None:
        return
    if not is_input:
        raise RuntimeError(DIRTY_OUTPUT)
    if outputs > 1:
        raise RuntimeError(_DIRTY_VIEW)
    operations.check_view(tensor)


def _listed_to_save(node: FunctionNode, records: bool) -> tuple[Any, ...]:
    """What `save_for_backward` was given; when it will be saved, all are tensors or None."""
    if node.to_save is None:
        return ()
    _check_tuple(node.to_save, "to_save")
    for position, item in enumerate(node.to_save):
        if records and item is not None and not isinstance(item, Tensor):
            raise TypeError(
                f"save_for_backward can only save variables, but argument {position} is of type "
                f"{type(item).__name__}"
            )
    return node.to_save  # type: ignore[no-any-return]


def _pushed(saved: Any, plain: Sequence[Any], results: Sequence[Any]) -> Any:
    """What was saved, or the result with tangents that an output among it became."""
    return next((own for own, one in zip(results, plain, strict=True) if one is saved), saved)


def _save(node: FunctionNode, kept: Sequence[Tensor | None]) -> None:
    """Keep tensors for the backward pass."""
    if packers:
        from .packing import pack
    saved: list[Any] = []
    guards: list[Any] = []
    for tensor in kept:
        guard: tuple[Any, int] = (None, 0)
        if tensor is None:
            saved.append(None)
        elif packers:
            is_output = tensor.node is node
            edge = fresh_edge(tensor)
            saved.append(pack(alias(tensor) if is_output else tensor, edge, tensor.number))
        else:
            version = version_of(tensor)
            saved.append(_Output(tensor) if tensor.node is node else tensor)
            guard = version, version.clock
        guards.extend(guard)
    node.saved = tuple(saved)
    node.guards = tuple(guards)  # also where nothing was saved: a pass frees the node


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

    def apply(self, g: Any, wanted: Any, traced: bool) -> Sequence[Any]:
        raise RuntimeError(self.message)


InplaceFunction = Function
