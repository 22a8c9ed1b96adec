"""What Python's compiler checks when the tree is whole: where statements may stand, scopes.

Only statements are walked, unless a scope has `global` or `nonlocal`. Recursion follows blocks,
which the lexer bounds.
"""

from __future__ import annotations

from . import nodes
from .error import GradSyntaxError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from .source import Span

    Scope = nodes.Module | nodes.FunctionDef | nodes.ClassDef | nodes.Lambda


_YIELDS = (nodes.Yield, nodes.YieldFrom)


def yield_outside(node: nodes.Yield | nodes.YieldFrom) -> GradSyntaxError:
    """The error for a `yield` that no function has."""
    return GradSyntaxError(
        "'yield' outside function", node.span, "only the body of a def can yield"
    )


def check(module: nodes.Module) -> None:
    """Raises GradSyntaxError for a statement that cannot stand where it does."""
    _Checker().scope(module, ())


class _Checker:
    """The walk; `scopes` are the scopes around, the outermost first."""

    def scope(
        self, scope: nodes.Module | nodes.FunctionDef | nodes.ClassDef, around: tuple[Scope, ...]
    ) -> None:
        declared: list[nodes.Global | nodes.Nonlocal] = []
        self.block(scope.body, (*around, scope), False, declared)
        if declared:
            _declarations(scope, around, declared)

    def block(
        self,
        body: tuple[nodes.stmt, ...],
        scopes: tuple[Scope, ...],
        loop: bool,
        declared: list[nodes.Global | nodes.Nonlocal],
    ) -> None:
        for node in body:
            kind = type(node)
            if kind is nodes.Expr or kind is nodes.Assign or kind is nodes.AugAssign:
                value = node.value  # type: ignore[attr-defined]
                if type(value) in _YIELDS and type(scopes[-1]) is not nodes.FunctionDef:
                    raise yield_outside(value)
                continue
            match node:
                case nodes.If(tests=tests, orelse=orelse):
                    for _, inner in tests:
                        self.block(inner, scopes, loop, declared)
                    self.block(orelse, scopes, loop, declared)
                case nodes.For(body=inner, orelse=orelse) | nodes.While(body=inner, orelse=orelse):
                    self.block(inner, scopes, True, declared)
                    self.block(orelse, scopes, loop, declared)
                case nodes.With(body=inner):
                    self.block(inner, scopes, loop, declared)
                case nodes.Try(body=inner, handlers=handlers, orelse=orelse, finalbody=final):
                    self.block(inner, scopes, loop, declared)
                    for handler in handlers:
                        self.block(handler.body, scopes, loop, declared)
                    self.block(orelse, scopes, loop, declared)
                    self.block(final, scopes, loop, declared)
                case nodes.FunctionDef() | nodes.ClassDef():
                    self.scope(node, scopes)
                case nodes.Return():
                    if not isinstance(scopes[-1], nodes.FunctionDef):
                        raise GradSyntaxError(
                            "'return' outside function",
                            node.span,
                            "only the body of a def can return; print the value, or give it a name",
                        )
                case nodes.Break():
                    if not loop:
                        raise GradSyntaxError("'break' outside loop", node.span)
                case nodes.Continue():
                    if not loop:
                        raise GradSyntaxError("'continue' not properly in loop", node.span)
                case nodes.ImportFrom(names=names):
                    if names[0].name == "*" and len(scopes) > 1:
                        raise GradSyntaxError(
                            "import * only allowed at module level", names[0].span
                        )
                case nodes.Global() | nodes.Nonlocal():
                    if isinstance(node, nodes.Nonlocal) and len(scopes) == 1:
                        raise GradSyntaxError(
                            "nonlocal declaration not allowed at module level", node.span
                        )
                    declared.append(node)


def _declarations(
    scope: nodes.Module | nodes.FunctionDef | nodes.ClassDef,
    around: tuple[Scope, ...],
    declared: list[nodes.Global | nodes.Nonlocal],
) -> None:
    """Checks the `global` and `nonlocal` statements of one scope."""
    parameters = _parameters(scope.args) if isinstance(scope, nodes.FunctionDef) else {}
    uses: dict[str, tuple[Span, bool]] = {}
    for name, span, stored in _names(scope):
        uses.setdefault(name, (span, stored))
    kinds: dict[str, str] = {}
    for node in declared:
        kind = "global" if isinstance(node, nodes.Global) else "nonlocal"
        for name, span in zip(node.names, node.name_spans, strict=True):
            if name in parameters:
                raise GradSyntaxError(
                    f"name '{name}' is parameter and {kind}",
                    span,
                    labels=((parameters[name], "the parameter"),),
                )
            if kinds.setdefault(name, kind) != kind:
                raise GradSyntaxError(f"name '{name}' is nonlocal and global", span)
            if name in uses and uses[name][0].start < span.start:
                first, stored = uses[name]
                how = "assigned to before" if stored else "used prior to"
                raise GradSyntaxError(
                    f"name '{name}' is {how} {kind} declaration",
                    span,
                    f"put the {kind} line first",
                    labels=((first, "first here"),),
                )
            if kind == "nonlocal" and not any(
                isinstance(outer, nodes.FunctionDef) and _binds(outer, name) for outer in around
            ):
                raise GradSyntaxError(
                    f"no binding for nonlocal '{name}' found",
                    span,
                    "for a name of the whole program write global",
                )


