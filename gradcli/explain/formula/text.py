"""Expressions as text in the language."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

from gradcli.table.lookup import get_op

from .algebra import CALL, EXPAND, MATMUL, NAME, NUMBER, PRODUCT, SUM, Expression, arguments, exact
from .constants import Constant, constant_of
from .words import FIRST_ALONE, SPELLED, public_name

LOWEST, ADDED, MULTIPLIED, SIGNED, RAISED, ATOM = range(6)


class Writer:
    """Writes expressions with the operators that Python has; `function` names a function."""

    power = " ** "

    def __init__(self, function: Callable[[str], str]) -> None:
        self.function = function
        self.known: dict[Expression, tuple[str, int]] = {}
        self.named: dict[Expression, str] = {}
        self.last: frozenset[str] = frozenset()  # names of cotangents and tangents
        self.taken: frozenset[str] = frozenset()  # names of values, where they matter
        self.sample = ""  # an argument that has the dtype of the others, in code

    def definition(self, part: Expression) -> str:
        """What the name of a part stands for."""
        name = self.named.pop(part, None)
        found = self.result(part)
        if name is not None:
            self.named[part] = name
            self.known.pop(part, None)
        return found

    def result(self, part: Expression) -> str:
        """An expression on its own."""
        return self.text(part)

    def text(self, part: Expression, level: int = LOWEST) -> str:
        """An expression, in parentheses where it binds less than `level`."""
        name = self.named.get(part)
        if name is not None:
            return name
        found = self.known.get(part)
        if found is None:
            found = self.known[part] = getattr(self, f"_{part.kind}")(part)
        text, binds = found
        return text if binds >= level else f"({text})"

    def number(self, value: Any) -> str:
        """A number that is not negative."""
        if isinstance(value, Fraction):
            return f"{value.numerator} / {value.denominator}"
        if isinstance(value, float):
            if value != value:
                return "nan"
            if value in (float("inf"), float("-inf")):
                return "inf" if value > 0 else "-inf"
        return repr(value)

    def _number(self, part: Expression) -> tuple[str, int]:
        value = part.head
        if isinstance(value, Fraction):
            return self.number(value), MULTIPLIED
        made = self.made_of(value)
        if made is not None:
            return self._quotient(value, part)
        text = self.number(value)
        return text, ATOM if text[0] != "-" else SIGNED

    def made_of(self, value: Any) -> Constant | None:
        """The roots and multiples of pi that a number is written with; None for its digits."""
        return constant_of(value) if isinstance(value, float) else None

    def pi(self) -> str:
        """The number pi."""
        return self.function("pi")

    def root(self, inside: str) -> str:
        """The square root of a number."""
        return f"{self.function('sqrt')}({inside})"

    def _pieces(self, found: Constant) -> tuple[list[str], list[str]]:
        """What stands above and below the line, without a ratio."""
        above = [self._pi_power(found.power)] if found.power > 0 else []
        below = [self._pi_power(-found.power)] if found.power < 0 else []
        top, bottom = found.root.numerator, found.root.denominator
        tops = [self.number(top)] * (top != 1) + [self.pi()] * (found.odd > 0)
        bottoms = [self.number(bottom)] * (bottom != 1) + [self.pi()] * (found.odd < 0)
        if tops and bottoms:
            under = self.times(bottoms)
            under = f"({under})" if len(bottoms) > 1 else under
            above.append(self.root(f"{self.times(tops)} / {under}"))
        elif tops:
            above.append(self.root(self.times(tops)))
        elif bottoms:
            below.append(self.root(self.times(bottoms)))
        return above, below

    def _pi_power(self, power: int) -> str:
        return self.pi() if power == 1 else f"{self.pi()}{self.power}{power}"

    def _name(self, part: Expression) -> tuple[str, int]:
        if _is_wrapped(part.head):  # the text of an operand
            return part.head[1:-1], LOWEST
        return part.head, ATOM

    def _sum(self, part: Expression) -> tuple[str, int]:
        pieces: list[str] = []
        terms = list(zip(part.head, part.args, strict=True))
        if len(terms) == 1:
            return self._multiple(*terms[0])
        if _negative(terms[0][0]):
            first = next((i for i, (c, _) in enumerate(terms) if not _negative(c)), 0)
            terms.insert(0, terms.pop(first))
        for factor, term in terms:
            negative = _negative(factor)
            text, binds = self._multiple(-factor if negative else factor, term)
            if binds < MULTIPLIED:
                text = f"({text})"
            if not pieces:
                pieces.append(f"-{text}" if negative else text)
            else:
                pieces.append(f" - {text}" if negative else f" + {text}")
        return "".join(pieces), ADDED

    def _multiple(self, factor: Any, term: Expression) -> tuple[str, int]:
        """A number times an expression."""
        if term.kind == NUMBER:
            value = exact(factor * term.head)
            if self.made_of(value) is not None:
                return self._quotient(value, term)
            if _negative(value):
                return f"-{self.number(-value)}", SIGNED
            return self.number(value), MULTIPLIED if isinstance(value, Fraction) else ATOM
        if factor == -1 and term.kind == SUM and term not in self.named and _turnable(term):
            return self._sum(_turned(term))
        if _negative(factor) and factor == -1 and term.kind not in (PRODUCT,):
            text = self.text(term, MULTIPLIED)
            return f"-{text}", MULTIPLIED if term.kind == MATMUL else SIGNED
        return self._quotient(factor, term)

    def _product(self, part: Expression) -> tuple[str, int]:
        return self._quotient(1, part)

    def _quotient(self, factor: Any, part: Expression) -> tuple[str, int]:
        if part in self.named:
            factors = [(part, 1)]
        elif part.kind == PRODUCT:
            factors = sorted(zip(part.args, part.head, strict=True), key=self.place)
        else:
            factors = [] if part.kind == NUMBER else [(part, 1)]
        if _negative(factor):
            for place, (base, exponent) in enumerate(factors):
                if exponent == 1 and base not in self.named and _turnable(base):
                    factors[place] = (_turned(base), 1)
                    factor = -factor
                    break
        above = [(b, e) for b, e in factors if not _negative(e)]
        below = [(b, -e) for b, e in factors if _negative(e)]
        sign = ""
        if not isinstance(factor, complex) and factor < 0:
            sign, factor = "-", -factor
        over = 1
        made = self.made_of(factor)
        roots: tuple[list[str], list[str]] = ([], [])
        if made is not None:
            factor, roots = made.ratio, self._pieces(made)
        if isinstance(factor, Fraction):
            factor, over = factor.numerator, factor.denominator
        over_texts = [] if over == 1 else [self.number(over)]
        over_texts += roots[1]
        over_texts += [self.raised(b, e, False, len(below) + len(over_texts) > 1) for b, e in below]
        pieces = [] if factor == 1 else [self.number(factor)]
        pieces += roots[0]
        bases: list[Expression | None] = [None] * len(pieces)
        bases += [base for base, _ in above]
        for base, exponent in above:
            pieces.append(self.raised(base, exponent, not any(bases[: len(pieces)])))
        text = self.times(pieces, bases) or "1"
        if len(pieces) > 1 or (
            pieces and factor == 1 and above and self._binds(*above[0]) < SIGNED
        ):
            binds = MULTIPLIED
        else:
            binds = RAISED if above and above[0][1] != 1 else ATOM
        if over_texts:
            return self.divided(sign, text, binds, over_texts)
        return sign + text, SIGNED if sign and binds > SIGNED else min(binds, MULTIPLIED)

    def _binds(self, base: Expression, exponent: Any) -> int:
        if exponent != 1 or base in self.named:
            return RAISED
        self.text(base)
        return self.known[base][1]

    def times(self, pieces: list[str], bases: Sequence[Expression | None] = ()) -> str:
        """A product of pieces, of which `bases` tells the shapes."""
        return " * ".join(pieces)

    def divided(self, sign: str, above: str, binds: int, below: list[str]) -> tuple[str, int]:
        """A quotient."""
        if len(below) == 1:
            return f"{sign}{above} / {below[0]}", MULTIPLIED
        return f"{sign}{above} / ({self.times(below)})", MULTIPLIED

    def raised(self, base: Expression, exponent: Any, first: bool, inside: bool = False) -> str:
        """A factor of a product."""
        if exponent == 1:
            if base.kind == MATMUL and not (first or base in self.named):
                return self.text(base, RAISED)
            if base.kind == SUM and len(base.args) > 1:
                return self.text(base, MULTIPLIED)
            return self.text(base, MULTIPLIED if first and base.kind == MATMUL else RAISED)
        if exponent == Fraction(1, 2):
            return f"{self.function('sqrt')}({self.text(base)})"
        power = self.number(abs(exponent)) if not isinstance(exponent, complex) else str(exponent)
        if isinstance(exponent, Fraction | complex):
            power = f"({power})"
        return f"{self.text(base, ATOM)}{self.power}{power}"

    def place(self, factor: tuple[Expression, Any]) -> Any:
        """Where a factor stands in a product: names, functions, sums; the cotangent last."""
        base, _ = factor
        if base in self.named:
            return (0, 0, self.named[base])
        if base.kind == NAME:
            return (3 if base.head in self.last else 0, 0, base.head)
        if base.kind == CALL and base.head[0] == "pow" and base.args[0].kind == NAME:
            return (0, 1, base.args[0].head)
        if base.kind == SUM:
            return (2, 0, "")
        text = self.text(base)
        return (1, len(text), text)

    def _matmul(self, part: Expression) -> tuple[str, int]:
        return " @ ".join(self.text(arg, RAISED) for arg in part.args), MULTIPLIED

    def _expand(self, part: Expression) -> tuple[str, int]:
        inner = part.args[0]
        shape = ", ".join(map(str, part.shape))
        if inner.kind == NUMBER and isinstance(inner.head, Fraction):
            above = "" if inner.head.numerator == 1 else f"{inner.head.numerator} * "
            ones = f"{self.function('ones')}({shape})"
            return f"{above}{ones} / {inner.head.denominator}", MULTIPLIED
        if inner.kind == NUMBER:
            if inner.head in (0, 1):
                name = self.function("ones" if inner.head else "zeros")
                return f"{name}({shape})", ATOM
            return f"{self.function('full')}({_list(part.shape)}, {self.real(inner)})", ATOM
        return f"{self.text(inner, ATOM)}.expand({shape})", ATOM

    def real(self, part: Expression) -> str:
        """A number with a point, so that what is made of it is not made of integers."""
        text = self.text(part)
        return f"{text}.0" if part.kind == NUMBER and isinstance(part.head, int) else text

    # ------------------------------------------------------------------ calls

    def _call(self, part: Expression) -> tuple[str, int]:
        head = part.head[0]
        values = arguments(part)
        special = getattr(self, f"call_{head}", None)
        if special is not None:
            return special(part, values)  # type: ignore[no-any-return]
        if head in SPELLED:
            name, positional, keywords = SPELLED[head]
            if not name:
                raise Unwritable(head)
            return self.spelled(head, name, positional, keywords, values)
        space, name = public_name(head)
        if not space:
            raise Unwritable(head)
        op = get_op(head)
        positional = tuple(p.name for p in op.parameters if not p.keyword_only)
        keywords = tuple(p.name for p in op.parameters if p.keyword_only)
        if space == "Tensor":
            inner = self.listed(op, positional[1:], keywords, values)
            return f"{self.owner(values[0])}.{name}({inner})", ATOM
        path = name if space == "torch" else f"{space}.{name}"
        return self.spelled(head, path, positional, keywords, values)

    def owner(self, value: Any) -> str:
        """What a method or an attribute is taken of."""
        return self.given_tensor(value) if value.kind == NUMBER else self.text(value, ATOM)

    def given_tensor(self, part: Any) -> str:
        """An argument that has to be a tensor."""
        if not isinstance(part, Expression):
            return self.argument(part)
        if part.kind == NUMBER:
            return f"{self.function('tensor')}({self.real(part)})"
        return self.text(part)

    def spelled(
        self,
        head: str,
        name: str,
        positional: tuple[str, ...],
        keywords: tuple[str, ...],
        values: list[Any],
    ) -> tuple[str, int]:
        """A call of a function by its name."""
        op = get_op(head)
        return f"{self.function(name)}({self.listed(op, positional, keywords, values)})", ATOM

    def listed(
        self, op: Any, positional: tuple[str, ...], keywords: tuple[str, ...], values: list[Any]
    ) -> str:
        """Arguments, without those that are what they are by default."""
        given = dict(zip((p.name for p in op.parameters), values, strict=False))
        parameters = {p.name: p for p in op.parameters}
        pieces: list[str] = []
        skipped = False
        for name in (*positional, *keywords):
            parameter = parameters[name]
            if name not in given or (
                not isinstance(given[name], Expression)
                and (given[name] is None or _same(given[name], parameter.default))
            ):
                skipped = True
                continue
            value = given[name]
            if parameter.is_tensor and isinstance(value, Expression):
                text = self.given_tensor(value)
            elif parameter.is_tensor and type(value) in (list, tuple):
                text = f"[{', '.join(map(self.given_tensor, value))}]"
            elif parameter.is_list and parameter.kind == "int" and type(value) in (list, tuple):
                text = self.argument(list(value))
            else:
                text = self.argument(value)
            label = "input" if name == "self" else name
            pieces.append(f"{label}={text}" if skipped or name in keywords else text)
        return ", ".join(pieces)

    def argument(self, value: Any) -> str:
        """An argument of a call."""
        if isinstance(value, Expression):
            return self.text(value)
        if type(value) in (list, tuple):
            items = [self.argument(item) for item in value]
            if type(value) is tuple and len(items) == 1:
                return items[0]
            return f"[{', '.join(items)}]" if type(value) is list else f"({', '.join(items)})"
        if isinstance(value, float | int) and not isinstance(value, bool):
            return self.number(value)
        return repr(value)

    def infix(self, sign: str, values: list[Any]) -> tuple[str, int]:
        """A comparison."""
        left, right = (
            self.text(v, ADDED) if isinstance(v, Expression) else self.argument(v) for v in values
        )
        return f"{left} {sign} {right}", LOWEST

    def call_gt(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        return self.infix(">", values)

    def call_ge(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        return self.infix(">=", values)

    def call_lt(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        return self.infix("<", values)

    def call_le(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        return self.infix("<=", values)

    def call_eq(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        return self.infix("==", values)

    def call_ne(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        return self.infix("!=", values)

    def call_pow(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        base, exponent = values
        return f"{self.text(base, ATOM)}{self.power}{self.text(exponent, RAISED)}", RAISED

    def call_log(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        return f"{self.function('log')}({self.text(values[0])})", ATOM

    def call_T(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        name = "T" if len(part.shape) == 2 else "mT"
        return f"{self.owner(values[0])}.{name}", ATOM

    def call_tensor(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        return f"{self.function('tensor')}({values[0]!r})", ATOM

    def call_eye(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        return f"{self.function('eye')}({values[0]})", ATOM

    def call_eye_of(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        return f"{self.function('eye')}({values[0]}, {values[1]})", ATOM

    def call__pivot_matrix(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        _, pivots, rows = values
        nothing = f"{self.function('zeros')}({rows}, {rows})"
        return f"{self.function('torch.lu_unpack')}({nothing}, {self.text(pivots)})[0]", ATOM

    def call_item(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        made, index = values
        if made.kind == CALL and made.head[0] in FIRST_ALONE:
            if index:
                raise Unwritable(made.head[0].strip("_"))
            return self.text(made, ATOM), ATOM
        return f"{self.text(values[0], ATOM)}[{values[1]}]", ATOM

    def call_diag(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        return f"{self.function('diag')}({self.text(values[0])})", ATOM

    def call_outer(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        return f"{self.function('outer')}({', '.join(map(self.text, values))})", ATOM

    def call_norm(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        return f"{self.function('norm')}({self.text(values[0])})", ATOM

    def call_one_hot(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        return f"{self.function('F.one_hot')}({self.text(values[0])}, {values[1]})", ATOM

    def call_where(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        condition, a, b = values
        given = f"{self.argument(condition)}, {self.real(a)}, {self.real(b)}"
        return f"{self.function('where')}({given})", ATOM

    def call_reshape(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        value, shape = values
        inner = ", ".join(map(str, shape)) or "()"
        return f"{self.owner(value)}.reshape({inner})", ATOM

    def call__to_copy(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        return f"{self.text(values[0], ATOM)}.to({self.function(values[1])})", ATOM

    def call_sum_dim(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        value, dims, *rest = values
        keep = ", keepdim=True" if rest and rest[0] else ""
        axes = str(dims[0]) if len(dims) == 1 else str(tuple(dims))
        return f"{self.function('sum')}({self.text(value)}, {axes}{keep})", ATOM

    def call_mean_dim(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        value, dim, keepdim = values
        keep = ", keepdim=True" if keepdim else ""
        return f"{self.function('mean')}({self.text(value)}, {dim}{keep})", ATOM

    def call__triangle(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        value, upper, diagonal = values
        name = self.function("triu" if upper else "tril")
        return f"{name}({self.text(value)}{f', {diagonal}' if diagonal else ''})", ATOM

    def _pooled(self, name: str, values: list[Any]) -> tuple[str, int]:
        value, *sizes = values
        given = ", ".join(self.argument(size) for size in sizes)
        return f"{self.function(name)}({self.text(value)}, {given}, return_indices=True)", ATOM

    def call__max_pool2d(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        return self._pooled("F.max_pool2d", values)

    def call__max_pool3d(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        return self._pooled("F.max_pool3d", values)

    def call__adaptive_max_pool2d(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        return self._pooled("F.adaptive_max_pool2d", values)

    def call__adaptive_max_pool3d(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        return self._pooled("F.adaptive_max_pool3d", values)

    def _spectrum(self, name: str, value: Expression, dim: Any, norm: str, more: str = "") -> Any:
        given = f"{self.text(value)}, {more}dim={self.argument(list(dim))}, norm={norm!r}"
        return f"{self.function(f'fft.{name}')}({given})", ATOM

    def call__fft_c2c(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        value, dim, normalization, forward = values
        norms = ("backward", "ortho", "forward") if forward else ("forward", "ortho", "backward")
        return self._spectrum(  # type: ignore[no-any-return]
            "fftn" if forward else "ifftn", value, dim, norms[normalization]
        )

    def call__fft_r2c(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        value, dim, normalization, onesided = values
        norm = ("backward", "ortho", "forward")[normalization]
        return self._spectrum(  # type: ignore[no-any-return]
            "rfftn" if onesided else "fftn", value, dim, norm
        )

    def call__fft_c2r(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        value, dim, normalization, last = values
        norm = ("forward", "ortho", "backward")[normalization]
        sizes = [*(value.shape[d] for d in dim[:-1]), last]
        return self._spectrum(  # type: ignore[no-any-return]
            "irfftn", value, dim, norm, f"s={self.argument(sizes)}, "
        )

    def call_convolution(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        value, weight, bias, stride, padding, dilation, swapped, more, groups = values
        rank = len(value.shape) - 2
        name = f"F.conv_transpose{rank}d" if swapped else f"F.conv{rank}d"
        pieces = [self.text(value), self.text(weight)]
        if bias is not None:
            pieces.append(self.text(bias))
        for label, given, usual in (
            ("stride", stride, 1),
            ("padding", padding, 0),
            ("output_padding", more if swapped else (), 0),
            ("dilation", dilation, 1),
        ):
            if any(n != usual for n in given):
                pieces.append(f"{label}={self.argument(list(given))}")
        if groups != 1:
            pieces.append(f"groups={groups}")
        return f"{self.function(name)}({', '.join(pieces)})", ATOM

    def call__huber_loss(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        value, target, reduction, delta = values
        given = f"{self.text(value)}, {self.text(target)}, {reduction!r}, delta={delta}"
        return f"{self.function('F.huber_loss')}({given})", ATOM

    def call__smooth_l1_loss(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        value, target, reduction, beta = values
        given = f"{self.text(value)}, {self.text(target)}, reduction={reduction!r}, beta={beta}"
        return f"{self.function('F.smooth_l1_loss')}({given})", ATOM

    def call__batch_norm_training(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        value, weight, bias, eps = values
        return self._batch_norm([value, None, None], weight, bias, f"training=True, eps={eps}")

    def call__batch_norm_fixed(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        value, weight, bias, mean, var, eps = values
        return self._batch_norm([value, mean, var], weight, bias, f"eps={eps}")

    def _batch_norm(self, first: list[Any], weight: Any, bias: Any, rest: str) -> tuple[str, int]:
        given = [self.argument(value) for value in first]
        for name, value in (("weight", weight), ("bias", bias)):
            if value is not None:
                given.append(f"{name}={self.argument(value)}")
        return f"{self.function('F.batch_norm')}({', '.join(given)}, {rest})", ATOM

    def call__attention(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        tensors, scale = values
        return self._attention(tensors, "", scale)

    def call__attention_masked(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        tensors, mask, scale = values
        return self._attention(tensors, f", attn_mask={self.argument(mask)}", scale)

    def _attention(self, tensors: Sequence[Any], more: str, scale: float) -> tuple[str, int]:
        given = ", ".join(map(self.text, tensors))
        name = self.function("F.scaled_dot_product_attention")
        return f"{name}({given}{more}, scale={scale})", ATOM

    def call_slice(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        value, dim, start, end, step = values
        dim = dim % len(value.shape)
        length = value.shape[dim]
        first = "" if not start else str(start)
        last = "" if end is None or end >= length else str(end)
        piece = f"{first}:{last}" + (f":{step}" if step != 1 else "")
        return f"{self.text(value, ATOM)}[{':, ' * dim}{piece}]", ATOM

    def call_flip(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        value, dims = values
        return f"{self.function('flip')}({self.text(value)}, {list(dims)})", ATOM

    def call_select(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        value, dim, index = values
        inner = arguments(value) if value.kind == CALL and value.head[0] == "select" else None
        if inner and value not in self.named and inner[1] % len(inner[0].shape) == dim == 0:
            return f"{self.text(inner[0], ATOM)}[{inner[2]}, {index}]", ATOM
        return f"{self.text(value, ATOM)}[{':, ' * (dim % len(value.shape))}{index}]", ATOM

    def call_index(self, part: Expression, values: list[Any]) -> tuple[str, int]:
        value, indices = values
        inner = ", ".join(
            self.text(item) if isinstance(item, Expression) else ":" for item in indices
        )
        return f"{self.text(value, ATOM)}[{inner}]", ATOM


class Unwritable(Exception):
    """An operation has no name in the language; `args[0]` is its id."""


def _is_wrapped(text: str) -> bool:
    """Whether one pair of parentheses stands around all of a text."""
    if not (text.startswith("(") and text.endswith(")")):
        return False
    depth = 0
    for place, letter in enumerate(text):
        depth += (letter in "([{") - (letter in ")]}")
        if depth == 0:
            return place == len(text) - 1
    return False


def _list(shape: tuple[int, ...]) -> str:
    return f"({', '.join(map(str, shape))}{',' if len(shape) == 1 else ''})"


def _negative(value: Any) -> bool:
    return not isinstance(value, complex) and value < 0


def _turnable(part: Expression) -> bool:
    """Whether a sum reads better with the other sign: something is taken away in it."""
    return (
        part.kind == SUM
        and len(part.args) > 1
        and any(map(_negative, part.head))
        and not any(isinstance(factor, complex) for factor in part.head)
    )


def _turned(part: Expression) -> Expression:
    """A sum with the other sign, to be written."""
    head = tuple(-factor for factor in part.head)
    return Expression(SUM, head, part.args, part.shape, part.complex)


def _same(value: Any, default: Any) -> bool:
    return type(value) is type(default) and value == default


__all__ = ["CALL", "EXPAND", "MATMUL", "Unwritable", "Writer"]
