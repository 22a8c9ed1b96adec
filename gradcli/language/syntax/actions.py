"""What each rule of the grammar becomes: its children's values to nodes of the syntax tree.

The methods of `Builder` are named after the rules (and aliases) of `grad.lark`; each is given its
children's values in order (a missing optional part is None), where it starts and where it ends. A
token's value is its text. What Python's compiler checks on the spot is checked here: targets,
parameters, arguments.
"""

from __future__ import annotations

from sys import intern

from . import nodes
from .error import GradSyntaxError
from .literals import LiteralError
from .literals import number as number_value
from .literals import string as string_value
from .source import Span

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, NoReturn

    from .source import Source

    Action = Callable[[Sequence[Any], int, int], Any]

_CONVERSIONS = {"s": 115, "r": 114, "a": 97}
_span: Callable[[type[Span], tuple[int, int]], Span] = tuple.__new__


class AsItem(nodes.expr):
    """`test as target` inside parentheses, which only `with` can use; never in a finished tree."""

    value: nodes.expr
    target: nodes.expr
    span: Span


def describe(node: nodes.expr) -> str:
    """What an expression is called in messages, in Python's words."""
    match node:
        case nodes.Constant(value=value):
            if value is None or value is True or value is False:
                return str(value)
            return "ellipsis" if value is ... else "literal"
        case nodes.Chain() | nodes.BinOp() | nodes.BoolOp() | nodes.UnaryOp():
            return "expression"
    return _DESCRIPTIONS.get(type(node), "expression")


_DESCRIPTIONS: dict[type[nodes.expr], str] = {
    nodes.Attribute: "attribute",
    nodes.Call: "function call",
    nodes.Compare: "comparison",
    nodes.Dict: "dict literal",
    nodes.DictComp: "dict comprehension",
    nodes.FormattedValue: "f-string expression",
    nodes.GeneratorExp: "generator expression",
    nodes.IfExp: "conditional expression",
    nodes.JoinedStr: "f-string expression",
    nodes.Lambda: "lambda",
    nodes.List: "list",
    nodes.ListComp: "list comprehension",
    nodes.Name: "name",
    nodes.NamedExpr: "named expression",
    nodes.Set: "set display",
    nodes.SetComp: "set comprehension",
    nodes.Starred: "starred",
    nodes.Subscript: "subscript",
    nodes.Tuple: "tuple",
    nodes.Yield: "yield expression",
    nodes.YieldFrom: "yield expression",
}


def identifier(text: str) -> str:
    """A name as Python compares names: normalised (NFKC)."""
    if not text.isascii():
        from unicodedata import normalize

        text = normalize("NFKC", text)
    return intern(text)


def _fail(message: str, span: Span, help: str | None = None) -> NoReturn:
    raise GradSyntaxError(message, span, help)


