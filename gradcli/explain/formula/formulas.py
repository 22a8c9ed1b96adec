"""The derivatives of a result as formulas: run on symbols, differentiate, tidy, name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from gradcli.tensor.tensor import Tensor, constant

from . import differentiation
from .algebra import CALL, EXPAND, MATMUL, NAME, PRODUCT, SUM, Algebra, Expression, transposed
from .jacobians import matrix
from .naming import inside, name_parts, unfolded
from .reading import Reader
from .running import Run
from .symbols import Symbol, standing_for, symbol_of
from .text import Unwritable, Writer
from .tracing import NoFormula, named, symbolic


class Formula(NamedTuple):
    """Expressions by input (or by pairs of inputs), what names in them stand for, and the inputs.

    `where` has the program's intermediate names and those of parts that occur again, in the order
    in which they can be computed; `named` the latter, by expression. `values` has what was executed
    for the parts; for those in `columns`, matrices, their transpose times that vector.
    """

    parts: dict[Any, Expression]
    where: dict[str, Expression]
    named: dict[Expression, str]
    given: dict[str, Symbol]
    values: dict[Any, Tensor]
    by: tuple[str, ...]
    columns: dict[Any, Symbol]
    directions: frozenset[str] = frozenset()  # the names of cotangents and tangents


def _unchanged(symbol: Symbol) -> bool:
    """Whether a symbol is what it was made of, or was made of nothing."""
    call = symbol.call
    return call is None or call.op is None or call.op.id in ("clone", "_alias", "whole")


def computable(where: Mapping[str, Expression], named_parts: Mapping[Expression, str]) -> list[str]:
    """The names of definitions, each after those that it reads."""
    order: list[str] = []
    waiting = list(where)[::-1]
    open_: set[str] = set()
    while waiting:
        name = waiting[-1]
        if name in order:
            waiting.pop()
            continue
        found = inside([where[name]])
        reads = {part.head for part in found if part.kind == NAME and part.head in where}
        reads |= {named_parts[part] for part in found if part in named_parts}
        missing = [] if name in open_ else sorted(reads - {name} - set(order))
        open_.add(name)
        waiting += missing
        if not missing:
            order.append(waiting.pop())
    return order


def spelled(name: str) -> str:
    """How a function of the language is named where programs start with torch's names."""
    from gradcli.language.library.prelude import calculator

    bare = name.rpartition(".")[2]
    names = calculator()
    space = name.rpartition(".")[0]
    if space in ("linalg", "fft", "special", "torch"):
        return name if space in names else f"torch.{name}"
    return bare if bare in names else name if space else f"torch.{name}"


