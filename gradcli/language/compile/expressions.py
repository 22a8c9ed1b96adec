"""Expressions to closures: functions of a frame that return the value.

Note: every closure that can fail or make a tensor sets `runtime.where` to its site after its
operands were evaluated and before it does its work. Operands stand in local variables named
`left`, `right`, `function`, `owner`, `a0` …: diagnostics read them from the traceback.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any

from gradcli.language.library.builtins import class_of
from gradcli.language.library.prelude import Names
from gradcli.language.machine.sizes import PLAIN
from gradcli.language.machine.state import (
    BASE,
    FIRST,
    GLOBALS,
    QUANTUM,
    UNBOUND,
    machine,
    make_slice,
)
from gradcli.language.syntax import nodes
from gradcli.language.syntax.error import GradSyntaxError
from gradcli.language.syntax.nodes import Node
from gradcli.language.syntax.source import Source, Span
from gradcli.language.values.arithmetic import BINARY, check_compare, check_item, contains
from gradcli.language.values.attributes import MISSING
from gradcli.language.values.classes import Super
from gradcli.language.values.constructors import callable_value
from gradcli.language.values.functions import Closure, Frame, Function, Signature
from gradcli.language.values.special_names import READABLE, is_special
from gradcli.language.values.text import format_value, text, text_ascii, text_repr
from gradcli.tensor.runtime import runtime
from gradcli.tensor.tensor import Tensor

from . import templates, trees
from .arguments import arguments, attribute_loader, tensor_function
from .resolver import CELL, FIELD, GLOBAL, LOCAL, Place, Scope
from .templates import RETURNED, Ending, Operand, binary, call, comparison, method

if TYPE_CHECKING:
    from .staging import Leaf

COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
    "is": operator.is_,
    "is not": operator.is_not,
    "in": lambda left, right: contains(right, left),
    "not in": lambda left, right: not contains(right, left),
}

SHORT = 8  # operators of a chain that is nested; longer ones are walked

_ORDERS = frozenset(COMPARISONS[op] for op in ("<", "<=", ">", ">=", "==", "!="))

_NOWHERE = Span(0, 0)
_STAGED = (nodes.BinOp, nodes.Chain, nodes.UnaryOp, nodes.Call)

_UNARY: dict[str, Callable[[Any], Any]] = {
    "-": operator.neg,
    "+": operator.pos,
    "~": operator.invert,
}


class Code:
    """What all objects of one `def` or `lambda` share."""

    __slots__ = ("doc", "name", "node", "qualname", "run", "signature", "source")

    def __init__(
        self,
        name: str,
        qualname: str,
        doc: str | None,
        signature: Signature,
        run: Closure,
        source: Source,
        node: Node,
    ) -> None:
        self.name = name
        self.qualname = qualname
        self.doc = doc
        self.signature = signature
        self.run = run
        self.source = source
        self.node = node


class Expressions:
    """Compiles expressions of one program."""

    def __init__(self, source: Source, builtins: Names, fixed: Collection[str]) -> None:
        self.source = source
        self.builtins = builtins
        self.fixed = fixed  # module names that the program does not assign
        self.hot = 0  # how many loops and functions are around: their code is worth a template
        self.whole = False  # inside of an expression that is staged as a whole
        self.table: dict[type, Callable[[Any, Scope], Closure]] = {
            nodes.Constant: self.constant,
            nodes.Name: self.name,
            nodes.BinOp: self.binary,
            nodes.Chain: self.chain,
            nodes.BoolOp: self.boolean,
            nodes.UnaryOp: self.unary,
            nodes.Compare: self.compare,
            nodes.NamedExpr: self.named,
            nodes.Lambda: self.lambda_,
            nodes.IfExp: self.conditional,
            nodes.Call: self.links,
            nodes.Attribute: self.links,
            nodes.Subscript: self.links,
            nodes.Slice: self.slice,
            nodes.JoinedStr: self.joined,
            nodes.Yield: self.yielded,
            nodes.YieldFrom: self.yielded,
        }

    def site(self, node: Node) -> int:
        return machine.site(self.source, node)

    def expression(self, node: nodes.expr, scope: Scope) -> Closure:
        staged = self.staged(node, scope, RETURNED, lambda: self.expression(node, scope))
        if staged is not None:
            return staged
        handler = self.table.get(type(node))
        if handler is None:
            raise GradSyntaxError(f"{type(node).__name__} cannot be used here", node.span)
        return handler(node, scope)

    def function_body(self, node: nodes.FunctionDef, scope: Scope) -> Closure:
        """The closure that runs a function's statements."""
        raise TypeError("only programs have functions with statements")

    # Names and constants

    def constant(self, node: nodes.Constant, scope: Scope) -> Closure:
        value = node.value

        def constant(f: Frame) -> Any:
            return value

        return constant

    def operand(self, node: nodes.expr, scope: Scope) -> Operand:
        """How a closure gets this operand, without a call where that is possible."""
        if isinstance(node, nodes.Constant):
            return Operand("k", node.value)
        if isinstance(node, nodes.Name):
            name = scope.mangle(node.id)
            place = scope.lookup(name)
            if place.kind == LOCAL:
                if place.sure:
                    return Operand("l", place.slot)
                return Operand("u", place.slot, self.unbound(node, name, scope))
            if place.kind == CELL:
                return Operand("c", place.slot, self.unbound(node, name, scope, free=True))
            if place.kind == GLOBAL:
                if name in self.fixed and name in self.builtins:
                    return Operand("b", name, self.builtins[name])
                return Operand("g", name, self.missing(node, name))
        return Operand("e", self.expression(node, scope))

    def name(self, node: nodes.Name, scope: Scope) -> Closure:
        name = scope.mangle(node.id)
        place = scope.lookup(name)
        if place.kind == LOCAL:
            slot = place.slot
            if place.sure:
                return lambda f: f[slot]
            unbound = self.unbound(node, name, scope)

            def local(f: Frame) -> Any:
                value = f[slot]
                return unbound(f) if value is UNBOUND else value

            return local
        if place.kind == CELL:
            slot = place.slot
            unbound = self.unbound(node, name, scope, free=True)

            def cell(f: Frame) -> Any:
                value = f[slot][0]
                return unbound(f) if value is UNBOUND else value

            return cell
        missing = self.missing(node, name)
        if place.kind == FIELD:
            fields = scope.owner.slots["__fields__"]

            def field(f: Frame) -> Any:
                value = f[fields].get(name, UNBOUND)
                if value is UNBOUND:
                    value = f[GLOBALS].get(name, UNBOUND)
                return missing(f) if value is UNBOUND else value

            return field
        if name in self.fixed and name in self.builtins:
            builtin = self.builtins[name]

            def fixed(f: Frame) -> Any:
                return f[0].get(name, builtin)

            return fixed

        def module(f: Frame) -> Any:
            try:
                return f[0][name]
            except KeyError:
                return missing(f)

        return module

    def missing(self, node: Node, name: str) -> Closure:
        """What runs when a module name has no value: a built-in, or NameError."""
        site = self.site(node)
        builtins = self.builtins

        def missing(f: Frame) -> Any:
            if name in builtins:
                return builtins[name]
            runtime.where = f[BASE] + site
            raise NameError(f"name '{name}' is not defined", name=name)

        return missing

    def unbound(self, node: Node, name: str, scope: Scope, free: bool = False) -> Closure:
        site = self.site(node)
        own = name in scope.owner.slots or not free

        def unbound(f: Frame) -> Any:
            runtime.where = f[BASE] + site
            if not own:
                raise NameError(
                    f"cannot access free variable '{name}' where it is not associated with a "
                    "value in enclosing scope",
                    name=name,
                )
            raise UnboundLocalError(
                f"cannot access local variable '{name}' where it is not associated with a value",
                name=name,
            )

        return unbound

    def store(self, place: Place, name: str, scope: Scope) -> Callable[[Frame, Any], None]:
        """The function that assigns to a name."""
        if place.kind == LOCAL:
            slot = place.slot

            def local(f: Frame, value: Any) -> None:
                f[slot] = value

            return local
        if place.kind == CELL:
            slot = place.slot

            def cell(f: Frame, value: Any) -> None:
                f[slot][0] = value

            return cell
        if place.kind == FIELD:
            fields = scope.owner.slots["__fields__"]

            def field(f: Frame, value: Any) -> None:
                f[fields][name] = value

            return field

        def module(f: Frame, value: Any) -> None:
            f[0][name] = value

        return module

    # Operators

    def inner(self, scope: Scope) -> bool:
        """Whether code of this scope can run at different call chains."""
        return scope.owner.kind != "module"

    def staged(
        self, node: nodes.expr, scope: Scope, ending: Ending, general: Callable[[], Closure | None]
    ) -> Closure | None:
        """An expression of tensors that is run often; None for another.

        `general` compiles it as others are.
        """
        if not self.hot or self.whole or not isinstance(node, _STAGED):
            return None
        from . import staging

        leaves = staging.leaves_of(node)
        return None if leaves is None else self.as_a_whole(leaves, scope, ending, general)

    def as_a_whole(
        self,
        leaves: list[Leaf],
        scope: Scope,
        ending: Ending,
        general: Callable[[], Closure | None],
        write: str = "",
    ) -> Closure | None:
        """The closure of what reads `leaves`, nothing within which is staged for itself."""
        names = {name for leaf in leaves for name in leaf.names()}
        operands = {name: self.operand(nodes.Name(name, _NOWHERE), scope) for name in names}
        if any(operand.kind == "e" for operand in operands.values()):
            return None
        self.whole = True
        try:
            closure = general()
        finally:
            self.whole = False
        if closure is None:
            return None
        from . import staging

        return staging.closure(leaves, operands.__getitem__, closure, ending, write)

    def ended(self, node: nodes.expr, scope: Scope, ending: Ending) -> Closure | None:
        """An expression that does with its value what `ending` says; None where none can."""
        if ending.kind in "gl":
            staged = self.staged(node, scope, ending, lambda: self.ended(node, scope, ending))
            if staged is not None:
                return staged
        if isinstance(node, nodes.BinOp):
            return self.binary(node, scope, ending)
        if not self.hot:
            return None
        if isinstance(node, nodes.Chain):
            short = len(node.rest) <= SHORT
            return (
                trees.expression(self.tree(node, scope), self.inner(scope), ending)
                if short
                else None
            )
        if isinstance(node, nodes.UnaryOp):
            return self.unary(node, scope, ending) if self.plain_unary(node) else None
        if not isinstance(node, nodes.Call | nodes.Attribute | nodes.Subscript):
            return None
        last = nodes.spine(node)[1][-1]
        if isinstance(last, nodes.Attribute):
            return self.links(node, scope, ending) if last.attr != "__class__" else None
        if isinstance(last, nodes.Call) and not (self.few(last) and not self.own_call(last, scope)):
            return None
        return self.links(node, scope, ending)

    def binary(self, node: nodes.BinOp, scope: Scope, ending: Ending = RETURNED) -> Closure:
        if self.hot:
            return trees.expression(self.tree(node, scope), self.inner(scope), ending)
        return binary(
            node.op,
            self.operand(node.left, scope),
            self.operand(node.right, scope),
            self.site(node),
            self.inner(scope),
            ending,
        )

    def tree(self, node: nodes.expr, scope: Scope, room: int = 4) -> Operand:
        """An operand with operators and attributes written out, to a depth of `room`."""
        if room and isinstance(node, nodes.BinOp):
            left, right = (self.tree(part, scope, room - 1) for part in (node.left, node.right))
            return Operand("t", trees.Tree(node.op, left, right, self.site(node)))
        if room and isinstance(node, nodes.Chain) and len(node.rest) <= SHORT:
            left = self.tree(node.first, scope, room - 1)
            for op, part, span in node.rest:
                right = self.tree(part, scope, room - 1)
                site = machine.site(self.source, Link(node, op, part, span))
                left = Operand("t", trees.Tree(op, left, right, site))
            return left
        if room and isinstance(node, nodes.Attribute) and node.attr != "__class__":
            load = attribute_loader(self.attribute_name(node, scope))
            owner = self.tree(node.value, scope, room - 1)
            return Operand("a", trees.Field(owner, load, self.site(node)))
        return self.operand(node, scope)

    def chain(self, node: nodes.Chain, scope: Scope) -> Closure:
        links = [(op, operand, span) for op, operand, span in node.rest]
        if self.hot and len(links) <= SHORT:
            return trees.expression(self.tree(node, scope), self.inner(scope))
        if len(links) <= SHORT:
            left = self.operand(node.first, scope)
            for op, operand, span in links:
                site = machine.site(self.source, Link(node, op, operand, span))
                closure = binary(op, left, self.operand(operand, scope), site, self.inner(scope))
                left = Operand("e", closure)
            return closure
        first = self.expression(node.first, scope)
        rest = [
            (
                BINARY[op],
                self.expression(operand, scope),
                machine.site(self.source, Link(node, op, operand, span)),
            )
            for op, operand, span in links
        ]

        def chain(f: Frame) -> Any:
            left = first(f)
            base = f[BASE]
            for apply, operand, site in rest:
                right = operand(f)
                if runtime.stop is not None:
                    runtime.check()
                runtime.where = base + site
                left = apply(left, right)
            return left

        return chain

    def boolean(self, node: nodes.BoolOp, scope: Scope) -> Closure:
        values = [self.expression(value, scope) for value in node.values]
        first, last = values[:-1], values[-1]
        sites = [self.site(value) for value in node.values[:-1]]
        wanted = node.op == "or"
        if len(first) == 1:
            one, site = first[0], sites[0]

            def pair(f: Frame) -> Any:
                value = one(f)
                runtime.where = f[BASE] + site
                if bool(value) is wanted:
                    return value
                return last(f)

            return pair

        def several(f: Frame) -> Any:
            for operand, site in zip(first, sites, strict=True):
                value = operand(f)
                runtime.where = f[BASE] + site
                if bool(value) is wanted:
                    return value
            return last(f)

        return several

    def plain_unary(self, node: nodes.UnaryOp) -> bool:
        """Whether `- + ~` stands before something else than a number."""
        return node.op != "not" and not isinstance(node.operand, nodes.Constant)

    def unary(self, node: nodes.UnaryOp, scope: Scope, ending: Ending = RETURNED) -> Closure:
        if self.hot and self.plain_unary(node):
            left = self.tree(node.operand, scope)
            return trees.sign(node.op, left, self.site(node), self.inner(scope), ending)
        if (
            node.op == "-"
            and isinstance(node.operand, nodes.Constant)
            and type(node.operand.value) in (int, float, complex)
        ):
            return self.constant(nodes.Constant(-node.operand.value, node.span), scope)  # type: ignore[operator]
        operand = self.expression(node.operand, scope)
        site = self.site(node)
        if node.op == "not":

            def negate(f: Frame) -> Any:
                left = operand(f)
                runtime.where = f[BASE] + site
                return not left

            return negate
        apply: Callable[[Any], Any] = _UNARY[node.op]

        def unary(f: Frame) -> Any:
            left = operand(f)
            runtime.where = f[BASE] + site
            return apply(left)

        return unary

    def compare(self, node: nodes.Compare, scope: Scope) -> Closure:
        if len(node.ops) == 1:
            op = node.ops[0]
            left = self.operand(node.left, scope)
            right = self.operand(node.comparators[0], scope)
            if op not in ("in", "not in"):
                return comparison(op, left, right, self.site(node), self.inner(scope))
        values = [self.expression(value, scope) for value in (node.left, *node.comparators)]
        applies = [COMPARISONS[op] for op in node.ops]
        ends = [node.left, *node.comparators]
        sites = [
            self.site(
                node
                if len(node.ops) == 1
                else nodes.Compare(
                    ends[i], (op,), (ends[i + 1],), ends[i].span.to(ends[i + 1].span)
                )
            )
            for i, op in enumerate(node.ops)
        ]
        first, rest = values[0], list(zip(applies, values[1:], sites, strict=True))

        def compare(f: Frame) -> Any:
            left = first(f)
            result: Any = True
            last = rest[-1]
            for link in rest:
                apply, operand, site = link
                right = operand(f)
                runtime.where = f[BASE] + site
                steady = None if type(left) in PLAIN else check_compare(left, right)
                if steady is not None and apply in _ORDERS:
                    result = apply(steady, right)
                else:
                    result = apply(left, right)
                if link is not last and not result:
                    return result
                left = right
            return result

        return compare

    def named(self, node: nodes.NamedExpr, scope: Scope) -> Closure:
        value = self.expression(node.value, scope)
        name = scope.mangle(node.target.id)
        store = self.store(scope.lookup(name), name, scope)

        def named(f: Frame) -> Any:
            result = value(f)
            store(f, result)
            give_name(result, name)
            return result

        return named

    def conditional(self, node: nodes.IfExp, scope: Scope) -> Closure:
        test = self.test(node.test, scope)
        body = self.expression(node.body, scope)
        orelse = self.expression(node.orelse, scope)
        return lambda f: body(f) if test(f) else orelse(f)

    def test(self, node: nodes.expr, scope: Scope) -> Closure:
        """A condition; its truth is asked for with `runtime.where` set."""
        value = self.expression(node, scope)
        if isinstance(node, nodes.Compare | nodes.Constant | nodes.UnaryOp):
            return value
        site = self.site(node)

        def test(f: Frame) -> Any:
            left = value(f)
            runtime.where = f[BASE] + site
            return True if left else False  # noqa: SIM210 -- `bool` would be a call

        return test

    # Attributes, calls and subscripts

    def links(self, node: nodes.expr, scope: Scope, ending: Ending = RETURNED) -> Closure:
        first, links = nodes.spine(node)
        closure: Closure | None = None
        at = 0
        while at < len(links):
            link = links[at]
            following = links[at + 1] if at + 1 < len(links) else None
            last = ending if following is None else RETURNED
            if isinstance(link, nodes.Attribute):
                owner = self.operand(first, scope) if closure is None else Operand("e", closure)
                if link.attr == "__class__":
                    closure = self.class_of(link, owner)
                elif isinstance(following, nodes.Call) and self.few(following):
                    name = self.attribute_name(link, scope)
                    at += 1
                    closure = method(
                        owner,
                        name,
                        attribute_loader(name),
                        tensor_function(name),
                        [self.operand(a, scope) for a in following.args],
                        self.keywords(following, scope),
                        self.site(link),
                        self.site(following),
                        self.inner(scope),
                        ending if at + 1 == len(links) else RETURNED,
                    )
                else:
                    closure = self.attribute(link, owner, scope, last)
            elif isinstance(link, nodes.Subscript):
                value = self.operand(first, scope) if closure is None else Operand("e", closure)
                closure = self.subscript(link, value, scope, last)
            else:
                function = self.operand(first, scope) if closure is None else Operand("e", closure)
                closure = self.call(link, function, scope, last)
            at += 1
        assert closure is not None
        return closure

    def few(self, node: nodes.Call) -> bool:
        """Whether a template makes the call: of a few arguments, none of them starred.

        Those with keywords are too many to make one for each that runs once.
        """
        if len(node.args) > 4 or any(isinstance(a, nodes.Starred) for a in node.args):
            return False
        if not node.keywords:
            return True
        return self.hot > 0 and len(node.keywords) <= 4 and all(k.arg for k in node.keywords)

    def keywords(self, node: nodes.Call, scope: Scope) -> list[tuple[str, Operand]]:
        return [(str(k.arg), self.operand(k.value, scope)) for k in node.keywords]

    def class_of(self, node: nodes.Attribute, operand: Operand) -> Closure:
        """`x.__class__`: what `type(x)` gives."""
        site = self.site(node)
        value = self.closure_of(operand)

        def own_class(f: Frame) -> Any:
            owner = value(f)
            runtime.where = f[BASE] + site
            return class_of(owner)

        return own_class

    def attribute_name(self, node: nodes.Attribute, scope: Scope) -> str:
        """The attribute's name, mangled; special names are refused but for the allowed ones."""
        name = scope.mangle(node.attr)
        if is_special(name) and name not in READABLE:
            raise refused_special(name, node.attr_span)
        return name

    def attribute(
        self, node: nodes.Attribute, operand: Operand, scope: Scope, ending: Ending = RETURNED
    ) -> Closure:
        site = self.site(node)
        load = attribute_loader(self.attribute_name(node, scope))
        if self.hot:
            field = Operand("a", trees.Field(operand, load, site))
            return trees.expression(field, self.inner(scope), ending)
        value = self.closure_of(operand)

        def attribute(f: Frame) -> Any:
            owner = value(f)
            runtime.where = f[BASE] + site
            return load(owner)

        return attribute

    def closure_of(self, operand: Operand) -> Closure:
        """An operand as a closure."""
        kind, value, fallback = operand
        if kind == "e":
            return value  # type: ignore[no-any-return]
        if kind == "k":
            return lambda f: value
        if kind == "l":
            return lambda f: f[value]
        absent = fallback
        if kind == "b":
            return lambda f: f[0].get(value, absent)
        if kind == "g":

            def module(f: Frame) -> Any:
                try:
                    return f[0][value]
                except KeyError:
                    return absent(f)

            return module
        if kind == "u":

            def local(f: Frame) -> Any:
                found = f[value]
                return absent(f) if found is UNBOUND else found

            return local

        def cell(f: Frame) -> Any:
            found = f[value][0]
            return absent(f) if found is UNBOUND else found

        return cell

    def subscript(
        self, node: nodes.Subscript, operand: Operand, scope: Scope, ending: Ending = RETURNED
    ) -> Closure:
        site = self.site(node)
        if self.hot:
            right = self.operand(node.slice, scope)
            return templates.subscript(operand, right, site, self.inner(scope), ending)
        value = self.closure_of(operand)
        index = self.expression(node.slice, scope)

        def subscript(f: Frame) -> Any:
            left = value(f)
            right = index(f)
            runtime.where = f[BASE] + site
            kind = type(left)
            if kind is not Tensor:
                if kind is type:
                    return templates.generic(left, right)
                of = type(right)
                if of is not int and of is not str:
                    check_item(left, right)
            return left[right]

        return subscript

    def slice(self, node: nodes.Slice, scope: Scope) -> Closure:
        parts = [
            None if part is None else self.expression(part, scope)
            for part in (node.lower, node.upper, node.step)
        ]
        lower, upper, step = parts

        def make(f: Frame) -> Any:
            return make_slice(
                lower(f) if lower is not None else None,
                upper(f) if upper is not None else None,
                step(f) if step is not None else None,
            )

        return make

    def own_call(self, node: nodes.Call, scope: Scope) -> str:
        """The name of a built-in that looks at the frame it is called in, if this calls one."""
        name = node.func.id if isinstance(node.func, nodes.Name) else ""
        if name not in ("super", "locals") or node.args or node.keywords:
            return ""
        return name if scope.lookup(name).kind == GLOBAL else ""

    def call(
        self, node: nodes.Call, function: Operand, scope: Scope, ending: Ending = RETURNED
    ) -> Closure:
        site = self.site(node)
        own = self.own_call(node, scope)
        if own:
            return self.super_call(site, scope) if own == "super" else self.locals_call(site, scope)
        if self.few(node):
            return call(
                function,
                [self.operand(a, scope) for a in node.args],
                self.keywords(node, scope),
                site,
                self.inner(scope),
                ending,
            )
        target = self.closure_of(function)
        collect = arguments(
            [
                (
                    isinstance(a, nodes.Starred),
                    self.expression(a.value if isinstance(a, nodes.Starred) else a, scope),
                )
                for a in node.args
            ],
            [(k.arg, self.expression(k.value, scope)) for k in node.keywords],
            site,
        )

        def general(f: Frame) -> Any:
            function = target(f)
            args, kwargs = collect(f, function)
            runtime.where = f[BASE] + site
            if isinstance(function, type):
                function = callable_value(function)
            return function(*args, **kwargs)

        return general

    def super_call(self, site: int, scope: Scope) -> Closure:
        place = scope.lookup("__class__")
        function = scope
        while function.kind == "comprehension" and function.parent is not None:
            function = function.parent
        if place.kind != CELL or function.kind != "function" or not function.parameters:

            def outside(f: Frame) -> Any:
                runtime.where = f[BASE] + site
                raise RuntimeError("super(): no arguments")

            return outside
        cell = place.slot
        me = function.lookup(function.parameters[0])

        def make_super(f: Frame) -> Any:
            value = f[me.slot]
            return Super(f[cell][0], value[0] if me.kind == CELL else value)

        return make_super

    def locals_call(self, site: int, scope: Scope) -> Closure:
        """`locals()`: a copy of what the names around it have."""
        while scope.kind == "comprehension" and scope.parent is not None:
            scope = scope.parent
        fields = GLOBALS if scope.kind == "module" else scope.slots.get("__fields__")
        plain = [name for name in scope.slots if name not in scope.captured]
        order = dict.fromkeys([*scope.parameters, *plain, *scope.slots, *scope.free_slots])
        slots = {**scope.slots, **scope.free_slots}
        places = [(name, slots[name], scope.lookup(name).kind == CELL) for name in order]

        def names(f: Frame) -> dict[str, Any]:
            runtime.where = f[BASE] + site
            if fields is not None:
                machine.reserve(64 * len(f[fields]))
                return dict(f[fields])
            found = {}
            for name, slot, is_cell in places:
                value = f[slot][0] if is_cell else f[slot]
                if value is not UNBOUND:
                    found[name] = value
            return found

        return names

    # Functions

    def function_code(
        self,
        node: nodes.FunctionDef | nodes.Lambda | nodes.GeneratorExp,
        name: str,
        args: nodes.arguments,
        doc: str | None,
        run: Closure,
        scope: Scope,
    ) -> Callable[[Frame], Function]:
        """The closure that makes a function object when `def` or `lambda` is executed."""
        inner = scope.children[node]
        signature = Signature(
            tuple(inner.parameters),
            len(args.posonlyargs),
            len(args.posonlyargs) + len(args.args),
            args.vararg is not None,
            tuple(inner.mangle(a.arg) for a in args.kwonlyargs),
            args.kwarg is not None,
        )
        prefix = scope.qualname
        code = Code(
            name, f"{prefix}.{name}" if prefix else name, doc, signature, run, self.source, node
        )
        defaults = [self.expression(d, scope) for d in args.defaults]
        kwdefaults = [
            (inner.mangle(a.arg), self.expression(d, scope))
            for a, d in zip(args.kwonlyargs, args.kw_defaults, strict=True)
            if d is not None
        ]
        locals_ = (UNBOUND,) * (inner.size - FIRST - len(inner.parameters) - len(inner.free_slots))
        frees = [self.cell_slot(scope, name) for name in inner.free_slots]

        def make(f: Frame) -> Function:
            return Function(
                code,
                f[GLOBALS],
                tuple([d(f) for d in defaults]),
                {name: d(f) for name, d in kwdefaults},
                (*locals_, *[f[slot] for slot in frees]),
            )

        return make

    def cell_slot(self, scope: Scope, name: str) -> int:
        """The slot of the cell of a captured name in the frame that scope runs in."""
        place = scope.lookup(name)
        if place.kind != CELL:
            place = Place(CELL, scope.owner.free_slots[name])
        return place.slot

    def lambda_(self, node: nodes.Lambda, scope: Scope) -> Closure:
        inner = scope.children[node]
        self.hot += 1
        value = self.expression(node.body, inner)
        self.hot -= 1
        enter = self.prologue(inner)

        def run(f: Frame) -> Any:
            machine.fuel -= 1
            if machine.fuel < 0:
                machine.refuel()
            if runtime.stop is not None:
                runtime.check()
            if enter is not None:
                enter(f)
            return value(f)

        return self.function_code(node, "<lambda>", node.args, None, run, scope)

    def prologue(self, scope: Scope) -> Callable[[Frame], None] | None:
        """Puts captured parameters and locals of a function into cells."""
        slots = [scope.slots[name] for name in scope.slots if name in scope.captured]
        if not slots:
            return None

        def enter(f: Frame) -> None:
            for slot in slots:
                f[slot] = [f[slot]]

        return enter

    def yielded(self, node: nodes.Yield | nodes.YieldFrom, scope: Scope) -> Closure:
        """What a `yield` gave, which has run before the expression that it stands in."""
        slot = scope.slots[scope.yields[node]]
        return lambda f: f[slot]

    # Text

    def joined(self, node: nodes.JoinedStr, scope: Scope) -> Closure:
        parts = [self.joined_part(part, scope) for part in node.values]
        if len(parts) == 1:
            return parts[0]

        def joined(f: Frame) -> str:
            texts = [part(f) for part in parts]
            total = 0
            for part_text in texts:
                total += len(part_text)
            if total > 4096:
                machine.reserve(4 * total)
            return "".join(texts)

        return joined

    def joined_part(self, node: nodes.expr, scope: Scope) -> Closure:
        if not isinstance(node, nodes.FormattedValue):
            return self.expression(node, scope)
        value = self.expression(node.value, scope)
        site = self.site(node.value)
        convert: Any = {
            -1: None,
            ord("s"): text,
            ord("r"): text_repr,
            ord("a"): text_ascii,
        }[node.conversion]
        given = constant_text(node.format_spec)
        if convert is None and given is not None and len(given) <= 5:

            def plainly(f: Frame) -> str:
                left = value(f)
                runtime.where = f[BASE] + site
                kind = type(left)
                if kind is float or kind is int or kind is str:
                    return format(left, given)
                return format_value(left, given)

            return plainly
        spec = None if node.format_spec is None else self.joined(node.format_spec, scope)

        def formatted(f: Frame) -> str:
            left = value(f)
            wanted = "" if spec is None else spec(f)
            runtime.where = f[BASE] + site
            if convert is not None:
                left = convert(left)
            return format_value(left, wanted)

        return formatted


