"""Whether a program's text lets it run for many records at once, under vmap.

What a tensor would tell Python (a branch on its value, `.item()`, a shape that depends on values)
and random draws are refused by vmap itself, when it runs. The text answers for what vmap lets
through: what shows a tensor as text, asks for its place in memory or in the graph, makes leaves,
writes or keeps something, or catches the refusal.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from gradcli.language.syntax import nodes
from gradcli.table.names import SPACES, marked

_STATEMENTS = (nodes.Try, nodes.JoinedStr)

# Modules that only compute.
_MODULES = frozenset(
    (
        *("torch", "math", "cmath", "functools", "itertools", "operator", "collections", "typing"),
        *("dataclasses", "__future__", "numbers", "abc", "enum"),
    )
)

_BOTH = (
    *("print", "emit", "str", "repr", "format", "type", "id", "hash", "param", "grad", "jvp"),
    *("vjp", "jacobian", "hessian", "hvp", "vmap", "jacrev", "jacfwd", "grad_and_value"),
    *("autograd", "inference_mode", "is_grad_enabled", "random", "backward", "requires_grad_"),
    *("checkpoint", "compile", "profiler", "utils", "data_ptr", "get_rng_state", "numpy"),
)
_NAMES = frozenset(
    (
        *_BOTH,
        *("getattr", "setattr", "hasattr", "delattr", "vars", "globals", "locals", "dir"),
        *("eval", "exec", "open", "input", "time", "is_tensor"),
    )
)
_ATTRIBUTES = frozenset(
    (
        *_BOTH,
        *("grad_fn", "requires_grad", "data", "register_hook", "retain_grad", "is_leaf"),
        *("storage", "untyped_storage", "storage_offset", "join", "stride", "is_contiguous"),
        *("detach_", "share_memory_", "register_post_accumulate_grad_hook", "retains_grad"),
        *("output_nr", "names", "is_inference", "memory_format"),
    )
)
_HIDDEN = ("__init__", "__call__")
_STATE = ("set_", "register_", "use_")  # what such functions change outlives their record


@cache
def _unmapped() -> frozenset[str]:
    """The names of entries that a mapped program cannot have."""
    return frozenset[str]().union(*(marked("mapped:", space) for space in SPACES))


def _refused(name: str, names: frozenset[str]) -> bool:
    return name in names or name in _unmapped() or name.startswith(_STATE)


def _refused_attribute(name: str) -> bool:
    hidden = name.startswith("_") and name not in _HIDDEN
    return hidden or _refused(name, _ATTRIBUTES)


def _imported(node: nodes.Import | nodes.ImportFrom) -> bool:
    """Whether an import leads only to modules and names that a mapped program can have."""
    if isinstance(node, nodes.ImportFrom):
        first, *inner = (node.module or "").split(".")
        names = [alias.name for alias in node.names]
        if any(_refused(name, _NAMES) or _refused_attribute(name) for name in (*inner, *names)):
            return False
        return first in _MODULES
    for alias in node.names:
        first, *inner = alias.name.split(".")
        if first not in _MODULES or any(map(_refused_attribute, inner)):
            return False
    return True


def mappable(tree: nodes.Node) -> bool:
    """Whether nothing in a program's text speaks against running it under vmap."""
    stack: list[Any] = [tree]
    while stack:
        node = stack.pop()
        if isinstance(node, tuple):
            stack.extend(node)
            continue
        if not isinstance(node, nodes.Node):
            continue
        if isinstance(node, _STATEMENTS):
            return False
        if isinstance(node, nodes.Import | nodes.ImportFrom) and not _imported(node):
            return False
        if isinstance(node, nodes.Name) and _refused(node.id, _NAMES):
            return False
        if isinstance(node, nodes.Attribute) and _refused_attribute(node.attr):
            return False
        if isinstance(node, nodes.FunctionDef) and node.name in ("__exit__", "__repr__", "__str__"):
            return False
        if isinstance(node, nodes.Constant) and _formats(node.value):
            return False
        stack.extend(value for _, value in node.fields())
    return True


def _formats(value: object) -> bool:
    """Whether a constant is a text that other values can be written into."""
    return isinstance(value, str | bytes) and any(mark in str(value) for mark in "%{")
