"""A line that begins with %: found, split, its arguments read."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from gradcli.language.syntax.spelling import did_you_mean, near

from .elsewhere import HARMLESS, advice
from .table import ALIASES, MAGICS

if TYPE_CHECKING:
    from gradcli.repl.session.shell import Shell

    from .table import Magic


DEEPEST = 16  # levels of a graph that are opened, as on the command line
GIVING = ("grad", "jvp", "vjp", "jacobian", "hessian", "who_ls")  # magics that give values


def find(name: str) -> Magic:
    """The magic of this name, or of IPython's name for it. Raises Failed with the near name."""
    found = MAGICS.get(ALIASES.get(name, name))
    if found is None:
        from gradcli.repl.session.failed import Failed

        told = advice(name)
        begun = [known for known in MAGICS if len(name) > 2 and known.startswith(name)]
        near_name = did_you_mean(near(name, MAGICS, 1) or begun[:2], "%{}")
        raise Failed(f"there is no %{name}", told or near_name or "%help lists the magics")
    return found


_BARE = re.compile(r"([A-Za-z_]\w*)(?:[ \t]+(\S.*))?")
_PYTHON = re.compile(
    r"[=,:)\]]|\.[A-Za-z_]|(?:[-+*/%@&|^<>!]|\*\*|//|<<|>>)=?\s|(?:in|is|not|and|or|if|for)\b"
)  # what makes of the word before it an expression or a target
_CHANGING = ("backward", "zero", "minimize", "solve")  # not for a name that is alone by mistake


def with_percent(shell: Shell, text: str) -> str:
    """A line such as `who` or `time f(x)` with the `%` that IPython's users leave out.

    The first word is a magic here or in IPython, is no name of the user's, and what follows makes
    no Python of it. A word alone that changes gradients, or is a name of the language, stays.
    """
    match = _BARE.fullmatch(text.strip())
    if match is None or match[1] in shell.names:
        return text
    name, rest = match[1], match[2] or ""
    if name not in MAGICS and name not in ALIASES and name not in HARMLESS and not advice(name):
        return text
    if _PYTHON.match(rest) or (not rest and (name in _CHANGING or shell.is_builtin(name))):
        return text
    return f"%{text.strip()}"


def run_magic(shell: Shell, line: str) -> None:
    """Run a line that begins with `%`, or an input that begins with `%%`."""
    if line.startswith("%%"):
        head, _, body = line[2:].partition("\n")
        name, _, rest = head.partition(" ")
        if name not in ("time", "timeit"):
            from gradcli.repl.session.failed import Failed

            told = advice(name, cell=True)
            raise Failed(f"there is no %%{name}", told or "%%time and %%timeit take several lines")
        first = rest or name == "timeit"  # behind which the options and what is done once stand
        _limited(shell, find(name), f"{rest}\n{body}" if first else body)
        return
    if not line.startswith("%"):
        assign(shell, line)
        return
    name, _, rest = line[1:].partition(" ")
    if name in HARMLESS:
        shell.tell(f"note: %{name} does nothing: {HARMLESS[name]}", 6)
        return
    magic = find(name)
    if not magic.keyboard:
        _limited(shell, magic, rest.strip())
        return
    if not shell.typed:
        from gradcli.repl.session.failed import Failed

        raise Failed(
            f"%{name} comes from the keyboard, as a line of its own",
            "nothing that is pasted, or arrives with other lines, reads or writes a file",
        )
    magic.run(shell, rest.strip())  # without limits: it may ask something


def assign(shell: Shell, line: str) -> None:
    """Run `g = %grad y x`: the values that a magic shows get names."""
    from gradcli.repl.session.failed import Failed

    target, _, call = line.partition("=")
    magic = find(call.split()[0].removeprefix("%"))
    if magic.name not in GIVING:
        given = ", ".join(f"%{name}" for name in GIVING)
        raise Failed(f"%{magic.name} gives no value that could have a name", f"these do: {given}")
    names = [name.strip() for name in target.split(",")]
    shell.taken = []
    try:
        shell.magic(shell, call.strip())
        values = shell.taken
    finally:
        shell.taken = None
    if len(names) not in (1, len(values)):
        count = "1 value" if len(values) == 1 else f"{len(values)} values"
        raise Failed(f"{count} cannot have {len(names)} names")
    if len(names) == 1:
        values = [values[0] if len(values) == 1 else tuple(values)]
    shell.names.update(zip(names, values, strict=True))
    if shell.said_as:
        shell.remember(f"{', '.join(names)} = {shell.said_as}")


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


