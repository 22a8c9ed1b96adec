"""`--help`: one screen of 32 lines and 80 columns at most for each command, from the table."""

from __future__ import annotations

from .table import BINDING, COMMANDS, FIELDS, GROUPS, MAIN, NAMES, OPTIONS, Command, Option

WIDTH = 80
FEW = 4  # choices that are all shown
# How to read what is said of options, and of which kinds it is said.
READING = (
    ("(…): what holds without it", ()),
    ("NAME,…: a list, a,b", (NAMES, FIELDS)),
    ("NAME=… and --input repeat", (BINDING,)),
)
# Commands that the last line of the main help names.
ELSEWHERE = ("ops", "schema", "kernel", "completions", "man")


def screen(command: Command) -> str:
    """The help of a command, or of gradcli as a whole for `MAIN`."""
    lines = _main() if command is MAIN else _command(command)
    return "\n".join(lines) + "\n"


def usage(command: Command) -> str:
    """How a command is called."""
    return " ".join(filter(None, ("gradcli", command.name, command.arguments, "[OPTIONS]")))


def _main() -> list[str]:
    lines = [f"usage: gradcli [COMMAND] [OPTIONS]    {MAIN.summary}"]
    width = max(map(len, COMMANDS)) + 2
    lines.append(f"  {'(none)':{width}}calculate interactively, or run a script from stdin")
    lines += [
        f"  {name:{width}}{command.summary}"
        for name, command in COMMANDS.items()
        if name not in ELSEWHERE
    ]
    lines += ["", *_brief(MAIN, 9), "", *_examples(MAIN)]
    more = "More: gradcli COMMAND --help, gradcli ops, schema, kernel, completions, man"
    return [*lines, more]


def _command(command: Command) -> list[str]:
    lines = [f"usage: {usage(command)}", command.about]
    detailed = [OPTIONS[name] for name in command.details]
    if detailed:
        lines += ["", *_described(detailed, command)]
    brief = _brief(command, 9)
    if brief:
        lines += ["", *brief]
        kinds = {OPTIONS[name].kind for name in command.options}
        parts = [text for text, of in READING if not of or not kinds.isdisjoint(of)]
        lines.append(" · ".join(parts))
    return [*lines, "", *_examples(command)]


def _described(options: list[Option], command: Command) -> list[str]:
    width = max(len(_spelling(option)) for option in options) + 2
    return [f"  {_spelling(option):{width}}{_about(option, command)}" for option in options]


def _about(option: Option, command: Command) -> str:
    about = option.help
    if option.name == "format":
        *others, last = command.choices(option)
        about = f"{', '.join(others)} or {last}"
    usual = command.usually(option)
    return f"{about} ({usual})" if usual else about


def _spelling(option: Option) -> str:
    return option.brief if option.short else option.spelled


def _brief(command: Command, margin: int) -> list[str]:
    """The options without a line of their own, a paragraph a group."""
    lines: list[str] = []
    for group in GROUPS:
        names = [
            _choices(option, command)
            for option in OPTIONS.values()
            if option.group == group
            and command.takes(option)
            and option.name not in command.details
        ]
        if names:
            lines += _wrapped(group, names, margin)
    return lines


def _choices(option: Option, command: Command) -> str:
    """An option in one word, with what its argument may be and what holds without it."""
    word = option.spelled.replace(", ", "/", 1) if option.short else option.brief
    if option.choices and len(option.choices) <= FEW:
        word = f"{option.brief.partition(' ')[0]} {'|'.join(option.choices)}"
    usual = command.usually(option)
    return f"{word} ({usual})" if usual else word


def _wrapped(title: str, items: list[str], margin: int) -> list[str]:
    lines = [f"{title:{margin}}"]
    for place, item in enumerate(items):
        piece = item + ("," if place < len(items) - 1 else "")
        if len(lines[-1]) + 1 + len(piece) > WIDTH:
            lines.append(" " * margin)
        lines[-1] += " " + piece
    return lines


def _examples(command: Command) -> list[str]:
    width = max(len(example) for example, _ in command.examples)
    room = max(len(meaning) for _, meaning in command.examples)
    if 2 + width + 4 + room > WIDTH:
        width = 0
    return [f"  {example:{width}}  # {meaning}" for example, meaning in command.examples]
