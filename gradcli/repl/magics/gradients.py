"""The magics that compute derivatives of recorded results."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from gradcli.autograd import api
from gradcli.autograd.directions import cotangent_mismatch, tangent_mismatch
from gradcli.autograd.freed_values import Dropped, reachable
from gradcli.autograd.leaf import fresh_edge, is_leaf, requires_grad
from gradcli.explain.chain import Refused
from gradcli.explain.readable import readable
from gradcli.func import recorded
from gradcli.language.values.text import text_repr
from gradcli.render.containers import behind
from gradcli.render.names import edge_of, parameters_of
from gradcli.repl.session.failed import Failed
from gradcli.tensor.runtime import runtime
from gradcli.tensor.tensor import Tensor, constant, from_array, make, shape_of

from .parse import arguments, tensor

if TYPE_CHECKING:
    from gradcli.repl.session.shell import Shell


@contextmanager
def looked_into(shell: Shell, root: Tensor) -> Iterator[None]:
    """Have a result's graph readable, and say which of its values were written since, and where.

    Raises Failed when what it had saved is gone.
    """
    with kept(), readable(root):
        yield
    from gradcli.explain.chain import changes
    from gradcli.render.names import Names

    names = Names(shell.variables())
    notes = (note for node in reachable([fresh_edge(root)]) for note in changes(node, names))
    for note in dict.fromkeys(notes):
        shell.tell(f"note: {note}")


@contextmanager
def kept() -> Iterator[None]:
    """Raise Failed for values that are not kept any more."""
    try:
        yield
    except Dropped as error:
        raise Failed(str(error), "start with --keep 1G to keep more, or compute it again") from None
    except Refused as error:
        raise Failed(str(error)) from None


def result(shell: Shell, text: str) -> Tensor:
    """A tensor that is on a graph. Raises Failed."""
    found: Tensor = tensor(shell, text)
    if not requires_grad(found):
        raise Failed(
            f"`{text}` is not on a graph: nothing that requires grad led to it",
            f"%why {text} says more" if text.isidentifier() else "",
        )
    return found


def direction(
    shell: Shell,
    words: list[str],
    like: Tensor,
    mismatch: Callable[[tuple[int, ...], tuple[int, ...]], str],
) -> Tensor:
    """The second of the words, in the dtype of `like`; ones where there is none.

    Raises Failed for another shape than that of `like`, which the first word names.
    """
    import numpy as np

    shape = shape_of(like)
    if len(words) < 2:
        return constant(shape, like.dtype, 1)
    text = words[1]
    value = shell.evaluate(text)
    if type(value) is Tensor:
        found: Tensor = value
    elif isinstance(value, int | float | complex | list | tuple):
        try:
            found = make(np.asarray(value, like.dtype.array)[()], like.dtype)
        except (ValueError, TypeError):
            raise Failed(f"`{text}` is not a vector of numbers") from None
    elif type(value).__module__ == "numpy":
        found = from_array(value)
    else:
        raise Failed(f"`{text}` is a {type(value).__name__}, not a tensor")
    if shape_of(found) != shape:
        raise Failed(
            f"RuntimeError: {mismatch(shape_of(found), shape)}",
            f"`{text}` needs the shape of `{words[0]}`: {list(shape)}, such as "
            f"ones_like({words[0]})",
        )
    return found


def leaves_of(shell: Shell) -> dict[str, Tensor]:
    """The user's leaves that require grad, by name, and those of modules by dotted names."""
    variables = shell.variables()
    return {
        name: value
        for name, value in {**variables, **parameters_of(variables)}.items()
        if type(value) is Tensor and edge_of(value) is not None
        if is_leaf(value) and requires_grad(value)
    }


def last_result(shell: Shell) -> str:
    """A name for the last result that is on a graph: of a variable, or `_`. Raises Failed.

    The last output counts when it is on a graph, otherwise the tensor that was given a name last.
    """
    if shell.recent and _on_graph(shell.recent[0]) and _is_newest(shell):
        same = (name for name, value in shell.variables().items() if value is shell.recent[0])
        return next(same, "_" if shell.is_ours("_") else f"Out[{max(shell.outputs)}]")
    variables = shell.variables()
    for statement in reversed(shell.statements):
        for name in reversed(_ASSIGNED.findall(statement.text)):
            if _on_graph(variables.get(name)):
                return str(name)
    found = [name for name, value in variables.items() if _on_graph(value)]
    if not found:
        raise Failed(
            "there is no result on a graph yet", "such as x = param([1., 2.]); y = (x**2).sum()"
        )
    return found[-1]


