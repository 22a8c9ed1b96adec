"""vmap: a function of single examples over a whole batch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..autograd import engine
from ..autograd.operations import operations
from ..autograd.trees import described, flatten, unflatten
from ..table.formulas import traced
from ..table.levels import run as levels
from ..table.levels.batching import front
from ..table.levels.randomness import running
from ..table.shape_rules import wrap_dim
from ..tensor.runtime import runtime
from ..tensor.tensor import Tensor, shape_of


def vmap(
    func: Callable[..., Any],
    in_dims: Any = 0,
    out_dims: Any = 0,
    randomness: str = "error",
    *,
    chunk_size: int | None = None,
) -> Callable[..., Any]:
    """A function that maps `func` over an axis of its tensor arguments."""
    if randomness not in ("error", "different", "same"):
        raise RuntimeError(
            "Only allowed values for randomness are 'error', 'different', or 'same'. Got "
            f"{runtime.text(randomness)}"
        )
    if chunk_size is not None and chunk_size <= 0:
        raise ValueError(
            f"vmap: chunk_size should be None or greater than 0. (got {runtime.text(chunk_size)})"
        )

    def wrapper(*args: Any, **kwargs: Any) -> Any:
        flat, axes, structure, size = _inputs(func, in_dims, args)
        if chunk_size is None or chunk_size >= size:
            return _run(func, flat, axes, structure, size, out_dims, kwargs, randomness)
        pieces = []
        for start in range(0, size, chunk_size):
            stop = min(start + chunk_size, size)
            part = [
                leaf if axis is None else traced.narrow(leaf, axis, start, stop - start)
                for leaf, axis in zip(flat, axes, strict=True)
            ]
            length = stop - start
            pieces.append(_run(func, part, axes, structure, length, out_dims, kwargs, randomness))
        flats = [flatten(piece) for piece in pieces]
        places = _broadcast(out_dims, flats[0][1], len(flats[0][0]))
        joined = [
            traced.cat([piece[0][i] for piece in flats], place if place is not None else 0)
            for i, place in enumerate(places)
        ]
        return unflatten(joined, flats[0][1])

    return wrapper


def _name(func: Any) -> str:
    return getattr(func, "__name__", repr(func))


def _broadcast(dims: Any, structure: Any, count: int) -> list[Any]:
    """One dimension for each leaf of a tree, from a number or a tree that is its prefix."""
    if structure is None or not isinstance(dims, tuple | list | dict):
        return [dims] * count
    kind, items = structure
    if issubclass(kind, dict):
        parts = [dims[key] if isinstance(dims, dict) else dims for key, _ in items]
        children = [item for _, item in items]
    else:
        if len(dims) != len(items):
            raise ValueError(
                f"vmap: dims {runtime.text(dims, repr)} do not have the structure of the values "
                "they are for"
            )
        parts = list(dims)
        children = items
    found: list[Any] = []
    for part, child in zip(parts, children, strict=True):
        found.extend(_broadcast(part, child, _leaf_count(child)))
    return found


def _prefix(dims: Any, structure: Any) -> bool:
    """Whether a tree of dimensions fits on a tree of values: a number stands for a whole branch."""
    if dims is None:
        return True
    if structure is None or dims[0] is not structure[0] or len(dims[1]) != len(structure[1]):
        return False
    if issubclass(structure[0], dict):
        if [key for key, _ in dims[1]] != [key for key, _ in structure[1]]:
            return False
        pairs = [(a[1], b[1]) for a, b in zip(dims[1], structure[1], strict=True)]
    else:
        pairs = list(zip(dims[1], structure[1], strict=True))
    return all(_prefix(a, b) for a, b in pairs)


def _leaf_count(structure: Any) -> int:
    if structure is None:
        return 1
    kind, items = structure
    if issubclass(kind, dict):
        return sum(_leaf_count(item) for _, item in items)
    return sum(_leaf_count(item) for item in items)


def _inputs(func: Any, in_dims: Any, args: Any) -> tuple[list[Any], list[Any], Any, int]:
    def called() -> str:
        return f"vmap({_name(func)}, in_dims={runtime.text(in_dims)}, ...)(<inputs>)"

    if not isinstance(in_dims, int | tuple):
        raise ValueError(
            f"{called()}: expected `in_dims` to be int "
            "or a (potentially nested) tuple matching the structure of inputs, got: "
            f"{type(in_dims)}."
        )
    if not args:
        raise ValueError(
            f"vmap({_name(func)})(<inputs>): got no inputs. Maybe you forgot to add inputs, or "
            "you are trying to vmap over a function with no inputs. The latter is unsupported."
        )
    flat, structure = flatten(args)
    dims = in_dims
    if not _prefix(flatten(dims)[1], structure):
        raise ValueError(
            f"{called()}: in_dims is not compatible "
            f"with the structure of `inputs`. in_dims has structure {described(flatten(dims)[1])} "
            f"but inputs has structure {described(structure)}."
        )
    axes = _broadcast(dims, structure, len(flat))
    size = None
    sizes = []
    for index, (leaf, axis) in enumerate(zip(flat, axes, strict=True)):
        if not isinstance(leaf, Tensor):
            if axis is not None:
                raise ValueError(
                    f"{called()}: Got in_dim={runtime.text(axis)} for "
                    f"an input but the input is of type {type(leaf)}. We cannot vmap over "
                    "non-Tensor arguments, please use None as the respective in_dim"
                )
            axes[index] = None
            continue
        if axis is None:
            continue
        if not isinstance(axis, int):
            raise ValueError(
                f"{called()}: Got in_dim={runtime.text(axis)} for an "
                "input but in_dim must be either an integer dimension or None."
            )
        rank = len(shape_of(leaf))
        if not -rank <= axis < rank:
            raise ValueError(
                f"{called()}: Got in_dim={axis} for "
                f"some input, but that input is a Tensor of dimensionality {rank} so expected "
                f"in_dim to satisfy -{rank} <= in_dim < {rank}."
            )
        axes[index] = axis % rank
        sizes.append(shape_of(leaf)[axes[index]])
        if size is None:
            size = sizes[-1]
    if size is None:
        raise ValueError("vmap: Expected at least one Tensor to vmap over")
    if any(other != size for other in sizes):
        raise ValueError(
            f"vmap: Expected all tensors to have the same size in the mapped dimension, got sizes "
            f"{sizes} for the mapped dimension"
        )
    return flat, axes, structure, size


def _run(
    func: Callable[..., Any],
    flat: list[Any],
    axes: list[Any],
    structure: Any,
    size: int,
    out_dims: Any,
    kwargs: dict[str, Any],
    randomness: str,
) -> Any:
    depth = levels.enter("vmap")
    running.append((depth, randomness, size))
    try:
        batched = [
            leaf if axis is None else levels.wrap_batch(leaf, axis, depth)
            for leaf, axis in zip(flat, axes, strict=True)
        ]
        result = func(*unflatten(batched, structure), **kwargs)
    finally:
        levels.leave()
        running.pop()
    outputs, out_structure = flatten(result)
    for item in outputs:
        if not isinstance(item, Tensor):
            raise ValueError(
                f"vmap({_name(func)}, ...): `{_name(func)}` must only return Tensors, got type "
                f"{type(item)}. Did you mean to set out_dims= to None for output?"
            )
    given, dims_structure = flatten(out_dims)
    if any(dim is not None and not isinstance(dim, int) for dim in given):
        raise ValueError(
            f"vmap({_name(func)}, ..., out_dims={runtime.text(out_dims)}): `out_dims` must be an "
            "int, None or a python collection of ints representing where in the outputs the "
            "vmapped dimension should appear."
        )
    if out_structure is None and isinstance(out_dims, tuple) and len(out_dims) == 1:
        out_dims, dims_structure = out_dims[0], None
    if not _prefix(dims_structure, out_structure):
        raise ValueError(
            f"vmap({_name(func)}, ..., out_dims={runtime.text(out_dims)})(<inputs>): out_dims is "
            f"not compatible with the structure of `outputs`. out_dims has structure "
            f"{described(dims_structure)} but outputs has structure {described(out_structure)}."
        )
    places = _broadcast(out_dims, out_structure, len(outputs))
    return unflatten(
        [
            unbatch(item, depth, size, place, _name(func))
            for item, place in zip(outputs, places, strict=True)
        ],
        out_structure,
    )


def unbatch(
    tensor: Tensor, depth: int, size: int, place: int | None = 0, name: str = "f"
) -> Tensor:
    """The tensor one level out, its batch axis at `place`; repeated where it has none."""
    level = tensor.level
    if level is None or level.value is None or level.depth != depth:
        if place is None:
            return tensor
        shape = shape_of(tensor)
        if place > 0:  # PyTorch asks for this shape, in which the batch still comes first
            return traced.expand(tensor, (*shape[:place], size, *shape[place:]))  # type: ignore[no-any-return]
        value = traced.expand(tensor, (size, *shape))
    else:
        value = levels.seen_from_outside(front(level.value, level.axis), depth)
        if place is None:
            raise ValueError(
                f"vmap({name}, ...): `{name}` can not return a BatchedTensor when out_dim is None"
            )
    rank = len(shape_of(value))
    place = wrap_dim(place, rank) if place is not None else 0
    return value if place == 0 else traced.movedim(value, 0, place)  # type: ignore[no-any-return]


def batched_pass(
    roots: list[tuple[Any, int, Tensor]],
    inputs: list[tuple[Any, int]],
    create_graph: bool,
    retain_graph: bool,
) -> list[Any]:
    """One pass for a whole batch of cotangents, which have the batch axis first."""
    depth = levels.enter("vmap")
    try:
        size = shape_of(roots[0][2])[0]
        results = engine.run(
            [(edge, number, levels.wrap_batch(g, 0, depth)) for edge, number, g in roots],
            create_graph=create_graph,
            retain_graph=retain_graph,
            inputs=inputs,
            accumulate=False,
        )
    finally:
        levels.leave()
    return [None if result is None else unbatch(result, depth, size) for result in results]


operations.batched_pass = batched_pass
