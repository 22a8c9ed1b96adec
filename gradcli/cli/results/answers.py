"""What `eval` answers: the document of a program's names, and jq's `--exit-status`."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from gradcli.cli.usage.parse import Options

    from .output import Sink


def answered_values(
    names: dict[str, Any], given: dict[str, Any], options: Options
) -> dict[str, Any]:
    """The values of a program's names that are answered: all but inputs, or those of `--of`."""
    from gradcli.cli.programs.runner import chosen
    from gradcli.io.documents import is_value

    values = {name: value for name, value in names.items() if name not in given and is_value(value)}
    if options.of:
        return {name: values[name] for name in chosen(options.of, values, "--of", "result")}
    return values


def names_document(
    names: dict[str, Any], given: dict[str, Any], options: Options
) -> dict[str, Any]:
    """`{"values": …, "grads": …}` of a program's names."""
    from gradcli.autograd import leaf as leaves
    from gradcli.autograd.modes import requires_grad
    from gradcli.cli.programs.runner import chosen
    from gradcli.io.documents import document, typed
    from gradcli.render.names import parameters_of
    from gradcli.tensor.tensor import META, Tensor

    values = answered_values(names, given, options)
    tensors = {
        name: value
        for name, value in (names | parameters_of(names)).items()
        if type(value) is Tensor
        and requires_grad(value)
        and leaves.is_leaf(value)
        and value.level is not META
    }
    if options.wrt:
        tensors = {name: tensors[name] for name in chosen(options.wrt, tensors, "--wrt", "leaf")}
    grads: dict[str, Any] = {}
    for name, tensor in tensors.items():
        grad = leaves.grad(tensor)
        grads[name] = None if grad is None else typed(grad)
    return {
        "values": {name: document(value, options.full) for name, value in values.items()},
        "grads": grads,
    }


def exit_status(options: Options, sink: Sink) -> int:
    """0, or what `--exit-status` makes of the last value: 1 for false and null, 4 for none."""
    if not options.exit_status:
        return 0
    if not sink.count:
        return 4
    from gradcli.io.write import Typed
    from gradcli.tensor.tensor import Tensor

    last = sink.last
    if isinstance(last, dict) and options.command.module == "derive":
        last = last["value"]
    if isinstance(last, Typed | Tensor) and last.dtype.name == "bool" and not last.array.shape:
        last = bool(last.array)
    return 1 if last is None or last is False else 0
