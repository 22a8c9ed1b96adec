"""A line that begins with %: found, split, its arguments read."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from gradcli.language.syntax.spelling import did_you_mean, near

from .table import ALIASES, MAGICS

if TYPE_CHECKING:
    from gradcli.repl.session.shell import Shell

    from .table import Magic


def find(name: str) -> Magic:
    """The magic of this name, or of IPython's name for it. Raises Failed with the near name."""
    found = MAGICS.get(ALIASES.get(name, name))
    if found is None:
        from gradcli.repl.session.failed import Failed

        help = did_you_mean(near(name, MAGICS, 1), "%{}") or "%help lists the magics"
        raise Failed(f"there is no magic %{name}", help)
    return found


def run_magic(shell: Shell, line: str) -> None:
    """Run a line that begins with `%`, or an input that begins with `%%`."""
    from gradcli.language.syntax.lexer import MAGICS as IGNORED

    if line.startswith("%%"):
        head, _, body = line[2:].partition("\n")
        name, _, rest = head.partition(" ")
        if name not in ("time", "timeit"):
            from gradcli.repl.session.failed import Failed

            raise Failed(f"there is no magic %%{name}", "%%time and %%timeit take several lines")
        _limited(shell, find(name), body or rest)
        return
    name, _, rest = line[1:].partition(" ")
    if name in IGNORED:
        return
    magic = find(name)
    if "files" not in magic.words:
        _limited(shell, magic, rest.strip())
        return
    if not shell.typed:
        from gradcli.repl.session.failed import Failed

        raise Failed(
            f"%{name} comes from the keyboard, as a line of its own",
            "nothing that is pasted, or arrives with other lines, reads or writes a file",
        )
    magic.run(shell, rest.strip())  # without limits: it may ask something


def _limited(shell: Shell, magic: Magic, text: str) -> None:
    with shell.session.limited():
        magic.run(shell, text)


def split(text: str) -> list[str]:
    """The words of a magic's arguments: at white space outside of brackets and quotes."""
    words: list[str] = []
    word = ""
    depth = 0
    quote = ""
    for character in text:
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        elif character in "([{":
            depth += 1
        elif character in ")]}":
            depth -= 1
        elif character.isspace() and depth <= 0:
            if word:
                words.append(word)
            word = ""
            continue
        word += character
    if word:
        words.append(word)
    return words


def arguments(name: str, text: str, least: int, most: int) -> list[str]:
    """The words of `text`, as many as the magic takes. Raises Failed with its form."""
    words = split(text)
    if not least <= len(words) <= most:
        from gradcli.repl.session.failed import Failed

        raise Failed(f"%{name} is called as {MAGICS[name].usage}", f"%help {name} has examples")
    return words


def tensor(shell: Shell, text: str) -> Any:
    """The tensor that an argument stands for. Raises Failed when it is something else."""
    from gradcli.repl.session.failed import Failed
    from gradcli.tensor.tensor import Tensor

    value = shell.evaluate(text)
    if type(value) is not Tensor:
        raise Failed(f"`{text}` is a {type(value).__name__}, not a tensor")
    return value


Function = Callable[["Shell", str], None]
