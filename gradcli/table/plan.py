"""What a node saves for the derivatives of its op, and where a formula finds it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ..kernels.blocks import in_blocks
from ..tensor.tensor import Tensor, shape_of
from .schema import needs

if TYPE_CHECKING:
    from .entry import Op


# What a plan saves: an input as a value, the shape of an input, an output, a keyword.
INPUT, SHAPE, OUTPUT, OUTPUTS, OUTPUT_SHAPE, KEYWORD = range(6)


class Plan:
    """What one op saves when a given set of its inputs requires grad, and what it then runs.

    `saves` lists (code, position); tensors among them come first, so that `guards` are
    aligned with them. `formulas` has, for each input that requires grad, the index of the edge,
    the formula and the indices of its needs among the saved values, in the order of the inputs'
    names, in which PyTorch runs them: where a gradient is recorded that decides the order of the
    additions behind it. `run` has them all in one
    function (namespace, cotangent, saved values -> cotangents by edge), None where an input is a
    list; `recorded` keeps to the order.
    """

    __slots__ = ("formulas", "fusion", "names", "op", "recorded", "run", "saves", "tensors")

    def __init__(self, op: Op, wanted: Iterable[int]) -> None:
        self.op = op
        self.formulas: tuple[Any, ...]
        self.run: Callable[[Any, Any, Any], tuple[Any, ...]] | None = None
        self.recorded: Any = None
        self.fusion: tuple[Any, ...] | None = (
            None  # what `fused` of the entry says, once it is read
        )
        position = {parameter.name: i for i, parameter in enumerate(op.parameters)}
        chosen = [
            (index, op.vjp[op.parameters[index].name])
            for index in wanted
            if op.parameters[index].name in op.vjp
        ]
        names: dict[str, tuple[int, int]] = {}
        for index, formula in chosen:
            for name in (*needs(formula), *op.keeps.get(op.parameters[index].name, ())):
                names.setdefault(name, locate(op, position, name))
        ordered = sorted(names, key=lambda name: not self._is_tensor(names[name]))
        self.names = tuple(ordered)
        self.saves = tuple(names[name] for name in ordered)
        self.tensors = sum(self._is_tensor(save) for save in self.saves)
        self.formulas = tuple(
            (
                index,
                in_blocks(formula, 1) if op.blocks else formula,
                tuple(ordered.index(name) for name in needs(formula)),
            )
            for index, formula in sorted(chosen, key=lambda one: op.parameters[one[0]].name)
        )

    def _is_tensor(self, save: tuple[int, int]) -> bool:
        code, index = save
        if code == INPUT:
            return self.op.parameters[index].is_tensor
        return code in (OUTPUT, OUTPUTS)


def locate(op: Op, position: Mapping[str, int], name: str) -> tuple[int, int]:
    """Where a formula finds what it needs: a code and a position among inputs or outputs."""
    if name == "out":
        return OUTPUT, 0
    if name == "outs":
        return OUTPUTS, 0
    if name == "out_shape":
        return OUTPUT_SHAPE, 0
    if name[:3] == "out" and name[3:].isdigit():
        return OUTPUT, int(name[3:])
    if name in position:
        index = position[name]
        return (INPUT if op.parameters[index].is_tensor else KEYWORD), index
    if name.endswith("_shape") and name[:-6] in position:
        return SHAPE, position[name[:-6]]
    raise ValueError(f"{op.id}: a formula needs {name!r}, which the schema does not have")


def shape_as_saved(value: Any) -> Any:
    """The shape of an input as formulas get it: a tuple, or a tuple of them for a list."""
    if type(value) is Tensor:
        return shape_of(value)
    if isinstance(value, list | tuple):
        return tuple(shape_as_saved(item) for item in value)
    return ()
