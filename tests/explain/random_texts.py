"""Random expressions and programs of the language, with inputs: the same for the same number."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
from derived import Case

SHAPES: dict[str, tuple[int, ...]] = {
    "s": (), "t": (), "x": (3,), "y": (3,), "u": (2,), "A": (2, 3), "B": (3, 3), "C": (3, 3),
}  # fmt: skip
_BY_ELEMENTS = (
    "sin({})", "cos({})", "tanh({})", "exp(0.3 * {})", "sigmoid({})", "softplus({})",
    "sqrt(1 + ({}) ** 2)", "log(1.5 + ({}) ** 2)", "atan({})", "abs({})", "relu({})",
    "({}) ** 2", "({}) ** 3", "square({})", "erf({})", "silu({})", "leaky_relu({})", "elu({})",
    "1 / (1 + ({}) ** 2)", "sinh(0.4 * {})", "log1p(({}) ** 2)", "-({})", "2.5 * {}",
    "asinh({})", "rsqrt(2 + ({}) ** 2)", "expm1(0.2 * {})", "clamp({}, -0.5, 1.5)", "gelu({})",
    "logsigmoid({})", "{} - 1.5", "3 - {}", "{} / 4", "reciprocal(2 + ({}) ** 2)", "hardtanh({})",
)  # fmt: skip
_PAIRS = (
    "{} + {}", "{} - {}", "({}) * ({})", "({}) * ({})", "({}) / (2 + ({}) ** 2)",
    "maximum({}, {})", "minimum({}, {})", "where({} > 0.1, {}, 0.5)", "hypot({}, 1 + ({}) ** 2)",
    "atan2({}, 2 + ({}) ** 2)", "logaddexp({}, {})", "(1.2 + ({}) ** 2) ** ({})",
)  # fmt: skip
_SCALARS = (
    ("sum({})", "v"), ("mean({})", "v"), ("({}) @ ({})", "vv"), ("norm({})", "v"),
    ("trace({})", "m"), ("logsumexp({}, 0)", "v"), ("sum({})", "n"), ("mean({})", "m"),
    ("det({} + 3 * eye(3))", "m"), ("var({})", "v"), ("std({})", "v"), ("prod({})", "v"),
    ("max({})", "v"), ("norm({})", "m"), ("mse_loss({}, {})", "vv"), ("({})[1]", "v"),
    ("({})[1, 2]", "m"), ("({}).amax()", "v"), ("({}).sum()", "w"), ("cumsum({}, 0)[2]", "v"),
)  # fmt: skip
_VECTORS = (
    ("({}) @ ({})", "mv"), ("({}) @ ({})", "vm"), ("({}).T @ ({})", "nw"), ("softmax({}, 0)", "v"),
    ("log_softmax({}, 0)", "v"), ("cumsum({}, 0)", "v"), ("flip({}, [0])", "v"), ("({})[0]", "m"),
    ("({})[:, 1]", "m"), ("sum({}, 0)", "m"), ("mean({}, 0)", "n"), ("diag({})", "m"),
    ("({}).sum(1)", "m"), ("cat([({})[1:], ({})[:1]])", "vv"), ("roll({}, 1)", "v"),
    ("logsumexp({}, 0)", "m"), ("({}).amax(1)", "m"), ("stack([{}, {}, {}])", "sss"),
)  # fmt: skip
_MATRICES = (
    ("({}) @ ({})", "mm"), ("outer({}, {})", "vv"), ("({}).T", "m"), ("diag({})", "v"),
    ("inverse({} + 4 * eye(3))", "m"), ("({}).T @ ({})", "nn"), ("softmax({}, 1)", "m"),
    ("({}) + ({})", "mv"), ("({}) * ({}).unsqueeze(1)", "mv"), ("tril({})", "m"),
    ("({}) * ({})", "ms"), ("({}).reshape(3, 3)", "m"), ("({}) + ({})", "mm"),
)  # fmt: skip
_KINDS: dict[str, tuple[int, ...]] = {"s": (), "v": (3,), "w": (2,), "n": (2, 3), "m": (3, 3)}
_MORE = {"s": _SCALARS, "v": _VECTORS, "m": _MATRICES, "n": (("({}) @ ({})", "nm"),), "w": (
    ("({}) @ ({})", "nv"), ("sum({}, 1)", "n"), ("softmax({}, 0)", "w"))}  # fmt: skip


class Writer:
    """Writes expressions of a kind; `names` are what may be read."""

    def __init__(self, number: int) -> None:
        self.draw = random.Random(number)
        self.names = dict(SHAPES)

    def text(self, kind: str, depth: int) -> str:
        """An expression of a kind: s, v, w, n or m for scalars, vectors and matrices."""
        choice = self.draw.random()
        if depth <= 0 or choice < 0.1:
            known = [name for name, shape in self.names.items() if shape == _KINDS[kind]]
            return self.draw.choice(known)
        if choice < 0.42:
            return self.draw.choice(_BY_ELEMENTS).format(self.text(kind, depth - 1))
        if choice < 0.62:
            other = kind if self.draw.random() < 0.7 else "s"
            return self.draw.choice(_PAIRS).format(
                self.text(kind, depth - 1), self.text(other, depth - 1)
            )
        form, kinds = self.draw.choice(_MORE[kind])
        return form.format(*(self.text(k, depth - 1) for k in kinds))


def _case(writer: Writer, text: str) -> Case:
    found = np.random.default_rng(writer.draw.randrange(1 << 30))
    given = {
        name: np.round(found.normal(size=shape), 3)
        for name, shape in SHAPES.items()
        if _reads(text, name)
    }
    if not given:
        return _case(writer, f"{text} + s * 0.5")
    return Case(text, given, {})


def _reads(text: str, name: str) -> bool:
    import re

    return re.search(rf"(?<![\w.]){name}(?!\w)", text) is not None


def expression(number: int) -> Case:
    """A random expression without dimensions."""
    writer = Writer(number)
    return _case(writer, writer.text("s", 2 + number % 4))


def smooth(number: int) -> Case:
    """A random expression of two numbers, for second derivatives."""
    writer = Writer(number + 900_000)
    writer.names = {"s": (), "t": ()}
    smooth_forms = [form for form in _BY_ELEMENTS if "relu" not in form and "clamp" not in form]

    def text(depth: int) -> str:
        if depth <= 0:
            return writer.draw.choice("st")
        if writer.draw.random() < 0.5:
            return writer.draw.choice(smooth_forms).format(text(depth - 1))
        form = writer.draw.choice([pair for pair in _PAIRS if "imum" not in pair])
        return form.format(text(depth - 1), text(depth - 1))

    return _case(writer, text(1 + number % 3))


def program(number: int) -> Case:
    """A random program: statements, a function, a fixed loop, and a last expression."""
    writer = Writer(number + 500_000)
    draw = writer.draw
    lines: list[str] = []
    if draw.random() < 0.5:
        body = draw.choice(
            (
                "tanh(p) * q + 0.5",
                "p * sigmoid(q)",
                "(p - q) ** 2",
                "p / (1 + q ** 2)",
                "sin(p) + q",
            )
        )
        lines += ["def f(p, q):", f"    return {body}"]
    for place in range(draw.randint(1, 4)):
        kind = draw.choice("svvm")
        name = f"h{place}"
        text = writer.text(kind, 2)
        if lines and lines[0].startswith("def") and draw.random() < 0.5:
            text = f"f({text}, {writer.text(draw.choice((kind, 's')), 1)})"
        lines.append(f"{name} = {text}")
        writer.names[name] = _KINDS[kind]
    choice = draw.random()
    if choice < 0.3:
        lines += [
            "z = x", f"for i in range({draw.randint(2, 3)}):",
            f"    z = {draw.choice(('tanh(B @ z)', 'z * sigmoid(z) + 0.1 * i', 'sin(z) + y'))}",
        ]  # fmt: skip
        writer.names["z"] = (3,)
    elif choice < 0.5:
        lines += ["total = 0", "for k in [1.0, 2.0]:", "    total = total + k * sum(sin(k * x))"]
        writer.names["total"] = ()
    elif choice < 0.6:
        lines.append("w = stack([s * i for i in range(3)])")
        writer.names["w"] = (3,)
    elif choice < 0.7:
        lines += ["z = x.clone()", "z += y", "z.mul_(2)"]
        writer.names["z"] = (3,)
    last = [name for name in writer.names if name not in SHAPES]
    ends = " + ".join(f"sum({name})" for name in last[-2:])
    lines.append(f"{ends} + {writer.text('s', 1)}" if draw.random() < 0.4 else ends)
    return _case(writer, "\n".join(lines) + "\n")


__all__ = ["Any", "expression", "program", "smooth"]
