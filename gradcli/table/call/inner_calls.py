"""How functions that PyTorch writes in Python find that an argument is of a wrong kind.

Some read an attribute of it, some compare it or say what they take, most give it to a function in
C++ that has another name and other positions. `inner_calls.json` has what was found for each
function and parameter.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from ...tensor.dtypes import type_name
from ...tensor.runtime import runtime
from ...tensor.tensor import Tensor

_ERRORS = {
    kind.__name__: kind for kind in (NotImplementedError, RuntimeError, TypeError, ValueError)
}


@cache
def _recorded() -> dict[str, dict[str, str]]:
    text = Path(__file__).with_name("inner_calls.json").read_text()
    found: dict[str, dict[str, str]] = json.loads(text)
    return found


def _found(function: str, parameter: str) -> str:
    return _recorded().get(function, {}).get(parameter, "")


def is_flag(function: str, parameter: str) -> bool:
    """Whether a flag goes on to a function that takes nothing but True and False."""
    return _found(function, parameter).endswith(" bool")


def refusal(function: str, parameter: str, value: Any, index: int | None) -> Exception | None:
    """The error for a value (or its element at an index) of a wrong kind, or None."""
    text = _found(function, parameter)
    if not text:
        return None
    kind = type_name(value)
    if text.startswith("."):
        return AttributeError(f"'{kind}' object has no attribute '{text[1:]}'")
    error, colon, words = text.partition(": ")
    if colon:
        return _ERRORS[error](words.replace("{}", str(runtime.text(value))))
    inner, name, *rest = text.split(" ", 3)
    if not rest:
        if type(value) is Tensor:
            return RuntimeError("Boolean value of Tensor with more than one value is ambiguous")
        return TypeError(f"'{inner}' not supported between instances of '{kind}' and '{name}'")
    position, wanted = rest
    place = "" if position == "0" else f" (position {position})"
    what = f", not {kind}"
    if index is not None and isinstance(value, list | tuple):
        what = f", but found element of type {type_name(value[index])} at pos {index}"
    return TypeError(f"{inner}(): argument '{name}'{place} must be {wanted}{what}")
