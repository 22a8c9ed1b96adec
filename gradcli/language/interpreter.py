"""Programs and sessions: what the layers above use to run text.

`compile_program` turns text into a `Program`; `Session.run` runs it in the session's namespace
and returns a `Result`. A program can run many times, in a fresh namespace each time.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Literal

from gradcli.language.compile.exceptions import place_of
from gradcli.language.compile.generators import Generators
from gradcli.language.compile.resolver import GLOBAL, Scope, analyse
from gradcli.language.compile.statements import noted
from gradcli.language.library import prelude
from gradcli.language.library.builtins import REFUSED
from gradcli.language.machine.state import (
    DEFAULT_DEPTH,
    DEFAULT_STEPS,
    FIRST,
    UNBOUND,
    Files,
    machine,
    make_room,
)
from gradcli.language.machine.watch import watch
from gradcli.language.syntax import nodes
from gradcli.language.syntax.error import GradSyntaxError, UndefinedName
from gradcli.language.syntax.parser import parse
from gradcli.language.syntax.source import Source, Span
from gradcli.language.values.attributes import LATE
from gradcli.language.values.functions import Closure
from gradcli.language.values.generators import handling
from gradcli.language.values.special_names import is_special
from gradcli.tensor.keeping import Kept
from gradcli.tensor.runtime import Interrupted, LimitExceeded, resident, runtime

Mode = Literal["auto", "python", "calculator", "interactive"]

UNSET: Any = object()
_WELL = (type(None), int, bool)  # what `sys.exit` takes for a good end, when it is false
# Modules that remember what was done.
KEEPING = ("logging", "numpy", "numpy.random", "os", "os.path", "sys", "warnings")


def _numpy_attributes() -> None:
    """Have the attributes of arrays known to a program that does not import numpy."""
    from gradcli.language.library import numpy_arrays  # noqa: F401


LATE["numpy"] = _numpy_attributes


def _serialization() -> dict[str, Any]:
    """What saves and loads: it copies all that programs have, and so stands above torch's names."""
    from gradcli.language.library import serialization

    return vars(serialization)


LATE["torch.serialization"] = _serialization


class Program:
    """A compiled text.

    `inputs` are the names that must be given, in the order in which they are first read, with
    their spans; `shadowed` the prelude functions that are read as values and so must be given too.
    `assigned` are the module's names in the order of the text. `uses_torch` says that the text
    imports torch.
    """

    __slots__ = (
        "assigned",
        "called",
        "inputs",
        "mode",
        "names",
        "run",
        "scope",
        "shadowed",
        "size",
        "source",
        "tree",
        "uses_torch",
        "value",
    )

    def __init__(self, source: Source, tree: nodes.Module | nodes.Expression, mode: Mode) -> None:
        self.source = source
        self.tree = tree
        self.scope: Scope = analyse(tree)
        self.uses_torch = imports_torch(tree)
        if mode == "auto":
            mode = "python" if self.uses_torch else "calculator"
        self.mode = mode
        self.names = prelude.python() if mode == "python" else prelude.calculator()
        self.inputs: dict[str, Span] = {}
        self.shadowed: dict[str, Span] = {}
        self.called: set[str] = set()
        self.assigned = tuple(self._assigned())
        self._find_inputs()
        self.run, self.value = self._compile()
        self.size = self.scope.size

    def _assigned(self) -> dict[str, None]:
        found = dict.fromkeys(self.scope.bound)
        for scope in self.scope.walk():
            for name in scope.globals:
                if name in scope.bound:
                    found[name] = None
        return found

    def _find_inputs(self) -> None:
        """Sort the module names that are read but not assigned."""
        assigned = set(self.assigned)
        star = isinstance(self.tree, nodes.Module) and _imports_everything(self.tree.body)
        values: dict[str, Span] = {}
        calls: dict[str, Span] = {}
        for scope in self.scope.walk():
            for found, reads in ((values, scope.values), (calls, scope.called)):
                for name, span in reads.items():
                    if name in assigned or scope.lookup(name).kind != GLOBAL:
                        continue
                    if name not in found or span < found[name]:
                        found[name] = span
        self.called = set(calls)
        for name, span in {**values, **calls}.items():
            if is_special(name) and name not in self.names:
                from gradcli.language.compile.expressions import refused_special

                if name != "__class__":
                    raise refused_special(name, span)
            if name in REFUSED and not star and name not in self.names:
                raise GradSyntaxError(f"'{name}' is not in the language", span, help=REFUSED[name])
        if self.mode != "calculator" or star:
            return
        for name, span in calls.items():
            if name not in self.names and name not in values:
                raise undefined_function(name, span, [*self.names.all(), *assigned])
        for name, span in sorted(values.items(), key=lambda item: item[1]):
            if name not in self.names:
                self.inputs[name] = span
            elif prelude.is_function(name):
                self.shadowed[name] = span

    def _compile(self) -> tuple[Closure, Closure | None]:
        assigned = set(self.assigned)
        fixed = {name for scope in self.scope.walk() for name in scope.uses if name not in assigned}
        compiler = Generators(self.source, self.names, fixed)
        if isinstance(self.tree, nodes.Expression):
            return _nothing, compiler.expression(self.tree.body, self.scope)
        body = self.tree.body
        if body and isinstance(body[-1], nodes.Expr):
            last = noted(body[-1], compiler.expression(body[-1].value, self.scope))
            value = compiler.single(last)
            run = compiler.block(body[:-1], self.scope) if body[:-1] else _nothing
            return run, value
        return compiler.block(body, self.scope) if body else _nothing, None

    def check_inputs(self, given: Mapping[str, Any]) -> None:
        """Raise GradSyntaxError when a name that must be given is missing."""
        for name, span in self.inputs.items():
            if name not in given:
                known = [] if len(name) < 3 else [*self.names.all(), *self.assigned]
                near = close_names(name, [*known, *given])
                help = f"give it with --set {name}=…"
                from gradcli.language.errors.advice import FOREIGN
                from gradcli.language.syntax.spelling import did_you_mean

                if name in FOREIGN:
                    help = f"{FOREIGN[name]}, or {help}"
                elif near:
                    help = f"{did_you_mean(near)} Otherwise {help}"
                raise GradSyntaxError(f"the input `{name}` is missing", span, help=help)
        for name, span in self.shadowed.items():
            if name not in given:
                raise GradSyntaxError(
                    f"`{name}` is {prelude.described(name)} here, a function, but it is read as a "
                    "value",
                    span,
                    help=f"give it with --set {name}=…",
                )


