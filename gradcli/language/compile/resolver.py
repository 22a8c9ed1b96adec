"""Scopes: where each name of a program lives.

As in Python: functions, lambdas and generator expressions have slots of their own, captured
variables live in cells, class bodies in a dict, everything else in the module's dict. List, set
and dict comprehensions run in the frame around them, in slots of their own. An expression in
Python's text order decides nothing: a name that is assigned anywhere in a function is local to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from gradcli.language.machine.state import FIRST
from gradcli.language.syntax import nodes
from gradcli.language.syntax.error import GradSyntaxError
from gradcli.language.syntax.nodes import Node
from gradcli.language.syntax.source import Span
from gradcli.language.syntax.tree_checks import yield_outside

LOCAL, CELL, GLOBAL, FIELD = "local", "cell", "global", "field"


class Place(NamedTuple):
    """Where a name lives: `kind`, a slot of the frame, and whether it can be unbound."""

    kind: str
    slot: int = 0
    sure: bool = False


class Scope:
    """One scope; `owner` is the scope whose frame it uses (itself, except for comprehensions)."""

    def __init__(self, kind: str, node: Node, parent: Scope | None, name: str = "") -> None:
        self.kind = kind  # module, function, class, comprehension
        self.node = node
        self.parent = parent
        self.name = name
        self.owner: Scope = self
        if kind == "comprehension" and parent is not None:
            self.owner = parent.owner
        self.bound: dict[str, Span] = {}
        self.parameters: list[str] = []
        self.deleted: set[str] = set()
        self.globals: dict[str, Span] = {}
        self.nonlocals: dict[str, Span] = {}
        self.uses: dict[str, Span] = {}
        self.called: dict[str, Span] = {}  # names read as the function of a call
        self.values: dict[str, Span] = {}  # names read in any other place
        self.children: dict[Node, Scope] = {}
        self.captured: set[str] = set()  # own names that inner functions use
        self.free: dict[str, Scope] = {}  # names of outer functions, of an owner
        self.yields: dict[
            Node, str
        ] = {}  # each `yield`, and the name of the slot for what it gives
        self.slots: dict[str, int] = {}
        self.free_slots: dict[str, int] = {}
        self.size = FIRST

    def __repr__(self) -> str:
        return f"<scope {self.kind} {self.name}>"

    @property
    def qualname(self) -> str:
        """The name that Python gives a function or class made here, up to its own name."""
        scope: Scope | None = self
        parts: list[str] = []
        while scope is not None and scope.kind != "module":
            if scope.kind == "function":
                parts.append(f"{scope.name}.<locals>")
            elif scope.kind == "class":
                parts.append(scope.name)
            scope = scope.parent
        return ".".join(reversed(parts))

    def is_bound(self, name: str) -> bool:
        """Whether the name is assigned in this scope."""
        return name in self.bound and name not in self.globals and name not in self.nonlocals

    def class_name(self) -> str | None:
        """The name of the class around this scope, which private names are mangled with."""
        scope: Scope | None = self
        while scope is not None:
            if scope.kind == "class":
                return scope.name
            scope = scope.parent
        return None

    def mangle(self, name: str) -> str:
        """Python's private names: `__x` in class `C` is `_C__x`."""
        if name.startswith("__") and not name.endswith("__"):
            inside = self.class_name()
            if inside is not None and inside.strip("_"):
                return f"_{inside.lstrip('_')}{name}"
        return name

    def lookup(self, name: str) -> Place:
        """Where `name` lives, seen from here; only after `analyse`."""
        scope = self
        while scope.kind == "comprehension":
            if name in scope.slots:
                return scope._own(name)
            assert scope.parent is not None
            scope = scope.parent
            if scope.kind == "class" and scope is not self:
                return scope._outer(name)
        if scope.kind == "module":
            return Place(GLOBAL)
        if name in scope.globals:
            return Place(GLOBAL)
        if name in scope.slots and scope.kind != "class":
            return scope._own(name)
        if scope.kind == "class" and scope.is_bound(name):
            return Place(FIELD)
        return scope._outer(name)

    def _own(self, name: str) -> Place:
        slot = self.slots[name]
        if name in self.captured:
            return Place(CELL, slot)
        sure = name in self.parameters and name not in self.deleted
        return Place(LOCAL, slot, sure)

    def _outer(self, name: str) -> Place:
        if name in self.free_slots:
            return Place(CELL, self.free_slots[name])
        if self.kind == "class" and name == "__class__":
            return Place(CELL, self.slots[name])
        return Place(GLOBAL)

    def walk(self) -> Iterator[Scope]:
        """This scope and all in it."""
        yield self
        for child in self.children.values():
            yield from child.walk()


