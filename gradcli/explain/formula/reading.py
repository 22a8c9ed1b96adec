"""From symbols to expressions in normal form: what each operation means in algebra."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from gradcli.language.machine.state import machine
from gradcli.table.entry import ELEMENTWISE
from gradcli.table.shape_rules import broadcast_shape
from gradcli.tensor import dtypes
from gradcli.tensor.runtime import runtime
from gradcli.tensor.tensor import Tensor

from .algebra import (
    CALL,
    EXPAND,
    MATMUL,
    NAME,
    NUMBER,
    PRODUCT,
    SUM,
    Algebra,
    Expression,
    arguments,
    finite,
    is_number,
    reduced,
    sum_of,
)
from .constants import fraction_of
from .symbols import Call, Symbol
from .tracing import NoFormula

FEW = 6  # elements of a tensor that is written row by row
SMALL = 32  # elements of a constant without a name that is written out


class Reader:
    """Reads symbols into expressions of one algebra, each once.

    `boundary` is the number after which symbols were made by rules: sums among those are put into
    their shortest form, while what the program computes stays as it was written. `names` are the
    names that stand for symbols.
    """

    def __init__(self, algebra: Algebra, boundary: int, names: Mapping[Symbol, str]) -> None:
        self.algebra = algebra
        self.boundary = boundary
        self.names = names
        self.known: dict[Symbol, Expression] = {}

    def read(self, symbol: Symbol, whole: bool = False) -> Expression:
        """The expression of a symbol; with `whole` what a named one was made of."""
        waiting = [symbol]
        while waiting:
            current = waiting[-1]
            if runtime.stop is not None:
                runtime.check()
            if current in self.known and not (whole and current is symbol):
                waiting.pop()
                continue
            opened = whole and current is symbol
            if current.call is not None and (opened or current not in self.names):
                missing = [s for s in current.call.symbols() if s not in self.known]
                if missing:
                    waiting += missing
                    continue
            waiting.pop()
            made = self._one(current, opened)
            if opened:
                return made
            self.known[current] = made
        return self.known[symbol]

    def _one(self, symbol: Symbol, opened: bool) -> Expression:
        algebra = self.algebra
        name = self.names.get(symbol, symbol.name)
        if name and not opened:
            found = algebra.name(name, symbol.shape, symbol.is_complex)
            if symbol.tensor.dtype.category >= dtypes.FLOATING:
                algebra.dtypes[found] = symbol.tensor.dtype.name
            return found
        call = symbol.call
        if call is None:
            return self._constant(symbol)
        algebra.factoring = symbol.number > self.boundary
        try:
            return self._read_call(symbol, call)
        finally:
            algebra.factoring = False

    def _constant(self, symbol: Symbol) -> Expression:
        array = np.asarray(symbol.tensor.array)
        if symbol.tensor.dtype.category < dtypes.FLOATING:  # an index or a mask stays one
            if array.size <= SMALL:
                return self.algebra.call("tensor", [array.tolist()], symbol.shape)
        elif array.size and (array == array.flat[0]).all():
            return self.algebra.number(array.flat[0].item(), symbol.shape)
        elif _is_identity(array):
            return self.algebra.call("eye", [len(array)], symbol.shape)
        elif array.size <= SMALL:
            return self.algebra.call("tensor", [array.tolist()], symbol.shape, symbol.is_complex)
        raise NoFormula("a constant has no name and is too large to be written out", symbol.where)

    def _read_call(self, symbol: Symbol, call: Call) -> Expression:
        def expressed(value: Any) -> Any:
            if type(value) is Symbol:
                return self.known[value]
            if type(value) in (list, tuple):
                return type(value)(expressed(item) for item in value)
            return value

        values = [expressed(value) for value in call.args]
        if call.op is None:
            return values[0]  # type: ignore[no-any-return]
        rule = RULES.get(call.op.id)
        found = None
        if rule is not None:
            found = rule(self.algebra, symbol, *values)
        if found is None:
            found = self._plain(symbol, call, values)
        return self.algebra.expand(found, symbol.shape)

    def _plain(self, symbol: Symbol, call: Call, values: list[Any]) -> Expression:
        op = call.op
        assert op is not None
        if op.id in _OF_NUMBERS and symbol.shape and self.algebra.factoring:
            whole = self.algebra.numbers(values[0])
            if whole is not None:  # what is moved or added up of numbers is numbers
                return self._constant(Symbol(symbol.tensor, None, 0, symbol.number))
        if op.batching == ELEMENTWISE:
            values = _unexpanded(values, symbol.shape)
        found = self.algebra.call(op.id, values, symbol.shape, symbol.is_complex)
        if op.outputs != 1:
            return self.algebra.call("item", [found, symbol.index], symbol.shape, symbol.is_complex)
        return found


_OF_NUMBERS = {"flip", "roll", "cumsum", "cumprod", "index", "index_select", "slice"}


def _unexpanded(values: list[Any], shape: tuple[int, ...]) -> list[Any]:
    """Arguments of an operation by elements, which broadcasts them itself."""
    found = [
        v.args[0] if isinstance(v, Expression) and v.kind == EXPAND and v.args[0].kind != NUMBER
        else v
        for v in values
    ]  # fmt: skip
    shapes = [v.shape for v in found if isinstance(v, Expression)]
    return found if tuple(broadcast_shape(shapes)) == shape else values


def _is_identity(array: Any) -> bool:
    square = array.ndim == 2 and array.shape[0] == array.shape[1]
    return square and bool((array == np.eye(len(array))).all())


def _as_expression(algebra: Algebra, value: Any) -> Expression:
    return value if isinstance(value, Expression) else algebra.number(value)


def _scaled(algebra: Algebra, value: Any, factor: Any) -> tuple[Any, Expression]:
    """A term of a sum, with a factor that may be a number or an expression."""
    if isinstance(factor, Expression):
        return 1, algebra.product([(factor, 1), (_as_expression(algebra, value), 1)])
    return factor, _as_expression(algebra, value)


def _add(algebra: Algebra, s: Symbol, a: Any, b: Any, alpha: Any = 1) -> Expression:
    terms = [(1, _as_expression(algebra, a)), _scaled(algebra, b, alpha)]
    if terms[1][1].kind == NUMBER and _number_first(s):
        terms.reverse()
    return algebra.total(terms, s.shape)


def _number_first(s: Symbol) -> bool:
    """Whether a sum with a number was written with the number first."""
    place = machine.locate(s.where)
    return place is not None and place[0].slice(place[1].span)[:1].isdigit()


def _sub(algebra: Algebra, s: Symbol, a: Any, b: Any, alpha: Any = 1) -> Expression:
    return algebra.total([(1, _as_expression(algebra, a)), _scaled(algebra, b, -alpha)], s.shape)


def _mul(algebra: Algebra, s: Symbol, a: Any, b: Any) -> Expression:
    a, b = _as_expression(algebra, a), _as_expression(algebra, b)
    outer = _outer(algebra, s, a, b)
    return outer or algebra.product([(a, 1), (b, 1)], s.shape)


def _column_of(part: Expression) -> Expression | None:
    """The vector that stands as a column."""
    if part.kind == CALL and part.head[0] in ("unsqueeze", "reshape"):
        inner: Expression = arguments(part)[0]
        if len(inner.shape) == 1 and part.shape == (inner.shape[0], 1):
            return inner
    return None


def _outer(algebra: Algebra, s: Symbol, a: Expression, b: Expression) -> Expression | None:
    """A column times a row as the outer product of two vectors."""
    if len(s.shape) != 2:
        return None
    for left, right in ((a, b), (b, a)):
        (above, left), (beside, right) = _unscaled(left), _unscaled(right)
        column, row = _column_of(left), _row_of(right)
        if column is not None and row is not None and (*column.shape, *row.shape) == s.shape:
            found = algebra.call("outer", [column, row], s.shape)
            return algebra.total([(above * beside, found)])
    return None


def _row_of(part: Expression) -> Expression | None:
    """A vector, or the one that stands as a row."""
    if part.kind == CALL and part.head[0] in ("unsqueeze", "reshape"):
        inner: Expression = arguments(part)[0]
        return inner if len(inner.shape) == 1 and part.shape == (1, inner.shape[0]) else None
    return part if len(part.shape) == 1 and part.shape != (1,) else None


def _div(algebra: Algebra, s: Symbol, a: Any, b: Any) -> Expression | None:
    if s.tensor.dtype.category < dtypes.FLOATING:
        return None
    a, b = _as_expression(algebra, a), _as_expression(algebra, b)
    if b.kind == NUMBER and isinstance(b.head, int) and b.head:
        return algebra.total([(Fraction(1, b.head), a)], s.shape)
    if b.kind == EXPAND and b.args[0].kind == NUMBER and b.args[0].head == 0:
        return None
    return algebra.over(a, b, s.shape)


def _pow(algebra: Algebra, s: Symbol, base: Any, exponent: Any) -> Expression | None:
    base, exponent = _as_expression(algebra, base), _as_expression(algebra, exponent)
    if exponent.kind == NUMBER:
        near = fraction_of(exponent.head) if isinstance(exponent.head, float) else None
        exponent = exponent if near is None else algebra.number(near)
        if s.tensor.dtype.category < dtypes.FLOATING:
            return None
        return algebra.product([(base, exponent.head)], s.shape)
    return algebra.call("pow", [base, exponent], s.shape, s.is_complex)


def _sum(
    algebra: Algebra,
    s: Symbol,
    value: Expression,
    dim: Any = None,
    keepdim: bool = False,
    dtype: Any = None,
) -> Expression | None:
    if dtype is not None:
        return None
    rank = len(value.shape)
    if not rank:
        return value
    whole = dim is None or dim == ()
    axes = tuple(range(rank)) if whole else tuple(sorted(d % rank for d in _tuple(dim)))
    return _summed(algebra, value, axes, keepdim)


def _tuple(dim: Any) -> tuple[int, ...]:
    return tuple(dim) if isinstance(dim, tuple | list) else (dim,)


def _count(shape: tuple[int, ...], axes: tuple[int, ...]) -> int:
    count = 1
    for axis in axes:
        count *= shape[axis]
    return count


def _summed(
    algebra: Algebra, value: Expression, axes: tuple[int, ...], keepdim: bool
) -> Expression:
    """The sum over axes: numbers and what does not vary along them stand outside."""
    shape = reduced(value.shape, axes, keepdim)
    if all(value.shape[axis] == 1 for axis in axes) and keepdim:
        return value
    if keepdim and len(axes) == len(value.shape) and algebra.factoring:
        return algebra.expand(_summed(algebra, value, axes, False), shape)
    turned = len(value.shape) == 2 and len(axes) == 1 and not keepdim and _is_turned(value)
    if turned:
        return _summed(algebra, algebra.transpose(value), (1 - axes[0],), False)
    rows = algebra.rows(value) if axes == (0,) and algebra.factoring and not keepdim else None
    if rows is not None and len(rows) <= FEW:
        return algebra.total([(1, row) for row in rows], shape)
    if value.kind == CALL and value.head[0] == "one_hot" and axes == (len(value.shape) - 1,):
        return algebra.number(1, shape)
    if value.kind == CALL and value.head[0] == "diag" and len(value.shape) == 1 and not keepdim:
        return algebra.call("trace", [value.args[0]], (), value.complex)
    softmax = value.kind == CALL and value.head[0] == "_softmax" and len(axes) == 1
    if softmax and value.shape and arguments(value)[1] % len(value.shape) == axes[0]:
        return algebra.number(1, shape)
    if value.kind == EXPAND:
        inner = value.args[0]
        if not inner.shape:
            return algebra.total([(_count(value.shape, axes), inner)], shape)
        lead = len(value.shape) - len(inner.shape)
        free = tuple(a for a in axes if a < lead or inner.shape[a - lead] != value.shape[a])
        rest = tuple(a - lead for a in axes if a not in free)
        if free and (keepdim is False) and all(a < lead for a in free):
            found = _summed(algebra, inner, rest, False) if rest else inner
            return algebra.expand(algebra.total([(_count(value.shape, free), found)]), shape)
        if algebra.factoring and all(inner.shape[a - lead] != 0 for a in axes if a >= lead):
            there = tuple(a - lead for a in axes if a >= lead)
            found = _summed(algebra, inner, rest, True) if rest else inner
            if not keepdim and there:
                found = algebra.expand(found, reduced(inner.shape, there, True))
                found = algebra.reshaped(found, reduced(inner.shape, there, False))
            return algebra.expand(algebra.total([(_count(value.shape, free), found)]), shape)
    if value.kind == CALL and value.head[0] in ("reshape", "unsqueeze") and algebra.factoring:
        wide = {axis for axis, n in enumerate(value.shape) if n != 1}
        if wide <= {*axes}:  # over everything that there is
            inner = arguments(value)[0]
            found = _summed(algebra, inner, tuple(range(len(inner.shape))), False)
            return algebra.expand(found, shape)
    if value.kind == SUM and len(value.args) == 1:
        inner = algebra.expand(value.args[0], value.shape)
        return algebra.total([(value.head[0], _summed(algebra, inner, axes, keepdim))], shape)
    if value.kind == PRODUCT:
        lead = len(value.shape)
        outside = [(b, e) for b, e in algebra.factors_of(value).items() if not b.shape]
        if outside:
            inside = algebra.product(
                [(b, e) for b, e in algebra.factors_of(value).items() if b.shape], value.shape
            )
            return algebra.product([*outside, (_summed(algebra, inside, axes, keepdim), 1)], shape)
    if value.kind == PRODUCT and algebra.factoring and len(axes) == len(value.shape) == 2:
        others = [(b, e) for b, e in algebra.factors_of(value).items() if not _is_eye(b) or e != 1]
        matrix = algebra.product(others)
        if len(others) < len(value.args) and matrix.shape == value.shape and not keepdim:
            return algebra.call("trace", [matrix], (), matrix.complex)
    if value.kind == PRODUCT and algebra.factoring:
        value = _outer_apart(algebra, value)
        apart = _constant_along(algebra, value, axes, keepdim)
        if apart is not None:
            return apart
    if value.kind == PRODUCT and algebra.factoring and len(value.shape) == 1:
        vectors = list(algebra.factors_of(value).items())
        if len(vectors) == 2 and all(b.shape == value.shape and e == 1 for b, e in vectors):
            picked = _picked(algebra, vectors[0][0], vectors[1][0])
            if picked is not None:
                return picked
            if len({algebra.dtype(b) for b, _ in vectors}) == 1 and algebra.dtype(value):
                return algebra.matmul([vectors[0][0], vectors[1][0]])
    if value.kind == PRODUCT and algebra.factoring and not keepdim and len(value.shape) == 2:
        product = _as_matrix_product(algebra, value, axes)
        if product is not None:
            return product
    if value.kind == SUM and algebra.factoring:
        parts = [
            (c, _summed(algebra, algebra.expand(t, value.shape), axes, keepdim))
            for c, t in algebra.terms_of(value)
        ]
        whole = algebra.total(parts, shape)
        if all(not _is_sum(part) for _, part in parts) or is_number(whole, 0):
            return whole
    if len(axes) == len(value.shape) and not keepdim:
        return algebra.call("sum", [value], shape, value.complex)
    if keepdim:
        return algebra.call("sum_dim", [value, axes, True], shape, value.complex)
    return algebra.call("sum_dim", [value, axes, False], shape, value.complex)


def _is_eye(part: Expression) -> bool:
    return part.kind == CALL and part.head[0] == "eye"


def _is_turned(part: Expression) -> bool:
    """Whether everything in a matrix that has its shape is a transpose."""
    if part.kind == CALL and part.head[0] == "T":
        return True
    wide = [arg for arg in part.args if len(arg.shape) == 2]
    flat = any(len(arg.shape) == 1 for arg in part.args)
    return part.kind in (SUM, PRODUCT) and bool(wide) and not flat and all(map(_is_turned, wide))


def _outer_apart(algebra: Algebra, value: Expression) -> Expression:
    """A product with the outer products in it as products of columns and rows."""
    found = []
    for base, exponent in algebra.factors_of(value).items():
        if base.kind == CALL and base.head[0] == "outer":
            column, row = arguments(base)
            found += [(algebra.reshaped(column, (*column.shape, 1)), exponent), (row, exponent)]
        else:
            found.append((base, exponent))
    return algebra.product(found, value.shape)


def _constant_along(
    algebra: Algebra, value: Expression, axes: tuple[int, ...], keepdim: bool
) -> Expression | None:
    """The sum of a product of which some factors do not vary along the axes, which stand outside.

    None where there are none, or where what remains does not vary along the axes that stay.
    """
    rank = len(value.shape)
    outside: list[tuple[Expression, Any, tuple[int, ...]]] = []
    inside_: list[tuple[Expression, Any, tuple[int, ...]]] = []
    for base, exponent in algebra.factors_of(value).items():
        sizes = (1,) * (rank - len(base.shape)) + base.shape
        constant = all(sizes[axis] == 1 != value.shape[axis] for axis in axes)
        (outside if constant else inside_).append((base, exponent, sizes))
    if not outside or not inside_ or len(axes) == rank:
        return None
    if keepdim:
        rest = algebra.product([(base, exponent) for base, exponent, _ in inside_])
        if rest.shape != value.shape:
            return None
        total = _summed(algebra, rest, axes, True)
        pieces = [(base, exponent) for base, exponent, _ in outside]
        return algebra.product([*pieces, (total, 1)], reduced(value.shape, axes, True))
    stay = [axis for axis in range(rank) if axis not in axes]
    pieces = []
    for base, exponent, sizes in outside:
        pieces.append((algebra.reshaped(base, tuple(sizes[axis] for axis in stay)), exponent))
    rest = algebra.product([(base, exponent) for base, exponent, _ in inside_])
    if len(rest.shape) != rank:
        rest = algebra.reshaped(rest, (1,) * (rank - len(rest.shape)) + rest.shape)
    if any(rest.shape[axis] != value.shape[axis] for axis in axes):
        return None
    if all(rest.shape[axis] == 1 for axis in stay):
        flat = algebra.reshaped(rest, tuple(rest.shape[axis] for axis in axes))
        total = _summed(algebra, flat, tuple(range(len(axes))), False)
    else:
        total = _summed(algebra, rest, axes, False)
    return algebra.product([*pieces, (total, 1)], tuple(value.shape[axis] for axis in stay))


def _picked(algebra: Algebra, a: Expression, b: Expression) -> Expression | None:
    """The product of two vectors where one has a single element that is not zero."""
    for rows, other in ((algebra.rows(a), b), (algebra.rows(b), a)):
        places = [i for i, item in enumerate(rows or ()) if not is_number(item, 0)]
        if rows is not None and len(places) == 1:
            items = algebra.rows(other)
            one = algebra.call("select", [other, 0, places[0]], (), other.complex)
            return algebra.product([(rows[places[0]], 1), (items[places[0]] if items else one, 1)])
    return None


def _as_matrix_product(
    algebra: Algebra, value: Expression, axes: tuple[int, ...]
) -> Expression | None:
    """The sums of a matrix's rows times a vector, or of its columns, as a product with it."""
    factors = algebra.factors_of(value).items()
    if axes == (1,):
        vectors = [(b, e) for b, e in factors if len(b.shape) == 1]
    elif axes == (0,):
        vectors = [(c, e) for b, e in factors if (c := _column_of(b)) is not None]
    else:
        return None
    rest = [(b, e) for b, e in factors if b.shape == value.shape]
    if not vectors or not rest or len(vectors) + len(rest) != len(factors):
        return None
    matrix = algebra.product(rest)
    vector = algebra.product(vectors)
    if vector.shape != (value.shape[axes[0]],):
        return None
    return algebra.matmul([matrix if axes == (1,) else algebra.transpose(matrix), vector])


