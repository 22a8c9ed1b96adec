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

from .files import deliver
from .gradients import last_result
from .parse import arguments, asked, ranges, split, tensor

if TYPE_CHECKING:
    from gradcli.plot.curves import Curve
    from gradcli.repl.session.shell import Shell

_NUMBER = re.compile(r"-?[\d.]+(?:e-?\d+)?|-?(?:pi|e)")
MOST_FOUND = 100  # inputs of earlier sessions that a search shows
FIRST_TO_GO = (6, 4, 2, 3, 5, 7, 1)  # columns of %vars that a narrow window does without


def vars(shell: Shell, text: str) -> None:
    from gradcli.render.names import parameters_of
    from gradcli.render.paint import style_of
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
        shell.tell("there are no variables yet: try x = param([1., 2.])")
        return
    columns = ["name", "shape", "dtype", "requires_grad", "leaf", "grad_fn", "version", "|grad|"]
    changed = _changed(shell, {item[0]: (item, id(known.get(item[0]))) for item in rows})
    style = style_of("changed", shell.config.theme)
    marked = [[f"{item[0]} *", *item[1:]] if item[0] in changed else item for item in rows]
    text = table(
        columns,
        marked,
        shell.width,
        colour=shell.colour,
        ascii=shell.ascii,
        drop=FIRST_TO_GO,
        styles=[style if item[0] in changed else "" for item in rows],
        nonfinite=style_of("nonfinite", shell.config.theme),
    )
    shell.show_long(text)
    if changed:
        shell.tell("* is new or has changed since %vars showed it last")


def _changed(shell: Shell, facts: dict[str, Any]) -> set[str]:
    """The names of which other things are true than when they were shown last."""
    before, shell.seen = shell.seen, {**shell.seen, **facts}
    return {name for name, fact in facts.items() if before and before.get(name) != fact}


FORMS = ("tree", "dot", "svg", "mermaid", "json")


def graph(shell: Shell, text: str) -> None:
    from gradcli.explain.norms import gradient_norms
    from gradcli.render import graph
    from gradcli.render.drawing import draw
    from gradcli.render.names import Names

    ask = asked(shell, "graph", text, FORMS)
    words = ask.words or [last_result(shell)]
    if len(words) != 1 or (ask.all and ask.depth is not None):
        arguments("graph", "1 2", 0, 1)
    (name,) = words
    root = tensor(shell, name)
    if not requires_grad(root):
        raise Failed(f"`{name}` is not on a graph", f"%why {name} says more")
    edge = fresh_edge(root)
    variables = shell.variables()
    names = Names(variables)
    if ask.form == "json":
        from gradcli.io.write import Writer

        found = graph.document([(name, edge, root.number)], names, variables)
        deliver(shell, Writer(indent=2).text(found), ask.file)
        return
    norms = gradient_norms([root])
    drawing = draw([edge], variables, all=ask.all, depth=ask.depth, norms=norms)
    if ask.form == "svg":
        from gradcli.render.svg import TooLarge, svg

        try:
            shown = svg(drawing, names, name)
        except TooLarge as error:
            raise Failed(str(error)) from None
    elif ask.form == "tree":
        most = None if ask.all else graph.MOST
        width = shell.width - 1
        shown = graph.tree(drawing, edge, root.number, names, width, ascii=shell.ascii, most=most)
    else:
        shown = (graph.dot if ask.form == "dot" else graph.mermaid)(drawing, names)
    deliver(shell, shown, ask.file, "graph" if ask.form == "tree" else ask.form)


