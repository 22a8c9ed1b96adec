"""The sentence for a call that no overload takes, from the overloads that PyTorch lists.

`signatures.json` has them for every name with more than one; it is read when a call has failed.
PyTorch says what is wrong with the one overload that takes so many arguments, and lists all where
none or several do.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from ...tensor.dtypes import DType, python_number, type_name
from ...tensor.notices import warn_once
from ...tensor.sentences import unexpected_keyword
from ...tensor.tensor import Tensor, shape_of
from ..dtype_rules import is_batched, no_item
from ..entry import Op
from ..lookup import get_op
from ..names import OPERATIONS
from ..schema import REQUIRED, Packed, Parameter
from . import inner_calls
from .arguments import (
    BOUND,
    FUNCTION,
    SYNONYMS,
    WRITTEN,
    ArgumentError,
    bind,
    check_arguments,
    convert,
)

_PARAMETER = re.compile(r"(?P<type>.+?) (?P<name>\w+)(?: = (?P<default>.+))?")

_EXPECTED = {
    "Tensor": "Tensor",
    "Scalar": "Number",
    "Number": "Number",
    "Ordered": "Number",
    "int": "int",
    "Dim": "int",
    "Extents": "tuple of ints",
    "Padding": "tuple of ints",
    "MemoryFormat": "torch.memory_format",
    "float": "float",
    "bool": "bool",
    "str": "str",
    "DType": "torch.dtype",
    "Layout": "torch.layout",
    "Device": "torch.device",
    "Generator": "torch.Generator",
}

# NumPy's names of parameters, which PyTorch takes too.
_NUMPY = {"dim": "axis", "keepdim": "keepdims", "other": "x2", "input": "x"}


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
        return [key for key in listed_order(kwargs) if key not in names]


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
    space: str, name: str, ops: Sequence[Op], args: Sequence[Any], kwargs: Mapping[str, Any]
) -> TypeError | None:
    """PyTorch's error for arguments (without `self` for a method) that no overload takes.

    None where PyTorch has one overload only.
    """
    found = forms(space, name)
    if found is None:
        return None
    called, listed = found
    count = len(args) + len(kwargs)
    plausible = [form for form in listed if form.least <= count <= len(form.parameters)]
    if len(plausible) == 1:
        wrong = problem(called, plausible[0], args, kwargs, ops=ops)
        if wrong is None:  # then it is an int where only a tuple will do
            wrong = problem(called, plausible[0], args, kwargs, "tuples", ops)
        if wrong is not None:
            return TypeError(wrong)
    return TypeError(_listing(called, listed, args, kwargs))


def unmatched(called: str, texts: Sequence[str], args: Sequence[Any]) -> TypeError:
    """PyTorch's error for arguments that none of the overloads `texts` takes."""
    return TypeError(_listing(called, list(map(Form, texts)), args, {}))


def problem(
    called: str,
    form: Form,
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
    wants: str = "",
    ops: Sequence[Op] = (),
) -> str | None:
    """What is wrong with the arguments for one overload; None where nothing is found.

    An int stands for a tuple of ints, unless it `wants` "tuples". Which of these may be None, the
    schemas of `ops` say: the signatures in messages do not show it.
    """
    lists = {p.name for op in ops for p in op.parameters if p.is_list and p.takes_none}
    given = len(args)
    types = [parameter[0] for parameter in form.parameters]
    packed = form.positional == 1 and types[0] == "tuple of ints"
    if packed and given > 1 and all(_fits("int", item, called) for item in args):
        args, given = [tuple(args)], 1
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
        if value is None and (default == "None" or (wanted == "tuple of ints" and name in lists)):
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
                return f"{start}not {type_name(value)}"
            item = _item(wanted)
            index = next(i for i, one in enumerate(value) if not _fits(item, one, called))
            found = type_name(value[index])
            if item == "Tensor":
                return f"expected Tensor as element {index} in argument {place}, but got {found}"
            if by_name:
                return f"{start}not {type_name(value)}"
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


