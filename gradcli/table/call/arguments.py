"""Checking and normalising bound arguments by the kinds of their parameters."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ...tensor.device import memory_format
from ...tensor.dtypes import NAMES, PYTHON, DType, python_number
from ...tensor.dtypes import type_name as type_name
from ...tensor.notices import warn_once
from ...tensor.sentences import unexpected_keyword
from ...tensor.tensor import Tensor, shape_of
from ..dtype_rules import is_batched, no_item
from ..entry import Op
from ..schema import REQUIRED, Packed, Parameter

_EXPECTED = {
    "Tensor": "Tensor",
    "Scalar": "Number",
    "Number": "Number",
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


# How a name is called. WRITTEN is for functions of `torch.nn.functional` that PyTorch writes in
# Python, so that Python's own sentences say what is missing.
FUNCTION, METHOD, OPERATOR, WRITTEN = "function", "method", "operator", "written"
_BOUND = (METHOD, OPERATOR)


class ArgumentError(TypeError):
    """An argument of the wrong type or in the wrong place; other overloads may still fit.

    PyTorch counts the positions of a method's arguments without `self`, and calls the first
    parameter of a function `input`.
    """

    def __init__(
        self, op: Op, problem: str, parameter: Parameter | None = None, position: int = 0
    ) -> None:
        super().__init__(problem)
        self.op = op
        self.problem = problem
        self.parameter = parameter
        self.position = position

    def sentence(self, flavour: str, given: int, name: str = "") -> str:
        """PyTorch's sentence for a call of `name` with `given` positional arguments."""
        if self.parameter is None:
            return self.problem.replace(f"{self.op.label}()", f"{name or self.op.label}()", 1)
        shown = shown_name(self.parameter, flavour)
        place = ""
        if self.position < given:
            place = f" (position {self.position + (flavour not in _BOUND)})"
        return f"{name or self.op.label}(): argument '{shown}'{place} must be {self.problem}"


def shown_name(parameter: Parameter, flavour: str) -> str:
    """The parameter's name in messages."""
    return "input" if parameter.name == "self" and flavour not in _BOUND else parameter.name


def check_arguments(op: Op, args: tuple[Any, ...], flavour: str = FUNCTION) -> tuple[Any, ...]:
    """`args` with every value in the form that kernels expect.

    A function that is written in Python takes any value for a flag, by its truth.

    Raises ArgumentError with PyTorch's sentence for a value of the wrong type.
    """
    changed: list[Any] | None = None
    for position, parameter in enumerate(op.parameters):
        value = args[position]
        if value is parameter.default:
            continue
        if flavour == WRITTEN and parameter.kind == "bool" and value is not None:
            new = _truth(value)
        else:
            new = _convert(op, parameter, position, value)
        if new is not value:
            if changed is None:
                changed = list(args)
            changed[position] = new
    if op.numbers == "either" and not any(type(value) is Tensor for value in args):
        raise wrong_type(op, op.parameters[0], 0, args[0])
    return args if changed is None else tuple(changed)


def _truth(value: Any) -> bool:
    if type(value) is not Tensor or value.array.size == 1:
        return bool(value if type(value) is not Tensor else value.array.item())
    many = "more than one value" if value.array.size else "no values"
    raise RuntimeError(f"Boolean value of Tensor with {many} is ambiguous")


def _convert(op: Op, parameter: Parameter, position: int, value: Any) -> Any:
    kind = parameter.kind
    if value is None:
        if parameter.optional:
            return None
        raise wrong_type(op, parameter, position, value)
    if parameter.is_list:
        if isinstance(value, list | tuple):
            items = list(value)
        elif kind in ("int", "Dim") and not isinstance(value, bool) and not parameter.strict:
            items = [value]
        else:
            raise wrong_type(op, parameter, position, value)
        if kind == "int":
            items = [int(item) if _is_size(item) else item for item in items]
        if kind == "Tensor":
            for index, item in enumerate(items):
                if type(item) is not Tensor and (item is not None or parameter.name != "indices"):
                    raise ArgumentError(
                        op,
                        f"expected Tensor as element {index} in argument {position}, but got "
                        f"{type_name(item)}",
                    )
            return items
        converted = tuple(
            int(item) if isinstance(item, bool) and kind in ("int", "Dim") else _scalar(kind, item)
            for item in items
        )
        for index, item in enumerate(converted):
            if item is REQUIRED or (index == 0 and isinstance(items[0], bool) and kind == "int"):
                raise wrong_item(op, parameter, position, value, index)
        return converted
    if kind == "Tensor":
        if type(value) is Tensor:
            return value
        number = python_number(value)
        if number is not None and number_allowed(op) and (position or op.numbers in _FIRST):
            return number
        raise wrong_type(op, parameter, position, value)
    if kind == "Extents" or (kind == "Padding" and type(value) is not str):
        return _extents(op, parameter, position, value)
    new = _scalar(kind, value)
    if new is REQUIRED:
        raise wrong_type(op, parameter, position, value)
    return new


