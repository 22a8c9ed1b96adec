"""The magics about time, dtypes, seeds, names and help."""

from __future__ import annotations

import re
import time as clock
from typing import TYPE_CHECKING, Any

from gradcli.language.syntax.error import GradSyntaxError
from gradcli.language.syntax.source import Source
from gradcli.language.syntax.terminal import clean
from gradcli.repl.files.config import DTYPES
from gradcli.repl.session.failed import Failed
from gradcli.tensor.tensor import Tensor

from . import elsewhere
from .parse import arguments
from .table import MAGICS

if TYPE_CHECKING:
    from gradcli.repl.session.shell import Shell

REPEATS = 7  # measurements of %timeit
_OPTION = re.compile(r"-([nr]) ?(\d{1,7})(?:[ \t]+|$|(?=\n))")
ENOUGH = 0.2  # seconds that one measurement of %timeit takes


def seconds(value: float) -> str:
    """A duration with three digits and a unit."""
    for unit, factor in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if value >= factor:
            return f"{value / factor:.3g} {unit}"
    return f"{value * 1e9:.3g} ns"


def time(shell: Shell, text: str) -> None:
    if not text:
        raise Failed("%time is called as %time STATEMENT")
    number = shell.number - 1
    started = clock.perf_counter()
    if shell.run_code(Source(text, f"In[{number}]"), number):
        shell.say(f"took {seconds(clock.perf_counter() - started)}")


def timeit(shell: Shell, text: str) -> None:
    from gradcli.language.interpreter import Program
    from gradcli.language.syntax.parser import parse

    given = {"n": 0, "r": REPEATS}
    text = text.lstrip(" ")
    while match := _OPTION.match(text):
        given[match[1]] = int(match[2])
        text = text[match.end() :]
    if shell.inputs[-1].startswith("%%"):  # what stands behind %%timeit is done once
        before, _, text = text.partition("\n")
        if before.strip():
            shell.run_code(Source(before, f"In[{shell.number - 1}]"), shell.number - 1, echo=False)
    if not text.strip() or not given["r"]:
        raise Failed("%timeit is called as %timeit [-n N] [-r R] STATEMENT")
    source = Source(text, f"In[{shell.number - 1}]")
    try:
        program = Program(source, parse(source), "interactive")
    except GradSyntaxError as error:
        raise Failed(f"{error.kind}: {error.message}", error.help or "") from None
    run = shell.session.run
    count = given["n"] or 1
    elapsed = _measure(run, program, count)
    while not given["n"] and elapsed <= ENOUGH / 4 and count < 10_000_000:
        count = max(count * 2, int(count * ENOUGH / 2 / max(elapsed, 1e-9)))
        elapsed = _measure(run, program, count)
    found = [elapsed / count]
    repeats = given["r"] if elapsed < 1 or given["r"] != REPEATS else 1
    found += [_measure(run, program, count) / count for _ in range(repeats - 1)]
    mean = sum(found) / len(found)
    spread = (sum((value - mean) ** 2 for value in found) / len(found)) ** 0.5
    plus = "+-" if shell.ascii else "±"
    shell.tell(
        f"{seconds(mean)} {plus} {seconds(spread)} per run, at best {seconds(min(found))} "
        f"({len(found)} times {count:,} runs each)"
    )


def _measure(run: Any, program: Any, count: int) -> float:
    started = clock.perf_counter()
    for _ in range(count):
        run(program)
    return clock.perf_counter() - started


def dtype(shell: Shell, text: str) -> None:
    from gradcli.tensor import dtypes

    words = arguments("dtype", text, 0, 1)
    if words:
        name = words[0].removeprefix("torch.")
        known = {"half": "float16", "float": "float32", "double": "float64"}
        name = known.get(name, name)
        if name not in DTYPES:
            raise Failed(f"`{words[0]}` cannot be the default dtype", f"one of {', '.join(DTYPES)}")
        dtypes.default.dtype = dtypes.NAMES[name]
        shell.remember(f"torch.set_default_dtype(torch.{name})")
    shell.tell(f"the default dtype is {dtypes.default.dtype.name}")


