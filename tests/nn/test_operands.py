"""Settings that are no numbers are refused by the first operator, in Python's words."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import pytest

from gradcli.nn.operands import number, operand

WRONG = ["a", b"a", [1], (1, 2), None, {1: 2}, {1}, lambda: None, object()]
OPERATORS = [
    *(operator.add, operator.sub, operator.mul, operator.truediv, operator.floordiv),
    *(operator.pow, operator.lt, operator.le, operator.gt, operator.ge),
]


def said(call: Callable[..., Any], *args: Any) -> str:
    try:
        call(*args)
    except TypeError as error:
        return str(error)
    return "nothing"


@pytest.mark.parametrize("wrong", WRONG, ids=lambda value: type(value).__name__)
@pytest.mark.parametrize("call", OPERATORS, ids=lambda call: call.__name__)
def test_what_stands_for_a_wrong_setting_says_what_python_says(call: Any, wrong: Any) -> None:
    for left, right in ((1.5, wrong), (wrong, 1.5)):
        ours = [operand(value) if value is wrong else value for value in (left, right)]
        assert said(call, *ours) == said(call, left, right) != "nothing"


def test_a_product_that_python_would_make_is_refused() -> None:
    assert said(operator.mul, operand("a"), 2) == "must be real number, not str"


class Speaking:
    """What a program may give: its operators are not to be called."""

    def __rmul__(self, other: Any) -> Any:
        raise AssertionError

    __lt__ = __gt__ = __rmul__


@pytest.mark.parametrize("ask", [number, operand])
def test_operators_of_a_program_are_not_called(ask: Any) -> None:
    assert said(ask, Speaking()) == "must be real number, not Speaking"
