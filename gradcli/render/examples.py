"""An example of an operation with what it gives, made from the samples of its entry."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcli.autograd.modes import no_grad
from gradcli.table.entry import Op
from gradcli.table.public.resolve import function, method
from gradcli.table.samples import Sample, Sampler
from gradcli.tensor import dtypes
from gradcli.tensor.notices import as_errors
from gradcli.tensor.tensor import Tensor, make, shape_of

MOST = 12  # elements of a tensor
LONGEST = 150  # characters of a call
MOST_LINES = 8  # of what it gives
SPACES = {
    "torch": "torch.",
    "F": "F.",
    "linalg": "torch.linalg.",
    "special": "torch.special.",
    "fft": "torch.fft.",
    "masked": "torch.masked.",
}


class _Unsuited(Exception):
    """A value that is not shown in an example."""


def example(entry: Op) -> tuple[str, str] | None:
    """A call of an entry as a program writes it, and the text of its result.

    None where no sample is short, and for operations that draw random numbers.
    """
    found = sorted(enumerate(suited(entry)), key=lambda item: (_rank(item[1][1]), item[0]))
    for _, (text, arguments, keywords) in found:
        shown = _result(entry, arguments, keywords) if len(text) <= LONGEST else ""
        if shown:
            return text, shown
    return None


def suited(entry: Op) -> list[tuple[str, list[Any], dict[str, Any]]]:
    """Calls of an entry that can be written down: their text and their arguments."""
    if entry.samples is None or entry.mapped == "draws":
        return []
    found = []
    for sample in _samples(entry):
        try:
            arguments, keywords = _rounded(list(sample.args)), _rounded(sample.kwargs)
            found.append((_call(entry, arguments, keywords), arguments, keywords))
        except _Unsuited:
            continue
    return found


def _samples(entry: Op) -> list[Sample]:
    assert entry.samples is not None
    try:
        return [sample for sample in entry.samples(Sampler(dtypes.float32)) if sample.smooth]
    except (TypeError, ValueError, RuntimeError, KeyError):
        return []  # samples of other dtypes only


def _rank(arguments: list[Any]) -> int:
    """The smaller the better suited: vectors of two or three elements teach more than numbers."""
    shapes = [shape_of(value) for value in arguments if type(value) is Tensor]
    return sum(abs(len(shape) - 1) for shape in shapes) + 2 * any(0 in shape for shape in shapes)


def _rounded(value: Any) -> Any:
    """The same with tensors of few digits."""
    if type(value) is Tensor:
        array = value.array
        if array.size > MOST or value.dtype not in _DTYPES:
            raise _Unsuited
        if value.dtype is dtypes.float32:
            array = np.round(array.astype(np.float64), 2).astype(np.float32)
        return make(array[()] if array.ndim == 0 else array, value.dtype)
    if type(value) in (list, tuple):
        return type(value)(_rounded(item) for item in value)
    if type(value) is dict:
        return {name: _rounded(item) for name, item in value.items()}
    if value is None or type(value) in (int, float, bool, str):
        return value
    raise _Unsuited


_DTYPES = (dtypes.float32, dtypes.int64, dtypes.bool_)


def _call(entry: Op, arguments: list[Any], keywords: dict[str, Any]) -> str:
    words = [_literal(value) for value in arguments]
    words += [f"{name}={_literal(value)}" for name, value in keywords.items()]
    space = next((SPACES[space] for space in entry.where if space in SPACES), None)
    if space is None:
        if isinstance(vars(Tensor).get(entry.name), property):
            return f"{words[0]}.{entry.name}"
        return f"{words[0]}.{entry.name}({', '.join(words[1:])})"
    return f"{space}{entry.name}({', '.join(words)})"


def _literal(value: Any) -> str:
    if type(value) is Tensor:
        numbers = value.array
        if value.dtype is dtypes.float32:
            numbers = np.round(numbers.astype(np.float64), 2)
        if not numbers.size or not np.isfinite(numbers).all():
            raise _Unsuited
        return f"torch.tensor({numbers.tolist()})"
    if type(value) is list:
        return f"[{', '.join(map(_literal, value))}]"
    if type(value) is tuple:
        return f"({', '.join(map(_literal, value))}{',' * (len(value) == 1)})"
    return repr(value)


def called(entry: Op, arguments: list[Any], keywords: dict[str, Any]) -> Any:
    """What a call of an entry under its public name gives."""
    space = next((space for space in entry.where if space in SPACES), None)
    call = method(entry.name) if space is None else function(space, entry.name)
    return call(*arguments, **keywords)


def _result(entry: Op, arguments: list[Any], keywords: dict[str, Any]) -> str:
    """The text of the result, "" where it is long or there is none."""
    from gradcli.language.values.text import text_repr

    try:
        with no_grad(), as_errors():  # what is deprecated is no example
            found = called(entry, arguments, keywords)
    except (TypeError, ValueError, RuntimeError, IndexError, AttributeError, KeyError, Warning):
        return ""
    if found is None:
        return ""
    text = text_repr(found)
    return text if text.count("\n") < MOST_LINES else ""