def _is_sum(part: Expression) -> bool:
    if part.kind == SUM and len(part.args) == 1:
        part = part.args[0]
    return part.kind == CALL and part.head[0] in ("sum", "sum_dim")


def _mean(
    algebra: Algebra,
    s: Symbol,
    value: Expression,
    dim: Any = None,
    keepdim: bool = False,
    dtype: Any = None,
) -> Expression | None:
    if not algebra.factoring:
        rank = len(value.shape)
        whole = dim is None or dim == ()
        axes = tuple(range(rank)) if whole else tuple(sorted(d % rank for d in _tuple(dim)))
        return algebra.mean(value, axes, keepdim) if rank and dtype is None else None
    found = _sum(algebra, s, value, dim, keepdim, dtype)
    count = 1
    for n in value.shape:
        count *= n
    for n in s.shape:
        count //= max(n, 1)
    return None if found is None else algebra.total([(Fraction(1, max(count, 1)), found)], s.shape)


def _full(value: float) -> Callable[..., Expression]:
    return lambda algebra, s, *args: algebra.number(value, s.shape)


def _identity(algebra: Algebra, s: Symbol, value: Expression, *args: Any) -> Expression:
    return value


def _conj(algebra: Algebra, s: Symbol, value: Expression, *args: Any) -> Expression | None:
    if not s.is_complex or not value.complex:
        return value
    factor, inner = _unscaled(value)
    if inner.kind == CALL and inner.head[0] == "_conj":
        found: Expression = inner.args[0]
    elif inner.kind == EXPAND or inner.kind == NUMBER or isinstance(factor, complex):
        return None
    else:
        found = algebra.call("_conj", [inner], inner.shape, True)
    return algebra.total([(factor, found)], s.shape)


