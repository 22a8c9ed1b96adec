"""Displays and comprehensions: expressions that make lists, tuples, sets, dicts, generators."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import Any

from gradcli.language.library.prelude import Names
from gradcli.language.machine.sizes import check_key, update_mapping
from gradcli.language.machine.state import (
    BASE,
    FIRST,
    GLOBALS,
    UNBOUND,
    counted,
    machine,
)
from gradcli.language.syntax import nodes
from gradcli.language.syntax.source import Source
from gradcli.language.values.functions import Closure, Frame
from gradcli.language.values.generators import Generator
from gradcli.language.values.iterators import deeper
from gradcli.tensor.runtime import runtime
from gradcli.tensor.tensor import Tensor

from .expressions import Expressions, give_name
from .resolver import LOCAL, Scope


class Displays(Expressions):
    """Compiles displays and comprehensions besides other expressions."""

    def __init__(self, source: Source, builtins: Names, fixed: Collection[str]) -> None:
        super().__init__(source, builtins, fixed)
        self.table |= {
            nodes.List: self.list_,
            nodes.Tuple: self.tuple_,
            nodes.Set: self.set_,
            nodes.Dict: self.dict_,
            nodes.ListComp: self.list_comprehension,
            nodes.SetComp: self.set_comprehension,
            nodes.DictComp: self.dict_comprehension,
            nodes.GeneratorExp: self.generator,
        }

    def elements(
        self, elements: tuple[nodes.expr, ...], scope: Scope, plain: bool = False
    ) -> Closure:
        """The values of a display as a list; `plain` chooses Python's words for a wrong `*x`."""
        if not any(isinstance(node, nodes.Starred) for node in elements):
            parts = [self.expression(node, scope) for node in elements]
            if len(parts) == 1:
                only = parts[0]
                return lambda f: [only(f)]
            if len(parts) == 2:
                first, second = parts
                return lambda f: [first(f), second(f)]
            return lambda f: [part(f) for part in parts]
        pieces = [
            (
                isinstance(node, nodes.Starred),
                self.expression(node.value if isinstance(node, nodes.Starred) else node, scope),
                self.site(node),
            )
            for node in elements
        ]

        def starred(f: Frame) -> list[Any]:
            values: list[Any] = []
            for star, piece, site in pieces:
                value = piece(f)
                if not star:
                    values.append(value)
                    continue
                runtime.where = f[BASE] + site
                try:
                    iterator = iter(value)
                except TypeError:
                    if plain:
                        raise
                    raise TypeError(
                        f"Value after * must be an iterable, not {type(value).__name__}"
                    ) from None
                values.extend(counted(iterator))
            return values

        return starred

    def list_(self, node: nodes.List, scope: Scope) -> Closure:
        return self.elements(node.elts, scope)

    def tuple_(self, node: nodes.Tuple, scope: Scope) -> Closure:
        if all(isinstance(e, nodes.Constant) for e in node.elts):
            value = tuple(e.value for e in node.elts if isinstance(e, nodes.Constant))
            return lambda f: value
        if len(node.elts) == 2 and not any(isinstance(e, nodes.Starred) for e in node.elts):
            first, second = [self.expression(element, scope) for element in node.elts]
            return lambda f: (first(f), second(f))
        elements = self.elements(node.elts, scope)
        return lambda f: tuple(elements(f))

    def set_(self, node: nodes.Set, scope: Scope) -> Closure:
        elements = self.elements(node.elts, scope, plain=True)
        site = self.site(node)

        def make(f: Frame) -> Any:
            values = elements(f)
            runtime.where = f[BASE] + site
            for value in values:
                check_key(value)
            return set(values)

        return make

    def dict_(self, node: nodes.Dict, scope: Scope) -> Closure:
        items = [
            (None if key is None else self.expression(key, scope), self.expression(value, scope))
            for key, value in zip(node.keys, node.values, strict=True)
        ]
        site = self.site(node)
        if None not in node.keys:  # every key and value is there before the first is hashed
            pairs: Any = items

            def plain(f: Frame) -> Any:
                values = [(key(f), value(f)) for key, value in pairs]
                runtime.where = f[BASE] + site
                for name, _ in values:
                    check_key(name)
                return dict(values)

            return plain

        def make(f: Frame) -> Any:
            result: dict[Any, Any] = {}
            for key, value in items:
                if key is not None:
                    name = key(f)
                    item = value(f)
                    runtime.where = f[BASE] + site
                    check_key(name)
                    result[name] = item
                    continue
                more = value(f)
                runtime.where = f[BASE] + site
                if not hasattr(type(more), "keys"):
                    raise TypeError(f"'{type(more).__name__}' object is not a mapping")
                update_mapping(result, more)
            return result

        return make

    # Comprehensions

    def list_comprehension(self, node: nodes.ListComp, scope: Scope) -> Closure:
        inner = scope.children[node]
        element = self.expression(node.elt, inner)
        loop = self.loops(node.generators, scope, inner)

        def make(f: Frame) -> Any:
            result: list[Any] = []
            append = result.append
            loop(f, lambda: append(element(f)))
            return result

        if len(node.generators) == 1:
            iterate, store, conditions = self.only_loop(node.generators[0], scope, inner)
            cells = self.prologue(inner)
            slot, name = self.own_slot(node.generators[0].target, inner)
            if cells is None and slot is not None and not conditions:

                def plainly(f: Frame) -> Any:
                    result = []
                    for value in iterate(f):
                        machine.fuel -= 1
                        if machine.fuel < 0:
                            machine.refuel()
                        if runtime.stop is not None:
                            runtime.check()
                        f[slot] = value
                        if type(value) is Tensor:
                            give_name(value, name)
                        result.append(element(f))
                    return result

                return plainly

            def single(f: Frame) -> Any:
                if cells is not None:
                    fresh(f, inner)
                result = []
                for value in iterate(f):
                    machine.fuel -= 1
                    if machine.fuel < 0:
                        machine.refuel()
                    if runtime.stop is not None:
                        runtime.check()
                    store(f, value)
                    for condition in conditions:
                        if not condition(f):
                            break
                    else:
                        result.append(element(f))
                return result

            return single
        return make

    def own_slot(self, target: nodes.expr, inner: Scope) -> tuple[int | None, str]:
        """The slot of a plain target that no function captures, and its name."""
        if not isinstance(target, nodes.Name):
            return None, ""
        name = inner.mangle(target.id)
        place = inner.lookup(name)
        return (place.slot if place.kind == LOCAL else None), name

    def set_comprehension(self, node: nodes.SetComp, scope: Scope) -> Closure:
        inner = scope.children[node]
        element = self.expression(node.elt, inner)
        loop = self.loops(node.generators, scope, inner)
        site = self.site(node)

        def make(f: Frame) -> Any:
            result: set[Any] = set()

            def add() -> None:
                value = element(f)
                runtime.where = f[BASE] + site
                check_key(value)
                result.add(value)

            loop(f, add)
            return result

        return make

    def dict_comprehension(self, node: nodes.DictComp, scope: Scope) -> Closure:
        inner = scope.children[node]
        key = self.expression(node.key, inner)
        value = self.expression(node.value, inner)
        loop = self.loops(node.generators, scope, inner)
        site = self.site(node)

        def make(f: Frame) -> Any:
            result: dict[Any, Any] = {}

            def add() -> None:
                name = key(f)
                item = value(f)
                runtime.where = f[BASE] + site
                check_key(name)
                result[name] = item

            loop(f, add)
            return result

        return make

    def only_loop(
        self, generator: nodes.comprehension, scope: Scope, inner: Scope
    ) -> tuple[Closure, Callable[[Frame, Any], None], list[Closure]]:
        source = self.expression(generator.iter, scope)
        site = self.site(generator.iter)

        def iterate(f: Frame) -> Any:
            value = source(f)
            runtime.where = f[BASE] + site
            return iter(value)

        store = self.target(generator.target, inner)
        conditions = [self.test(condition, inner) for condition in generator.ifs]
        return iterate, store, conditions

    def target(self, node: nodes.expr, scope: Scope) -> Callable[[Frame, Any], None]:
        """The function that assigns to a target."""
        raise TypeError("only names are targets in an expression")

    def loops(
        self, generators: tuple[nodes.comprehension, ...], scope: Scope, inner: Scope
    ) -> Callable[[Frame, Callable[[], None]], None]:
        """Runs a function for every combination that the `for` and `if` clauses let through."""
        levels = [
            self.only_loop(generator, inner if index else scope, inner)
            for index, generator in enumerate(generators)
        ]
        cells = self.prologue(inner)

        def run(f: Frame, emit: Callable[[], None]) -> None:
            if cells is not None:
                fresh(f, inner)
            level(f, 0, emit)

        def level(f: Frame, depth: int, emit: Callable[[], None]) -> None:
            iterate, store, conditions = levels[depth]
            for value in counted(iterate(f)):
                store(f, value)
                for condition in conditions:
                    if not condition(f):
                        break
                else:
                    if depth + 1 < len(levels):
                        level(f, depth + 1, emit)
                    else:
                        emit()

        return run

    def generator(self, node: nodes.GeneratorExp, scope: Scope) -> Closure:
        inner = scope.children[node]
        element = self.expression(node.elt, inner)
        source = self.expression(node.generators[0].iter, scope)
        site = self.site(node.generators[0].iter)
        levels = [
            self.only_loop(generator, inner if index else scope, inner)
            for index, generator in enumerate(node.generators)
        ]
        enter = self.prologue(inner)
        locals_ = (UNBOUND,) * (inner.size - FIRST - len(inner.free_slots))
        frees = [self.cell_slot(scope, name) for name in inner.free_slots]

        def values(f: Frame, depth: int, iterator: Iterator[Any]) -> Iterator[Any]:
            _, store, conditions = levels[depth]
            for value in counted(iterator):
                store(f, value)
                for condition in conditions:
                    if not condition(f):
                        break
                else:
                    if depth + 1 < len(levels):
                        yield from values(f, depth + 1, levels[depth + 1][0](f))
                    else:
                        yield element(f)

        def make(f: Frame) -> Any:
            value = source(f)
            runtime.where = f[BASE] + site
            iterator = iter(value)
            frame = [f[GLOBALS], f[BASE], None, *locals_, *[f[slot] for slot in frees]]
            if enter is not None:
                enter(frame)
            return Generator(values(frame, 0, iterator), deeper((iterator,)))

        return make


def fresh(f: Frame, scope: Scope) -> None:
    """New cells for the variables of a comprehension that is about to run."""
    for name, slot in scope.slots.items():
        if name in scope.captured:
            f[slot] = [UNBOUND]
