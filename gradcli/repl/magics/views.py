"""The magics that show the session: tables, graphs, pictures."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

from gradcli.autograd.leaf import fresh_edge, requires_grad
from gradcli.language.syntax.terminal import clean
from gradcli.language.values.text import text_repr
from gradcli.repl.names.facts import is_data, row
from gradcli.repl.session.failed import Failed
from gradcli.tensor.runtime import Interrupted, runtime
from gradcli.tensor.tensor import Tensor, shape_of

from .gradients import last_result
from .parse import arguments, ranges, split, tensor

if TYPE_CHECKING:
    from gradcli.plot.curves import Curve
    from gradcli.repl.session.shell import Shell

_NUMBER = re.compile(r"-?[\d.]+(?:e-?\d+)?|-?(?:pi|e)")
MOST_FOUND = 100  # inputs of earlier sessions that a search shows
FIRST_TO_GO = (6, 4, 2, 3, 5, 7, 1)  # columns of %vars that a narrow window does without


def vars(shell: Shell, text: str) -> None:
    from gradcli.render.names import parameters_of
    from gradcli.render.tables import table

    names = text.replace(",", " ").split()
    known = shell.variables()
    for name in names:
        if name not in known:
            raise Failed(f"there is no variable `{name}`")
    rows = [row(name, known[name]) for name in names or known if names or is_data(known[name])]
    asked = {name: known[name] for name in names}
    rows += [row(name, parameter) for name, parameter in parameters_of(asked).items()]
    if not rows:
        shell.say("there are no variables yet: try x = param([1., 2.])")
        return
    columns = ["name", "shape", "dtype", "requires_grad", "leaf", "grad_fn", "version", "|grad|"]
    shell.say(
        table(columns, rows, shell.width, colour=shell.colour, ascii=shell.ascii, drop=FIRST_TO_GO)
    )


def graph(shell: Shell, text: str) -> None:
    from gradcli.render.graph import dot, mermaid, tree
    from gradcli.render.names import Names

    words = split(text)
    form = [word for word in words if word.startswith("--")]
    rest = [word for word in words if not word.startswith("--")]
    rest = rest or [last_result(shell)]
    if len(form) > 1 or len(rest) != 1 or (form and form[0] not in ("--dot", "--mermaid")):
        arguments("graph", "", 1, 1)
    root = tensor(shell, rest[0])
    if not requires_grad(root):
        raise Failed(f"`{rest[0]}` is not on a graph", f"%why {rest[0]} says more")
    edge = fresh_edge(root)
    names = Names(shell.variables())
    if form:
        draw = dot if form[0] == "--dot" else mermaid
        shell.say(draw([edge], names))
    else:
        shell.say(tree(edge, root.number, names, shell.width - 1, shell.ascii))


def plot(shell: Shell, text: str) -> None:
    from gradcli.plot.curves import Curve, curves_text
    from gradcli.plot.terminal import WIDEST

    words = split(text)
    if not words:
        arguments("plot", text, 1, 9)
    if words[0] == "lambda":
        given = [word for word in words[-2:] if _NUMBER.fullmatch(word)]
        if len(given) < 2 or words[-3].endswith(":"):
            given = []
        words = [" ".join(words[: len(words) - len(given)]), *given]
    value = shell.evaluate(words[0])
    width = min(shell.width - 1, WIDEST)
    if callable(value):
        if len(words) not in (1, 3):
            raise Failed("a function is drawn from a to b: %plot f -3 3")
        ends = [_number(shell, word) for word in words[1:]] or [-3.0, 3.0]
        if not ends[0] < ends[1]:
            raise Failed("the interval is empty: a must be less than b")
        curves = _function(words[0], value, ends[0], ends[1], 2 * width)
    else:
        curves = []
        for word in words:
            ys = numbers_of(shell.evaluate(word), word)
            curves.append(Curve(word, list(range(len(ys))), ys))
    shell.say(
        curves_text(curves, width, colour=shell.colour, ascii=shell.ascii, poles=callable(value))
    )


def _number(shell: Shell, text: str) -> float:
    value = shell.evaluate(text)
    if type(value) is Tensor and shape_of(value) == ():
        value = value.array
    try:
        return float(value)
    except (TypeError, ValueError):
        raise Failed(f"`{text}` is not a number") from None


def numbers_of(value: Any, text: str) -> list[float]:
    """A list or a tensor as numbers. Raises Failed."""
    import numpy as np

    from gradcli.language.machine.sizes import check_walk

    if type(value) is Tensor:
        value = value.array
    elif isinstance(value, list | tuple):
        check_walk(value)
        value = [item.array if type(item) is Tensor else item for item in value]
    try:
        found = np.asarray(value, dtype=np.float64).reshape(-1)
    except (TypeError, ValueError):
        raise Failed(f"`{text}` is neither a function nor a list of numbers") from None
    if not found.size:
        raise Failed(f"`{text}` is empty")
    return [float(item) for item in found]


def _function(name: str, function: Any, a: float, b: float, count: int) -> list[Curve]:
    """A function and its derivative at points of an interval."""
    import numpy as np

    from gradcli.plot.curves import Curve

    xs = [a + (b - a) * index / (count - 1) for index in range(count)]
    values, slopes = _at_once(function, np.array(xs, np.float64))
    if values is None:
        values, slopes = _one_by_one(function, xs)
    shown = [Curve(name if name.isidentifier() else "f", xs, values)]
    if any(math.isfinite(slope) for slope in slopes):
        shown.append(Curve("derivative", xs, slopes))
    return shown


def _leaf(array: Any) -> Tensor:
    from gradcli.autograd.leaf import requires_grad_
    from gradcli.tensor.tensor import from_array

    return requires_grad_(from_array(array))


def _slope(y: Tensor, x: Tensor) -> Any:
    """The gradient of the sum of `y`, None when `y` does not depend on `x`."""
    from gradcli.autograd import api
    from gradcli.tensor.tensor import constant

    if not requires_grad(y):
        return None
    return api.grad(y, [x], [constant(shape_of(y), y.dtype, 1)], allow_unused=True)[0]


def _at_once(function: Any, xs: Any) -> tuple[Any, Any]:
    """All points in one call; None when the function does not work on vectors like that."""
    import numpy as np

    from gradcli.autograd.modes import enable_grad

    x = _leaf(xs)
    try:
        with enable_grad(), np.errstate(all="ignore"):
            y = function(x)
            if type(y) is not Tensor or shape_of(y) != shape_of(x):
                return None, None
            # A function that mixes its elements (a sum, a softmax) is another one on vectors.
            probe = function(_leaf(xs[:1].copy()))
            same = np.allclose(probe.array, y.array[:1], equal_nan=True)
            slope = _slope(y, x)
    except Exception:
        return None, None
    if not same or y.dtype.is_complex:
        return None, None
    return y.array.tolist(), [math.nan] * len(xs) if slope is None else slope.array.tolist()


def _one_by_one(function: Any, xs: list[float]) -> tuple[list[float], list[float]]:
    import numpy as np

    from gradcli.autograd.modes import enable_grad

    values, slopes = [], []
    failure: Exception | None = None
    for point in xs:
        if runtime.stop is not None:
            runtime.check()
        x = _leaf(np.float64(point))
        try:
            with enable_grad():
                y = function(x)
                slope = _slope(y, x) if type(y) is Tensor else None
            values.append(float(y.array if type(y) is Tensor else y))
            slopes.append(math.nan if slope is None else float(slope.array))
        except Interrupted:
            raise
        except Exception as error:
            failure = error
            values.append(math.nan)
            slopes.append(math.nan)
    if failure is not None and not any(map(math.isfinite, values)):
        raise Failed(f"the function cannot be drawn: {failure}")
    return values, slopes


def hist(shell: Shell, text: str) -> None:
    words = split(text)
    if "-g" in words:
        _search(shell, " ".join(words[words.index("-g") + 1 :]))
        return
    rest = [word for word in words if word not in ("-n", "-o")]
    numbers = ranges(shell, rest) if rest else list(range(1, shell.number - 1))
    if numbers is None:
        from gradcli.plot.counts import histogram
        from gradcli.plot.terminal import WIDEST

        (word,) = arguments("hist", " ".join(rest), 1, 1)
        values = numbers_of(shell.evaluate(word), word)
        shell.say(histogram(values, min(shell.width - 1, WIDEST), ascii=shell.ascii))
        return
    for number in numbers:
        _show_input(shell, str(number), shell.inputs[number])
        if "-o" in words and number in shell.outputs:
            shell.say(text_repr(shell.outputs[number]))


def _show_input(shell: Shell, label: str, cell: str) -> None:
    lead = f"{label}: "
    shell.say(lead + clean(cell).replace("\n", "\n" + " " * len(lead)))


def _search(shell: Shell, wanted: str) -> None:
    """Show the inputs with a text in them: those of earlier sessions, then those of this one."""
    matches = re.compile(re.escape(wanted).replace(r"\*", ".*"), re.S).search
    here = {cell: number for number, cell in enumerate(shell.inputs[:-1]) if number}
    shown = {*here, shell.inputs[-1]}
    older = [cell for cell in dict.fromkeys(shell.past()) if matches(cell) and cell not in shown]
    for cell in reversed(older[:MOST_FOUND]):
        _show_input(shell, "-", cell)
    for cell, number in here.items():
        if matches(cell):
            _show_input(shell, str(number), cell)