class Builder:
    """The actions over one source."""

    __slots__ = ("as_items", "named", "source")

    def __init__(self, source: Source) -> None:
        self.source = source
        self.as_items: list[AsItem] = []
        self.named: list[nodes.NamedExpr] = []

    # Targets

    def store(
        self, node: nodes.expr, verb: str = "assign to", hint: str = "", nested: bool = False
    ) -> None:
        """Checks that `node` can be assigned to (or deleted); `hint` completes the message."""
        match node:
            case nodes.Name() | nodes.Attribute() | nodes.Subscript():
                return
            case nodes.Tuple(elts=elements) | nodes.List(elts=elements):
                stars = 0
                for element in elements:
                    if isinstance(element, nodes.Starred) and verb != "delete":
                        stars += 1
                        if stars > 1:
                            _fail(
                                "multiple starred expressions in assignment",
                                element.span,
                                "only one of the names can take the rest",
                            )
                        self.store(element.value, verb, "", True)
                    else:
                        self.store(element, verb, "", True)
                return
            case nodes.Starred() if verb != "delete":
                _fail(
                    "starred assignment target must be in a list or tuple",
                    node.span,
                    "add a comma behind it",
                )
        self.check_as_items()
        what = describe(node)
        if (
            hint
            and isinstance(
                node,
                nodes.Call
                | nodes.Constant
                | nodes.Chain
                | nodes.BinOp
                | nodes.JoinedStr
                | nodes.UnaryOp
                | nodes.Dict
                | nodes.Set
                | nodes.ListComp
                | nodes.SetComp
                | nodes.DictComp
                | nodes.Yield
                | nodes.YieldFrom,
            )
            and what not in ("True", "False", "None")
            and not (isinstance(node, nodes.UnaryOp) and node.op == "not")
        ):
            _fail(
                f"cannot {verb} {what} here. {hint}",
                node.span,
                "write == to compare; only a name, an attribute or an item can be assigned to",
            )
        _fail(f"cannot {verb} {what}", node.span)

    def value(self, node: nodes.expr) -> nodes.expr:
        """Checks that `node` is one value."""
        if type(node) is nodes.Starred:
            _fail("can't use starred expression here", node.span, "add a comma to make a tuple")
        return node

    def check_as_items(self) -> None:
        """Refuses `(a as b)` outside `with`."""
        for item in self.as_items:
            start = item.value.span.end
            start = self.source.text.find("as", start, item.target.span.start)
            _fail(
                "invalid syntax",
                Span(start, start + 2),
                "`as` gives a name in with, import and except only",
            )

    # Programs and simple statements

    def program(self, c: Sequence[Any], a: int, b: int) -> nodes.Module:
        self.check_as_items()
        return nodes.Module(tuple(c), Span(0, len(self.source.text)))

    def expression(self, c: Sequence[Any], a: int, b: int) -> nodes.Expression:
        self.check_as_items()
        return nodes.Expression(c[0], Span(0, len(self.source.text)))

    def block(self, c: Sequence[Any], a: int, b: int) -> tuple[nodes.stmt, ...]:
        return tuple(c)

    def expression_statement(self, c: Sequence[Any], a: int, b: int) -> nodes.Expr:
        return nodes.Expr(self.value(c[0]), Span(a, b))

    def assign(self, c: Sequence[Any], a: int, b: int) -> nodes.Assign:
        targets = tuple(c[:-1])
        for target in targets:
            if type(target) is not nodes.Name:
                hint = "Maybe you meant '==' instead of '='?" if len(targets) == 1 else ""
                self.store(target, hint=hint)
        return nodes.Assign(targets, self.value(c[-1]), Span(a, b))

    def aug_assign(self, c: Sequence[Any], a: int, b: int) -> nodes.AugAssign:
        target, op, value = c
        if not isinstance(target, nodes.Name | nodes.Attribute | nodes.Subscript):
            _fail(
                f"'{describe(target)}' is an illegal expression for augmented assignment",
                target.span,
            )
        return nodes.AugAssign(target, op, self.value(value), Span(a, b))

    def aug_op(self, c: Sequence[Any], a: int, b: int) -> str:
        return str(c[0][:-1])

    def ann_assign(self, c: Sequence[Any], a: int, b: int) -> nodes.AnnAssign:
        target, annotation, value = c
        if isinstance(target, nodes.Tuple | nodes.List):
            _fail(f"only single target (not {describe(target)}) can be annotated", target.span)
        if not isinstance(target, nodes.Name | nodes.Attribute | nodes.Subscript):
            _fail("illegal target for annotation", target.span)
        simple = isinstance(target, nodes.Name) and target.span[0] == a
        if value is not None:
            self.value(value)
        return nodes.AnnAssign(target, annotation, value, simple, Span(a, b))

    def return_statement(self, c: Sequence[Any], a: int, b: int) -> nodes.Return:
        if c[0] is not None:
            self.value(c[0])
        return nodes.Return(c[0], Span(a, b))

    def yield_(self, c: Sequence[Any], a: int, b: int) -> nodes.Yield:
        if c[0] is not None:
            self.value(c[0])
        return nodes.Yield(c[0], Span(a, b))

    def yield_from(self, c: Sequence[Any], a: int, b: int) -> nodes.YieldFrom:
        return nodes.YieldFrom(c[0], Span(a, b))

    def pass_statement(self, c: Sequence[Any], a: int, b: int) -> nodes.Pass:
        return nodes.Pass(Span(a, b))

    def break_statement(self, c: Sequence[Any], a: int, b: int) -> nodes.Break:
        return nodes.Break(Span(a, b))

    def continue_statement(self, c: Sequence[Any], a: int, b: int) -> nodes.Continue:
        return nodes.Continue(Span(a, b))

    def delete(self, c: Sequence[Any], a: int, b: int) -> nodes.Delete:
        for target in c:
            self.store(target, "delete")
        return nodes.Delete(tuple(c), Span(a, b))

    def assert_statement(self, c: Sequence[Any], a: int, b: int) -> nodes.Assert:
        return nodes.Assert(c[0], c[1], Span(a, b))

    def raise_statement(self, c: Sequence[Any], a: int, b: int) -> nodes.Raise:
        return nodes.Raise(c[0], c[1], Span(a, b))

    def global_statement(self, c: Sequence[Any], a: int, b: int) -> nodes.Global:
        return nodes.Global(tuple(n.id for n in c), tuple(n.span for n in c), Span(a, b))

    def nonlocal_statement(self, c: Sequence[Any], a: int, b: int) -> nodes.Nonlocal:
        return nodes.Nonlocal(tuple(n.id for n in c), tuple(n.span for n in c), Span(a, b))

    # Imports

    def import_statement(self, c: Sequence[Any], a: int, b: int) -> nodes.Import:
        return nodes.Import(tuple(c), Span(a, b))

    def dotted_alias(self, c: Sequence[Any], a: int, b: int) -> nodes.alias:
        return nodes.alias(c[0][0], identifier(c[1]) if c[1] else None, Span(a, b))

    def dotted_name(self, c: Sequence[Any], a: int, b: int) -> tuple[str, Span]:
        return ".".join(map(identifier, c)), Span(a, b)

    def from_module(self, c: Sequence[Any], a: int, b: int) -> tuple[int, str | None, Span | None]:
        if isinstance(c[-1], tuple):
            name, span = c[-1]
            return sum(c[:-1]), name, span
        return sum(c), None, None

    def import_dots(self, c: Sequence[Any], a: int, b: int) -> int:
        return len(c[0])

    def import_from(self, c: Sequence[Any], a: int, b: int) -> nodes.ImportFrom:
        (level, module, span), names = c
        return nodes.ImportFrom(module, names, level, span, Span(a, b))

    def import_star(self, c: Sequence[Any], a: int, b: int) -> tuple[nodes.alias, ...]:
        return (nodes.alias("*", None, Span(a, b)),)

    def import_names(self, c: Sequence[Any], a: int, b: int) -> tuple[nodes.alias, ...]:
        return tuple(c)

    def import_alias(self, c: Sequence[Any], a: int, b: int) -> nodes.alias:
        return nodes.alias(identifier(c[0]), identifier(c[1]) if c[1] else None, Span(a, b))

    # Compound statements

    def if_statement(self, c: Sequence[Any], a: int, b: int) -> nodes.If:
        return nodes.If(((c[0], c[1]), *c[2:-1]), c[-1] or (), Span(a, b))

    def elif_(self, c: Sequence[Any], a: int, b: int) -> tuple[nodes.expr, tuple[nodes.stmt, ...]]:
        return c[0], c[1]

    def else_(self, c: Sequence[Any], a: int, b: int) -> tuple[nodes.stmt, ...]:
        block: tuple[nodes.stmt, ...] = c[0]
        return block

    finally_ = else_

    def while_statement(self, c: Sequence[Any], a: int, b: int) -> nodes.While:
        return nodes.While(c[0], c[1], c[2] or (), Span(a, b))

    def for_statement(self, c: Sequence[Any], a: int, b: int) -> nodes.For:
        target, iterable, body, orelse = c
        self.store(target)
        return nodes.For(target, self.value(iterable), body, orelse or (), Span(a, b))

    def with_item(self, c: Sequence[Any], a: int, b: int) -> nodes.withitem:
        if c[1] is not None:
            self.store(c[1])
        return nodes.withitem(c[0], c[1], Span(a, b))

    def with_statement(self, c: Sequence[Any], a: int, b: int) -> nodes.With:
        items = tuple(c[:-1])
        inside = items[0].context_expr
        if (
            len(items) == 1
            and items[0].optional_vars is None
            and type(inside) is nodes.Tuple
            and inside.elts
            and not any(type(element) is nodes.Starred for element in inside.elts)
        ):
            found = []
            for element in inside.elts:
                if isinstance(element, AsItem):
                    self.as_items.remove(element)
                    found.append(nodes.withitem(element.value, element.target, element.span))
                else:
                    found.append(nodes.withitem(element, None, element.span))
            items = tuple(found)
        return nodes.With(items, c[-1], Span(a, b))

    def as_item(self, c: Sequence[Any], a: int, b: int) -> AsItem:
        self.store(c[1])
        item = AsItem(c[0], c[1], Span(a, b))
        self.as_items.append(item)
        return item

    def try_statement(self, c: Sequence[Any], a: int, b: int) -> nodes.Try:
        handlers = tuple(c[1:-2])
        for handler in handlers[:-1]:
            if handler.type is None:
                _fail(
                    "default 'except:' must be last",
                    Span(handler.span.start, handler.span.start + 6),
                )
        return nodes.Try(c[0], handlers, c[-2] or (), c[-1] or (), Span(a, b))

    def try_finally(self, c: Sequence[Any], a: int, b: int) -> nodes.Try:
        return nodes.Try(c[0], (), (), c[1], Span(a, b))

    def except_(self, c: Sequence[Any], a: int, b: int) -> nodes.ExceptHandler:
        type, name, body = c
        if name is None:
            return nodes.ExceptHandler(type, None, body, None, Span(a, b))
        return nodes.ExceptHandler(type, name.id, body, name.span, Span(a, b))

    def decorators(self, c: Sequence[Any], a: int, b: int) -> tuple[nodes.expr, ...]:
        return tuple(c)

    def decorated(self, c: Sequence[Any], a: int, b: int) -> nodes.FunctionDef | nodes.ClassDef:
        decorators, f = c
        if isinstance(f, nodes.FunctionDef):
            return nodes.FunctionDef(
                f.name, f.args, f.body, decorators, f.returns, f.name_span, f.span
            )
        return nodes.ClassDef(f.name, f.bases, f.keywords, f.body, decorators, f.name_span, f.span)

    def function(self, c: Sequence[Any], a: int, b: int) -> nodes.FunctionDef:
        name, parameters, returns, body = c
        if parameters is None:
            end = name.span.end
            parameters = nodes.arguments((), (), None, (), (), None, (), Span(end, end))
        return nodes.FunctionDef(name.id, parameters, body, (), returns, name.span, Span(a, b))

    def class_(self, c: Sequence[Any], a: int, b: int) -> nodes.ClassDef:
        name, arguments, body = c
        bases, keywords = arguments or ((), ())
        return nodes.ClassDef(name.id, bases, keywords, body, (), name.span, Span(a, b))

    # Parameters: (kind, arg, default)

    def parameter(
        self, c: Sequence[Any], a: int, b: int
    ) -> tuple[str, nodes.arg, nodes.expr | None]:
        return "", nodes.arg(c[0].id, c[1], Span(a, b)), None

    def parameter_default(
        self, c: Sequence[Any], a: int, b: int
    ) -> tuple[str, nodes.arg, nodes.expr | None]:
        name, annotation, default = c
        end = name.span.end if annotation is None else annotation.span.end
        return "", nodes.arg(name.id, annotation, Span(a, end)), default

    def parameter_star(self, c: Sequence[Any], a: int, b: int) -> tuple[str, nodes.arg, None]:
        return "*", nodes.arg(c[0].id, c[1], Span(c[0].span.start, b)), None

    def parameter_double_star(
        self, c: Sequence[Any], a: int, b: int
    ) -> tuple[str, nodes.arg, None]:
        return "**", nodes.arg(c[0].id, c[1], Span(c[0].span.start, b)), None

    def lambda_parameter(self, c: Sequence[Any], a: int, b: int) -> tuple[str, nodes.arg, None]:
        return "", nodes.arg(c[0].id, None, c[0].span), None

    def lambda_default(self, c: Sequence[Any], a: int, b: int) -> tuple[str, nodes.arg, nodes.expr]:
        return "", nodes.arg(c[0].id, None, c[0].span), c[1]

    def lambda_star(self, c: Sequence[Any], a: int, b: int) -> tuple[str, nodes.arg, None]:
        return "*", nodes.arg(c[0].id, None, c[0].span), None

    def lambda_double_star(self, c: Sequence[Any], a: int, b: int) -> tuple[str, nodes.arg, None]:
        return "**", nodes.arg(c[0].id, None, c[0].span), None

    def keyword_only_mark(self, c: Sequence[Any], a: int, b: int) -> tuple[str, Span, None]:
        return "*", Span(a, b), None

    def positional_only_mark(self, c: Sequence[Any], a: int, b: int) -> tuple[str, Span, None]:
        return "/", Span(a, b), None

    def parameters(self, c: Sequence[Any], a: int, b: int) -> nodes.arguments:
        positional_only: list[nodes.arg] = []
        ordinary: list[nodes.arg] = []
        keyword_only: list[nodes.arg] = []
        defaults: list[nodes.expr] = []
        keyword_defaults: list[nodes.expr | None] = []
        star: nodes.arg | None = None
        double_star: nodes.arg | None = None
        mark: Span | None = None
        seen_star = seen_slash = False
        names: dict[str, Span] = {}
        for kind, item, default in c:
            span = item if isinstance(item, Span) else item.span
            if double_star is not None:
                _fail("arguments cannot follow var-keyword argument", span)
            if isinstance(item, nodes.arg):
                if item.arg in names:
                    raise GradSyntaxError(
                        f"duplicate argument '{item.arg}' in function definition",
                        Span(item.span.start, item.span.start + len(item.arg)),
                        labels=((names[item.arg], "first here"),),
                    )
                names[item.arg] = Span(item.span.start, item.span.start + len(item.arg))
            if kind == "*":
                if seen_star:
                    _fail("* argument may appear only once", span)
                seen_star = True
                if isinstance(item, nodes.arg):
                    star = item
                else:
                    mark = span
            elif kind == "**":
                double_star = item
            elif kind == "/":
                if seen_slash:
                    _fail("/ may appear only once", span)
                if seen_star:
                    _fail("/ must be ahead of *", span)
                if not ordinary:
                    _fail("at least one argument must precede /", span)
                seen_slash = True
                positional_only, ordinary = ordinary, []
            elif seen_star:
                keyword_only.append(item)
                keyword_defaults.append(default)
            else:
                ordinary.append(item)
                if default is not None:
                    defaults.append(default)
                elif defaults:
                    _fail(
                        "non-default argument follows default argument",
                        span,
                        "put it before those that have a default, or give it one",
                    )
        if mark is not None and not keyword_only:
            _fail("named arguments must follow bare *", mark)
        return nodes.arguments(
            tuple(positional_only),
            tuple(ordinary),
            star,
            tuple(keyword_only),
            tuple(keyword_defaults),
            double_star,
            tuple(defaults),
            Span(a, b),
        )

    lambda_parameters = parameters

    # Operators

    def tail(self, c: Sequence[Any], a: int, b: int) -> tuple[str, nodes.expr, int]:
        return c[0], c[1], b

    def chain(self, c: Sequence[Any], a: int, b: int) -> nodes.expr:
        if len(c) == 2:
            op, right, _ = c[1]
            return nodes.BinOp(c[0], op, right, _span(Span, (a, b)))
        rest = tuple([(op, operand, _span(Span, (a, end))) for op, operand, end in c[1:]])
        return nodes.Chain(c[0], rest, Span(a, b))

    def power(self, c: Sequence[Any], a: int, b: int) -> nodes.BinOp:
        return nodes.BinOp(c[0], "**", c[1], _span(Span, (a, b)))

    def unary(self, c: Sequence[Any], a: int, b: int) -> nodes.UnaryOp:
        return nodes.UnaryOp(c[0], c[1], _span(Span, (a, b)))

    def sign(self, c: Sequence[Any], a: int, b: int) -> str:
        return str(c[0])

    def not_expression(self, c: Sequence[Any], a: int, b: int) -> nodes.UnaryOp:
        return nodes.UnaryOp("not", c[0], Span(a, b))

    def and_expression(self, c: Sequence[Any], a: int, b: int) -> nodes.BoolOp:
        return nodes.BoolOp("and", tuple(c), Span(a, b))

    def or_expression(self, c: Sequence[Any], a: int, b: int) -> nodes.BoolOp:
        return nodes.BoolOp("or", tuple(c), Span(a, b))

    def compare(self, c: Sequence[Any], a: int, b: int) -> nodes.Compare:
        return nodes.Compare(c[0], tuple(c[1::2]), tuple(c[2::2]), Span(a, b))

    def comparison_op(self, c: Sequence[Any], a: int, b: int) -> str:
        return str(c[0]) if len(c) == 1 else f"{c[0]} {c[1]}"

    def conditional(self, c: Sequence[Any], a: int, b: int) -> nodes.IfExp:
        return nodes.IfExp(c[1], c[0], c[2], Span(a, b))

    def lambda_expression(self, c: Sequence[Any], a: int, b: int) -> nodes.Lambda:
        parameters = c[0]
        if parameters is None:
            parameters = nodes.arguments((), (), None, (), (), None, (), Span(a + 6, a + 6))
        return nodes.Lambda(parameters, c[1], Span(a, b))

    def named_expression(self, c: Sequence[Any], a: int, b: int) -> nodes.NamedExpr:
        target, value = c
        if not isinstance(target, nodes.Name):
            _fail(f"cannot use assignment expressions with {describe(target)}", target.span)
        named = nodes.NamedExpr(target, value, Span(a, b))
        self.named.append(named)
        return named

    def starred(self, c: Sequence[Any], a: int, b: int) -> nodes.Starred:
        return nodes.Starred(c[0], Span(a, b))

    # Primaries

    def attribute(self, c: Sequence[Any], a: int, b: int) -> nodes.Attribute:
        value, name = c
        return nodes.Attribute(
            value, identifier(name), _span(Span, (b - len(name), b)), _span(Span, (a, b))
        )

    def call(self, c: Sequence[Any], a: int, b: int) -> nodes.Call:
        func, arguments = c
        if arguments is None:
            return nodes.Call(func, (), (), _span(Span, (a, b)))
        return nodes.Call(func, arguments[0], arguments[1], _span(Span, (a, b)))

    def call_generator(self, c: Sequence[Any], a: int, b: int) -> nodes.Call:
        return nodes.Call(c[0], (c[1],), (), Span(a, b))

    def arguments(
        self, c: Sequence[Any], a: int, b: int
    ) -> tuple[tuple[nodes.expr, ...], tuple[nodes.keyword, ...]]:
        positional: list[nodes.expr] = []
        keywords: list[nodes.keyword] = []
        names: set[str] = set()
        unpacked = False
        for item in c:
            if type(item) is nodes.keyword:
                if item.arg is None:
                    unpacked = True
                elif item.arg in names:
                    _fail(f"keyword argument repeated: {item.arg}", item.span)
                else:
                    names.add(item.arg)
                keywords.append(item)
            else:
                if keywords:
                    if type(item) is not nodes.Starred:
                        _fail(
                            "positional argument follows keyword argument"
                            + (" unpacking" if unpacked else ""),
                            item.span,
                            "put the arguments with names last",
                        )
                    if unpacked:
                        _fail(
                            "iterable argument unpacking follows keyword argument unpacking",
                            item.span,
                            "put the arguments with ** last",
                        )
                positional.append(item)
        return tuple(positional), tuple(keywords)

    def keyword_argument(self, c: Sequence[Any], a: int, b: int) -> nodes.keyword:
        name, value = c
        if type(name) is not nodes.Name or name.span[0] != a:
            if isinstance(name, nodes.Constant) and describe(name) in ("True", "False", "None"):
                _fail(f"cannot assign to {describe(name)}", name.span)
            _fail(
                'expression cannot contain assignment, perhaps you meant "=="?',
                Span(a, b),
                "the name of an argument is one word",
            )
        return nodes.keyword(name.id, value, name.span, Span(a, b))

    def star_argument(self, c: Sequence[Any], a: int, b: int) -> nodes.Starred:
        return nodes.Starred(c[0], Span(a, b))

    def double_star_argument(self, c: Sequence[Any], a: int, b: int) -> nodes.keyword:
        return nodes.keyword(None, c[0], Span(a, a + 2), Span(a, b))

    def subscript(self, c: Sequence[Any], a: int, b: int) -> nodes.Subscript:
        value, index = c
        if type(index) is nodes.Starred:
            index = nodes.Tuple((index,), index.span)
        return nodes.Subscript(value, index, _span(Span, (a, b)))

    def slice_(self, c: Sequence[Any], a: int, b: int) -> nodes.Slice:
        step = c[2]
        return nodes.Slice(c[0], c[1], step[0] if step is not None else None, Span(a, b))

    def slice_step(self, c: Sequence[Any], a: int, b: int) -> tuple[nodes.expr | None]:
        return (c[0],)

    # Atoms

    def name(self, c: Sequence[Any], a: int, b: int) -> nodes.Name:
        text = c[0]
        return nodes.Name(intern(text) if text.isascii() else identifier(text), _span(Span, (a, b)))

    def number_(self, c: Sequence[Any], a: int, b: int) -> nodes.Constant:
        try:
            return nodes.Constant(number_value(c[0]), _span(Span, (a, b)))
        except LiteralError as error:
            _fail(error.message, Span(a + error.start, a + error.end), error.help)

    def none(self, c: Sequence[Any], a: int, b: int) -> nodes.Constant:
        return nodes.Constant(None, Span(a, b))

    def true(self, c: Sequence[Any], a: int, b: int) -> nodes.Constant:
        return nodes.Constant(True, Span(a, b))

    def false(self, c: Sequence[Any], a: int, b: int) -> nodes.Constant:
        return nodes.Constant(False, Span(a, b))

    def ellipsis(self, c: Sequence[Any], a: int, b: int) -> nodes.Constant:
        return nodes.Constant(..., Span(a, b))

    def tuple_(self, c: Sequence[Any], a: int, b: int) -> nodes.Tuple:
        return nodes.Tuple(tuple(c), Span(a, b))

    paren_tuple = tuple_

    def empty_tuple(self, c: Sequence[Any], a: int, b: int) -> nodes.Tuple:
        return nodes.Tuple((), Span(a, b))

    def list_(self, c: Sequence[Any], a: int, b: int) -> nodes.List:
        return nodes.List(c[0] or (), Span(a, b))

    def list_items(self, c: Sequence[Any], a: int, b: int) -> tuple[nodes.expr, ...]:
        return tuple(c)

    def set_(self, c: Sequence[Any], a: int, b: int) -> nodes.Set:
        return nodes.Set(tuple(c), Span(a, b))

    def empty_dict(self, c: Sequence[Any], a: int, b: int) -> nodes.Dict:
        return nodes.Dict((), (), Span(a, b))

    def dict_(self, c: Sequence[Any], a: int, b: int) -> nodes.Dict:
        return nodes.Dict(
            tuple([key for key, _ in c]), tuple([value for _, value in c]), Span(a, b)
        )

    def dict_pair(self, c: Sequence[Any], a: int, b: int) -> Sequence[nodes.expr]:
        return c

    def dict_unpack(self, c: Sequence[Any], a: int, b: int) -> tuple[None, nodes.expr]:
        return None, c[0]

    def generator(self, c: Sequence[Any], a: int, b: int) -> nodes.GeneratorExp:
        return nodes.GeneratorExp(c[0], self.generators(c), Span(a, b))

    def list_comprehension(self, c: Sequence[Any], a: int, b: int) -> nodes.ListComp:
        return nodes.ListComp(c[0], self.generators(c), Span(a, b))

    def set_comprehension(self, c: Sequence[Any], a: int, b: int) -> nodes.SetComp:
        return nodes.SetComp(c[0], self.generators(c), Span(a, b))

    def dict_comprehension(self, c: Sequence[Any], a: int, b: int) -> nodes.DictComp:
        return nodes.DictComp(c[0], c[1], self.generators(c), Span(a, b))

    def comprehension(self, c: Sequence[Any], a: int, b: int) -> nodes.comprehension:
        self.store(c[0])
        return nodes.comprehension(c[0], c[1], tuple(c[2:]), Span(a, b))

    def comprehension_if(self, c: Sequence[Any], a: int, b: int) -> nodes.expr:
        condition: nodes.expr = c[0]
        return condition

    def generators(self, c: Sequence[Any]) -> tuple[nodes.comprehension, ...]:
        """The clauses of a comprehension whose parts are `c`; `:=` cannot take their variables."""
        clauses = tuple(part for part in c if type(part) is nodes.comprehension)
        if self.named:
            start, end = c[0].span[0], clauses[-1].span[1]
            inside = [n for n in self.named if start <= n.span[0] and n.span[1] <= end]
            variables = _variables(clauses) if inside else frozenset()
            for named in inside:
                name = named.target.id
                if any(
                    clause.iter.span[0] <= named.span[0] and named.span[1] <= clause.iter.span[1]
                    for clause in clauses
                ):
                    _fail(
                        "assignment expression cannot be used in a comprehension iterable "
                        "expression",
                        named.span,
                        "assign on a line before it",
                    )
                if name in variables:
                    _fail(
                        "assignment expression cannot rebind comprehension iteration variable "
                        f"'{name}'",
                        named.span,
                        "choose another name",
                    )
        return clauses

    # Strings

    def string_(self, c: Sequence[Any], a: int, b: int) -> nodes.Constant:
        try:
            return nodes.Constant(string_value(c[0]), _span(Span, (a, b)))
        except LiteralError as error:
            _fail(error.message, Span(a + error.start, a + error.end), error.help)

    def strings(self, c: Sequence[Any], a: int, b: int) -> nodes.expr:
        if len(c) == 1:
            only: nodes.expr = c[0]
            return only
        if all(type(part) is nodes.Constant for part in c):
            return nodes.Constant("".join([part.value for part in c]), Span(a, b))
        parts: list[nodes.expr] = []
        for part in c:
            parts += part.values if isinstance(part, nodes.JoinedStr) else (part,)
        return nodes.JoinedStr(_joined(parts), Span(a, b))

    def fstring(self, c: Sequence[Any], a: int, b: int) -> nodes.JoinedStr:
        return nodes.JoinedStr(_joined(_flat(c[1:-1])), Span(a, b))

    def fstring_text(self, c: Sequence[Any], a: int, b: int) -> tuple[nodes.expr, ...]:
        return (nodes.Constant(c[0], Span(a, b)),)

    def fstring_field(self, c: Sequence[Any], a: int, b: int) -> tuple[nodes.expr, ...]:
        value, equal, conversion, spec = c
        if type(value) is nodes.Starred:
            _fail("f-string: cannot use starred expression here", value.span)
        code = -1
        if conversion is not None:
            code = _CONVERSIONS.get(conversion, 0)
            if not code:
                start = self.source.text.rfind("!", a, spec.span.start if spec else b) + 1
                _fail(
                    f"f-string: invalid conversion character '{conversion}': "
                    "expected 's', 'r', or 'a'",
                    Span(start, start + len(conversion)),
                )
        elif equal is not None and spec is None:
            code = _CONVERSIONS["r"]
        field = nodes.FormattedValue(value, code, spec, Span(a, b))
        if equal is None:
            return (field,)
        text = self.source.text
        end: int = equal
        while text[end] in " \t\f\r\n":
            end += 1
        return (nodes.Constant(text[a + 1 : end], Span(a + 1, end)), field)

    def fstring_equal(self, c: Sequence[Any], a: int, b: int) -> int:
        return b

    def fstring_spec(self, c: Sequence[Any], a: int, b: int) -> nodes.JoinedStr:
        return nodes.JoinedStr(_joined(_flat(c)), Span(a + 1, b))


def _flat(parts: Sequence[tuple[nodes.expr, ...]]) -> list[nodes.expr]:
    return [value for part in parts for value in part]


def _joined(parts: list[nodes.expr]) -> tuple[nodes.expr, ...]:
    """The parts of an f-string with neighbouring texts made one, and empty ones left out."""
    joined: list[nodes.expr] = []
    for part in parts:
        if isinstance(part, nodes.Constant):
            if part.value == "":
                continue
            last = joined[-1] if joined else None
            if isinstance(last, nodes.Constant):
                joined[-1] = nodes.Constant(
                    str(last.value) + str(part.value), last.span.to(part.span)
                )
                continue
        joined.append(part)
    return tuple(joined)


def _variables(clauses: tuple[nodes.comprehension, ...]) -> frozenset[str]:
    found: set[str] = set()
    stack: list[nodes.expr] = [clause.target for clause in clauses]
    while stack:
        node = stack.pop()
        if isinstance(node, nodes.Name):
            found.add(node.id)
        elif isinstance(node, nodes.Tuple | nodes.List):
            stack += node.elts
        elif isinstance(node, nodes.Starred):
            stack.append(node.value)
    return frozenset(found)
