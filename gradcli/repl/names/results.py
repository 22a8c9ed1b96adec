"""What stands in front of a dot, as far as it is known without running anything.

Names lead to values; calls lead to what the table says of their results, items to what a container
has there.
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Any

from gradcli.autograd.node import Node
from gradcli.language.values.functions import Function, Method
from gradcli.tensor.tensor import Size, Tensor
from gradcli.torch import namespaces

from . import lookup, modules
from .lookup import MISSING

if TYPE_CHECKING:
    from gradcli.repl.session.shell import Shell

Step = tuple[str, str]  # "name", "call", "item" or "group", and its text
_DIM = re.compile(r"^\s*(?:dim\s*=\s*)?-?\d+\s*(?:,|$)")  # a dimension as the next argument
_WORD = re.compile(r"[^\W\d]\w*")


class Some:
    """A value that is not there yet.

    `kind` is "Tensor", "tensors" for several of them, whose names may be `fields`, "node", "edges"
    for what a node has as `next_functions`, "edge" for one of them, or the class of a new object.
    """

    def __init__(self, kind: Any, fields: tuple[str, ...] = ()) -> None:
        self.kind = kind
        self.fields = fields


TENSOR = Some("Tensor")
NODE_NAMES = ["metadata", "name", "next_functions", "register_hook", "register_prehook"]


def names_behind(shell: Shell, steps: list[Step]) -> list[str]:
    """The names that can follow a dot behind these steps."""
    value = found(shell, steps)
    if value is MISSING:
        return []
    if not isinstance(value, Some):
        return lookup.attributes(value)
    if value.kind == "Tensor":
        return namespaces.tensor_names()
    if value.kind == "node":
        return NODE_NAMES
    if value.kind == "tensors":
        return [*value.fields, *lookup.attributes(())]
    return lookup.attributes(value.kind)


def found(shell: Shell, steps: list[Step]) -> Any:
    """What the steps lead to: a value, `Some`, or MISSING."""
    value: Any = MISSING
    path = ""  # the dotted name so far, while there are only names
    for place, (what, text) in enumerate(steps):
        if what == "name":
            path = f"{path}.{text}" if path else text if place == 0 else ""
            value = _named(shell, value, text, path)
        elif what == "group":
            value = _group(shell, text)
        elif what == "item":
            value, path = _item(value, text), ""
        else:
            value, path = _called(shell, steps[:place], value, path, text), ""
    return value


def _named(shell: Shell, owner: Any, name: str, path: str) -> Any:
    """An attribute of what was found so far, or the value of a plain name."""
    if path and "." not in path:
        return lookup.value(shell, name)
    if owner is TENSOR or type(owner) is Tensor:
        if name == "grad_fn":
            return _node(owner)
        if name in ("T", "mT", "H", "mH", "data", "real", "imag"):
            return TENSOR if owner is TENSOR else owner
        if name == "grad" and owner is TENSOR:
            return TENSOR
        if name == "shape":
            return Size(())
    if name == "next_functions" and (isinstance(owner, Node) or _is(owner, "node")):
        return Some("edges")
    if isinstance(owner, Some):
        return TENSOR if name in owner.fields else MISSING
    if path:
        return lookup.value(shell, path)
    return lookup.member(owner, name)


def _node(owner: Any) -> Any:
    from gradcli.autograd.leaf import fresh_edge, is_leaf

    if owner is TENSOR:
        return Some("node")
    edge = fresh_edge(owner) if owner.level is None and not is_leaf(owner) else None
    return MISSING if edge is None else edge


def _group(shell: Shell, text: str) -> Any:
    """What parentheses hold: a tensor where a name in them is one."""
    words = [match[0] for match in _WORD.finditer(text)]
    return TENSOR if any(type(shell.names.get(word)) is Tensor for word in words) else MISSING


def _item(owner: Any, text: str) -> Any:
    """What an index leads to."""
    if owner is TENSOR or type(owner) is Tensor:
        return TENSOR
    if isinstance(owner, Some):
        inside = {"tensors": TENSOR, "edges": Some("edge"), "edge": Some("node")}
        return inside.get(owner.kind, MISSING) if type(owner.kind) is str else MISSING
    try:
        key = ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return MISSING
    if modules.is_module(owner):
        inside = vars(owner).get("_modules") or {}
        if type(key) is int and key < 0:
            key += len(inside)
        return inside.get(str(key), MISSING)
    if type(owner) in (list, tuple) and type(key) is int and -len(owner) <= key < len(owner):
        return owner[key]
    if type(owner) is dict and type(key) in (str, int, bool):
        return owner.get(key, MISSING)
    return MISSING


def _is(value: Any, kind: str) -> bool:
    return isinstance(value, Some) and value.kind == kind


def _called(shell: Shell, steps: list[Step], function: Any, path: str, given: str) -> Any:
    """What a call with these arguments gives."""
    if modules.is_module(function):
        return TENSOR
    if isinstance(function, type) and modules.is_module_class(function):
        return Some(function)
    if isinstance(function, Function | Method):
        return MISSING  # of a program: only running it would tell
    last = steps[-1][1] if steps and steps[-1][0] == "name" else ""
    name = lookup.path_of(shell, path) if path else None
    if name is None and last and len(steps) > 1:
        owner = found(shell, steps[:-1])
        name = f"Tensor.{last}" if owner is TENSOR or type(owner) is Tensor else None
    return MISSING if name is None else _result(name, given)


def _result(name: str, given: str) -> Any:
    """What the table, or else the annotation of a method, says of the result of a function."""
    from gradcli.render.operations import entries

    space, _, last = name.rpartition(".")
    plain = last.rstrip("_") if space == "Tensor" else last
    found = entries(name) or entries(f"{space}.{plain}")
    along = [entry for entry in found if any(p.name == "dim" for p in entry.parameters[:2])]
    if _DIM.search(given if space == "Tensor" else given.partition(",")[2]) and along:
        found = along
    for entry in found:
        if entry.mapped == "values":
            return MISSING
        if entry.kernel is None and entry.composite is None:
            creates = entry.family.startswith("creation.")
            return TENSOR if creates else MISSING
        if entry.outputs == 1:
            return TENSOR
        return Some("tensors", entry.fields)
    if name == "Tensor.size" and not given.strip():
        return Size(())
    if space == "Tensor":
        from gradcli.torch.methods import METHODS

        told = getattr(METHODS.get(last), "__annotations__", {}).get("return")
        return TENSOR if told == "Tensor" else MISSING
    return MISSING


def keys_behind(shell: Shell, steps: list[Step]) -> list[str]:
    """The texts that are keys of the dict that the steps lead to."""
    value = found(shell, steps)
    return [key for key in value if type(key) is str] if type(value) is dict else []
