"""Reverse-mode transforms: grad, grad_and_value, vjp, jacrev.

Note: a transform differentiates with respect to fresh aliases of its arguments, so that nested
transforms cannot confuse each other's inputs: the alias of a tensor that is on a graph, or carries
a level, is connected to it by a node, and everything outside is reached through that node.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from ..autograd import api, engine
from ..autograd.basis import basis_of
from ..autograd.directions import cotangent_mismatch
from ..autograd.leaf import fresh_edge, requires_grad_
from ..autograd.trees import flatten, map_tree, outlined, unflatten
from ..table.formulas import traced
from ..table.levels import run as levels
from ..tensor.runtime import runtime
from ..tensor.tensor import Tensor, alias, constant, shape_of


def _parts(tensor: Tensor) -> Iterator[Tensor]:
    """A tensor, what it wraps and the tangents it carries: each has a graph of its own."""
    yield tensor
    level = tensor.level
    if level is not None:
        if level.value is not None:
            yield from _parts(level.value)
        for tangent in (level.tangents or {}).values():
            yield from _parts(tangent)


def _track(tensor: Any, depth: int) -> Tensor:
    if not isinstance(tensor, Tensor):
        raise ValueError(f"Thing passed to transform API must be Tensor, got {type(tensor)}")
    if not tensor.dtype.differentiable:
        raise RuntimeError("only Tensors of floating point dtype can require gradients")
    if fresh_edge(tensor) is not None:
        copy: Tensor = traced._alias(tensor)
        if copy.level is None or copy.level.value is None:
            copy.version = tensor.version
    else:
        copy = requires_grad_(alias(tensor))
    copy.born = levels.wrapped_at(tensor.born, depth)
    levels.arguments[copy.node] = depth
    return copy


class Tracking:
    """One reverse-mode level: `aliases` of the `originals` are what it differentiates by."""

    __slots__ = ("aliases", "depth", "enabled", "originals")

    running = 0  # how many there are

    def __init__(self) -> None:
        self.aliases: list[Tensor] = []
        self.originals: list[Tensor] = []

    def __enter__(self) -> Tracking:
        self.enabled = runtime.grad_enabled
        runtime.grad_enabled = True
        self.depth = levels.enter("grad")
        Tracking.running += 1
        return self

    def __exit__(self, *details: object) -> None:
        levels.leave()
        Tracking.running -= 1
        runtime.grad_enabled = self.enabled

    def track(self, tree: Any) -> Any:
        """Fresh aliases of the tensors in `tree`."""

        def track(leaf: Any) -> Tensor:
            copy = _track(leaf, self.depth)
            self.aliases.append(copy)
            self.originals.append(leaf)
            return copy

        return map_tree(track, tree)

    def outside(self, tensor: Tensor) -> bool:
        """Whether anything outside this level can ask for gradients of `tensor`."""
        if not self.enabled and Tracking.running <= 1:
            return False
        return any(
            node.number < 0 and levels.arguments.get(node, 0) < self.depth
            for part in _parts(tensor)
            for node in levels.reachable(fresh_edge(part))
        )

    def release(self, tree: Any) -> Any:
        """Results as the outside sees them: off the graph unless something outside is on it."""

        def leave(leaf: Any) -> Any:
            for copy, original in zip(self.aliases, self.originals, strict=True):
                if leaf is copy:
                    return original
            if not isinstance(leaf, Tensor):
                return leaf
            if fresh_edge(leaf) is not None and not self.outside(leaf):
                leaf = _without_node(leaf)
            return levels.seen_from_outside(leaf, self.depth)

        return map_tree(leave, tree)


def _without_node(tensor: Tensor) -> Tensor:
    if tensor.level is not None and tensor.level.value is not None:  # its values are on it too
        return levels.detach(tensor)
    return alias(tensor)


def _pull(
    tracking: Tracking,
    outputs: Sequence[Tensor],
    cotangents: Sequence[Tensor],
    inputs: Sequence[Tensor],
) -> list[Tensor]:
    """The vjp of one level, recorded when somebody outside may differentiate it."""
    live = [
        (output, cotangent)
        for output, cotangent in zip(outputs, cotangents, strict=True)
        if fresh_edge(output) is not None
    ]
    results: list[Any] = [None] * len(inputs)
    if live:
        create_graph = any(
            tracking.outside(output) or tracking.outside(cotangent) for output, cotangent in live
        )
        results = engine.run(
            [(fresh_edge(output), output.number, cotangent) for output, cotangent in live],
            create_graph=create_graph,
            retain_graph=True,
            inputs=[(fresh_edge(item), item.number) for item in inputs],
            accumulate=False,
        )
    return [
        constant(shape_of(item), item.dtype) if result is None else result
        for result, item in zip(results, inputs, strict=True)
    ]


def selected(args: Sequence[Any], argnums: int | Sequence[int]) -> Any:
    """The argument, or the tuple of arguments, that `argnums` numbers. Raises RuntimeError."""
    if isinstance(argnums, int):
        return args[_argument(argnums, len(args))]
    if not isinstance(argnums, tuple):
        raise RuntimeError(f"argnums must be int or Tuple[int, ...], got: {type(argnums)}")
    if not argnums:
        raise RuntimeError("argnums must be non-empty")
    if all(type(number) is int for number in argnums) and len(set(argnums)) != len(argnums):
        raise RuntimeError(f"argnums elements must be unique, got {runtime.text(argnums)}")
    return tuple(args[_argument(number, len(args))] for number in argnums)


def _argument(number: Any, count: int) -> int:
    if not isinstance(number, int):
        raise RuntimeError(f"argnum must be an int, got: {type(number)}")
    if not -count <= number < count:
        raise RuntimeError(f"Got argnum={number}, but only {count} positional inputs")
    return number % count


def replaced(args: Sequence[Any], argnums: int | Sequence[int], values: Any) -> list[Any]:
    """A list of the arguments, those that `argnums` numbers exchanged for `values`."""
    new = list(args)
    if isinstance(argnums, int):
        new[_argument(argnums, len(args))] = values
    else:
        for number, value in zip(argnums, values, strict=True):
            new[_argument(number, len(args))] = value
    return new


def split_aux(result: Any, has_aux: bool, what: str) -> tuple[Any, Any]:
    """The result of a function and what it gives beside it, or None.

    Raises RuntimeError when `has_aux` was promised and the result is no pair, or holds no tensors.
    """
    if not has_aux:
        return result, None
    if not (isinstance(result, tuple) and len(result) == 2):
        raise RuntimeError(
            f"{what}: output of function f should be a tuple: (output, aux) if has_aux is True"
        )
    for leaf in flatten(result[1])[0]:
        if not isinstance(leaf, Tensor):
            raise RuntimeError(f"Expected tensors, got unsupported type {type(leaf)}")
    return result


def check_outputs(outputs: Sequence[Any], what: str) -> None:
    """Raise RuntimeError unless a function gave tensors, one at least, and nothing else."""
    if not outputs or (len(outputs) == 1 and outputs[0] is None):
        raise RuntimeError(
            f"{what}: Expected f to be a function that has non-empty output (got output = "
            f"{list(outputs)})"
        )
    for item in outputs:
        if not isinstance(item, Tensor):
            raise RuntimeError(
                f"{what}: expected f(*primals) to return only tensors, got unsupported type "
                f"{type(item)}"
            )


def grad_and_value(
    func: Callable[..., Any], argnums: int | Sequence[int] = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """A function that returns the gradient of `func` and its value."""

    def wrapper(*args: Any, **kwargs: Any) -> Any:
        with Tracking() as tracking:
            chosen = selected(args, argnums)
            tracked = tracking.track(chosen)
            result = func(*replaced(args, argnums, tracked), **kwargs)
            output, aux = split_aux(result, has_aux, "grad_and_value(f)(*args)")
            _check_scalar(output)
            leaves, structure = flatten(tracked)
            places = [i for i, leaf in enumerate(leaves) if isinstance(leaf, Tensor)]
            inputs = [leaves[i] for i in places]
            grads = _pull(tracking, [output], [levels.ones_like(output)], inputs)
            for place, grad in zip(places, grads, strict=True):
                leaves[place] = grad
            grads_tree = tracking.release(unflatten(leaves, structure))
            output = tracking.release(output)
            aux = tracking.release(aux)
        return (grads_tree, (output, aux)) if has_aux else (grads_tree, output)

    return wrapper


def _check_scalar(output: Any) -> None:
    if not isinstance(output, Tensor):
        raise RuntimeError(
            f"grad_and_value(f)(*args): Expected f(*args) to return a Tensor, got {type(output)}"
        )
    if shape_of(output):
        raise RuntimeError(
            f"grad_and_value(f)(*args): Expected f(*args) to return a scalar Tensor, got tensor "
            f"with {len(shape_of(output))} dims. Maybe you wanted to use the vjp or jacrev APIs "
            "instead?"
        )
    if output.dtype.is_complex:
        raise RuntimeError(api.IMPLICIT_COMPLEX.format(output.dtype))


def refuse_complex(name: str, tree: Any, what: str) -> None:
    """Raise PyTorch's error for a Jacobian by a complex tensor, or of one."""
    for index, leaf in enumerate(flatten(tree)[0]):
        if isinstance(leaf, Tensor) and leaf.dtype.is_complex:
            raise RuntimeError(
                f"{name}: Expected all {what} to be real but received complex tensor at flattened "
                f"input idx: {index}"
            )


