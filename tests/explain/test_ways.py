"""One entry of a gradient is the sum of what the ways to it bring."""

from __future__ import annotations

import random
import re
from pathlib import Path

import numpy as np
import pytest

from gradcli.explain import reasons
from gradcli.explain.why import Situation, why_entry
from gradcli.language.interpreter import Session, compile_program
from gradcli.language.syntax.source import Source
from gradcli.table import index

PIECES = (
    "torch.sin({0})",
    "torch.relu({0}) * {1}",
    "{0} @ m",
    "{0} * {1}",
    "{0} - {1} / 3",
    "{0}.sum() * {1}",
    "torch.softmax({0}, 0)",
    "{0}[1:].cumsum(0).sum() + {1}",
    "torch.stack([{0}, {1}]).mean(0)",
)
LOOP = "for i in range(5):\n    b = torch.tanh(b @ m + a)\n"


def program(number: int) -> str:
    """A program of random operations, whose gradient is that of `loss` by `x`."""
    draw = random.Random(number)
    lines = [
        "import torch",
        "torch.manual_seed(1)",
        "x = torch.randn(3, dtype=torch.float64, requires_grad=True)",
        "m = torch.randn(3, 3, dtype=torch.float64, requires_grad=True)",
        "a = b = x",
    ]
    for _ in range(draw.randrange(1, 6)):
        text = draw.choice(PIECES).format(draw.choice("abx"), draw.choice("abx"))
        lines.append(f"{draw.choice('ab')} = {text}")
    if number % 4 == 0:
        lines.append(LOOP.rstrip())
    return (
        "\n".join([*lines, "loss = (a + b * x).sum()", "loss.backward(retain_graph=True)"]) + "\n"
    )


@pytest.mark.parametrize("number", range(60))
def test_ways_add_up(number: int) -> None:
    text = program(number)
    session = Session(stdout=lambda _: None)
    session.run(
        compile_program(Source(text.replace(".backward()", ".backward(retain_graph=True)")))
    )
    names = session.globals
    for name in ("x", "m"):
        x = names[name]
        if x.meta is None or x.meta.grad is None:
            continue
        entries = list(np.ndindex(x.array.shape))
        for place in (entries[0], entries[-1]):
            lines = list(why_entry(name, x, place, Situation(names, lambda _: ([], ""))))
            expected = x.meta.grad.array[place]
            assert lines[0].endswith(f" is {expected:.6g}"), text
            assert lines[1].endswith(f" = {expected:.6g}"), text
            shown = [re.match(r"  (-?[\d.e+-]+) (?:by|in|at) ", line) for line in lines[2:]]
            amounts = [float(found[1]) for found in shown if found]
            assert amounts
            assert sum(amounts) == pytest.approx(expected, rel=1e-4, abs=1e-5), (text, lines)


def test_words_are_of_operations_that_there_are() -> None:
    known = Path(index.__file__).read_text("utf-8")
    words = (
        reasons._STEPS
        | reasons._FLAT
        | reasons._SATURATING
        | reasons._CHOOSING
        | reasons._TAKING
        | {name for name, _ in reasons._ENDS}
        | set(reasons._ARITHMETIC)
        | set(reasons._WHEN_INFINITE)
    )
    assert [word for word in sorted(words) if not re.search(rf"\b{word}\b", known)] == []
