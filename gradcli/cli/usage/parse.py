"""The command line as typed: GNU conventions, from the table in `gradcli.cli.usage.table`.

`--name value` and `--name=value`, short options in one word (`-nc`, `-oFILE`), options after
operands, `--` before operands that begin with a dash, `-` as an operand. Abbreviated and unknown
options are refused with the near name.
"""

from __future__ import annotations

from . import table
from .table import COMMANDS, MAIN, OPTIONS, Command, Option


class UsageError(Exception):
    """A mistake in the command line, and what to type instead."""

    def __init__(self, message: str, help: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.help = help


class Options:
    """The values of all options (attributes named after them) and the operands."""

    command: Command
    operands: list[str]
    given: set[str]  # names of the options that were typed
    all: bool
    atol: float
    bounds: list[tuple[str, str]]
    color: str
    compact_output: bool
    const: list[tuple[str, str]]
    copy: list[tuple[str, str]]  # what a field is called in the result, and the field
    cotangent: list[tuple[str, str]]
    depth: int | None
    dtype: str | None
    each: bool
    elasticity: bool
    eps: float
    errors: str
    emit_only: bool
    engine: str | None
    exit_status: bool
    expression: list[str]
    fail_fast: bool
    file: str | None
    force: bool
    from_: str | None
    format: str
    formula: bool
    full: bool
    grid: bool
    help: bool
    indent: int | None
    input: list[str]
    iterations: int
    jobs: int | None
    json: bool
    keep: int | None
    map: list[tuple[str, str]]
    max_depth: int | None
    max_memory: int | None
    max_steps: int | None
    method: str
    no_config: bool
    nonfinite: str
    null_input: bool
    of: list[str]
    output: str | None
    plots: str | None
    prefix: str | None
    quiet: bool
    raw_output: bool
    resume: bool
    rtol: float
    seed: int | None
    seq: bool
    set: list[tuple[str, str]]
    sigma: list[tuple[str, str]]
    slurp: bool
    table: list[str]
    tangent: list[tuple[str, str]]
    taylor: int | None
    timeout: float | None
    to: str | None
    tolerance: float | None
    trace: bool
    unbuffered: bool
    version: bool
    wrt: list[str]

    def __init__(self, command: Command) -> None:
        self.command = command
        self.operands = []
        self.given = set()
        for option in OPTIONS.values():
            setattr(self, option.dest, _initial(option))


def check_jobs(options: Options) -> None:
    """Raise UsageError for `--jobs` where there are no records."""
    if "jobs" in options.given and not (options.each or options.grid):
        raise UsageError("--jobs spreads records over processes", "add --each")


_LISTS = (
    table.NAMES,
    table.BINDING,
    table.DIRECTION,
    table.REPEATED,
    table.FILES,
    table.FIELDS,
)


def _initial(option: Option) -> object:
    if option.kind == table.FLAG:
        return False
    if option.kind in _LISTS:
        return []
    return option.default


def parse(arguments: list[str]) -> Options:
    """The options of a command line without its first word. Raises UsageError."""
    command, rest = _command(arguments)
    options = Options(command)
    operands = options.operands
    words = iter(rest)
    for word in words:
        if word == "--":
            operands.extend(words)
        elif word.startswith("--"):
            name, equals, value = word[2:].partition("=")
            option = _long(name, command)
            if option.kind == table.FLAG:
                if equals:
                    raise UsageError(f"--{name} takes no value")
                _take(options, option, "")
            else:
                _take(options, option, value if equals else _next(words, f"--{name}", option))
        elif word.startswith("-") and word[1:2].isalpha():
            _short(word, words, options)
        else:
            operands.append(word)
        if options.help or options.version:
            break
    return options


def _command(arguments: list[str]) -> tuple[Command, list[str]]:
    """The command is the first operand; options of the main command may stand before it."""
    skip = False
    for place, word in enumerate(arguments):
        if skip:
            skip = False
            continue
        if word == "--":
            break
        if word.startswith("-") and word != "-":
            skip = _takes_next(word)
            continue
        if word == "help" and place == 0:
            if len(arguments) > 1 and arguments[1] in COMMANDS:
                return COMMANDS[arguments[1]], ["--help"]
            return MAIN, ["--help"]
        if word in COMMANDS:
            return COMMANDS[word], arguments[:place] + arguments[place + 1 :]
        raise _unknown_command(word)
    return MAIN, arguments


def _takes_next(word: str) -> bool:
    """Whether the word after an option is its value."""
    if word.startswith("--"):
        option = OPTIONS.get(word[2:])
        return option is not None and option.kind != table.FLAG
    last = next((o for o in OPTIONS.values() if o.short == word[-1]), None)
    if last is None or last.kind == table.FLAG:
        return False
    flags = {o.short for o in OPTIONS.values() if o.kind == table.FLAG}
    return all(letter in flags for letter in word[1:-1])


def _unknown_command(word: str) -> UsageError:
    if word.endswith(".grad") or "/" in word:
        return UsageError(f"there is no command `{word}`", f"run a file with `gradcli eval {word}`")
    commands = f"commands are {', '.join(COMMANDS)}; see gradcli --help"
    help = meant(word, COMMANDS, "`gradcli {}`") or commands
    return UsageError(f"there is no command `{word}`", help)


def meant(word: str, names: object, form: str = "`{}`") -> str:
    """The help with the name that `word` was probably meant to be, written as `form`, or ""."""
    from gradcli.language.syntax.spelling import did_you_mean, near

    candidates: list[str] = list(names)  # type: ignore[call-overload]
    prefixed = [name for name in candidates if name.startswith(word)] if word else []
    if len(prefixed) == 1:
        return did_you_mean(prefixed, form)
    close = near(word, candidates, 1) or (prefixed if len(word) > 2 else [])
    return did_you_mean(close[:1], form)


def _long(name: str, command: Command) -> Option:
    option = OPTIONS.get(name)
    if option is not None:
        if command.takes(option):
            return option
        raise _elsewhere(f"--{name}", option, command)
    help = meant(name, command.options, "--{}") or meant(name, OPTIONS, "--{}") or _see(command)
    raise UsageError(f"there is no option --{name}", help)


_EXPRESSION = "an expression that begins with - goes after --"


def _short(word: str, words: object, options: Options) -> None:
    command = options.command
    for place in range(1, len(word)):
        letter = word[place]
        option = next((o for o in OPTIONS.values() if o.short == letter), None)
        if option is None:
            long = meant(word.lstrip("-"), command.options, "--{}") if len(word) > 3 else ""
            raise UsageError(f"there is no option -{letter}", long or _EXPRESSION)
        if not command.takes(option):
            raise _elsewhere(f"-{letter}", option, command)
        if option.kind == table.FLAG:
            _take(options, option, "")
            continue
        value = word[place + 1 :]
        _take(options, option, value or _next(words, f"-{letter}", option))
        return


def _elsewhere(spelled: str, option: Option, command: Command) -> UsageError:
    homes = [name for name, other in COMMANDS.items() if other.takes(option)]
    where = f"`gradcli {command.name}`" if command.name else "`gradcli` without a command"
    if not homes:
        return UsageError(f"{spelled} does not belong to {where}", "it belongs to `gradcli` alone")
    return UsageError(f"{spelled} does not belong to {where}", f"it belongs to {', '.join(homes)}")


def _see(command: Command) -> str:
    return f"options are listed by `gradcli {command.name}".rstrip() + " --help`"


def _next(words: object, spelled: str, option: Option) -> str:
    value = next(words, None)  # type: ignore[call-overload]
    if value is None:
        raise UsageError(f"{spelled} needs a value: {option.argument}")
    return str(value)


def _take(options: Options, option: Option, text: str) -> None:
    options.given.add(option.name)
    kind = option.kind
    if kind in _LISTS:
        values = getattr(options, option.dest)
        values.extend(_listed(option, text))
        return
    choices = options.command.choices(option)
    setattr(options, option.dest, True if kind == table.FLAG else _single(option, text, choices))
    if option.name == "keep-going":
        options.fail_fast = False


def _check_keyword(option: Option, name: str) -> None:
    """Refuse `lambda`, `in` and the like as names of inputs. Raises UsageError."""
    from keyword import iskeyword

    if iskeyword(name):
        raise UsageError(
            f"--{option.name}: `{name}` is a keyword of the language, not a name",
            f"call the input `{name[:3]}_`" if name != "lambda" else "call the input `lam`",
        )


def _apart(text: str) -> list[str]:
    """The names in `x,w[0, 1],y`."""
    names: list[str] = []
    for part in text.split(","):
        if names and names[-1].count("[") > names[-1].count("]"):
            names[-1] += f",{part}"
        else:
            names.append(part)
    return [name.strip() for name in names]


def _is_dotted(first: str, parts: list[str]) -> bool:
    """Whether these are the parts of a name such as `net.0.weight`."""
    return first.isidentifier() and all(f"_{part}".isidentifier() for part in parts)


def _dotted(name: str) -> str:
    """A parameter as PyTorch names it: `model.0.weight`, also where it is reached as
    `model[0].weight`."""
    if "[" not in name:
        return name
    import re

    return re.sub(r"\[(\d+)\](?=[.\[]*[A-Za-z_])", r".\1", name)


def _listed(option: Option, text: str) -> list[object]:
    kind = option.kind
    if kind in (table.REPEATED, table.FILES):
        return [text]
    if kind == table.FIELDS:
        return [*_fields(option, text)]
    if kind == table.NAMES:
        names = _apart(text) if option.name == "wrt" else [name.strip() for name in text.split(",")]
        names = [_dotted(name) for name in names]
        for name in names:
            whole = name.partition("[")[0] if name.endswith("]") else name  # `why` takes x[3]
            first, *parts = whole.split(".")  # a module's parameter: model.0.weight
            if not _is_dotted(first, parts):
                raise UsageError(f"--{option.name}: `{name}` is not a name", "names: x,y,z")
            _check_keyword(option, name)
        return [*names]
    name, equals, value = text.partition("=")
    name = name.strip()
    first, *parts = name.split(".")
    if kind == table.DIRECTION and equals and parts and _is_dotted(first, parts):
        return [(name, value)]
    if kind == table.DIRECTION and not (equals and name.isidentifier()):
        return [("", text)]
    if not equals:
        raise UsageError(
            f"--{option.name} {text}: there is no = in it", f"write --{option.name} NAME=VALUE"
        )
    if not name.isidentifier():
        raise UsageError(f"--{option.name}: `{name}` is not a name")
    _check_keyword(option, name)
    from unicodedata import normalize

    return [(name if name.isascii() else normalize("NFKC", name), value)]


def _fields(option: Option, text: str) -> list[tuple[str, str]]:
    """`id,site=.place.site` as pairs of a name and a field."""
    found = []
    for item in _split(text):
        name, equals, field = item.partition("=")
        if item.startswith(".") or not item or not name.strip() or (equals and not field):
            raise UsageError(
                f"--{option.name} {text}: a field is copied under a name",
                f"--{option.name} id,site or --{option.name} site=.place.site",
            )
        found.append((name.strip(), field.strip() if equals else name.strip()))
    return found


def _split(text: str) -> list[str]:
    """What stands between the commas of a text that are not in quotes."""
    items = [""]
    quoted = False
    for letter in text:
        quoted ^= letter == '"'
        if letter == "," and not quoted:
            items.append("")
        else:
            items[-1] += letter
    return items


def _single(option: Option, text: str, choices: tuple[str, ...]) -> object:
    kind = option.kind
    if kind == table.TEXT:
        if not text:
            raise UsageError(f"--{option.name} needs a value: {option.argument}")
        return text
    if kind == table.CHOICE:
        if text in choices:
            return text
        if option.name in ("from", "to") and ("." in text or "/" in text):
            other = "--input" if option.name == "from" else "-o"
            raise UsageError(
                f"--{option.name} {text}: it names a format ({', '.join(choices)})",
                f"a file is given with {other} {text}",
            )
        raise UsageError(
            f"--{option.name} {text}: it is one of {', '.join(choices)}", meant(text, choices)
        )
    value = _number(kind, text)
    if value is None:
        raise UsageError(f"--{option.name} {text}: {_WANTED[kind]}")
    return value


_WANTED = {
    table.INTEGER: "it is an integer",
    table.COUNT: "it is an integer from 1 up",
    table.NATURAL: "it is an integer from 0 to 16",
    table.SIZE: "it is a number of bytes, such as 65536, 512M or 4GiB",
    table.SECONDS: "it is a number of seconds above 0",
    table.NUMBER: "it is a number above 0",
}

_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}


def _number(kind: str, text: str) -> int | float | None:
    if "_" in text or len(text) > 40:
        return None
    try:
        if kind == table.SIZE:
            digits = text.upper().removesuffix("IB").removesuffix("B")
            unit = digits[-1:] if digits[-1:] in _UNITS else ""
            size = float(digits.removesuffix(unit)) * _UNITS[unit]
            return int(size) if 1 <= size < 1 << 62 else None
        if kind in (table.SECONDS, table.NUMBER):
            value = float(text)
            return value if 0 < value < 1e9 else None
        number = int(text)
    except ValueError:
        return None
    if kind == table.COUNT and number < 1:
        return None
    if kind == table.NATURAL and not 0 <= number <= 16:
        return None
    return number
