"""The sentence for a call that no overload takes, from the overloads that PyTorch lists.

`signatures.json` has them for every name with more than one; it is read when a call has failed.
PyTorch says what is wrong with the one overload that takes so many arguments, and lists all where
none or several do.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from ...tensor.dtypes import DType, python_number
from ...tensor.tensor import Tensor
from .arguments import listed_order

_PARAMETER = re.compile(r"(?P<type>.+?) (?P<name>\w+)(?: = (?P<default>.+))?")

# NumPy's names of parameters, which PyTorch takes too.
_NUMPY = {"dim": "axis", "keepdim": "keepdims", "other": "x2", "input": "x"}

# What takes Python numbers for tensors.
_NUMBERS = re.compile(
    r"(add|sub|subtract|mul|multiply|div|divide|true_divide|floor_divide|copy)_?(out)?"
)

# Where the dimensions may be None, which the signatures in messages do not show.
_ALL_DIMS = frozenset({"sum", "mean", "amax", "amin"})


class Form:
    """One overload: its text and its parameters."""

    __slots__ = ("least", "parameters", "positional", "text", "words")

    def __init__(self, text: str) -> None:
        self.text = text
        self.words = text.split(", ")
        self.parameters: list[tuple[str, str, str | None]] = []
        self.positional = 0
        for word in self.words:
            found = _PARAMETER.fullmatch(word)
            if found is None:  # the star
                self.positional = -1 - len(self.parameters)
                continue
            self.parameters.append((found["type"], found["name"], found["default"]))
        if self.positional < 0:
            self.positional = -1 - self.positional
        elif "*" not in self.words:
            self.positional = len(self.parameters)
        self.least = sum(default is None for _, _, default in self.parameters)

    def unknown(self, kwargs: Mapping[str, Any]) -> list[str]:
        """Keywords that no word of the signature ends in, which is how PyTorch looks for them."""
        names = {word.rpartition(" ")[2] for word in self.words}
        return [key for key in kwargs if key not in names]


@cache
def _recorded() -> dict[str, dict[str, list[str]]]:
    text = Path(__file__).with_name("signatures.json").read_text()
    found: dict[str, dict[str, list[str]]] = json.loads(text)
    return found


@cache
def forms(space: str, name: str) -> tuple[str, list[Form]] | None:
    """The name in messages and the overloads of a function; None where PyTorch has but one."""
    found = _recorded().get(space, {}).get(name)
    return None if found is None else (found[0], [Form(text) for text in found[1:]])


def refusal(
    space: str, name: str, args: Sequence[Any], kwargs: Mapping[str, Any], kind: Any
) -> TypeError | None:
    """PyTorch's error for arguments (without `self` for a method) that no overload takes.

    `kind` gives the name of a value's type. None where PyTorch has one overload only.
    """
    found = forms(space, name)
    if found is None:
        return None
    called, listed = found
    count = len(args) + len(kwargs)
    plausible = [form for form in listed if form.least <= count <= len(form.parameters)]
    if len(plausible) == 1:
        wrong = problem(called, plausible[0], args, kwargs, kind)
        if wrong is None:  # then it is an int where only a tuple will do
            wrong = problem(called, plausible[0], args, kwargs, kind, "tuples")
        if wrong is not None:
            return TypeError(wrong)
    return TypeError(_listing(called, listed, args, kwargs, kind))


def unmatched(called: str, texts: Sequence[str], args: Sequence[Any], kind: Any) -> TypeError:
    """PyTorch's error for arguments that none of the overloads `texts` takes."""
    return TypeError(_listing(called, list(map(Form, texts)), args, {}, kind))


def problem(
    called: str,
    form: Form,
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
    kind: Any,
    wants: str = "",
) -> str | None:
    """What is wrong with the arguments for one overload; None where nothing is found.

    An int stands for a tuple of ints, unless it `wants` "tuples".
    """
    given = len(args)
    types = [parameter[0] for parameter in form.parameters]
    packed = form.positional == 1 and types[0] == "tuple of ints"
    if given > form.positional and not packed:
        return _too_many(called, form, given)
    used = set()
    for place, (wanted, name, default) in enumerate(form.parameters):
        by_name = place >= given
        if not by_name:
            value = args[place]
            if place >= form.positional:
                return _too_many(called, form, given)
        else:
            key = next((k for k in (name, _NUMPY.get(name)) if k in kwargs), None)
            if key is None:
                if default is not None:
                    continue
                missing = [n for _, n, d in form.parameters[place:] if d is None]
                words = ", ".join(f'"{n}"' for n in missing)
                plural = "s" if len(missing) == 1 else ""
                return (
                    f"{called}() missing {len(missing)} required positional argument{plural}: "
                    f"{words}"
                )
            used.add(key)
            value = kwargs[key]
        if value is None and (default == "None" or (called in _ALL_DIMS and name == "dim")):
            continue
        if (
            packed
            and place == 0
            and not by_name
            and all(_fits("int", item, called) for item in args)
        ):
            continue
        several = packed and place == 0 and given > 1 and not isinstance(value, list | tuple)
        if several and not _fits("int", value, called):
            return _too_many(called, form, given)
        lone = wants and wanted.startswith("tuple") and isinstance(value, int)
        if lone or not _fits(wanted, value, called):
            where = "" if by_name else f" (position {place + 1})"
            start = f"{called}(): argument '{name}'{where} must be {wanted}, "
            if not wanted.startswith("tuple") or not isinstance(value, list | tuple):
                return f"{start}not {kind(value)}"
            item = _item(wanted)
            index = next(i for i, one in enumerate(value) if not _fits(item, one, called))
            found = kind(value[index])
            if item == "Tensor":
                return f"expected Tensor as element {index} in argument {place}, but got {found}"
            if by_name:
                return f"{start}not {kind(value)}"
            return f"{start}but found element of type {found} at pos {index}"
    if len(used) == len(kwargs):
        return None
    names = [parameter[1] for parameter in form.parameters]
    for key in kwargs:
        if key not in names:
            return f"{called}() got an unexpected keyword argument '{key}'"
        if key in names[:given]:
            return f"{called}() got multiple values for argument '{key}'"
    return None


