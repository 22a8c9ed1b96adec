"""`%explain` and `%why`: how a gradient comes about, and why there is none."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

from gradcli.autograd.freed_values import reachable
from gradcli.autograd.leaf import fresh_edge, is_leaf, requires_grad, retains_grad
from gradcli.explain.causes import Causes, brief
from gradcli.explain.chain import Chain, Step, called, changes
from gradcli.render.names import Names, source_place, source_text
from gradcli.repl.session.failed import Failed
from gradcli.tensor.tensor import Tensor, constant, shape_of

from .gradients import readable, result
from .parse import arguments, tensor

if TYPE_CHECKING:
    from gradcli.repl.session.shell import Shell

MOST = 40  # steps that are shown


def explain(shell: Shell, text: str) -> None:
    words = arguments("explain", text, 1, 2)
    y = result(shell, words[0])
    target = None
    if len(words) > 1:
        x = result(shell, words[1])
        target = (fresh_edge(x), x.number)
    names = Names(shell.variables())
    with readable(y):
        chain = Chain(y, constant(shape_of(y), y.dtype, 1), target)
        if target is not None and chain.root[0] not in (chain.wanted or ()):
            raise Failed(f"nothing leads from `{words[1]}` to `{words[0]}`")
        ones = "1" if shape_of(y) == () else "ones, the cotangent that the walk starts from"
        shell.say(f"start  d{words[0]}/d{words[0]} = {ones}")
        count = 0
        for count, step in enumerate(chain.steps(), 1):
            if count <= MOST:
                _show_step(shell, words[0], count, step, names)
        if count > MOST:
            shell.say(f"... {count - MOST:,} more steps")
    _show_totals(shell, words[0], chain, names, target)


def _show_step(shell: Shell, root: str, count: int, step: Step, names: Names) -> None:
    node = step.node
    place = source_place(node)
    text = source_text(node)
    room = max(shell.width - len(node.title) - len(place) - 12, 12)
    if len(text) > room:
        text = text[: room - 3] + "..."
    head = [f"{count}.", node.title, text, f"({place})" if place else ""]
    shell.say("  ".join(word for word in head if word))
    for value in step.hooked:
        if value is not None:
            shell.say(f"     a hook makes what arrives\n        {brief(value, ' ' * 8)}")
    for change in changes(node, names):
        shell.say(f"     {change}")
    for part in step.parts:
        name = called(part.edge, names)
        formula = f"  = {part.formula}" if part.formula else ""
        shell.say(f"     to {name}{formula}")
        shell.say(f"        {brief(part.grad, ' ' * 8)}")


def _show_totals(shell: Shell, root: str, chain: Chain, names: Names, target: Any) -> None:
    shell.say("in all")
    hooked = chain.leaf_hooks()
    for edge, total in chain.totals.items():
        node = edge[0]
        if edge == target or (target is None and node.number < 0):
            lead = f"  d{root}/d{called(edge, names)} = "
            shell.say(lead + brief(total, " " * len(lead)))
            if edge in hooked:
                shell.say(f"     a hook makes it: {brief(hooked[edge], ' ' * 22)}")


# ---------------------------------------------------------------- why


def why(shell: Shell, text: str) -> None:
    (name,) = arguments("why", text, 1, 1)
    x = tensor(shell, name)
    if not requires_grad(x):
        _not_recorded(shell, name, x)
        return
    grad = None if x.meta is None else x.meta.grad
    if grad is None and not is_leaf(x) and not retains_grad(x):
        shell.say(
            f"`{name}` is a result, and the gradient of a result is not kept\n"
            f"  = help: call {name}.retain_grad() before backward, or use %grad y {name}"
        )
        return
    if grad is None:
        _no_gradient(shell, name, x)
        return
    values = np.asarray(grad.array)
    if not np.isfinite(values).all():
        _trace(shell, name, x, "nan")
    elif not values.any():
        _trace(shell, name, x, "zero")
    elif (values == 0).any():
        zeros = int((values == 0).sum())
        shell.say(f"{zeros} of {values.size} elements of {name}.grad are zero")
        _trace(shell, name, x, "zero")
    else:
        what = "is a number" if values.ndim == 0 else f"has {values.size} elements"
        shell.say(f"{name}.grad {what}, finite and not zero")


def _not_recorded(shell: Shell, name: str, x: Tensor) -> None:
    if not x.dtype.differentiable:
        shell.say(
            f"`{name}` has the dtype {x.dtype.name}, and only floating ones have gradients\n"
            f"  = help: {name} = param({name}) makes a floating leaf of it"
        )
        return
    pattern = re.compile(rf"^\s*{re.escape(name)}\s*=(?!=)(.*)", re.M)
    for statement in reversed(shell.statements):
        match = pattern.search(statement.text)
        if match is None:
            continue
        for word, reason in _CUTS:
            if re.search(word, statement.text):
                shell.say(f"`{name}` is not on a graph: {reason}\n  | {match[0].strip()}")
                return
        shell.say(
            f"`{name}` is not on a graph: nothing that requires grad went into\n"
            f"  | {match[0].strip()}\n"
            f"  = help: {name}.requires_grad_() or param(...) makes it a leaf"
        )
        return
    shell.say(f"`{name}` does not require grad\n  = help: {name}.requires_grad_() makes it do so")


_CUTS = (
    (r"\.detach(_)?\(", "detach() cut it off"),
    (r"\.data\b", ".data is outside of the graph"),
    (r"no_grad|inference_mode", "grad mode was off"),
    (r"\.item\(|\.tolist\(|\.numpy\(", "it went through Python numbers, which have no gradient"),
    (r"\btensor\(", "tensor(...) makes a new leaf that does not require grad by itself"),
    (r"argmax|argmin|round\(|sign\(|floor|ceil|[<>]|==", "this operation has no gradient"),
)


def _results_from(shell: Shell, x: Tensor) -> list[tuple[str, Tensor]]:
    """The user's results that were made from `x`, the newest last."""
    edge = fresh_edge(x)
    found = []
    for name, value in shell.variables().items():
        if type(value) is not Tensor or value.level is not None or value is x:
            continue
        root = fresh_edge(value)
        if root is None or root.number < 0:
            continue
        if any(edge in node.edges for node in reachable([root])) or root is edge:
            found.append((name, value))
    found.sort(key=lambda item: int(fresh_edge(item[1]).number))
    return found


