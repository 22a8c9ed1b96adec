"""What the text of a program says about its own error: the lines that cut a result off."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gradcli.language.errors.program_error import Label, ProgramError
from gradcli.language.syntax import nodes

from .cuts import Piece, cure, cuts, origins

MOST = 3  # places that are marked


def mark_cuts(error: ProgramError, pieces: Sequence[Piece]) -> None:
    """Mark where the result of a backward pass that nothing requires lost its graph.

    `pieces` are the texts that ran before; of the error's own text what stands before it counts.
    """
    if "does not require grad and does not have a grad_fn" not in error.title:
        return
    result = _result(error.node)
    if result is None:
        return
    before: list[Piece] = []
    for tree, source in pieces:
        if isinstance(tree, nodes.Module) and source is error.source:
            kept = tuple(item for item in tree.body if item.span.start < error.span.start)
            tree = nodes.Module(kept, tree.span)
        before.append((tree, source))
    name = result.id if isinstance(result, nodes.Name) else ""
    if not name:
        before.append((nodes.Expression(result, result.span), error.source))
    found = cuts(before, "", name)[:MOST]
    help = cure(found)
    if not found:
        found = origins(before, name)[:MOST]
        help = "x.requires_grad_(), before anything is made from x, or requires_grad=True does it"
    for cut in found:
        error.labels.append(Label(cut.source, cut.span, cut.reason))
    if found:
        error.help = "nothing leads from it to a tensor with requires_grad=True"
        if help:
            error.help = f"{error.help}: {help}"


def _result(node: Any) -> Any:
    """The expression that a call differentiates: `y` of `y.backward()` and of `grad(y, x)`."""
    if not isinstance(node, nodes.Call):
        return None
    if (
        isinstance(node.func, nodes.Attribute)
        and node.func.attr == "backward"
        and not (
            isinstance(node.func.value, nodes.Attribute) and node.func.value.attr == "autograd"
        )
    ):
        return node.func.value
    first = node.args[0] if node.args else None
    if isinstance(first, nodes.Tuple | nodes.List) and first.elts:
        return first.elts[0]
    return first
