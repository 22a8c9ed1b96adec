"""What `graph` and `explain` look at: a text that was run once, and its results."""

from __future__ import annotations

from typing import Any

from gradcli.autograd import leaf as leaves
from gradcli.autograd.freed_values import Keeper, reachable
from gradcli.autograd.leaf import fresh_edge
from gradcli.autograd.modes import requires_grad
from gradcli.cli.process.failures import failure_of
from gradcli.cli.process.report import Failure
from gradcli.cli.process.stdio import write_messages
from gradcli.cli.usage.parse import Options, UsageError
from gradcli.language.errors.program_error import ProgramError
from gradcli.language.interpreter import UNSET, Result
from gradcli.language.machine.state import machine
from gradcli.render.modules import note_module_calls
from gradcli.render.names import Names, edge_of, parameters_of
from gradcli.tensor.tensor import Tensor

from .file_inputs import file_inputs
from .inputs import bound, use_dtype
from .runner import Runner, chosen, prepare, seed
from .sources import Text

KEEP = 256 << 20


def on_graph(value: Any) -> bool:
    """Whether a value is a result that was recorded."""
    return (
        type(value) is Tensor
        and value.level is None
        and requires_grad(value)
        and edge_of(value) is not None
        and not leaves.is_leaf(value)
    )


class Recorded:
    """A text after its run: `names` are its tensors, the value of a last expression among them.

    Note: what backward passes free is kept from before the first run, so that it can be read.
    """

    def __init__(
        self, text: Text, namespace: dict[str, Any], value: Any, inputs: dict[str, Tensor]
    ) -> None:
        self.text = text
        self.title = text.source.text.strip() if text.kind == "expression" else text.source.name
        self.namespace = dict(namespace)
        self.names = {name: v for name, v in namespace.items() if type(v) is Tensor}
        if value is not UNSET and not any(value is known for known in namespace.values()):
            title = self._value_title()
            self.namespace[title] = value
            self.names.update(_tensors(title, value))
        self.text_names = set(namespace)
        self.inputs = inputs
        self.edges = Names(self.namespace)
        self.askable = self.names | parameters_of(self.namespace)  # what a gradient can be asked by

    def leaves(self) -> dict[str, Tensor]:
        """The leaves that require grad, each under its first name; parameters by dotted names."""
        found: dict[int, str] = {}
        for name, value in self.askable.items():
            if value.level is not None or not requires_grad(value) or edge_of(value) is None:
                continue
            if leaves.is_leaf(value):
                found.setdefault(id(value), name)
        return {name: self.askable[name] for name in found.values()}

    def _value_title(self) -> str:
        if self.text.kind == "expression":
            return " ".join(self.title.split())
        span = self.text.tree.body[-1].span  # type: ignore[index]
        return " ".join(self.text.source.slice(span).split())

    def named(self, names: list[str]) -> dict[str, Tensor]:
        """The results of these names: what the text bound itself. Raises UsageError."""
        known = {n: v for n, v in self.names.items() if v is not self.inputs.get(n)}
        return {name: known[name] for name in chosen(names, known, "--of", "result")}

    def results(self, options: Options) -> dict[str, Tensor]:
        """The results of `--of`, or those that no other result was made from.

        Raises UsageError for an unknown name. What `--of` names need not be on a graph.
        """
        if options.of:
            return self.named(options.of)
        found: dict[tuple[Any, int], str] = {}
        for name, value in self.names.items():
            if on_graph(value):
                found.setdefault((fresh_edge(value), value.number), name)
        inner: set[Any] = set()
        for node in sorted({node for node, _ in found}, key=lambda node: -int(node.number)):
            if node not in inner:  # the last first: most others are inside of it
                inner.update(reachable([node])[:-1])
        return {name: self.names[name] for (node, _), name in found.items() if node not in inner}


def _tensors(title: str, value: Any) -> dict[str, Tensor]:
    if type(value) is Tensor:
        return {title: value}
    if type(value) in (list, tuple):
        found = ((f"{title}[{place}]", item) for place, item in enumerate(value))
        return {name: item for name, item in found if type(item) is Tensor}
    return {}


def run_recorded(
    texts: list[Text], options: Options, failed: list[Failure] | None = None
) -> list[Recorded]:
    """Run texts, and keep what their backward passes free; prints go to stderr.

    With `failed` a program that raises is looked at as it was then, and its failure put there.
    """
    use_dtype(options, texts[0])
    prepare(options)
    given = bound(options)
    Keeper(KEEP if options.keep is None else options.keep)
    machine.ran = {}
    note_module_calls()
    found = []
    for text in texts:
        seed(options, 0)
        runner = Runner(text, options, stdout=write_messages, emit=lambda values: None)
        inputs = {**file_inputs(options, runner), **given.all}
        try:
            result = runner.run(inputs)
        except ProgramError as error:
            if failed is None:
                raise
            failed.append(failure_of(error, text.source))
            result = Result(runner.session.globals, UNSET)
        found.append(Recorded(text, result.globals, result.value, inputs))
    return found


def nothing_recorded(what: str) -> UsageError:
    """The error for a text without results."""
    return UsageError(
        f"there is no graph to {what}",
        "give inputs with --set, or make leaves in the program with requires_grad=True",
    )
