"""A text as what `gradcli check` asks: its results are the names bound to tensors on the graph.

Parameters of modules are leaves too, by their dotted names.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext

from gradcli.autograd import leaf as leaves
from gradcli.cli.usage.parse import Options
from gradcli.explain.check import Named, Observe, double_precision, fresh, widened
from gradcli.explain.cuts import Piece
from gradcli.explain.parameters import free_parameters, put
from gradcli.language.interpreter import UNSET, Program
from gradcli.language.syntax import nodes
from gradcli.tensor import dtypes
from gradcli.tensor.tensor import Tensor

from .runner import Runner, seed
from .sources import Text


class TextSubject:
    """A text as a function from inputs and leaves to results."""

    def __init__(self, text: Text, options: Options, name: str) -> None:
        self.text = text
        self.inputs: Named = {}
        self.options = options
        self.name = name
        self.runner = Runner(text, options, stdout=lambda text: None, emit=lambda values: None)
        self.pieces = self._pieces()

    def _pieces(self) -> list[Program]:
        tree, source = self.text.tree, self.text.source
        if isinstance(tree, nodes.Expression):
            return []
        mode = "python" if self.runner.program.mode == "python" else "interactive"
        return [
            Program(source, nodes.Module((statement,), statement.span), mode)  # type: ignore[arg-type]
            for statement in tree.body
        ]

    def texts(self) -> tuple[list[Piece], str]:
        """The text, whose last expression has no name."""
        return [(self.text.tree, self.text.source)], ""

    def run(self, replaced: Named, observe: Observe, wide: bool = False) -> None:
        """Run it with `replaced` in place of leaves, right after the statements that made them."""
        dtypes.default.dtype = self.runner.default
        with double_precision() if wide else nullcontext():
            self._run(replaced, observe, widened if wide else fresh)

    def _run(self, replaced: Named, observe: Observe, copied: Callable[[Tensor], Tensor]) -> None:
        seed(self.options, 0)
        given = {
            name: replaced[name] if name in replaced else copied(value)
            for name, value in self.inputs.items()
        }
        for name, value in given.items():
            observe(name, value, -1)
        if not self.pieces:
            value = self.runner.run(given).value
            if type(value) in (list, tuple):
                for place, item in enumerate(value):
                    observe(f"{self.name}[{place}]", item, 0)
            if value is not UNSET:
                observe(self.name, value, 0)
            return
        session = self.runner.session
        session.globals = {}
        self.runner.program.check_inputs(given)
        seen: dict[str, int] = {}
        for place, piece in enumerate(self.pieces):
            result = session.run(piece, given)
            given = {}
            names = session.globals
            for name, value in list(names.items()):
                if name in self.inputs or type(value) is not Tensor or seen.get(name) == id(value):
                    continue
                if name in replaced and leaves.is_leaf(value) and name not in seen:
                    value = names[name] = replaced[name]
                seen[name] = id(value)
                observe(name, value, place)
            made = {n: p for n, p in free_parameters(names).items() if n not in seen}
            if made:
                put(names, {n: replaced[n] for n in made if n in replaced})
                for name, value in made.items():
                    seen[name] = id(value)
                    observe(name, replaced.get(name, value), place)
            if piece is self.pieces[-1] and isinstance(result.value, Tensor):
                observe("", result.value, place)
