"""Expressions of several operations that are computed, and derived, as a whole.

A line of a training loop calls the same operations on tensors of the same shapes and dtypes again
and again. `trace` notes the calls of one run; `stage` writes out what computes their arrays in
straight lines, under conditions that say when these calls would come again. Only the result
becomes a tensor, and only one node is made for it.

That node is a `StagedNode`. A plain backward pass runs the formulas of all calls in one function of
arrays, in the order in which the engine would. Whoever looks at anything else of the node, for its
inputs, its hooks or its saved values, finds the nodes of all calls there: it becomes an ordinary
node in front of them in that moment, and stays one.

Note: staged lines do nothing before the last condition holds and all arrays are computed, so that
they can be left for the general way at any place before.
"""

from __future__ import annotations

import operator
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FunctionType
from typing import Any, NamedTuple

import numpy as np

from ...autograd.engine import expandable, fit, sum_to
from ...autograd.node import Freed, before_write, next_number
from ...autograd.operations import operations
from ...kernels.blocks import in_one
from ...tensor.dtypes import float32, float64
from ...tensor.runtime import SMALL, runtime
from ...tensor.tensor import InferenceVersion, Tensor, Version, View, make
from ..entry import ELEMENTWISE, Op
from ..formulas import Arrays, real_arrays
from ..plan import INPUT, KEYWORD, OUTPUT, OUTPUT_SHAPE, SHAPE, shape_as_saved
from ..schema import REQUIRED, needs
from . import compiled, dispatch
from .dispatch import as_array, settled
from .record import UNGUARDED, OpNode, edge_start
from .traits import is_simple, kernels_of

_SYMBOLS = {operator.add: "+", operator.sub: "-", operator.mul: "*", operator.truediv: "/"}


class Call(NamedTuple):
    """A call of an entry: its bound arguments and its result."""

    op: Op
    args: tuple[Any, ...]
    result: Any


# --- noting the calls of a run -------------------------------------------------------------------


def trace(run: Callable[[], Any]) -> tuple[Any, list[Call] | None]:
    """What `run` returns, and the calls that it made; None where they cannot be noted now, or
    are not all that was done, as warnings were given."""
    if compiled.resting:
        return run(), None
    calls: list[Call] = []

    def see(op: Op, args: Sequence[Any], result: Any) -> None:
        calls.append(Call(op, tuple(args), result))

    with _generally(see), warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        value = run()
    for warning in warned:
        warnings.warn(warning.message, stacklevel=2)
    return value, None if warned else calls


@contextmanager
def _generally(see: Callable[[Op, Sequence[Any], Any], None]) -> Iterator[None]:
    """Have all calls go the general way and be seen there."""
    ops = compiled.written()
    for op in ops:
        compiled.rest(op)
    dispatch.watchers.append(see)
    try:
        yield
    finally:
        dispatch.watchers.remove(see)
        for op in ops:
            compiled.resume(op)


# --- the node ------------------------------------------------------------------------------------


class Inner(NamedTuple):
    """One node of those that a staged node stands for.

    `edges` has, for each edge, None, the place among the outer edges, or the complement of the
    place among the inner nodes. `saved` and `guards` have one thing for each saved value: a value
    itself in a tuple or its place among those kept; the place of a version among those noted, the
    complement of the call whose result nobody can write, or None.
    """

    plan: Any
    edges: tuple[int | None, ...]
    saved: tuple[Any, ...]
    guards: tuple[int | None, ...]
    where: int
    shape: tuple[int, ...]
    dtype: Any
    args: tuple[Any, ...] | None


class Recipe(NamedTuple):
    """What all staged nodes of an expression have in common: their nodes, the last one last."""

    inner: tuple[Inner, ...]
    back: Callable[[Any, Any], tuple[Any, ...]]


