"""Formulas as a function in NumPy, with SciPy's special functions where NumPy has none."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from .algebra import NUMBER, Expression
from .code import function_text
from .formulas import Formula
from .text import ATOM, RAISED, Unwritable, Writer

# Functions of the first argument alone, or of several by elements.
_NUMPY = {
    name: name
    for name in [
        "sin",
        "cos",
        "tan",
        "sinh",
        "cosh",
        "tanh",
        "exp",
        "exp2",
        "expm1",
        "log",
        "log2",
        "log10",
        "log1p",
        "sqrt",
        "abs",
        "sign",
        "floor",
        "ceil",
        "trunc",
        "maximum",
        "minimum",
        "fmax",
        "fmin",
        "hypot",
        "logaddexp",
        "logaddexp2",
        "isnan",
        "isinf",
        "isfinite",
        "sinc",
        "logical_and",
        "logical_or",
        "logical_not",
        "logical_xor",
        "remainder",
        "fmod",
        "copysign",
        "nextafter",
        "outer",
        "trace",
        "heaviside",
        "square",
        "conj",
        "real",
        "imag",
        "angle",
        "kron",
        "tril",
        "triu",
        "cross",
    ]
} | {
    "asin": "arcsin",
    "acos": "arccos",
    "atan": "arctan",
    "atan2": "arctan2",
    "asinh": "arcsinh",
    "acosh": "arccosh",
    "atanh": "arctanh",
    "round": "rint",
    "frac": "modf",
    "_linalg_inv": "linalg.inv",
    "linalg_det": "linalg.det",
    "det": "linalg.det",
    "norm": "linalg.norm",
    "sgn": "sign",
    "_real": "real",
    "_imag": "imag",
    "_conj": "conj",
    "_conj_physical": "conj",
    "linalg_pinv": "linalg.pinv",
    "_cholesky": "linalg.cholesky",
    "i0": "i0",
}
_SCIPY = {
    "erf": "erf",
    "erfc": "erfc",
    "erfinv": "erfinv",
    "lgamma": "gammaln",
    "digamma": "digamma",
    "erfcx": "erfcx",
    "ndtr": "ndtr",
    "ndtri": "ndtri",
    "log_ndtr": "log_ndtr",
    "i0e": "i0e",
    "i1": "i1",
    "i1e": "i1e",
    "entr": "entr",
    "polygamma": "polygamma",
    "zeta_base": "zeta",
    "sigmoid": "expit",
    "logit": "logit",
    "xlogy": "xlogy",
    "xlog1py": "xlog1py",
}
_REDUCED = {
    "sum": "sum", "sum_dim": "sum", "mean": "mean", "mean_dim": "mean", "prod": "prod",
    "prod_dim": "prod", "amax": "max", "amin": "min", "max": "max", "min": "min", "all": "all",
    "any": "any", "cumsum": "cumsum", "cumprod": "cumprod",
}  # fmt: skip


# Small functions that stand in the emitted code where NumPy has a statement only.
_HELPERS = {
    "add_along": """def add_along(into, axis, index, source):
    found = np.array(into)
    places = list(np.indices(index.shape))
    places[axis] = index
    np.add.at(found, tuple(places), source[tuple(slice(n) for n in index.shape)])
    return found""",
    "add_rows": """def add_rows(into, axis, index, source):
    found = np.array(into)
    np.add.at(np.moveaxis(found, axis, 0), index, np.moveaxis(source, axis, 0))
    return found""",
    "fill_rows": """def fill_rows(into, axis, index, value):
    found = np.array(into)
    np.moveaxis(found, axis, 0)[index] = value
    return found""",
    "put_at": """def put_at(into, places, source, accumulate):
    found = np.array(into)
    if accumulate:
        np.add.at(found, places, source)
    else:
        found[places] = source
    return found""",
}


def literal(value: Any, module: str) -> str:
    """A number, or nested lists of numbers, as code; infinities and NaN are names of a module."""
    return re.sub(r"\b(inf|nan)\b", rf"{module}.\1", repr(value))


class NumpyCode(Writer):
    """Writes NumPy's names; remembers whether SciPy's are needed, and which small functions."""

    def __init__(self, names: dict[str, str]) -> None:
        super().__init__(lambda name: f"np.{name}")
        self.names = names
        self.special = False
        self.helpers: dict[str, None] = {}

    def result(self, part: Expression) -> str:
        return self.real(part)

    def _name(self, part: Expression) -> tuple[str, int]:
        return self.names.get(part.head, part.head), ATOM

    def number(self, value: Any) -> str:
        text = super().number(value)
        return {"inf": "np.inf", "-inf": "-np.inf", "nan": "np.nan"}.get(text, text)

    def _expand(self, part: Expression) -> tuple[str, int]:
        inner = part.args[0]
        if inner.kind == NUMBER:
            return f"np.full({_tuple(part.shape)}, {self.real(inner)})", ATOM
        return f"np.broadcast_to({self.text(inner)}, {_tuple(part.shape)})", ATOM

    def _call(self, part: Expression) -> tuple[str, int]:
        from .algebra import arguments

        head = part.head[0]
        values = arguments(part)
        special = getattr(self, f"call_{head}", None)
        if special is not None:
            return special(part, values)  # type: ignore[no-any-return]
        plain = [v for v in values if isinstance(v, Expression)]
        if head in _REDUCED:
            return self._reduction(_REDUCED[head], values), ATOM
        rest = [v for v in values if not isinstance(v, Expression)]
        if head in _NUMPY and not [v for v in rest if v not in (None, 0, False, 2, 1)]:
            return f"np.{_NUMPY[head]}({', '.join(map(self.argument, plain))})", ATOM
        if head in _SCIPY:
            self.special = True
            given = [v for v in values if v is not None]
            return f"special.{_SCIPY[head]}({', '.join(map(self.argument, given))})", ATOM
        raise Unwritable(head)

    def _reduction(self, name: str, values: list[Any]) -> str:
        value, *rest = values
        rest = [v for v in rest if v is not None]
        pieces = [self.text(value)]
        if rest and type(rest[0]) is not bool and rest[0] != ():
            dims = rest[0]
            axis: Any = dims[0] if type(dims) in (tuple, list) and len(dims) == 1 else dims
            pieces.append(f"axis={tuple(axis) if type(axis) is list else axis}")
        if True in [v for v in rest if type(v) is bool]:
            pieces.append("keepdims=True")
        return f"np.{name}({', '.join(pieces)})"

    def call_tensor(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        return f"np.array({literal(values[0], 'np')})", ATOM

    def call_one_hot(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        return f"np.eye({values[1]})[{self.text(values[0])}]", ATOM

    def call_reshape(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        return f"np.reshape({self.text(values[0])}, {_tuple(values[1])})", ATOM

    def call_unsqueeze(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        return f"np.expand_dims({self.text(values[0])}, {values[1]})", ATOM

    def call_squeeze_dim(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        return f"np.squeeze({self.text(values[0])}, {values[1]})", ATOM

    def call__to_copy(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        return f"np.asarray({self.text(values[0])}, np.{values[1]})", ATOM

    def call_where(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        condition, a, b = values
        return f"np.where({self.argument(condition)}, {self.real(a)}, {self.real(b)})", ATOM

    def call_T(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        if len(part.shape) == 2:
            return super().call_T(part, values)
        return f"np.swapaxes({self.text(values[0])}, -1, -2)", ATOM

    def call_diag(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        return f"np.diag({self.text(values[0])})", ATOM

    def call_transpose(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        return f"np.swapaxes({self.text(values[0])}, {values[1]}, {values[2]})", ATOM

    def call_permute(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        return f"np.transpose({self.text(values[0])}, {_tuple(values[1])})", ATOM

    def call__softmax(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        self.special = True
        return f"special.softmax({self.text(values[0])}, axis={values[1]})", ATOM

    def call__log_softmax(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        self.special = True
        return f"special.log_softmax({self.text(values[0])}, axis={values[1]})", ATOM

    def call_logsumexp(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        self.special = True
        value, dim, *rest = values
        axis = dim[0] if type(dim) in (tuple, list) and len(dim) == 1 else dim
        keep = ", keepdims=True" if rest and rest[0] else ""
        return f"special.logsumexp({self.text(value)}, axis={axis}{keep})", ATOM

    def call_relu(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        return f"np.maximum({self.text(values[0])}, 0)", ATOM

    def call_clamp(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        value, low, high = values
        return f"np.clip({self.text(value)}, {self.argument(low)}, {self.argument(high)})", ATOM

    def call_softplus(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        value, beta, _ = values
        if beta != 1:
            raise Unwritable("softplus")
        return f"np.logaddexp(0, {self.text(value)})", ATOM

    def call_silu(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        self.special = True
        inner = self.text(values[0])
        return f"({self.text(values[0], RAISED)} * special.expit({inner}))", ATOM

    def _pooled(self, name: str, values: list[Any]) -> tuple[str, int]:
        raise Unwritable(name.removeprefix("F."))

    def _spectrum(self, name: str, value: Expression, dim: Any, norm: str, more: str = "") -> Any:
        raise Unwritable(f"fft_{name}")

    def call_convolution(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        raise Unwritable("convolution")

    def _batch_norm(self, first: list[Any], weight: Any, bias: Any, rest: str) -> tuple[str, int]:
        raise Unwritable("batch_norm")

    def _attention(self, tensors: Sequence[Any], more: str, scale: float) -> tuple[str, int]:
        raise Unwritable("scaled_dot_product_attention")

    def call__huber_loss(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        raise Unwritable("huber_loss")

    def call__smooth_l1_loss(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        raise Unwritable("smooth_l1_loss")

    def call__pivot_matrix(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        raise Unwritable("lu_unpack")

    def _helped(self, name: str, *texts: str) -> tuple[str, int]:
        self.helpers[name] = None
        return f"{name}({', '.join(texts)})", ATOM

    def call_scatter_add(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        into, dim, index, source = values
        if not part.shape:
            raise Unwritable("scatter_add")
        return self._helped(
            "add_along", self.text(into), str(dim), self.text(index), self.text(source)
        )

    def call_index_add(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        into, dim, index, source, *factor = values
        if not part.shape or factor not in ([], [1]):
            raise Unwritable("index_add")
        return self._helped(
            "add_rows", self.text(into), str(dim), self.text(index), self.text(source)
        )

    def call_index_fill(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        into, dim, index, value = values
        if not part.shape:
            raise Unwritable("index_fill")
        return self._helped(
            "fill_rows", self.text(into), str(dim), self.text(index), self.argument(value)
        )

    def call_index_put(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        into, places, source, accumulate = values
        items = [
            self.text(item) if isinstance(item, Expression) else "slice(None)" for item in places
        ]
        where = f"({', '.join(items)},)"
        return self._helped(
            "put_at", self.text(into), where, self.text(source), str(bool(accumulate))
        )

    def call_gather(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        value, dim, index, *_ = values
        if len(value.shape) != len(index.shape) or not value.shape:
            raise Unwritable("gather")
        rest = [d for d in range(len(value.shape)) if d != dim % len(value.shape)]
        if any(value.shape[d] != index.shape[d] for d in rest):
            raise Unwritable("gather")
        return f"np.take_along_axis({self.text(value)}, {self.text(index)}, {dim})", ATOM

    def call_index_select(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        value, dim, index = values
        if not value.shape:
            raise Unwritable("index_select")
        return f"np.take({self.text(value)}, {self.text(index)}, {dim})", ATOM

    def call_clamp_min(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        value, low = values
        return f"np.maximum({self.text(value)}, {self.argument(low)})", ATOM

    def call_masked_select(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        value, mask = values
        if value.shape != mask.shape:
            raise Unwritable("masked_select")
        return f"{self.text(value, ATOM)}[{self.text(mask)}]", ATOM

    def call_norm(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        return f"np.linalg.norm({self.text(values[0])})", ATOM

    def call_sum_dim(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        return self._reduction("sum", values), ATOM

    def call_masked_fill(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        value, mask, other = values
        return f"np.where({self.text(mask)}, {self.argument(other)}, {self.text(value)})", ATOM

    call_masked_fill_tensor = call_masked_fill

    def call_diagonal_copy(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        return self.call_diagonal(part, values)

    def call_hardtanh(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        return self.call_clamp(part, values)

    def call_logsigmoid(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        return f"-np.logaddexp(0, -{self.text(values[0], RAISED)})", RAISED

    def call_leaky_relu(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        value, slope = values
        inner = self.text(value, RAISED)
        return f"np.where({inner} > 0, {inner}, {self.argument(slope)} * {inner})", ATOM

    def call_elu(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        value, alpha, scale, input_scale = values
        if (scale, input_scale) != (1, 1):
            raise Unwritable("elu")
        inner = self.text(value, RAISED)
        return f"np.where({inner} > 0, {inner}, {self.argument(alpha)} * np.expm1({inner}))", ATOM

    def call_gelu(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        if values[1:] and values[1] != "none":
            raise Unwritable("gelu")
        self.special = True
        inner = self.text(values[0], RAISED)
        return f"({inner} * special.ndtr({self.text(values[0])}))", ATOM

    def _spread(self, name: str, values: list[Any]) -> tuple[str, int]:
        value, dim, correction, keepdim = values[0], values[1], values[2], values[3]
        pieces = [self.text(value)]
        if dim is not None and dim != ():
            pieces.append(f"axis={_tuple(dim if type(dim) in (tuple, list) else [dim])}")
        pieces.append(f"ddof={1 if correction is None else correction}")
        if keepdim:
            pieces.append("keepdims=True")
        return f"np.{name}({', '.join(pieces)})", ATOM

    def call_var(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        return self._spread("var", values)

    def call_std(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        return self._spread("std", values)

    def call_roll(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        value, shifts, dims = values
        axis = f", {_tuple(dims)}" if dims else ""
        shift = _tuple(shifts) if axis else str(shifts[0])
        return f"np.roll({self.text(value)}, {shift}{axis})", ATOM

    def call_cat(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        tensors, dim = values
        items = ", ".join(self.text(item) for item in tensors)
        return f"np.concatenate([{items}], axis={dim})", ATOM

    def call_stack(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        tensors, dim = values
        items = ", ".join(self.text(item) for item in tensors)
        return f"np.stack([{items}], axis={dim})", ATOM

    def call_mean_dim(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        return self._reduction("mean", values), ATOM

    def call_linalg_cross(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        a, b, dim = values
        axis = "" if dim in (-1, len(part.shape) - 1) else f", axis={dim}"
        return f"np.cross({self.text(a)}, {self.text(b)}{axis})", ATOM

    def call_flip(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        return f"np.flip({self.text(values[0])}, {_tuple(values[1])})", ATOM

    def call_diagonal(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        given = ", ".join(map(str, values[1:]))
        return f"np.diagonal({self.text(values[0])}, {given})", ATOM

    def call_diag_embed(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        value, offset, *_ = values
        if len(value.shape) != 1:
            raise Unwritable("diag_embed")
        return f"np.diag({self.text(value)}{f', {offset}' if offset else ''})", ATOM

    def call__linalg_solve(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        a, b, left = values
        if not left or (len(b.shape) == len(a.shape) - 1 and len(b.shape) > 1):
            raise Unwritable("_linalg_solve")
        return f"np.linalg.solve({self.text(a)}, {self.text(b)})", ATOM

    def call__solve_triangular(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        a, b, upper, left, unitriangular = values
        if unitriangular or len(a.shape) != 2 or len(b.shape) != 2:
            raise Unwritable("_solve_triangular")
        triangle = f"np.{'triu' if upper else 'tril'}({self.text(a)})"
        if left:
            return f"np.linalg.solve({triangle}, {self.text(b)})", ATOM
        return f"np.linalg.solve({triangle}.T, {self.text(b, ATOM)}.T).T", ATOM

    def _padded(self, text: str, shape: tuple[int, ...], dim: int, before: int, after: int) -> str:
        pads = [(0, 0)] * len(shape)
        pads[dim] = (before, after)
        inner = repr(pads[0]) if len(pads) == 1 else repr(pads)
        return f"np.pad({text}, {inner})"

    def call_select_scatter(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        into, source, dim, index = values
        shape = into.shape
        if not _is_zero(into):
            raise Unwritable("select_scatter")
        dim, index = dim % len(shape), index % shape[dim]
        text = f"np.expand_dims({self.text(source)}, {dim})"
        return self._padded(text, shape, dim, index, shape[dim] - index - 1), ATOM

    def call_slice_scatter(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        into, source, dim, start, end, step = values
        shape = into.shape
        if not _is_zero(into) or step != 1:
            raise Unwritable("slice_scatter")
        dim = dim % len(shape)
        first, last, _ = slice(start, end).indices(shape[dim])
        return self._padded(self.text(source), shape, dim, first, shape[dim] - last), ATOM


def _is_zero(part: Expression) -> bool:
    return part.kind == "expand" and part.args[0].kind == NUMBER and part.args[0].head == 0


def _tuple(shape: Any) -> str:
    items = list(shape)
    return f"({', '.join(map(str, items))}{',' if len(items) == 1 else ''})"


def _imports(writer: Writer) -> list[str]:
    assert isinstance(writer, NumpyCode)
    lines = ["import numpy as np"]
    if writer.special:
        lines = [
            "# Needs SciPy for functions that NumPy does not have.",
            *lines,
            "from scipy import special",
        ]
    for name in writer.helpers:
        lines += ["", "", *_HELPERS[name].split("\n")]
    return lines


def numpy_code(formula: Formula, title: str) -> str:
    """A function that needs NumPy, and SciPy where its first line says so. Raises Unwritable."""
    return function_text(formula, title, NumpyCode, _imports, ["np", "special", *_HELPERS])
