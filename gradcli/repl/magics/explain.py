"""`%explain` and `%why`: how a gradient comes about, and why there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradcli.autograd.freed_values import reachable
from gradcli.autograd.leaf import fresh_edge, is_leaf, requires_grad
from gradcli.explain.cuts import Piece, cuts
from gradcli.explain.explanation import Explanation, off_graph
from gradcli.explain.text import lines as text_lines
from gradcli.explain.why import Situation, entry_asked, entry_index, why_entry
from gradcli.explain.why import why as answer
from gradcli.language.syntax.parser import parse
from gradcli.language.syntax.source import Source
from gradcli.render.diagnostics import wrap
from gradcli.render.names import Names
from gradcli.repl.session.failed import Failed
from gradcli.tensor.tensor import Tensor

from .files import deliver
from .gradients import kept, last_result, leaves_behind, leaves_of, result
from .parse import Asked, arguments, asked, tensor

if TYPE_CHECKING:
    from gradcli.explain.told import Told
    from gradcli.repl.session.shell import Shell

MOST = 40  # steps that are shown
FORMS = ("text", "markdown", "html", "json")


def explain(shell: Shell, text: str) -> None:
    ask = asked(shell, "explain", text, FORMS)
    words = ask.words or [last_result(shell)]
    if len(words) > 2 or (ask.all and ask.depth is not None):
        arguments("explain", "1 2 3", 0, 2)
    name, y = words[0], tensor(shell, words[0])
    pieces, bound = texts_of(shell, name)
    if not requires_grad(y) or is_leaf(y):
        _show(shell, off_graph(name, y, pieces, bound), ask)
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
    variables = shell.variables()
    found = Explanation(
        name,
        y,
        inputs,
        variables,
        pieces,
        bound,
        asked=len(words) > 1,
        all=ask.all,
        depth=ask.depth,
    )
    with kept():
        told = found.tell()
    _show(shell, told, ask)


def _show(shell: Shell, told: Told, ask: Asked) -> None:
    if ask.form == "json":
        from gradcli.explain.document import document
        from gradcli.io.write import Writer

        text = Writer(indent=2).text(document([told]))
    elif ask.form == "html":
        from gradcli.explain.html.page import page
        from gradcli.render.svg import TooLarge

        try:
            text = page([told], Names(shell.variables()))
        except TooLarge as error:
            raise Failed(str(error), "%explain y x leaves out other ways") from None
    elif ask.form == "markdown":
        from gradcli.explain import markdown

        text = "\n".join(markdown.lines(told))
    else:
        most = None if ask.all else MOST
        text = "\n".join(text_lines(told, width=shell.width, most=most))
        if not ask.file:
            text = "\n".join(wrap(text.split("\n"), shell.width - 1))
    deliver(shell, text, ask.file, "explanation" if ask.form == "text" else ask.form)


def texts_of(shell: Shell, name: str) -> tuple[list[Piece], str]:
    """What the session ran, with the expression `name`, and what the result is bound to in it."""
    pieces = [statement.piece for statement in shell.statements if statement.piece is not None]
    if name in shell.names:
        return pieces, name
    source = Source(name, f"In[{shell.number - 1}]")
    return [*pieces, (parse(source, "expression"), source)], ""


def why(shell: Shell, text: str) -> None:
    words = arguments("why", text, 0, 1)
    if words:
        _why(shell, words[0])
        return
    for name in leaves_behind(shell, result(shell, last_result(shell))):
        _why(shell, name)


def _why(shell: Shell, name: str) -> None:
    situation = Situation(shell.variables(), lambda result: texts_of(shell, result))
    entry = entry_asked(name)
    if entry is not None:
        base, numbers = entry
        x = shell.evaluate(base)
        if type(x) is Tensor:
            try:
                index = entry_index(base, x, numbers)
            except IndexError as error:
                raise Failed(str(error)) from None
            with kept():
                lines = list(why_entry(base, x, index, situation))
            shell.say("\n".join(lines))
            return
    name = name.removesuffix(".grad")
    x = tensor(shell, name)
    with kept():
        lines = [part for line in answer(name, x, situation) for part in line.split("\n")]
    shell.show_long(shell.painted("\n".join(wrap(lines, shell.width - 1)), "explanation"))