def _real(algebra: Algebra, s: Symbol, value: Expression) -> Expression | None:
    return None if value.complex else value


def _cast(algebra: Algebra, s: Symbol, value: Expression, *args: Any) -> Expression | None:
    source = s.call.args[0] if s.call is not None else None
    if type(source) is Symbol and source.tensor.dtype is s.tensor.dtype:
        return value
    plain = value.args[0] if value.kind == EXPAND else value
    if plain.kind == NUMBER and s.tensor.dtype.category >= dtypes.FLOATING:
        return value
    return algebra.call("_to_copy", [value, s.tensor.dtype.name], s.shape, s.is_complex)


def _unscaled(part: Expression) -> tuple[Any, Expression]:
    """A multiple as its factor and the rest."""
    return (part.head[0], part.args[0]) if part.kind == SUM and len(part.args) == 1 else (1, part)


def _bmm(algebra: Algebra, s: Symbol, a: Expression, b: Expression) -> Expression:
    """Products of matrices in batches; a batch of one is a product of matrices."""
    if a.shape[-1] == 1:
        return algebra.product([(a, 1), (b, 1)], s.shape)
    if s.shape[0] == 1:
        left, right = (algebra.reshaped(part, part.shape[1:]) for part in (a, b))
        found = _times(algebra, left, right, s.shape[1:], s.is_complex)
        return algebra.reshaped(found, s.shape)
    return algebra.matmul([a, b])