@cache
def _takes_numbers(called: str) -> bool:
    """Whether the first tensor of a function may be a Python number, as the source of `copy_`."""
    name = called.removesuffix("out").rstrip("_")
    return name == "copy" or any(
        get_op(identifier).numbers == "first" for identifier in OPERATIONS.ids("torch", name)
    )


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
        return python_number(value) is not None and _takes_numbers(called)
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
    called: str, listed: Sequence[Form], args: Sequence[Any], kwargs: Mapping[str, Any]
) -> str:
    """All overloads, with what keeps those of the right length from taking the arguments."""
    start = f"{called}() received an invalid combination of arguments - got "
    if len(listed) == 1:
        form = listed[0]
        unknown = form.unknown(kwargs)
        if unknown:
            return f"{start}unrecognized keyword arguments: {', '.join(unknown)}"
        same = len(form.words) == len(args) + len(kwargs)
        described = (_marked if same else _described)(form, args, kwargs)
        return f"{start}{described}, but expected ({form.text})"
    lines = [f"{start}{_described(listed[0], args, kwargs)}, but expected one of:\n"]
    for form in listed:
        lines.append(f" * ({form.text})\n")
        if len(form.words) != len(args) + len(kwargs):
            continue
        unknown = form.unknown(kwargs)
        names = [name for _, name, _ in form.parameters]
        unknown = unknown or [key for key in listed_order(kwargs) if key in names[: len(args)]]
        if unknown:
            problem = f"keywords were incorrect: {', '.join(unknown)}"
        else:
            problem = f"arguments have invalid types: {_marked(form, args, kwargs)}"
        lines.append(f"      didn't match because some of the {problem}\n")
    return "".join(lines)


def _described(form: Form, args: Sequence[Any], kwargs: Mapping[str, Any]) -> str:
    words = "".join(f"{type_name(value)}, " for value in args)
    words += "".join(f"{key}={type_name(kwargs[key])}, " for key in listed_order(kwargs))
    return f"({words.removesuffix(', ') if args else words})"


def _marked(form: Form, args: Sequence[Any], kwargs: Mapping[str, Any]) -> str:
    """The types of the arguments, those that do not fit between exclamation marks."""
    shown = []
    for word, value in zip(form.words, args, strict=False):
        shown.append(_mark(word, "", value))
    for word in form.words[len(args) :]:
        if word == "*":
            continue
        key = word.rpartition(" ")[2]
        shown.append(_mark(word, f"{key}=", kwargs[key]))
    return f"({', '.join(shown)})"


def _mark(word: str, prefix: str, value: Any) -> str:
    """The type of one argument; as in PyTorch only a type of the very name counts as fitting."""
    wanted = word.rpartition(" ")[0]
    found = str(type_name(value))
    fits = found == wanted or (wanted == "float" and found == "int")
    if isinstance(value, list | tuple):
        inner = ", ".join(str(type_name(item)) for item in value)
        comma = "," if len(value) == 1 else ""
        found += f" of [{inner}]" if type(value) is list else f" of ({inner}{comma})"
    text = prefix + found
    return text if fits else f"!{text}!"