_ASSIGNED = re.compile(r"^([A-Za-z_]\w*)\s*(?:[-+*/@%&|^]|//|\*\*|<<|>>)?=(?!=)", re.M)


def _is_newest(shell: Shell) -> bool:
    """Whether nothing on a graph got a name since the last output was shown."""
    variables = shell.variables()
    for statement in reversed(shell.statements):
        if statement.shown:
            return True
        if any(_on_graph(variables.get(name)) for name in _ASSIGNED.findall(statement.text)):
            return False
    return True


def _on_graph(value: Any) -> bool:
    """Whether a value is a result that an operation of a graph made."""
    return (
        type(value) is Tensor
        and value.level is None
        and requires_grad(value)
        and not is_leaf(value)
    )


def leaves_behind(shell: Shell, root: Tensor) -> list[str]:
    """The names of the leaves that lead to a result, or of all when it is made of none."""
    edges = {edge for node in reachable([fresh_edge(root)]) for edge in node.edges}
    leaves = leaves_of(shell)
    return [name for name, leaf in leaves.items() if fresh_edge(leaf) in edges] or list(leaves)


def subject(shell: Shell, name: str, text: str) -> list[str]:
    """The words of `y x ...`: `y` is the last result and the others are its leaves when left out.

    A lone leaf stands for the derivative of the last result by it. Raises Failed.
    """
    words = arguments(name, text, 0, 99)
    if not words:
        words = [last_result(shell)]
    elif len(words) == 1 and _is_leaf(shell, words[0]):
        words = [last_result(shell), *words]
    if len(words) == 1:
        words += leaves_behind(shell, result(shell, words[0]))
        if len(words) == 1:
            raise Failed(f"`{words[0]}` is made of no leaf with a name", f"%{name} y x names one")
    return words


def _is_leaf(shell: Shell, text: str) -> bool:
    value = shell.names.get(text)
    return type(value) is Tensor and value.level is None and is_leaf(value) and requires_grad(value)


def backward(shell: Shell, text: str) -> None:
    retain = "--retain" in text.split()
    words = arguments("backward", text.replace("--retain", ""), 1, 2)
    root = result(shell, words[0])
    cotangent = direction(shell, words, root, cotangent_mismatch) if len(words) > 1 else None
    if cotangent is None and shape_of(root) != () and root.array.size != 1:
        raise Failed(
            f"`{words[0]}` has the shape {list(shape_of(root))}: a gradient starts from one number",
            f"give a cotangent: %backward {words[0]} ones_like({words[0]})",
        )
    leaves = leaves_of(shell)
    before = {name: _count(value) for name, value in leaves.items()}
    api.backward(root, cotangent, retain_graph=retain)
    given = "" if cotangent is None else f"tensor({words[1]})"
    call = f"{_call(words[0])}.backward({given}{', ' if given and retain else ''}"
    shell.remember(call + ("retain_graph=True)" if retain else ")"))
    for name, value in leaves.items():
        if _count(value) != before[name]:
            shell.say(assigned(shell, f"{name}.grad", value.meta.grad))


def assigned(shell: Shell, name: str, value: Tensor) -> str:
    """`name = value`, with the lines of a matrix below each other."""
    return behind(f"{name} = ", lambda: text_repr(value), shell.width)


def _call(text: str) -> str:
    return text if text.isidentifier() else f"({text})"


def _written(leaf: str) -> str:
    """A leaf as a program says it; a parameter's dotted name can have numbers in it."""
    module, dot, path = leaf.partition(".")
    return f"{module}.get_parameter({path!r})" if dot else leaf


def _count(leaf: Tensor) -> Any:
    """Something that changes when a gradient is accumulated into a leaf."""
    grad = None if leaf.meta is None else leaf.meta.grad
    if grad is None:
        return None
    return id(grad), 0 if grad.version is None else grad.version.clock


def grad(shell: Shell, text: str) -> None:
    words = subject(shell, "grad", text)
    root = result(shell, words[0])
    inputs = [result(shell, word) for word in words[1:]]
    if shape_of(root) != () and root.array.size != 1:
        y, x = words[:2]
        raise Failed(
            "RuntimeError: grad can be implicitly created only for scalar outputs",
            f"`{y}` has the shape {list(shape_of(root))}: %vjp {y} {x} v takes a cotangent v, "
            "%jacobian all elements",
        )
    with looked_into(shell, root):
        found = api.grad(root, inputs, None, retain_graph=True, allow_unused=True)
    written = ", ".join(map(_written, words[1:]))
    call = f"torch.autograd.grad({words[0]}, [{written}], retain_graph=True, allow_unused=True)"
    shell.said_as = call if len(inputs) > 1 else f"{call}[0]"
    _show(shell, words[1:], found, words[0])


