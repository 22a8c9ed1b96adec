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
from gradcli.repl.names.facts import shown_shortly
from gradcli.repl.session.failed import Failed
from gradcli.repl.session.snapshot import kind_of
from gradcli.tensor.runtime import LimitExceeded
from gradcli.tensor.tensor import Tensor

if TYPE_CHECKING:
    from gradcli.repl.session.shell import Shell

MOST = 20  # expressions
LEAST = 10  # columns for a value
MOST_ELEMENTS = 1_000_000  # of a tensor that is looked at for changes


def watch(shell: Shell, text: str) -> None:
    if text in ("off", "--off"):
        shell.after_input = None
        shell.say("nothing is watched")
        return
    if text:
        shell.after_input = Watch(shell, _expressions(text)).show
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
        self.last: dict[str, tuple[str, int]] = {}

    def show(self) -> None:
        """Show them. What they draw does not change the random numbers that follow."""
        shell = self.shell
        random = kind_of(default_generator)
        assert random is not None
        state = random.take(default_generator)
        column = min(max(map(len, self.expressions)), shell.width // 3)
        try:
            for text in self.expressions:
                found = self._value(text, shell.width - max(column, len(text)) - 6)
                changed = text in self.last and self.last[text] != found
                self.last[text] = found
                line = f"{text:{column}} = {found[0]}"
                mark = "*" if changed else " "
                shell.say(f"{mark} {shell.painted(line, 'changed' if changed else 'value')}")
        finally:
            random.put(default_generator, state)

    def _value(self, text: str, room: int) -> tuple[str, int]:
        """What is shown of a value, and a number that is another one when its elements are."""
        try:
            with no_grad(), self.shell.session.limited():
                value: Any = self.shell.evaluate(text)
                shown = "" if type(value) is Tensor else clean(text_repr(value))
        except (Failed, ProgramError) as error:
            return f"({_cut(str(error), room - 2)})", 0
        except LimitExceeded as error:
            return f"({error})", 0
        if type(value) is Tensor:
            return shown_shortly(value, room), hash(_elements(value))
        return _cut(shown, room), hash(shown)


def _elements(value: Tensor) -> bytes:
    """The bytes of a tensor, nothing of one that is very large or has no data."""
    try:
        return value.array.tobytes() if value.array.size <= MOST_ELEMENTS else b""
    except NotImplementedError:  # on the meta device
        return b""


def _cut(text: str, room: int) -> str:
    """A text on one line, cut between words where it is longer than the room."""
    text = " ".join(text.split())
    if len(text) <= max(room, LEAST):
        return text
    start = text[: max(room - 1, LEAST)]
    return f"{start.rpartition(' ')[0] or start}…"