def _too_many(called: str, form: Form, given: int) -> str:
    verb = "was" if given == 1 else "were"
    if form.least != form.positional:
        return (
            f"{called}() takes from {form.least} to {form.positional} positional arguments but "
            f"{given} were given"
        )
    plural = "" if form.positional == 1 else "s"
    return (
        f"{called}() takes {form.positional} positional argument{plural} but {given} {verb} given"
    )


def _item(wanted: str) -> str:
    """The type of a list's elements: `int` for `tuple of ints`."""
    return wanted.removeprefix("tuple of ").removesuffix("s").replace("Scalar", "Number")


def _fits(wanted: str, value: Any, called: str = "") -> bool:
    """Whether a value is taken for a type of PyTorch's signatures."""
    if wanted.startswith("tuple of "):
        item = _item(wanted)
        if isinstance(value, list | tuple):  # of numbers only the first decides
            return all(_fits(item, one, called) for one in value[: None if item == "Tensor" else 1])
        return item == "int" and _fits("int", value)
    if type(value) is Tensor:
        if wanted == "Tensor":
            return True
        plain = value.level is None and value.node is None and value.array.shape == ()
        if wanted == "int":
            return plain and value.dtype.category == 1
        return wanted in ("Number", "float") and plain
    if wanted == "Tensor":
        number = python_number(value) is not None
        return number and _NUMBERS.fullmatch(called) is not None
    if wanted == "int":
        return isinstance(value, int | np.integer) and not isinstance(value, bool)
    if wanted == "float":
        return isinstance(value, int | float | np.number | np.bool_)
    if wanted == "Number":
        return python_number(value) is not None
    if wanted == "bool":
        return isinstance(value, bool)
    if wanted == "str":
        return isinstance(value, str)
    if wanted == "any":
        return True
    if wanted == "torch.dtype":
        return isinstance(value, DType) or value in (int, float, bool, complex)
    return not isinstance(value, bool | int | float | complex | list | tuple | Tensor)


def _listing(
    called: str, listed: Sequence[Form], args: Sequence[Any], kwargs: Mapping[str, Any], kind: Any
) -> str:
    """All overloads, with what keeps those of the right length from taking the arguments."""
    start = f"{called}() received an invalid combination of arguments - got "
    if len(listed) == 1:
        form = listed[0]
        unknown = form.unknown(kwargs)
        if unknown:
            return f"{start}unrecognized keyword arguments: {', '.join(unknown)}"
        same = len(form.words) == len(args) + len(kwargs)
        described = (_marked if same else _described)(form, args, kwargs, kind)
        return f"{start}{described}, but expected ({form.text})"
    lines = [f"{start}{_described(listed[0], args, kwargs, kind)}, but expected one of:\n"]
    for form in listed:
        lines.append(f" * ({form.text})\n")
        if len(form.words) != len(args) + len(kwargs):
            continue
        unknown = form.unknown(kwargs)
        names = [name for _, name, _ in form.parameters]
        unknown = unknown or [key for key in kwargs if key in names[: len(args)]]
        if unknown:
            problem = f"keywords were incorrect: {', '.join(unknown)}"
        else:
            problem = f"arguments have invalid types: {_marked(form, args, kwargs, kind)}"
        lines.append(f"      didn't match because some of the {problem}\n")
    return "".join(lines)


def _described(form: Form, args: Sequence[Any], kwargs: Mapping[str, Any], kind: Any) -> str:
    words = "".join(f"{kind(value)}, " for value in args)
    words += "".join(f"{key}={kind(kwargs[key])}, " for key in listed_order(kwargs))
    return f"({words.removesuffix(', ') if args else words})"


def _marked(form: Form, args: Sequence[Any], kwargs: Mapping[str, Any], kind: Any) -> str:
    """The types of the arguments, those that do not fit between exclamation marks."""
    shown = []
    for word, value in zip(form.words, args, strict=False):
        shown.append(_mark(word, "", value, kind))
    for word in form.words[len(args) :]:
        if word == "*":
            continue
        key = word.rpartition(" ")[2]
        shown.append(_mark(word, f"{key}=", kwargs[key], kind))
    return f"({', '.join(shown)})"


def _mark(word: str, prefix: str, value: Any, kind: Any) -> str:
    """The type of one argument; as in PyTorch only a type of the very name counts as fitting."""
    wanted = word.rpartition(" ")[0]
    found = str(kind(value))
    fits = found == wanted or (wanted == "float" and found == "int")
    if isinstance(value, list | tuple):
        inner = ", ".join(str(kind(item)) for item in value)
        found += f" of [{inner}]" if type(value) is list else f" of ({inner})"
    text = prefix + found
    return text if fits else f"!{text}!"