def seed(shell: Shell, text: str) -> None:
    from gradcli.kernels.generator import default_generator

    words = arguments("seed", text, 0, 1)
    number = shell.evaluate(words[0]) if words else 0
    if type(number) is not int:
        raise Failed(f"a seed is an integer, not {text}")
    default_generator.manual_seed(number)
    shell.remember(f"torch.manual_seed({number})")
    shell.say(f"seed {number}")


def set(shell: Shell, text: str) -> None:
    from gradcli.io.errors import DataError
    from gradcli.io.parse import parse as parse_json
    from gradcli.language.library.calculator import param

    name, equals, value = text.partition("=")
    name, value = name.strip(), value.strip()
    if not equals or not name.isidentifier() or not value:
        raise Failed("%set is called as %set NAME=VALUE", "such as %set x=[1, 2]")
    try:
        data = parse_json(value)
    except DataError:
        data = shell.evaluate(value)
    try:
        shell.names[name] = param(data)
    except (TypeError, ValueError, RuntimeError) as error:
        raise Failed(f"`{value}` cannot be a leaf: {error}") from None
    shell.remember(f"{name} = param({value})")


def json(shell: Shell, text: str) -> None:
    from gradcli.autograd.leaf import is_leaf, requires_grad
    from gradcli.io.documents import document, is_value
    from gradcli.io.write import Writer

    known = shell.variables()
    names = text.replace(",", " ").split()
    for name in names:
        if name not in known:
            raise Failed(f"there is no variable `{name}`")
    values = {name: known[name] for name in names or known if is_value(known[name])}
    grads = {
        name: None if value.meta is None else value.meta.grad
        for name, value in values.items()
        if type(value) is Tensor and is_leaf(value) and requires_grad(value)
    }
    found = {
        "values": {name: document(value) for name, value in values.items()},
        "grads": {name: document(value) for name, value in grads.items()},
    }
    shell.say(Writer().text(found))


def reset(shell: Shell, text: str) -> None:
    if text.strip() not in ("", "-f"):
        arguments("reset", text, 0, 0)
    shell.reset()
    shell.say("all names are forgotten")


def undo(shell: Shell, text: str) -> None:
    _move(shell, text, "undo", "took back")


def redo(shell: Shell, text: str) -> None:
    _move(shell, text, "redo", "did again")


def _move(shell: Shell, text: str, name: str, said: str) -> None:
    """Take inputs back, or do them again, and say which and what stays."""
    words = arguments(name, text, 0, 1)
    if words and (not words[0].isdigit() or not int(words[0])):
        raise Failed(f"`{words[0]}` is not a number of inputs", f"such as %{name} 3")
    if shell.inputs[-1].strip() != f"%{name} {text}".strip() or shell.undo is None:
        raise Failed(f"%{name} is an input of its own")
    count = int(words[0]) if words else 1
    move = shell.undo.take_back if name == "undo" else shell.undo.do_again
    for step in move(count):
        first, *rest = step.text.split("\n")
        shell.tell(f"{said} In[{step.number}]: {clean(first)}{' …' if rest else ''}")
        if name == "undo":
            for note in step.notes:
                shell.tell(f"note: {note}", 6)


def help(shell: Shell, text: str) -> None:
    import textwrap

    from .help_pages import guide, show_help

    name = text.strip()
    if not name:
        shell.show_long(shell.painted(guide(shell), "help"))
    elif name.lower() in ("ipython", "ptpython"):
        lines: list[str] = []
        for word, told in elsewhere.commands():
            lines += textwrap.wrap(
                f"{word:18}{told}",
                max(shell.width - 1, 20),
                subsequent_indent=" " * (18 if shell.width > 50 else 4),
                break_on_hyphens=False,
            )
        shell.show_long("\n".join(lines))
    elif name.removeprefix("%") in MAGICS:
        show_help(shell, name if name.startswith("%") else f"%{name}", True)
    else:
        show_help(shell, name, True)