class StagedNode(OpNode):
    """The node of a whole expression.

    `args` has its recipe, its outer edges, what it keeps, and the versions and clocks of the
    tensors among that. The other slots of a node are empty until somebody looks for them.

    Note: an expression's nodes have numbers without gaps, and its operands are no results of
    calls in between. So no other node would run between them.
    """

    __slots__ = ()

    staged = True

    def __getattr__(self, name: str) -> Any:
        self.expand()
        return getattr(self, name)

    def outer(self) -> tuple[Any, ...]:
        """The edges that lead out of the expression, in the order in which gradients go there."""
        return self.args[1]  # type: ignore[no-any-return]

    def is_current(self) -> bool:
        """Whether what was kept is there and as it was."""
        _, _, kept, versions = self.args
        if type(kept) is Freed:
            return False
        for at in range(0, len(versions), 2):  # noqa: SIM110 -- `all` costs more than the test
            if versions[at].clock != versions[at + 1]:
                return False
        return True

    def expand(self) -> None:
        """Become the last of the nodes of all calls."""
        recipe, outer, kept, versions = self.args
        last = recipe.inner[-1]
        fresh: dict[int, Version] = {}
        made: list[OpNode] = []
        for at, inner in enumerate(recipe.inner, 1 - len(recipe.inner)):
            node = object.__new__(OpNode) if at else self
            node.plan = inner.plan
            node.edges = tuple(
                None if edge is None else outer[edge] if edge >= 0 else made[~edge]
                for edge in inner.edges
            )
            node.numbers = None
            node.hooks = None
            if type(kept) is Freed and inner.guards:
                node.saved, node.guards = kept, None
            else:
                node.saved = tuple(
                    value[0] if type(value) is tuple else kept[value] for value in inner.saved
                )
                node.guards = _guards(inner.guards, versions, fresh)
            if at:
                node.name = None
                node.count = 1
                node.shape, node.dtype = inner.shape, inner.dtype
                node.where = self.where + inner.where - last.where
                node.number = self.number + at
            node.plain = True
            made.append(node)
        if last.args is None:
            del self.args
        for node, inner in zip(made, recipe.inner, strict=True):
            if inner.args is not None:
                node.args = inner.args
        self.__class__ = OpNode  # type: ignore[assignment]


def _guards(
    places: tuple[int | None, ...], versions: Sequence[Any], fresh: dict[int, Version]
) -> tuple[Any, ...] | None:
    guards: list[Any] = []
    for place in places:
        if place is None:
            guards += UNGUARDED
        elif place >= 0:
            guards += versions[2 * place : 2 * place + 2]
        else:
            if place not in fresh:
                fresh[place] = Version()
            guards += fresh[place], 0
    if not guards:
        return None
    return UNGUARDED if len(guards) == 2 and guards[0] is None else tuple(guards)


# --- the lines -----------------------------------------------------------------------------------


class Staged(NamedTuple):
    """Conditions under which, and lines by which, variables of tensors become `out`.

    `names` is what the text knows besides. A node takes its place from `where`. `write` has lines
    that come when `out` is known, and cannot fail.
    """

    conditions: list[str]
    lines: list[str]
    names: dict[str, Any]
    write: tuple[str, ...] = ()


_SHARED: dict[str, Any] = {
    "ABSENT": compiled.ABSENT,
    "StagedNode": StagedNode,
    "Tensor": Tensor,
    "Version": Version,
    "edge": compiled.edge_of,
    "new": object.__new__,
    "make": make,
    "ndarray": np.ndarray,
    "next_number": next_number,
    "resting": compiled.resting,
    "settled": settled,
    "state": runtime,
}


class Unstaged(Exception):
    """The calls of an expression cannot be staged."""


Items = Sequence[tuple[Tensor, str]]  # tensors that stand for the one in a variable


def stage(
    tensors: dict[str, Tensor], items: Items, calls: Sequence[Call], result: Any
) -> Staged | None:
    """The lines for calls that made `result` of tensors in variables; None where there are none."""
    try:
        return _Staging(tensors, items, calls, result).staged()
    except Unstaged:
        return None


def stage_write(
    tensors: dict[str, Tensor], items: Items, calls: Sequence[Call], symbol: str
) -> Staged | None:
    """The lines for calls whose result is written into the first tensor, `target op= result`.

    They leave the write, which nothing can follow, to `Staged.write`.
    """
    try:
        result = calls[-1].result if calls else None
        return _Staging(tensors, items, calls, result).written(next(iter(tensors)), symbol)
    except Unstaged:
        return None


