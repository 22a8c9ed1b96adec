"""The module `argparse`: options of a program, which are those it gives itself.

A program's command line is its name alone, so defaults decide, or a list given to `parse_args`.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from gradcli.language.machine.sizes import index_of
from gradcli.language.machine.state import counted, feed, machine
from gradcli.language.values.arithmetic import contains
from gradcli.language.values.attributes import MISSING, Module
from gradcli.language.values.constructors import callable_value
from gradcli.language.values.functions import Builtin
from gradcli.language.values.special_names import is_special
from gradcli.language.values.text import percent, text, text_repr

from .copy import COPIES
from .hosts import held_parts, open_attributes, open_class
from .ordering import compared
from .streams import STDERR, STDOUT

PROGRAM = "program"
SUPPRESS = "==SUPPRESS=="


class ArgumentTypeError(Exception):
    """What a type says of a text that does not suit it."""

    published = True


class ArgumentError(Exception):
    """What is wrong with an argument."""

    published = True


ArgumentTypeError.__module__ = ArgumentError.__module__ = "argparse"


class Namespace:
    """`argparse.Namespace`."""

    def __init__(self, **kwargs: Any) -> None:
        for name in kwargs:
            if is_special(name):
                raise AttributeError(f"'{name}' cannot be set", name=name)
        self.__dict__.update(kwargs)

    def __contains__(self, key: Any) -> bool:
        return isinstance(key, str) and key in self.__dict__

    def __eq__(self, other: object) -> Any:
        if not isinstance(other, Namespace):
            return NotImplemented
        return compared(operator.eq, self.__dict__, other.__dict__)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        parts = []
        odd = {}
        for name, value in self.__dict__.items():
            if name.isidentifier():
                parts.append(f"{name}={text_repr(value)}")
            else:
                odd[name] = value
        if odd:
            parts.append(f"**{text_repr(odd)}")
        return f"Namespace({', '.join(parts)})"


def _copied(value: Namespace, each: Callable[[Any], Any]) -> Namespace:
    made = Namespace()
    made.__dict__.update({name: each(part) for name, part in value.__dict__.items()})
    return made


open_class(Namespace, module="argparse", parts=held_parts)
open_attributes(Namespace)
COPIES[Namespace] = _copied

_WITHOUT_VALUE = frozenset(
    ("store_const", "store_true", "store_false", "append_const", "count", "help", "version")
) | {"boolean"}
_ACTIONS = _WITHOUT_VALUE | {"store", "append", "extend"}
_SETTINGS = frozenset(
    ("nargs", "const", "default", "type", "choices", "required", "help", "metavar", "version")
) | {"dest"}
BOOLEAN = Builtin("BooleanOptionalAction", lambda *a, **k: None, "class", "argparse")


class Action:
    """One argument; `flags` are its options, none for one that is told by its place."""

    def __init__(self, flags: list[str], dest: str, action: str, given: dict[str, Any]) -> None:
        self.option_strings = flags
        self.dest = dest
        self.action = action
        self.nargs: Any = given.get("nargs")
        self.const: Any = given.get("const")
        self.default: Any = given.get("default")
        self.type: Any = given.get("type")
        self.choices: Any = given.get("choices")
        self.required = bool(given.get("required", False))
        self.help: Any = given.get("help")
        self.metavar: Any = given.get("metavar")
        self.version: Any = given.get("version")

    @property
    def title(self) -> str:
        """How a message names the argument."""
        if self.option_strings:
            return "/".join(self.option_strings)
        return self.dest if self.metavar is None else text(self.metavar)

    @property
    def shown(self) -> str:
        """What stands for its value in the usage."""
        if isinstance(self.metavar, str):
            return self.metavar
        if self.choices is not None:
            return "{" + ",".join(map(text, counted(self.choices))) + "}"
        return self.dest.upper() if self.option_strings else self.dest

    def values_shown(self) -> str:
        """Its values in the usage."""
        name, nargs = self.shown, self.nargs
        if nargs == "?":
            return f"[{name}]"
        if nargs == "*":
            return f"[{name} ...]"
        if nargs == "+":
            return f"{name} [{name} ...]"
        return " ".join([name] * (nargs if isinstance(nargs, int) else 1))

    def usage(self) -> str:
        """It in the usage."""
        if not self.option_strings:
            return self.values_shown()
        flag = self.option_strings[0]
        if self.action == "boolean":
            flag = " | ".join(self.option_strings)
        elif self.action not in _WITHOUT_VALUE:
            flag = f"{flag} {self.values_shown()}"
        return flag if self.required else f"[{flag}]"


open_class(
    Action,
    "choices const default dest help metavar nargs option_strings required type",
    module="argparse",
)

MOST = 1000  # values that one argument may ask for


class Parser:
    """`argparse.ArgumentParser`."""

    def __init__(
        self,
        prog: Any = None,
        usage: Any = None,
        description: Any = None,
        epilog: Any = None,
        parents: Any = (),
        formatter_class: Any = None,
        prefix_chars: Any = "-",
        fromfile_prefix_chars: Any = None,
        argument_default: Any = None,
        conflict_handler: Any = "error",
        add_help: Any = True,
        allow_abbrev: Any = True,
        exit_on_error: Any = True,
    ) -> None:
        if fromfile_prefix_chars is not None:
            raise ValueError("fromfile_prefix_chars is refused: a program reads no files")
        if prefix_chars != "-":
            raise ValueError("prefix_chars is '-' here")
        self.prog = PROGRAM if prog is None else text(prog)
        self.description = description
        self.epilog = epilog
        self.written_usage = usage
        self.actions: list[Action] = []
        self.flags: dict[str, Action] = {}
        self.defaults: dict[str, Any] = {}
        self.abbreviations = bool(allow_abbrev)
        self.otherwise = argument_default
        self.exclusive: list[tuple[list[Action], bool]] = []
        if add_help:
            self.add_argument("-h", "--help", action="help", help="show this help message and exit")
        for parent in feed(parents):
            if isinstance(parent, Parser):
                for action in parent.actions:
                    self._enter(action)

    def add_argument(self, *args: Any, **kwargs: Any) -> Action:
        """One more argument."""
        for name in args:
            if not isinstance(name, str):
                raise TypeError("names of arguments are texts")
        action: Any = kwargs.pop("action", "store")
        action = "boolean" if action is BOOLEAN else action
        if not isinstance(action, str) or action not in _ACTIONS:
            raise ValueError(f'unknown action "{text(action)}"')
        for name in kwargs:
            if name not in _SETTINGS:
                owner = "".join(part.title() for part in action.split("_"))
                raise TypeError(
                    f"_{owner}Action.__init__() got an unexpected keyword argument '{name}'"
                )
        flags = [name for name in args if name[:1] == "-"]
        dest = kwargs.pop("dest", None)
        if flags and len(flags) != len(args):
            wrong = next(name for name in args if name[:1] != "-")
            raise ValueError(f"invalid option string {wrong!r}: must start with a character '-'")
        if flags:
            long = [name for name in flags if name[:2] == "--"]
            found = (long or flags)[0].lstrip("-")
            if dest is None:
                if not found:
                    raise ValueError(f"dest= is required for options like {flags[0]!r}")
                dest = found.replace("-", "_")
        elif args:
            if dest is not None:
                raise ValueError("dest supplied twice for positional argument")
            dest = args[0]
            kwargs["required"] = kwargs.get("nargs") not in ("?", "*")
        if not isinstance(dest, str) or is_special(dest):
            raise ValueError(f"{text_repr(dest)} is not a name for an argument")
        kwargs["nargs"] = self._counted_values(kwargs.get("nargs"))
        self._complete(action, flags, kwargs)
        return self._enter(Action(flags, dest, action, kwargs))

    @staticmethod
    def _counted_values(nargs: Any) -> Any:
        if nargs is None or nargs in ("?", "*", "+"):
            return nargs
        number = index_of(nargs)
        if not isinstance(number, int) or number < 1:
            raise ValueError(f"nargs {text_repr(nargs)} is not a number of values, '?', '*' or '+'")
        if number > MOST:
            raise ValueError(f"nargs above {MOST} is refused")
        return number

    def _complete(self, action: str, flags: list[str], given: dict[str, Any]) -> None:
        """Fill in what an action says itself."""
        if action == "store_true":
            given.setdefault("default", False)
            given["const"] = True
        elif action == "store_false":
            given.setdefault("default", True)
            given["const"] = False
        elif action == "boolean":
            flags += [f"--no-{flag[2:]}" for flag in list(flags) if flag[:2] == "--"]
        elif action in ("help", "version"):
            given.setdefault("default", SUPPRESS)
        kind = given.get("type")
        if kind is not None:
            kind = given["type"] = callable_value(kind)
            if not callable(kind):
                raise ValueError(f"{text_repr(kind)} is not callable")
        choices = given.get("choices")
        if choices is not None:
            given["choices"] = choices if isinstance(choices, range) else list(feed(choices))
        if "default" not in given and self.otherwise is not None:
            given["default"] = self.otherwise

    def _enter(self, action: Action) -> Action:
        machine.reserve(512)
        machine.spend(1)
        for flag in action.option_strings:
            if flag in self.flags:
                raise ArgumentError(f"argument {action.title}: conflicting option string: {flag}")
        for flag in action.option_strings:
            self.flags[flag] = action
        self.actions.append(action)
        if action.dest in self.defaults:
            action.default = self.defaults[action.dest]
        return action

    def add_argument_group(self, *args: Any, **kwargs: Any) -> Group:
        """A group for the help; its arguments are the parser's."""
        return Group(self, None)

    def add_mutually_exclusive_group(self, *, required: Any = False) -> Group:
        """A group of which one argument can be given."""
        together: list[Action] = []
        self.exclusive.append((together, bool(required)))
        return Group(self, together)

    def add_subparsers(self, *args: Any, **kwargs: Any) -> Any:
        """Refused: a program has no command line."""
        raise ValueError("subcommands are not in the language: a program has no command line")

    def set_defaults(self, **kwargs: Any) -> None:
        """Defaults by name."""
        for name in kwargs:
            if is_special(name):
                raise ValueError(f"{name!r} is not a name for an argument")
        self.defaults.update(kwargs)
        for action in self.actions:
            if action.dest in kwargs:
                action.default = kwargs[action.dest]

    def get_default(self, dest: Any) -> Any:
        """The default of a name."""
        for action in self.actions:
            if action.dest == dest and action.default is not None:
                return action.default
        return self.defaults.get(dest)

    def parse_args(self, args: Any = None, namespace: Any = None) -> Any:
        """The values of all arguments. Raises SystemExit with 2 after a message."""
        found, rest = self.parse_known_args(args, namespace)
        if rest:
            self.error(f"unrecognized arguments: {' '.join(rest)}")
        return found

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> tuple[Any, list[str]]:
        """The values, and the words that no argument takes."""
        words = self._words(args)
        found = Namespace() if namespace is None else namespace
        if not isinstance(found, Namespace):
            raise TypeError("a namespace is an argparse.Namespace")
        held = found.__dict__
        for action in self.actions:
            if action.dest not in held and action.default is not SUPPRESS:
                held[action.dest] = action.default
        for name, value in self.defaults.items():
            held.setdefault(name, value)
        seen, rest = _Reading(self, words, held).all()
        for action in self.actions:
            untouched = action not in seen and held.get(action.dest) is action.default
            if untouched and isinstance(action.default, str) and action.default != SUPPRESS:
                held[action.dest] = self.converted(action, action.default)
        required = [one.title for one in self.actions if one.required and one not in seen]
        if required:
            self.error(f"the following arguments are required: {', '.join(required)}")
        for together, needed in self.exclusive:
            if needed and not any(action in seen for action in together):
                names = " ".join(action.title for action in together)
                self.error(f"one of the arguments {names} is required")
        return found, rest

    def _words(self, args: Any) -> list[str]:
        if args is None:
            known = machine.modules.get("sys")
            args = known.entries["argv"][1:] if known is not None else []
        words = list(feed(args))
        if not all(isinstance(word, str) for word in words):
            raise TypeError("words of a command line are texts")
        return words

    def converted(self, action: Action, word: str) -> Any:
        """The value of a word."""
        if action.type is None:
            return word
        try:
            return action.type(word)
        except ArgumentTypeError as error:
            self.error(f"argument {action.title}: {text(error)}")
        except (TypeError, ValueError):
            name = getattr(action.type, "__name__", None) or text_repr(action.type)
            self.error(f"argument {action.title}: invalid {name} value: {word!r}")

    def checked(self, action: Action, word: str) -> Any:
        """The value of a word, which is one of the choices where there are some."""
        value = self.converted(action, word)
        if action.choices is not None and not contains(action.choices, value):
            choices = ", ".join(map(text_repr, counted(action.choices)))
            self.error(
                f"argument {action.title}: invalid choice: {text_repr(value)} "
                f"(choose from {choices})"
            )
        return value

    def format_usage(self) -> str:
        """The usage in one line."""
        if self.written_usage is not None:
            return f"usage: {percent(text(self.written_usage), {'prog': self.prog})}\n"
        options = [action.usage() for action in self.actions if action.option_strings]
        others = [action.usage() for action in self.actions if not action.option_strings]
        return f"usage: {' '.join([self.prog, *options, *others])}\n"

    def format_help(self) -> str:
        """The help."""
        parts = [self.format_usage()]
        if self.description:
            parts.append(f"\n{text(self.description)}\n")
        options = [action for action in self.actions if action.option_strings]
        others = [action for action in self.actions if not action.option_strings]
        for title, actions in (("positional arguments", others), ("options", options)):
            if actions:
                parts.append(f"\n{title}:\n")
                parts += [self._help_line(action) for action in actions]
        if self.epilog:
            parts.append(f"\n{text(self.epilog)}\n")
        return "".join(parts)

    def _help_line(self, action: Action) -> str:
        values = "" if action.action in _WITHOUT_VALUE else f" {action.values_shown()}"
        head = ", ".join(f"{flag}{values}" for flag in action.option_strings) or action.shown
        if not action.help:
            return f"  {head}\n"
        known = {"prog": self.prog, "default": action.default, "dest": action.dest}
        words = percent(text(action.help), known)
        if len(head) > 20:
            return f"  {head}\n{'':24}{words}\n"
        return f"  {head:<22}{words}\n"

    def print_usage(self, file: Any = None) -> None:
        """Print the usage."""
        STDOUT.write(self.format_usage())

    def print_help(self, file: Any = None) -> None:
        """Print the help."""
        STDOUT.write(self.format_help())

    def error(self, message: Any) -> Any:
        """Say the usage and what is wrong, and end. Raises SystemExit with 2."""
        STDERR.write(f"{self.format_usage()}{self.prog}: error: {text(message)}\n")
        raise SystemExit(2)

    def exit(self, status: Any = 0, message: Any = None) -> Any:
        """End. Raises SystemExit."""
        if message:
            STDERR.write(text(message))
        raise SystemExit(status)

    def __repr__(self) -> str:
        return f"ArgumentParser(prog={self.prog!r})"


