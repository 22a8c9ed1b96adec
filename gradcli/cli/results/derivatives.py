"""The one-shot commands: a result and its derivatives as one document."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from gradcli.autograd import leaf as leaves
from gradcli.autograd.directions import cotangent_mismatch, tangent_mismatch, vector_mismatch
from gradcli.autograd.leaf import fresh_edge
from gradcli.autograd.modes import requires_grad
from gradcli.cli.process.failures import span_members
from gradcli.cli.process.report import RAISED, USAGE, Failure
from gradcli.cli.programs.inputs import constant, literal
from gradcli.cli.programs.runner import chosen
from gradcli.cli.usage.parse import Options, UsageError
from gradcli.func import recorded
from gradcli.io.documents import is_value, typed
from gradcli.io.write import Typed
from gradcli.language.interpreter import UNSET, Result
from gradcli.language.machine.state import machine
from gradcli.language.values.constructors import public_class
from gradcli.tensor import dtypes
from gradcli.tensor.tensor import Tensor, make, shape_of
from gradcli.tensor.tensor import constant as zeros

if TYPE_CHECKING:
    from gradcli.explain.cuts import Piece

Named = dict[str, Tensor]


def result_of(result: Result, inputs: Named, options: Options) -> Tensor:
    """What is differentiated: the value of the last expression, or the name of `--of`."""
    if len(options.of) > 1:
        raise UsageError("one result at a time", f"--of {options.of[0]}")
    if options.of:
        known = {
            name: value
            for name, value in result.globals.items()
            if name not in inputs and is_value(value)
        }
        (name,) = chosen(options.of, known, "--of", "result")
        value = result.globals[name]
    elif type(result.value) in (list, tuple) and any(type(v) is Tensor for v in result.value):
        value = stacked(result.value)
    elif result.value is UNSET or (result.value is None and options.file is not None):
        raise UsageError(
            "the program does not end with an expression", "say which result: --of NAME"
        )
    elif result.value is None:
        raise Failure(RAISED, "the result is None, not a tensor", type="TypeError")
    else:
        value = result.value
    if isinstance(value, bool | int | float | complex):
        dtype = dtypes.of_number(value)
        if type(value) is int and not -(1 << 63) <= value < 1 << 63:
            raise Failure(RAISED, "Overflow when unpacking long long", type="ValueError")
        return make(dtype.array.type(value), dtype)
    if not isinstance(value, Tensor):
        raise Failure(
            RAISED,
            f"the result is a {type(value).__name__}, not a tensor",
            type="TypeError",
            help=_help_for(value),
        )
    return value


def _help_for(value: Any) -> str:
    if type(value).__name__ in ("min", "max"):
        from gradcli.language.errors.advice import for_sentence

        return for_sentence(f"torch.return_types.{type(value).__name__}") or ""
    return "a program can name several results; --of NAME takes one"


def stacked(values: list[Any] | tuple[Any, ...]) -> Tensor:
    """The elements of a list or tuple along a new first axis. Raises Failure."""
    from gradcli.language.library import calculator

    try:
        return calculator.stacked(values)
    except (RuntimeError, TypeError) as error:
        raise Failure(RAISED, str(error), type=type(error).__name__) from None


def leaves_of(result: Result, inputs: Named, options: Options) -> Named:
    """The inputs and the program's own leaves that require grad, narrowed by `--wrt`.

    Parameters of modules are leaves, by their dotted names.
    """
    from gradcli.render.names import parameters_of

    found = {name: value for name, value in inputs.items() if requires_grad(value)}
    found |= {
        name: value
        for name, value in (result.globals | parameters_of(result.globals)).items()
        if name not in inputs
        and type(value) is Tensor
        and requires_grad(value)
        and leaves.is_leaf(value)
    }
    if options.wrt:
        chosen(options.wrt, found, "--wrt", "input that requires grad")
        return {name: found[name] for name in options.wrt}
    return found


def check_connected(
    kind: str, value: Tensor, by: Named, pieces: Sequence[Piece], options: Options
) -> None:
    """Refuse to answer with zeros where a call such as `tensor(…)` copied numbers. Raises Failure.

    What detach() and its like cut off is meant to be constant; `grad` and `vjp` answer null.
    """
    if kind in ("grad", "vjp"):
        return
    from gradcli.autograd.freed_values import reachable
    from gradcli.explain.cuts import cuts

    root = fresh_edge(value)
    reached = set() if root is None else {root, *(e for n in reachable([root]) for e in n.edges)}
    bound = options.of[0] if options.of else ""
    for name, leaf in by.items():
        if fresh_edge(leaf) in reached:
            continue
        found = [cut for cut in cuts(pieces, name, bound) if "copies numbers" in cut.reason]
        if found:
            cut = found[0]
            help = f"{cut.reason}: `{cut.text}` at {cut.place}; stack([…]) keeps the graph"
            raise Failure(
                RAISED,
                f"no derivative by `{name}`: the result is cut off from it",
                type="RuntimeError",
                help=help,
            )


def derive(kind: str, value: Tensor, by: Named, options: Options) -> dict[str, Any]:
    """The document of a command: the value, then the derivative under the command's name.

    Raises Failure with PyTorch's sentence for what cannot be differentiated.
    """
    compute = _COMMANDS[kind]
    try:
        found = compute(value, by, options)
    except Failure as failure:
        raise placed(failure, value) from None
    except (RuntimeError, TypeError, ValueError, IndexError) as error:
        kind = public_class(type(error)).__name__
        raised = placed(Failure(RAISED, str(error), type=kind, help=_help(error)), value)
        raise raised from None
    return {"value": typed(leaves.detach(value)), MEMBERS[kind]: found}


def _help(error: Exception) -> str:
    if "implicitly created only for scalar" in str(error):
        return "give --cotangent, or make it a scalar with sum(...)"
    if "implicitly created only for real" in str(error):
        return "give --cotangent, or make it real with .real or abs(...)"
    if "Hessian is of a real scalar" in str(error):
        return "make it a scalar with sum(...)"
    freed = getattr(error, "freed", None)
    place = None if freed is None else machine.locate(freed.where)
    if place is not None:
        where = place[0].location(place[1].span.start)
        return f"the program's own pass at {where} freed it: retain_graph=True there keeps it"
    return ""


def placed(failure: Failure, value: Tensor) -> Failure:
    """A failure that is about the result as a whole, with the place that made the result."""
    node = leaves.grad_fn(value)
    place = None if node is None else machine.locate(node.where)
    if place is None or failure.status != RAISED or failure.help == "":
        return failure
    from gradcli.language.errors.diagnostics import Diagnostic, Label

    source, made = place
    label = Label(made.span, f"{value.dtype.name} {list(shape_of(value))}")
    title = f"{failure.type}: {failure.message}"
    failure.draw = Diagnostic(title, source, [label], [failure.help]).render
    failure.span = span_members(source, made.span)
    return failure


def _grad(value: Tensor, by: Named, options: Options) -> dict[str, Typed | None]:
    cotangent = _cotangent(value, options)
    found = recorded.gradients(
        [value], list(by.values()), None if cotangent is None else [cotangent]
    )
    return _named(by, (None if grad is None else typed(grad) for grad in found))


def _cotangent(value: Tensor, options: Options) -> Tensor | None:
    if not options.cotangent:
        return None
    if len(options.cotangent) > 1:
        raise UsageError("--cotangent is given once")
    name, text = options.cotangent[0]
    if name:
        raise UsageError("--cotangent takes a value alone", f"--cotangent {text!r}")
    return _like(value, text, "--cotangent", "the result", cotangent_mismatch)


def _like(
    like: Tensor,
    text: str,
    what: str,
    owner: str,
    mismatch: Callable[[tuple[int, ...], tuple[int, ...]], str],
) -> Tensor:
    """A value of an option as a tensor of the dtype and shape of another. Raises Failure."""
    shape = shape_of(like)
    array = given_array(text, like.dtype, what)
    if array.shape != shape:
        raise Failure(
            USAGE,
            mismatch(array.shape, shape),
            code="data",
            help=f"{what} needs the shape of {owner}: {list(shape)}, not {list(array.shape)}",
        )
    return make(array[()], like.dtype)


def given_array(text: str, dtype: dtypes.DType, what: str) -> Any:
    """The value of `--tangent` or `--cotangent` as an ndarray of `dtype`. Raises Failure."""
    given = literal(text, what)
    tensor = given if isinstance(given, Tensor) else constant(given, dtype, what)
    return np.asarray(dtype.cast(np.asarray(tensor.array)))


def tangent_texts(names: list[str], options: Options) -> dict[str, str]:
    """What `--tangent` says of which input. Raises UsageError."""
    if not options.tangent:
        shown = ", ".join(f"--tangent {name}=…" for name in names) or "--tangent"
        raise UsageError("say in which direction", shown)
    found: dict[str, str] = {}
    for name, text in options.tangent:
        if not name:
            if len(names) != 1:
                raise UsageError(
                    f"--tangent {text}: say of which input",
                    f"--tangent NAME={text}, with NAME one of {', '.join(names)}",
                )
            (name,) = names
        chosen([name], dict.fromkeys(names), "--tangent", "input that requires grad")
        found[name] = text
    return found


def _tangents(
    by: Named, options: Options, mismatch: Callable[[tuple[int, ...], tuple[int, ...]], str]
) -> list[Tensor]:
    """The directions of `--tangent`, zeros for inputs that have none."""
    directions = {
        name: _like(by[name], text, f"--tangent {name}", f"`{name}`", mismatch)
        for name, text in tangent_texts(list(by), options).items()
    }
    return [
        directions[name] if name in directions else zeros(shape_of(like), like.dtype)
        for name, like in by.items()
    ]


def tangents_of(by: Named, options: Options) -> list[Tensor]:
    """The directions of `--tangent`, one for each input. Raises UsageError and Failure."""
    return _tangents(by, options, tangent_mismatch)


def _jvp(value: Tensor, by: Named, options: Options) -> Typed:
    return typed(recorded.jvp(value, list(by.values()), _tangents(by, options, tangent_mismatch)))


def _hvp(value: Tensor, by: Named, options: Options) -> dict[str, Typed]:
    tangents = _tangents(by, options, vector_mismatch)
    found = recorded.hvp(value, list(by.values()), tangents)
    return _named(by, map(typed, found))


def _jacobian(value: Tensor, by: Named, options: Options) -> dict[str, Typed]:
    return _named(by, map(typed, recorded.jacobian(value, list(by.values()))))


def _hessian(value: Tensor, by: Named, options: Options) -> dict[str, dict[str, Typed]]:
    rows = recorded.hessian(value, list(by.values()))
    return _named(by, (_named(by, map(typed, row)) for row in rows))


def _named(by: Named, found: Iterable[Any]) -> dict[str, Any]:
    return dict(zip(by, found, strict=True))


_COMMANDS: dict[str, Callable[[Tensor, Named, Options], Any]] = {
    "grad": _grad,
    "vjp": _grad,
    "jvp": _jvp,
    "jacobian": _jacobian,
    "hessian": _hessian,
    "hvp": _hvp,
}

MEMBERS = {name: name for name in _COMMANDS} | {"grad": "grads"}
