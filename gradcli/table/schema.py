"""The text of a signature, and the parameters it stands for."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from types import FunctionType, NoneType
from typing import Any

Formula = Callable[..., Any]


class Namespace:
    """The `F` of formulas: resolves an entry's id to something callable, once."""

    def __getattr__(self, identifier: str) -> Any:
        if identifier.startswith("__"):
            raise AttributeError(identifier)
        found = self.resolve(identifier)
        setattr(self, identifier, found)
        return found

    def resolve(self, identifier: str) -> Any:
        """What the name stands for in this namespace."""
        raise KeyError(identifier)


REQUIRED: Any = type("Required", (), {"__repr__": lambda self: "required"})()


_PARAMETER = re.compile(
    r"(?P<type>[A-Za-z]+)(?P<list>\[\])?(?P<variadic>\.\.\.)?(?P<optional>\?)? "
    r"(?P<name>\w+)(?:=(?P<default>.+))?"
)


_CONSTANTS = {"None": None, "True": True, "False": False}


class Parameter:
    """One parameter of a schema, such as `Dim[]? dim=None`.

    The kind Shape is a list of ints. `variadic` parameters also take their values as separate
    positional arguments (`x.view(2, 3)`). One that `takes_none` may be given None: where it is
    optional, and where it is a list of ints that is empty by default, for which None then stands.
    """

    __slots__ = (
        "default",
        "is_list",
        "keyword_only",
        "kind",
        "name",
        "optional",
        "strict",
        "takes_none",
        "variadic",
    )

    def __init__(self, text: str, keyword_only: bool) -> None:
        match = _PARAMETER.fullmatch(text)
        if match is None:
            raise ValueError(f"bad parameter in a schema: {text!r}")
        self.strict = match["type"] == "Shape"  # a list of ints that one int does not stand for
        self.kind = "int" if self.strict else match["type"]
        self.is_list = self.strict or match["list"] is not None or match["variadic"] is not None
        self.variadic = match["variadic"] is not None
        self.optional = match["optional"] is not None
        self.name = match["name"]
        self.keyword_only = keyword_only
        self.default = REQUIRED if match["default"] is None else _constant(match["default"])
        empty = self.default == () and self.kind != "Tensor"
        self.takes_none = self.optional or empty

    @property
    def is_tensor(self) -> bool:
        """Whether it takes a tensor or a list of them."""
        return self.kind == "Tensor"


def _constant(text: str) -> Any:
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if text[0] in "'\"":
        return text[1:-1]
    if text[0] == "[":
        return tuple(_constant(item.strip()) for item in text[1:-1].split(",") if item.strip())
    try:
        return int(text)
    except ValueError:
        return float(text)


def parse_schema(schema: str) -> tuple[str, tuple[Parameter, ...]]:
    """The name and parameters of `name(Type name=default, *, ...)`."""
    name, rest = schema.split("(", 1)
    parameters = []
    keyword_only = False
    depth = 0
    word = ""
    for character in rest[: rest.rindex(")")] + ",":
        depth += (character == "[") - (character == "]")
        if character == "," and depth == 0:
            word = word.strip()
            if word == "*":
                keyword_only = True
            elif word:
                parameters.append(Parameter(word, keyword_only))
            word = ""
        else:
            word += character
    return name, tuple(parameters)


def label(name: str, where: Sequence[str]) -> str:
    """The name in PyTorch's messages about arguments: `linalg_inv` for `torch.linalg.inv`."""
    return f"{where[0]}_{name}" if where and where[0] in ("linalg", "special", "fft") else name


class Packed(tuple[Any, ...]):
    """Numbers that were given one by one where a list is wanted."""

    __slots__ = ()


def packing(bind: Callable[..., tuple[Any, ...]], index: int) -> Callable[..., tuple[Any, ...]]:
    """`bind`, where numbers given one by one are packed into the list at `index`."""

    def packed(*args: Any, **kwargs: Any) -> tuple[Any, ...]:
        if len(args) > index and not isinstance(args[index], list | tuple | NoneType):
            args = (*args[:index], Packed(args[index:]))
        return bind(*args, **kwargs)

    return packed


def share_defaults(kernel: Any, parameters: Sequence[Parameter]) -> None:
    """Give a kernel the schema's defaults, so that formulas may call it with fewer arguments."""
    if type(kernel) is not FunctionType or kernel.__defaults__ or kernel.__kwdefaults__:
        return
    code = kernel.__code__
    if code.co_argcount != len(parameters) or code.co_flags & 0x0C:
        return
    defaults: list[Any] = []
    for parameter in reversed(parameters):
        if parameter.default is REQUIRED:
            break
        defaults.insert(0, parameter.default)
    kernel.__defaults__ = tuple(defaults)


def needs(formula: Formula) -> tuple[str, ...]:
    """The names of a formula's parameters after F and the cotangent or tangent."""
    code = formula.__code__
    return code.co_varnames[2 : code.co_argcount]
