"""Expressions as LaTeX."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction
from itertools import zip_longest
from typing import Any

from gradcli.render.greek import LETTERS

from .algebra import CALL, EXPAND, MATMUL, NAME, NUMBER, SUM, Expression, arguments, is_stack
from .text import ADDED, ATOM, LOWEST, MULTIPLIED, RAISED, Writer

# Letters that LaTeX has no command for, since they look like Latin ones.
_LATIN = frozenset(
    [
        "Alpha",
        "Beta",
        "Epsilon",
        "Zeta",
        "Eta",
        "Iota",
        "Kappa",
        "Mu",
        "Nu",
        "Omicron",
        "Rho",
        "Tau",
        "Chi",
        "omicron",
        "sigmaf",
    ]
)
_LETTERS = {letter: name for name, letter in LETTERS.items() if name not in _LATIN}
_GREEK = frozenset(_LETTERS.values())
_PLAIN = frozenset(["sin", "cos", "tan", "sinh", "cosh", "tanh", "log", "det", "exp", "max", "min"])
_OTHERS = {
    "asin": r"\arcsin",
    "acos": r"\arccos",
    "atan": r"\arctan",
    "sigmoid": r"\sigma",
    "one_hot": r"\operatorname{onehot}",
    "trace": r"\operatorname{tr}",
}
_ESCAPED = {"_": r"\_", "&": r"\&", "%": r"\%", "#": r"\#", "$": r"\$", "{": r"\{", "}": r"\}",
            "~": r"\sim ", "^": r"\wedge ", "\\": r"\backslash "}  # fmt: skip


def escaped(text: str) -> str:
    """Text that LaTeX shows as it is."""
    return "".join(_ESCAPED.get(letter, letter) for letter in text)


def latex_name(name: str) -> str:
    """A name of a program: Greek letters by their names, numbers behind it as an index."""
    match = re.fullmatch(r"(.+?)_?(\d+)", name)
    if match and not match[1].endswith("_"):
        return f"{latex_name(match[1])}_{{{match[2]}}}"
    if name in _GREEK or name in _LETTERS:
        return "\\" + _LETTERS.get(name, name)
    if len(name) == 1:
        return escaped(name)
    head, _, rest = name.partition("_")
    if rest and (len(head) == 1 or head in _GREEK):
        return f"{latex_name(head)}_{{{_upright(rest)}}}"
    return _upright(name)


def _upright(name: str) -> str:
    return latex_name(name) if len(name) == 1 else f"\\mathrm{{{escaped(name)}}}"


class Latex(Writer):
    """Writes LaTeX: fractions, roots, powers, transposes, norms."""

    def __init__(self) -> None:
        super().__init__(_function)
        self.plain = Writer(str)  # which decides the order of factors, so that both agree

    def place(self, factor: tuple[Expression, Any]) -> Any:
        self.plain.named = self.named
        return self.plain.place(factor)

    def text(self, part: Expression, level: int = LOWEST) -> str:
        name = self.named.get(part)
        if name is not None:
            return latex_name(name)
        found = self.known.get(part)
        if found is None:
            found = self.known[part] = getattr(self, f"_{part.kind}")(part)
        text, binds = found
        return text if binds >= level else _parentheses(text)

    def number(self, value: Any) -> str:
        if isinstance(value, Fraction):
            return f"\\frac{{{value.numerator}}}{{{value.denominator}}}"
        text = super().number(value)
        mantissa, letter, power = text.partition("e")
        if letter:
            return f"{mantissa} \\cdot 10^{{{int(power)}}}"
        return {"inf": r"\infty", "-inf": r"-\infty", "nan": r"\mathrm{nan}"}.get(text, text)

    def _name(self, part: Expression) -> tuple[str, int]:
        return latex_name(part.head), ATOM

    def times(self, pieces: list[str], bases: Sequence[Expression | None] = ()) -> str:
        joined = ""
        wide = False  # whether what stands there has dimensions
        for piece, base in zip_longest(pieces, bases):
            digits = piece[:1].isdigit() and joined[-1:].isdigit()
            shaped = base is not None and bool(base.shape)
            sign = r" \odot " if shaped and wide else r" \cdot " if digits else " "
            joined += f"{sign}{piece}" if joined else piece
            wide = wide or shaped
        return joined

    def divided(self, sign: str, above: str, binds: int, below: list[str]) -> tuple[str, int]:
        top, bottom = _unwrapped(above), _unwrapped(self.times(below))
        return f"{sign}\\frac{{{top}}}{{{bottom}}}", MULTIPLIED

    def raised(self, base: Expression, exponent: Any, first: bool, inside: bool = False) -> str:
        if exponent == 1:
            if base.kind == SUM:
                return self.text(base, MULTIPLIED)
            alone = (base.kind == MATMUL and first) or _is_outer(base)
            return self.text(base, MULTIPLIED if alone else RAISED)
        if exponent == Fraction(1, 2):
            return f"\\sqrt{{{self.text(base)}}}"
        power = self.number(exponent) if not isinstance(exponent, complex) else str(exponent)
        if isinstance(exponent, Fraction):
            power = f"{exponent.numerator}/{exponent.denominator}"
        return f"{self.text(base, ATOM)}^{{{power}}}"

    def _matmul(self, part: Expression) -> tuple[str, int]:
        texts = [self.text(a, MULTIPLIED if _is_outer(a) else RAISED) for a in part.args]
        if len(part.args[0].shape) == 1:  # a vector in front stands as a row
            texts[0] = f"{self.text(part.args[0], ATOM)}^{{\\top}}"
        return " ".join(texts), MULTIPLIED

    def _expand(self, part: Expression) -> tuple[str, int]:
        inner = part.args[0]
        if inner.kind == NUMBER and inner.head == 0:
            return "0", ATOM
        if inner.kind == NUMBER and inner.head == 1:
            return r"\mathbf{1}", ATOM
        return f"{self.text(inner, MULTIPLIED)} \\mathbf{{1}}", MULTIPLIED

    def _call(self, part: Expression) -> tuple[str, int]:
        head = part.head[0]
        if head in ("exp", "sqrt", "abs", "norm", "_linalg_inv", "_softmax", "_log_softmax"):
            inner = self.text(part.args[0])
            if head == "exp" and ("e" in self.taken or "e" in self.named.values()):
                return f"\\exp{_parentheses(inner)}", ATOM
            if head == "exp":
                return f"e^{{{inner}}}", RAISED
            if head == "abs":
                return f"\\left|{inner}\\right|", ATOM
            if head == "norm":
                return f"\\left\\lVert {inner} \\right\\rVert", ATOM
            if head == "_linalg_inv":
                return f"{self.text(part.args[0], ATOM)}^{{-1}}", RAISED
            name = "softmax" if head == "_softmax" else "log\\,softmax"
            return f"\\operatorname{{{name}}}{_parentheses(inner)}", ATOM
        return super()._call(part)

    def infix(self, sign: str, values: list[Any]) -> tuple[str, int]:
        signs = {">=": r"\ge", "<=": r"\le", "==": "=", "!=": r"\ne"}
        return super().infix(signs.get(sign, sign), values)

    def spelled(
        self,
        head: str,
        name: str,
        positional: tuple[str, ...],
        keywords: tuple[str, ...],
        values: list[Any],
    ) -> tuple[str, int]:
        given = ", ".join(
            self.argument(v) for v in values if isinstance(v, Expression) or type(v) in (float, int)
        )
        return f"{self.function(name)}{_parentheses(given)}", ATOM

    def argument(self, value: Any) -> str:
        if isinstance(value, Expression):
            return self.text(value)
        if type(value) in (list, tuple):
            return ", ".join(self.argument(item) for item in value)
        if isinstance(value, float | int) and not isinstance(value, bool):
            return self.number(value)
        return f"\\text{{{escaped(str(value))}}}"

    def call_pow(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        base, exponent = values
        return f"{self.text(base, ATOM)}^{{{self.text(exponent)}}}", RAISED

    def call_T(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        inner = values[0]
        if inner.kind == CALL and inner.head[0] == "_linalg_inv":
            return f"{self.text(inner.args[0], ATOM)}^{{-\\top}}", RAISED
        return f"{self.text(inner, ATOM)}^{{\\top}}", RAISED

    def pi(self) -> str:
        return r"\pi"

    def root(self, inside: str) -> str:
        return f"\\sqrt{{{inside}}}"

    def call_eye(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        return "I", ATOM

    def call_outer(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        left, right = values
        return f"{self.text(left, RAISED)} {self.text(right, ATOM)}^{{\\top}}", MULTIPLIED

    def call_tensor(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        value = values[0]
        if value and type(value) is list and type(value[0]) is list:
            rows = r" \\ ".join(" & ".join(map(str, row)) for row in value)
        else:
            rows = r" \\ ".join(map(str, value)) if type(value) is list else str(value)
        return f"\\begin{{pmatrix}} {rows} \\end{{pmatrix}}", ATOM

    def call_stack(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        rows = r" \\ ".join(map(self._row, values[0]))
        return f"\\begin{{pmatrix}} {rows} \\end{{pmatrix}}", ATOM

    def _row(self, row: Expression) -> str:
        """A row of a matrix, or an element of a column."""
        if len(row.shape) != 1:
            return self.text(row)
        if is_stack(row):
            return " & ".join(map(self.text, arguments(row)[0]))
        if row.kind == CALL and row.head[0] == "tensor":
            return " & ".join(map(self.number, arguments(row)[0]))
        if row.kind == EXPAND and not row.args[0].shape:
            return " & ".join([self.text(row.args[0])] * row.shape[0])
        return f"{self.text(row, ATOM)}^{{\\top}}"

    def call_one_hot(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        return f"{_function('one_hot')}{_parentheses(self.text(values[0]))}", ATOM

    def call_sum(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        return f"\\sum {self.text(values[0], MULTIPLIED)}", MULTIPLIED

    def call_sum_dim(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        value, dims, *_ = values
        axes = ", ".join(str(d) for d in dims)
        return f"\\sum_{{{axes}}} {self.text(value, MULTIPLIED)}", MULTIPLIED

    def call_mean_dim(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        value, dim, _ = values
        name = self.function("mean")
        return f"{name}_{{{self.argument(dim)}}}{_parentheses(self.text(value))}", ATOM

    def call_where(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        condition, a, b = values
        return (
            f"\\begin{{cases}} {self.text(a)} & {self.argument(condition)} \\\\ {self.text(b)} & "
            "\\text{otherwise} \\end{cases}",
            ATOM,
        )

    def call_unsqueeze(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        return self.text(values[0]), self.known.get(values[0], ("", ATOM))[1]

    def call_reshape(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        return f"\\operatorname{{reshape}}{_parentheses(self.text(values[0]))}", ATOM

    def call__to_copy(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        return self.text(values[0]), self.known.get(values[0], ("", ATOM))[1]

    def _indexed(self, value: Expression, index: str) -> tuple[str, int]:
        return f"{self.text(value, ATOM)}_{{{index}}}", ATOM

    def call_select(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        value, dim, index = values
        return self._indexed(value, ":, " * (dim % len(value.shape)) + str(index))

    def call_slice(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        text, _ = super().call_slice(part, values)
        return self._indexed(values[0], text.rpartition("[")[2].removesuffix("]"))

    def call_index(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        value, indices = values
        return self._indexed(value, ", ".join(":" if i is None else self.text(i) for i in indices))


def _is_outer(part: Expression) -> bool:
    return part.kind == CALL and part.head[0] == "outer"


def _parentheses(text: str) -> str:
    return f"\\left({text}\\right)"


def _unwrapped(text: str) -> str:
    """Text without parentheses around all of it, which a fraction's bar stands for."""
    if not (text.startswith("\\left(") and text.endswith("\\right)")):
        return text
    inner = text[6:-7]
    depth = 0
    for match in re.finditer(r"\\left\(|\\right\)", inner):
        depth += 1 if match[0] == "\\left(" else -1
        if depth < 0:
            return text
    return inner


def _function(name: str) -> str:
    bare = name.rpartition(".")[2]
    if bare in _PLAIN:
        return f"\\{bare}"
    return _OTHERS.get(bare) or f"\\operatorname{{{escaped(bare)}}}"


__all__ = ["ADDED", "NAME", "Latex", "arguments", "latex_name"]
