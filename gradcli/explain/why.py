"""Why a tensor has the gradient that it has: none, zeros, NaN, or one that is fine.

`gradcli why` and `%why` say it in the same words. What is said comes from the graph, from what its
nodes know of where they were made and freed, and from which statements ran; where these do not
tell, nothing is said.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from gradcli.autograd.freed_values import reachable
from gradcli.autograd.leaf import fresh_edge, is_leaf, requires_grad, retains_grad
from gradcli.autograd.node import Freed
from gradcli.language.syntax import nodes
from gradcli.render.names import Names, place_of, source_place, source_text
from gradcli.tensor.tensor import META, Tensor, constant, shape_of

from .causes import brief
from .chain import Chain
from .cuts import Cut, Piece, cure, cuts, statements_that_ran
from .explanation import Explanation, extreme, not_on_graph, troubled
from .readable import readable
from .ways import entry_lines

_ARRAYS = (np.ndarray, np.generic, Tensor)  # what a pass frees of what a node saved
MOST = 3  # places of one kind that are shown


class Situation(NamedTuple):
    """Where a question is asked: the user's names, and the texts that ran.

    `texts` gives for a name the texts that made it, and what it is bound to in them. `fixed` has
    reasons why inputs are not differentiated. `passes` says that there can be backward passes, as
    in a program or at the prompt, not in an expression.
    """

    variables: Mapping[str, Any]
    texts: Callable[[str], tuple[Sequence[Piece], str]]
    fixed: Mapping[str, str] = {}
    passes: bool = True


_ENTRY = re.compile(r"(.+?)(?:\.grad)?((?:\[\s*-?\d+\s*(?:,\s*-?\d+\s*)*\])+)", re.ASCII)


def entry_asked(text: str) -> tuple[str, list[int]] | None:
    """The tensor's name and the index in `x[3]`, `x[0, 2]`, `x[0][2]` and `x.grad[3]`."""
    found = _ENTRY.fullmatch(text)
    if found is None:
        return None
    return found[1], [int(number) for number in re.findall(r"-?\d{1,18}", found[2])]


def entry_index(name: str, x: Tensor, index: Sequence[int]) -> tuple[int, ...]:
    """An index that names one entry of `x`, counted from its start. Raises IndexError."""
    shape = shape_of(x)
    if len(index) != len(shape):
        form = f"{name}[{', '.join('ijklmnopqrstuv'[: len(shape)])}]" if shape else name
        raise IndexError(f"`{name}` has the shape {list(shape)}: {form} is one entry of it")
    for dimension, (number, size) in enumerate(zip(index, shape, strict=True)):
        if not -size <= number < size:
            raise IndexError(
                f"index {number} is out of bounds for dimension {dimension} with size {size}"
            )
    return tuple(number % size for number, size in zip(index, shape, strict=True))


def why(name: str, x: Tensor, situation: Situation) -> Iterator[str]:
    """The answer about a tensor called `name`.

    Raises Dropped when what a pass freed is not kept any more, RuntimeError when it was changed.
    """
    if x.level is META:
        yield f"`{name}` is a meta tensor: it has a shape and a dtype, and no values"
        return
    if not requires_grad(x):
        if name in situation.fixed:
            yield f"`{name}` is not differentiated: {situation.fixed[name]}"
            return
        yield from not_on_graph(name, x, *situation.texts(name))
        return
    grad = None if x.meta is None else x.meta.grad
    if grad is not None:
        yield from _of_gradient(name, x, grad, situation)
    elif not is_leaf(x) and not retains_grad(x):
        yield from _of_result(name, x)
    else:
        yield from _of_leaf(name, x, situation)


