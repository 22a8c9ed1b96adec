"""Expressions in a normal form: sums of multiples, products of powers, products of matrices, calls.

Equal expressions are one object. Sums and products work by elements and broadcast, so the shape of
an expression is what its parts broadcast to; `expand` stands around what has to be larger.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Any

from gradcli.table.shape_rules import broadcast_shape

NUMBER, NAME, SUM, PRODUCT, MATMUL, CALL, EXPAND = (
    "number",
    "name",
    "sum",
    "product",
    "matmul",
    "call",
    "expand",
)

Shape = tuple[int, ...]


class Expression:
    """A node. `head` has what is not an expression: a number, a name, the factors of a sum's
    terms, the exponents of a product's factors, the operation and keywords of a call, a shape."""

    __slots__ = ("args", "complex", "head", "kind", "serial", "shape")

    def __init__(
        self, kind: str, head: Any, args: tuple[Expression, ...], shape: Shape, complex: bool
    ) -> None:
        self.kind = kind
        self.head = head
        self.args = args
        self.shape = shape
        self.complex = complex
        self.serial = 0


def exact(value: Any) -> Any:
    """A number as what is computed with: whole numbers and fractions exactly."""
    if type(value) is bool:
        return int(value)
    if isinstance(value, Fraction) and value.denominator == 1:
        return int(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < 1 << 53:
        return int(value) if math.copysign(1, value) > 0 or value else 0
    if isinstance(value, complex) and value.imag == 0:
        return exact(value.real)
    return value


def power_of_number(value: Any, exponent: Any) -> Any:
    """A number to a power, exactly where that is possible; None where it is no number."""
    try:
        if isinstance(value, int | Fraction) and isinstance(exponent, int):
            if abs(exponent) > 64:
                return exact(float(value) ** exponent)
            return exact(Fraction(value) ** exponent)
        found = value ** (float(exponent) if isinstance(exponent, Fraction) else exponent)
    except (ZeroDivisionError, OverflowError):
        return None
    return None if isinstance(found, complex) and not isinstance(value, complex) else exact(found)


class Algebra:
    """Makes expressions, each once."""

    def __init__(self) -> None:
        self.made: dict[Any, Expression] = {}
        self.factoring = False  # what rules made is put into its shortest form
        self.apart = False  # but common factors stay in their terms
        self.dtypes: dict[Expression, str] = {}  # of names that are no integers, and what is made

    def _make(
        self,
        kind: str,
        head: Any,
        args: Sequence[Expression],
        shape: Shape,
        complex: bool,
        key: Any = None,
    ) -> Expression:
        if key is None:
            key = (kind, head, tuple(id(arg) for arg in args))
        found = self.made.get(key)
        if found is None:
            found = self.made[key] = Expression(kind, head, tuple(args), shape, complex)
            found.serial = len(self.made)
        return found

    def number(self, value: Any, shape: Shape = ()) -> Expression:
        """A number, or a tensor full of it."""
        value = exact(value)
        key = (NUMBER, type(value), repr(value))
        found = self._make(NUMBER, value, (), (), isinstance(value, complex), key)
        return self.expand(found, shape)

    def name(self, text: str, shape: Shape, complex: bool = False) -> Expression:
        """Something with a name."""
        return self._make(NAME, text, (), shape, complex, (NAME, text, shape))

    def expand(self, part: Expression, shape: Shape) -> Expression:
        """A part broadcast to a shape."""
        part = part.args[0] if part.kind == EXPAND else part
        if part.shape == shape:
            return part
        part = self._unled(part)
        return self._make(EXPAND, shape, (part,), shape, part.complex)

    def call(
        self, head: str, args: Sequence[Any], shape: Shape, complex: bool = False
    ) -> Expression:
        """A call: expressions among `args` and in lists there are parts; the rest is kept."""
        parts: list[Expression] = []

        def kept(value: Any) -> Any:
            if isinstance(value, Expression):
                parts.append(value)
                return Place(len(parts) - 1)
            if type(value) in (list, tuple):
                return (type(value).__name__, *(kept(item) for item in value))
            return Plain(value)

        pattern = tuple(kept(value) for value in args)
        key = (CALL, head, pattern, shape, tuple(id(part) for part in parts))
        return self._make(CALL, (head, pattern), parts, shape, complex, key)

    # ------------------------------------------------------------------ sums

    def terms_of(self, part: Expression) -> list[tuple[Any, Expression]]:
        """The multiples that an expression is the sum of."""
        if part.kind == SUM:
            return list(zip(part.head, part.args, strict=True))
        if part.kind == NUMBER:
            return [] if part.head == 0 else [(part.head, self.number(1))]
        return [(1, part)]

    def total(
        self, terms: Iterable[tuple[Any, Expression]], shape: Shape | None = None
    ) -> Expression:
        """The sum of multiples; like ones are gathered."""
        listed = [(exact(c), t.args[0] if t.kind == EXPAND else t) for c, t in terms]
        if shape is None:
            shape = tuple(broadcast_shape([t.shape for _, t in listed])) if listed else ()
        if self.factoring:
            parts = self._led([term for _, term in listed], shape)
            listed = [
                self._averaged(c, self.column(part))
                for (c, _), part in zip(listed, parts, strict=True)
            ]
        gathered: dict[Expression, Any] = {}
        several = len([c for c, _ in listed if c != 0]) > 1
        for factor, term in listed:
            flat = several or factor in (1, -1) or term.kind != SUM or len(term.args) == 1
            for inner, part in self.terms_of(term) if flat else [(1, term)]:
                gathered[part] = _added(gathered.get(part, 0), inner * factor)
        gathered = {part: factor for part, factor in gathered.items() if factor != 0}
        if self.factoring and gathered:
            self._joined(gathered)
        if not gathered:
            return self.number(0, shape)
        if len(gathered) == 1:
            ((part, factor),) = gathered.items()
            if part.kind == NUMBER:
                return self.number(factor * part.head, shape)
            if factor == 1:
                return self.expand(part, shape)
        if self.factoring and len(gathered) > 1:
            opposite = self.made.get((SUM, _identity({p: -f for p, f in gathered.items()})))
            if opposite is not None and any(map(_positive, opposite.head)):
                return self.expand(self._multiple(-1, opposite), shape)
        key = (SUM, _identity(gathered))
        parts = sorted(gathered, key=lambda p: 0) if not self.factoring else self.ordered(gathered)
        found = self._make(
            SUM,
            tuple(gathered[part] for part in parts),
            parts,
            tuple(broadcast_shape([part.shape for part in parts])),
            any(part.complex for part in parts),
            key,
        )
        if self.factoring and len(parts) > 1 and not self.apart:
            found = self.factored(found)
        return self.expand(found, shape)

    def _multiple(self, factor: Any, part: Expression) -> Expression:
        """A sum with a factor in front."""
        return self._make(
            SUM, (factor,), (part,), part.shape, part.complex, (SUM, _identity({part: factor}))
        )

    def mean(self, value: Expression, axes: tuple[int, ...], keepdim: bool) -> Expression:
        """The mean over axes; over all of them without dimensions."""
        if len(axes) == len(value.shape) and not keepdim:
            return self.call("mean", [value], (), value.complex)
        shape = tuple(
            1 if axis in axes else n
            for axis, n in enumerate(value.shape)
            if keepdim or axis not in axes
        )
        where = axes[0] if len(axes) == 1 else axes
        return self.call("mean_dim", [value, where, keepdim], shape, value.complex)

    def _averaged(self, factor: Any, term: Expression) -> tuple[Any, Expression]:
        """A sum that is divided by the number of its elements, as a mean."""
        if not isinstance(factor, Fraction):
            return factor, term
        factors = self.factors_of(term)
        for base, exponent in factors.items():
            summed = sum_of(base) if exponent == 1 else None
            if summed is None:
                continue
            value, axes, keepdim = summed
            count = math.prod(value.shape[axis] for axis in axes)
            if count > 1 and 0 in (factor.denominator % count, count % factor.denominator):
                mean = self.mean(value, axes, keepdim)
                rest = [(b, e) for b, e in factors.items() if b is not base]
                return exact(factor * count), self.product([*rest, (mean, 1)], term.shape)
        return factor, term

    def _means_and_sums(self, gathered: dict[Expression, Any]) -> None:
        """Sums beside the mean of the same, as means."""
        found: dict[Expression, None] = {}
        for term in gathered:
            for base in self.factors_of(term):
                if base.kind == CALL and base.head[0] in ("mean", "mean_dim"):
                    found[base] = None
        for term, factor in list(gathered.items()) if found else ():
            factors = self.factors_of(term)
            for base, exponent in factors.items():
                summed = sum_of(base) if exponent == 1 else None
                if summed is None or self.mean(*summed) not in found:
                    continue
                value, axes, _ = summed
                rest = [(b, e) for b, e in factors.items() if b is not base]
                whole = self.product([*rest, (self.mean(*summed), 1)], term.shape)
                del gathered[term]
                count = math.prod(value.shape[axis] for axis in axes)
                for inner, part in self.terms_of(whole):
                    gathered[part] = _added(gathered.get(part, 0), inner * factor * count)
                break

    def _joined(self, gathered: dict[Expression, Any]) -> None:
        """Terms of a sum that are one call together, as that call."""
        self._means_and_sums(gathered)
        one = self.number(1)
        for part, factor in list(gathered.items()):
            if part.kind == CALL and part.head[0] == "expm1" and gathered.get(one) == factor:
                del gathered[part], gathered[one]
                exp = self.call("exp", part.args, part.shape, part.complex)
                gathered[exp] = exact(gathered.get(exp, 0) + factor)
        rows = {part: items for part in gathered if (items := self.rows(part)) is not None}
        if any(len(rows) > 1 or gathered[part] != 1 for part in rows) and (
            len({part.shape for part in rows}) == 1
        ):
            count, *shape = next(iter(rows)).shape
            listed = [(gathered.pop(part), items) for part, items in rows.items()]
            joined = self.stack(
                [
                    self.total([(factor, items[place]) for factor, items in listed], tuple(shape))
                    for place in range(count)
                ]
            )
            if not is_number(joined, 0):
                gathered[joined] = exact(gathered.get(joined, 0) + 1)
        self._branches(gathered)
        for part in [part for part, factor in gathered.items() if factor == 0]:
            del gathered[part]

    def stack(self, items: Sequence[Expression]) -> Expression:
        """The tensor of rows, written out where they are numbers."""
        shape = (len(items), *items[0].shape)
        if all(not item.shape and item.kind == NUMBER for item in items):
            if not any(item.head for item in items):
                return self.number(0, shape)
            if not any(item.complex for item in items):
                return self.call("tensor", [[float(item.head) for item in items]], shape)
        numbers = [self.numbers(item) for item in items]
        if len(shape) == 2 and all(row is not None for row in numbers):
            return self.call("tensor", [numbers], shape)
        return self.call("stack", [list(items), 0], shape, any(item.complex for item in items))

    def dtype(self, part: Expression) -> str:
        """The dtype that names give an expression, "" where they do not or it is in doubt."""
        known = self.dtypes.get(part)
        if known is not None:
            return known
        if part.kind == NAME or (part.kind == CALL and part.head[0] in _OF_NO_DTYPE):
            return ""
        args: Sequence[Any] = part.args
        if part.kind == CALL and part.head[0] == "where":
            args = [arg for arg in arguments(part)[1:] if isinstance(arg, Expression)]
        found = {self.dtype(arg) for arg in args if arg.kind != NUMBER}
        self.dtypes[part] = found.pop() if len(found) == 1 else ""
        return self.dtypes[part]

    def _alike(self, row: Expression) -> list[Expression] | None:
        """The elements of a vector that is one number everywhere."""
        one = row.kind == EXPAND and not row.args[0].shape
        return [row.args[0]] * row.shape[0] if one else None

    def numbers(self, part: Expression) -> list[float] | None:
        """The elements of a vector of real numbers; None for any other."""
        items = (self.rows(part) or self._alike(part)) if len(part.shape) == 1 else None
        known = items is not None and all(i.kind == NUMBER and not i.complex for i in items)
        return [float(item.head) for item in items or ()] if known else None

    def rows(self, part: Expression) -> list[Expression] | None:
        """The rows that `stack` makes an expression of; None for any other."""
        if is_stack(part):
            return list(arguments(part)[0])
        if part.kind == CALL and part.head[0] == "tensor" and len(part.shape) == 1:
            values = arguments(part)[0]
            if all(isinstance(value, float) for value in values):
                return [self.number(value) for value in values]
        return None

    def _branches(self, gathered: dict[Expression, Any]) -> None:
        """Terms that one condition takes or leaves, as one choice between two sums.

        Only factors that are finite wherever names are: elsewhere zero times them is not zero.
        """
        chosen: dict[Expression, list[tuple[Expression, Expression, Any]]] = {}
        for term, factor in gathered.items():
            factors = self.factors_of(term)
            choices = [b for b, e in factors.items() if e == 1 and _is_choice(b)]
            if len(choices) == 1 and all(finite(b, e) for b, e in factors.items()):
                condition = arguments(choices[0])[0]
                chosen.setdefault(condition, []).append((term, choices[0], factor))
        for condition, group in chosen.items():
            if len(group) < 2:
                continue
            sides: list[list[tuple[Any, Expression]]] = [[], []]
            for term, choice, factor in group:
                rest = [(b, e) for b, e in self.factors_of(term).items() if b is not choice]
                del gathered[term]
                for side, value in zip(sides, arguments(choice)[1:], strict=True):
                    side.append((factor, self.product([*rest, (value, 1)])))
            taken, left = (self.total(side) for side in sides)
            taken, left = (v.args[0] if v.kind == EXPAND else v for v in (taken, left))
            shape = tuple(broadcast_shape([condition.shape, taken.shape, left.shape]))
            found = self.call("where", [condition, taken, left], shape)
            gathered[found] = exact(gathered.get(found, 0) + 1)

    def column(self, part: Expression) -> Expression:
        """A row times matrices as matrices times a column."""
        if part.kind == MATMUL and len(part.args[0].shape) == 1 and len(part.args[-1].shape) == 2:
            return self.matmul(part.args)
        return part

    def ordered(self, gathered: dict[Expression, Any]) -> list[Expression]:
        """Terms as books have them: by falling degree, else what is taken away behind numbers."""
        degrees = [degree(part) for part in gathered]
        polynomial = all(d is not None for d in degrees)

        def place(part: Expression) -> Any:
            negative = not isinstance(gathered[part], complex) and gathered[part] < 0
            if polynomial:
                return (-(degree(part) or 0), negative)
            return (negative, part.kind == NUMBER, transposed(part))

        return sorted(gathered, key=place)

    def factored(self, found: Expression, fractions: bool = False) -> Expression:
        """A sum with its common factors taken out; with `fractions` its terms stay fractions
        rather than that all are brought to one denominator."""
        terms = self.terms_of(found)
        factors = [self.factors_of(term) for _, term in terms]
        common = {}
        for base in factors[0]:
            powers = [each.get(base, 0) for each in factors]
            if any(isinstance(p, complex) for p in powers):
                continue
            if all(p > 0 for p in powers) or all(p < 0 for p in powers):
                common[base] = min(powers, key=abs) if fractions else min(powers)
        scale = _common_factor([c for c, _ in terms])
        if fractions and not common:
            return found
        if common or scale != 1:
            rest = [
                (
                    _divided(c, scale),
                    self.product(
                        [(b, exact(e - common.get(b, 0))) for b, e in each.items()],
                    ),
                )
                for (c, _), each in zip(terms, factors, strict=True)
            ]
            inner = self.total(rest)
            if not common and inner.kind == SUM and len(inner.args) > 1:
                return self._multiple(scale, inner)
            return self.total([(scale, self.product([*common.items(), (inner, 1)]))])
        for end in (-1, 0):
            shared: dict[Expression, list[tuple[Any, Expression]]] = {}
            for factor, term in terms:
                if term.kind == MATMUL and all(len(arg.shape) == 2 for arg in term.args[1:-1]):
                    shared.setdefault(term.args[end], []).append((factor, term))
            for common_end, group in shared.items():
                rest = [(c, self.matmul(t.args[:-1] if end else t.args[1:])) for c, t in group]
                if len(rest) < 2 or len({part.shape for _, part in rest}) > 1:
                    continue
                inner = self.total(rest)
                whole = self.matmul([inner, common_end] if end else [common_end, inner])
                others = [pair for pair in terms if pair not in group]
                return self.total([(1, whole), *others])
        return self._paired(terms, factors) or found

    def _paired(
        self, terms: list[tuple[Any, Expression]], factors: list[dict[Expression, Any]]
    ) -> Expression | None:
        """A sum in which two terms, equal but for a product of matrices, are one."""
        for i, one in enumerate(factors):
            for j in range(i) if len(terms) > 2 else ():
                own = [{b: e for b, e in f.items() if g.get(b) != e}
                       for f, g in ((one, factors[j]), (factors[j], one))]  # fmt: skip
                if any(len(f) != 1 or set(f.values()) != {1} for f in own):
                    continue
                left, right = (next(iter(f)) for f in own)
                if left.kind != MATMUL or right.kind != MATMUL or left.shape != right.shape:
                    continue
                inner = self.total([(terms[i][0], left), (terms[j][0], right)])
                if inner.kind == SUM and len(inner.args) > 1:
                    continue
                common = [(b, e) for b, e in one.items() if b is not left]
                whole = self.product([*common, (inner, 1)])
                others = [pair for place, pair in enumerate(terms) if place not in (i, j)]
                return self.total([(1, whole), *others])
        return None

    def factors_of(self, part: Expression) -> dict[Expression, Any]:
        """The powers that an expression is the product of."""
        if part.kind == PRODUCT:
            return dict(zip(part.args, part.head, strict=True))
        if part.kind == NUMBER:
            return {}
        return {part: 1}

    # ------------------------------------------------------------------ products

    def product(
        self, factors: Iterable[tuple[Expression, Any]], shape: Shape | None = None
    ) -> Expression:
        """The product of powers by elements; powers of one base are gathered."""
        listed = [(b.args[0] if b.kind == EXPAND else b, exact(e)) for b, e in factors]
        if shape is None:
            shape = tuple(broadcast_shape([b.shape for b, _ in listed])) if listed else ()
        if self.factoring:
            bases = self._led([base for base, _ in listed], shape)
            listed = [(self.column(base), e) for base, (_, e) in zip(bases, listed, strict=True)]
        scale: Any = 1
        gathered: dict[Expression, Any] = {}
        waiting = list(reversed(listed))
        while waiting:
            base, exponent = waiting.pop()
            if exponent == 0:
                continue
            if base.kind == NUMBER:
                power = power_of_number(base.head, exponent)
                if power is not None:
                    scale = exact(scale * power)
                    continue
            whole = isinstance(exponent, int)
            if base.kind == SUM and len(base.args) == 1 and (whole or _positive(base.head[0])):
                power = power_of_number(base.head[0], exponent)
                if power is not None:
                    scale = exact(scale * power)
                    waiting.append((base.args[0], exponent))
                    continue
            if self.factoring and whole and base.kind == SUM and len(listed) > 1:
                inside = _whole_factor(base.head)
                if inside != 1:
                    scale = exact(scale * power_of_number(inside, exponent))
                    parts = [(_divided(c, inside), t) for c, t in self.terms_of(base)]
                    waiting.append((self.total(parts, base.shape), exponent))
                    continue
            if base.kind == PRODUCT and whole:
                waiting += [
                    (b, exact(e * exponent))
                    for b, e in reversed(list(zip(base.args, base.head, strict=True)))
                ]
                continue
            if base.kind == EXPAND:
                waiting.append((base.args[0], exponent))
                continue
            gathered[base] = exact(gathered.get(base, 0) + exponent)
        if self.factoring:
            self._signed(gathered)
        if self.factoring and len(gathered) > 1:
            self._raised(gathered)
            self._halved(gathered)
        gathered = {base: exponent for base, exponent in gathered.items() if exponent != 0}
        if scale == 0 or not gathered:
            return self.number(scale, shape)
        if len(gathered) == 1 and next(iter(gathered.values())) == 1:
            ((found, _),) = gathered.items()
        else:
            found = self._make(
                PRODUCT,
                tuple(gathered.values()),
                tuple(gathered),
                tuple(broadcast_shape([base.shape for base in gathered])),
                any(base.complex for base in gathered),
                (PRODUCT, frozenset((id(b), type(e), e) for b, e in gathered.items())),
            )
        if scale != 1:
            found = self.total([(scale, found)])
        return self.expand(found, shape)

    def _raised(self, gathered: dict[Expression, Any]) -> None:
        """Powers of one base whose exponents vary, as one power."""
        powers: dict[Expression, list[Expression]] = {}
        for part, count in gathered.items():
            if part.kind == CALL and part.head[0] == "pow" and isinstance(count, int):
                base, exponent = arguments(part)
                if isinstance(base, Expression) and isinstance(exponent, Expression):
                    powers.setdefault(base, []).append(part)
        for base, parts in powers.items():
            own = gathered.get(base, 0)
            if (len(parts) < 2 and not own and gathered[parts[0]] in (1, -1)) or (
                not isinstance(own, int)
            ):
                continue
            exponents = [(gathered[part], arguments(part)[1]) for part in parts]
            several = self.total([*exponents, (own, self.number(1))])
            shape = tuple(broadcast_shape([part.shape for part in parts]))
            if several.kind == NUMBER or several.kind == EXPAND:
                continue
            for part in parts:
                del gathered[part]
            gathered.pop(base, None)
            whole = self.call("pow", [base, several], shape, any(p.complex for p in parts))
            gathered[whole] = exact(gathered.get(whole, 0) + 1)

    def _signed(self, gathered: dict[Expression, Any]) -> None:
        """Even powers of a real value's size as those of the value; its size times its sign as
        the value."""
        for part, count in list(gathered.items()):
            if part.kind != CALL or part.head[0] != "abs" or not isinstance(count, int):
                continue
            (value,) = part.args
            if value.complex or count < 1:
                continue
            sign = self.made.get((CALL, "sign", (Place(0),), value.shape, (id(value),)))
            if sign is not None and gathered.get(sign) == 1 and count % 2:
                del gathered[sign]
                whole = count
            else:
                whole = count - count % 2
            gathered[part] = count - whole
            gathered[value] = exact(gathered.get(value, 0) + whole)

    def _halved(self, gathered: dict[Expression, Any]) -> None:
        """A product below its own root, as the root: `a / sqrt(a / b)` is `b * sqrt(a / b)`."""
        for root in [b for b, e in gathered.items() if b.kind == PRODUCT and e == _MINUS_HALF]:
            inner = self.factors_of(root)
            moved = {b: exact(gathered.get(b, 0) - e) for b, e in inner.items()}
            before = sum(abs(gathered.get(b, 0)) for b in inner)
            if sum(map(abs, moved.values())) < before and not root.complex:
                gathered.update(moved)
                gathered[root] = Fraction(1, 2)

    def power(self, base: Expression, exponent: Any) -> Expression:
        """A power by elements."""
        return self.product([(base, exponent)], base.shape)

    def over(self, above: Expression, below: Expression, shape: Shape) -> Expression:
        """A quotient by elements."""
        return self.product([(above, 1), (below, -1)], shape)

    # ------------------------------------------------------------------ matrices

    def matmul(self, factors: Sequence[Expression]) -> Expression:
        """The product of matrices, of which the first and the last may be vectors."""
        scale: Any = 1
        flat: list[Expression] = []
        outside: list[tuple[Expression, Any]] = []
        for place, factor in enumerate(factors):
            if factor.kind == SUM and len(factor.args) == 1:
                scale, factor = exact(scale * factor.head[0]), factor.args[0]
            if factor.kind == PRODUCT:
                scalars = [(b, e) for b, e in self.factors_of(factor).items() if not b.shape]
                if scalars:
                    outside += scalars
                    factor = self.product(
                        [(b, e) for b, e in self.factors_of(factor).items() if b.shape],
                        factor.shape,
                    )
            if is_number(factor, 0) and len(factors) > 1:
                shape = factors[0].shape
                for other in factors[1:]:
                    shape = product_shape(shape, other.shape)
                return self.number(0, shape)
            inner = factor.kind == MATMUL and (
                place == 0 or all(len(part.shape) >= 2 for part in factor.args[:-1])
            )
            flat += factor.args if inner else [factor]
        ranks = [len(part.shape) for part in flat]
        place = ranks.index(1) if 1 in ranks else len(flat) - 1
        if self.factoring and place < len(flat) - 1 and {*ranks[place + 1 :]} == {2}:
            # a vector, however it is made, times matrices: their transposes times the vector
            turned = [self.transpose(part) for part in reversed(flat[place + 1 :])]
            flat = [*turned, *flat[: place + 1]]
            return self.total([(scale, self.product([*outside, (self.matmul(flat), 1)]))])
        if len(flat) == 1:
            found = flat[0]
        else:
            shape = flat[0].shape
            for part in flat[1:]:
                shape = product_shape(shape, part.shape)
            found = self._make(MATMUL, None, flat, shape, any(part.complex for part in flat))
        if outside:
            found = self.product([*outside, (found, 1)])
        return found if scale == 1 else self.total([(scale, found)])

    def transpose(self, part: Expression) -> Expression:
        """The transpose of a matrix."""
        if len(part.shape) < 2:
            return part
        *lead, rows_, columns_ = part.shape
        shape = (*lead, columns_, rows_)
        if part.kind == SUM and all(len(arg.shape) != 1 for arg in part.args):
            return self.total([(c, self.transpose(t)) for c, t in self.terms_of(part)], shape)
        if part.kind == CALL and part.head[0] == "tensor":
            return self.call("tensor", [[*map(list, zip(*arguments(part)[0], strict=True))]], shape)
        if len(shape) == 2 and is_stack(part):
            rows = [self.rows(row) or self._alike(row) for row in self.rows(part) or ()]
            known = [row for row in rows if row is not None]
            if len(known) == len(rows):
                return self.stack([self.stack(column) for column in zip(*known, strict=True)])
        if part.kind == MATMUL and all(len(arg.shape) >= 2 for arg in part.args):
            return self.matmul([self.transpose(arg) for arg in reversed(part.args)])
        if part.kind == PRODUCT and all(len(arg.shape) != 1 for arg in part.args):
            return self.product(
                [(self.transpose(b), e) for b, e in self.factors_of(part).items()], shape
            )
        if part.kind == EXPAND and not part.args[0].shape:
            return self.expand(part.args[0], shape)
        if part.kind == EXPAND and len(shape) == 2 and len(part.args[0].shape) == 1:
            return self.expand(self.reshaped(part.args[0], (columns_, 1)), shape)
        if part.kind == CALL and part.head[0] == "T":
            return part.args[0]
        inverted = part.kind == CALL and part.head[0] == "_linalg_inv"
        if inverted and part.args[0].kind == MATMUL and self.transpose(part.args[0]) in part.args:
            return part  # symmetric
        if part.kind == CALL and part.head[0] in ("unsqueeze", "reshape") and 1 in shape[-2:]:
            return self.reshaped(arguments(part)[0], shape)
        if part.kind == NAME and part.head.endswith(".T") and part.head[0] != "(":
            return self.name(part.head[:-2], shape, part.complex)
        if part.kind == CALL and part.head[0] in ("eye", "diag"):
            return part
        if part.kind == CALL and part.head[0] == "outer":
            return self.call("outer", [part.args[-1], part.args[0]], shape, part.complex)
        return self.call("T", [part], shape, part.complex)

    # ------------------------------------------------------------------ shapes

    def reshaped(self, part: Expression, shape: Shape) -> Expression:
        """A part in another shape; what was between the two is gone."""
        if part.shape == shape:
            return part
        if not part.shape or (part.kind == EXPAND and not part.args[0].shape):
            return self.expand(part, shape)
        if part.kind == SUM and len(part.args) == 1:
            inner = self.reshaped(self.expand(part.args[0], part.shape), shape)
            return self.total([(part.head[0], inner)], shape)
        if part.kind == CALL and part.head[0] in ("reshape", "unsqueeze"):
            return self.reshaped(arguments(part)[0], shape)
        if part.kind == CALL and part.head[0] in ("permute", "T"):
            inner = part.args[0]
            wide = [n for n in part.shape if n != 1]
            if len(wide) < 2 or (
                part.head[0] == "permute"
                and [d for d in arguments(part)[1] if inner.shape[d] != 1]
                == [d for d, n in enumerate(inner.shape) if n != 1]
            ):
                return self.reshaped(inner, shape)
        if part.kind == CALL and part.head[0] in ("sum_dim", "mean_dim"):
            value, axes, keepdim = arguments(part)
            axes = axes if type(axes) is tuple else (axes,)
            other = reduced(value.shape, axes, not keepdim)
            if other == shape:
                where = axes if part.head[0] == "sum_dim" or len(axes) > 1 else axes[0]
                return self.call(part.head[0], [value, where, not keepdim], shape, part.complex)
        if part.kind in (PRODUCT, SUM):
            parts = [arg if not arg.shape else self._like(arg, part, shape) for arg in part.args]
            if all(item is not None for item in parts):
                pairs = [(p, h) for p, h in zip(parts, part.head, strict=True) if p is not None]
                if part.kind == PRODUCT:
                    return self.product(pairs, shape)
                return self.total([(h, p) for p, h in pairs], shape)
        for dim in range(len(shape)):
            if shape[dim] == 1 and shape[:dim] + shape[dim + 1 :] == part.shape:
                return self.call("unsqueeze", [part, dim], shape, part.complex)
        return self.call("reshape", [part, shape], shape, part.complex)

    def _led(self, parts: list[Expression], shape: Shape) -> list[Expression]:
        """Parts without leading axes of length 1, which broadcasting to a shape gives them."""
        found = [self._unled(part) for part in parts]
        same = not found or tuple(broadcast_shape([part.shape for part in found])) == shape
        return found if same else parts

    def _unled(self, part: Expression) -> Expression:
        if part.kind in (SUM, PRODUCT) and part.shape[:1] == (1,):
            args = [self._unled(arg) for arg in part.args]
            shorter = all(len(arg.shape) < len(part.shape) for arg in args)
            return self.rebuilt_alike(part, args) if shorter else part
        while part.shape[:1] == (1,) and part.kind == CALL:
            if part.head[0] == "unsqueeze":
                inner, dim = arguments(part)
                if dim % len(part.shape):
                    break
                part = inner
            elif part.head[0] in ("sum_dim", "mean_dim"):
                value, axes, keepdim = arguments(part)
                axes = axes if type(axes) is tuple else (axes,)
                if not keepdim or axes != tuple(range(len(axes))):
                    break
                part = self.reshaped(part, reduced(value.shape, axes, False))
            else:
                break
        return part

    def _like(self, arg: Expression, whole: Expression, shape: Shape) -> Expression | None:
        """A part of a sum or product that has its shape, reshaped with no call for it."""
        if (1,) * (len(whole.shape) - len(arg.shape)) + arg.shape != whole.shape:
            return None
        found = self.reshaped(arg, shape)
        plain = found.kind != CALL or found.head[0] not in ("reshape", "unsqueeze")
        return found if plain else None

    def permuted(self, part: Expression, order: tuple[int, ...]) -> Expression:
        """A part with its axes in another order."""
        rank = len(order)
        shape = tuple(part.shape[d] for d in order)
        if order == tuple(range(rank)):
            return part
        if part.kind == EXPAND and not part.args[0].shape:
            return self.expand(part.args[0], shape)
        if part.kind == SUM and len(part.args) == 1:
            inner = self.permuted(self.expand(part.args[0], part.shape), order)
            return self.total([(part.head[0], inner)], shape)
        if part.kind == CALL and part.head[0] == "permute":
            before = arguments(part)[1]
            return self.permuted(part.args[0], tuple(before[d] for d in order))
        if part.kind == CALL and part.head[0] == "T" and rank > 2:
            swapped = [*range(rank - 2), rank - 1, rank - 2]
            return self.permuted(part.args[0], tuple(swapped[d] for d in order))
        wide = [d for d in range(rank) if part.shape[d] != 1]
        moved = [d for d in order if part.shape[d] != 1]
        if len(wide) < rank:
            inner = self.reshaped(part, tuple(part.shape[d] for d in wide))
            if wide == moved or inner.kind != CALL or inner.head[0] != "reshape":
                small = self.permuted(inner, tuple(wide.index(d) for d in moved))
                return self.reshaped(small, shape)
        if order == (*range(rank - 2), rank - 1, rank - 2):
            return self.transpose(part)
        return self.call("permute", [part, order], shape, part.complex)

    # ------------------------------------------------------------------ other forms

    def rebuilt_alike(self, part: Expression, args: Sequence[Expression]) -> Expression:
        """A sum or product of other parts, whatever shape it has then."""
        if part.kind == SUM:
            return self.total(list(zip(part.head, args, strict=True)))
        return self.product(list(zip(args, part.head, strict=True)))

    def rebuilt(self, part: Expression, args: Sequence[Expression]) -> Expression:
        """An expression with other parts in the places of its own."""
        if part.kind == SUM:
            return self.total(list(zip(part.head, args, strict=True)), part.shape)
        if part.kind == PRODUCT:
            return self.product(list(zip(args, part.head, strict=True)), part.shape)
        if part.kind == MATMUL:
            return self.matmul(args)
        if part.kind == EXPAND:
            return self.expand(args[0], part.shape)
        return self.call(part.head[0], _filled(part, args), part.shape, part.complex)

    def expanded(self, part: Expression, limit: int = 60) -> Expression | None:
        """A sum or product with its products of sums multiplied out; None where it gets long."""
        for _ in range(5):
            found = self._expanded_once(part, limit)
            if found is None or found is part:
                return found
            part = found
        return part

    def _expanded_once(self, part: Expression, limit: int) -> Expression | None:
        terms = []
        for factor, term in self.terms_of(part):
            products: list[tuple[Any, list[tuple[Expression, Any]]]] = [(factor, [])]
            for base, exponent in self.factors_of(term).items():
                open_ = base.kind == SUM and isinstance(exponent, int) and 0 < exponent <= 3
                for _ in range(exponent if open_ else 1):
                    choices = self.terms_of(base) if open_ else [(1, None)]
                    products = [
                        (c * f, [*done, (base, exponent) if piece is None else (piece, 1)])
                        for c, done in products
                        for f, piece in choices
                    ]
                    if len(products) > limit:
                        return None
            terms += [(c, self.product(each)) for c, each in products]
        if len(terms) > limit:
            return None
        before, self.factoring = self.factoring, False
        try:
            return self.total(terms, part.shape)
        finally:
            self.factoring = before


class Place:
    """Where a part of a call stands in its arguments."""

    __slots__ = ("index",)

    def __init__(self, index: int) -> None:
        self.index = index

    def __eq__(self, other: object) -> bool:
        return type(other) is Place and other.index == self.index

    def __hash__(self) -> int:
        return self.index


class Plain:
    """An argument of a call that is no expression: equal where it is written alike."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return type(other) is Plain and repr(other.value) == repr(self.value)

    def __hash__(self) -> int:
        return hash(repr(self.value))


def arguments(call: Expression) -> list[Any]:
    """The arguments of a call, with its parts in their places."""
    return _filled(call, call.args)


def _filled(call: Expression, args: Sequence[Expression]) -> list[Any]:
    def filled(item: Any) -> Any:
        if type(item) is Place:
            return args[item.index]
        if type(item) is Plain:
            return item.value
        kind, *items = item
        found = [filled(each) for each in items]
        return found if kind == "list" else tuple(found)

    return [filled(item) for item in call.head[1]]


def product_shape(left: Shape, right: Shape) -> Shape:
    """The shape of a product of matrices, or with a vector at either end."""
    if len(right) == 1:
        return left[:-1]
    if len(left) == 1:
        return (*right[:-2], right[-1])
    return (*broadcast_shape([left[:-2], right[:-2]]), left[-2], right[-1])


def reduced(shape: Shape, axes: Sequence[int], keepdim: bool) -> Shape:
    """The shape of a sum over axes."""
    return tuple(
        1 if axis in axes else n for axis, n in enumerate(shape) if keepdim or axis not in axes
    )


def sum_of(part: Expression) -> tuple[Expression, tuple[int, ...], bool] | None:
    """What is summed over which axes, and whether they stay; None for what is no sum."""
    if part.kind != CALL or part.head[0] not in ("sum", "sum_dim"):
        return None
    value, *rest = arguments(part)
    if part.head[0] == "sum":
        return value, tuple(range(len(value.shape))), False
    return value, tuple(rest[0]), bool(rest[1])


def _identity(factors: dict[Expression, Any]) -> frozenset[Any]:
    """What tells sums apart: the parts and their factors."""
    return frozenset((id(part), type(factor), factor) for part, factor in factors.items())


def _added(a: Any, b: Any) -> Any:
    """The sum of two factors; what rounding leaves of nothing is nothing."""
    found = a + b
    if isinstance(found, float | complex) and abs(found) <= 1e-15 * abs(a):
        return 0
    return exact(found)


def _whole_factor(factors: Sequence[Any]) -> int:
    """The whole number, with its sign, that all factors of a sum are multiples of."""
    if len(factors) < 2 or any(isinstance(f, complex) for f in factors):
        return 1
    sign = -1 if all(f < 0 for f in factors) else 1
    whole = all(isinstance(f, int) for f in factors)
    return sign * (math.gcd(*factors) if whole else 1)


_MINUS_HALF = Fraction(-1, 2)


def is_number(part: Expression, value: Any) -> bool:
    """Whether an expression is one number everywhere."""
    part = part.args[0] if part.kind == EXPAND else part
    return part.kind == NUMBER and bool(part.head == value)


def degree(part: Expression) -> Any:
    """The degree of a monomial in names; None for anything else."""
    if part.kind == NUMBER:
        return 0
    if part.kind == NAME:
        return 1
    if part.kind == PRODUCT and all(
        base.kind == NAME and isinstance(e, int) and e > 0
        for base, e in zip(part.args, part.head, strict=True)
    ):
        return sum(part.head)
    return None


def is_stack(part: Expression) -> bool:
    """Whether an expression is a tensor of rows."""
    return part.kind == CALL and part.head[0] == "stack" and arguments(part)[1:] == [0]


def _is_choice(part: Expression) -> bool:
    """Whether an expression is something or zero, as a condition has it."""
    if part.kind != CALL or part.head[0] != "where" or part.complex:
        return False
    condition, *sides = arguments(part)
    known = all(isinstance(side, Expression) for side in (condition, *sides))
    return known and any(is_number(side, 0) for side in sides)


_OF_NO_DTYPE = {"gt", "ge", "lt", "le", "eq", "ne", "one_hot", "tensor", "_to_copy", "eye"}

_BOUNDED = {"sin", "cos", "tanh", "sigmoid", "sign", "abs", "atan", "erf", "relu", "clamp"}
_BOUNDED |= {"_softmax", "where", "T", "select", "slice", "outer", "unsqueeze", "reshape", "stack"}
_BOUNDED |= {"sum", "sum_dim", "maximum", "minimum"}


def finite(part: Expression, exponent: Any = 1) -> bool:
    """Whether a power is finite wherever the names in it are, but for an overflow."""
    if not isinstance(exponent, int | Fraction):
        return False
    if exponent < 0 or isinstance(exponent, Fraction):
        return _away_from_zero(part) and finite(part)
    if part.kind == NUMBER:
        return not isinstance(part.head, complex) and math.isfinite(part.head)
    if part.kind == PRODUCT:
        return all(finite(b, e) for b, e in zip(part.args, part.head, strict=True))
    if part.kind == CALL and part.head[0] == "log":
        return _away_from_zero(part.args[0])
    if part.kind == CALL and part.head[0] == "where":
        return all(finite(side) for side in arguments(part)[1:] if isinstance(side, Expression))
    if part.kind == CALL and part.head[0] not in _BOUNDED:
        return False
    return all(finite(arg) for arg in part.args)


def _away_from_zero(part: Expression) -> bool:
    """Whether a value is at least some positive number, as `1 + x ** 2` is."""
    if part.kind == NUMBER:
        return _positive(part.head)
    if part.kind != SUM or len(part.args) < 2 or not all(map(_positive, part.head)):
        return False
    return any(map(_away_from_zero, part.args)) and all(map(_not_negative, part.args))


def _not_negative(part: Expression) -> bool:
    """Whether a real value is zero or more, whatever its names are."""
    if part.complex:
        return False
    if part.kind == NUMBER:
        return bool(part.head >= 0)
    if part.kind == PRODUCT:
        return all(
            (isinstance(e, int) and e % 2 == 0 and e > 0) or (_not_negative(b) and finite(b, e))
            for b, e in zip(part.args, part.head, strict=True)
        )
    if part.kind == SUM:
        return all(map(_positive, part.head)) and all(map(_not_negative, part.args))
    if part.kind == EXPAND:
        return _not_negative(part.args[0])
    return part.kind == CALL and part.head[0] in _NOT_NEGATIVE


_NOT_NEGATIVE = {"exp", "abs", "sigmoid", "_softmax", "relu", "norm", "softplus"}


def transposed(part: Expression) -> bool:
    """Whether a term begins with a transpose."""
    if part.kind == MATMUL:
        return transposed(part.args[0])
    return part.kind == CALL and part.head[0] == "T"


def _positive(value: Any) -> bool:
    return not isinstance(value, complex) and value > 0


def _divided(value: Any, by: Any) -> Any:
    if by == 1:
        return value
    if isinstance(by, float) and math.isclose(abs(value), by, rel_tol=4e-15):
        return 1 if value > 0 else -1
    return exact(value / by if isinstance(by, float) else Fraction(value) / by)


def _common_factor(numbers: list[Any]) -> Any:
    """What all numbers of a sum have in common; 1 where they are not all exact."""
    if not all(isinstance(n, int | Fraction) for n in numbers):
        first = numbers[0]
        same = all(isinstance(n, float) and math.isclose(abs(n), abs(first), rel_tol=4e-15)
                   for n in numbers)  # fmt: skip
        return abs(first) if same and abs(first) != 1 else 1
    above = math.gcd(*(Fraction(n).numerator for n in numbers))
    below = math.lcm(*(Fraction(n).denominator for n in numbers))
    broken = len([n for n in numbers if isinstance(n, Fraction)])
    if len({abs(n) for n in numbers}) > 1 and 2 * broken <= len(numbers):
        return 1
    sign = -1 if all(n < 0 for n in numbers) else 1
    return exact(sign * Fraction(above, below))
