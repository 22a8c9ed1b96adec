"""The derivatives of an operation as formulas, found by running a small call of it on symbols."""

from __future__ import annotations

from typing import Any, NamedTuple

from gradcli.autograd.leaf import requires_grad_
from gradcli.language.errors.program_error import ProgramError
from gradcli.render.examples import called, suited
from gradcli.table.entry import Op
from gradcli.tensor.dtypes import FLOATING
from gradcli.tensor.notices import as_errors
from gradcli.tensor.tensor import Tensor, make, shape_of

from .answers import answer
from .formulas import Derivation
from .running import Run
from .tracing import NoFormula

TRIED = 4  # samples
LONGEST = 160  # characters of a formula


class Rule(NamedTuple):
    """`call` is what was differentiated, with the names of the parameters and their shapes.

    `parts` are the formulas by parameter, with `g` for what arrives, `where` what stands in them.
    """

    call: str
    parts: dict[str, str]
    where: dict[str, str]


def rule(entry: Op) -> Rule | None:
    """The derivatives of an entry by its floating-point tensors, None where no formula is found.

    Matrices are preferred, because a formula for them says most, and calls with few options.
    """
    choices = sorted(enumerate(suited(entry)), key=lambda item: (_rank(*item[1][1:]), item[0]))
    for _, (_, arguments, keywords) in choices[:TRIED]:
        found = _derived(entry, arguments, keywords)
        if found is not None:
            return found
    return None


def _rank(arguments: list[Any], keywords: dict[str, Any]) -> int:
    options = sum(type(value) is not Tensor for value in (*arguments, *keywords.values()))
    shapes = [shape_of(value) for value in arguments if type(value) is Tensor]
    spread = sum(1 in shape for shape in shapes)
    return 4 * options + spread + sum(abs(len(s) - 2) + 4 * (0 in s) for s in shapes)


def _derived(entry: Op, arguments: list[Any], keywords: dict[str, Any]) -> Rule | None:
    leaves: dict[str, Tensor] = {}
    parameters = ["input" if p.name == "self" else p.name for p in entry.parameters]
    if entry.parameters[-1].variadic:
        parameters += [parameters[-1]] * (len(arguments) - len(parameters))
    names = [
        _named(name, value, leaves) for name, value in zip(parameters, arguments, strict=False)
    ]
    options = {name: _named(name, value, leaves) for name, value in keywords.items()}
    by = [name for name, value in leaves.items() if value.dtype.category >= FLOATING]
    if not by or len(names) < len(arguments):
        return None

    def execute(given: dict[str, Tensor], observe: Any) -> None:
        value = called(entry, [_given(name, given) for name in names], _given(options, given))
        observe("", value[0] if type(value) in (tuple, list) else value, 0)

    try:
        with as_errors():  # what is deprecated is no example
            run = Run(execute, leaves)
            found = answer(Derivation(run, run.values[""], by), "grad", "text")
    except (NoFormula, ProgramError, *_UNFIT):
        return None
    parts = {name: text for name, text in found.parts.items() if not text.startswith("zeros(")}
    if not parts or any(len(text) > LONGEST for text in (*parts.values(), *found.where.values())):
        return None
    words = [_text(name) for name in names] + [f"{n}={_text(v)}" for n, v in options.items()]
    shapes = ", ".join(f"{name} {list(shape_of(value))}" for name, value in leaves.items())
    return Rule(f"{entry.name}({', '.join(words)}) with {shapes}", parts, found.where)


# What a sample raises that no formula can be had of, such as one of another dtype.
_UNFIT = (TypeError, ValueError, RuntimeError, KeyError, IndexError, Warning)


class _Name(str):
    """The name of a leaf, among arguments that are what they are."""

    __slots__ = ()


def _named(name: str, value: Any, leaves: dict[str, Tensor]) -> Any:
    """An argument with its tensors as names; they are put among the leaves."""
    if type(value) is Tensor:
        copied = make(value.array.copy(), value.dtype)
        floating = value.dtype.category >= FLOATING
        leaves[name] = requires_grad_(copied) if floating else copied
        return _Name(name)
    if type(value) in (list, tuple):
        parts = [_named(f"{name}{place}", part, leaves) for place, part in enumerate(value, 1)]
        return type(value)(parts)
    return value


def _given(name: Any, leaves: dict[str, Tensor]) -> Any:
    if type(name) is _Name:
        return leaves[name]
    if type(name) in (list, tuple):
        return type(name)(_given(part, leaves) for part in name)
    if type(name) is dict:
        return {key: _given(part, leaves) for key, part in name.items()}
    return name


def _text(name: Any) -> str:
    if type(name) is list:
        return f"[{', '.join(map(_text, name))}]"
    return str(name) if type(name) is _Name else repr(name)