class Group:
    """Arguments of a parser that stand together."""

    def __init__(self, parser: Parser, together: list[Action] | None) -> None:
        self.parser = parser
        self.together = together

    def add_argument(self, *args: Any, **kwargs: Any) -> Action:
        """One more argument."""
        made = self.parser.add_argument(*args, **kwargs)
        if self.together is not None:
            self.together.append(made)
        return made


class _Reading:
    """One reading of words."""

    def __init__(self, parser: Parser, words: list[str], held: dict[str, Any]) -> None:
        self.parser = parser
        self.words = words
        self.held = held
        self.at = 0
        self.seen: set[Action] = set()
        self.rest: list[str] = []
        self.placed = [action for action in parser.actions if not action.option_strings]

    def all(self) -> tuple[set[Action], list[str]]:
        """Read all words: the arguments that were given, and the words that none takes."""
        loose: list[str] = []
        while self.at < len(self.words):
            machine.spend(1)
            word = self.words[self.at]
            if word == "--":
                loose += self.words[self.at + 1 :]
                break
            if self.is_option(word):
                self.option(word)
            else:
                self.at += 1
                loose.append(word)
        self.positionals(loose)
        return self.seen, self.rest

    def is_option(self, word: str) -> bool:
        """Whether a word names an option: a negative number does not."""
        if len(word) < 2 or word[0] != "-" or " " in word:
            return False
        if word in self.parser.flags:
            return True
        return not word[1:].replace(".", "", 1).isdigit()

    def option(self, word: str) -> None:
        """Read an option with its values."""
        flag, equals, value = word.partition("=")
        action = self.parser.flags.get(flag)
        given = [value] if equals else []
        if action is None and flag[:2] == "--" and self.parser.abbreviations:
            fits = [name for name in self.parser.flags if name.startswith(flag)]
            if len({id(self.parser.flags[name]) for name in fits}) > 1:
                options = ", ".join(fits)
                self.parser.error(f"ambiguous option: {word} could match {options}")
            if fits:
                action = self.parser.flags[fits[0]]
        elif action is None and word[1] != "-" and word[:2] in self.parser.flags:
            flag, action, given = word[:2], self.parser.flags[word[:2]], [word[2:]]
            if action.action in _WITHOUT_VALUE:
                self.words[self.at : self.at + 1] = [flag, f"-{word[2:]}"]
                given = []
        self.at += 1
        if action is None:
            self.rest.append(word)
            return
        if action.action in _WITHOUT_VALUE:
            if given:
                self.parser.error(
                    f"argument {action.title}: ignored explicit argument {given[0]!r}"
                )
        elif not given:
            given = self.values(action)
        self.apply(action, given, flag)

    def values(self, action: Action) -> list[str]:
        """The words that follow an option and are its values."""
        nargs = action.nargs
        most = len(self.words) if nargs in ("*", "+") else nargs if type(nargs) is int else 1
        found: list[str] = []
        while len(found) < most and self.at < len(self.words):
            word = self.words[self.at]
            if word == "--" or self.is_option(word):
                break
            found.append(word)
            self.at += 1
        self.expect(action, found)
        return found

    def expect(self, action: Action, found: list[str]) -> None:
        """Refuse too few values."""
        nargs = action.nargs
        if nargs is None and len(found) != 1:
            self.parser.error(f"argument {action.title}: expected one argument")
        if nargs == "+" and not found:
            self.parser.error(f"argument {action.title}: expected at least one argument")
        if isinstance(nargs, int) and len(found) != nargs:
            plural = "" if nargs == 1 else "s"
            self.parser.error(f"argument {action.title}: expected {nargs} argument{plural}")

    def positionals(self, loose: list[str]) -> None:
        """Deal words out to the arguments that are told by their place."""
        for at, action in enumerate(self.placed):
            later = sum(
                one.nargs if isinstance(one.nargs, int) else one.nargs in (None, "+")
                for one in self.placed[at + 1 :]
            )
            free = max(len(loose) - later, 0)
            nargs = action.nargs
            count = nargs if isinstance(nargs, int) else free if nargs in ("*", "+") else 1
            count = min(count, free) if nargs in ("?", "*", "+") else count
            if len(loose) < count or (nargs == "+" and not count):
                return  # the parser says that it is missing
            words, loose = loose[:count], loose[count:]
            if words:
                self.apply(action, words, "")
            elif nargs == "*" and action.default is None:
                self.held[action.dest] = []
        self.rest += loose

    def apply(self, action: Action, words: list[str], flag: str) -> None:
        """Put the values of an argument into the namespace."""
        parser, held, dest = self.parser, self.held, action.dest
        for together, _ in parser.exclusive:
            if action in together:
                for other in together:
                    if other in self.seen and other is not action:
                        parser.error(
                            f"argument {action.title}: not allowed with argument {other.title}"
                        )
        self.seen.add(action)
        kind = action.action
        if kind == "help":
            parser.print_help()
            raise SystemExit(0)
        if kind == "version":
            STDOUT.write(f"{percent(text(action.version), {'prog': parser.prog})}\n")
            raise SystemExit(0)
        if kind in ("store_true", "store_false", "store_const"):
            held[dest] = action.const
            return
        if kind == "boolean":
            held[dest] = not flag.startswith("--no-")
            return
        if kind == "count":
            held[dest] = (held.get(dest) or 0) + 1
            return
        if kind == "append_const":
            held[dest] = [*feed(held.get(dest) or ()), action.const]
            return
        value = self.value(action, words)
        if kind == "append":
            held[dest] = [*feed(held.get(dest) or ()), value]
        elif kind == "extend":
            held[dest] = [*feed(held.get(dest) or ()), *value]
        else:
            held[dest] = value

    def value(self, action: Action, words: list[str]) -> Any:
        """The value of an argument's words."""
        if action.nargs is None:
            return self.parser.checked(action, words[0])
        if action.nargs == "?":
            return self.parser.checked(action, words[0]) if words else action.const
        return [self.parser.checked(action, word) for word in counted(words)]