def analyse(tree: nodes.Module | nodes.Expression) -> Scope:
    """The scopes of a program, resolved and with slots."""
    module = Scope("module", tree, None)
    collector = _Collector()
    if isinstance(tree, nodes.Module):
        collector.block(tree.body, module)
    else:
        collector.expression(tree.body, module)
    scopes = list(module.walk())
    for scope in scopes:
        for name, span in {**scope.uses, **scope.nonlocals}.items():
            _bind(scope, name, span)
    for scope in scopes:
        _number(scope)
    for scope in scopes:
        if scope.owner is scope:
            for name in scope.free:
                scope.free_slots[name] = scope.size
                scope.size += 1
    return module


def _bind(scope: Scope, name: str, span: Span) -> None:
    """Find the function scope that `name` belongs to and mark it captured on the way."""
    if name in scope.globals or (scope.is_bound(name) and scope.kind != "class"):
        return
    if scope.kind == "class" and scope.is_bound(name) and name not in scope.nonlocals:
        return  # a field; its fallback is the global, as in CPython for names bound in the class
    home = scope.parent
    while home is not None and home.kind != "module":
        if home.kind == "class":
            if name == "__class__":
                break
        elif name in home.globals:
            return
        elif home.is_bound(name):
            break
        home = home.parent
    if home is None or home.kind == "module":
        if name in scope.nonlocals:
            raise GradSyntaxError(f"no binding for nonlocal '{name}' found", span)
        return
    if home.owner is scope.owner and home.kind != "class":
        return
    home.captured.add(name)
    if home.kind == "class":
        home.bound.setdefault(name, span)
    owner: Scope | None = scope.owner
    while owner is not None and owner is not home.owner:
        owner.free[name] = home
        owner = owner.parent.owner if owner.parent is not None else None


def _number(scope: Scope) -> None:
    owner = scope.owner
    if scope.kind == "module":
        return
    if scope.kind == "class":
        scope.slots["__fields__"] = owner.size
        owner.size += 1
        if "__class__" in scope.captured:
            scope.bound.pop("__class__", None)
            scope.slots["__class__"] = owner.size
            owner.size += 1
        return
    for name in scope.bound:
        if scope.is_bound(name):
            scope.slots[name] = owner.size
            owner.size += 1


_COMPREHENSIONS: dict[type, str] = {
    nodes.ListComp: "list comprehension",
    nodes.SetComp: "set comprehension",
    nodes.DictComp: "dict comprehension",
    nodes.GeneratorExp: "generator expression",
}


