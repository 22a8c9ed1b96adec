"""`%watch`: expressions whose values are shown after every input."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gradcli.autograd.modes import no_grad
from gradcli.kernels.generator import default_generator
from gradcli.language.errors.program_error import ProgramError
from gradcli.language.syntax import nodes
from gradcli.language.syntax.error import GradSyntaxError
from gradcli.language.syntax.parser import parse
from gradcli.language.syntax.source import Source
from gradcli.language.syntax.terminal import clean
from gradcli.language.values.text import text_repr
from gradcli.repl.session.failed import Failed
from gradcli.tensor.runtime import LimitExceeded
from gradcli.tensor.tensor import Tensor, shape_of

if TYPE_CHECKING:
    from gradcli.repl.session.shell import Shell

MOST = 20  # expressions


def watch(shell: Shell, text: str) -> None:
    if text in ("off", "--off"):
        shell.after_input = None
        shell.say("nothing is watched")
        return
    if text:
        shell.after_input = Watch(shell, _expressions(text))
    elif shell.after_input is None:
        raise Failed("nothing is watched", "such as %watch loss, w.grad.norm()")


def _expressions(text: str) -> list[str]:
    """The expressions between the commas. Raises Failed."""
    source = Source(text, "%watch")
    try:
        body = parse(source, "expression").body
    except GradSyntaxError as error:
        raise Failed(f"{error.kind}: {error.message}: {text}", error.help or "") from None
    parts: tuple[nodes.expr, ...] = (body,)
    if isinstance(body, nodes.Tuple) and not text.lstrip().startswith("("):
        parts = body.elts
    found = [source.slice(part.span) for part in parts]
    if len(found) > MOST:
        raise Failed(f"{len(found)} expressions are too many to watch", f"{MOST} are possible")
    return found


class Watch:
    """Shows the expressions, and which of them have other values than after the last input."""

    def __init__(self, shell: Shell, expressions: list[str]) -> None:
        self.shell = shell
        self.expressions = expressions
        self.last: dict[str, str] = {}

    def __call__(self) -> None:
        """Show them. What they draw does not change the random numbers that follow."""
        shell = self.shell
        state = default_generator.get_state()
        longest = max(map(len, self.expressions))
        try:
            for text in self.expressions:
                value = self._value(text, shell.width - longest - 6)
                changed = text in self.last and self.last[text] != value
                self.last[text] = value
                line = f"{text:{longest}} = {value}"
                mark = "*" if changed else " "
                shell.say(f"{mark} {shell.painted(line, 'changed' if changed else 'value')}")
        finally:
            default_generator.set_state(state)

    def _value(self, text: str, room: int) -> str:
        try:
            with no_grad(), self.shell.session.limited():
                value: Any = self.shell.evaluate(text)
                shown = clean(text_repr(value))
        except (Failed, ProgramError) as error:
            return f"({str(error)[: max(room - 2, 10)]})"
        except LimitExceeded as error:
            return f"({error})"
        if "\n" not in shown and len(shown) <= room:
            return shown
        if type(value) is Tensor:
            return f"{list(shape_of(value))} {value.dtype.name}"
        return f"{' '.join(shown.split())[: max(room - 1, 10)]}…"