def _extents(op: Op, parameter: Parameter, position: int, value: Any) -> Any:
    """One int for every dimension, or a list of them: it stays what it is."""
    if not isinstance(value, list | tuple):
        number = _scalar("int", value)
        if number is REQUIRED:
            raise wrong_type(op, parameter, position, value)
        return number
    numbers = [item if item is None else _scalar("int", item) for item in value]
    if REQUIRED in numbers:
        place = numbers.index(REQUIRED)
        found = type_name(value[place])
        raise ArgumentError(
            op,
            f"{expected(parameter)}, but found element of type {found} at pos {place}",
            parameter,
            position,
        )
    return type(value)(numbers) if type(value) in (list, tuple) else value


_FIRST = ("first", "either")  # the field `numbers` where the first tensor may be a number


def number_allowed(op: Op) -> bool:
    """Whether a Python number may stand for a tensor: in elementwise ops of two and more."""
    return bool(op.numbers) and len(op.tensor_positions) > 1 and op.promote is not None


def _scalar(kind: str, value: Any) -> Any:
    """`value` as the kind wants it, REQUIRED when it does not fit."""
    if kind == "any":
        return value
    if isinstance(value, np.generic):
        value = _unpacked(kind, value)
    if type(value) is Tensor and kind in ("Scalar", "int", "Dim", "float", "bool"):
        if value.level is not None or value.node is not None or value.array.shape != ():
            return REQUIRED
        value = value.array.item()
    if kind in ("int", "Dim"):
        return value if isinstance(value, int) and not isinstance(value, bool) else REQUIRED
    if kind == "float":
        return float(value) if isinstance(value, int | float) else REQUIRED
    if kind in ("Scalar", "Number"):  # a Number is never taken from a tensor
        number = python_number(value)
        return REQUIRED if number is None else number
    if kind == "bool":
        return value if isinstance(value, bool) else REQUIRED
    if kind == "str":
        return value if isinstance(value, str) else REQUIRED
    if kind == "Order":  # of a norm
        return value if isinstance(value, str | bool | int | float | complex) else REQUIRED
    if kind == "MemoryFormat":
        return value if isinstance(value, memory_format) else REQUIRED
    if kind == "DType":
        if isinstance(value, DType):
            return value
        return PYTHON.get(value, REQUIRED) if isinstance(value, type) else REQUIRED
    return value


def _is_size(value: Any) -> bool:
    """Whether a value is an array that counts as an integer in a list of sizes."""
    return isinstance(value, np.ndarray) and value.ndim == 0 and value.dtype.kind in "iu"


def _unpacked(kind: str, value: np.generic) -> Any:
    """A NumPy scalar as a Python number where the kind takes it, else as it is."""
    if kind in ("int", "Dim"):
        return int(value) if isinstance(value, np.integer) else value
    if kind == "float":
        return float(value.real) if isinstance(value, np.number | np.bool_) else value
    return python_number(value) if kind in ("Scalar", "Number") else value


def wrong_type(op: Op, parameter: Parameter, position: int, value: Any) -> ArgumentError:
    """The error for an argument of the wrong type."""
    return ArgumentError(op, f"{expected(parameter)}, not {type_name(value)}", parameter, position)


def wrong_item(op: Op, parameter: Parameter, position: int, value: Any, index: int) -> TypeError:
    """The error for an element of the wrong type in a list.

    The first decides whether an overload fits; the others are found out when it was chosen.
    """
    if not isinstance(value, list | tuple):
        return wrong_type(op, parameter, position, value)
    found = type_name(value[index])
    if index:
        return TypeError(
            f"{op.label}(): argument '{parameter.name}' failed to unpack the object at pos "
            f'{index + 1} with error "type must be {expected(parameter)},but got {found}"',
        )
    if type(value) is Packed:
        return ArgumentError(op, f"{expected(parameter)}, not {found}", parameter, position)
    return ArgumentError(
        op,
        f"{expected(parameter)}, but found element of type {found} at pos 0",
        parameter,
        position,
    )


def expected(parameter: Parameter) -> str:
    """What a parameter takes, in PyTorch's words."""
    word = _EXPECTED.get(parameter.kind, parameter.kind)
    if parameter.is_list:
        return f"tuple of {word}s"
    return word


# NumPy's names of parameters, which PyTorch also takes.
_SYNONYMS = {
    "input": "self",
    "axis": "dim",
    "axes": "dims",
    "keepdims": "keepdim",
    "x2": "other",
    "split_size_or_sections": "split_size",
    "tensor": "self",
    "x": "self",
    "x1": "self",
    "a": "self",
}


# Names that PyTorch also has for parameters of single functions.
_OTHERS = {
    "input": ("A",),
    "other": ("B", "A", "tensor2"),
    "b": ("B",),
    "axis0": ("dim0",),
    "axis1": ("dim1",),
    "split_sizes": ("split_size",),
    "input2": ("tau",),
    "tensor": ("tensor1",),
    "indices_or_sections": ("sections", "indices"),
    "tensor_indices_or_sections": ("indices",),
}


