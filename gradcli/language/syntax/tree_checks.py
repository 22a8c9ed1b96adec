"""What Python's compiler checks when the tree is whole: where statements may stand, scopes.

Only statements are walked, unless a scope has `global` or `nonlocal`. Recursion follows blocks,
which the lexer bounds.
"""

from __future__ import annotations

from . import nodes as s
from .error import GradSyntaxError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from .source import Span

    Scope = s.Module | s.FunctionDef | s.ClassDef | s.Lambda


def check(module: s.Module) -> None:
    """Raises GradSyntaxError for a statement that cannot stand where it does."""
    _Checker().scope(module, ())


class _Checker:
    """The walk; `scopes` are the scopes around, the outermost first."""

    def scope(
        self, scope: s.Module | s.FunctionDef | s.ClassDef, around: tuple[Scope, ...]
    ) -> None:
        declared: list[s.Global | s.Nonlocal] = []
        self.block(scope.body, (*around, scope), False, declared)
        if declared:
            _declarations(scope, around, declared)

    def block(
        self,
        body: tuple[s.stmt, ...],
        scopes: tuple[Scope, ...],
        loop: bool,
        declared: list[s.Global | s.Nonlocal],
    ) -> None:
        for node in body:
            kind = type(node)
            if kind is s.Expr or kind is s.Assign or kind is s.AugAssign:
                continue
            match node:
                case s.If(tests=tests, orelse=orelse):
                    for _, inner in tests:
                        self.block(inner, scopes, loop, declared)
                    self.block(orelse, scopes, loop, declared)
                case s.For(body=inner, orelse=orelse) | s.While(body=inner, orelse=orelse):
                    self.block(inner, scopes, True, declared)
                    self.block(orelse, scopes, loop, declared)
                case s.With(body=inner):
                    self.block(inner, scopes, loop, declared)
                case s.Try(body=inner, handlers=handlers, orelse=orelse, finalbody=final):
                    self.block(inner, scopes, loop, declared)
                    for handler in handlers:
                        self.block(handler.body, scopes, loop, declared)
                    self.block(orelse, scopes, loop, declared)
                    self.block(final, scopes, loop, declared)
                case s.FunctionDef() | s.ClassDef():
                    self.scope(node, scopes)
                case s.Return():
                    if not isinstance(scopes[-1], s.FunctionDef):
                        raise GradSyntaxError(
                            "'return' outside function",
                            node.span,
                            "only the body of a def can return; print the value, or give it a name",
                        )
                case s.Break():
                    if not loop:
                        raise GradSyntaxError("'break' outside loop", node.span)
                case s.Continue():
                    if not loop:
                        raise GradSyntaxError("'continue' not properly in loop", node.span)
                case s.ImportFrom(names=names):
                    if names[0].name == "*" and len(scopes) > 1:
                        raise GradSyntaxError(
                            "import * only allowed at module level", names[0].span
                        )
                case s.Global() | s.Nonlocal():
                    if isinstance(node, s.Nonlocal) and len(scopes) == 1:
                        raise GradSyntaxError(
                            "nonlocal declaration not allowed at module level", node.span
                        )
                    declared.append(node)


def _declarations(
    scope: s.Module | s.FunctionDef | s.ClassDef,
    around: tuple[Scope, ...],
    declared: list[s.Global | s.Nonlocal],
) -> None:
    """Checks the `global` and `nonlocal` statements of one scope."""
    parameters = _parameters(scope.args) if isinstance(scope, s.FunctionDef) else {}
    uses: dict[str, tuple[Span, bool]] = {}
    for name, span, stored in _names(scope):
        uses.setdefault(name, (span, stored))
    kinds: dict[str, str] = {}
    for node in declared:
        kind = "global" if isinstance(node, s.Global) else "nonlocal"
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
                isinstance(outer, s.FunctionDef) and _binds(outer, name) for outer in around
            ):
                raise GradSyntaxError(
                    f"no binding for nonlocal '{name}' found",
                    span,
                    "for a name of the whole program write global",
                )


def _parameters(arguments: s.arguments) -> dict[str, Span]:
    found = (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)
    spans = {arg.arg: arg.span for arg in found}
    for arg in (arguments.vararg, arguments.kwarg):
        if arg is not None:
            spans[arg.arg] = arg.span
    return spans


def _binds(function: s.FunctionDef, name: str) -> bool:
    """Whether a name is a variable of this function."""
    if name in _parameters(function.args):
        return True
    stored = any(name == found and stored for found, _, stored in _names(function))
    outer = any(
        name in node.names for node in _statements(function.body) if isinstance(node, s.Global)
    )
    return stored and not outer


def _statements(body: tuple[s.stmt, ...]) -> Iterator[s.stmt]:
    """All statements of a scope, those in blocks too, without inner scopes."""
    stack = list(reversed(body))
    while stack:
        node = stack.pop()
        yield node
        inner: list[s.stmt] = []
        match node:
            case s.If(tests=tests, orelse=orelse):
                for _, block in tests:
                    inner += block
                inner += orelse
            case s.For(body=block, orelse=orelse) | s.While(body=block, orelse=orelse):
                inner += (*block, *orelse)
            case s.With(body=block):
                inner += block
            case s.Try(body=block, handlers=handlers, orelse=orelse, finalbody=final):
                inner += block
                for handler in handlers:
                    inner += handler.body
                inner += (*orelse, *final)
        stack += reversed(inner)


def _names(scope: s.Module | s.FunctionDef | s.ClassDef) -> Iterator[tuple[str, Span, bool]]:
    """The names that a scope uses itself, in the order of the text, and whether it binds them."""
    found: list[tuple[str, Span, bool]] = []
    stack: list[object] = list(scope.body)
    while stack:
        node = stack.pop()
        if isinstance(node, tuple):
            stack += node
            continue
        if not isinstance(node, s.Node):
            continue
        match node:
            case s.Name(id=name):
                found.append((name, node.span, False))
                continue
            case s.FunctionDef(args=arguments):
                found.append((node.name, node.name_span, True))
                stack += (node.decorator_list, node.returns, arguments.defaults)
                stack.append(arguments.kw_defaults)
                continue
            case s.ClassDef():
                found.append((node.name, node.name_span, True))
                stack += (node.decorator_list, node.bases, node.keywords)
                continue
            case s.Lambda(args=arguments):
                stack += (arguments.defaults, arguments.kw_defaults)
                continue
            case s.Assign(targets=targets):
                _stores(targets, found)
            case (
                s.AugAssign(target=target) | s.AnnAssign(target=target) | s.NamedExpr(target=target)
            ):
                _stores((target,), found)
            case s.For(target=target):
                _stores((target,), found)
            case s.Delete(targets=targets):
                _stores(targets, found)
            case s.withitem(optional_vars=target) if target is not None:
                _stores((target,), found)
            case s.ExceptHandler(name=str() as name, name_span=span) if span is not None:
                found.append((name, span, True))
            case s.alias():
                bound = node.asname or node.name.partition(".")[0]
                found.append((bound, node.span, True))
        stack += [value for _, value in node.fields()]
    found.sort(key=lambda use: (use[1].start, not use[2]))
    yield from found


def _stores(targets: tuple[s.expr, ...], found: list[tuple[str, Span, bool]]) -> None:
    stack = list(targets)
    while stack:
        node = stack.pop()
        if isinstance(node, s.Name):
            found.append((node.id, node.span, True))
        elif isinstance(node, s.Tuple | s.List):
            stack += node.elts
        elif isinstance(node, s.Starred):
            stack.append(node.value)
