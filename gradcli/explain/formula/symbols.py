"""Symbols: what was computed, as immutable nodes that remember which operation made them of what.

A symbol has the tensor that it stands for at the point where the program ran, so its shape, its
dtype and whether it is real are known, and so is what a branch of a rule depends on.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gradcli.table.entry import Op
from gradcli.tensor.tensor import Level, Tensor, alias, shape_of


class Call:
    """An operation and its bound arguments, symbols in place of tensors.

    `op` is None where a value was taken out of the graph: the one argument is what it is.
    """

    __slots__ = ("args", "op", "results")

    def __init__(self, op: Op | None, args: tuple[Any, ...]) -> None:
        self.op = op
        self.args = args
        self.results: list[Symbol | None] = []

    def symbols(self) -> Iterator[Symbol]:
        """The arguments that are symbols, those in lists too."""
        for value in self.args:
            for item in value if type(value) in (list, tuple) else (value,):
                if type(item) is Symbol:
                    yield item


class Symbol:
    """A result of a call, or what the program was given; `number` orders them as they were made."""

    __slots__ = ("call", "index", "name", "number", "tensor", "where")

    def __init__(
        self, tensor: Tensor, call: Call | None, index: int, number: int, name: str = ""
    ) -> None:
        self.tensor = tensor
        self.call = call
        self.index = index
        self.number = number
        self.name = name
        self.where = 0  # the provenance of the call

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the tensor."""
        return tuple(shape_of(self.tensor))

    @property
    def is_complex(self) -> bool:
        """Whether a conjugate is another value."""
        return self.tensor.dtype.is_complex


class Traced(Level):
    """The level of a tensor that stands for a symbol; of a view with the tensor that it was taken
    of, and the call that took it."""

    __slots__ = ("source", "symbol", "view")

    def __init__(
        self, symbol: Symbol, source: Tensor | None = None, view: Call | None = None
    ) -> None:
        super().__init__()
        self.symbol = symbol
        self.source = source
        self.view = view


def symbol_of(tensor: Tensor) -> Symbol | None:
    """The symbol that a tensor stands for; None for one that nothing is known of."""
    level = tensor.level
    return level.symbol if type(level) is Traced else None


def standing_for(symbol: Symbol) -> Tensor:
    """A tensor that stands for a symbol, outside any graph."""
    tensor = alias(symbol.tensor)
    tensor.level = Traced(symbol)
    return tensor


def bare(value: Any) -> Any:
    """A value as the operations see it: tensors without their symbols, still on their graph."""
    if type(value) is Tensor:
        if type(value.level) is not Traced:
            return value
        tensor = alias(value)
        tensor.node, tensor.number = value.node, value.number
        tensor.view_info, tensor.meta = value.view_info, value.meta
        tensor.level = None
        return tensor
    if type(value) in (list, tuple):
        return type(value)(bare(item) for item in value)
    return value
