"""The signature, documentation and derivative of the function under the cursor."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from prompt_toolkit.formatted_text import StyleAndTextTuples

from . import context

if TYPE_CHECKING:
    from gradcli.repl.session.shell import Shell

Hint = tuple[str, str, list[str], str]  # name, kind, parameters, the rest


class Hints:
    """Finds hints; what must be read from the op table is read in a thread, once a name.

    `changed` is called when a hint has been found.
    """

    def __init__(self, bar: str) -> None:
        self.bar = bar
        self.known: dict[str, Hint | None] = {}
        self.changed: Callable[[], None] | None = None
        self.busy = threading.Lock()

    def __call__(self, shell: Shell, text: str, width: int) -> StyleAndTextTuples | None:
        """The hint for a cursor behind this text, None when there is nothing to say.

        The parameter that is being written is within `width` columns.
        """
        line = text.rpartition("\n")[2]
        if line.startswith("%"):
            return self._magic(line)
        if not text.strip():
            return None
        call = context.call_at(text)
        name = call.name if call is not None else context.name_at(text)
        if not name:
            return None
        found = self._find(shell, name)
        if found is None:
            return None
        position = -1 if call is None else call.position
        keyword = "" if call is None else call.keyword
        return self._shown(found, position, keyword, width)

    def _magic(self, line: str) -> StyleAndTextTuples | None:
        from gradcli.repl.magics.table import MAGICS

        magic = MAGICS.get(line.lstrip("%").partition(" ")[0])
        if magic is None:
            return None
        return [("class:toolbar.name", f" {magic.usage}"), ("", f"{self.bar}{magic.doc}")]

    def _find(self, shell: Shell, name: str) -> Hint | None:
        from gradcli.language.values.functions import Function
        from gradcli.repl.names import lookup

        value = shell.names.get(name)
        if isinstance(value, Function):
            doc = (value.__doc__ or "").strip().partition("\n")[0]
            return name, "", lookup.parameters(value), doc
        path = lookup.path_of(shell, name)
        if path is None:
            return None
        if path not in self.known:
            if self.busy.acquire(blocking=False):
                self.known[path] = None
                threading.Thread(target=self._load, args=(shell, name, path), daemon=True).start()
            return None
        return self.known[path]

    def _load(self, shell: Shell, name: str, path: str) -> None:
        try:
            self.known[path] = _read(shell, name, path)
        finally:
            self.busy.release()
        if self.changed is not None:
            self.changed()

    def _shown(self, hint: Hint, position: int, keyword: str, width: int) -> StyleAndTextTuples:
        name, _, parameters, rest = hint
        parts: StyleAndTextTuples = [("class:toolbar.name", f" {name}("), ("", "")]
        at = -1
        if keyword:
            at = next((i for i, p in enumerate(parameters) if _name_of(p) == keyword), -1)
        elif position >= 0:
            plain = [i for i, p in enumerate(parameters) if p != "*"]
            at = plain[position] if position < len(plain) else -1
        first = 0
        room = width - len(name) - len("(…, , …) ") - 1
        while first < at and len(", ".join(parameters[first : at + 1])) > room:
            first += 1  # the signature begins later, so that the parameter can be seen
        if first:
            parts.append(("", "…, "))
        for index, parameter in enumerate(parameters[first:], first):
            style = "class:toolbar.name" if index == at else ""
            parts.append((style, parameter))
            if index < len(parameters) - 1:
                parts.append(("", ", "))
        parts.append(("class:toolbar.name", ")"))
        if rest:
            parts.append(("", f"{self.bar}{rest}"))
        return parts


def _name_of(parameter: str) -> str:
    """The name in `dim=None` and in `*sizes`."""
    return parameter.partition("=")[0].lstrip("*").strip()


def _read(shell: Shell, name: str, path: str) -> Hint | None:
    """The hint for a name of the tables."""
    from gradcli.repl.names import lookup

    entries = lookup.operations(shell, name)
    last = path.rpartition(".")[2]
    if not entries:
        value = lookup.value(shell, name)
        form = None if value is lookup.MISSING else lookup.signature_of(value)
        if form is None:
            return None
        doc = (getattr(value, "__doc__", None) or "").strip().partition("\n")[0]
        return last, "", _split(form[1:-1]), doc
    from gradcli.render.operations import formula_text, is_readable, plain_formula, signature

    entry = max(entries, key=lambda entry: len(entry.parameters))
    text = signature(entry)
    parameters = _split(text[text.index("(") + 1 : -1])
    if path.startswith("Tensor.") and parameters[:1] == ["input"]:
        del parameters[0]
    rest = entry.doc
    formulas = {key: plain_formula(formula_text(formula)) for key, formula in entry.vjp.items()}
    derivatives = [
        f"d/d{'input' if key == 'self' else key} = {text}"
        for key, text in formulas.items()
        if is_readable(text)
    ]
    return last, "", parameters, "  ".join([rest, *derivatives[:2]])


def _split(text: str) -> list[str]:
    """Parameters at the commas outside of brackets."""
    found = [""]
    depth = 0
    for character in text:
        depth += (character in "([{") - (character in ")]}")
        if character == "," and depth == 0:
            found.append("")
        else:
            found[-1] += character
    return [word.strip() for word in found if word.strip()]
