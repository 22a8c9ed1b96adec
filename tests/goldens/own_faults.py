"""Where a random program shows a fault of PyTorch's, told by rule, not by program.

A fault is one only where PyTorch raises and gradcli answers: an error of ours, another value or
another sentence is never excused. The rules are about what the error says, and where the sentence
is one that programs may well cause, about what the program does, too.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple


class Rule(NamedTuple):
    """What an error of PyTorch's says, and what must stand in the program that it ends."""

    reason: str
    says: str  # a regular expression, found in `TypeName: sentence`
    program: str = ""  # a regular expression, found in the program


RULES = (
    Rule("an assertion of its own", r"INTERNAL ASSERT FAILED|please report a bug"),
    Rule(
        "a derivative is not implemented",
        r"derivative for .* is not implemented|forward AD with .* does not support it",
    ),
    Rule("a batching rule is not implemented", r"Batching rule not implemented for"),
    Rule("sizes that were never set", r"The expanded size of the tensor \(\d{12,}\)"),
    Rule(
        "vmap twice over the gradient of mse_loss or smooth_l1_loss",
        r"The size of tensor a \(\d+\) must match the size of tensor b \(\d+\)",
        r"(?s)(?=.*(?:vmap|jac\w+|hessian)\(.*(?:vmap|jac\w+|hessian)\()(?=.*(mse_loss|smooth_l1_loss))",
    ),
    Rule(
        "the third derivative of a norm",
        r"modified by an inplace operation",
        r"norm\(",
    ),
)


def own_fault(theirs: dict[str, Any], ours: dict[str, Any]) -> str:
    """Why a difference is a fault of PyTorch's, or nothing where it is not known to be one."""
    if theirs["error"] is None or ours["error"] is not None:
        return ""
    if not ours["out"].startswith(theirs["out"]):
        return ""
    for rule in RULES:
        if re.search(rule.says, theirs["error"]) and re.search(rule.program, theirs["src"]):
            return rule.reason
    return ""