class Derivation:
    """The derivatives of `y` by inputs, from a run on symbols."""

    def __init__(self, run: Run, y: Any, by: Sequence[str]) -> None:
        symbol = symbol_of(y) if type(y) is Tensor else None
        if symbol is None:
            raise NoFormula("the result is not made from an input")
        self.run = run
        self.result = y
        self.y = symbol
        missing = [name for name in by if name not in run.leaves]
        if missing:
            raise NoFormula(f"the run that was looked at did not get to `{missing[0]}`")
        self.by = {name: run.leaves[name] for name in by}
        self.names = self._names()
        self.algebra = Algebra()
        self.writer = Writer(spelled)
        self.extra: dict[str, Symbol] = {}
        self.columns: Symbol | None = None
        self.through: dict[int, Symbol] = {}

    def again(self) -> Derivation:
        """Another derivation of the same."""
        return Derivation(self.run, self.result, list(self.by))

    def _names(self) -> dict[Symbol, str]:
        """The program's names for what it computed, numbered where one stands for several."""
        found: dict[str, list[Symbol]] = {}
        waiting, seen = [self.y], {self.y}
        while waiting:
            symbol = waiting.pop()
            node = symbol.tensor.node
            name = self.run.names.get(symbol) or (
                node.name if symbol.call is not None and node is not None else None
            )
            if name and name.isidentifier() and not _unchanged(symbol):
                found.setdefault(name, []).append(symbol)
            for part in symbol.call.symbols() if symbol.call is not None else ():
                if part not in seen:
                    seen.add(part)
                    waiting.append(part)
        names = {}
        taken = set(self.run.leaves) | set(found)
        for name, symbols in found.items():
            symbols.sort(key=lambda s: s.number)
            if len(symbols) == 1 and name not in self.run.leaves:
                names[symbols[0]] = name
                continue
            number = 0
            for symbol in symbols:
                number += 1
                while f"{name}_{number}" in taken:
                    number += 1
                names[symbol] = f"{name}_{number}"
        return names

    def _symbol_like(self, symbol: Symbol, name: str) -> Tensor:
        """A tensor of the shape of a symbol that stands for a name of its own."""
        count = 1
        for length in symbol.shape:
            count *= length
        tensor = constant(symbol.shape, symbol.tensor.dtype, 1)
        values = np.cos(1 + 2.3 * np.arange(count)).reshape(symbol.shape) + 1.5
        tensor.array = values.astype(symbol.tensor.dtype.array)[()]
        while name in self.run.leaves:
            name += "_"
        self.extra[name] = named(tensor, name)
        return tensor

    def gradients(self) -> Formula:
        """The gradient by each input; of a result with dimensions, those of a cotangent `g`."""
        whole = self.y.shape == () and not self.y.is_complex
        cotangent = None if whole else self._symbol_like(self.y, "g")
        found = differentiation.gradients(self.y, list(self.by.values()), cotangent)
        return self._finished(dict(zip(self.by, found, strict=True)))

    def tangents(self) -> Formula:
        """The derivative in the direction `v`; of several inputs `v_x` each."""
        tensors = [
            self._symbol_like(symbol, "v" if len(self.by) == 1 else f"v_{name}")
            for name, symbol in self.by.items()
        ]
        return self._finished(
            {"": differentiation.tangent(self.y, list(self.by.values()), tensors)}
        )

    def jacobian(self) -> Formula:
        """The Jacobian by each input: of numbers and vectors by numbers and vectors."""
        found = {name: self._slopes(self.y, leaf) for name, leaf in self.by.items()}
        return self._finished(found)

    def hessian(self) -> Formula:
        """The second derivatives by each pair of inputs, of which one may be a vector."""
        if self.y.shape != ():
            raise NoFormula("the Hessian is of a result without dimensions")
        first = differentiation.gradients(self.y, list(self.by.values()))
        found: dict[Any, Tensor | None] = {}
        for name, slope in zip(self.by, first, strict=True):
            symbol = None if slope is None else symbol_of(slope)
            for other, leaf in self.by.items():
                found[name, other] = None if symbol is None else self._slopes(symbol, leaf)
        return self._finished(found)

    def _slopes(self, symbol: Symbol, leaf: Symbol) -> Tensor | None:
        """The derivative of a symbol by a leaf; of vectors, the product with a cotangent."""
        if symbol.shape == ():
            return differentiation.gradients(symbol, [leaf])[0]
        if leaf.shape == ():
            ones = standing_for(symbolic(constant((), leaf.tensor.dtype, 1)))
            return differentiation.tangent(symbol, [leaf], [ones])
        if len(symbol.shape) != 1 or len(leaf.shape) != 1:
            raise NoFormula("the derivative of a matrix, or by one, has more than two dimensions")
        if self.columns is None or self.columns.shape != symbol.shape:
            tensor = self._symbol_like(symbol, "_g")
            self.columns = symbol_of(tensor)
        assert self.columns is not None
        (found,) = differentiation.gradients(symbol, [leaf], standing_for(self.columns))
        if found is not None:
            self.through[id(found)] = self.columns
        return found

    # ------------------------------------------------------------------

    def _finished(self, tensors: Mapping[Any, Tensor | None]) -> Formula:
        reader = Reader(self.algebra, self.y.number, self.names)
        parts: dict[Any, Expression] = {}
        values: dict[Any, Tensor] = {}
        columns: dict[Any, Symbol] = {}
        for key, tensor in tensors.items():
            if tensor is None:
                shape = self._shape(key)
                parts[key] = self.algebra.number(0, shape)
                continue
            values[key] = tensor
            symbol = symbol_of(tensor)
            if symbol is None:
                symbol = Symbol(tensor, None, 0, 1 << 60)
            found = reader.read(symbol)
            column = self.through.get(id(tensor))
            if column is not None:
                columns[key] = column
                found = self.algebra.transpose(
                    matrix(self.algebra, found, reader.read(column), _size)
                )
            parts[key] = shortest(self.algebra, found)
        where = self._where(reader, parts.values())
        taken = {*self.run.leaves, *where, *self.extra}
        given = {**self.run.leaves, **self.extra}
        self.writer.last = frozenset(self.extra)
        try:
            named_parts = dict(name_parts(self.writer, [*where.values(), *parts.values()], taken))
            where.update({name: part for part, name in named_parts.items()})
            order = computable(where, named_parts)
            whole = Formula(
                parts,
                {name: where[name] for name in order},
                named_parts,
                given,
                values,
                tuple(self.by),
                columns,
                frozenset(self.extra),
            )
            in_language(whole)
        except Unwritable as error:
            raise self._unwritable(error.args[0]) from None
        return whole

    def _shape(self, key: Any) -> tuple[int, ...]:
        """The shape of a derivative that is zero."""
        if isinstance(key, tuple):
            return self.by[key[0]].shape + self.by[key[1]].shape
        return self.y.shape if key == "" else self.by[key].shape

    def _unwritable(self, identifier: str) -> NoFormula:
        """The error for an operation without a name, with the line that it comes from."""
        from gradcli.table.lookup import get_op

        name = get_op(identifier).name
        place = 0
        for call in differentiation.calls_to(self.y, list(self.by.values())):
            if call.op is not None and call.op.family == get_op(identifier).family:
                name, place = call.op.name, differentiation.place_of(call)
        return NoFormula(f"no function of the language writes the derivative of {name}", place)

    def _where(self, reader: Reader, parts: Any) -> dict[str, Expression]:
        """What the program's names in some expressions stand for."""
        symbols = {name: symbol for symbol, name in self.names.items()}
        found: dict[str, Expression] = {}
        waiting = list(parts)
        while waiting:
            for part in inside([waiting.pop()]):
                if part.kind == NAME and part.head in symbols and part.head not in found:
                    found[part.head] = reader.read(symbols[part.head], True)
                    waiting.append(found[part.head])
        return found


