"""The line under the prompt: the state of the session, and help on the call under the cursor."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from prompt_toolkit.formatted_text import StyleAndTextTuples

if TYPE_CHECKING:
    from gradcli.repl.session.shell import Shell

    from .hints import Hints


class Toolbar:
    """Makes the toolbar's text from the text before the cursor and the width of the terminal."""

    def __init__(self, shell: Callable[[], Shell | None], ascii: bool) -> None:
        self.shell = shell
        self.bar = " | " if ascii else " · "
        self.dots = "." if ascii else "…"
        self.hints: Hints | None = None
        self.changed: Callable[[], None] | None = None

    def __call__(self, text: str, width: int) -> StyleAndTextTuples:
        shell = self.shell()
        if shell is None:
            return [("", " loading")]
        hint = self._hint(shell, text, width)
        if hint is not None:
            return _cut([*hint], width, self.dots)
        from gradcli.tensor.dtypes import default
        from gradcli.tensor.runtime import runtime

        mode = "grad" if runtime.grad_enabled else "no_grad"
        words = [f"{default.dtype.name}", f"graph {_graph(*shell.graph_size)}"]
        if shell.elapsed is not None:
            words.append(_time(shell.elapsed))
        return _cut(
            [
                ("class:toolbar.mode" if mode == "no_grad" else "", f" {mode}"),
                ("", self.bar + self.bar.join(words)),
            ],
            width,
            self.dots,
        )

    def _hint(self, shell: Shell, text: str, width: int) -> StyleAndTextTuples | None:
        if self.hints is None:
            from .hints import Hints

            self.hints = Hints(self.bar)
            self.hints.changed = self.changed
        return self.hints(shell, text, width)


def _cut(parts: StyleAndTextTuples, width: int, dots: str) -> StyleAndTextTuples:
    """The parts up to the width of the terminal; three dots end what is cut."""
    from gradcli.language.syntax.source import width as columns

    left = width - 1
    if sum(columns(part[1]) for part in parts) <= left:
        return parts
    left -= 1  # for the dots
    found: StyleAndTextTuples = []
    for part in parts:
        style, text = part[0], part[1]
        cut = columns(text) > left
        while text and columns(text) > left:
            text = text[: max(left, 0)] if text.isascii() else text[:-1]
        found.append((style, f"{text.rstrip()}{dots}" if cut else text))
        if cut:
            break
        left -= columns(text)
    return found


def _graph(nodes: int, size: int) -> str:
    """How large the graph is; of one that is not looked at to its end, that it is larger."""
    from gradcli.repl.session.graph_size import MOST

    if nodes > MOST:
        return f"of more than {MOST:,} nodes"
    return f"{nodes:,} node{'s' * (nodes != 1)} {_size(size)}"


def _size(nbytes: int) -> str:
    for unit, factor in (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)):
        if nbytes >= factor:
            return f"{nbytes / factor:.3g} {unit}"
    return f"{nbytes} B"


def _time(seconds: float) -> str:
    for unit, factor in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= factor:
            return f"{seconds / factor:.3g} {unit}"
    return f"{seconds * 1e6:.3g} µs"