def _of_gradient(name: str, x: Tensor, grad: Tensor, situation: Situation) -> Iterator[str]:
    what, trouble = troubled(grad)
    if not what:
        size = grad.array.size
        yield f"{name}.grad has {size} element{'' if size == 1 else 's'}, finite and not zero"
        if extreme(grad):
            yield from _of_last_pass(x, name, situation)
        yield from _of_other_passes(x, name, grad, situation)
        return
    yield trouble.format(f"{name}.grad")
    results = results_from(x, situation.variables)
    if not results:
        yield f"no variable holds the graph of `{name}` any more: give the result a name, ask again"
        return
    root, y = _last_passed(results)
    answers = _missing(root, y, name, x, situation)
    if not answers:
        cleared = list(_cleared(name, situation))[:MOST] if what == "zero" else []
        yield f"the gradient of `{root}` by `{name}` is fine: what {name}.grad holds " + (
            "was cleared after a pass"
            if cleared
            else "came from another pass, or from several that were added"
        )
        for place in cleared:
            yield f"  it was cleared at {place}"
    yield from answers


def _of_last_pass(x: Tensor, name: str, situation: Situation) -> Iterator[str]:
    """What is said of the result whose pass gave a gradient, if its graph is still there."""
    results = results_from(x, situation.variables)
    if results:
        yield from _missing(*_last_passed(results), name, x, situation)


def _of_other_passes(x: Tensor, name: str, grad: Tensor, situation: Situation) -> Iterator[str]:
    """What a gradient holds beyond that of the last result, where that is a single number."""
    results = results_from(x, situation.variables)
    for root, y in [_last_passed(results)] if results else []:
        if shape_of(y) != () or not is_leaf(x):
            continue
        edge = (fresh_edge(x), x.number)
        chain = Chain(y, constant(shape_of(y), y.dtype, 1), edge)
        with readable(y):
            for _ in chain.steps():
                pass
            after = chain.leaf_hooks().get(edge, chain.totals[edge])
        if np.allclose(after.array, grad.array, rtol=1e-3, atol=0, equal_nan=True):
            continue
        pair = f"d{root if root.isidentifier() else 'result'}/d{name}"
        lead = f"  {pair} is "
        yield lead + brief(after, " " * len(lead))
        yield (
            f"  {name}.grad holds something else: the gradients of passes add up until they are "
            "cleared"
        )
        yield (f"  = help: {name}.grad = None, or optimizer.zero_grad(), before each pass")


def why_entry(name: str, x: Tensor, index: tuple[int, ...], situation: Situation) -> Iterator[str]:
    """The answer about one entry of the gradient of `name`. Raises as `why` does."""
    results = results_from(x, situation.variables) if requires_grad(x) else []
    grad = None if x.meta is None else x.meta.grad
    label = f"{name}.grad[{', '.join(map(str, index))}]"
    if grad is not None:
        yield f"{label} is {np.asarray(grad.array)[index]:.6g}"
    if not results:
        yield from why(name, x, situation)
        return
    root, y = _last_passed(results)
    with readable(y):
        yield from entry_lines(root, y, name, x, index, Names(situation.variables))


def _missing(root: str, y: Tensor, name: str, x: Tensor, situation: Situation) -> list[str]:
    pieces, bound = situation.texts(root)
    variables = situation.variables
    return Explanation(root, y, {name: x}, variables, pieces, bound, asked=True).missing()


def _of_result(name: str, x: Tensor) -> Iterator[str]:
    """For what is no leaf and does not keep its gradient."""
    node = fresh_edge(x)
    place = source_place(node)
    made = f": `{source_text(node)}` made it at {place}" if place else ""
    yield f"`{name}` is a result, not a leaf{made}, and the gradient of a result is not kept"
    leaf = lost_leaf(name, x)
    if leaf is not None:
        born = place_of(leaf.where)
        at = f", made at {born}," if born else ""
        yield f"  the leaf that was called `{name}` before{at} is another tensor"
        yield (
            f"  = help: change the leaf itself under `with torch.no_grad():` "
            f"({name} -= …), and it stays one"
        )
        return
    if name.isidentifier():
        yield f"  = help: for a leaf with these values: {name} = {name}.detach().requires_grad_()"
    yield f"  = help: to keep the gradient of a result: {name}.retain_grad() before backward"


def lost_leaf(name: str, x: Tensor) -> Any:
    """The leaf on the graph of a result that had its name before it; None where there is none."""
    for below in reachable([fresh_edge(x)]):
        for edge in below.edges:
            if edge is not None and edge.number < 0 and edge.name == name:
                return edge
    return None