def _matmul(algebra: Algebra, s: Symbol, a: Expression, b: Expression) -> Expression:
    return _times(algebra, a, b, s.shape, s.is_complex)


def _times(
    algebra: Algebra, a: Expression, b: Expression, shape: tuple[int, ...], complex: bool
) -> Expression:
    ones = b.kind == EXPAND and b.args[0].kind == NUMBER and len(a.shape) == 2
    if ones and len(b.shape) == 1:
        return algebra.total([(b.args[0].head, _summed(algebra, a, (1,), False))], shape)
    if a.kind == EXPAND and a.args[0].kind == NUMBER and len(a.shape) == 1 and len(b.shape) == 2:
        return algebra.total([(a.args[0].head, _summed(algebra, b, (0,), False))], shape)
    for left, other in ((a, b), (b, a)):
        scale: Any = 1
        if left.kind == SUM and len(left.args) == 1:
            scale, left = left.head[0], left.args[0]
        if left.kind == EXPAND and left.shape == (1, 1) and not left.args[0].shape:
            return algebra.product([(left.args[0], 1), (other, 1)], shape)
        if left.kind == CALL and left.head[0] == "eye":
            return algebra.total([(scale, other)], shape)
    if len(a.shape) == len(b.shape) == 2 and (a.shape[0] == 1 or b.shape[1] == 1):
        found = _as_vectors(algebra, a, b)
        if found is not None:
            return algebra.reshaped(found, shape)
    if len(a.shape) == len(b.shape) == 2 and a.shape[1] == 1:
        (above, left), (beside, right) = _unscaled(a), _unscaled(b)
        column, row = _vector(algebra, left, 1), _vector(algebra, right, 0)
        if column is not None and row is not None:
            found = algebra.call("outer", [column, row], shape, complex)
            return algebra.total([(above * beside, found)], shape)
    return algebra.matmul([a, b])


