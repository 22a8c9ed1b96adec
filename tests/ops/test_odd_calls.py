"""What errors say: PyTorch's sentences, and never what NumPy or Python found out by itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import odd_calls

import gradcli.torch as torch

GOLDENS = Path(__file__).parents[1] / "goldens"
RECORDED: dict[str, str | None] = json.loads((GOLDENS / "odd_calls.json").read_text())

# Words of NumPy and of Python's C code that none of PyTorch's sentences has.
FOREIGN = (
    "could not broadcast input array",
    "0-dimensional arrays",
    "StopIteration",
    "numpy.ndarray' object",
    "has no attribute 'version'",
    "has no attribute 'array'",
    "has no attribute 'node'",
    "return arrays must be of ArrayType",
    "ufunc '",
    "gufunc",
    "setting an array element",
    "axes don't match array",
    "cannot reshape array",
    "UnboundLocalError",
    "zip() argument",
    "operands could not be broadcast",
    "NameError",
)

# Where they are said all the same: NumPy speaks for its own arrays, mixed with tensors, and the
# words that a call is compared with are PyTorch's.
SAID = {"mixed.json", "odd_calls.json", "writing.json"}


def test_odd_calls_never_say_what_numpy_or_python_found() -> None:
    """An error that no `raise` of ours made is allowed where PyTorch says the very same."""
    wrong = []
    for text in odd_calls.recipes():
        words, error = odd_calls.answer(torch, text)
        if words is None or error is None or odd_calls.raised_by_hand(error):
            continue
        if text not in RECORDED or RECORDED[text] != words:
            wrong.append(f"{text}\n  gradcli: {words}\n  PyTorch: {RECORDED.get(text, 'unknown')}")
    assert not wrong, "\n".join(wrong)


def texts_of(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict) and "src" in value:
        return []  # a program, which may ask None for an attribute itself
    if isinstance(value, dict):
        return [text for item in value.values() for text in texts_of(item)]
    if isinstance(value, list):
        return [text for item in value for text in texts_of(item)]
    return []


def test_recorded_sentences_are_free_of_foreign_words() -> None:
    """The words that must not leak are in no sentence of PyTorch's that the tests know."""
    for path in sorted(GOLDENS.glob("*.json")):
        if path.name in SAID:
            continue
        for text in texts_of(json.loads(path.read_text())):
            found = [word for word in FOREIGN if word in text]
            assert not found, (path.name, found, text)