def plot(shell: Shell, text: str) -> None:
    from gradcli.plot.curves import Curve, curves_figure
    from gradcli.plot.terminal import WIDEST

    words = split(text)
    bent = "--hess" in words
    words = [word for word in words if word != "--hess"]
    if not words:
        pyplot = shell.session.pyplot
        if pyplot is None:
            raise Failed(
                "there is nothing to draw",
                "%plot f -3 3 draws a function, %plot losses a list; figures of "
                "matplotlib.pyplot are drawn by plt.show() and by %plot",
            )
        pyplot.show()
        return
    name, words = _drawn(words)
    value = shell.evaluate(words[0])
    if callable(value):
        if len(words) not in (1, 3):
            raise Failed("a function is drawn from a to b: %plot f -3 3, %plot x**2 x -3 3")
        ends = [_number(shell, word) for word in words[1:]] or [-3.0, 3.0]
        if not ends[0] < ends[1]:
            raise Failed("the interval is empty: a must be less than b")
        count = 2 * min(shell.width - 1, WIDEST)  # as many points as a terminal shows
        curves = _function(name, value, ends[0], ends[1], count, bent)
    else:
        curves = []
        for word in words:
            ys = numbers_of(shell.evaluate(word), word)
            curves.append(Curve(word, list(range(len(ys))), ys))
    figure = curves_figure(curves, poles=callable(value))
    if figure is None:
        shell.say("there is no finite value to draw")
    else:
        shell.show_figure(figure)


def _drawn(words: list[str]) -> tuple[str, list[str]]:
    """What the curve is called, and the words with the function as one of them.

    `x**2 + 1 x -3 3` is an expression, the name that varies in it, and the ends of the interval.
    """
    ends = [word for word in words[-2:] if _NUMBER.fullmatch(word)]
    if len(ends) < 2 or len(words) < 3 or words[-3].endswith(":"):
        ends = []
    rest = words[: len(words) - len(ends)]
    if rest[0] == "lambda":
        return "f", [" ".join(rest), *ends]
    expression, name = " ".join(rest[:-1]), rest[-1]
    if name.isidentifier() and re.search(rf"\b{name}\b", expression):
        return expression, [f"lambda {name}: {expression}", *ends]
    return (words[0] if words[0].isidentifier() else "f"), words


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
    except (TypeError, ValueError, OverflowError):
        raise Failed(f"`{text}` is neither a function nor a list of numbers") from None
    if not found.size:
        raise Failed(f"`{text}` is empty")
    return [float(item) for item in found]


def _function(name: str, function: Any, a: float, b: float, count: int, bent: bool) -> list[Curve]:
    """A function, its derivative and, when it is asked for, its curvature on an interval."""
    import numpy as np

    from gradcli.plot.curves import Curve

    xs = [a + (b - a) * index / (count - 1) for index in range(count)]
    found = _at_once(function, np.array(xs, np.float64), bent) or _one_by_one(function, xs, bent)
    names = (name, "derivative", "curvature")
    curves = [Curve(name, xs, ys) for name, ys in zip(names, found, strict=False)]
    return [curve for curve in curves if curve.name == name or any(map(math.isfinite, curve.y))]


def _leaf(array: Any) -> Tensor:
    from gradcli.autograd.leaf import requires_grad_
    from gradcli.tensor.tensor import from_array

    return requires_grad_(from_array(array))


def _slope(y: Tensor, x: Tensor, graph: bool = False) -> Any:
    """The gradient of the sum of `y`, None when `y` does not depend on `x`."""
    from gradcli.autograd import api
    from gradcli.tensor.tensor import constant

    if not requires_grad(y):
        return None
    ones = constant(shape_of(y), y.dtype, 1)
    return api.grad(y, [x], [ones], allow_unused=True, create_graph=graph)[0]


def _derivatives(y: Tensor, x: Tensor, bent: bool) -> list[Tensor | None]:
    """The derivative of `y`, and the second one when it is asked for."""
    slope = _slope(y, x, bent)
    if not bent:
        return [slope]
    return [slope, None if slope is None else _slope(slope, x)]


def _at_once(function: Any, xs: Any, bent: bool) -> list[list[float]] | None:
    """All points in one call; None when the function does not work on vectors like that."""
    import numpy as np

    from gradcli.autograd.modes import enable_grad

    x = _leaf(xs)
    try:
        with enable_grad(), np.errstate(all="ignore"):
            y = function(x)
            if type(y) is not Tensor or shape_of(y) != shape_of(x):
                return None
            # A function that mixes its elements (a sum, a softmax) is another one on vectors.
            probe = function(_leaf(xs[:1].copy()))
            same = np.allclose(probe.array, y.array[:1], equal_nan=True)
            found = [y, *_derivatives(y, x, bent)]
    except Exception:
        return None
    if not same or y.dtype.is_complex:
        return None
    gap = [math.nan] * len(xs)
    return [gap if part is None else part.array.tolist() for part in found]