def _as_vectors(algebra: Algebra, a: Expression, b: Expression) -> Expression | None:
    """A product with a row in front or a column behind, with vectors in their places."""
    (above, left), (beside, right) = _unscaled(a), _unscaled(b)
    row = _vector(algebra, left, 0) if a.shape[0] == 1 else None
    column = _vector(algebra, right, 1) if b.shape[1] == 1 else None
    if (row is None and a.shape[0] == 1) or (column is None and b.shape[1] == 1):
        return None
    left, right = left if row is None else row, right if column is None else column
    return algebra.total([(above * beside, algebra.matmul([left, right]))])


def _addmm(
    algebra: Algebra, s: Symbol, bias: Any, a: Any, b: Any, beta: Any = 1, alpha: Any = 1
) -> Expression:
    return algebra.total([(beta, bias), (alpha, _matmul(algebra, s, a, b))], s.shape)


def _dot(algebra: Algebra, s: Symbol, a: Expression, b: Expression) -> Expression:
    return algebra.matmul([a, b])


def _t(algebra: Algebra, s: Symbol, value: Expression, *args: Any) -> Expression | None:
    return algebra.transpose(value)


def _transpose(
    algebra: Algebra, s: Symbol, value: Expression, dim0: int, dim1: int
) -> Expression | None:
    rank = len(value.shape)
    if rank and dim0 % rank == dim1 % rank:
        return value
    order = [*range(rank)]
    if rank:
        order[dim0], order[dim1] = order[dim1], order[dim0]
    return algebra.permuted(value, tuple(order))


def _permute(algebra: Algebra, s: Symbol, value: Expression, dims: Any) -> Expression | None:
    rank = len(value.shape)
    order = tuple(d % rank for d in dims) if rank else ()
    return algebra.permuted(value, order)


def _without_dimensions(algebra: Algebra, part: Expression) -> Expression:
    """What has one element, as a number."""
    if not part.shape:
        return part
    if part.kind == SUM:
        return algebra.total(
            [(c, _without_dimensions(algebra, t)) for c, t in algebra.terms_of(part)]
        )
    if part.kind == PRODUCT:
        return algebra.product(
            [(_without_dimensions(algebra, b), e) for b, e in algebra.factors_of(part).items()]
        )
    if part.kind == EXPAND:
        return _without_dimensions(algebra, part.args[0])
    if part.kind == CALL and part.head[0] == "unsqueeze":
        return _without_dimensions(algebra, arguments(part)[0])
    if part.kind == CALL and part.head[0] == "sum_dim":
        inner, axes, _ = arguments(part)
        if len(axes) == len(inner.shape):
            return _summed(algebra, inner, axes, False)
    return algebra.call("reshape", [part, ()], (), part.complex)


def _reshaped(algebra: Algebra, s: Symbol, value: Expression, *args: Any) -> Expression | None:
    if value.shape == s.shape:
        return value
    if s.shape == ():
        return _without_dimensions(algebra, value)
    return _shaped(algebra, value, s.shape)


def _shaped(algebra: Algebra, value: Expression, shape: tuple[int, ...]) -> Expression:
    """A value in another shape; a sum without the axes that it kept is made anew."""
    found = algebra.reshaped(value, shape)
    factor, inner = _unscaled(found)
    summed = sum_of(inner)
    if summed is None or summed[2] or found is value:
        return found
    return algebra.total([(factor, _summed(algebra, *summed))], shape)


def _unsqueeze(algebra: Algebra, s: Symbol, value: Expression, dim: int) -> Expression | None:
    rank = len(s.shape)
    dim = dim % rank
    if value.kind == EXPAND and not value.args[0].shape:
        return algebra.expand(value.args[0], s.shape)
    if not value.shape:
        return algebra.expand(value, s.shape)
    if value.kind == EXPAND:
        inner = value.args[0]
        lead = len(value.shape) - len(inner.shape)
        if dim <= lead:
            return algebra.expand(inner, s.shape) if dim < lead or dim == lead else None
    return algebra.reshaped(value, s.shape)


def _squeeze(algebra: Algebra, s: Symbol, value: Expression, *args: Any) -> Expression | None:
    if value.kind == EXPAND and not value.args[0].shape:
        return algebra.expand(value.args[0], s.shape)
    if value.shape == s.shape:
        return value
    if s.shape == ():
        return _without_dimensions(algebra, value)
    factor, part = _unscaled(value)
    if part.kind == CALL and part.head[0] == "_linalg_solve" and s.shape == value.shape[:1]:
        matrix, right, *side = arguments(part)  # of one column, which may as well be a vector
        flat = algebra.reshaped(right, s.shape)
        solved = algebra.call("_linalg_solve", [matrix, flat, *side], s.shape)
        return algebra.total([(factor, solved)], s.shape)
    if value.kind == MATMUL and len(value.shape) == 2:
        first, *middle, last = value.args
        if value.shape[0] == 1 and s.shape == value.shape[1:]:
            vector = _vector(algebra, first, 0)
            if vector is not None:
                return algebra.matmul([vector, *middle, last])
        if value.shape[1] == 1 and s.shape == value.shape[:1]:
            vector = _vector(algebra, last, 1)
            if vector is not None:
                return algebra.matmul([first, *middle, vector])
    return _shaped(algebra, value, s.shape)