def close_names(name: str, known: Iterable[str]) -> list[str]:
    """At most two names that `name` may have been meant to be."""
    from gradcli.language.syntax.spelling import near

    names = list(known)
    folded = name.casefold()
    return near(name, names, 2) or [n for n in names if n.casefold() == folded][:2]


def _nothing(f: list[Any]) -> None:
    return None


def undefined_function(name: str, span: Span, known: list[str]) -> UndefinedName:
    """The error for a call of a name that nothing defines."""
    from gradcli.language.errors.advice import FUNCTIONS, for_function
    from gradcli.language.syntax.spelling import did_you_mean

    near = close_names(name, known)
    help = did_you_mean(near) or None
    if name in FUNCTIONS:
        help = for_function(name, False)
    return UndefinedName(f"name '{name}' is not defined", span, help=help)


def _imports(body: tuple[nodes.stmt, ...]) -> Any:
    """Every import statement of a program, functions included."""
    stack: list[Any] = list(body)
    while stack:
        node = stack.pop()
        if isinstance(node, nodes.Import | nodes.ImportFrom):
            yield node
        elif isinstance(node, nodes.stmt | nodes.ExceptHandler):
            for _, value in node.fields():
                _statements(value, stack)


def _statements(value: Any, stack: list[Any]) -> None:
    if isinstance(value, tuple):
        for item in value:
            if isinstance(item, nodes.stmt | nodes.ExceptHandler):
                stack.append(item)
            elif isinstance(item, tuple):
                _statements(item, stack)


def imports_torch(tree: nodes.Module | nodes.Expression) -> bool:
    """Whether a text imports torch: it then has Python's names, and computes in float32."""
    if isinstance(tree, nodes.Expression):
        return False
    for node in _imports(tree.body):
        names = (
            [node.module or ""]
            if isinstance(node, nodes.ImportFrom)
            else [alias.name for alias in node.names]
        )
        if any(name.partition(".")[0] == "torch" for name in names):
            return True
    return False


def _imports_everything(body: tuple[nodes.stmt, ...]) -> bool:
    return any(
        isinstance(node, nodes.ImportFrom) and any(alias.name == "*" for alias in node.names)
        for node in _imports(body)
    )


def compile_program(
    source: Source | str,
    *,
    kind: Literal["program", "expression"] = "program",
    mode: Mode = "auto",
) -> Program:
    """Compile a text; raises GradSyntaxError.

    `mode` decides the names a program has: "python" for Python's alone, "calculator" for the
    prelude and inputs, "interactive" for the prelude and no inputs (a name without a value is a
    NameError when it is read), "auto" for "python" if the text imports torch, else "calculator".
    """
    if isinstance(source, str):
        source = Source(source)
    tree = parse(source, kind)
    collecting = gc.isenabled()
    gc.disable()  # nothing made here is garbage; the collector would double the time
    try:
        return Program(source, tree, mode)
    finally:
        if collecting:
            gc.enable()


class Limits:
    """What a session may use; every limit has a command-line option of its name."""

    __slots__ = ("depth", "max_memory", "max_steps", "timeout")

    def __init__(
        self,
        max_steps: int = DEFAULT_STEPS,
        max_memory: int = 4 << 30,
        timeout: float | None = None,
        depth: int = DEFAULT_DEPTH,
    ) -> None:
        self.max_steps = max_steps
        self.max_memory = max_memory
        self.timeout = timeout
        self.depth = depth