def _one_by_one(function: Any, xs: list[float], bent: bool) -> list[list[float]]:
    import numpy as np

    from gradcli.autograd.modes import enable_grad

    found: list[list[float]] = [[] for _ in range(3 if bent else 2)]
    failure: Exception | None = None
    for point in xs:
        if runtime.stop is not None:
            runtime.check()
        x = _leaf(np.float64(point))
        numbers = [math.nan] * len(found)
        try:
            with enable_grad():
                y = function(x)
                parts = _derivatives(y, x, bent) if type(y) is Tensor else []
            for place, part in enumerate([y, *parts]):
                if part is not None:
                    numbers[place] = float(part.array if type(part) is Tensor else part)
        except Interrupted:
            raise
        except Exception as error:
            failure = error
            numbers = [math.nan] * len(found)
        for column, number in zip(found, numbers, strict=True):
            column.append(number)
    if failure is not None and not any(map(math.isfinite, found[0])):
        raise Failed(f"the function cannot be drawn: {failure}")
    return found


def _last(shell: Shell, words: list[str]) -> list[str]:
    """The inputs that `-l N` stands for: the last N, 10 without a number."""
    place = words.index("-l")
    given = words[place + 1] if place + 1 < len(words) else ""
    count = int(given[:6]) if given.isdecimal() else 10
    last = shell.number - 2
    return [*words[:place], f"{max(last - count + 1, 1)}-{last}"] if count and last > 0 else []


def hist(shell: Shell, text: str) -> None:
    words = split(text)
    if "-g" in words:
        wanted = [word for word in words[words.index("-g") + 1 :] if word != "--all"]
        _search(shell, " ".join(wanted), "--all" in words)
        return
    rest = [word for word in words if word not in ("-n", "-o")]
    if "-l" in rest:
        rest = _last(shell, rest)
    if any(re.fullmatch("-[a-z]+", word) for word in rest):
        arguments("hist", "1 2", 0, 1)
    numbers = ranges(shell, rest) if rest else list(range(1, shell.number - 1))
    if numbers is None:
        from gradcli.plot.counts import histogram
        from gradcli.plot.terminal import WIDEST

        (word,) = arguments("hist", " ".join(rest), 1, 1)
        values = numbers_of(shell.evaluate(word), word)
        shell.say(histogram(values, min(shell.width - 1, WIDEST), ascii=shell.ascii))
        return
    parts = []
    for number in numbers:
        parts.append(_input(shell, str(number), shell.inputs[number]))
        if "-o" in words and number in shell.outputs:
            parts.append(clean(text_repr(shell.outputs[number])))
    shell.show_long("\n".join(parts))


def _input(shell: Shell, label: str, cell: str) -> str:
    """An input as a history shows it."""
    lead = f"{label}: "
    return lead + shell.painted(clean(cell), "source").replace("\n", "\n" + " " * len(lead))


def _search(shell: Shell, wanted: str, all: bool) -> None:
    """Show the inputs with a text in them: those of earlier sessions, then those of this one.

    With `all` there may be any number of the former.
    """
    matches = re.compile(re.escape(wanted).replace(r"\*", ".*"), re.S).search
    here: dict[str, int] = {}
    for number, cell in enumerate(shell.inputs[1:-1], 1):
        here.pop(cell, None)
        here[cell] = number
    shown = {*here, shell.inputs[-1]}
    older = [cell for cell in dict.fromkeys(shell.past()) if matches(cell) and cell not in shown]
    parts = [_input(shell, "-", cell) for cell in reversed(older[: None if all else MOST_FOUND])]
    parts += [_input(shell, str(number), cell) for cell, number in here.items() if matches(cell)]
    shell.show_long("\n".join(parts))