def _require(condition: Any) -> None:
    if not condition:
        raise Unstaged


class _Staging:
    """The text that is being written.

    Of the tensor in a variable `v`, `v_y` is the array and `v_x` what kernels get of it, `v_n` its
    edge, `v_g` its version. The result of call `i` is `r{i}`.
    """

    def __init__(
        self, tensors: dict[str, Tensor], items: Items, calls: Sequence[Call], result: Any
    ) -> None:
        _require(type(result) is Tensor and calls and calls[-1].result is result)
        _require(all(tensor.level is None for tensor in (result, *tensors.values())))
        self.tensors = tensors
        self.calls = calls
        self.out = result
        self.dtype = result.dtype
        self.names: dict[str, Any] = dict(_SHARED, d=self.dtype)
        self.variables = {id(tensor): name for name, tensor in tensors.items()}
        self.results = {id(call.result): at for at, call in enumerate(calls)}
        self.records = runtime.grad_enabled and result.node is not None
        self.kept: list[str] = []
        self.guarded: list[str] = []
        _require(self.dtype is float32 or self.dtype is float64)
        _require(len(self.variables) == len(tensors))  # two names of one tensor may part
        self.variables |= {id(tensor): name for tensor, name in items}
        _require(len(self.results) == len(calls))
        shape = result.array.shape
        self.loose = (  # of whatever shape, where all have the same
            shape != ()
            and not self.records
            and all(is_simple(call.op) for call in calls)
            and all(tensor.array.shape == shape for tensor in tensors.values())
        )

    def constant(self, value: Any) -> str:
        name = f"q{len(self.names)}"
        self.names[name] = value
        return name

    def prepared(self, target: str = "") -> tuple[list[str], list[str]]:
        """The conditions on the tensors, and the lines that compute all results."""
        used = {id(value) for call in self.calls for value in call.args}
        read = {name for key, name in self.variables.items() if key in used}
        _require(read.issuperset(self.tensors.keys() - {target}))
        numbers = [t.array.item() for t in self.tensors.values() if not t.array.ndim]
        for call in self.calls:  # which may have got a number out of a tensor
            for parameter, value in zip(call.op.parameters, call.args, strict=True):
                if type(value) in (int, float) and value is not parameter.default:
                    _require(value not in numbers)
        _require(all(id(call.result) in used for call in self.calls[:-1]))
        conditions = ["state.fresh is None", "not state.born", "not resting"]
        conditions.append(
            "state.grad_enabled" if runtime.grad_enabled else "not state.grad_enabled"
        )
        if self.records:
            conditions.append("not state.packing")
        lines: list[str] = []
        for name, tensor in self.tensors.items():
            found, after = self.operand(name, tensor)
            conditions += found
            lines += after
        if self.loose:
            first, *others = self.tensors
            conditions += [f"{first}_y.ndim", f"{first}_y.nbytes <= {SMALL}"]
            conditions += [f"{other}_y.shape == {first}_y.shape" for other in others]
        for at, call in enumerate(self.calls):
            lines += self.computed(at, call)
        return conditions, lines

    def written(self, target: str, symbol: str) -> Staged:
        """Staged lines and a write in place; see `fast_paths` for what is a plain one."""
        tensor = self.tensors[target]
        array = tensor.array
        _require(not self.records and not self.calls[-1].op.view)
        _require(self.out.array.shape == array.shape and tensor.dtype is self.dtype)
        conditions, lines = self.prepared(target)
        conditions += [
            "not before_write",
            f"type({target}.version) is not InferenceVersion",
            f"({target}.meta is None or not {target}.meta.bit)",
            f"type({target}_y) is {'ndarray' if type(array) is np.ndarray else 'scalar'}",
        ]
        self.names.update(before_write=before_write, scalar=self.dtype.scalar)
        self.names["InferenceVersion"] = InferenceVersion
        result = f"r{len(self.calls) - 1}"
        write = f"{target}_y {symbol}= {result}"
        if type(array) is not np.ndarray:
            write = f"{target}.array = {target}_y {symbol} {result}"
        return Staged(
            conditions,
            [*lines, f"out = {target}"],
            self.names,
            (
                write,
                f"if {target}.version is None: {target}.version = Version()",
                f"{target}.version.bump(where)",
            ),
        )

    def staged(self) -> Staged:
        """Staged lines, and the result as a tensor with its node."""
        conditions, lines = self.prepared()
        recording = self.recorded() if self.records else ["out.node = None"]
        linking: list[str] = []
        if self.calls[-1].op.view:
            linking, found = self.linked()
            conditions += found
        last = f"r{len(self.calls) - 1}"
        lines += [
            "out = new(Tensor)",
            f"out.array = {last}",
            "out.dtype = d",
            "out.number = 0",
            "out.version = None",
            "out.view_info = out.meta = out.level = None",
            "out.born = ()",
            *linking,
            *recording,
        ]
        return Staged(conditions, lines, self.names)

    def operand(self, name: str, tensor: Tensor) -> tuple[list[str], list[str]]:
        """The conditions on a tensor, and the lines after them."""
        array = tensor.array
        _require(tensor.dtype.raw and array.nbytes <= SMALL)
        dtype = "d" if tensor.dtype is self.dtype else self.constant(tensor.dtype)
        conditions = [
            f"type({name}) is Tensor",
            f"{name}.level is None",
            f"{name}.dtype is {dtype}",
            f"({name}_y := {name}.array).shape{'' if self.loose else f' == {array.shape}'}",
        ]
        if array.ndim and array.flags.c_contiguous:
            conditions.append(f"{name}_y.flags.c_contiguous")
        elif array.ndim:
            conditions.append(f"{name}_y.strides == {array.strides}")
        if self.records and tensor.node is not None:
            _require(tensor.number == 0)
            edge = f"{name}.node if {name}.view_info is None else edge({name})"
            conditions += [
                f"({name}_n := {edge}) is not None",
                f"{name}_n is not ABSENT",
                f"{name}.number == 0",
            ]
        elif runtime.grad_enabled:
            base = f"{name}.view_info is None or {name}.view_info.base.node is None"
            conditions += [f"{name}.node is None", f"({base})"]
        if array.ndim:
            return conditions, [f"{name}_x = {name}_y"]
        return conditions, [f"{name}_x = {name}_y[()] if type({name}_y) is ndarray else {name}_y"]

    # The arrays

    def array(self, value: Any) -> str:
        """The variable of what a kernel gets of a tensor."""
        if id(value) in self.results:
            return f"r{self.results[id(value)]}"
        _require(id(value) in self.variables)
        return f"{self.variables[id(value)]}_x"

    def tensor(self, value: Tensor) -> str:
        """What stands for a tensor where it is looked at as one."""
        name = self.variables.get(id(value))
        return f"make({self.array(value)}, d)" if name is None else name

    def computed(self, at: int, call: Call) -> list[str]:
        op, args, result = call
        _require(type(result) is Tensor and op.pure and op.outputs == 1)
        _require(op.kernel is not None and result.dtype is self.dtype)
        _require(not op.view or (op.vjp and result.array.ndim))
        _require(result.array.nbytes <= SMALL)
        _require(not any(parameter.is_list and parameter.is_tensor for parameter in op.parameters))
        if op.batching == ELEMENTWISE and not (op.view or op.keeps_layout):
            # of others the layout follows
            arrays = [value.array for value in args if type(value) is Tensor]
            _require(all(array.ndim < 2 or array.flags.c_contiguous for array in arrays))
        others = [v for v in args if type(v) is Tensor and v.dtype is not self.dtype]
        _require(not others or op.promote is None)
        checks = []
        if others and op.check is not None:  # which may ask for the values of indices
            texts = [self.tensor(v) if type(v) is Tensor else self.constant(v) for v in args]
            checks = [f"{self.constant(op.check)}({', '.join(texts)})"]
        kernel = op.kernel
        wide = any(type(value) is Tensor and value.array.ndim for value in args)
        given = list(zip(op.parameters, args, strict=True))
        if is_simple(op):
            kernel = kernels_of(op)[self.dtype]
            if kernel is not op.kernel:  # it knows nothing but the defaults
                options = [p for p, _ in given if not p.is_tensor and p.default is not REQUIRED]
                _require(all(value is p.default for p, value in given if p in options))
                given = [(p, value) for p, value in given if p not in options]
        if not self.loose:
            kernel = in_one(kernel, max(v.array.size for v in args if type(v) is Tensor))
        texts = []
        for _, value in given:
            if type(value) is Tensor:
                texts.append(self.array(value))
            elif kernel in _SYMBOLS and wide and type(value) in (int, float):
                texts.append(self.constant(np.array(value, self.dtype.array)))
            else:
                texts.append(self.constant(value))
        if kernel in _SYMBOLS:
            return [f"r{at} = {texts[0]} {_SYMBOLS[kernel]} {texts[1]}"]
        line = f"r{at} = {self.constant(kernel)}({', '.join(texts)})"
        if is_simple(op) or op.view:
            return [*checks, line]
        arrays = [
            as_array(value, None, False) if type(value) is Tensor else value for value in args
        ]
        found = kernel(*arrays)
        if settled(op, found, self.dtype) is found:
            return [*checks, line]
        return [*checks, line, f"r{at} = settled({self.constant(op)}, r{at}, d)"]

    def linked(self) -> tuple[list[str], list[str]]:
        """The lines by which a result knows what it is a view of, and conditions on that."""
        base = self.owner(self.calls[-1].args[0])
        view = self.out.view_info
        _require(base is not None and view is not None)
        self.names["View"] = View
        self.names["operations"] = operations
        self.names["InferenceVersion"] = InferenceVersion
        kind = '"normal" if view is None else view.kind' if runtime.grad_enabled else '"no_grad"'
        lines = [
            "link = out.view_info = new(View)",
            f"view = {base}.view_info",
            f"link.base = {base} if view is None else view.base",
            f"version = out.version = {base}.version = {base}.version or Version()",
            "link.clock = version.clock",
            f"link.kind = {kind}",
        ]
        conditions = [
            "operations.note_views is None",
            f"type({base}.version) is not InferenceVersion",
            f"({base}.meta is None or not {base}.meta.bit)",
        ]
        return lines, conditions

    def owner(self, value: Tensor) -> str | None:
        """The variable of the tensor that a program can write to and so change a result."""
        while True:
            if value is self.out:
                return "out"
            if id(value) in self.variables:
                return self.variables[id(value)]
            call = self.calls[self.results[id(value)]]
            if not call.op.view:
                return None
            value = call.args[0]

    # The node

    def recorded(self) -> list[str]:
        nodes = [call.result.node for call in self.calls]
        live = [at for at, node in enumerate(nodes) if node is not None]
        places = {at: place for place, at in enumerate(live)}
        outer: list[str] = []
        inner: list[Inner] = []
        backwards: list[str] = []
        back = _Back()
        for at in live:
            call, node = self.calls[at], nodes[at]
            _require(type(node) is OpNode and node.plain and node.dtype is self.dtype)
            _require(node.numbers is None)
            inner.append(self.inner(at, call, node, outer, places))
        for at in reversed(live):
            backwards += back.node(places[at], nodes[at], inner[places[at]])
        order = [edge for node in reversed(inner) for edge in node.edges]
        order = [edge for edge in order if edge is not None and edge >= 0]
        renumbered = {edge: place for place, edge in enumerate(order)}
        recipe = Recipe(
            tuple(
                node._replace(
                    edges=tuple(
                        edge if edge is None or edge < 0 else renumbered[edge]
                        for edge in node.edges
                    )
                )
                for node in inner
            ),
            back.function(
                len(live),
                backwards,
                [f"o{edge}" for edge in order],
                len(self.kept),
            ),
        )
        lines = []
        versions: list[str] = []
        for name in self.guarded:
            lines += [
                f"{name}_g = {name}.version",
                f"if {name}_g is None: {name}_g = {name}.version = Version()",
            ]
            versions += [f"{name}_g", f"{name}_g.clock"]
        return [
            *lines,
            "made = new(StagedNode)",
            f"made.args = ({self.constant(recipe)}, {_tuple(outer[edge] for edge in order)}, "
            f"{_tuple(self.kept)}, {_tuple(versions)})",
            "made.count = 1",
            "made.plain = False",
            f"made.shape = {self.out.node.shape}",
            "made.dtype = d",
            "made.where = where",
            "made.name = None",
            *["next_number()"] * (len(live) - 1),
            "made.number = next_number()",
            "out.node = made",
        ]

    def inner(
        self, at: int, call: Call, node: OpNode, outer: list[str], places: dict[int, int]
    ) -> Inner:
        op, args, result = call
        total = len(node.edges)
        edges: list[int | None] = [None] * total
        for position in op.tensor_positions:
            place = edge_start(op, position, total)
            value = args[position]
            if place < 0 or node.edges[place] is None:
                continue
            if id(value) in self.results:
                edges[place] = ~places[self.results[id(value)]]
            else:
                edges[place] = len(outer)
                outer.append(f"{self.variables[id(value)]}_n")
        saved: list[Any] = []
        guards: list[int | None] = []
        for code, index in node.plan.saves:
            value = args[index] if code in (INPUT, SHAPE, KEYWORD) else result
            if code == INPUT and type(value) is not Tensor:
                saved.append((value,))
                guards.append(None)
            elif code in (INPUT, OUTPUT):
                name = self.results.get(id(value))
                if name is None:
                    variable = self.variables[id(value)]
                    saved.append(_index(self.kept, f"{variable}_y"))
                    guards.append(_index(self.guarded, variable))
                else:
                    saved.append(_index(self.kept, f"r{name}"))
                    owner = self.owner(value)
                    guards.append(~name if owner is None else _index(self.guarded, owner))
            elif code in (SHAPE, OUTPUT_SHAPE):
                saved.append((shape_as_saved(value),))
            else:
                _require(code == KEYWORD)
                saved.append((value,))
        named = node.args if callable(op.node) else None
        return Inner(
            node.plan,
            tuple(edges),
            tuple(saved),
            tuple(guards),
            node.where,
            node.shape,
            node.dtype,
            named,
        )


