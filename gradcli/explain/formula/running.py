"""A program run on symbols."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from gradcli.language.errors.program_error import ProgramError
from gradcli.tensor.tensor import Tensor

from .symbols import Symbol, symbol_of
from .tracing import NoFormula, named, running, tracing


class Run:
    """A program that ran on symbols: what its names stand for, and which names came first.

    `execute(replaced, observe)` runs it with other values of its inputs and tells of each binding,
    as subjects of checks do. With `through`, what runs under `no_grad` is differentiated, too, as
    are the forwards of Functions. Raises NoFormula and ProgramError.
    """

    def __init__(
        self,
        execute: Callable[[dict[str, Tensor], Callable[[str, Any, int], None]], None],
        given: Mapping[str, Tensor],
        through: bool = False,
    ) -> None:
        self.values: dict[str, Any] = {}
        self.leaves: dict[str, Symbol] = {}
        self.names: dict[Symbol, str] = {}
        replaced = {}
        for name, tensor in given.items():
            self.leaves[in_formulas(name)] = named(tensor, in_formulas(name))
            replaced[name] = tensor
        try:
            with tracing():
                running.program, running.through = True, through
                try:
                    execute(replaced, self._observe)
                finally:
                    running.program = running.through = False
            for name, value in self.values.items():
                symbol = symbol_of(value) if type(value) is Tensor else None
                if symbol is not None and symbol.call is None and symbol.name == name:
                    self.leaves[name] = symbol  # what was written since is another leaf
        except ProgramError as error:
            if isinstance(error.error, NoFormula):
                raise error.error from None
            raise

    def _observe(self, name: str, value: Any, place: int) -> None:
        name = in_formulas(name)
        self.values[name] = value
        if type(value) is not Tensor:
            return
        symbol = symbol_of(value)
        if symbol is None and value.level is None:
            if name:
                self.leaves[name] = named(value, name)
        elif symbol is not None and symbol.call is not None and name.isidentifier():
            self.names.setdefault(symbol, name)


def in_formulas(name: str) -> str:
    """The name of a leaf in a formula, which dotted names of modules' parameters cannot have."""
    return name.replace(".", "_")