def _no_gradient(shell: Shell, name: str, x: Tensor) -> None:
    results = _results_from(shell, x)
    if not results:
        shell.say(
            f"no backward pass has reached `{name}`, and no variable was made from it\n"
            f"  = help: was `{name}` assigned anew after the result was computed, or did the "
            "result go through detach(), .data or no_grad?"
        )
        return
    last = results[-1][0]
    shell.say(
        f"no backward pass has reached `{name}`; {_list([n for n, _ in results])} made from it\n"
        f"  = help: {last}.backward() gives it a gradient"
    )


def _list(names: list[str]) -> str:
    quoted = [f"`{name}`" for name in names]
    if len(quoted) == 1:
        return f"{quoted[0]} was"
    return f"{', '.join(quoted[:-1])} and {quoted[-1]} were"


def _trace(shell: Shell, name: str, x: Tensor, what: str) -> None:
    """Find the step at which a gradient became zero or stopped being finite."""
    results = _results_from(shell, x)
    if not results:
        shell.say(f"no variable holds the graph of `{name}` any more: run the last lines again")
        return
    root_name, y = results[-1]
    causes = Causes(Names(shell.variables()))
    edge = (fresh_edge(x), x.number)
    with readable(y):
        for step in Chain(y, constant(shape_of(y), y.dtype, 1), edge).steps():
            causes.see(step)
    found = causes.answers(what, edge[0])
    for answer in found:
        shell.say(answer)
    if not found:
        shell.say(
            f"the gradient of `{root_name}` by `{name}` is fine: what {name}.grad holds came from "
            "another pass, or from several that were added"
        )