class Link(nodes.expr):
    """One operator of a chain: the left operand is everything in front of it."""

    chain: nodes.Chain
    op: str
    right: nodes.expr
    span: Span


def constant_text(node: nodes.JoinedStr | None) -> str | None:
    """The text of a format specification without values in it."""
    if node is None:
        return ""
    parts = [part.value for part in node.values if isinstance(part, nodes.Constant)]
    return "".join(map(str, parts)) if len(parts) == len(node.values) else None


def give_name(value: Any, name: str) -> None:
    """Write the user's name into the empty name slot of a tensor's node."""
    if type(value) is Tensor:
        node = value.node
        if node is not None and node.name is None:
            node.name = name


def refused_special(name: str, span: Span) -> GradSyntaxError:
    """The error for a special name that the language does not have."""
    helps = {
        "__class__": "an object's class is read, and not set",
        "__dict__": "read and write attributes by their names",
        "__new__": "objects are made by their class: write `__init__`, or a function that chooses",
    }
    return GradSyntaxError(
        f"the special name '{name}' is not in the language",
        span,
        helps.get(
            name,
            "special methods are those for calls, arithmetic, comparison, containers, "
            "iteration, `with` and text",
        ),
    )


__all__ = ["MISSING", "QUANTUM", "Code", "Expressions", "give_name"]
