"""Nested tuples, lists and dicts of tensors, as the transforms take and return them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..tensor.runtime import runtime


def flatten(tree: Any) -> tuple[list[Any], Any]:
    """The leaves of `tree` in order, and its structure."""
    leaves: list[Any] = []
    return leaves, _flatten(tree, leaves)


def _flatten(tree: Any, leaves: list[Any]) -> Any:
    runtime.spend(1)  # parts that are shared count each time: a tree can be endless
    if isinstance(tree, tuple | list):
        return type(tree), [_flatten(item, leaves) for item in tree]
    if isinstance(tree, dict):
        return type(tree), [(key, _flatten(item, leaves)) for key, item in tree.items()]
    leaves.append(tree)
    return None


def unflatten(leaves: Sequence[Any], structure: Any) -> Any:
    """The tree of this structure with these leaves."""
    return _unflatten(iter(leaves), structure)


def _unflatten(leaves: Any, structure: Any) -> Any:
    if structure is None:
        return next(leaves)
    kind, items = structure
    if issubclass(kind, dict):
        return {key: _unflatten(leaves, item) for key, item in items}
    values = [_unflatten(leaves, item) for item in items]
    if hasattr(kind, "_fields"):
        return kind(*values)
    return kind(values)


def map_tree(function: Callable[..., Any], tree: Any) -> Any:
    """`tree` with `function` applied to every leaf."""
    leaves, structure = flatten(tree)
    return unflatten([function(leaf) for leaf in leaves], structure)


def outlined(structure: Any) -> str:
    """A structure as Python writes such a value, with stars for the leaves: `(*, {'k': *})`."""
    if structure is None:
        return "*"
    kind, items = structure
    if issubclass(kind, dict):
        return "{" + ", ".join(f"{key!r}: {outlined(item)}" for key, item in items) + "}"
    inside = ", ".join(outlined(item) for item in items)
    if issubclass(kind, list):
        return f"[{inside}]"
    return f"({inside},)" if len(items) == 1 else f"({inside})"


def described(structure: Any, indent: int = 0) -> str:
    """A structure as PyTorch's errors show it: each child but the first on a line of its own."""
    if structure is None:
        return "*"
    kind, items = structure
    indent += 2
    if issubclass(kind, dict):
        context, children = [key for key, _ in items], [child for _, child in items]
    else:
        context, children = None, list(items)
    texts = [described(child, indent) for child in children]
    inside = f",\n{' ' * indent}".join(texts)
    return f"TreeSpec({kind.__name__}, {context}, [{inside}])"
