"""The programs in `examples/` run, and print what PyTorch prints where it can run them."""

from __future__ import annotations

import json
import pathlib
from typing import Any

import pytest
from replay import compare, reset

from gradcli.language.interpreter import Session, compile_program
from gradcli.tensor.dtypes import float64
from gradcli.torch import namespaces

HERE = pathlib.Path(__file__).resolve().parent
EXAMPLES = HERE.parent.parent / "examples"
RECORDED: dict[str, list[dict[str, Any]]] = json.loads(
    (HERE / "examples.json").read_text(encoding="utf-8")
)

# What each calculator script prints for its inputs; a number in a tuple is a constant.
CALCULATORS: dict[str, tuple[dict[str, Any], str]] = {
    "loan": (
        {"principal": 200000.0, "rate": 0.04, "years": 20.0},
        """\
payment       1,212 a month
interest     90,871 in all

the whole interest changes by
       2,529 for 0.1 % more rate
       5,043 for one more year
         454 for 1,000 more borrowed
""",
    ),
    "pendulum": (
        {"length": 0.994, "period": 2.0, "dlength": (0.001,), "dperiod": (0.01,)},
        """\
g = 9.810 ± 0.099 m/s²
  from the length 0.0099
  from the period 0.0981
Time more swings at once; the ruler is good enough.
""",
    ),
    "temperature": (
        {"scores": [2.0, 1.0, 0.5], "heat": 1.0},
        """\
p        tensor([0.6285, 0.2312, 0.1402], dtype=torch.float64)
entropy  0.9060  of at most 1.0986
warmer:  +0.3518 entropy for one degree
scores:  tensor([-0.2776,  0.1291,  0.1484], dtype=torch.float64)
sum of the gradient is zero: True
""",
    ),
}


def test_every_example_is_covered() -> None:
    names = {path.stem for path in EXAMPLES.glob("*.grad")}
    assert names == RECORDED.keys() | CALCULATORS.keys()
    for name, record in RECORDED.items():
        assert [block["error"] for block in record] == [None], name
        assert record[0]["src"] == (EXAMPLES / f"{name}.grad").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", RECORDED)
def test_example(name: str) -> None:
    compare(name, RECORDED[name])


@pytest.mark.parametrize("name", CALCULATORS)
def test_calculator(name: str) -> None:
    given, expected = CALCULATORS[name]
    reset()
    tensor = namespaces.lookup("torch", "tensor")
    inputs = {
        key: value[0] if isinstance(value, tuple) else tensor(value, dtype=float64)
        for key, value in given.items()
    }
    for value in inputs.values():
        if not isinstance(value, float):
            value.requires_grad = True
    out: list[str] = []
    program = compile_program((EXAMPLES / f"{name}.grad").read_text(encoding="utf-8"))
    assert set(program.inputs) == set(given)
    Session(stdout=out.append).run(program, inputs)
    assert "".join(out) == expected
