"""Generator functions: statements with `yield` to generators of the host.

A function with a `yield` runs as a generator of the host over its frame. Statements without a
`yield` inside are the closures of `statements.py`; the others are functions of a frame that yield
what the program yields and return how control goes on.

Note: a `yield` inside an expression is taken out of it. It runs first and leaves what was sent in a
slot of the frame, where the expression finds it. That is Python's order as long as nothing that
could tell the difference comes before the `yield`; where something does, the program is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from typing import Any

from gradcli.language.machine.state import BASE, RESULT, counted, machine
from gradcli.language.syntax import nodes
from gradcli.language.syntax.error import GradSyntaxError
from gradcli.language.syntax.nodes import Node
from gradcli.language.values.functions import Closure, Frame
from gradcli.language.values.generators import Closing, FunctionGenerator, handling
from gradcli.tensor.runtime import runtime

from .exceptions import (
    Exceptions,
    handler_of,
    is_limit,
    manager_methods,
    remember_again,
    remember_place,
    swallows,
)
from .resolver import Scope
from .statements import BREAK, RETURN, noted

Steps = Callable[[Frame], Generator[Any, Any, Any]]

_YIELDS = (nodes.Yield, nodes.YieldFrom)


class Generators(Exceptions):
    """Compiles the statements of one program, generator functions among them."""

    yielding: frozenset[Node] = frozenset()  # what has a `yield` in the function being compiled

    def function_body(self, node: nodes.FunctionDef, scope: Scope) -> Closure:
        if not scope.yields:
            return super().function_body(node, scope)
        enter = self.prologue(scope)
        around = self.yielding
        self.yielding = _around_yields(node.body)
        block = self.steps_of_block(node.body, scope)
        self.yielding = around
        name = scope.qualname.removesuffix(".<locals>")

        def steps(f: Frame) -> Generator[Any, Any, Any]:
            try:
                signal = yield from block(f)
            except Stopped as stopped:
                raise stopped.error from None  # which the host turns into a RuntimeError
            return f[RESULT] if signal is RETURN else None

        def run(f: Frame) -> FunctionGenerator:
            if enter is not None:
                enter(f)
            return FunctionGenerator(steps(f), name)

        return run

    # Blocks and statements

    def steps_of_block(self, body: tuple[nodes.stmt, ...], scope: Scope) -> Steps:
        """The statements one after another; those without `yield` as everywhere else."""
        parts: list[tuple[bool, Any]] = []
        for node in body:
            if node in self.yielding:
                parts.append((True, self.steps(node, scope)))
            else:
                closure = self.statement(node, scope)
                if closure is not None:
                    parts.append((False, _guarded(closure)))
        statements = tuple(parts)
        count = max(len(statements), 1)

        def block(f: Frame) -> Generator[Any, Any, Any]:
            machine.fuel -= count
            if machine.fuel < 0:
                machine.refuel()
            for yields, statement in statements:
                if runtime.stop is not None:
                    runtime.check()
                signal = (yield from statement(f)) if yields else statement(f)
                if signal is not None:
                    return signal
            return None

        return block

    def steps(self, node: nodes.stmt, scope: Scope) -> Steps:
        """A statement with a `yield` in it."""
        match node:
            case nodes.If():
                return noted(node, self.steps_of_if(node, scope))
            case nodes.While():
                return noted(node, self.steps_of_while(node, scope))
            case nodes.For():
                return noted(node, self.steps_of_for(node, scope))
            case nodes.With():
                return noted(node, self.steps_of_with(node, scope))
            case nodes.Try():
                return noted(node, self.steps_of_try(node, scope))
            case nodes.FunctionDef() | nodes.ClassDef():
                raise GradSyntaxError(
                    "'yield' in a decorator, a default or a base is not in the language",
                    node.name_span,
                )
        before = self.before(_evaluated(node), scope)
        closure = self.statement(node, scope)
        return _after(before, None if closure is None else _guarded(closure))

    def before(self, value: object, scope: Scope) -> list[Steps]:
        """What runs ahead of an expression: each `yield` in it, the inner ones first."""
        return [self.yield_steps(node, scope) for node in _in_order(value)]

    def yield_steps(self, node: nodes.Yield | nodes.YieldFrom, scope: Scope) -> Steps:
        slot = scope.slots[scope.yields[node]]
        value = _nothing if node.value is None else _guarded(self.expression(node.value, scope))
        site = self.site(node)
        if isinstance(node, nodes.Yield):

            def one(f: Frame) -> Generator[Any, Any, None]:
                result = value(f)
                try:
                    f[slot] = yield result
                except Closing:
                    raise GeneratorExit from None
                except StopIteration as error:
                    raise Stopped(error) from None

            return one

        def each(f: Frame) -> Generator[Any, Any, None]:
            source = value(f)
            runtime.where = f[BASE] + site
            iterator: Any = _delegate(source)
            try:
                f[slot] = yield from iterator
            except Closing:
                raise GeneratorExit from None
            except StopIteration as error:
                raise Stopped(error) from None

        return each

    # Control flow

    def steps_of_if(self, node: nodes.If, scope: Scope) -> Steps:
        branches = [
            (
                self.before(test, scope),
                _guarded(self.test(test, scope)),
                self.steps_of_block(body, scope),
            )
            for test, body in node.tests
        ]
        orelse = self.steps_of_block(node.orelse, scope) if node.orelse else None

        def run(f: Frame) -> Generator[Any, Any, Any]:
            for before, test, body in branches:
                for step in before:
                    yield from step(f)
                if test(f):
                    return (yield from body(f))
            return (yield from orelse(f)) if orelse is not None else None

        return run

    def steps_of_while(self, node: nodes.While, scope: Scope) -> Steps:
        before = self.before(node.test, scope)
        test = _guarded(self.test(node.test, scope))
        body = self.steps_of_block(node.body, scope)
        orelse = self.steps_of_block(node.orelse, scope) if node.orelse else None

        def loop(f: Frame) -> Generator[Any, Any, Any]:
            while True:
                machine.fuel -= 1
                if machine.fuel < 0:
                    machine.refuel()
                for step in before:
                    yield from step(f)
                if not test(f):
                    break
                signal = yield from body(f)
                if signal is BREAK:
                    return None
                if signal is RETURN:
                    return signal
            return (yield from orelse(f)) if orelse is not None else None

        return loop

    def steps_of_for(self, node: nodes.For, scope: Scope) -> Steps:
        before = self.before(node.iter, scope)
        source = _guarded(self.expression(node.iter, scope))
        site = self.site(node.iter)
        store = self.target(node.target, scope)
        body = self.steps_of_block(node.body, scope)
        orelse = self.steps_of_block(node.orelse, scope) if node.orelse else None

        def loop(f: Frame) -> Generator[Any, Any, Any]:
            for step in before:
                yield from step(f)
            left = source(f)
            base = f[BASE]
            runtime.where = base + site
            for value in left:
                machine.fuel -= 1
                store(f, value)
                signal = yield from body(f)
                if signal is BREAK:
                    return None
                if signal is RETURN:
                    return signal
                runtime.where = base + site
            return (yield from orelse(f)) if orelse is not None else None

        return loop

    # Exceptions

    def steps_of_try(self, node: nodes.Try, scope: Scope) -> Steps:
        run = self.steps_of_handled(node, scope)
        if not node.finalbody:
            return run
        final = self.steps_of_block(node.finalbody, scope)

        def protected(f: Frame) -> Generator[Any, Any, Any]:
            try:
                signal = yield from run(f)
            except BaseException as raised:
                error = _raised(raised)
                if is_limit(error):
                    raise
                where = runtime.where
                remember_place(error, where)
                handling.append(error)
                try:
                    signal = yield from final(f)
                finally:
                    handling.pop()
                if signal is not None:
                    return signal
                runtime.where = where
                raise
            result = f[RESULT]
            ending = yield from final(f)
            if ending is not None:
                return ending
            f[RESULT] = result
            return signal

        return protected

    def steps_of_handled(self, node: nodes.Try, scope: Scope) -> Steps:
        body = self.steps_of_block(node.body, scope)
        orelse = self.steps_of_block(node.orelse, scope) if node.orelse else None
        handlers = [
            (*self.handler(handler, scope)[:3], self.steps_of_block(handler.body, scope))
            for handler in node.handlers
        ]

        def run(f: Frame) -> Generator[Any, Any, Any]:
            try:
                signal = yield from body(f)
            except BaseException as raised:
                error = _raised(raised)
                chosen = handler_of(f, error, handlers)
                if chosen is None:
                    raise
                _, store, clear, handle = chosen
                handling.append(error)
                try:
                    if store is not None:
                        store(f, error)
                    return (yield from handle(f))
                except BaseException as again:
                    remember_again(_raised(again), error)
                    raise
                finally:
                    handling.pop()
                    if clear is not None:
                        clear(f)
            if signal is None and orelse is not None:
                return (yield from orelse(f))
            return signal

        return run

    def steps_of_with(self, node: nodes.With, scope: Scope) -> Steps:
        run = self.steps_of_block(node.body, scope)
        for item in reversed(node.items):
            run = self.steps_of_item(item, run, scope)
        return run

    def steps_of_item(self, item: nodes.withitem, body: Steps, scope: Scope) -> Steps:
        before = self.before(item.context_expr, scope)
        context = _guarded(self.expression(item.context_expr, scope))
        store = None if item.optional_vars is None else self.target(item.optional_vars, scope)
        site = self.site(item.context_expr)

        def run(f: Frame) -> Generator[Any, Any, Any]:
            for step in before:
                yield from step(f)
            manager = context(f)
            runtime.where = where = f[BASE] + site
            enter, leave = manager_methods(manager)
            value = enter(manager)
            try:
                if store is not None:
                    store(f, value)
                signal = yield from body(f)
            except BaseException as raised:
                if swallows(manager, leave, _raised(raised), where):
                    return None
                raise
            result = f[RESULT]
            runtime.where = where
            leave(manager, None, None, None)
            f[RESULT] = result
            return signal

        return run


class Stopped(BaseException):
    """A StopIteration of the program on its way out of the host's generators around it.

    The innermost of those would make a RuntimeError of it, before the program's `except` sees it.
    """

    def __init__(self, error: StopIteration) -> None:
        self.error = error


def _raised(error: BaseException) -> BaseException:
    """The program's exception behind one of the host."""
    return error.error if type(error) is Stopped else error