def _show(shell: Shell, names: list[str], found: Any, root: str) -> None:
    if shell.taken is not None:
        shell.taken += found
        return
    for name, value in zip(names, found, strict=True):
        if value is None:
            shell.tell(f"nothing leads from `{name}` to `{root}`: the gradient is None")
        elif len(names) == 1:
            shell.show_value(value, shell.number - 1)
        else:
            shell.say(assigned(shell, f"d{root}/d{name}", value))


def jvp(shell: Shell, text: str) -> None:
    words = arguments("jvp", text, 2, 3)
    root, x = result(shell, words[0]), result(shell, words[1])
    v = direction(shell, words[1:], x, tangent_mismatch)
    with looked_into(shell, root):
        shell.said_as = f"jvp({', '.join(words)})"
        shell.show_value(recorded.jvp(root, x, v), shell.number - 1)


def vjp(shell: Shell, text: str) -> None:
    words = arguments("vjp", text, 2, 3)
    root, x = result(shell, words[0]), result(shell, words[1])
    v = direction(shell, [words[0], *words[2:]], root, cotangent_mismatch)
    with looked_into(shell, root):
        found = api.grad(root, [x], [v], retain_graph=True, allow_unused=True)
    shell.said_as = f"vjp({', '.join(words)})"
    _show(shell, [words[1]], found, words[0])


def jacobian(shell: Shell, text: str) -> None:
    _derivatives(shell, "jacobian", text, recorded.jacobian)


def hessian(shell: Shell, text: str) -> None:
    _derivatives(shell, "hessian", text, recorded.hessian)


def _derivatives(
    shell: Shell, name: str, text: str, derive: Callable[[Tensor, Tensor], Tensor]
) -> None:
    """Show the Jacobian or the Hessian of a result by each of its leaves."""
    words = subject(shell, name, text)
    root = _whole(shell, words[0])
    inputs = [result(shell, word) for word in words[1:]]
    with looked_into(shell, root):
        found = [derive(root, x) for x in inputs]
    calls = [f"{name}({words[0]}, {_written(word)})" for word in words[1:]]
    shell.said_as = calls[0] if len(calls) == 1 else f"({', '.join(calls)})"
    letter = "J" if name == "jacobian" else "H"
    if len(words) == 2:
        shell.show_value(found[0], shell.number - 1)
        return
    if shell.taken is not None:
        shell.taken += found
        return
    for word, value in zip(words[1:], found, strict=True):
        shell.say(assigned(shell, f"{letter}({words[0]}, {word})", value))


def _whole(shell: Shell, text: str) -> Tensor:
    """A result on a graph; the elements of a list or tuple are stacked. Raises Failed."""
    value = shell.evaluate(text)
    if type(value) in (list, tuple) and any(type(item) is Tensor for item in value):
        from gradcli.language.library.calculator import stacked

        try:
            value = stacked(value)
        except (RuntimeError, TypeError) as error:
            raise Failed(f"`{text}`: {error}") from None
        if requires_grad(value):
            return value
    return result(shell, text)


def zero(shell: Shell, text: str) -> None:
    leaves = leaves_of(shell)
    names = arguments("zero", text.replace(",", " "), 0, 999)
    for name in names:
        if name not in leaves:
            known = ", ".join(leaves) or "none"
            raise Failed(f"`{name}` is not a leaf that requires grad", f"the leaves are {known}")
    cleared = []
    for name in names or leaves:
        value = leaves[name]
        if value.meta is not None and value.meta.grad is not None:
            value.meta.grad = None
            shell.remember(f"{_written(name)}.grad = None")
            cleared.append(f"{name}.grad = None")
    shell.say("\n".join(cleared) if cleared else "no leaf had a gradient")


def no_grad(shell: Shell, text: str) -> None:
    (word,) = arguments("no_grad", text, 0, 1) or [""]
    if word not in ("", "on", "off"):
        raise Failed("%no_grad is called as %no_grad [on|off]")
    runtime.grad_enabled = word == "off" if word else not runtime.grad_enabled
    shell.remember(f"torch.set_grad_enabled({runtime.grad_enabled})")
    shell.tell(
        "operations are recorded again" if runtime.grad_enabled else "operations are not recorded"
    )