def shortest(algebra: Algebra, part: Expression) -> Expression:
    """The shortest of the equal forms of an expression, and of the parts that rules made of it;
    of a very long one the form that it has."""
    if unfolded(part) > _MANY:
        return part
    known: dict[Expression, Expression] = {}
    algebra.factoring = True
    try:
        for each in sorted(_structure(part), key=lambda p: p.serial):
            known[each] = _shortest_form(algebra, each, known, each is part)
    except Unwritable:
        return part
    finally:
        algebra.factoring = False
    return known[part]


def _structure(root: Expression) -> set[Expression]:
    """An expression and its parts, but for what functions are taken of."""
    found, waiting = {root}, [root]
    while waiting:
        part = waiting.pop()
        if part.kind != CALL or part.head[0] in _LINEAR:
            new = [arg for arg in part.args if arg not in found]
            found.update(new)
            waiting += new
    return found


_LINEAR = {"T", "sum", "sum_dim", "mean", "mean_dim", "outer", "diag", "stack", "where"}
_LINEAR |= {"unsqueeze", "reshape", "permute"}


def _shortest_form(
    algebra: Algebra, part: Expression, known: dict[Expression, Expression], whole: bool
) -> Expression:
    """The shortest form of a part; inside of another it has to be a third shorter to take the
    place of one in which factors are told apart, such as a slope."""
    forms = [part]
    args = [known.get(arg, arg) for arg in part.args]
    if any(new is not old for new, old in zip(args, part.args, strict=True)):
        forms.append(algebra.rebuilt(part, args))
    if part.kind in (SUM, PRODUCT):
        sums = _sums(algebra, forms[-1])
        if sums and not whole:
            least = 2 * min(map(_size, forms)) / 3
            sums = [form for form in sums if _size(form) <= least]
        forms += sums
        if len(part.shape) > 1 and any(transposed(arg) for arg in part.args):
            forms += [_as_transpose(algebra, form) for form in forms[:2]]
    if part.kind == MATMUL:
        forms.append(algebra.column(forms[-1]))
    if part.kind == MATMUL and transposed(part) and len(part.args) > 2:
        forms.append(_as_transpose(algebra, forms[-1]))
    return forms[0] if len(forms) == 1 else min(forms, key=_size)


