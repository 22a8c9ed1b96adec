"""Forward-mode transforms: jvp, jacfwd, linearize; and hessian."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..autograd.basis import basis_of
from ..autograd.forward_ad import check_tangent
from ..autograd.leaf import fresh_edge
from ..autograd.operations import operations
from ..autograd.trees import described, flatten, map_tree, unflatten
from ..table.formulas import traced
from ..table.levels import run as levels
from ..tensor.tensor import Tensor, constant, shape_of
from .reverse import check_outputs, jacrev, refuse_complex, replaced, selected, split_aux


def jvp(
    func: Callable[..., Any],
    primals: Any,
    tangents: Any,
    *,
    strict: bool = False,
    has_aux: bool = False,
) -> Any:
    """The value of `func` and its derivative in the direction of `tangents`."""
    output, *others = _jvp(func, primals, tangents, has_aux)
    viewed = [map_tree(_seen_from_outside, tree) for tree in (output, *others[1:])]
    return (viewed[0], others[0], *viewed[1:])


def _seen_from_outside(tensor: Tensor) -> Tensor:
    """The primal part as a result of its own, which it is where it is on a graph."""
    inner = tensor
    while inner.level is not None and inner.level.value is not None:
        inner = inner.level.value
    return tensor if fresh_edge(inner) is None else traced._alias(tensor)


def _jvp(
    func: Callable[..., Any],
    primals: Any,
    tangents: Any,
    has_aux: bool = False,
    only_tensors: bool = True,
) -> Any:
    """As `jvp`; the value is what `func` made itself, if need be of tensors only."""
    if not isinstance(primals, tuple):
        raise RuntimeError(
            "jvp(f, primals, tangents): Expected primals to be a tuple. E.g. it should be valid "
            "to call f(*primals)."
        )
    flat, structure = flatten(primals)
    directions, other = flatten(tangents)
    if structure != other:
        raise RuntimeError(
            "jvp(f, primals, tangents): Expected primals and tangents to have the same python "
            f"structure. For example, if primals is a tuple of 3 tensors, tangents also must be. "
            f"Got primals with structure {described(structure)} and tangents with structure "
            f"{described(other)}"
        )
    if not flat:
        raise RuntimeError(
            "jvp(f, primals, tangents): Expected primals to contain at least one Tensor."
        )
    for name, leaves in (("primals", flat), ("tangents", directions)):
        for leaf in leaves:
            if not isinstance(leaf, Tensor):
                raise RuntimeError(
                    f"jvp(f, primals, tangents): Expected {name} to only contain Tensors, got "
                    f"{type(leaf)}"
                )
    for primal, tangent in zip(flat, directions, strict=True):
        check_tangent(primal, tangent)
    depth = levels.enter("jvp")
    try:
        duals = [
            levels.with_tangent(_seen_from_outside(primal), tangent, depth)
            for primal, tangent in zip(flat, directions, strict=True)
        ]
        result, aux = split_aux(
            func(*unflatten(duals, structure)), has_aux, "jvp(f, primals, tangents)"
        )
        outputs, out_structure = flatten(result)
        if only_tensors:
            check_outputs(outputs, "jvp(f, primals, tangents)")
        values = [_outside(_plain(item, depth), depth) for item in outputs]
        derivatives = [_outside(_tangent(item, depth), depth) for item in outputs]
        aux = map_tree(lambda leaf: _outside(levels.below(leaf, depth), depth), aux)
    finally:
        levels.leave()
    pair = unflatten(values, out_structure), unflatten(derivatives, out_structure)
    return (*pair, aux) if has_aux else pair


def _plain(item: Any, depth: int) -> Any:
    return levels.below(item, depth) if isinstance(item, Tensor) else item


def _outside(value: Any, depth: int) -> Any:
    return levels.seen_from_outside(value, depth) if isinstance(value, Tensor) else value


def _tangent(tensor: Any, depth: int) -> Any:
    if not isinstance(tensor, Tensor):
        return None
    tangent = levels.tangent_at(tensor, depth)
    if tangent is None:
        return constant(shape_of(tensor), tensor.dtype)
    return tangent


def jacfwd(
    func: Callable[..., Any],
    argnums: int | Sequence[int] = 0,
    has_aux: bool = False,
    *,
    randomness: str = "error",
) -> Callable[..., Any]:
    """A function that returns the Jacobian of `func` by forward mode, all columns at once."""

    def wrapper(*args: Any) -> Any:
        refuse_complex("jacfwd", args, "inputs")
        chosen = selected(args, argnums)
        flat, structure = flatten(chosen)
        for item in flat:
            if not isinstance(item, Tensor):
                raise AttributeError(f"{type(item).__name__!r} object has no attribute 'numel'")
        columns: list[Any] = []
        aux: Any = None
        for index, item in enumerate(flat):
            basis = basis_of(item)

            def push(v: Tensor, index: int = index) -> Any:
                def inner(*values: Any) -> Any:
                    return func(*replaced(args, argnums, unflatten(values, structure)))

                directions = tuple(
                    v if i == index else constant(shape_of(p), p.dtype) for i, p in enumerate(flat)
                )
                result = _jvp(inner, tuple(flat), directions, has_aux)
                return result[1:] if has_aux else result[1]

            from .batched import vmap

            places = (-1, None) if has_aux else -1
            stacked = vmap(push, out_dims=places, randomness=randomness)(basis)
            if has_aux:
                stacked, aux = stacked
            refuse_complex("jacfwd", stacked, "outputs")
            shape = shape_of(item)
            columns.append(map_tree(lambda leaf, shape=shape: _spread(leaf, shape), stacked))
        if structure is None:
            jacobian = columns[0]
        else:
            outputs = [flatten(column) for column in columns]
            out_structure = outputs[0][1]
            jacobian = unflatten(
                [
                    unflatten([column[0][i] for column in outputs], structure)
                    for i in range(len(outputs[0][0]))
                ],
                out_structure,
            )
        return (jacobian, aux) if has_aux else jacobian

    return wrapper


def _spread(columns: Any, shape: tuple[int, ...]) -> Any:
    """The columns along the last dimension, laid out in the shape of the input."""
    if not shape:
        return traced.squeeze_dim(columns, -1)
    return traced.view(columns, shape_of(columns)[:-1] + shape)


def hessian(func: Callable[..., Any], argnums: int | Sequence[int] = 0) -> Callable[..., Any]:
    """A function that returns the Hessian of `func`: forward over reverse."""
    return jacfwd(jacrev(func, argnums), argnums)


def linearize(func: Callable[..., Any], *primals: Any) -> tuple[Any, Callable[..., Any]]:
    """The value of `func`, and its derivative as a function of tangents."""
    flat, structure = flatten(primals)
    for leaf in flat:
        if not isinstance(leaf, Tensor):
            raise AttributeError(f"{type(leaf).__name__!r} object has no attribute 'new_empty'")
    zeros = map_tree(lambda p: constant(shape_of(p), p.dtype), primals)
    output, _ = _jvp(func, primals, zeros, only_tensors=False)

    def jvp_fn(*tangents: Any) -> Any:
        directions, given = flatten(tangents)
        if given != structure:
            raise RuntimeError(
                f"Expected the tangents {described(given)} to have the same argspec as the primals "
                f"{described(structure)}"
            )
        for index, (primal, tangent) in enumerate(zip(flat, directions, strict=True)):
            if shape_of(tangent) != shape_of(primal):
                raise RuntimeError(
                    f"tangent:{index} with shape torch.Size({list(shape_of(tangent))}) in "
                    "flattened pytree doesn't match the shape "
                    f"torch.Size({list(shape_of(primal))}) of the corresponding primal."
                )
        value, change = _jvp(func, primals, tangents)
        values, outline = flatten(value)
        changes = [
            operations.cast(tangent, item.dtype) if tangent.dtype is not item.dtype else tangent
            for item, tangent in zip(values, flatten(change)[0], strict=True)
        ]
        return unflatten(changes, outline)

    return output, jvp_fn