def grad(
    func: Callable[..., Any], argnums: int | Sequence[int] = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """A function that returns the gradient of `func`, which returns a scalar."""
    both = grad_and_value(func, argnums, has_aux)

    def wrapper(*args: Any, **kwargs: Any) -> Any:
        grads, value = both(*args, **kwargs)
        return (grads, value[1]) if has_aux else grads

    return wrapper


def vjp(func: Callable[..., Any], *primals: Any, has_aux: bool = False) -> Any:
    """The value of `func`, and a function from cotangents to the vjp."""
    with Tracking() as tracking:
        tracked = tracking.track(primals)
        output, aux = split_aux(func(*tracked), has_aux, "vjp(f, *primals)")
        outputs, structure = flatten(output)
        check_outputs(outputs, "vjp(f, *primals)")
        for item in outputs:
            if not item.dtype.differentiable:
                raise RuntimeError(
                    "vjp(f, ...): All outputs of f must be floating-point or complex Tensors, got "
                    f"Tensor with dtype {item.dtype!r}"
                )
    inputs, in_structure = flatten(tracked)
    tensors = [leaf for leaf in inputs if isinstance(leaf, Tensor)]

    def pull(cotangents: Any, retain_graph: bool = True, create_graph: bool | None = None) -> Any:
        listed, given_structure = flatten(cotangents)
        if given_structure != structure:
            raise RuntimeError(
                "Expected pytree structure of cotangents to be the same as pytree structure of "
                f"outputs to the function. cotangents: {outlined(given_structure)}, primal "
                f"output: {outlined(structure)}"
            )
        for index, (item, cotangent) in enumerate(zip(outputs, listed, strict=True)):
            if not isinstance(cotangent, Tensor):
                raise TypeError(
                    f"gradients can be either Tensors or None, but got {type(cotangent).__name__}"
                )
            if shape_of(cotangent) != shape_of(item):
                raise RuntimeError(cotangent_mismatch(shape_of(cotangent), shape_of(item), index))
        grads = iter(_pull(tracking, outputs, listed, tensors))
        filled = [next(grads) if isinstance(leaf, Tensor) else leaf for leaf in inputs]
        return tracking.release(unflatten(filled, in_structure))

    pull.__name__ = "wrapper"  # as it shows itself in PyTorch, and its errors do
    pull.__qualname__ = "_vjp_with_argnums.<locals>.wrapper"
    output = tracking.release(output)
    return (output, pull, tracking.release(aux)) if has_aux else (output, pull)


def jacrev(
    func: Callable[..., Any],
    argnums: int | Sequence[int] = 0,
    *,
    has_aux: bool = False,
    chunk_size: int | None = None,
    _preallocate_and_copy: bool = False,
) -> Callable[..., Any]:
    """A function that returns the Jacobian of `func` by reverse mode, all rows at once."""

    if chunk_size is not None and chunk_size <= 0:
        raise ValueError("jacrev: `chunk_size` should be greater than 0.")

    def wrapper(*args: Any) -> Any:
        refuse_complex("jacrev", args, "inputs")
        chosen = selected(args, argnums)

        def inner(*values: Any) -> Any:
            return func(*replaced(args, argnums, values[0]))

        result = vjp(inner, chosen, has_aux=has_aux)
        output, pull = result[0], result[1]
        refuse_complex("jacrev", output, "outputs")
        outputs, out_structure = flatten(output)
        jacobians = []
        for index, item in enumerate(outputs):
            basis = basis_of(item)

            def rows(v: Tensor, index: int = index) -> Any:
                cotangents = [
                    v if i == index else constant(shape_of(o), o.dtype)
                    for i, o in enumerate(outputs)
                ]
                return pull(unflatten(cotangents, out_structure))[0]

            from .batched import vmap

            stacked = vmap(rows, chunk_size=chunk_size)(basis)
            shape = shape_of(item)
            jacobians.append(
                map_tree(
                    lambda leaf, shape=shape: traced.reshape(leaf, shape + shape_of(leaf)[1:]),
                    stacked,
                )
            )
        jacobian = unflatten(jacobians, out_structure)
        return (jacobian, result[2]) if has_aux else jacobian

    return wrapper