def _guarded(closure: Closure) -> Closure:
    """A closure whose StopIteration gets through generators."""

    def run(f: Frame) -> Any:
        try:
            return closure(f)
        except StopIteration as error:
            raise Stopped(error) from None

    return run


def _nothing(f: Frame) -> Any:
    return None


def _evaluated(node: nodes.stmt) -> tuple[object, ...]:
    """The parts of a statement without blocks in the order in which they run."""
    fields = dict(node.fields())
    target = fields.pop("targets", None) or fields.pop("target", None)
    return (*fields.values(), target)


def _after(before: list[Steps], closure: Closure | None) -> Steps:
    """A closure behind what runs ahead of it."""

    def run(f: Frame) -> Generator[Any, Any, Any]:
        for step in before:
            yield from step(f)
        return None if closure is None else closure(f)

    return run


def _delegate(source: Any) -> Iterator[Any]:
    """What `yield from` iterates over: another generator as it is, anything else counted."""
    if type(source) is FunctionGenerator:
        return source
    if not hasattr(type(source), "__iter__") and not hasattr(type(source), "__getitem__"):
        raise TypeError(f"'{type(source).__name__}' object is not iterable")
    return counted(source)


def _around_yields(body: tuple[nodes.stmt, ...]) -> frozenset[Node]:
    """Everything in a function's body that has a `yield` of the function inside."""
    found: set[Node] = set()
    parents: dict[Node, Node | None] = {}
    stack: list[tuple[object, Node | None]] = [(body, None)]
    while stack:
        value, parent = stack.pop()
        if isinstance(value, tuple):
            stack += [(item, parent) for item in value]
            continue
        if not isinstance(value, Node):
            continue
        parents[value] = parent
        if isinstance(value, _YIELDS):
            above: Node | None = value
            while above is not None and above not in found:
                found.add(above)
                above = parents[above]
        stack += [(child, value) for child in _own_children(value)]
    return frozenset(found)