def ranges(shell: Shell, words: list[str]) -> list[int] | None:
    """The inputs that `3`, `1-5`, `4-` and `-2` stand for, in order; None for other words.

    Raises Failed for inputs that there are not.
    """
    from gradcli.repl.session.failed import Failed

    last = shell.number - 2  # the one before this
    found: list[int] = []
    for word in words:
        match = _RANGE.fullmatch(word)
        if match is None or not (match[1] or match[3]):
            return None
        start = int(match[1] or 1)
        end = start if not match[2] else int(match[3] or last)
        if not 1 <= start <= end <= last:
            there = f"there are 1-{last}" if last > 1 else "there is 1" if last else "there is none"
            raise Failed(f"{word} is no range of inputs: {there}", "such as 3 or 1-5")
        found += range(start, end + 1)
    return found


_RANGE = re.compile(r"(\d{0,6})(-?)(\d{0,6})")


class Asked(NamedTuple):
    """The arguments of a magic that answers in several forms.

    `words` are those that are no options, `form` is what `--format FORM` or `--FORM` chose, `file`
    what stands behind `>`.
    """

    words: list[str]
    form: str
    all: bool
    depth: int | None
    file: str


def asked(shell: Shell, name: str, text: str, forms: tuple[str, ...]) -> Asked:
    """Read such arguments. Raises Failed.

    Where none is given the form is one that the session shows as a picture, or else the first.
    """
    pictures = [form for form in forms if form in shell.pictures]
    words, form, every, depth, file = [], (*pictures, *forms)[0], False, None, ""
    waiting = iter(split(text))
    for word in waiting:
        option, _, value = word[2:].partition("=")
        if word == ">":
            file = next(waiting, "")
            if not file or next(waiting, ""):
                raise _refused(name, "one file's name stands behind >")
        elif not word.startswith("--") or word == "--":
            words.append(word)
        elif option == "all":
            every = True
        elif option == "depth" and "--depth" in MAGICS[name].words:
            value = value or next(waiting, "")
            if not value.isdecimal() or len(value) > 9 or int(value) > DEEPEST:
                said = f"--depth takes the number of levels that are opened, at most {DEEPEST}"
                raise _refused(name, said)
            depth = int(value)
        else:
            form = (value or next(waiting, "")) if option == "format" else option
            if form not in forms:
                known = ", ".join(f"--{item}" for item in forms)
                raise _refused(name, f"forms are {known}")
    return Asked(words, form, every, depth, file)


def _refused(name: str, help: str) -> Exception:
    from gradcli.repl.session.failed import Failed

    return Failed(f"%{name} is called as {MAGICS[name].usage}", help)


def tensor(shell: Shell, text: str) -> Any:
    """The tensor that an argument stands for. Raises Failed when it is something else."""
    from gradcli.repl.session.failed import Failed
    from gradcli.tensor.tensor import Tensor

    value = result(shell, text)
    if type(value) is not Tensor:
        kind = type(value).__name__
        raise Failed(f"`{text}` is {article(kind)} {kind}, not a tensor")
    return value


def result(shell: Shell, text: str) -> Any:
    """The value of an argument that is to be a result. Raises Failed for what can be called."""
    from gradcli.repl.session.failed import Failed

    value = shell.evaluate(text)
    if callable(value):
        kind = type(value).__name__
        raise Failed(
            f"`{text}` is {article(kind)} {kind}, not a tensor",
            f"take a value of it, such as {text}(x) for a leaf x; %plot draws functions",
        )
    return value


def article(noun: str) -> str:
    """ "an" before a vowel, "a" otherwise."""
    return "an" if noun[0] in "aeiou" else "a"


Function = Callable[["Shell", str], None]
