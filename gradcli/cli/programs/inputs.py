"""Inputs as tensors: from `--set`, `--const`, `--input` and records."""

from __future__ import annotations

from typing import Any

from gradcli.autograd.leaf import requires_grad_
from gradcli.cli.process.failures import failure_of
from gradcli.cli.process.report import USAGE, Failure
from gradcli.cli.usage.parse import Options, UsageError
from gradcli.io.errors import DataError
from gradcli.io.parse import parse as parse_json
from gradcli.io.values import to_array
from gradcli.tensor import dtypes
from gradcli.tensor.dtypes import DType
from gradcli.tensor.tensor import Tensor, make

from .sources import Text


def use_dtype(options: Options, text: Text) -> None:
    """Make what a text computes in the default dtype and that of the inputs.

    That is `--dtype`, else float32 for a program that imports torch and float64 for an expression
    or a calculator script, whatever the command.
    """
    from gradcli.language.interpreter import imports_torch

    chosen = dtypes.float32 if imports_torch(text.tree) else dtypes.float64
    if options.dtype is not None:
        chosen = dtypes.NAMES[options.dtype]
    dtypes.default.dtype = chosen.to_real()


def input_dtype(options: Options) -> DType:
    """The dtype that numbers given from outside get."""
    if options.dtype is not None:
        return dtypes.NAMES[options.dtype]
    return dtypes.default.dtype


def leaf(value: Any, floating: DType, path: str) -> Tensor:
    """A JSON value or an ndarray as an input: floating, and requiring grad where that is possible.

    Raises DataError.
    """
    array, dtype = _array(value, floating, False, path)
    tensor = make(array, dtype)
    return requires_grad_(tensor) if dtype.differentiable else tensor


def constant(value: Any, floating: DType, path: str) -> Tensor:
    """A JSON value or an ndarray as `torch.tensor` has it, not differentiated."""
    array, dtype = _array(value, dtypes.default.dtype, True, path)
    return make(array, dtype)


def _array(value: Any, floating: DType, infer: bool, path: str) -> tuple[Any, DType]:
    if not hasattr(value, "__array__"):
        array, dtype = to_array(value, floating, infer=infer, path=path)
        if floating.is_complex and not infer and dtype.is_floating_point and floating is not dtype:
            return array.astype(floating.array), floating
        return array, dtype
    dtype = dtypes.FROM_ARRAY[value.dtype]
    if not infer and dtype.category in (dtypes.INTEGER, dtypes.FLOATING):
        return floating.cast(value), floating
    if not infer and dtype.is_complex:
        dtype = floating.to_complex()
        return dtype.cast(value), dtype
    return value, dtype


class Given:
    """The inputs of a run: `leaves` and `constants` by name, in the order in which they came."""

    __slots__ = ("constants", "grids", "leaves")

    def __init__(self) -> None:
        self.leaves: dict[str, Tensor] = {}
        self.constants: dict[str, Tensor] = {}
        self.grids: dict[str, Any] = {}

    @property
    def all(self) -> dict[str, Tensor]:
        """All inputs by name, leaves first."""
        return {**self.leaves, **self.constants}


def bound(options: Options) -> Given:
    """The inputs of `--set` and `--const`. Raises UsageError and Failure."""
    given = Given()
    floating = input_dtype(options)
    for name, text in options.set:
        value = literal(text, f"--set {name}")
        if options.grid and _is_range(value):
            given.grids[name] = value
        elif isinstance(value, Tensor):
            given.leaves[name] = _as_leaf(value, floating)
        else:
            given.leaves[name] = _placed(leaf, value, floating, name)
    for name, text in options.const:
        value = literal(text, f"--const {name}")
        if name in given.leaves or name in given.grids:
            raise UsageError(f"`{name}` is given by --set and by --const")
        if isinstance(value, Tensor):
            given.constants[name] = value
        else:
            given.constants[name] = _placed(constant, value, floating, name)
    return given


def _placed(make_tensor: Any, value: Any, floating: DType, name: str) -> Tensor:
    try:
        tensor: Tensor = make_tensor(value, floating, name)
    except DataError as error:
        raise Failure(USAGE, str(error), help=error.help) from None
    return tensor


def _is_range(value: Any) -> bool:
    if isinstance(value, Tensor):
        return len(value.array.shape) > 0
    return type(value) is list


def _as_leaf(value: Tensor, floating: DType) -> Tensor:
    """The value of an expression as an input: of the inputs' dtype, and requiring grad."""
    dtype = value.dtype
    array = value.array
    if dtype.category in (dtypes.INTEGER, dtypes.FLOATING):
        array, dtype = floating.cast(array), floating
    elif dtype.is_complex:
        dtype = floating.to_complex()
        array = dtype.cast(array)
    tensor = make(array, dtype)
    return requires_grad_(tensor) if dtype.differentiable else tensor


def literal(text: str, what: str) -> Any:
    """A value given on the command line: JSON, or else an expression of literals.

    A parsed JSON value, or a Tensor from an expression. Raises Failure.
    """
    try:
        return parse_json(text)
    except DataError as error:
        complaint = error
    stripped = text.strip()
    if not stripped:
        raise Failure(USAGE, f"{what}: there is no value")
    if stripped[0] in '{"':
        raise Failure(USAGE, f"{what}: {complaint}", help=complaint.help)
    return _expression(stripped, what)


def _expression(text: str, what: str) -> Any:
    from gradcli.language.interpreter import Session, compile_program
    from gradcli.language.syntax.error import GradSyntaxError
    from gradcli.language.syntax.source import Source

    source = Source(text, what)
    try:
        program = compile_program(source, kind="expression", mode="calculator")
        if program.inputs:
            name = next(iter(program.inputs))
            help = "a value is JSON, or an expression such as linspace(-3, 3, 61)"
            if name.lower() in ("nan", "infinity"):
                help = 'JSON has "NaN", "Infinity" and "-Infinity" in quotes; torch has nan and inf'
            raise Failure(
                USAGE, f"{what}: `{name}` is neither JSON nor a name that torch has", help=help
            )
        value = Session().run(program).value
    except GradSyntaxError as error:
        failure = failure_of(error, source)
        failure.status = USAGE
        raise failure from None
    return _plain(value, what)


def _plain(value: Any, what: str) -> Any:
    """The value of an expression as a Tensor or as a JSON value."""
    if isinstance(value, Tensor):
        return value
    if isinstance(value, complex):
        return {"re": value.real, "im": value.imag}
    if isinstance(value, float) and value - value != 0.0:
        return {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}[repr(value)]
    if isinstance(value, bool | int | float):
        return value
    if isinstance(value, tuple | list | range):
        return [_plain(item, what) for item in value]
    raise Failure(USAGE, f"{what}: a value of type {type(value).__name__} cannot be an input")