class Result:
    """What a run left: the module's names in order of first assignment, and the last value.

    `value` is UNSET unless the program ends with an expression.
    """

    __slots__ = ("globals", "value")

    def __init__(self, names: dict[str, Any], value: Any) -> None:
        self.globals = names
        self.value = value


class Session:
    """A namespace in which programs run one after another.

    `stdout` takes the text that programs print, `emit` the records of `emit(name=value)`. `seed`
    seeds the modules `random` and `numpy.random`. `show_figure` draws a figure that a program
    shows and says whether it did; `pyplot` is the state of matplotlib's module, None before a
    program imports it.
    """

    def __init__(
        self,
        stdout: Callable[[str], Any] | None = None,
        limits: Limits | None = None,
        emit: Callable[[Any], None] | None = None,
        seed: int | None = None,
        show_figure: Callable[[Any], bool] | None = None,
    ) -> None:
        self.stdout = stdout
        self.show_figure = show_figure
        self.pyplot: Any = None
        self.limits = limits or Limits()
        self.emit = emit
        self.globals: dict[str, Any] = {}
        self.modules: dict[str, Any] = {}
        self.files = Files()
        self.random: Any = None
        self.seed = seed
        self.kept: Kept | None = None
        if seed is not None:
            from gradcli.language.library.python.random import Draws

            self.random = Draws(seed)

    def _enter(self) -> int | None:
        """Make the machine this session's, and start counting; what `_leave` is to be given."""
        if machine.session is not self:
            limits = self.limits
            machine.session = self
            machine.write = self.stdout or sys.stdout.write
            machine.emit = self.emit
            machine.modules = self.modules
            machine.files = self.files
            machine.random = self.random
            machine.pyplot = self.pyplot
            machine.show_figure = self.show_figure
            machine.max_steps = limits.max_steps
            machine.timeout = limits.timeout
            machine.depth = limits.depth
            runtime.max_bytes = limits.max_memory
            used = resident()
            runtime.baseline = used if used > limits.max_memory else 0
        room = make_room()
        machine.reset()
        watch.start(self.limits.timeout)
        return room

    def _leave(self, room: int | None) -> None:
        """Stop counting."""
        watch.stop()
        if room is not None:
            sys.setrecursionlimit(room)

    @contextmanager
    def limited(self) -> Iterator[None]:
        """Have this session's limits hold for a block that is no program of its own."""
        room = self._enter()
        try:
            yield
        finally:
            self._leave(room)

    def run(
        self,
        program: Program,
        inputs: Mapping[str, Any] | None = None,
        *,
        fresh: bool = False,
    ) -> Result:
        """Run a program.

        `inputs` are bound before it starts. `fresh` starts with an empty namespace. Raises
        GradSyntaxError for missing inputs, ProgramError for what the program raised, LimitExceeded
        and Interrupted as they are (with `place`, the source and span that ran). The namespace is
        then as it was when the error happened.
        """
        given = inputs or {}
        if fresh:
            self.globals = {}
            for name in KEEPING:
                self.modules.pop(name, None)
            if self.kept is None:
                self.kept = Kept()
            self.kept.restore()
        program.check_inputs({**self.globals, **given} if self.globals else given)
        names = self.globals
        names.update(given)
        if not fresh and runtime.used() > runtime.max_bytes:
            runtime.collect()  # what earlier programs left may be kept for convenience only
        room = self._enter()
        if fresh:
            machine.pyplot = None
            self.files.forget()
        machine.globals = names
        write = machine.write
        frame = [names, 0, None, *[UNBOUND] * (program.size - FIRST)]
        value = UNSET
        try:
            runtime.where = 0
            runtime.numbers = program.mode != "python"
            program.run(frame)
            if program.value is not None:
                value = program.value(frame)
            if fresh and machine.pyplot is not None:
                machine.pyplot.end()
            if not fresh:
                machine.look_at_memory(0)  # since the watch looked last
        except (LimitExceeded, Interrupted) as error:
            self._place(error, program)
            raise
        except MemoryError:
            memory = LimitExceeded("the program needs too much memory", "max-memory")
            self._place(memory, program)
            raise memory from None
        except BaseException as error:
            if type(error) is SystemExit and type(error.code) in _WELL and not error.code:
                return Result(names, UNSET)
            from gradcli.language.errors.program_error import ProgramError

            raise ProgramError(error, place_of(error, runtime.where), program, names) from None
        finally:
            runtime.numbers = False
            handling.clear()
            machine.globals = {}
            machine.write, machine.message = write, None  # whatever the program made of them
            self.random = machine.random
            self.pyplot = machine.pyplot
            self._leave(room)
        return Result(names, value)

    def _place(self, error: BaseException, program: Program) -> None:
        found = machine.locate(runtime.where)
        source, span = (found[0], found[1].span) if found else (program.source, Span(0, 0))
        error.place = (source, span)  # type: ignore[attr-defined]
