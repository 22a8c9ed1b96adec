"""`%check`: gradients of a result against finite differences."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

import numpy as np

from gradcli.autograd.leaf import is_leaf, requires_grad
from gradcli.autograd.modes import enable_grad
from gradcli.explain.check import (
    Check,
    Named,
    NothingToCheck,
    Observe,
    Tolerances,
    double_precision,
    fresh,
    report,
    widened,
)
from gradcli.explain.cuts import Piece
from gradcli.explain.parameters import borrowed, free_parameters
from gradcli.language.errors.program_error import ProgramError
from gradcli.language.interpreter import UNSET, Program
from gradcli.language.machine.state import machine
from gradcli.language.syntax import nodes
from gradcli.language.syntax.error import GradSyntaxError
from gradcli.language.syntax.parser import parse
from gradcli.language.syntax.source import Source
from gradcli.repl.session.failed import Failed
from gradcli.tensor.tensor import Tensor, shape_of

from .explain import texts_of
from .gradients import last_result
from .parse import result, split

if TYPE_CHECKING:
    from gradcli.repl.session.shell import Shell


class Recipe:
    """The statements that make a result from the leaves, to be run again with other values."""

    def __init__(self, shell: Shell, text: str) -> None:
        self.shell = shell
        self.name = text
        self.leaves: dict[str, Tensor] = {}
        self.statements: list[Program] = []
        ran, machine.ran = machine.ran, None  # what runs again is no record of the session
        try:
            self._slice()
        finally:
            machine.ran = ran

    def _slice(self) -> None:
        """Find, from the last one to the first, the statements that the result depends on.

        Those that no leaf has to do with are not run again: what they made stays as it is.
        """
        names = self.shell.names
        parameters = free_parameters(names)
        owners = {name.partition(".")[0] for name in parameters}
        moved = owners | {name for name, value in names.items() if _is_free(value)}
        trees = [statement.piece for statement in self.shell.statements if statement.piece]
        source = Source(self.name, "check")
        result = Program(source, parse(source), "interactive")
        steps = Steps([_program(tree, source) for tree, source in trees], moved, set())
        kept, needed = steps.behind(_reads(result))
        self.statements = [*kept, result]
        used = moved & needed
        self.leaves = {name: names[name] for name in names if name in used - owners}
        self.leaves |= {n: p for n, p in parameters.items() if n.partition(".")[0] in used}

    def texts(self) -> tuple[list[Piece], str]:
        """What the session ran, and what the result is bound to."""
        return texts_of(self.shell, self.name)

    def run(self, replaced: Named, observe: Observe, wide: bool = False) -> None:
        """Run the statements with other values of the leaves."""
        with double_precision() if wide else nullcontext():
            self._run(replaced, observe, widened if wide else fresh)

    def _run(self, replaced: Named, observe: Observe, copied: Callable[[Tensor], Tensor]) -> None:
        names = {
            name: copied(value) if _is_made_anew(value) else value
            for name, value in self.shell.names.items()
        }
        parameters = {name: value for name, value in replaced.items() if "." in name}
        names.update((n, value) for n, value in replaced.items() if n not in parameters)
        for name, leaf in self.leaves.items():
            observe(name, replaced.get(name, names.get(name, leaf)), -1)
        session = self.shell.session
        kept, write = session.globals, session.stdout
        random = self._random()
        session.globals = names
        session.stdout = _ignore
        value: Any = UNSET
        try:
            with self._untouched(), enable_grad(), borrowed(names, parameters, copied):
                for program in self.statements:
                    value = session.run(program).value
                observe("", value, 0)
        finally:
            session.globals, session.stdout = kept, write
            random()

    def _untouched(self) -> AbstractContextManager[None]:
        """What takes back what the statements do to lists, optimizers and other values."""
        undo = self.shell.undo
        return nullcontext() if undo is None else undo.untouched()

    def _random(self) -> Any:
        """A function that takes the random numbers back to where they are now."""
        from gradcli.kernels.generator import default_generator as generator
        from gradcli.repl.session.snapshot import kind_of

        kind = kind_of(generator)
        assert kind is not None
        state = kind.take(generator)
        return lambda: kind.put(generator, state)


class Steps:
    """Statements that ran one after another, and which of their names are made of leaves.

    `moved` are the names that values are changed under; `before` are those that are made of leaves
    already.
    """

    def __init__(self, programs: list[Program], moved: set[str], before: set[str]) -> None:
        self.programs = programs
        self.moved = moved
        self.reads = [_reads(program) for program in programs]
        self.writes = [_writes(program) for program in programs]
        self.open = set(before)  # names that are made of leaves, on the graph or not
        for reads, writes in zip(self.reads, self.writes, strict=True):
            if reads & (moved | self.open):
                self.open |= writes - moved
        self.last: set[int] = set()  # places of loops of which the last pass is enough

    def behind(self, needed: set[str]) -> tuple[list[Program], set[str]]:
        """The statements that make what is needed of the leaves, and what these need in turn."""
        return self._slice(needed)[:2]

    def _slice(self, needed: set[str]) -> tuple[list[Program], set[str], list[int]]:
        needed = set(needed)
        kept: list[Program] = []
        places: list[int] = []
        for place in reversed(range(len(self.programs))):
            program, writes = self.programs[place], self.writes[place]
            if not writes & needed & self.open:
                continue
            places.append(place)
            last = self._last_pass(program, needed)
            if last is not None:
                self.last.add(place)
                kept[:0], needed = last
                continue
            kept.insert(0, program)
            if not _updates(program):
                needed -= writes
            needed |= self.reads[place]
        return kept, needed, places

    def _last_pass(
        self, program: Program, needed: set[str]
    ) -> tuple[list[Program], set[str]] | None:
        """The same of a loop's last pass, where that alone made what is needed.

        What a step of an optimizer or a backward pass in the loop did is no part of the result
        then. None when a pass goes on with what an earlier one left, or when it may end early.
        """
        tree: Any = program.tree
        loop = tree.body[0]
        if len(tree.body) > 1 or not isinstance(loop, nodes.For | nodes.While) or loop.orelse:
            return None
        body = [_program(statement, program.source) for statement in loop.body]
        written = set().union(*map(_writes, body))
        steps = Steps(body, self.moved, self.open - written)
        kept, wanted, places = steps._slice(needed)
        if not places:
            return None
        outside = wanted - self.moved
        for place, writes in enumerate(steps.writes):
            later = any(
                writes & outside & steps.reads[reader] for reader in places if reader < place
            )
            carried = place in places and place not in steps.last and writes & outside
            if later or carried:
                return None
            if place < max(places) and _jumps(body[place]):
                return None
        return kept, wanted


def _program(tree: Any, source: Source) -> Program:
    return Program(source, nodes.Module((tree,), tree.span), "interactive")


def _jumps(program: Program) -> bool:
    stack: list[Any] = [program.tree]
    while stack:
        node = stack.pop()
        if isinstance(node, nodes.Break | nodes.Continue):
            return True
        if isinstance(node, nodes.Node):
            stack += [value for _, value in node.fields()]
        elif isinstance(node, tuple | list):
            stack += node
    return False


def _ignore(text: str) -> None:
    return None


def _reads(program: Program) -> set[str]:
    found: set[str] = set()
    for scope in program.scope.walk():
        found.update(scope.values)
        found.update(scope.called)
    return found


def _writes(program: Program) -> set[str]:
    """The names that a statement assigns or changes, by methods too."""
    found = set(program.assigned)
    stack: list[Any] = [program.tree]
    while stack:
        node = stack.pop()
        if isinstance(node, nodes.Call) and isinstance(node.func, nodes.Attribute):
            base = node.func.value
            name = node.func.attr
            if isinstance(base, nodes.Name) and (
                name.endswith("_") or name == "append" or name.startswith("register_")
            ):
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
        and value.dtype.differentiable
    )


def _is_made_anew(value: Any) -> bool:
    """Whether a run has its own copy of a value: of leaves and differentiable constants."""
    return (
        type(value) is Tensor
        and value.level is None
        and value.dtype.differentiable
        and is_leaf(value)
    )


_NAME = re.compile(r"[A-Za-z_]\w*(?:\.\w+)*")


def _asked(text: str) -> tuple[str, list[str]]:
    """The expression, and the names of the leaves behind it: `(a + b).sum() a b`."""
    words = split(text)
    leaves: list[str] = []
    while len(words) > 1 and _NAME.fullmatch(words[-1]) and _is_whole(" ".join(words[:-1])):
        leaves.insert(0, words.pop())
    return " ".join(words), leaves


def _is_whole(text: str) -> bool:
    try:
        parse(Source(text, "check"), "expression")
    except GradSyntaxError:
        return False
    return True


def check(shell: Shell, text: str) -> None:
    expression, leaves = _asked(text)
    expression = expression or last_result(shell)
    old = result(shell, expression)
    recipe = Recipe(shell, expression)
    seen: list[Any] = []
    try:
        recipe.run({}, lambda name, value, place: seen.append(value))
        found = Check(recipe)
        if type(seen[-1]) is not Tensor or not requires_grad(seen[-1]):
            raise Failed(f"`{expression}` is not on a graph")
        _compare_values(shell, expression, old, seen[-1])
        for leaf in leaves:
            if leaf not in found.inputs:
                known = ", ".join(found.inputs)
                raise Failed(f"`{leaf}` is no leaf of `{expression}`", f"its leaves are {known}")
        for line in report(found.entries(leaves or found.inputs, Tolerances())):
            shell.tell(line)
    except NothingToCheck:
        if recipe.leaves:
            raise Failed(
                f"`{expression}` does not lead back to its leaves when it is run again",
                "a backward pass, or a step of an optimizer, is among what made it: check a "
                "function of the lines that compute it",
            ) from None
        raise Failed(f"`{expression}` does not depend on a leaf that requires grad") from None
    except ProgramError as error:
        raise Failed(f"what made `{expression}` cannot be run again: {error.title}") from None


def _compare_values(shell: Shell, expression: str, old: Any, y: Tensor) -> None:
    """Say when running again gives another value, as with new random numbers. Raises Failed."""
    if type(old) is not Tensor or shape_of(old) != shape_of(y):
        raise Failed(f"what made `{expression}` gives another result when it is run again")
    tolerance = 10 * np.sqrt(np.finfo(old.array.dtype).eps) if old.dtype.raw else 0.1
    if not np.allclose(old.array, y.array, rtol=tolerance, atol=tolerance, equal_nan=True):
        shell.tell(
            f"warning: `{expression}` has another value when it is run again (random numbers, or a "
            "leaf that was changed since); this check is about the new one"
        )