def _parameters(arguments: nodes.arguments) -> dict[str, Span]:
    found = (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)
    spans = {arg.arg: arg.span for arg in found}
    for arg in (arguments.vararg, arguments.kwarg):
        if arg is not None:
            spans[arg.arg] = arg.span
    return spans


def _binds(function: nodes.FunctionDef, name: str) -> bool:
    """Whether a name is a variable of this function."""
    if name in _parameters(function.args):
        return True
    stored = any(name == found and stored for found, _, stored in _names(function))
    outer = any(
        name in node.names for node in _statements(function.body) if isinstance(node, nodes.Global)
    )
    return stored and not outer


def _statements(body: tuple[nodes.stmt, ...]) -> Iterator[nodes.stmt]:
    """All statements of a scope, those in blocks too, without inner scopes."""
    stack = list(reversed(body))
    while stack:
        node = stack.pop()
        yield node
        inner: list[nodes.stmt] = []
        match node:
            case nodes.If(tests=tests, orelse=orelse):
                for _, block in tests:
                    inner += block
                inner += orelse
            case nodes.For(body=block, orelse=orelse) | nodes.While(body=block, orelse=orelse):
                inner += (*block, *orelse)
            case nodes.With(body=block):
                inner += block
            case nodes.Try(body=block, handlers=handlers, orelse=orelse, finalbody=final):
                inner += block
                for handler in handlers:
                    inner += handler.body
                inner += (*orelse, *final)
        stack += reversed(inner)


def _names(
    scope: nodes.Module | nodes.FunctionDef | nodes.ClassDef,
) -> Iterator[tuple[str, Span, bool]]:
    """The names that a scope uses itself, in the order of the text, and whether it binds them."""
    found: list[tuple[str, Span, bool]] = []
    stack: list[object] = list(scope.body)
    while stack:
        node = stack.pop()
        if isinstance(node, tuple):
            stack += node
            continue
        if not isinstance(node, nodes.Node):
            continue
        match node:
            case nodes.Name(id=name):
                found.append((name, node.span, False))
                continue
            case nodes.FunctionDef(args=arguments):
                found.append((node.name, node.name_span, True))
                stack += (node.decorator_list, node.returns, arguments.defaults)
                stack.append(arguments.kw_defaults)
                continue
            case nodes.ClassDef():
                found.append((node.name, node.name_span, True))
                stack += (node.decorator_list, node.bases, node.keywords)
                continue
            case nodes.Lambda(args=arguments):
                stack += (arguments.defaults, arguments.kw_defaults)
                continue
            case nodes.Assign(targets=targets):
                _stores(targets, found)
            case (
                nodes.AugAssign(target=target)
                | nodes.AnnAssign(target=target)
                | nodes.NamedExpr(target=target)
            ):
                _stores((target,), found)
            case nodes.For(target=target):
                _stores((target,), found)
            case nodes.Delete(targets=targets):
                _stores(targets, found)
            case nodes.withitem(optional_vars=target) if target is not None:
                _stores((target,), found)
            case nodes.ExceptHandler(name=str() as name, name_span=span) if span is not None:
                found.append((name, span, True))
            case nodes.alias():
                bound = node.asname or node.name.partition(".")[0]
                found.append((bound, node.span, True))
        stack += [value for _, value in node.fields()]
    found.sort(key=lambda use: (use[1].start, not use[2]))
    yield from found


def _stores(targets: tuple[nodes.expr, ...], found: list[tuple[str, Span, bool]]) -> None:
    stack = list(targets)
    while stack:
        node = stack.pop()
        if isinstance(node, nodes.Name):
            found.append((node.id, node.span, True))
        elif isinstance(node, nodes.Tuple | nodes.List):
            stack += node.elts
        elif isinstance(node, nodes.Starred):
            stack.append(node.value)