def _vector(algebra: Algebra, part: Expression, axis: int) -> Expression | None:
    """The vector that a row (axis 0) or a column (axis 1) was made of."""
    if part.kind == CALL and part.head[0] == "T":
        return _vector(algebra, part.args[0], 1 - axis)
    if part.kind == CALL and part.head[0] in ("unsqueeze", "reshape") and len(part.shape) == 2:
        inner = arguments(part)[0]
        if len(inner.shape) == 1 and part.shape[axis] == 1:
            return inner  # type: ignore[no-any-return]
    if part.kind == EXPAND and not part.args[0].shape:
        return algebra.expand(part.args[0], (part.shape[1 - axis],))
    if part.kind == CALL and part.head[0] in ("sum_dim", "mean_dim") and part.shape[axis] == 1:
        found = algebra.reshaped(part, (part.shape[1 - axis],))
        return found if found.head[0] == part.head[0] else None
    return None


def _expand(algebra: Algebra, s: Symbol, value: Expression, *args: Any) -> Expression:
    return algebra.expand(value, s.shape)


def _exp(algebra: Algebra, s: Symbol, value: Expression) -> Expression | None:
    if value.kind == CALL and value.head[0] == "_log_softmax":
        return algebra.call("_softmax", arguments(value), s.shape)
    if value.kind == CALL and value.head[0] == "log":
        return value.args[0]
    terms = algebra.terms_of(value)
    if len(terms) == 2 and {c for c, _ in terms} == {1, -1}:
        (plain,) = [t for c, t in terms if c == 1]
        (taken,) = [t for c, t in terms if c == -1]
        if taken.kind == CALL and taken.head[0] == "unsqueeze":
            taken = arguments(taken)[0]
        if taken.kind == CALL and taken.head[0] == "logsumexp":
            inner, dim, *_ = arguments(taken)
            if inner is plain and len(_tuple(dim)) == 1:
                return algebra.call("_softmax", [plain, _tuple(dim)[0]], s.shape)
    return None


def _sqrt(algebra: Algebra, s: Symbol, value: Expression) -> Expression:
    return algebra.product([(value, Fraction(1, 2))], s.shape)


def _where(algebra: Algebra, s: Symbol, condition: Any, a: Any, b: Any) -> Expression | None:
    if s.call is not None:
        source = s.call.args[0]
        if type(source) is Symbol:
            found = _exceptional(source)
            if _compares_numbers(condition):
                return _as_expression(algebra, a if np.asarray(source.tensor.array).all() else b)
            if found is not None:
                a_holds = bool(np.asarray(source.tensor.array).all())
                b_holds = not np.asarray(source.tensor.array).any()
                if found and b_holds:
                    return _as_expression(algebra, b)
                if not found and a_holds:
                    return _as_expression(algebra, a)
    a, b = (_as_expression(algebra, value) for value in (a, b))
    if a is b:
        return a  # type: ignore[no-any-return]
    inner = [v.args[0] if v.kind == EXPAND else v for v in (a, b)]
    known = [condition, *inner] if isinstance(condition, Expression) else inner
    if tuple(broadcast_shape([v.shape for v in known])) == s.shape:
        a, b = inner
    if algebra.factoring and (is_number(a, 0) or is_number(b, 0)):
        other = b if is_number(a, 0) else a
        scale, rest = _outside(algebra, other)
        if scale is not None:
            sides = [algebra.number(0) if is_number(v, 0) else rest for v in (a, b)]
            choice = algebra.call("where", [condition, *sides], s.shape, s.is_complex)
            return algebra.product([(scale, 1), (choice, 1)], s.shape)
    return algebra.call("where", [condition, a, b], s.shape, s.is_complex)


def _outside(algebra: Algebra, part: Expression) -> tuple[Expression | None, Expression]:
    """What of a product has no dimensions and is finite, and the rest; None for nothing."""
    factor, inner = _unscaled(part)
    if inner.kind == NUMBER:
        factor, inner = factor * inner.head, algebra.number(1)
    factors = algebra.factors_of(inner)
    scalars = [(b, e) for b, e in factors.items() if not b.shape and finite(b, e)]
    if not part.shape or (factor == 1 and not scalars):
        scalars = []
    if not scalars and factor in (1, -1):
        return None, part
    rest = [(b, e) for b, e in factors.items() if (b, e) not in scalars]
    return algebra.product([(algebra.number(factor), 1), *scalars]), algebra.product(rest)


def _compares_numbers(condition: Any) -> bool:
    """Whether a condition is between numbers alone."""
    if not isinstance(condition, Expression) or condition.kind != CALL:
        return False
    numbers = all(part.kind == NUMBER for part in condition.args)
    return numbers and condition.head[0] in ("gt", "ge", "lt", "le", "eq", "ne")


def _exceptional(condition: Symbol) -> bool | None:
    """Whether a condition holds at single points only (True), or everywhere else (False)."""
    call = condition.call
    if call is None or call.op is None:
        return None
    kinds = [_exceptional(s) for s in call.symbols()]
    if call.op.id in ("eq", "isnan", "isinf"):
        return True
    if call.op.id in ("ne", "isfinite"):
        return False
    if call.op.id == "logical_not" and kinds[0] is not None:
        return not kinds[0]
    if call.op.id == "logical_and":
        return True if True in kinds else (False if kinds == [False, False] else None)
    if call.op.id == "logical_or":
        return False if False in kinds else (True if kinds == [True, True] else None)
    return None


def _gt(algebra: Algebra, s: Symbol, a: Any, b: Any) -> Expression | None:
    if isinstance(a, Expression) and a.kind == CALL and a.head[0] == "relu" and b == 0:
        return algebra.call("gt", [a.args[0], 0], s.shape)
    return None


def _either(algebra: Algebra, s: Symbol, a: Any, b: Any) -> Expression | None:
    """A condition without what is said of values that are not numbers, where none is one."""
    call = s.call
    assert call is not None
    for mine, other in ((call.args[1], a), (call.args[0], b)):
        if type(mine) is Symbol and _of_nan(mine) and not np.asarray(mine.tensor.array).any():
            return other  # type: ignore[no-any-return]
    return None