def _own_children(node: Node) -> list[object]:
    """The fields of a node; of a definition inside, those that run in the scope around it."""
    match node:
        case nodes.FunctionDef():
            return [node.decorator_list, node.args.defaults, node.args.kw_defaults]
        case nodes.ClassDef():
            return [node.decorator_list, node.bases]
        case nodes.Lambda():
            return [node.args.defaults, node.args.kw_defaults]
    return [value for _, value in node.fields()]


def _in_order(value: object) -> list[nodes.Yield | nodes.YieldFrom]:
    """The yields of an expression, the inner ones first.

    Raises GradSyntaxError where something that could tell runs before one of them, or decides
    whether it runs.
    """
    found: list[nodes.Yield | nodes.YieldFrom] = []
    seen: list[Node] = []  # calls that run before what comes next

    def visit(value: object, maybe: bool) -> None:
        if isinstance(value, tuple):
            for item in value:
                visit(item, maybe)
            return
        if not isinstance(value, Node):
            return
        if isinstance(value, _YIELDS):
            before = len(seen)
            visit(value.value, maybe)
            del seen[before:]  # what is inside is taken out together with the `yield`
            if maybe or seen:
                raise GradSyntaxError(
                    "'yield' behind a call or inside a condition of the same expression is not in "
                    "the language",
                    value.span,
                    "give what it gives a name on a line of its own",
                )
            found.append(value)
            return
        match value:
            case nodes.BoolOp():
                visit(value.values[0], maybe)
                visit(value.values[1:], True)
            case nodes.IfExp():
                visit(value.test, maybe)
                visit((value.body, value.orelse), True)
            case nodes.Compare():
                visit((value.left, *value.comparators[:1]), maybe)
                visit(value.comparators[1:], True)
            case nodes.Call():
                first, links = nodes.spine(value)
                visit(first, maybe)
                for link in links:
                    if isinstance(link, nodes.Call):
                        visit((link.args, tuple(k.value for k in link.keywords)), maybe)
                        seen.append(link)
                    elif isinstance(link, nodes.Subscript):
                        visit(link.slice, maybe)
            case _:
                for child in _own_children(value):
                    visit(child, maybe)

    visit(value, False)
    return found
