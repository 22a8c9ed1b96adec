"""The magics that IPython's users know by heart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gradcli.language.values.functions import Function, Method
from gradcli.repl.names.facts import is_data
from gradcli.repl.session.failed import Failed

from .parse import arguments, ranges, split

if TYPE_CHECKING:
    from gradcli.repl.session.shell import Shell

USUAL = 4  # digits behind the point


def precision(shell: Shell, text: str) -> None:
    from gradcli.tensor.print_options import options

    words = arguments("precision", text, 0, 1)
    word = (words[0] if words else str(USUAL)).removeprefix("%.").removesuffix("f")
    if not word.isdigit() or int(word) > 20:
        raise Failed(f"`{words[0]}` is not a number of digits", "it is from 0 to 20")
    options.precision = int(word)
    shell.remember(f"torch.set_printoptions(precision={word})")
    shell.tell(f"tensors are printed with {word} digits")


def _names(shell: Shell, text: str) -> list[str]:
    """The names of the user's values, sorted; those of some types only when there are words."""
    kinds = {word.rpartition(".")[2] for word in split(text)}
    return sorted(
        name
        for name, value in shell.variables().items()
        if is_data(value) and (not kinds or type(value).__name__ in kinds)
    )


def who(shell: Shell, text: str) -> None:
    import textwrap

    names = _names(shell, text)
    width = max(shell.width - 1, 20)
    lines = textwrap.wrap("   ".join(names), width, break_long_words=False)
    shell.tell(
        "\n".join(lines) or ("no name is of this type" if text else "no names are given yet")
    )


def who_ls(shell: Shell, text: str) -> None:
    shell.show_value(_names(shell, text), shell.number - 1)


def pinfo(shell: Shell, text: str) -> None:
    (name,) = arguments("pinfo", text, 1, 1)
    shell.help(shell, name, False)


def psource(shell: Shell, text: str) -> None:
    (name,) = arguments("psource", text, 1, 1)
    shell.help(shell, name, True)


def pdef(shell: Shell, text: str) -> None:
    from gradcli.render.operations import described
    from gradcli.repl.names import lookup

    (name,) = arguments("pdef", text, 1, 1)
    found = lookup.operations(shell, name)
    if found:
        for entry in found:
            shell.tell(described(entry)[0])
        return
    value = lookup.value(shell, name)
    signature = None if value is lookup.MISSING else lookup.signature_of(value)
    if signature is None:
        raise Failed(f"`{name}` is not a function that is known", f"%who lists names, {name}? more")
    shell.tell(f"{name}{signature}")


def xmode(shell: Shell, text: str) -> None:
    words = arguments("xmode", text, 0, 1)
    word = words[0].lower() if words else ("context" if shell.short else "minimal")
    modes = {"minimal": True, "context": False, "plain": False, "verbose": False}
    if word not in modes:
        raise Failed(f"`{words[0]}` is no way to show errors", "%xmode context or %xmode minimal")
    shell.short = modes[word]
    shell.tell("errors are their message alone" if shell.short else "errors show their lines")


def colors(shell: Shell, text: str) -> None:
    words = arguments("colors", text, 0, 1)
    word = words[0].lower() if words else ("off" if shell.colour else "on")
    shell.colour = word not in ("off", "nocolor", "none")
    if shell.colour and word not in ("on", "linux", "lightbg", "neutral", "dark", "light"):
        raise Failed(f"`{words[0]}` is no choice of colours", "on or off; theme is in config.toml")
    shell.tell(f"colours are {'on' if shell.colour else 'off'}")


def paste(shell: Shell, text: str) -> None:
    arguments("paste", text, 0, 0)
    found = shell.read_lines("paste, then -- on a line of its own, or Ctrl-D")
    if not found.strip():
        raise Failed("nothing was pasted", "terminals paste with Ctrl-Shift-V or the middle button")
    shell.pasted.append(found)


cpaste = paste


def recall(shell: Shell, text: str) -> None:
    shell.next_text = "\n".join(_inputs(shell, text, "recall"))


def rerun(shell: Shell, text: str) -> None:
    found = _inputs(shell, text, "rerun")
    for again in found:
        shell.say(again)
    shell.pasted += found


def _inputs(shell: Shell, text: str, magic: str) -> list[str]:
    """The inputs that were asked for, or the last one. Raises Failed."""
    words = split(text)
    numbers = ranges(shell, words or [str(max(shell.number - 2, 1))])
    if numbers is None:
        raise Failed(f"%{magic} is called as %{magic} 3 or %{magic} 1-5", "%hist -n shows numbers")
    return [shell.inputs[number] for number in numbers]


def edit(shell: Shell, text: str) -> None:
    from gradcli.repl.files.editor import NoEditor
    from gradcli.repl.files.editor import edit as open_editor

    words = split(text)
    numbers = ranges(shell, words) if words else []
    if numbers is None:
        before = "\n".join(_text_of(shell, word) for word in words)
    else:
        before = "\n".join(shell.inputs[number] for number in numbers)
    try:
        after = open_editor(before)
    except NoEditor as error:
        raise Failed(str(error), error.help) from None
    if after.strip():
        shell.next_text = after


def _text_of(shell: Shell, name: str) -> str:
    """What defined a function or a class, or assigned a name last. Raises Failed."""
    from .help_pages import statement_of

    value: Any = shell.names.get(name)
    if isinstance(value, Function | Method | type):
        found = statement_of(shell, value)
        if found is not None:
            return found.text
    for statement in reversed(shell.statements):
        if statement.text.startswith((f"{name} =", f"{name}=")):
            return statement.text
    raise Failed(f"`{name}` is neither an input nor a name of yours", "%edit 3, %edit 1-5, %edit f")
