"""What is done for one record: a derivative, or the evaluation of a program."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gradcli.cli.process.notices import tell
from gradcli.cli.process.stdio import write_messages
from gradcli.cli.programs.runner import Runner
from gradcli.cli.programs.sources import Text
from gradcli.cli.results.output import Sink
from gradcli.cli.usage.parse import Options
from gradcli.language.interpreter import Result
from gradcli.tensor.tensor import Tensor


def wants_more(options: Options) -> bool:
    """Whether more than values and derivatives is asked for."""
    return bool(options.sigma or options.elasticity or options.taylor)


class Derivative:
    """A one-shot command, as a function from inputs to a document.

    One that is `alone` does not take records together; none has `failed` to find what it searched.
    """

    alone = False
    failed = False

    def __init__(self, text: Text, options: Options) -> None:
        self.options = options
        self.kind = options.command.name
        self.runner = Runner(text, options, stdout=write_messages, emit=self._leave_out)

    def _leave_out(self, record: Any) -> None:
        """A record of `emit`: one input has one answer here, so it is said that none is written."""
        tell(
            "emit() writes no record here: one input has one answer (eval writes them)",
            self.options,
        )

    def attach(self, sink: Sink, before: Callable[[], None]) -> None:
        """A derivative writes nothing of its own."""

    def results(self, result: Result, inputs: dict[str, Tensor]) -> list[Tensor]:
        """The tensor of a run that is differentiated."""
        from gradcli.cli.results.derivatives import result_of

        return [result_of(result, inputs, self.options)]

    def document(self, inputs: dict[str, Tensor]) -> Any:
        """The result for one set of inputs. Raises Failure."""
        from gradcli.cli.results.derivatives import check_connected, derive, leaves_of, result_of

        result = self.runner.run(inputs)
        value = result_of(result, inputs, self.options)
        by = leaves_of(result, inputs, self.options)
        text = self.runner.text
        check_connected(self.kind, value, by, [(text.tree, text.source)], self.options)
        document = derive(self.kind, value, by, self.options)
        if wants_more(self.options):
            from gradcli.cli.results.propagation import more

            document |= more(value, by, self.options, self.runner.offered)
        return document


class Evaluation:
    """`eval --each`, as a function from inputs to a document."""

    alone = False
    failed = False

    def __init__(self, text: Text, options: Options) -> None:
        self.options = options
        self.kind = "eval"
        self.sink: Sink | None = None
        self.before: Callable[[], None] = lambda: None
        self.runner = Runner(text, options, stdout=write_messages, emit=self._emit)

    def attach(self, sink: Sink, before: Callable[[], None]) -> None:
        """Records of `emit` go to `sink`, after what `before` still has to write."""
        self.sink = sink
        self.before = before

    def _emit(self, record: Any) -> None:
        from gradcli.io.documents import document

        if self.sink is not None:
            self.before()
            self.sink.write(document(record, self.options.full), line=True)

    def results(self, result: Result, inputs: dict[str, Tensor]) -> list[Tensor]:
        """The tensors of a run that are answered, in the order in which the document has them."""
        from gradcli.cli.results.answers import answered_values
        from gradcli.io.documents import tensors_of

        if self.runner.text.kind == "program":
            return tensors_of(answered_values(result.globals, inputs, self.options))
        return tensors_of(result.value)

    def document(self, inputs: dict[str, Tensor]) -> Any:
        """The result for one set of inputs. Raises Failure."""
        from gradcli.cli.results.answers import names_document
        from gradcli.io.documents import document

        result = self.runner.run(inputs)
        if self.runner.text.kind == "program":
            return names_document(result.globals, inputs, self.options)
        return document(result.value, self.options.full)
