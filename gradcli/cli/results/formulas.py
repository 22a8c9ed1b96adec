"""The one-shot commands with `--formula`: derivatives as expressions instead of numbers."""

from __future__ import annotations

import sys
from functools import partial
from typing import Any

from gradcli.autograd.freed_values import Keeper
from gradcli.cli.process.report import RAISED, Failure
from gradcli.cli.programs.recorded import KEEP
from gradcli.cli.programs.runner import chosen
from gradcli.cli.programs.sources import Text
from gradcli.cli.programs.subject import TextSubject
from gradcli.cli.usage.parse import Options, UsageError
from gradcli.explain.formula.answers import answer, document
from gradcli.explain.formula.formulas import Derivation
from gradcli.explain.formula.running import Run
from gradcli.explain.formula.tracing import NoFormula
from gradcli.language.errors.program_error import ProgramError
from gradcli.language.machine.state import machine
from gradcli.tensor import dtypes
from gradcli.tensor.tensor import Tensor, make

from .derivatives import stacked
from .output import Sink

# What an input stands for that is not given: its formula is that of a number.
_ELSEWHERE = (0.62, 0.47, 0.81, 0.36, 0.73, 0.55, 0.28, 0.91)


def run(text: Text, given: dict[str, Tensor], options: Options) -> int:
    """Write the formulas that a command asks for; the exit status. Raises Failure, UsageError."""
    subject = TextSubject(text, options, "")
    _fill(subject, given, options)
    subject.inputs = dict(given)
    try:
        Keeper(KEEP)
        traced = Run(partial(_executed, subject), given)
        derivation = Derivation(traced, _result(traced, text, options), _by(traced, options))
        found = answer(derivation, options.command.name, getattr(options, "as") or "text")
    except NoFormula as error:
        raise _failure(error, derivation_place(error)) from None
    except ProgramError as error:
        from gradcli.cli.process.failures import failure_of

        raise failure_of(error, text.source) from None
    if options.compact_output or options.indent is not None or options.output is not None:
        with Sink(options, False) as sink:
            sink.write(document(found))
    else:
        sys.stdout.write(found.text)
    return 0


def _executed(subject: TextSubject, given: dict[str, Tensor], observe: Any) -> None:
    """Run the program; a list as its result stands for the tensor of its elements."""

    def told(name: str, value: Any, place: int) -> None:
        listed = not name and type(value) in (list, tuple)
        several = listed and any(type(item) is Tensor for item in value)
        observe(name, stacked(value) if several else value, place)

    subject.run(given, told)


def _fill(subject: TextSubject, given: dict[str, Tensor], options: Options) -> None:
    """Give a number to every input that is not given."""
    program = subject.runner.program
    from gradcli.autograd.leaf import requires_grad_

    for place, name in enumerate(n for n in program.inputs if n not in given):
        kind = dtypes.default.dtype
        value = _ELSEWHERE[place % len(_ELSEWHERE)]
        given[name] = requires_grad_(make(kind.array.type(value), kind))


def _result(traced: Run, text: Text, options: Options) -> Any:
    if options.of:
        if len(options.of) > 1:
            raise UsageError("one result at a time", f"--of {options.of[0]}")
        chosen(options.of, traced.values, "--of", "result")
        return traced.values[options.of[0]]
    if "" not in traced.values:
        raise UsageError(
            "the program does not end with an expression", "say which result: --of NAME"
        )
    return traced.values[""]


def _by(traced: Run, options: Options) -> list[str]:
    from gradcli.autograd.modes import requires_grad

    known = {name: symbol for name, symbol in traced.leaves.items() if requires_grad(symbol.tensor)}
    if options.wrt:
        chosen(options.wrt, known, "--wrt", "input that requires grad")
        return list(options.wrt)
    if not known:
        raise NoFormula("nothing here requires grad")
    return list(known)


def derivation_place(error: NoFormula) -> Any:
    """The source and span that an error names."""
    return machine.locate(error.where) if error.where else None


def _failure(error: NoFormula, place: Any) -> Failure:
    help = "without --formula it is computed"
    failure = Failure(RAISED, f"no formula: {error.reason}", type="NoFormula", help=help)
    if place is not None:
        from gradcli.cli.process.failures import span_members
        from gradcli.language.errors.diagnostics import Diagnostic, Label

        source, made = place
        title = f"no formula: {error.reason}"
        failure.draw = Diagnostic(title, source, [Label(made.span, "here")], [help]).render
        failure.span = span_members(source, made.span)
    return failure
