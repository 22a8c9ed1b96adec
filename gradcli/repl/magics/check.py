"""`%check`: gradients of a result against finite differences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from gradcli.autograd import api
from gradcli.autograd.leaf import is_leaf, requires_grad, requires_grad_
from gradcli.autograd.modes import enable_grad
from gradcli.func import recorded
from gradcli.language.errors.program_error import ProgramError
from gradcli.language.interpreter import UNSET, Program
from gradcli.language.syntax import nodes
from gradcli.language.syntax.error import GradSyntaxError
from gradcli.language.syntax.parser import parse
from gradcli.language.syntax.source import Source
from gradcli.repl.session.failed import Failed
from gradcli.repl.session.graph_size import roots_of
from gradcli.tensor import dtypes
from gradcli.tensor.runtime import runtime
from gradcli.tensor.tensor import Tensor, make, shape_of

from .parse import arguments

if TYPE_CHECKING:
    from gradcli.repl.session.shell import Shell

STEP = 1e-6
MOST = 300  # elements of a leaf that are moved; of a larger one, that many at random
RTOL, ATOL = 1e-3, 1e-5


class Recipe:
    """The statements that make a result from the leaves, to be run again with other values."""

    def __init__(self, shell: Shell, text: str) -> None:
        self.shell = shell
        self.text = text
        self.leaves: dict[str, Tensor] = {}
        self.statements: list[tuple[Source, Program]] = []
        self._slice()

    def _compile(self, text: str) -> Program:
        source = Source(text, "check")
        return Program(source, parse(source), "interactive")

    def _slice(self) -> None:
        """Find, from the last one to the first, the statements that the result depends on."""
        needed: set[str] = set()
        wanted = [self._compile(self.text)]
        needed |= _reads(wanted[0])
        for statement in reversed(self.shell.statements):
            if not needed & self._open_names(needed):
                break
            try:
                program = self._compile(statement.text)
            except GradSyntaxError:
                continue
            written = _writes(program) & self._open_names(needed)
            if not written:
                continue
            wanted.append(program)
            if not _updates(program):
                needed -= written
            needed |= _reads(program)
        for name in needed:
            value: Any = self.shell.names.get(name)
            if _is_free(value):
                self.leaves[name] = value
        self.statements = [(program.source, program) for program in reversed(wanted)]

    def _open_names(self, needed: set[str]) -> set[str]:
        """The needed names whose values lead back to leaves; others stay as they are."""
        return {name for name in needed if roots_of([self.shell.names.get(name)])}

    def run(self, values: dict[str, Any]) -> Any:
        """The result for other values of the leaves, computed in float64."""
        names = {name: _double(value) for name, value in self.shell.names.items()}
        names.update(values)
        session = self.shell.session
        kept, write = session.globals, session.stdout
        default = dtypes.default.dtype
        random = self._random()
        session.globals = names
        session.stdout = _ignore
        dtypes.default.dtype = dtypes.float64
        value: Any = UNSET
        try:
            with enable_grad():
                for _, program in self.statements:
                    value = session.run(program).value
        finally:
            session.globals, session.stdout = kept, write
            dtypes.default.dtype = default
            random()
        return value

    def _random(self) -> Any:
        """A function that takes the random numbers back to where they are now."""
        from gradcli.kernels.generator import default_generator as generator

        state = generator.save()
        return lambda: generator.restore(state)


def _ignore(text: str) -> None:
    return None


def _reads(program: Program) -> set[str]:
    found: set[str] = set()
    for scope in program.scope.walk():
        found.update(scope.values)
        found.update(scope.called)
    return found


def _writes(program: Program) -> set[str]:
    """The names that a statement assigns, changes in place or gives to an in-place method."""
    found = set(program.assigned)
    stack: list[Any] = [program.tree]
    while stack:
        node = stack.pop()
        if isinstance(node, nodes.Call) and isinstance(node.func, nodes.Attribute):
            base = node.func.value
            name = node.func.attr
            if isinstance(base, nodes.Name) and (name.endswith("_") or name == "append"):
                found.add(base.id)
        if isinstance(node, nodes.Subscript | nodes.Attribute):
            owner = node.value
            if isinstance(owner, nodes.Name) and _is_target(program, node):
                found.add(owner.id)
        if isinstance(node, nodes.Node):
            stack += [value for _, value in node.fields()]
        elif isinstance(node, tuple | list):
            stack += node
    return found


def _is_target(program: Program, wanted: Any) -> bool:
    tree: Any = program.tree
    for statement in tree.body:
        targets = getattr(statement, "targets", None) or (getattr(statement, "target", None),)
        if any(target is wanted for target in targets):
            return True
    return False


def _updates(program: Program) -> bool:
    """Whether a statement needs the earlier values of the names that it writes."""
    tree: Any = program.tree
    return not all(isinstance(s, nodes.Assign | nodes.FunctionDef) for s in tree.body) or any(
        not isinstance(target, nodes.Name | nodes.Tuple)
        for s in tree.body
        if isinstance(s, nodes.Assign)
        for target in s.targets
    )


def _is_free(value: Any) -> bool:
    return (
        type(value) is Tensor
        and value.level is None
        and is_leaf(value)
        and requires_grad(value)
        and value.dtype.is_floating_point
    )


def _double(value: Any) -> Any:
    """A floating leaf or constant in float64; other values as they are."""
    if type(value) is not Tensor or value.level is not None or not value.dtype.is_floating_point:
        return value
    if not is_leaf(value):
        return value
    copy = make(np.array(value.array, np.float64)[()], dtypes.float64)
    return requires_grad_(copy) if requires_grad(value) else copy


def check(shell: Shell, text: str) -> None:
    expression = text.strip()
    if not expression:
        arguments("check", text, 1, 1)
    shell.evaluate(expression)
    recipe = Recipe(shell, expression)
    if not recipe.leaves:
        raise Failed(f"`{expression}` does not depend on a leaf that requires grad")
    leaves = {name: _double(value) for name, value in recipe.leaves.items()}
    try:
        y = recipe.run(leaves)
    except ProgramError as error:
        raise Failed(f"what made `{expression}` cannot be run again: {error.title}") from None
    if type(y) is not Tensor or not requires_grad(y):
        raise Failed(f"`{expression}` is not on a graph")
    _same_value(shell, expression, y)
    rng = np.random.default_rng(0)
    weights = np.ones(shape_of(y)) if y.array.size == 1 else rng.standard_normal(shape_of(y))
    cotangent = make(weights[()], y.dtype)
    grads = api.grad(y, list(leaves.values()), [cotangent], retain_graph=True, allow_unused=True)
    worst = 0.0
    for (name, leaf), found in zip(leaves.items(), grads, strict=True):
        worst = max(worst, _compare(shell, recipe, leaves, name, leaf, found, cotangent, rng))
    _dot_test(shell, y, leaves, grads, cotangent, rng)


def _same_value(shell: Shell, expression: str, y: Tensor) -> None:
    """Raise Failed when running again gives another value, as with new random numbers."""
    old = shell.evaluate(expression)
    if type(old) is not Tensor or shape_of(old) != shape_of(y):
        raise Failed(f"what made `{expression}` gives another result when it is run again")
    tolerance = 10 * np.sqrt(np.finfo(old.array.dtype).eps) if old.dtype.raw else 0.1
    if not np.allclose(old.array, y.array, rtol=tolerance, atol=tolerance, equal_nan=True):
        shell.say(
            f"warning: `{expression}` has another value when it is run again (random numbers, or a "
            "leaf that was changed since); this check is about the new one"
        )


def _compare(
    shell: Shell,
    recipe: Recipe,
    leaves: dict[str, Tensor],
    name: str,
    leaf: Tensor,
    found: Any,
    cotangent: Tensor,
    rng: Any,
) -> float:
    """Move the elements of one leaf, and show how the gradient compares."""
    analytic = np.zeros(shape_of(leaf)) if found is None else np.asarray(found.array)
    size = analytic.size
    chosen: Sequence[int] = range(size)
    if size > MOST:
        chosen = sorted(rng.choice(size, MOST, replace=False).tolist())
    worst, where, numeric_there = -1.0, 0, 0.0
    for index in chosen:
        if runtime.stop is not None:
            runtime.check()
        numeric = _difference(recipe, leaves, name, leaf, index, cotangent)
        exact = float(analytic.reshape(-1)[index])
        error = abs(numeric - exact) - ATOL - RTOL * max(abs(numeric), abs(exact))
        if error > worst or not np.isfinite(error):
            worst, where, numeric_there = error, index, numeric
    of = "" if size <= MOST else f" ({MOST} of {size:,} elements)"
    if worst <= 0:
        shell.say(f"{name}  ok{of}")
        return 0.0
    place = list(map(int, np.unravel_index(where, analytic.shape))) if analytic.ndim else ""
    exact = float(analytic.reshape(-1)[where])
    shell.say(
        f"{name}  WRONG{of}: at {name}{place or ''} the gradient is {exact:.6g}, differences say "
        f"{numeric_there:.6g}"
    )
    return worst


def _difference(
    recipe: Recipe,
    leaves: dict[str, Tensor],
    name: str,
    leaf: Tensor,
    index: int,
    cotangent: Tensor,
) -> float:
    """The central difference of the weighted result by one element."""
    values = []
    for sign in (1, -1):
        moved = np.array(leaf.array, np.float64)
        step = STEP * max(1.0, abs(float(moved.reshape(-1)[index])))
        moved.reshape(-1)[index] += sign * step
        changed = {**leaves, name: requires_grad_(make(moved[()], leaf.dtype))}
        y = recipe.run(changed)
        values.append(float((np.asarray(y.array) * np.asarray(cotangent.array)).sum().real))
    return (values[0] - values[1]) / (2 * step)


def _dot_test(
    shell: Shell,
    y: Tensor,
    leaves: dict[str, Tensor],
    grads: Sequence[Any],
    cotangent: Tensor,
    rng: Any,
) -> None:
    """Forward and reverse mode must agree: v·(J u) is (vJ)·u."""
    live = [
        (leaf, grad) for leaf, grad in zip(leaves.values(), grads, strict=True) if grad is not None
    ]
    directions = [make(rng.standard_normal(shape_of(leaf))[()], leaf.dtype) for leaf, _ in live]
    tangent = recorded.jvp(y, [leaf for leaf, _ in live], directions)
    forward = float((np.asarray(cotangent.array) * np.asarray(tangent.array)).sum().real)
    reverse = sum(
        float((np.asarray(grad.array) * np.asarray(u.array)).sum())
        for (_, grad), u in zip(live, directions, strict=True)
    )
    same = abs(forward - reverse) <= ATOL + RTOL * max(abs(forward), abs(reverse))
    shell.say(f"jvp and vjp {'agree' if same else f'differ: {forward:.6g} and {reverse:.6g}'}")
