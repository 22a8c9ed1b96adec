"""`%explain` and `%why`: how a gradient comes about, and why there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradcli.autograd.freed_values import reachable
from gradcli.autograd.leaf import fresh_edge, is_leaf, requires_grad, retains_grad
from gradcli.explain.cuts import Piece, cuts
from gradcli.explain.text import Explanation, not_on_graph, troubled
from gradcli.language.syntax.parser import parse
from gradcli.language.syntax.source import Source
from gradcli.render.names import Names
from gradcli.tensor.tensor import Tensor

from .gradients import kept, leaves_of
from .parse import arguments, tensor

if TYPE_CHECKING:
    from gradcli.repl.session.shell import Shell

MOST = 40  # steps that are shown


def explain(shell: Shell, text: str) -> None:
    words = arguments("explain", text, 1, 2)
    name, y = words[0], tensor(shell, words[0])
    pieces, bound = texts_of(shell, name)
    if not requires_grad(y) or is_leaf(y):
        shell.say("\n".join(not_on_graph(name, y, pieces, bound)))
        return
    if len(words) > 1:
        inputs = {words[1]: tensor(shell, words[1])}
    else:
        edges = {edge for node in reachable([fresh_edge(y)]) for edge in node.edges}
        inputs = {
            leaf: x
            for leaf, x in leaves_of(shell).items()
            if fresh_edge(x) in edges or cuts(pieces, leaf, bound)
        }
    names = Names(shell.variables())
    found = Explanation(
        name, y, inputs, names, pieces, bound, asked=len(words) > 1, width=shell.width, most=MOST
    )
    with kept():
        for line in found.lines():
            shell.say(line)


def texts_of(shell: Shell, name: str) -> tuple[list[Piece], str]:
    """What the session ran, with the expression `name`, and what the result is bound to in it."""
    pieces = [statement.piece for statement in shell.statements if statement.piece is not None]
    if name in shell.names:
        return pieces, name
    source = Source(name, f"In[{shell.number - 1}]")
    return [*pieces, (parse(source, "expression"), source)], ""


def why(shell: Shell, text: str) -> None:
    (name,) = arguments("why", text, 1, 1)
    x = tensor(shell, name)
    if not requires_grad(x):
        shell.say("\n".join(not_on_graph(name, x, *texts_of(shell, name))))
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
    what, trouble = troubled(grad)
    if what:
        shell.say(trouble.format(f"{name}.grad"))
        _trace(shell, name, x)
        return
    size = grad.array.size
    shell.say(f"{name}.grad has {size} element{'' if size == 1 else 's'}, finite and not zero")


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


def _trace(shell: Shell, name: str, x: Tensor) -> None:
    """Say at which step the gradient of the newest result became zero or stopped being finite."""
    results = _results_from(shell, x)
    if not results:
        shell.say(f"no variable holds the graph of `{name}` any more: run the last lines again")
        return
    root, y = results[-1]
    pieces, bound = texts_of(shell, root)
    names = Names(shell.variables())
    found = Explanation(root, y, {name: x}, names, pieces, bound, asked=True)
    with kept():
        answers = found.missing()
    shell.say(
        "\n".join(answers)
        or f"the gradient of `{root}` by `{name}` is fine: what {name}.grad holds came from "
        "another pass, or from several that were added"
    )