def _of_leaf(name: str, x: Tensor, situation: Situation) -> Iterator[str]:
    """For a leaf, or a result that keeps its gradient, that has none."""
    results = results_from(x, situation.variables)
    if not results:
        yield from _unused(name, x, situation)
        return
    quoted = [f"`{result}`" for result, _ in results]
    were = f"{quoted[0]} was" if len(quoted) == 1 else f"{_listed(quoted)} were"
    passes = _passes(x, results)
    if passes:
        yield f"`{name}` has no gradient, and {were} made from it"
        for line in passes[:MOST]:
            yield f"  {line}"
        cleared = list(_cleared(name, situation))[:MOST]
        for place in cleared:
            yield f"  {name}.grad was taken away at {place}"
        if not cleared:
            yield "  that pass went to other inputs, or gave its gradients to its caller"
        return
    last, y = results[-1]
    if situation.passes:
        yield f"no backward pass has reached `{name}`; {were} made from it"
    else:
        yield f"{were} made from `{name}`"
    aside = list(_aside(name, results, situation)) if situation.passes else []
    if aside:
        yield from aside
        return
    yield from _missing(last, y, name, x, situation) or _gradient(last, y, name, x)
    if situation.passes:
        called = last if last.isidentifier() else f"({last})"
        yield f"  = help: {called}.backward() gives it a gradient"


def _unused(name: str, x: Tensor, situation: Situation) -> Iterator[str]:
    """For a leaf that no variable was made from: the other leaf of its name, or the cuts."""
    if situation.passes:
        yield f"no backward pass has reached `{name}`, and no variable was made from it"
    else:
        yield f"nothing on the graph was made from `{name}`"
    for result, value in situation.variables.items():
        earlier = _namesake(name, x, value)
        if earlier is not None:
            born, now = place_of(earlier.where), place_of(fresh_edge(x).where)
            made = f", made at {born}" if born else ""
            anew = f" at {now}" if now else ""
            yield (
                f"  `{result}` was made from the `{name}` of before{made}; `{name}` was assigned "
                f"anew{anew}, and is another leaf"
            )
            yield f"  = help: compute `{result}` again after that line"
            return
    pieces, _ = situation.texts(name.partition(".")[0])
    for statement, source in statements_that_ran(pieces) if "." in name else ():
        targets = getattr(statement, "targets", ())
        if any(source.slice(target.span) == name for target in targets):
            yield (
                f"  `{name}` was assigned anew at {source.location(statement.span.start)}: what "
                "was computed before went through another parameter"
            )
    yield from _cut_off(name, situation.variables, situation)


def _cut_off(name: str, results: Mapping[str, Any], situation: Situation) -> Iterator[str]:
    """The cuts between a leaf and results, and what helps."""
    shown: list[Cut] = []
    for result, value in results.items():
        if type(value) is not Tensor or result == name or len(shown) == MOST:
            continue
        pieces, bound = situation.texts(result)
        for cut in cuts(pieces, name, bound)[: MOST - len(shown)]:
            shown.append(cut)
            yield f"  {cut.place}: {cut.reason}: `{cut.text}`, on the way to `{result}`"
    help = cure(shown)
    if help:
        yield f"  = help: {help}"


def _aside(name: str, results: Sequence[tuple[str, Tensor]], situation: Situation) -> Iterator[str]:
    """The cuts on the way to what a pass may have gone from, which is none of the results."""
    known = {result for result, _ in results}
    others = {n: value for n, value in situation.variables.items() if n not in known}
    yield from _cut_off(name, {n: v for n, v in others.items() if _came_from(v)}, situation)


def _came_from(value: Any) -> bool:
    """Whether a backward pass may have begun at a value."""
    if type(value) is not Tensor or value.level is not None:
        return False
    root = fresh_edge(value)
    return root is not None and root.number >= 0 and _passed(value)


def _namesake(name: str, x: Tensor, value: Any) -> Any:
    """The leaf of the same name, and not `x`, that a value was made from."""
    if type(value) is not Tensor or value.level is not None:
        return None
    root = fresh_edge(value)
    if root is None or root.number < 0:
        return None
    own = fresh_edge(x)
    for node in reachable([root]):
        for edge in node.edges:
            if edge is not None and edge.number < 0 and edge.name == name and edge is not own:
                return edge
    return None