def _of_nan(condition: Symbol) -> bool:
    """Whether a condition holds for values that are not numbers alone."""
    call = condition.call
    if call is None or call.op is None:
        return False
    if call.op.id == "logical_and":
        return any(map(_of_nan, call.symbols()))
    return call.op.id == "isnan"


def _one_hot(
    algebra: Algebra, s: Symbol, value: Expression, target: Expression, classes: int, *args: Any
) -> Expression | None:
    if len(target.shape) > 1:
        return None
    mask = algebra.call("one_hot", [target, classes], (*target.shape, classes))
    if value.shape:
        scalar = value.kind == EXPAND and not value.args[0].shape
        value = (
            value.args[0] if scalar else algebra.call("unsqueeze", [value, -1], (*value.shape, 1))
        )
    return algebra.product([(value, 1), (mask, 1)], s.shape)


def _masked_fill(
    algebra: Algebra, s: Symbol, value: Expression, mask: Any, other: Any
) -> Expression | None:
    if s.call is not None and type(s.call.args[1]) is Symbol:
        source = s.call.args[1]
        if _exceptional(source) and not np.asarray(source.tensor.array).any():
            return value
    constant = value.args[0] if value.kind == EXPAND else value
    if constant.kind == NUMBER and isinstance(mask, Expression) and mask.shape == s.shape:
        return _where(algebra, s, mask, _as_expression(algebra, other), constant)
    return None


def _diagonal_matrix(
    algebra: Algebra, s: Symbol, value: Expression, offset: int = 0, dim1: int = -2, dim2: int = -1
) -> Expression | None:
    plain = len(s.shape) == 2 and not offset and (dim1 % 2, dim2 % 2) == (0, 1)
    if plain and value.kind != EXPAND:
        return algebra.call("diag", [value], s.shape, s.is_complex)
    inner = value.args[0] if value.kind == EXPAND else None
    if (
        inner is None
        or inner.shape
        or len(s.shape) != 2
        or offset
        or (dim1 % 2, dim2 % 2) != (0, 1)
    ):
        return None
    return algebra.product([(algebra.call("eye", [s.shape[0]], s.shape), 1), (inner, 1)], s.shape)


def _diagonal(
    algebra: Algebra, s: Symbol, value: Expression, offset: int = 0, dim1: int = 0, dim2: int = 1
) -> Expression | None:
    plain = len(value.shape) == 2 and not offset and (dim1 % 2, dim2 % 2) == (0, 1)
    return algebra.call("diag", [value], s.shape, s.is_complex) if plain else None


def _inverse(algebra: Algebra, s: Symbol, value: Expression) -> Expression | None:
    if value.kind == CALL and value.head[0] == "T":
        return algebra.transpose(algebra.call("_linalg_inv", [value.args[0]], s.shape))
    return None


def _solve(
    algebra: Algebra, s: Symbol, a: Expression, b: Expression, left: bool = True
) -> Expression | None:
    scale: Any = 1
    if b.kind == SUM and len(b.args) == 1:
        scale, b = b.head[0], b.args[0]
    others: list[tuple[Expression, Any]] = []
    if b.kind == PRODUCT:
        factors = algebra.factors_of(b)
        others = [(f, e) for f, e in factors.items() if not f.shape]
        b = algebra.product([(f, e) for f, e in factors.items() if f.shape])
    if b.kind == CALL and b.head[0] == "eye":
        inverse = _inverse(algebra, s, a) or algebra.call("_linalg_inv", [a], s.shape)
        return algebra.total([(scale, algebra.product([*others, (inverse, 1)]))], s.shape)
    return None


def _trace_of_ones(algebra: Algebra, s: Symbol, *args: Any) -> Expression | None:
    if len(s.shape) != 2:
        return None
    square = s.shape[0] == s.shape[1]
    return algebra.call("eye" if square else "eye_of", list(s.shape[square:]), s.shape)


def _same_everywhere(
    algebra: Algebra, s: Symbol, value: Expression, *args: Any
) -> Expression | None:
    """A part of what is one number everywhere."""
    if value.kind == EXPAND and not value.args[0].shape:
        return algebra.expand(value.args[0], s.shape)
    return None


def _part(name: str) -> Callable[..., Expression | None]:
    """The rule of `select` or `slice`: numbers stand outside, and what was put there comes out."""

    def rule(algebra: Algebra, s: Symbol, value: Expression, *where: Any) -> Expression | None:
        if name == "slice" and value.shape == s.shape and where[-1] == 1:
            return value
        if value.kind == EXPAND and not value.args[0].shape:
            return algebra.expand(value.args[0], s.shape)
        if value.kind == SUM and len(value.args) == 1:
            inner = algebra.expand(value.args[0], value.shape)
            found = rule(algebra, s, inner, *where) or algebra.call(
                name, [inner, *where], s.shape, s.is_complex
            )
            return algebra.total([(value.head[0], found)], s.shape)
        if name == "select" and where[0] == 0 and algebra.factoring:
            items = algebra.rows(value)
            if items is not None:
                row: Expression = items[where[1]]
                return row
        if value.kind == CALL and value.head[0] == f"{name}_scatter":
            base, source, *there = arguments(value)
            if tuple(there) == where:
                return source  # type: ignore[no-any-return]
            if name == "select" and there[0] == where[0] and there[1] >= 0 and where[1] >= 0:
                below = rule(algebra, s, base, *where)
                return below or algebra.call(name, [base, *where], s.shape, s.is_complex)
        return None

    return rule


def _written_into_rows(
    algebra: Algebra, s: Symbol, into: Expression, source: Expression, dim: int, index: int
) -> Expression | None:
    """A small tensor with one row written: its rows one by one."""
    if dim % len(s.shape) or int(np.prod(s.shape)) > FEW or not algebra.factoring:
        return None
    items = algebra.rows(into)
    if is_number(into, 0):
        items = [algebra.number(0, s.shape[1:])] * s.shape[0]
    if items is None:
        return None
    items[index] = source
    return algebra.stack(items)