def _other_name(name: str, names: set[str]) -> str:
    if name in names:
        return name
    return next((other for other in _OTHERS.get(name, ()) if other in names), name)


def bind(op: Op, flavour: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, ...]:
    """Arguments in the schema's order. Raises ArgumentError where they do not fit it."""
    if kwargs and "self" in kwargs and flavour not in _BOUND:  # functions call it `input`
        given = kwargs if flavour == WRITTEN else {k: v for k, v in kwargs.items() if k != "self"}
        raise ArgumentError(op, misfit(op, flavour, args, given))
    try:
        return op.bind(*args, **kwargs)
    except TypeError:
        names = {parameter.name for parameter in op.parameters}
        renamed = {
            _SYNONYMS[name] if name not in names and _SYNONYMS.get(name) in names else name: value
            for name, value in kwargs.items()
        }
        renamed = {_other_name(name, names): value for name, value in renamed.items()}
        try:
            return op.bind(*args, **renamed)
        except TypeError:
            if any(name not in names for name in renamed):  # then NumPy's names do not count
                renamed = {("self" if k == "input" else k): v for k, v in kwargs.items()}
            raise ArgumentError(op, misfit(op, flavour, args, renamed)) from None


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
        if flavour not in _BOUND or name != "self"
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


def misfit(op: Op, flavour: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
    """Why arguments do not fit a schema, in PyTorch's words."""
    positional = [p for p in op.parameters if not p.keyword_only]
    names = {parameter.name: parameter for parameter in op.parameters}
    hidden = flavour in _BOUND
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
    if len(args) > len(names):
        least = len(required)
        takes = f"{least}" if least == len(names) else f"from {least} to {len(names)}"
        return f"{op.name}() takes {takes} positional arguments but {len(args)} were given"
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
    if flavour != WRITTEN:
        from .argument_errors import Form, problem, refusal

        space = space or ("Tensor" if flavour in _BOUND else next(iter(ops[0].where), ""))
        given = kwargs if out is None else {**kwargs, "out": out}
        plain = name.removeprefix(f"{space}_")
        found = refusal(space, plain, args[flavour in _BOUND :], given, type_name)
        if found is not None:
            return found
        if len(ops) == 1 and not any(p.variadic and p.is_tensor for p in ops[0].parameters):
            form = Form(signature(ops[0], flavour))
            wrong = problem(name, form, args[flavour in _BOUND :], given, type_name)
            if wrong is not None and not _no_arguments(ops[0], flavour):
                return TypeError(wrong)
    passed = len(args) - (flavour in _BOUND) + len(kwargs) + (out is not None)
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
            return TypeError(error.sentence(flavour, len(args), name))
    return combination_error(name, ops, flavour, args, kwargs)


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
    given: dict[str, Any] = {_SYNONYMS.get(name, name): value for name, value in kwargs.items()}
    given |= kwargs
    given |= {p.name: value for p, value in zip(positional, args, strict=False)}
    for position, parameter in enumerate(op.parameters):
        if parameter.name in given:
            value = given[parameter.name]
            if value is not parameter.default:
                _convert(op, parameter, position, value)
        elif parameter.default is REQUIRED:
            return


def _no_arguments(op: Op, flavour: str) -> bool:
    """Whether it is a method without arguments, where Python itself says what is wrong."""
    return flavour in _BOUND and len(op.parameters) == 1


def _takes(op: Op, flavour: str, passed: int) -> bool:
    """Whether an entry takes this number of arguments, positional and keyword together."""
    parameters = op.parameters[1:] if flavour in _BOUND else op.parameters
    least = sum(parameter.default is REQUIRED for parameter in parameters)
    return least <= passed <= len(parameters) + _has_out(op, flavour)


def _has_out(op: Op, flavour: str) -> bool:
    return flavour not in _BOUND and op.out is not None


def combination_error(
    name: str, ops: Sequence[Op], flavour: str, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> TypeError:
    """PyTorch's error when no overload takes the arguments, with the overloads."""
    given = args[1:] if flavour in _BOUND else args
    words = "".join(f"{type_name(value)}, " for value in given)
    words += "".join(f"{key}={type_name(kwargs[key])}, " for key in listed_order(kwargs))
    if given:
        words = words.removesuffix(", ")
    if len(ops) == 1 and ops[0].forms is None:
        return TypeError(
            f"{name}() received an invalid combination of arguments - got ({words}), but expected "
            f"({signature(ops[0], flavour)})"
        )
    lines = "".join(f" * ({signature(op, flavour)})\n" for op in ops)
    return TypeError(
        f"{name}() received an invalid combination of arguments - got ({words}), but expected "
        f"one of:\n{lines}"
    )


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
        if position == 0 and parameter.name == "self" and flavour in _BOUND:
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


def dtype_names() -> Sequence[str]:
    """Every name of a dtype."""
    return tuple(NAMES)