def results_from(x: Tensor, variables: Mapping[str, Any]) -> list[tuple[str, Tensor]]:
    """The results among the variables that were made from `x`, the newest last."""
    edge = fresh_edge(x)
    found = []
    for name, value in variables.items():
        if type(value) is not Tensor or value.level is not None or value is x:
            continue
        root = fresh_edge(value)
        if root is None or root.number < 0:
            continue
        if any(edge in node.edges for node in reachable([root])) or root is edge:
            found.append((name, value))
    found.sort(key=lambda item: int(fresh_edge(item[1]).number))
    return found


def _passes(x: Tensor, results: Sequence[tuple[str, Tensor]]) -> list[str]:
    """The passes that freed graphs of the results, in words."""
    edge = fresh_edge(x)
    found: dict[str, str] = {}
    for result, value in results:
        leads = {edge}
        for node in reachable([fresh_edge(value)]):  # what a node was made from comes before it
            if not leads.intersection(node.edges):
                continue
            leads.add(node)
            marker = getattr(node, "saved", None)
            if type(marker) is Freed:
                found.setdefault(place_of(marker.where), result)
    return [
        f"a backward pass at {place} freed the graph of `{result}`"
        for place, result in found.items()
        if place
    ]


def _last_passed(results: Sequence[tuple[str, Tensor]]) -> tuple[str, Tensor]:
    """The newest result that a pass freed; else a scalar with nothing to free, else the last."""
    passed = [item for item in results if _passed(item[1])]
    freed = [item for item in passed if _holds_freed(item[1])]
    scalars = [item for item in passed if shape_of(item[1]) == ()]
    return (freed or scalars or results)[-1]


def _holds_freed(y: Tensor) -> bool:
    return any(type(getattr(node, "saved", None)) is Freed for node in reachable([fresh_edge(y)]))


def _passed(y: Tensor) -> bool:
    """Whether a backward pass from `y` may have freed its graph: no node kept what it saved."""
    waiting = [fresh_edge(y)]
    seen = set(waiting)
    while waiting:
        node = waiting.pop()
        saved = getattr(node, "saved", None)
        if type(saved) is tuple and any(isinstance(item, _ARRAYS) for item in saved):
            return False
        if type(saved) is not Freed:
            below = {edge for edge in node.edges if edge is not None and edge not in seen}
            seen |= below
            waiting += below
    return True


def _cleared(name: str, situation: Situation) -> Iterator[str]:
    """The statements that ran and that take a name's gradient away, or fill it with zeros."""
    pieces, _ = situation.texts(name)
    for statement, source in statements_that_ran(pieces):
        value = getattr(statement, "value", None)
        call = value.func if isinstance(value, nodes.Call) else None
        emptied = [*getattr(statement, "targets", ())]
        zeroes = False
        if isinstance(call, nodes.Attribute):
            zeroes = call.attr == "zero_grad"
            if call.attr == "zero_":
                emptied.append(call.value)
        if zeroes or any(_is_gradient(place, name) for place in emptied):
            text = " ".join(source.slice(statement.span).split())
            yield f"{source.location(statement.span.start)}: `{text}`"


def _is_gradient(place: nodes.expr, name: str) -> bool:
    """Whether an expression is `name.grad`."""
    return (
        isinstance(place, nodes.Attribute)
        and place.attr == "grad"
        and isinstance(place.value, nodes.Name)
        and place.value.id == name
    )


def _listed(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}"


def _gradient(root: str, y: Tensor, name: str, x: Tensor) -> Iterator[str]:
    """The gradient of a result that nothing is wrong with."""
    edge = (fresh_edge(x), x.number)
    chain = Chain(y, constant(shape_of(y), y.dtype, 1), edge)
    with readable(y):
        for _ in chain.steps():
            pass
    lead = f"  d{root if root.isidentifier() else 'result'}/d{name} = "
    yield lead + brief(chain.totals[edge], " " * len(lead))