def deprecated(
    op: Op, flavour: str, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[Any, ...] | None:
    """The checked arguments of a call in the old form, with factors among the tensors.

    None where it is no such call.
    """
    names = op.deprecated
    if not names or kwargs:
        return None
    if len(names) == 1:
        numbers, rest = args[1:2], (*args[:1], *args[2:])
    else:
        numbers = tuple(value for value in args if type(value) is not Tensor)
        rest = tuple(value for value in args if type(value) is Tensor)
    if not 0 < len(numbers) <= len(names) or any(python_number(value) is None for value in numbers):
        return None
    try:
        factors = dict(zip(names, numbers, strict=False))
        bound = check_arguments(op, bind(op, flavour, rest, factors))
    except ArgumentError:
        return None
    old = ", ".join(
        f"{'Tensor' if type(value) is Tensor else 'Number'} {name}"
        for value, name in zip(args, _old_names(op, args, names), strict=True)
        if flavour not in BOUND or name != "self"
    ).replace("Tensor self", "Tensor input")
    out = ", *, Tensor out = None" if _has_out(op, flavour) else ""
    warn_once(
        f"This overload of {op.name} is deprecated:\n\t{op.name}({old}{out})\nConsider using one "
        f"of the following signatures instead:\n\t{op.name}({signature(op, flavour)})",
        "an overload is deprecated",
    )
    return bound


def _old_names(op: Op, args: tuple[Any, ...], names: Sequence[str]) -> list[str]:
    """The names of the arguments of a deprecated form."""
    tensors = iter([p.name for p in op.parameters if p.is_tensor])
    if len(names) == 1:
        return [next(tensors), *names, *tensors]
    numbers = iter(names)
    return [next(tensors) if type(value) is Tensor else next(numbers) for value in args]


def sentence(error: ArgumentError, flavour: str, given: int, name: str) -> str:
    """PyTorch's sentence for a call of `name` with `given` positional arguments.

    PyTorch counts the positions of a method's arguments without `self`, and calls the first
    parameter of a function `input`.
    """
    parameter, position, value, index = error.parameter, error.position, error.value, error.index
    if parameter is None:
        label = error.op.label
        return misfit(error.op, *error.call).replace(f"{label}()", f"{name}()", 1)
    found = type_name(value if index is None else value[index])
    if index is not None and parameter.is_list:
        if parameter.kind == "Tensor":
            return f"expected Tensor as element {index} in argument {position}, but got {found}"
        if index:
            return (
                f"{error.op.label}(): argument '{parameter.name}' failed to unpack the object at "
                f'pos {index + 1} with error "type must be {expected(parameter)},but got {found}"'
            )
    what = f", not {found}"
    if index is not None and type(value) is not Packed:
        what = f", but found element of type {found} at pos {index}"
    place = f" (position {position + (flavour not in BOUND)})" if position < given else ""
    shown = shown_name(parameter, flavour)
    return f"{name}(): argument '{shown}'{place} must be {expected(parameter)}{what}"


def shown_name(parameter: Parameter, flavour: str) -> str:
    """The parameter's name in messages: without the mark of one that is a word of Python's."""
    if parameter.name == "self" and flavour not in BOUND:
        return "input"
    return parameter.name.removesuffix("_")


def expected(parameter: Parameter) -> str:
    """What a parameter takes, in PyTorch's words."""
    word = _EXPECTED.get(parameter.kind, parameter.kind)
    return f"tuple of {word}s" if parameter.is_list else word


def misfit(op: Op, flavour: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
    """Why arguments do not fit a schema, in PyTorch's words."""
    positional = [p for p in op.parameters if not p.keyword_only]
    names = {parameter.name: parameter for parameter in op.parameters}
    hidden = flavour in BOUND
    if flavour == WRITTEN:
        return _python_misfit(op, args, kwargs)
    if len(args) > len(positional):
        most, given = len(positional) - hidden, len(args) - hidden
        if hidden and most == 0:
            return f"TensorBase.{op.label}() takes no arguments ({given} given)"
        plural = "" if most == 1 else "s"
        return (
            f"{op.label}() takes {most} positional argument{plural} but {given} "
            f"{'was' if given == 1 else 'were'} given"
        )
    if hidden and kwargs and len(op.parameters) == 1:
        return f"TensorBase.{op.label}() takes no keyword arguments"
    later = positional[len(args) :] + [p for p in op.parameters if p.keyword_only]
    missing = [
        shown_name(parameter, flavour)
        for parameter in later
        if parameter.default is REQUIRED and parameter.name not in kwargs
    ]
    if missing:
        listed = ", ".join(f'"{name}"' for name in missing)
        plural = "s" if len(missing) == 1 else ""  # the other way round, as PyTorch has it
        return f"{op.label}() missing {len(missing)} required positional argument{plural}: {listed}"
    unknown = next((name for name in kwargs if name not in names), None)
    if unknown is not None:
        return f"{op.label}() got an unexpected keyword argument '{unknown}'"
    taken = [parameter.name for parameter in positional[: len(args)]]
    twice = next((name for name in kwargs if name in taken), None)
    if twice is None:
        return f"{op.label}() got an unexpected keyword argument 'self'"
    return f"{op.label}() got multiple values for argument '{twice}'"


def _positional_range(least: int, most: int) -> str:
    """How many positional arguments a function takes, in Python's words."""
    takes = f"{most}" if least == most else f"from {least} to {most}"
    return f"{takes} positional argument{'' if most == 1 else 's'}"


def _more_given(args: Sequence[Any], kwargs: Mapping[str, Any]) -> str:
    """How many arguments were given where there are too many, in Python's words."""
    count = len(args)
    if not kwargs:
        return f"{count} {'was' if count == 1 else 'were'}"
    words = "" if len(kwargs) == 1 else "s"
    return (
        f"{count} positional argument{'' if count == 1 else 's'} (and {len(kwargs)} keyword-only "
        f"argument{words}) were"
    )


def _python_misfit(op: Op, args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
    """Why arguments do not fit a schema, in Python's words."""
    names = [shown_name(parameter, WRITTEN) for parameter in op.parameters]
    required = [
        name
        for name, parameter in zip(names, op.parameters, strict=True)
        if parameter.default is REQUIRED
    ]
    given = {("input" if name == "self" else name) for name in kwargs}
    for name in kwargs:
        if name not in names:
            return unexpected_keyword(op.name, name, names)
    most = sum(not parameter.keyword_only for parameter in op.parameters)
    if len(args) > most:
        takes = _positional_range(len(required), most)
        return f"{op.name}() takes {takes} but {_more_given(args, kwargs)} given"
    missing = [f"'{name}'" for name in required[len(args) :] if name not in given]
    listed = " and ".join(missing) if len(missing) < 3 else ", ".join(missing[:-1])
    if len(missing) > 2:
        listed += f", and {missing[-1]}"
    plural = "" if len(missing) == 1 else "s"
    return f"{op.name}() missing {len(missing)} required positional argument{plural}: {listed}"


def resolution_error(
    name: str,
    ops: Sequence[Op],
    flavour: str,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    out: Any = None,
    space: str = "",
) -> Exception:
    """The error of a call that no overload takes.

    Where the number of arguments leaves one overload, what is wrong with it is said; else all
    are listed.
    """
    given_at: list[tuple[Any, Any]] = [*enumerate(args), *kwargs.items()]
    if any(_wants_number(ops, place, value) for place, value in given_at):
        return RuntimeError(no_item())
    late = _late(name, ops, flavour, args, kwargs)
    if late is not None:
        return late
    if flavour != WRITTEN:
        space = space or ("Tensor" if flavour in BOUND else next(iter(ops[0].where), ""))
        given = kwargs if out is None else {**kwargs, "out": out}
        plain = name.removeprefix(f"{space}_")
        found = refusal(space, plain, ops, args[flavour in BOUND :], given)
        if found is not None:
            return found
        if len(ops) == 1 and not any(p.variadic and p.is_tensor for p in ops[0].parameters):
            form = Form(signature(ops[0], flavour))
            wrong = problem(name, form, args[flavour in BOUND :], given, ops=ops)
            if wrong is not None and not _no_arguments(ops[0], flavour):
                return TypeError(wrong)
    passed = len(args) - (flavour in BOUND) + len(kwargs) + (out is not None)
    fitting = [op for op in ops if _takes(op, flavour, passed)]
    if flavour == WRITTEN:
        ops = [max(ops, key=lambda op: len(op.parameters))]
    elif ops[0].forms == 0:
        fitting = []
    elif name == "split" and len(args) < 2 and "split_size_or_sections" not in kwargs:
        return TypeError(
            "split() missing 1 required positional argument: 'split_size_or_sections'"
            if args
            else "split() missing 2 required positional arguments: 'tensor' and "
            "'split_size_or_sections'"
        )
    elif name == "split" and passed and not kwargs:
        sizes = type_name(args[1])
        return TypeError(
            "split_with_sizes(): argument 'split_sizes' (position 2) must be tuple of ints, not "
            f"{sizes}"
        )
    if len(ops) == 1 and not ops[0].deprecated:
        fitting = list(ops) if ops[0].forms in (None, passed) else []
    if len(fitting) == 1:
        try:
            if flavour != WRITTEN:
                _check_given(fitting[0], args, kwargs)
            check_arguments(fitting[0], bind(fitting[0], flavour, args, kwargs), flavour)
        except ArgumentError as error:
            if flavour == WRITTEN and error.parameter is not None:
                shown = shown_name(error.parameter, flavour)
                inner = inner_calls.refusal(name, shown, error.value, error.index)
                if inner is not None:
                    return inner
            return TypeError(sentence(error, flavour, len(args), name))
    listed = [Form(signature(op, flavour)) for op in ops]
    return TypeError(_listing(name, listed, args[flavour in BOUND :], kwargs))


def _late(
    name: str, ops: Sequence[Op], flavour: str, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> TypeError | None:
    """The error for an element of a list, where an overload was chosen by the list's first."""
    for op in ops:
        try:
            check_arguments(op, bind(op, flavour, args, kwargs), flavour)
        except ArgumentError as error:
            parameter = error.parameter
            if not error.index or parameter is None or not parameter.is_list:
                continue
            given = args[flavour in BOUND :]
            if type(error.value) is Packed:
                given = (*given[: error.position - (flavour in BOUND)], list(error.value))
            if problem(name, Form(signature(op, flavour)), given, kwargs, ops=ops) is None:
                return TypeError(sentence(error, flavour, len(args), name))
    return None


def _wants_number(ops: Sequence[Op], place: int | str, value: Any) -> bool:
    """Whether a number is wanted at a place or by a name, where vmap has a batch of them."""
    batch = any(
        type(item) is Tensor and is_batched(item) and not shape_of(item)
        for item in (value if isinstance(value, list | tuple) else (value,))
    )
    if not batch:
        return False
    for op in ops:
        for position, parameter in enumerate(op.parameters):
            last = min(place, len(op.parameters) - 1) if isinstance(place, int) else place
            if last in (position, parameter.name) and parameter.kind not in ("Tensor", "any"):
                return True
    return False


def _check_given(op: Op, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """Raise ArgumentError for the first argument of a wrong type before one that is missing.

    Where there are too many positional arguments, their number is what is wrong.
    """
    positional = [p for p in op.parameters if not p.keyword_only]
    if len(args) > len(positional) or any(p.variadic for p in positional):
        return
    given: dict[str, Any] = {SYNONYMS.get(name, name): value for name, value in kwargs.items()}
    given |= kwargs
    given |= {p.name: value for p, value in zip(positional, args, strict=False)}
    for position, parameter in enumerate(op.parameters):
        if parameter.name in given:
            value = given[parameter.name]
            if value is not parameter.default:
                convert(op, parameter, position, value)
        elif parameter.default is REQUIRED:
            return


def _no_arguments(op: Op, flavour: str) -> bool:
    """Whether it is a method without arguments, where Python itself says what is wrong."""
    return flavour in BOUND and len(op.parameters) == 1


def _takes(op: Op, flavour: str, passed: int) -> bool:
    """Whether an entry takes this number of arguments, positional and keyword together."""
    parameters = op.parameters[1:] if flavour in BOUND else op.parameters
    least = sum(parameter.default is REQUIRED for parameter in parameters)
    return least <= passed <= len(parameters) + _has_out(op, flavour)


def _has_out(op: Op, flavour: str) -> bool:
    return flavour not in BOUND and op.out is not None


def listed_order(names: Iterable[str]) -> list[str]:
    """Keywords in the order of PyTorch's messages: that of libstdc++'s hash table of strings.

    Note: its first table has 13 buckets, enough for every call. An entry goes before those of its
    bucket, and an empty bucket's before all others.
    """
    found: list[tuple[str, int]] = []
    for name in names:
        bucket = _string_hash(name.encode()) % 13
        same = [place for place, (_, other) in enumerate(found) if other == bucket]
        found.insert(same[0] if same else 0, (name, bucket))
    return [name for name, _ in found]


def _string_hash(data: bytes) -> int:
    """`std::hash<std::string>` of libstdc++: MurmurHash64A by Austin Appleby, its seed included."""
    mask, factor = 0xFFFFFFFFFFFFFFFF, 0xC6A4A7935BD1E995
    state = (0xC70F6907 ^ (len(data) * factor)) & mask
    whole = len(data) - len(data) % 8
    for start in range(0, whole, 8):
        word = int.from_bytes(data[start : start + 8], "little") * factor & mask
        word = (word ^ (word >> 47)) * factor & mask
        state = (state ^ word) * factor & mask
    if whole < len(data):
        state = (state ^ int.from_bytes(data[whole:], "little")) * factor & mask
    state = (state ^ (state >> 47)) * factor & mask
    return state ^ (state >> 47)


def signature(op: Op, flavour: str = FUNCTION) -> str:
    """The schema in the form that PyTorch's messages show."""
    words = []
    star = False
    for position, parameter in enumerate(op.parameters):
        if position == 0 and parameter.name == "self" and flavour in BOUND:
            continue
        if parameter.keyword_only and not star:
            star = True
            words.append("*")
        word = f"{expected(parameter)} {shown_name(parameter, flavour)}"
        if parameter.default is not REQUIRED and not parameter.variadic:
            word += f" = {parameter.default}"
        words.append(word)
    if _has_out(op, flavour):
        words += [] if star else ["*"]
        words.append(f"{'Tensor' if op.outputs < 2 else 'tuple of Tensors'} out = None")
    return ", ".join(words)