def _sums(algebra: Algebra, part: Expression) -> list[Expression]:
    """A sum or product multiplied out, its terms brought together or each on its own."""
    other = algebra.expanded(part)
    forms = [] if other is None else [other]
    if other is not None:
        forms.append(algebra.total(algebra.terms_of(other), part.shape))
        if forms[-1].kind == SUM:
            forms.append(algebra.factored(forms[-1]))
    algebra.apart = True
    try:
        spread = [algebra.total(terms, part.shape) for terms in _distributed(algebra, part)]
        if other is not None:
            spread.append(algebra.total(algebra.terms_of(other), part.shape))
    finally:
        algebra.apart = False
    for form in spread:
        inner = form.args[0] if form.kind == EXPAND else form
        forms.append(form)
        if inner.kind == SUM and len(inner.args) > 1:
            forms.append(algebra.expand(algebra.factored(inner, True), part.shape))
    return forms


def _distributed(algebra: Algebra, part: Expression) -> Iterator[list[tuple[Any, Expression]]]:
    """The terms of a product where one of the sums in it is multiplied out."""
    terms = algebra.terms_of(part)
    if len(terms) != 1:
        return
    ((factor, product),) = terms
    factors = algebra.factors_of(product)
    for base, exponent in factors.items():
        if base.kind == SUM and exponent == 1 and 1 < len(base.args) <= _FEW and len(factors) > 1:
            rest = [(b, e) for b, e in factors.items() if b is not base]
            yield [
                (factor * c, algebra.product([*rest, (term, 1)]))
                for c, term in algebra.terms_of(base)
            ]


_FEW = 8  # terms up to which a sum is multiplied out on its own


def _as_transpose(algebra: Algebra, part: Expression) -> Expression:
    """A matrix as the transpose of another, with its number in front."""
    if len(part.shape) < 2:
        return part
    turned = algebra.transpose(part)
    factor = 1
    if turned.kind == SUM and len(turned.args) == 1:
        factor, turned = turned.head[0], turned.args[0]
    return algebra.total(
        [(factor, algebra.call("T", [turned], part.shape, part.complex))], part.shape
    )


_MANY = 600  # parts from which on no other form is looked for


def _size(form: Expression) -> int:
    """How many names, numbers and operators an expression is written with, fractions twice."""
    text = Writer(spelled).text(form)
    return len(_WORDS.findall(text)) + text.count(" / ") + len(_NESTED.findall(text))


_NESTED = re.compile(r" / [^()]*\) / ")
_WORDS = re.compile(r"\.m?T\b|\w+(?:\.(?!m?T\b)\w+)*|\*\*|[-+*/@<>]")


def key_text(key: Any) -> str:
    """A key of a formula's parts as text."""
    return key if isinstance(key, str) else ", ".join(key)


def written(formula: Formula, writer: Writer) -> tuple[dict[Any, str], dict[str, str]]:
    """The formulas as texts, and those that the names in them stand for."""
    writer.named = dict(formula.named)
    writer.last = formula.directions
    writer.taken = frozenset([*formula.given, *formula.where])
    where = {name: writer.definition(part) for name, part in formula.where.items()}
    return {key: writer.result(part) for key, part in formula.parts.items()}, where


def in_language(formula: Formula) -> tuple[dict[Any, str], dict[str, str]]:
    """The formulas and what they rest on, as texts in the language."""
    return written(formula, Beside({*formula.given, *formula.where}))


class Beside(Writer):
    """Writes functions so that they are found beside names of the program that hide them."""

    def __init__(self, taken: set[str]) -> None:
        super().__init__(self._seen)
        self.taken = frozenset(taken)

    def _seen(self, name: str) -> str:
        text = spelled(name)
        if text.partition(".")[0] not in self.taken:
            return text
        if "torch" in self.taken:
            raise NoFormula(f"`{text.partition('.')[0]}` and `torch` are names of values here")
        return in_torch(name)

    def number(self, value: Any) -> str:
        text = super().number(value)
        sign, bare = ("-", text[1:]) if text[0] == "-" else ("", text)
        return f"{sign}{self._seen(bare)}" if bare in ("inf", "nan") else text


def in_torch(name: str) -> str:
    """A function by its full name."""
    from gradcli.table.names import has

    space, _, bare = name.rpartition(".")
    if space == "F" or (not space and not has("torch", bare) and has("F", bare)):
        return f"torch.nn.functional.{bare}"
    return name if space == "torch" else f"torch.{name}"


__all__ = ["Derivation", "Formula", "NoFormula", "Run", "in_language", "key_text", "written"]