open_class(
    Parser,
    "add_argument add_argument_group add_mutually_exclusive_group add_subparsers description "
    "epilog error exit format_help format_usage get_default parse_args parse_known_args print_help "
    "print_usage prog set_defaults",
    module="argparse",
    name="ArgumentParser",
)
open_class(Group, "add_argument", module="argparse", name="_ArgumentGroup")


def _refuse_file(*args: Any, **kwargs: Any) -> Any:
    raise ValueError("a program reads no files: give inputs with --set or --input")


def _formatter(name: str) -> Builtin:
    return Builtin(name, lambda *args, **kwargs: MISSING, "class", "argparse")


def module() -> Module:
    """The module `argparse`."""
    formatters = (
        "HelpFormatter", "ArgumentDefaultsHelpFormatter", "RawDescriptionHelpFormatter",
        "RawTextHelpFormatter", "MetavarTypeHelpFormatter",
    )  # fmt: skip
    return Module(
        "argparse",
        {
            "ArgumentParser": Parser,
            "ArgumentError": ArgumentError,
            "ArgumentTypeError": ArgumentTypeError,
            "BooleanOptionalAction": BOOLEAN,
            "FileType": _refuse_file,
            "Namespace": Namespace,
            "SUPPRESS": SUPPRESS,
            **{name: _formatter(name) for name in formatters},
        },
    )
