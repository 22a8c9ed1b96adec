"""The matrix of a formula that is linear in a cotangent: Jacobians of vectors by vectors."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

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
    is_number,
)
from .naming import inside
from .tracing import NoFormula

FEW = 6  # the length up to which a matrix is written out row by row


def matrix(
    algebra: Algebra, part: Expression, g: Expression, size: Callable[[Expression], int]
) -> Expression:
    """M where `part` is `M @ g`, the shortest found: its transpose is the Jacobian.

    Raises NoFormula.
    """
    expanded = algebra.expanded(part)
    found = []
    reason = _unknown()
    algebra.factoring = True
    try:
        for form in (expanded, part):
            if form is not None:
                try:
                    found.append(_Linear(algebra, g).matrix(form))
                except NoFormula as error:
                    reason = error
    finally:
        algebra.factoring = False
    if not found:
        raise reason
    return min(found, key=size)


class _Linear:
    """Reads expressions that are linear in `g`, a vector."""

    def __init__(self, algebra: Algebra, g: Expression) -> None:
        self.algebra = algebra
        self.g = g
        self.length = g.shape[0]

    def reads(self, part: Expression) -> bool:
        """Whether an expression depends on `g`."""
        return self.g in inside([part])

    def matrix(self, part: Expression) -> Expression:
        """M for a vector."""
        algebra = self.algebra
        rows = part.shape[0] if part.shape else 1
        if part is self.g:
            return algebra.call("eye", [self.length], (self.length, self.length))
        if not self.reads(part):
            if part.kind == NUMBER or (part.kind == EXPAND and part.args[0].kind == NUMBER):
                return algebra.number(0, (rows, self.length))
            raise _unknown()
        if part.kind == SUM:
            return algebra.total(
                [(c, self._spread(term, rows)) for c, term in algebra.terms_of(part)],
                (rows, self.length),
            )
        items = algebra.rows(part)
        if items is not None and len(part.shape) == 1:
            zeros = algebra.number(0, (self.length,))
            return algebra.stack([self.row(i) if self.reads(i) else zeros for i in items])
        if part.kind == EXPAND:
            return self._spread(part.args[0], rows)
        if part.kind == PRODUCT:
            return self._product(part, rows)
        if part.kind == MATMUL and not any(map(self.reads, part.args[:-1])):
            inner = self.matrix(part.args[-1])
            return self._times([*part.args[:-1]], inner)
        if part.kind == CALL and len(part.shape) == 1:
            return self._called(part)
        raise _unknown()

    def _called(self, part: Expression) -> Expression:
        """M for a function of vectors that is linear in one of them."""
        algebra = self.algebra
        values = arguments(part)
        if part.head[0] == "where":
            condition, *sides = values
            if not self.reads(condition):
                none = algebra.number(0)
                chosen = []
                for place, side in enumerate(sides):
                    if self.reads(side):
                        ones = [algebra.number(int(i == place)) for i in range(2)]
                        mask = algebra.call("where", [condition, *ones], part.shape)
                        chosen.append(self._scaled(mask, self.matrix(side)))
                    elif side is not none and not is_number(side, 0):
                        raise _unknown()
                return algebra.total([(1, each) for each in chosen])
        if part.head[0] == "_linalg_solve" and not self.reads(values[0]):
            matrix_, right = values[:2]
            shape = (part.shape[0], self.length)
            inner = self.matrix(right)
            if inner.kind == CALL and inner.head[0] == "eye":
                if matrix_.kind == CALL and matrix_.head[0] == "T":
                    inverse = algebra.call("_linalg_inv", [matrix_.args[0]], shape)
                    return algebra.transpose(inverse)
                return algebra.call("_linalg_inv", [matrix_], shape)
            return algebra.call("_linalg_solve", [matrix_, inner], shape)
        if part.head[0] == "slice_scatter" and not self.reads(values[0]):
            into, source, _, start, end, step = values
            inside_ = range(*slice(start, end, step).indices(part.shape[0]))
            rows = self._rows(self.matrix(source))
            if rows is not None and is_number(into, 0):
                none = algebra.number(0, (self.length,))
                places = {row: place for place, row in enumerate(inside_)}
                return algebra.stack(
                    [rows[places[i]] if i in places else none for i in range(part.shape[0])]
                )
        raise _unknown()

    def _rows(self, found: Expression) -> list[Expression] | None:
        """The rows of a small matrix that is written out, or of the identity."""
        algebra = self.algebra
        if found.kind == CALL and found.head[0] == "eye" and self.length <= FEW:
            units = range(self.length)
            return [algebra.stack([algebra.number(int(i == j)) for j in units]) for i in units]
        return algebra.rows(found)

    def _spread(self, part: Expression, rows: int) -> Expression:
        """M for a term of a vector of length `rows`, which may be one number for all."""
        if part.shape == (rows,) and not (rows == 1 and part is not self.g):
            return self.matrix(part)
        ones = self.algebra.number(1, (rows,))
        return self._outer(ones, self.row(part))

    def _times(self, left: list[Expression], right: Expression) -> Expression:
        if right.kind == CALL and right.head[0] == "eye":
            return self.algebra.matmul(left)
        return self.algebra.matmul([*left, right])

    def _outer(self, left: Expression, right: Expression) -> Expression:
        shape = (left.shape[0], right.shape[0])
        scale = left.args[0] if left.kind == EXPAND else left
        if right.kind == EXPAND and right.args[0].kind == NUMBER and scale.kind == NUMBER:
            return self.algebra.number(scale.head * right.args[0].head, shape)
        outside: list[tuple[Expression, Any]] = []
        sides = []
        for side in (left, right):
            terms = self.algebra.terms_of(side)
            if side.kind != EXPAND and len(terms) == 1:
                ((factor, inner),) = terms
                factors = self.algebra.factors_of(inner)
                scalars = [(b, e) for b, e in factors.items() if not b.shape]
                outside += [(self.algebra.number(factor), 1), *scalars]
                rest = [pair for pair in factors.items() if pair not in scalars]
                side = self.algebra.product(rest, side.shape)
            sides.append(side)
        found = self.algebra.call("outer", sides, shape)
        return self.algebra.product([*outside, (found, 1)], shape)

    def _product(self, part: Expression, rows: int) -> Expression:
        algebra = self.algebra
        factors = list(zip(part.args, part.head, strict=True))
        inside_ = [pair for pair in factors if self.reads(pair[0])]
        if len(inside_) != 1 or inside_[0][1] != 1:
            raise _unknown()
        scalars = [pair for pair in factors if pair not in inside_ and not pair[0].shape]
        vectors = [pair for pair in factors if pair not in inside_ and pair[0].shape]
        base = inside_[0][0]
        slope = algebra.product(vectors) if vectors else None
        if base.shape == (rows,) and rows > 1:
            inner = self.matrix(base)
            if slope is not None:
                inner = self._scaled(slope, inner)
        elif slope is None:
            inner = self._spread(base, rows)
        else:
            inner = self._outer(algebra.expand(slope, (rows,)), self.row(base))
        return algebra.product([*scalars, (inner, 1)], inner.shape) if scalars else inner

    def _scaled(self, slope: Expression, inner: Expression) -> Expression:
        """`diag(slope) @ inner`."""
        algebra = self.algebra
        size = inner.shape[0]
        diagonal = algebra.call("diag", [algebra.expand(slope, (size,))], (size, size))
        return self._times([diagonal], inner)

    def row(self, part: Expression) -> Expression:
        """The vector r where a number is `r @ g`."""
        algebra = self.algebra
        if part.kind == SUM:
            rows = [(c, self.row(term)) for c, term in algebra.terms_of(part)]
            return algebra.total(rows, (self.length,))
        if part.kind == PRODUCT:
            factors = list(zip(part.args, part.head, strict=True))
            inner = [pair for pair in factors if self.reads(pair[0])]
            if len(inner) != 1 or inner[0][1] != 1:
                raise _unknown()
            others = [pair for pair in factors if pair not in inner]
            row = self.row(inner[0][0])
            items = algebra.rows(row)
            if items is not None:
                return algebra.stack([algebra.product([*others, (item, 1)]) for item in items])
            return algebra.product([*others, (row, 1)], (self.length,))
        if part.kind == CALL and part.head[0] == "select" and len(part.args[0].shape) == 1:
            inner_matrix, place = self.matrix(part.args[0]), arguments(part)[2]
            if inner_matrix.kind == CALL and inner_matrix.head[0] == "eye":
                ones = [algebra.number(int(i == place)) for i in range(self.length)]
                return algebra.stack(ones)
            return algebra.call("select", [inner_matrix, 0, place], (self.length,))
        if part.kind == CALL and part.head[0] in ("sum", "sum_dim"):
            inner_matrix = self.matrix(arguments(part)[0])
            return self._columns(inner_matrix)
        if part.kind == CALL and part.head[0] == "mean":
            value = arguments(part)[0]
            columns = self._columns(self.matrix(value))
            return algebra.total([(Fraction(1, value.shape[0]), columns)], (self.length,))
        if part.kind == MATMUL and not part.shape:
            first, *rest = part.args
            if self.reads(first) and not any(map(self.reads, rest)):
                return self._transposed_times(self.matrix(first), algebra.matmul(rest))
            if self.reads(part.args[-1]) and not any(map(self.reads, part.args[:-1])):
                return self._transposed_times(
                    self.matrix(part.args[-1]), algebra.matmul(part.args[:-1])
                )
        raise _unknown()

    def _columns(self, found: Expression) -> Expression:
        """The sums of a matrix's columns."""
        if found.kind == CALL and found.head[0] == "diag":
            return found.args[0]
        if found.kind == CALL and found.head[0] == "eye":
            return self.algebra.number(1, (self.length,))
        if found.kind == EXPAND and not found.args[0].shape:
            total = self.algebra.total([(found.shape[0], found.args[0])])
            return self.algebra.expand(total, (self.length,))
        if found.kind == SUM:
            return self.algebra.total(
                [
                    (c, self._columns(self.algebra.expand(term, found.shape)))
                    for c, term in self.algebra.terms_of(found)
                ],
                (self.length,),
            )
        return self.algebra.call("sum_dim", [found, (0,), False], (self.length,))

    def _transposed_times(self, found: Expression, vector: Expression) -> Expression:
        if found.kind == CALL and found.head[0] == "diag":
            return self.algebra.product([(found.args[0], 1), (vector, 1)])
        if found.kind == CALL and found.head[0] == "eye":
            return vector
        return self.algebra.matmul([self.algebra.transpose(found), vector])


def _unknown() -> NoFormula:
    return NoFormula("the Jacobian is no product of matrices that have names")


__all__ = ["NAME", "matrix"]