def _scattered(
    algebra: Algebra, s: Symbol, into: Expression, source: Expression, *where: Any
) -> Expression | None:
    """Zeros among zeros are zeros, and what is written over does not count."""
    if is_number(into, 0) and is_number(source, 0):
        return algebra.number(0, s.shape)
    if s.call is not None and s.call.op is not None and s.call.op.id == "select_scatter":
        found = _written_into_rows(algebra, s, into, source, *where)
        if found is not None:
            return found
    if into.kind == CALL and s.call is not None and s.call.op is not None:
        base, *there = arguments(into)
        if into.head[0] == s.call.op.id and tuple(there[1:]) == where:
            return algebra.call(into.head[0], [base, source, *where], s.shape, s.is_complex)
    return None


def _slice_scatter(
    algebra: Algebra, s: Symbol, into: Expression, source: Expression, dim: int = 0,
    start: Any = None, end: Any = None, step: int = 1,
) -> Expression:  # fmt: skip
    if is_number(into, 0) and is_number(source, 0):
        return algebra.number(0, s.shape)
    length = s.shape[dim]
    end = None if end is not None and end >= length else end
    start = None if start == 0 else start
    return algebra.call("slice_scatter", [into, source, dim, start, end, step], s.shape)


def _spread(name: str) -> Callable[..., Expression]:
    """The rule of `std` and `var`, whose correction is 1 where nothing is said."""

    def rule(
        algebra: Algebra, s: Symbol, a: Expression, dim: Any, correction: Any, keepdim: Any = False
    ) -> Expression:
        given = [a, dim, None if correction == 1 else correction, keepdim]
        return algebra.call(name, given, s.shape, s.is_complex)

    return rule


RULES: dict[str, Callable[..., Expression | None]] = {
    "add": _add,
    "_add_scalar": _add,
    "sub": _sub,
    "_sub_scalar": _sub,
    "rsub": lambda A, s, a, b, alpha=1: _sub(A, s, b, a, alpha),
    "rsub_scalar": lambda A, s, a, b, alpha=1: _sub(A, s, b, a, alpha),
    "mul": _mul,
    "_mul_scalar": _mul,
    "div": _div,
    "_div_scalar": _div,
    "neg": lambda A, s, a: A.total([(-1, a)], s.shape),
    "positive": _identity,
    "pow": _pow,
    "pow_tensor": _pow,
    "pow_base": _pow,
    "square": lambda A, s, a: A.product([(a, 2)], s.shape),
    "reciprocal": lambda A, s, a: A.product([(a, -1)], s.shape),
    "sqrt": _sqrt,
    "rsqrt": lambda A, s, a: A.product([(a, Fraction(-1, 2))], s.shape),
    "exp": _exp,
    "sum": lambda A, s, a, dtype=None: _sum(A, s, a, None, False, dtype),
    "sum_dim": _sum,
    "mean": lambda A, s, a, dtype=None: _mean(A, s, a, None, False, dtype),
    "mean_dim": _mean,
    "_zeros": _full(0),
    "_ones": _full(1),
    "zeros_like_shape": _full(0),
    "_full_as": lambda A, s, a, value: A.number(value, s.shape),
    "_identity_like": _trace_of_ones,
    "_conj": _conj,
    "conj_physical": _conj,
    "_conj_physical": _conj,
    "_mul_dense": _mul,
    "_norm_at_least": lambda A, s, a, eps: A.call("clamp", [a, eps, None], s.shape),
    "_variance_at_least": lambda A, s, a, eps: A.call("clamp", [a, eps, None], s.shape),
    "_unit_like": _trace_of_ones,
    "_real": _real,
    "clone": _identity,
    "_identity": _identity,
    "_alias": _identity,
    "whole": _identity,
    "contiguous": _identity,
    "fill_tensor": lambda A, s, a, value: A.expand(value, s.shape),
    "fill": lambda A, s, a, value: A.number(value, s.shape),
    "zero": _full(0),
    "copy": lambda A, s, a, b, *rest: A.expand(b, s.shape),
    "_to_copy": _cast,
    "expand": _expand,
    "mm": _matmul,
    "_mm_t": _matmul,
    "mv": _matmul,
    "bmm": _bmm,
    "dot": _dot,
    "addmm": _addmm,
    "_addmm_t": _addmm,
    "addmv": _addmm,
    "t": _t,
    "T": _t,
    "mT": lambda A, s, a: _transpose(A, s, a, -2, -1),
    "transpose": _transpose,
    "permute": _permute,
    "reshape": _reshaped,
    "view": _reshaped,
    "_unsafe_view": _reshaped,
    "_reshape_alias": _reshaped,
    "flatten": _reshaped,
    "unsqueeze": _unsqueeze,
    "squeeze": _squeeze,
    "squeeze_dim": _squeeze,
    "squeeze_dims": _squeeze,
    "where": _where,
    "gt": _gt,
    "_place_class": _one_hot,
    "select": _part("select"),
    "slice": _part("slice"),
    "select_scatter": _scattered,
    "diagonal_scatter": _scattered,
    "flip": _same_everywhere,
    "roll": _same_everywhere,
    "slice_scatter": _slice_scatter,
    "masked_fill": _masked_fill,
    "masked_fill_tensor": _masked_fill,
    "std": _spread("std"),
    "var": _spread("var"),
    "diag_embed": _diagonal_matrix,
    "diagonal": _diagonal,
    "diagonal_copy": _diagonal,
    "logical_or": _either,
    "_linalg_inv": _inverse,
    "_linalg_solve": _solve,
    "_squeeze_first": _squeeze,
    "_squeeze_last": _squeeze,
    "sgn": lambda A, s, a: None if a.complex else A.call("sign", [a], s.shape),
    "linalg_vector_norm": lambda A, s, a, ord=2, dim=None, keepdim=False, dtype=None: (
        A.call("norm", [a], s.shape)
        if ord == 2 and dim is None and not keepdim and dtype is None
        else None
    ),
}

__all__ = ["MATMUL", "NAME", "RULES", "Reader", "Tensor"]
