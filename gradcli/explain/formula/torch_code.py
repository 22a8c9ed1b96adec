"""Formulas as a function in PyTorch."""

from __future__ import annotations

from typing import Any

from .algebra import Expression
from .code import function_text
from .formulas import Formula, in_torch
from .numpy_code import literal
from .text import ATOM, Writer


class TorchCode(Writer):
    """Writes PyTorch's names in full; what is made of numbers has the dtype of an argument."""

    def __init__(self, names: dict[str, str]) -> None:
        super().__init__(in_torch)
        self.names = names
        self.math = False  # whether Python's functions of numbers are needed

    def result(self, part: Expression) -> str:
        return self.real(part)

    def _name(self, part: Expression) -> tuple[str, int]:
        return self.names.get(part.head, part.head), ATOM

    def _expand(self, part: Expression) -> tuple[str, int]:
        text, binds = super()._expand(part)
        if part.args[0].kind == "number" and self.sample:
            made, mark, rest = text.rpartition(")")
            return f"{made}, dtype={self.sample}.dtype{mark}{rest}", binds
        return text, binds

    def root(self, inside: str) -> str:
        return f"({inside}) ** 0.5" if " " in inside else f"{inside} ** 0.5"

    def call_log(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        if values[0].kind == "number":
            self.math = True
            return f"math.log({self.text(values[0])})", ATOM
        return super().call_log(part, values)

    def call_tensor(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        text = literal(values[0], "torch")
        floating = "." in text
        kind = f", dtype={self.sample}.dtype" if floating and self.sample else ""
        return f"torch.tensor({text}{kind})", ATOM

    def call_where(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        condition, a, b = values
        if a.kind != "number" or b.kind != "number" or not self.sample:
            return super().call_where(part, values)
        given = f"{self.argument(condition)}, {self.given_tensor(a)}, {self.real(b)}"
        return f"torch.where({given})", ATOM

    def given_tensor(self, part: Any) -> str:
        if isinstance(part, Expression) and part.kind == "number" and self.sample:
            return f"torch.tensor({self.real(part)}, dtype={self.sample}.dtype)"
        return super().given_tensor(part)

    def call_sum(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        kind = f", dtype={self.sample}.dtype" if self.sample and _is_condition(values[0]) else ""
        return f"torch.sum({self.text(values[0])}{kind})", ATOM

    def call_sum_dim(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        text, binds = super().call_sum_dim(part, values)
        if self.sample and _is_condition(values[0]):
            text = f"{text[:-1]}, dtype={self.sample}.dtype)"
        return text, binds

    def number(self, value: Any) -> str:
        text = super().number(value)
        return {"inf": "torch.inf", "-inf": "-torch.inf", "nan": "torch.nan"}.get(text, text)

    def call_one_hot(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        text, binds = super().call_one_hot(part, values)
        return (f"{text}.to({self.sample}.dtype)" if self.sample else text), binds

    def call_eye_of(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        kind = f", dtype={self.sample}.dtype" if self.sample else ""
        return f"torch.eye({values[0]}, {values[1]}{kind})", ATOM

    def call__pivot_matrix(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        _, pivots, rows = values
        kind = f", dtype={self.sample}.dtype" if self.sample else ""
        return f"torch.lu_unpack(torch.zeros({rows}, {rows}{kind}), {self.text(pivots)})[0]", ATOM

    def call_eye(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        kind = f", dtype={self.sample}.dtype" if self.sample else ""
        return f"torch.eye({values[0]}{kind})", ATOM

    def call__to_copy(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        return f"{self.text(values[0], ATOM)}.to(torch.{values[1]})", ATOM


def _is_condition(part: Expression) -> bool:
    """Whether the elements of an expression are true or false, so that a sum counts them."""
    return part.kind == "call" and part.head[0] in _CONDITIONS


_CONDITIONS = {"gt", "ge", "lt", "le", "eq", "ne", "isnan", "isinf", "isfinite"}
_CONDITIONS |= {"logical_and", "logical_or", "logical_not", "logical_xor"}


def _imports(writer: Writer) -> list[str]:
    assert isinstance(writer, TorchCode)
    return ["import math", "", "import torch"] if writer.math else ["import torch"]


def torch_code(formula: Formula, title: str) -> str:
    """A function that needs PyTorch alone."""
    return function_text(formula, title, TorchCode, _imports, ["torch", "math"])