def _index(names: list[str], name: str) -> int:
    """The place of a name in a list, in which it is from now on."""
    if name not in names:
        names.append(name)
    return names.index(name)


def _tuple(items: Any) -> str:
    return "(" + "".join(f"{item}, " for item in items) + ")"


class _Unspread(Arrays):
    """`real_arrays`, where a number that would be repeated over a shape stays a number."""

    def expand(self, array: Any, size: Any) -> Any:
        return real_arrays.expand(array, size) if array.ndim else array


_unspread = _Unspread()
vars(_unspread)["conj"] = real_arrays.conj


class _Back:
    """The text of the function that runs the formulas of an expression's nodes.

    `c{i}` is the cotangent of inner node `i`, `o{i}` that of outer edge `i`, `k{i}` a kept value.

    Note: the cotangent of what was summed is one number, repeated. While it is in `numbers` it is
    computed as that number: an elementwise formula makes the same of it in every place.
    """

    def __init__(self) -> None:
        self.names: dict[str, Any] = {"R": real_arrays, "U": _unspread, "fit": fit}
        self.names |= {"sum_to": sum_to, "expand": real_arrays.expand}
        self.arrived: set[int] = set()
        self.numbers: set[int] = set()  # inner nodes

    def constant(self, value: Any) -> str:
        name = f"q{len(self.names)}"
        self.names[name] = value
        return name

    def node(self, place: int, node: OpNode, inner: Inner) -> list[str]:
        """The lines of one node: a formula for each edge, and where its cotangent goes."""
        op, plan = node.op, node.plan
        g = np.ones(node.shape, node.dtype.array)[()]
        lines: list[str] = []
        chosen: dict[int, tuple[Any, list[int]]] = {}
        for (edge, formula, _), index in zip(plan.formulas, _positions(node), strict=True):
            wanted = needs(op.vjp[op.parameters[index].name])
            chosen[edge] = formula, [plan.names.index(name) for name in wanted]
        if place in self.numbers and not self.takes_number(node, inner, chosen):
            self.numbers.remove(place)
            lines.append(f"c{place} = expand(c{place}, {self.constant(node.shape)})")
        for edge, to in enumerate(inner.edges):
            if to is None:
                continue
            formula, indices = chosen[edge]
            values = [node.saved[i] for i in indices]
            found = formula(real_arrays, g, *values)
            _require(found is not None)
            target = node.edges[edge]
            short = formula(_unspread, g.dtype.type(1) if place in self.numbers else g, *values)
            is_number = found.shape != () and short.shape == ()
            given = [self.saved(inner.saved[i]) for i in indices]
            formula = in_one(formula, g.size)
            space = "U" if is_number else "R"
            text = f"{self.constant(formula)}({', '.join([space, f'c{place}', *given])})"
            if _is_identity(formula):
                text = f"c{place}"
            stays = is_number and to < 0 and _fits(found, target)
            if is_number and not stays:
                text = f"expand({text}, {self.constant(found.shape)})"
            if found.dtype is not target.dtype.array:
                shape, dtype = self.constant(target.shape), self.constant(target.dtype)
                text = f"fit({text}, {shape}, {dtype}, None, ())"
            elif found.shape != target.shape:
                _require(expandable(target.shape, found.shape))
                text = f"sum_to({text}, {self.constant(target.shape)})"
            if to >= 0:
                lines.append(f"o{to} = {text}")
            elif ~to in self.arrived:
                lines.append(f"c{~to} = c{~to} + {text}")
                if not stays:
                    self.numbers.discard(~to)
            else:
                self.arrived.add(~to)
                lines.append(f"c{~to} = {text}")
                if stays:
                    self.numbers.add(~to)
        return lines

    def takes_number(self, node: OpNode, inner: Inner, chosen: dict[int, Any]) -> bool:
        """Whether the formulas of a node make of a number what they make of one repeated."""
        if node.op.batching != ELEMENTWISE or node.op.view:
            return False
        g = node.dtype.scalar(0.7)
        for edge, (formula, indices) in chosen.items():
            if inner.edges[edge] is not None:
                values = [node.saved[i] for i in indices]
                found = formula(real_arrays, np.broadcast_to(g, node.shape), *values)
                short = formula(_unspread, g, *values)
                if short.dtype != found.dtype or short.shape not in ((), found.shape):
                    return False
                if short.shape and short.strides != found.strides:
                    return False
        return True

    def saved(self, value: Any) -> str:
        return self.constant(value[0]) if type(value) is tuple else f"k{value}"

    def function(self, nodes: int, lines: list[str], given: list[str], kept: int) -> Any:
        """The function of a cotangent and of the kept values."""
        take = [f"{_tuple(f'k{i}' for i in range(kept))} = kept"] if kept else []
        body = [*take, *lines, f"return {_tuple(given)}"]
        source = "\n ".join([f"def back(c{nodes - 1}, kept):", *body]) + "\n"
        return FunctionType(compiled.code_of(source), self.names, "back")


def _positions(node: OpNode) -> list[int]:
    """The inputs whose formulas a plan has, in its order."""
    op, total = node.op, len(node.edges)
    starts = {edge_start(op, index, total): index for index in op.tensor_positions}
    return [starts[edge] for edge, _, _ in node.plan.formulas]


def _fits(found: Any, edge: Any) -> bool:
    """Whether a cotangent has the shape and dtype of an edge."""
    return found.shape == edge.shape and found.dtype is edge.dtype.array


def _is_identity(formula: Any) -> bool:
    code = getattr(formula, "__code__", None)
    return code is not None and code.co_code == _IDENTITY and code.co_argcount == 2


_IDENTITY = (lambda F, g: g).__code__.co_code


__all__ = ["Call", "Staged", "StagedNode", "stage", "trace"]
