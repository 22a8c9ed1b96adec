"""Completion from tables and from the user's variables. Nothing is evaluated."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator
from functools import cache
from typing import TYPE_CHECKING

from prompt_toolkit.completion import CompleteEvent, Completer, Completion

from gradcli.render.greek import LETTERS
from gradcli.repl.magics.table import MAGICS
from gradcli.repl.session import cells

from . import context

if TYPE_CHECKING:
    from prompt_toolkit.document import Document

    from gradcli.repl.session.shell import Shell

MOST = 500  # completions that are offered
LOADING = 0.02  # seconds between two looks whether the session is there
KEYWORDS = [
    "and",
    "as",
    "assert",
    "break",
    "class",
    "continue",
    "def",
    "del",
    "elif",
    "else",
    "except",
    "False",
    "finally",
    "for",
    "from",
    "global",
    "if",
    "import",
    "in",
    "is",
    "lambda",
    "None",
    "nonlocal",
    "not",
    "or",
    "pass",
    "raise",
    "return",
    "True",
    "try",
    "while",
    "with",
]
_LETTER = re.compile(r"\\([A-Za-z]*)$")


@cache
def plain_names() -> list[str]:
    """Python's names and the prelude's, sorted, the exceptions last."""
    from gradcli.language.library.prelude import calculator

    return sorted({*calculator().all(), *KEYWORDS}, key=lambda name: (_is_exception(name), name))


def _is_exception(name: str) -> bool:
    return name.endswith(("Error", "Exception", "Warning", "Interrupt", "Exit", "Iteration"))


@cache
def dtype_names() -> list[str]:
    """The dtypes as they are written."""
    from gradcli.torch.namespaces import DTYPES

    return [f"torch.{name}" for name in DTYPES]


class Found:
    """One completion: the text, what stands before the cursor of it, and what it is."""

    __slots__ = ("kind", "length", "text")

    def __init__(self, text: str, length: int, kind: str) -> None:
        self.text = text
        self.length = length
        self.kind = kind


def complete(shell: Shell, text: str) -> list[Found]:
    """The completions for a cursor at the end of the text, the likeliest first."""
    line = text.rpartition("\n")[2]
    if line.startswith("%"):
        return list(_magic(shell, line))[:MOST]
    if cells.help_request(line)[0] == "" and line.startswith("?"):
        text = line.lstrip("?")
    if context.inside_text(text):
        return list(_keys(shell, text))[:MOST]
    if (letter := _LETTER.search(text)) is not None:
        return list(_letters(letter[1]))
    imported = list(_import(line))
    if imported:
        return imported
    member = context.steps_at(text)
    if member is not None:
        return list(_members(shell, text, *member))[:MOST]
    return list(_names(shell, text))[:MOST]


def _matching(names: Iterable[str], prefix: str) -> list[str]:
    """Names that begin with the prefix, or that do when case does not count."""
    exact = [name for name in names if name.startswith(prefix)]
    if exact or not prefix:
        return exact
    lower = prefix.lower()
    return [name for name in names if name.lower().startswith(lower)]


def _members(shell: Shell, text: str, steps: list[tuple[str, str]], prefix: str) -> Iterator[Found]:
    from gradcli.repl.names import lookup, results

    owner = ".".join(word for _, word in steps)
    plain = all(what == "name" for what, _ in steps)
    names = lookup.owner_names(shell, owner) if plain else []
    names = names or _of_first_parameter(text, owner) or results.names_behind(shell, steps)
    if not prefix.startswith("_"):
        names = [name for name in names if not name.startswith("_")]
    for name in _matching(names, prefix):
        yield Found(name, len(prefix), "")


def _of_first_parameter(text: str, owner: str) -> list[str]:
    """The names behind `ctx.` or `self.` in a method that is being written."""
    if "." in owner or not owner.isidentifier():
        return []
    own = context.attributes_of(text, owner)
    if own is None:
        return []
    base = context.bases_of(text).rpartition(".")[2]
    if base == "Function":
        from gradcli.torch.nodes import CONTEXT

        return [*own, *sorted(name for name in CONTEXT if name not in own)]
    if base == "Module":
        from gradcli.nn.module import Module
        from gradcli.repl.names.lookup import attributes

        return [*own, *(name for name in attributes(Module) if name not in own)]
    return own


def _keys(shell: Shell, text: str) -> Iterator[Found]:
    """The keys of the dict whose item is being written."""
    from gradcli.repl.names.results import keys_behind

    place = context.key_at(text)
    if place is None:
        return
    steps, quote, prefix = place
    for key in keys_behind(shell, steps):
        if key.startswith(prefix) and key.isprintable() and not {quote, "\\"} & {*key}:
            yield Found(f"{key}{quote}]", len(prefix), "key")


def _letters(prefix: str) -> Iterator[Found]:
    """Greek letters by their names: `\\alpha`, `\\Omega`."""
    for word, letter in LETTERS.items():
        if word.startswith(prefix):
            yield Found(letter, len(prefix) + 1, word)


def _names(shell: Shell, text: str) -> Iterator[Found]:
    from gradcli.repl.names import lookup

    prefix = context.word_at(text)
    call = context.call_at(text)
    before = text[: len(text) - len(prefix)].rstrip()
    if call is not None:
        if before.endswith(("(", ",")):
            positional = call.position - len(call.given)
            names = lookup.keywords(shell, call.name, positional)
            names = [name for name in names if name not in call.given]
            for name in _matching(names, prefix):
                yield Found(f"{name}=", len(prefix), "keyword")
        elif call.keyword == "dtype" and before.endswith("="):
            for name in dtype_names():
                if not prefix or name.startswith((prefix, f"torch.{prefix}")):
                    yield Found(name, len(prefix), "dtype")
    users = list(shell.variables()) if not prefix else list(shell.names)
    users = [name for name in users if prefix.startswith("_") or not name.startswith("_")]
    for name in _matching(users, prefix):
        yield Found(name, len(prefix), "variable")
    if not prefix and not before:
        return
    known = set(users)
    names = [name for name in plain_names() if name not in known]
    if not prefix.startswith("_"):
        names = [name for name in names if not name.startswith("_")]
    for name in _matching(names, prefix):
        yield Found(name, len(prefix), "keyword" if name in KEYWORDS else "")


def _import(line: str) -> Iterator[Found]:
    words = line.split()
    if len(words) < 1 or words[0] not in ("import", "from"):
        return
    last = "" if line.endswith(" ") else words[-1]
    if len(words) - (not line.endswith(" ")) == 1:
        from gradcli.language.library.modules import MODULES
        from gradcli.torch import namespaces

        torch = [name for name in namespaces.MODULES if name != "torch.Tensor"]
        deeper = last.count(".") + 1  # modules inside of others after their dot
        for name in _matching([*torch, *MODULES], last):
            if name.count(".") <= deeper:
                yield Found(name, len(last), "module")
    elif words[0] == "from" and len(words) == 2:
        yield Found("import", len(last), "keyword")
    elif words[0] == "from" and "import" in words:
        from gradcli.torch import namespaces

        if words[1] in namespaces.MODULES:
            prefix = context.word_at(line)
            for name in _matching(namespaces.names(words[1]), prefix):
                yield Found(name, len(prefix), "")


def _magic(shell: Shell, line: str) -> Iterator[Found]:
    name, space, rest = line.lstrip("%").partition(" ")
    if not space:
        for magic in _matching(MAGICS, name):
            yield Found(magic, len(name), MAGICS[magic].doc)
        return
    magic_entry = MAGICS.get(name)
    if magic_entry is None:
        return
    last = "" if rest.endswith(" ") or not rest else rest.split()[-1]
    for word in magic_entry.words:
        if word == "names":
            member = context.steps_at(rest)
            if member is not None:
                yield from _members(shell, rest, *member)
                continue
            prefix = context.word_at(rest)
            if magic_entry.name in ("time", "timeit", "plot"):
                yield from _names(shell, rest or " ")
            elif not last.startswith("-"):
                for variable in _matching(list(shell.variables()), prefix):
                    yield Found(variable, len(prefix), "variable")
        elif word == "files":
            yield from _files(rest)
        elif word == "magics":
            for magic in _matching([*MAGICS, *plain_names()], last):
                yield Found(magic, len(last), "magic" if magic in MAGICS else "")
        elif word.startswith(last):
            yield Found(word, len(last), "option")


def _files(text: str) -> Iterator[Found]:
    directory, _, prefix = text.rpartition("/")
    where = os.path.expanduser(directory + "/") if "/" in text else "."
    try:
        entries = sorted(os.scandir(where), key=lambda entry: entry.name)
    except OSError:
        return
    for entry in entries[:2000]:
        if entry.name.startswith(prefix) and (prefix or not entry.name.startswith(".")):
            yield Found(entry.name + ("/" if entry.is_dir() else ""), len(prefix), "file")


class GradCompleter(Completer):
    """The completer of the prompt."""

    def __init__(self, shell: Callable[[], Shell | None]) -> None:
        self.shell = shell

    async def get_completions_async(
        self, document: Document, complete_event: CompleteEvent
    ) -> AsyncGenerator[Completion, None]:
        """The completions at the cursor, once the language is loaded."""
        while self.shell() is None:  # a Tab within the first half second; a failure ends the prompt
            await asyncio.sleep(LOADING)
        for found in self.get_completions(document, complete_event):
            yield found

    def get_completions(
        self, document: Document, complete_event: CompleteEvent
    ) -> Iterator[Completion]:
        """The completions at the cursor; none while the language is still being loaded."""
        shell = self.shell()
        if shell is None:
            return
        for found in complete(shell, document.text_before_cursor):
            yield Completion(found.text, -found.length, display_meta=found.kind)