class _Collector:
    """Walks the tree once: what each scope binds and reads."""

    def block(self, body: Iterable[nodes.stmt], scope: Scope) -> None:
        for statement in body:
            self.statement(statement, scope)

    def bind(self, name: str, span: Span, scope: Scope) -> None:
        name = scope.mangle(name)
        scope.bound.setdefault(name, span)

    def use(self, name: str, span: Span, scope: Scope) -> None:
        name = scope.mangle(name)
        scope.uses.setdefault(name, span)

    def statement(self, node: nodes.stmt, scope: Scope) -> None:
        match node:
            case nodes.Expr():
                self.expression(node.value, scope)
            case nodes.Assign():
                self.expression(node.value, scope)
                for target in node.targets:
                    self.target(target, scope)
            case nodes.AugAssign():
                self.expression(node.value, scope)
                if isinstance(node.target, nodes.Name):
                    self.expression(node.target, scope)
                self.target(node.target, scope)
            case nodes.AnnAssign():
                if node.value is not None:
                    self.expression(node.value, scope)
                if node.simple or node.value is not None:
                    self.target(node.target, scope)
            case nodes.For():
                self.expression(node.iter, scope)
                self.target(node.target, scope)
                self.block(node.body, scope)
                self.block(node.orelse, scope)
            case nodes.While():
                self.expression(node.test, scope)
                self.block(node.body, scope)
                self.block(node.orelse, scope)
            case nodes.If():
                for test, body in node.tests:
                    self.expression(test, scope)
                    self.block(body, scope)
                self.block(node.orelse, scope)
            case nodes.With():
                for item in node.items:
                    self.expression(item.context_expr, scope)
                    if item.optional_vars is not None:
                        self.target(item.optional_vars, scope)
                self.block(node.body, scope)
            case nodes.Try():
                self.block(node.body, scope)
                for handler in node.handlers:
                    if handler.type is not None:
                        self.expression(handler.type, scope)
                    if handler.name is not None:
                        self.bind(handler.name, handler.name_span or handler.span, scope)
                        scope.deleted.add(handler.name)
                    self.block(handler.body, scope)
                self.block(node.orelse, scope)
                self.block(node.finalbody, scope)
            case nodes.Raise():
                for part in (node.exc, node.cause):
                    if part is not None:
                        self.expression(part, scope)
            case nodes.Assert():
                self.expression(node.test, scope)
                if node.msg is not None:
                    self.expression(node.msg, scope)
            case nodes.Delete():
                for target in node.targets:
                    self.target(target, scope, deleting=True)
            case nodes.Global() | nodes.Nonlocal():
                self.declaration(node, scope)
            case nodes.Import():
                for imported in node.names:
                    name = imported.asname or imported.name.partition(".")[0]
                    self.bind(name, imported.span, scope)
            case nodes.ImportFrom():
                for imported in node.names:
                    if imported.name != "*":
                        self.bind(imported.asname or imported.name, imported.span, scope)
            case nodes.FunctionDef():
                for decorator in node.decorator_list:
                    self.expression(decorator, scope)
                self.bind(node.name, node.name_span, scope)
                inner = self.function(node, node.name, node.args, scope)
                self.block(node.body, inner)
            case nodes.ClassDef():
                for decorator in node.decorator_list:
                    self.expression(decorator, scope)
                for base in node.bases:
                    self.expression(base, scope)
                for keyword in node.keywords:
                    self.expression(keyword.value, scope)
                self.bind(node.name, node.name_span, scope)
                inner = Scope("class", node, scope, node.name)
                scope.children[node] = inner
                self.block(node.body, inner)
            case nodes.Return():
                if node.value is not None:
                    self.expression(node.value, scope)
            case _:
                pass

    def declaration(self, node: nodes.Global | nodes.Nonlocal, scope: Scope) -> None:
        kind = "global" if isinstance(node, nodes.Global) else "nonlocal"
        if kind == "nonlocal" and scope.kind == "module":
            raise GradSyntaxError("nonlocal declaration not allowed at module level", node.span)
        for name, span in zip(node.names, node.name_spans, strict=True):
            if name in scope.parameters:
                raise GradSyntaxError(f"name '{name}' is parameter and {kind}", span)
            if name in scope.bound:
                raise GradSyntaxError(
                    f"name '{name}' is assigned to before {kind} declaration", span
                )
            if name in scope.uses:
                raise GradSyntaxError(f"name '{name}' is used prior to {kind} declaration", span)
            other = scope.nonlocals if kind == "global" else scope.globals
            if name in other:
                raise GradSyntaxError(f"name '{name}' is nonlocal and global", span)
            own = scope.globals if kind == "global" else scope.nonlocals
            own[name] = span

    def function(self, node: Node, name: str, args: nodes.arguments, scope: Scope) -> Scope:
        for default in (*args.defaults, *args.kw_defaults):
            if default is not None:
                self.expression(default, scope)
        inner = Scope("function", node, scope, name)
        scope.children[node] = inner
        for parameter in parameters(args):
            mangled = inner.mangle(parameter.arg)
            if mangled in inner.bound:
                raise GradSyntaxError(
                    f"duplicate argument '{parameter.arg}' in function definition", parameter.span
                )
            inner.bound[mangled] = parameter.span
            inner.parameters.append(mangled)
        return inner

    def target(self, node: nodes.expr, scope: Scope, deleting: bool = False) -> None:
        if isinstance(node, nodes.Name):
            self.bind(node.id, node.span, scope)
            if deleting:
                scope.deleted.add(node.id)
        elif isinstance(node, nodes.Tuple | nodes.List):
            for element in node.elts:
                self.target(element, scope, deleting)
        elif isinstance(node, nodes.Starred):
            self.target(node.value, scope, deleting)
        else:
            self.expression(node, scope)

    def expression(self, node: nodes.expr, scope: Scope) -> None:
        first, links = nodes.spine(node)
        if links:
            if isinstance(first, nodes.Name) and isinstance(links[0], nodes.Call):
                name = scope.mangle(first.id)
                scope.called.setdefault(name, first.span)
                scope.uses.setdefault(name, first.span)
                if name == "super":
                    scope.uses.setdefault("__class__", first.span)
            else:
                self.expression(first, scope)
            for link in links:
                if isinstance(link, nodes.Subscript):
                    self.expression(link.slice, scope)
                elif isinstance(link, nodes.Call):
                    for argument in link.args:
                        self.expression(argument, scope)
                    for keyword in link.keywords:
                        self.expression(keyword.value, scope)
            return
        match node:
            case nodes.Name():
                self.use(node.id, node.span, scope)
                scope.values.setdefault(scope.mangle(node.id), node.span)
            case nodes.Constant():
                pass
            case nodes.Chain():
                self.expression(node.first, scope)
                for _, operand, _ in node.rest:
                    self.expression(operand, scope)
            case nodes.NamedExpr():
                self.expression(node.value, scope)
                home = scope
                lazy = []  # generator expressions on the way out
                while home.kind == "comprehension" or home.name == "<genexpr>":
                    if node.target.id in home.bound:
                        raise GradSyntaxError(
                            "assignment expression cannot rebind comprehension iteration variable "
                            f"'{node.target.id}'",
                            node.target.span,
                        )
                    assert home.parent is not None
                    if home.kind == "function":
                        lazy.append(home)
                    home = home.parent
                for inner in lazy:
                    outside = inner.globals if home.kind == "module" else inner.nonlocals
                    outside.setdefault(node.target.id, node.target.span)
                if home.kind == "class" and home is not scope:
                    raise GradSyntaxError(
                        "assignment expression within a comprehension cannot be used in a class "
                        "body",
                        node.span,
                    )
                self.bind(node.target.id, node.target.span, home)
                if home is not scope:
                    self.use(node.target.id, node.target.span, scope)
            case nodes.Lambda():
                inner = self.function(node, "<lambda>", node.args, scope)
                self.expression(node.body, inner)
            case nodes.Yield() | nodes.YieldFrom():
                self.yield_(node, scope)
            case nodes.ListComp() | nodes.SetComp() | nodes.GeneratorExp():
                self.comprehension(node, (node.elt,), scope)
            case nodes.DictComp():
                self.comprehension(node, (node.key, node.value), scope)
            case _:
                for _, value in node.fields():
                    self.anything(value, scope)

    def yield_(self, node: nodes.Yield | nodes.YieldFrom, scope: Scope) -> None:
        """Note a `yield` in the function that it makes a generator function."""
        inside = _COMPREHENSIONS.get(type(scope.node))
        if inside is not None:
            raise GradSyntaxError(f"'yield' inside {inside}", node.span)
        if not isinstance(scope.node, nodes.FunctionDef):
            raise yield_outside(node)
        name = f".{len(scope.yields)}"  # no identifier, so that programs do not meet it
        scope.yields[node] = name
        scope.bound[name] = node.span
        if node.value is not None:
            self.expression(node.value, scope)

    def anything(self, value: object, scope: Scope) -> None:
        if isinstance(value, nodes.expr):
            self.expression(value, scope)
        elif isinstance(value, tuple):
            for item in value:
                self.anything(item, scope)

    def comprehension(
        self,
        node: nodes.ListComp | nodes.SetComp | nodes.GeneratorExp | nodes.DictComp,
        elements: tuple[nodes.expr, ...],
        scope: Scope,
    ) -> None:
        lazy = isinstance(node, nodes.GeneratorExp)
        self.expression(node.generators[0].iter, scope)
        inner = Scope("function" if lazy else "comprehension", node, scope, "<genexpr>")
        scope.children[node] = inner
        for index, generator in enumerate(node.generators):
            self.target(generator.target, inner)
            if index:
                self.expression(generator.iter, inner)
            for condition in generator.ifs:
                self.expression(condition, inner)
        for element in elements:
            self.expression(element, inner)


def parameters(args: nodes.arguments) -> list[nodes.arg]:
    """The parameters in the order of their slots: positional, `*args`, keyword-only, `**kwargs`."""
    found = [*args.posonlyargs, *args.args]
    if args.vararg is not None:
        found.append(args.vararg)
    found += args.kwonlyargs
    if args.kwarg is not None:
        found.append(args.kwarg)
    return found
