"""Expressions as LaTeX."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise, zip_longest
from typing import Any

from gradcli.render.greek import LETTERS
from gradcli.table.lookup import get_op

from .algebra import (
    CALL,
    EXPAND,
    MATMUL,
    NAME,
    NUMBER,
    SUM,
    Expression,
    arguments,
    is_number,
    is_stack,
    sum_of,
)
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
# What Python cannot call lambda, or what people call it.
_LETTERS |= dict.fromkeys(["lam", "lamb", "lambda_", "lmbda", "λ"], "lambda")
_POWERS = frozenset(["sin", "cos", "tan", "sinh", "cosh", "tanh"])  # sin² x is written for (sin x)²
_PLAIN = _POWERS | {"log", "det", "exp", "max", "min"}
_OTHERS = {
    "asin": r"\arcsin",
    "acos": r"\arccos",
    "atan": r"\arctan",
    "sigmoid": r"\sigma",
    "one_hot": r"\operatorname{onehot}",
    "trace": r"\operatorname{tr}",
    "amax": r"\max",
    "amin": r"\min",
    "maximum": r"\max",
    "minimum": r"\min",
    "lgamma": r"\log\Gamma",
    "digamma": r"\psi",
    "ndtr": r"\Phi",
    "logdet": r"\log\det",
    "log2": r"\log_{2}",
    "log10": r"\log_{10}",
    "log_softmax": r"\log\operatorname{softmax}",
    "var": r"\operatorname{Var}",
}
_SIGNS = {"gt": ">", "ge": r"\ge", "lt": "<", "le": r"\le", "eq": "=", "ne": r"\ne"}
_OPPOSITE = {"gt": "le", "ge": "lt", "lt": "ge", "le": "gt", "eq": "ne", "ne": "eq"}
_BETWEEN = {"logical_and": r"\land", "logical_or": r"\lor", "logical_xor": r"\oplus"}
_CONDITIONS = frozenset([*_SIGNS, *_BETWEEN, "logical_not"])
_TALL = re.compile(r"\\(frac|sum|prod|begin|left|bar)\b")
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
    """Writes LaTeX: fractions, roots, powers, transposes, norms.

    `inline` is for exponents, whose fractions are written with a slash.
    """

    def __init__(self, inline: bool = False) -> None:
        super().__init__(_function)
        self.inline = inline
        self.plain = Writer(str)  # which decides the order of factors, so that both agree

    def place(self, factor: tuple[Expression, Any]) -> Any:
        self.plain.named = self.named
        return self.plain.place(factor)

    def exponent(self, part: Expression) -> str:
        """An expression above the line."""
        writer = Latex(True)
        writer.named, writer.taken, writer.last = self.named, self.taken, self.last
        return writer.text(part)

    def text(self, part: Expression, level: int = LOWEST) -> str:
        name = self.named.get(part)
        if name is not None:
            return latex_name(name)
        if level > LOWEST:  # beside others, a choice of 1 and 0 is the indicator of its condition
            indicated = self._indicator(part)
            if indicated is not None:
                return indicated
        found = self.known.get(part)
        if found is None:
            found = self.known[part] = getattr(self, f"_{part.kind}")(part)
        text, binds = found
        return text if binds >= level else _parentheses(text)

    def number(self, value: Any) -> str:
        if isinstance(value, Fraction):
            if self.inline:
                return f"{value.numerator} / {value.denominator}"
            return f"\\frac{{{value.numerator}}}{{{value.denominator}}}"
        text = super().number(value).removesuffix(".0")
        mantissa, letter, power = text.partition("e")
        if letter:
            times = "" if mantissa == "1" else f"{mantissa} \\cdot "
            return f"{times}10^{{{int(power)}}}"
        return {"inf": r"\infty", "-inf": r"-\infty", "nan": r"\mathrm{nan}"}.get(text, text)

    def _name(self, part: Expression) -> tuple[str, int]:
        return latex_name(part.head), ATOM

    def times(self, pieces: list[str], bases: Sequence[Expression | None] = ()) -> str:
        joined = before = ""
        wide = False  # whether what stands there has dimensions
        pairs = list(zip_longest(pieces, bases))
        if pairs and len(pairs) > 1 and _is_total(pairs[-1][1]):
            pairs[-1] = (_unwrapped(pairs[-1][0]), pairs[-1][1])  # nothing follows the sum
        for piece, base in pairs:
            digits = piece[:1].isdigit() and joined[-1:].isdigit()
            shaped = base is not None and bool(base.shape)
            sign = (
                r" \odot " if shaped and wide else r" \cdot " if digits else _space(before, piece)
            )
            joined += f"{sign}{piece}" if joined else piece
            wide = wide or shaped
            before = piece
        return joined

    def divided(self, sign: str, above: str, binds: int, below: list[str]) -> tuple[str, int]:
        if self.inline:
            return super().divided(sign, above, binds, below)
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
        head = base.head[0] if base.kind == CALL and base not in self.named else ""
        if head in _POWERS:
            return f"\\{head}^{{{power}}}{_parentheses(self.text(base.args[0]))}"
        return f"{self.text(base, ATOM)}^{{{power}}}"

    def _matmul(self, part: Expression) -> tuple[str, int]:
        texts = [self.text(a, MULTIPLIED if _is_outer(a) else RAISED) for a in part.args]
        if len(part.args[0].shape) == 1:  # a vector in front stands as a row
            texts[0] = f"{self.text(part.args[0], ATOM)}^{{\\top}}"
        joined = texts[0]
        for before, text in pairwise(texts):
            joined += f"{_space(before, text)}{text}"
        return joined, MULTIPLIED

    def _expand(self, part: Expression) -> tuple[str, int]:
        inner = part.args[0]
        if inner.kind == NUMBER and inner.head == 0:
            return "0", ATOM
        if inner.kind == NUMBER and inner.head == 1:
            return r"\mathbf{1}", ATOM
        if len(part.shape) == 2 and len(inner.shape) == 1:  # each row is the vector
            return f"\\mathbf{{1}} {self.text(inner, ATOM)}^{{\\top}}", MULTIPLIED
        if len(part.shape) == 2 and inner.shape == (part.shape[0], 1):
            return f"{self.text(inner, RAISED)} \\mathbf{{1}}^{{\\top}}", MULTIPLIED
        return f"{self.text(inner, MULTIPLIED)} \\mathbf{{1}}", MULTIPLIED

    def _call(self, part: Expression) -> tuple[str, int]:
        head = part.head[0]
        if head in _CONDITIONS:
            return self._condition(part), LOWEST
        return super()._call(part)

    def call_exp(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        if "e" in self.taken or "e" in self.named.values():
            return f"\\exp{_parentheses(self.text(values[0]))}", ATOM
        return f"e^{{{self.exponent(values[0])}}}", RAISED

    def call_exp2(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        return f"2^{{{self.exponent(values[0])}}}", RAISED

    def call_expm1(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        text, _ = self.call_exp(part, values)
        return f"{text} - 1", ADDED

    def call_log1p(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        return f"\\log{_parentheses(f'1 + {self.text(values[0], MULTIPLIED)}')}", ATOM

    def call_abs(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        return _between("|", self.text(values[0]), "|"), ATOM

    def call_floor(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        return _between(r"\lfloor ", self.text(values[0]), r" \rfloor"), ATOM

    def call_ceil(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        return _between(r"\lceil ", self.text(values[0]), r" \rceil"), ATOM

    def call_norm(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        return _between(r"\lVert ", self.text(values[0]), r" \rVert"), ATOM

    def call_linalg_vector_norm(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        value, order, dim, *_ = values
        text, _ = self.call_norm(part, values)
        below = [] if order == 2 else [self.argument(order)]
        if len(value.shape) > 1 and dim is not None:
            below.append(_axes(dim))
        return text + (f"_{{{', '.join(below)}}}" if below else ""), ATOM

    def call_hypot(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        squares = " + ".join(f"{self.text(value, ATOM)}^{{2}}" for value in values)
        return f"\\sqrt{{{squares}}}", ATOM

    def call_prod(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        return f"\\prod {self.text(values[0], MULTIPLIED)}", MULTIPLIED

    def call_log(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        return f"\\log{_parentheses(self.text(values[0]))}", ATOM

    def call_diag(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        return f"\\operatorname{{diag}}{_parentheses(self.text(values[0]))}", ATOM

    def call_flip(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        value, dims = values
        below = f"_{{{_axes(dims)}}}" if len(value.shape) > 1 else ""
        return f"\\operatorname{{flip}}{below}{_parentheses(self.text(value))}", ATOM

    def call_polygamma(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        order, value = values
        return f"\\psi^{{({order})}}{_parentheses(self.text(value))}", ATOM

    def call_linalg_cross(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        left, right, *_ = values
        return f"{self.text(left, RAISED)} \\times {self.text(right, RAISED)}", MULTIPLIED

    def call_kron(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        left, right = values
        return f"{self.text(left, RAISED)} \\otimes {self.text(right, RAISED)}", MULTIPLIED

    def call__linalg_inv(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        return f"{self.text(values[0], ATOM)}^{{-1}}", RAISED

    def call_mean(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        text = self.text(values[0])
        if len(text.lstrip("\\")) == 1 or (values[0].kind == NAME and text[1:] in _GREEK):
            return f"\\bar{{{text}}}", ATOM
        return f"{self.function('mean')}{_parentheses(text)}", ATOM

    def _condition(self, part: Any, holds: bool = True) -> str:
        """What is true or false of values, or its opposite."""
        head = part.head[0] if isinstance(part, Expression) and part.kind == CALL else ""
        if part in self.named or head not in _CONDITIONS:
            text = self.argument(part)
            return text if holds else f"\\lnot {text}"
        values = arguments(part)
        if head == "logical_not":
            return self._condition(values[0], not holds)
        if head in _SIGNS:
            sign = _SIGNS[head if holds else _OPPOSITE[head]]
            left, right = (
                self.text(v, ADDED) if isinstance(v, Expression) else self.argument(v)
                for v in values
            )
            return f"{left} {sign} {right}"
        if not holds:
            return f"\\lnot {_parentheses(self._condition(part))}"
        between = self._enclosed(values) if head == "logical_and" else None
        return between or f" {_BETWEEN[head]} ".join(
            text if getattr(value, "head", ("",))[0] in _SIGNS else _parentheses(text)
            for value, text in ((value, self._condition(value)) for value in values)
        )

    def _enclosed(self, values: list[Any]) -> str | None:
        """Two conditions that say between what a value lies, as one."""
        heads = [v.head[0] if isinstance(v, Expression) and v.kind == CALL else "" for v in values]
        if {*heads} <= {"gt", "ge"}:
            return None
        for low, high in ((0, 1), (1, 0)):
            if heads[low] in ("gt", "ge") and heads[high] in ("lt", "le"):
                (value, least), (same, most) = arguments(values[low]), arguments(values[high])
                if value is same:
                    below, above = _SIGNS[_TURNED[heads[low]]], _SIGNS[heads[high]]
                    inner = self.text(value, ADDED)
                    return f"{self.argument(least)} {below} {inner} {above} {self.argument(most)}"
        return None

    def _indicator(self, part: Expression) -> str | None:
        """A condition, or the choice of 1 and 0 by one, as a factor; None for anything else."""
        if part.kind != CALL:
            return None
        condition, holds = part, True
        if part.head[0] == "where":
            condition, *sides = arguments(part)
            holds = is_number(sides[0], 1)
            if not is_number(sides[holds], 0) or not is_number(sides[not holds], 1):
                return None
        elif part.head[0] not in _CONDITIONS:
            return None
        return f"\\mathbf{{1}}{_between('[', self._condition(condition, holds), ']')}"

    def spelled(
        self,
        head: str,
        name: str,
        positional: tuple[str, ...],
        keywords: tuple[str, ...],
        values: list[Any],
    ) -> tuple[str, int]:
        below, given = "", []
        for parameter, value in zip(get_op(head).parameters, values, strict=False):
            if parameter.name in ("dim", "dims") and isinstance(value, int | tuple | list):
                wide = any(isinstance(v, Expression) and len(v.shape) > 1 for v in values)
                below = f"_{{{_axes(value)}}}" if wide else ""
            elif isinstance(value, Expression | list) or (
                type(value) in (float, int) and value != parameter.default
            ):
                given.append(self.argument(value))
        return f"{self.function(name)}{below}{_parentheses(', '.join(given))}", ATOM

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
        return f"{self.text(base, ATOM)}^{{{self.exponent(exponent)}}}", RAISED

    def call_T(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        inner = values[0]
        inverse = inner.kind == CALL and inner.head[0] == "_linalg_inv"
        if inverse and inner not in self.named:
            return f"{self.text(inner.args[0], ATOM)}^{{-\\top}}", RAISED
        return f"{self.text(inner, ATOM)}^{{\\top}}", RAISED

    def pi(self) -> str:
        return r"\pi"

    def root(self, inside: str) -> str:
        above, slash, below = inside.partition(" / ")
        if slash and not self.inline:
            return f"\\sqrt{{\\frac{{{above}}}{{{_unwrapped(below)}}}}}"
        return f"\\sqrt{{{inside}}}"

    def call_eye(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        return "I", ATOM

    def call_outer(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        left, right = values
        return f"{self.text(left, RAISED)} {self.text(right, ATOM)}^{{\\top}}", MULTIPLIED

    def call_tensor(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        value = values[0]
        if type(value) is not list:
            return self.argument(value), ATOM
        if value and type(value[0]) is list and any(type(v) is list for v in value[0]):
            return f"\\operatorname{{tensor}}{_parentheses(escaped(repr(value)))}", ATOM
        rows = [map(self.argument, row if type(row) is list else [row]) for row in value]
        return _matrix([" & ".join(row) for row in rows]), ATOM

    def call_stack(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        return _matrix([*map(self._row, values[0])]), ATOM

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
        value, dims, *rest = values
        if len(value.shape) != 2 or len(dims) != 1 or any(rest):
            return f"\\sum_{{{_axes(dims)}}} {self.text(value, MULTIPLIED)}", MULTIPLIED
        if dims[0] % 2:
            return f"{self.text(value, RAISED)} \\mathbf{{1}}", MULTIPLIED
        return f"{self.text(value, ATOM)}^{{\\top}} \\mathbf{{1}}", MULTIPLIED

    def call_mean_dim(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        value, dim, _ = values
        name = self.function("mean")
        return f"{name}_{{{_axes(dim)}}}{_parentheses(self.text(value))}", ATOM

    def call_where(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        condition, a, b = values
        return (
            f"\\begin{{cases}} {self.text(a)} & {self._condition(condition)} \\\\ {self.text(b)} & "
            "\\text{otherwise} \\end{cases}",
            LOWEST,
        )

    def call_unsqueeze(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        return self.text(values[0]), self.known.get(values[0], ("", ATOM))[1]

    def call_reshape(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        return f"\\operatorname{{reshape}}{_parentheses(self.text(values[0]))}", ATOM

    def call__to_copy(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        return self.text(values[0]), self.known.get(values[0], ("", ATOM))[1]

    def _indexed(self, value: Expression, index: str) -> tuple[str, int]:
        text = self.text(value, ATOM)
        if "_" in text.replace(r"\_", "") and not text.endswith(")"):  # one index has no other
            text = _parentheses(text)
        return f"{text}_{{{index}}}", ATOM

    def call_select(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        value, dim, index = values
        inner = arguments(value) if value.kind == CALL and value.head[0] == "select" else None
        if inner and value not in self.named and inner[1] % len(inner[0].shape) == dim == 0:
            return self._indexed(inner[0], f"{inner[2]}, {index}")
        return self._indexed(value, ":, " * (dim % len(value.shape)) + str(index))

    def call_slice(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        text, _ = super().call_slice(part, values)
        return self._indexed(values[0], text.rpartition("[")[2].removesuffix("]"))

    def call_index(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        value, indices = values
        return self._indexed(value, ", ".join(":" if i is None else self.text(i) for i in indices))


def _is_outer(part: Expression) -> bool:
    return part.kind == CALL and part.head[0] == "outer"


def _is_total(part: Expression | None) -> bool:
    return part is not None and part.kind == CALL and sum_of(part) is not None


_TURNED = {"gt": "lt", "ge": "le"}


def _axes(dims: Any) -> str:
    """What is said of the axes that a sum goes over."""
    given = list(dims) if type(dims) in (tuple, list) else [dims]
    return f"\\text{{ax{'is' if len(given) == 1 else 'es'} {', '.join(map(str, given))}}}"


def _space(before: str, after: str) -> str:
    """What stands between factors: names of several letters stand apart."""
    return r" \, " if before and r"\mathrm{" in (before[:8], after[:8]) else " "


def _matrix(rows: list[str]) -> str:
    between = r" \\[1ex] " if any(r"\frac" in row for row in rows) else r" \\ "
    return f"\\begin{{pmatrix}} {between.join(rows)} \\end{{pmatrix}}"


def _between(left: str, text: str, right: str) -> str:
    """Text between brackets, which grow with it where it is more than a line high."""
    if _TALL.search(text):
        return f"\\left{left}{text}\\right{right.lstrip()}"
    return f"{left}{text}{right}"


def _parentheses(text: str) -> str:
    return _between("(", text, ")")


def _unwrapped(text: str) -> str:
    """Text without parentheses around all of it, which a fraction's bar stands for."""
    left, right = ("\\left(", "\\right)") if text.startswith("\\left(") else ("(", ")")
    if not (text.startswith(left) and text.endswith(right)):
        return text
    inner = text[len(left) : -len(right)]
    depth = 0
    for letter in inner:
        depth += (letter == "(") - (letter == ")")
        if depth < 0:
            return text
    return inner


def _function(name: str) -> str:
    bare = name.rpartition(".")[2]
    if bare in _PLAIN:
        return f"\\{bare}"
    return _OTHERS.get(bare) or f"\\operatorname{{{escaped(bare)}}}"


__all__ = ["ADDED", "NAME", "Latex", "arguments", "latex_name"]
