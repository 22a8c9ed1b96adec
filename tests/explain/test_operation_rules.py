"""The derivatives of operations as `name?` and `gradcli ops NAME` write them."""

from __future__ import annotations

import re

import pytest

from gradcli.explain.formula.operation import rule
from gradcli.language.interpreter import compile_program
from gradcli.render.operations import described, is_readable, needs_rule
from gradcli.table.lookup import get_op, load_all


@pytest.mark.parametrize(
    ("name", "parts", "call"),
    [
        (
            "matmul",
            {"input": "g @ other.T", "other": "input.T @ g"},
            "matmul(input, other) with input [2, 3], other [3, 4]",
        ),
        ("pow", {"input": "2 * input * g"}, "pow(input, 2) with input [2, 3]"),
        (
            "mse_loss",
            {"input": "(input - target) / 3", "target": "(target - input) / 3"},
            "mse_loss(input, target) with input [2, 3], target [2, 3]",
        ),
        (
            "cat",
            {"tensors1": "g[:2]", "tensors2": "g[2:]"},
            "cat([tensors1, tensors2]) with tensors1 [2, 3], tensors2 [1, 3]",
        ),
        (
            "softmax",
            {"input": "p * (g - sum(p * g, 0))"},
            "softmax(input, 0) with input [2, 3]",
        ),
        ("masked_sum", {"input": "where(mask, 1.0, 0.0)"}, None),
    ],
)
def test_what_is_derived(name: str, parts: dict[str, str], call: str | None) -> None:
    found = rule(get_op(name))
    assert found is not None
    assert found.parts == parts
    if call is not None:
        assert found.call == call


def test_where_nothing_leads() -> None:
    assert rule(get_op("argmax")) is None
    assert rule(get_op("upsample")) is None  # it warns


def test_formulas_are_of_the_language() -> None:
    """No helper of ours stands in a formula, and what was derived can be read by a program."""
    derived = 0
    for entry in load_all().values():
        if not entry.where or not entry.samples or not needs_rule(entry):
            continue
        found = rule(entry)
        if found is not None:
            derived += 1
            for text in (*found.parts.values(), *found.where.values()):
                compile_program(text, kind="expression", mode="interactive")
        for line in described(entry, found):
            if line.startswith("    d/d"):
                formula = line.split(None, 1)[1]
                assert is_readable(formula), entry.id
                assert not re.search(r"vjp|slope|\(…\)", formula), entry.id
    assert derived > 200
