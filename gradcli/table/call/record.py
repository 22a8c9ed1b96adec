"""Recording: the node that a call of an entry leaves behind."""

from __future__ import annotations

from collections.abc import Sequence
from operator import itemgetter
from typing import Any

from ...autograd import engine
from ...autograd.modes import refresh_view, requires_grad
from ...autograd.node import (
    Freed,
    Node,
    Packed,
    Versions,
    check_saved,
    described_shape,
    next_number,
    packers,
)
from ...tensor.dtypes import FROM_ARRAY
from ...tensor.runtime import runtime
from ...tensor.tensor import Rewrite, Tensor, Version, alias, make, shape_of, version_of, with_data
from ..entry import Op
from ..formulas import complex_arrays, real_arrays, traced
from ..plan import INPUT, OUTPUT, OUTPUT_SHAPE, OUTPUTS, SHAPE, Plan, shape_as_saved
from ..schema import Formula, Namespace
from ..shape_rules import broadcast_shape, formula_error

UNGUARDED = (None, 0)  # the guards of one saved number: nothing to check, but it can be freed


class OpNode(Node):
    """A node of a table entry; `plan` says what was saved and which formulas run."""

    __slots__ = ("args", "plan")

    plan: Any
    args: tuple[Any, ...]  # the bound arguments without tensors, where the node's name needs them

    @property
    def op(self) -> Op:
        """The entry that was called."""
        return self.plan.op  # type: ignore[no-any-return]

    @property
    def materializes(self) -> bool:  # type: ignore[override]
        return not self.plan.op.undefined

    @property
    def title(self) -> str:
        op = self.op
        return op.node_name(self.args if callable(op.node) else ())

    def apply(self, g: Any, wanted: Any, traced_mode: bool) -> Sequence[Any]:
        guards = self.guards
        if guards is None:
            if type(self.saved) is Freed:
                check_saved(self)
        elif guards is not UNGUARDED and (
            guards[0] is None
            or guards[0].clock != guards[1]
            or (
                len(guards) > 2
                and (len(guards) > 4 or guards[2] is None or guards[2].clock != guards[3])
            )
        ):
            check_saved(self)
        if traced_mode:
            return self._recorded(g, wanted)
        dtype = self.dtype if self.count == 1 else self.dtype[0]
        namespace: Any = real_arrays
        if dtype.is_complex or type(self) is MixedOpNode:
            namespace = complex_arrays
        plan = self.plan
        try:
            if plan.run is not None and wanted is None:
                found: Sequence[Any] = plan.run(namespace, g, self.saved)
                return found
            return self._run(namespace, g, wanted, self.saved)
        except ValueError as error:
            raise formula_error(error) from None

    def _run(self, namespace: Any, g: Any, wanted: Any, values: Sequence[Any]) -> Sequence[Any]:
        """The gradients by the plan's formulas over a namespace."""
        plan = self.plan
        if plan.run is not None and wanted is None:
            run = plan.recorded if namespace is traced else plan.run
            found: Sequence[Any] = run(namespace, g, values)
            return found
        if self.count == 1 and plan.op.outputs == 0:
            g = (g,)  # formulas of operations that return a list take one
        edges = self.edges
        grads: list[Any] = [None] * len(edges)
        for index, formula, getter in plan.formulas:
            if type(index) is slice:
                span = range(*index.indices(len(edges)))
                if wanted is None or any(edges[i] in wanted for i in span):
                    for i, grad in zip(span, formula(namespace, g, *getter(values)), strict=True):
                        grads[i] = grad
            elif wanted is None or edges[index] in wanted:
                if type(getter) is int:
                    grads[index] = formula(namespace, g, values[getter])
                else:
                    grads[index] = formula(namespace, g, *getter(values))
        return grads

    def _recorded(self, g: Any, wanted: Any) -> Sequence[Any]:
        """The gradients as recorded operations, under the names that PyTorch gives them."""
        values = self.saved_tensors() if self.guards is not None else self.saved
        before = runtime.formula
        # A number that stands for a tensor is a tensor for PyTorch, in its formulas too.
        runtime.formula = self.plan.tensors != 1 or type(values[0]) not in (int, float, complex)
        try:
            if self.op.fused and runtime.grad_enabled:
                return self._fused(g, wanted, values)
            return self._run(traced, g, wanted, values)
        finally:
            runtime.formula = before

    def _fused(self, g: Any, wanted: Any, values: Sequence[Any]) -> Sequence[Any]:
        """The gradients, each behind the one node that PyTorch has for it."""
        from .fusing import GRADIENT, RESULT, Sources, fused, fusion_of, is_fusible

        op = self.op
        if not is_fusible(g) or not all(map(is_fusible, values)):
            return self._run(traced, g, wanted, values)
        sources = Sources()
        grads = self._run(
            traced, sources.copied(g), wanted, [sources.copied(value) for value in values]
        )
        total = len(self.edges)
        numbers = self.numbers or (0,) * total
        plan = self.plan
        if plan.fusion is None:
            plan.fusion = fusion_of(
                op, [edge_start(op, i, total) for i in range(len(op.parameters))]
            )
        listed = list(grads)
        nodes = {}
        for edge, title, leads_to, zeros in plan.fusion:
            if listed[edge] is not None and self.edges[edge] is not None:
                ways = []
                for way in leads_to:
                    if way >= 0:
                        ways.append((self.edges[way], numbers[way]))
                    elif way == GRADIENT:
                        ways.append((g.node, g.number) if type(g) is Tensor else (None, 0))
                    else:
                        ways.append((self, 0) if way == RESULT else (None, 0))
                nodes[edge] = title, ways, zeros
                listed[edge] = engine.fitted(
                    self.edges[edge], numbers[edge], listed[edge], self, grads
                )
        return fused(listed, sources, nodes)

    def saved_tensors(self) -> list[Any]:
        """The saved values as tensors on the graph they came from, for recorded formulas."""
        plan = self.plan
        values = list(self.saved)
        if plan.places is None:
            plan.find_places(len(self.edges))
        for position, place in enumerate(plan.places):
            if place is None or type(values[position]) is list:
                values[position] = self._as_tensor(values[position], *plan.saves[position])
            else:
                values[position] = self._tensor(values[position], place)
        return values

    def _as_tensor(self, value: Any, code: int, index: int) -> Any:
        if code == OUTPUTS:
            return tuple(self._as_tensor(v, OUTPUT, i) for i, v in enumerate(value))
        if type(value) is list:
            start = edge_start(self.op, index, len(self.edges))
            if start < 0:
                return [self._tensor(v, None) for v in value]
            return [self._tensor(v, start + offset) for offset, v in enumerate(value)]
        if code == OUTPUT:
            tensor = self._tensor(value, None)
            if index not in self.op.constant and type(tensor) is Tensor:
                tensor.node = self
                tensor.number = 0 if self.count == 1 else index + 1
            return tensor
        return self._tensor(value, edge_start(self.op, index, len(self.edges)))

    def _tensor(self, value: Any, edge: int | None) -> Any:
        if type(value) is Tensor:
            tensor = alias(value)
        elif type(value) is Packed:
            tensor = value.unpack()
        elif hasattr(value, "dtype"):
            tensor = make(value, FROM_ARRAY[value.dtype])
        else:
            return value  # a number or None
        if edge is not None and edge >= 0:
            tensor.node = self.edges[edge]
            tensor.number = 0 if self.numbers is None else self.numbers[edge]
        return tensor

    def follow_data(self, index: int, rewrite: Rewrite) -> None:
        value = self.saved[index]
        if self.plan.saves[index][0] == INPUT and type(value) not in (list, Packed):
            kept = list(self.saved)
            if type(value) is Tensor:
                kept[index] = with_data(value, rewrite)
            else:
                kept[index] = rewrite.current(value)
            if self.count == 1:  # raises where a formula would
                broadcast_shape([self.shape, described_shape(kept[index])])
            self.saved = tuple(kept)

    @property
    def makes_view(self) -> bool:  # type: ignore[override]
        return self.op.view

    @property
    def makes_views(self) -> bool:  # type: ignore[override]
        return self.op.view and self.op.outputs != 1

    def source(self, index: int) -> tuple[Any, int] | None:
        code, position = self.plan.saves[index]
        if code in (OUTPUT, OUTPUTS):
            return self, (0 if self.count == 1 else position + 1)
        edge = edge_start(self.op, position, len(self.edges))
        if edge < 0 or self.edges[edge] is None:
            return None
        return self.edges[edge], 0 if self.numbers is None else self.numbers[edge]


class TracedOpNode(OpNode):
    """A node whose saved values carry levels or a low precision: it runs on tensors."""

    __slots__ = ()

    raw = False


class MixedOpNode(OpNode):
    """A node with a real output and complex inputs: a conjugate is not the value itself."""

    __slots__ = ()


def edge_start(op: Op, position: int, total: int) -> int:
    """The index of the first edge of the input at `position`; -1 for one without edges."""
    start = 0
    names = [op.parameters[p] for p in op.tensor_positions if op.parameters[p].name in op.vjp]
    singles = sum(not parameter.is_list for parameter in names)
    for parameter in names:
        if parameter is op.parameters[position]:
            return start
        start += total - singles if parameter.is_list else 1
    return -1


class _Compiled(Plan):
    """A plan whose needs are ready to be picked out of the saved values.

    `places` has the edge of each saved input, none for a result: found when first needed.
    """

    __slots__ = ("places",)

    def __init__(self, op: Op, wanted: tuple[int, ...], total: int) -> None:
        super().__init__(op, wanted)
        self.places: tuple[int | None, ...] | None = None
        if op.outputs != 0 and not any(op.parameters[index].is_list for index in wanted):
            self.run = self.recorded = self._first_run(self.formulas, total)
        self.formulas = tuple(
            (
                _place(op, index, total),
                formula,
                positions[0]
                if len(positions) == 1 and not op.parameters[index].is_list
                else _getter(positions),
            )
            for index, formula, positions in self.formulas
        )

    def find_places(self, total: int) -> None:
        self.places = tuple(
            edge_start(self.op, index, total) if code == INPUT else None
            for code, index in self.saves[: self.tensors]
        )

    def _first_run(self, formulas: tuple[Any, ...], total: int) -> Any:
        _, formula, positions = formulas[0]
        if total == 1 and positions == tuple(range(len(self.saves))):
            return _alone(formula)

        def run(F: Namespace, g: Any, values: Any) -> Any:
            self.run, self.recorded = _written_out(self.op, formulas, total)
            return (self.recorded if F is traced else self.run)(F, g, values)

        return run


def _written_out(op: Op, formulas: tuple[Any, ...], total: int) -> tuple[Any, Any]:
    """The formulas of all edges in one function, each with its needs picked out.

    Note: a loop over formulas costs as much as the formulas of a small operation, so what it would
    do is written out once for each plan: `(f0(F, g, values[1]), None, f2(F, g))`. That is done at
    the first pass that runs the plan, since most plans never run. The second function calls the
    formulas in the order they are given in.
    """
    terms = ["None"] * total
    places = ["None"] * total
    calls = []
    names: dict[str, Any] = {}
    for index, formula, positions in formulas:
        edge = edge_start(op, index, total)
        needs = "".join(f", values[{position}]" for position in positions)
        terms[edge] = f"f{edge}(F, g{needs})"
        places[edge] = f"g{edge}"
        calls.append(f"g{edge} := {terms[edge]}")
        names[f"f{edge}"] = formula
    run = eval(f"lambda F, g, values: ({', '.join(terms)},)", names)
    ordered = f"(({'), ('.join(calls)}), ({', '.join(places)},))[-1]"
    return run, eval(f"lambda F, g, values: {ordered}", names)


def _alone(formula: Formula) -> Any:
    """The one formula of a plan, which needs all that was saved, as `_written_out` gives it."""
    return lambda F, g, values: (formula(F, g, *values),)


def _place(op: Op, index: int, total: int) -> Any:
    start = edge_start(op, index, total)
    if op.parameters[index].is_list:
        singles = sum(
            not op.parameters[p].is_list
            for p in op.tensor_positions
            if op.parameters[p].name in op.vjp
        )
        return slice(start, start + total - singles)
    return start


def _getter(positions: tuple[int, ...]) -> Any:
    if not positions:
        return _nothing
    if len(positions) == 1:
        return itemgetter(slice(positions[0], positions[0] + 1))
    return itemgetter(*positions)


def _nothing(values: Any) -> tuple[()]:
    return ()


def plan_for(op: Op, wanted: tuple[int, ...], total: int) -> Plan:
    """The plan for the inputs at `wanted`, with `total` edges."""
    key = (wanted, total)
    plan = op.plans.get(key)
    if plan is None:
        plan = op.plans[key] = _Compiled(op, wanted, total)
    return plan


def gather(op: Op, args: Sequence[Any]) -> tuple[tuple[int, ...], list[Any], list[int]]:
    """Which inputs require grad, and the edges and output numbers of all tensor inputs."""
    wanted = []
    edges: list[Any] = []
    numbers: list[int] = []
    vjp = op.vjp
    for position in op.tensor_positions:
        parameter = op.parameters[position]
        if parameter.name not in vjp:
            continue
        value = args[position]
        items = value if parameter.is_list else (value,)
        live = False
        for item in items:
            if type(item) is Tensor and item.dtype.category >= 2:
                if item.view_info is not None:
                    refresh_view(item)
                edges.append(item.node)
                numbers.append(item.number)
                live = live or requires_grad(item)
            else:
                edges.append(None)
                numbers.append(0)
        if live:
            wanted.append(position)
    return tuple(wanted), edges, numbers


def record(op: Op, args: Sequence[Any], outputs: Any) -> Node | None:
    """Make the node for a call and hang it on `outputs` (a tensor, or a tuple or list of them)."""
    wanted, edges, numbers = gather(op, args)
    if not wanted:
        return None
    plan = plan_for(op, wanted, len(edges))
    several = type(outputs) is not Tensor
    results = outputs if several else (outputs,)
    live = [
        index
        for index, result in enumerate(results)
        if index not in op.constant and type(result) is Tensor and result.dtype.category >= 2
    ]
    if not live:
        return None
    saved = []
    guards: list[Any] = []
    is_traced = any(not result.dtype.raw for result in results if type(result) is Tensor)
    for code, index in plan.saves:
        if code == INPUT:
            value = args[index]
            if type(value) is Tensor:
                value, low = _save(value, guards)
                is_traced = is_traced or low
            elif isinstance(value, list | tuple):
                kept = []
                version_list: list[Any] = []
                for item in value:
                    if type(item) is Tensor:
                        item, low = _save(item, version_list)
                        is_traced = is_traced or low
                    kept.append(item)
                guards.extend((Versions(version_list), 0) if version_list else (None, 0))
                value = kept
            else:
                guards.extend((None, 0))
        elif code == OUTPUT and packers:
            guards.extend(UNGUARDED)
            value, is_traced = results[index], True  # packed when it is on the graph
        elif code == OUTPUT:
            value, low = _save(results[index], guards)
            is_traced = is_traced or low
        elif code == OUTPUTS:
            kept = []
            version_list = []
            for result in results:
                item, low = _save(result, version_list)
                is_traced = is_traced or low
                kept.append(item)
            guards.extend((Versions(version_list), 0))
            value = tuple(kept)
        elif code == SHAPE:
            value = shape_as_saved(args[index])
        elif code == OUTPUT_SHAPE:
            value = shape_as_saved(outputs)
        else:
            value = args[index]
        saved.append(value)
    kind: type[OpNode] = TracedOpNode if is_traced else OpNode
    if not is_traced and not results[live[0]].dtype.is_complex and _any_complex(op, args):
        kind = MixedOpNode
    node = object.__new__(kind)
    node.plan = plan
    if callable(op.node):
        node.args = tuple(
            None if parameter.is_tensor else value
            for parameter, value in zip(op.parameters, args, strict=True)
        )
    node.edges = tuple(edges)
    node.numbers = tuple(numbers) if any(numbers) else None
    node.saved = tuple(saved)
    node.guards = tuple(guards) if guards else None
    node.hooks = None
    node.name = None
    node.where = runtime.where
    node.number = next_number()
    attach(node, results, live, len(results) if several else 1)
    if packers:
        _pack_outputs(node)
    return node


def _pack_outputs(node: OpNode) -> None:
    """Send saved outputs through the user's hooks."""
    from ...autograd.packing import pack

    node.saved = tuple(
        pack(value) if code == OUTPUT else value
        for value, (code, _) in zip(node.saved, node.plan.saves, strict=True)
    )


def stamp_outputs(node: Node, version: Version) -> None:
    """Let the saved results of a node made before a write in place stand for that write."""
    if type(node) in (OpNode, TracedOpNode) and node.guards is not None:
        guards = list(node.guards)
        for position, (code, _) in enumerate(node.plan.saves):  # type: ignore[attr-defined]
            if code == OUTPUT and guards[2 * position] is version:
                guards[2 * position + 1] = version.clock
        node.guards = tuple(guards)


def _any_complex(op: Op, args: Sequence[Any]) -> bool:
    for position in op.tensor_positions:
        value = args[position]
        if type(value) is Tensor:
            if value.dtype.is_complex:
                return True
        elif isinstance(value, list | tuple):
            for item in value:
                if type(item) is Tensor and item.dtype.is_complex:
                    return True
    return False


def _save(tensor: Tensor, guards: list[Any]) -> tuple[Any, bool]:
    """The value to keep for a tensor, and whether formulas must then run on tensors."""
    if packers:
        from ...autograd.packing import pack

        guards.extend((None, 0))
        return pack(tensor), True
    version = version_of(tensor)
    guards.append(version)
    guards.append(version.clock)
    if tensor.level is None and tensor.dtype.raw:
        return tensor.array, False
    return alias(tensor), True


def attach(node: Node, results: Sequence[Any], live: Sequence[int], count: int) -> None:
    """Hang `node` on its results and let it know their shapes and dtypes."""
    if count == 1 or len(live) == 1:
        result = results[live[0]]
        node.count = 1
        node.plain = node.raw
        node.shape = shape_of(result)
        node.dtype = result.dtype
        result.node = node
        result.number = 0
        return
    node.count = count
    node.plain = False
    node.shape = tuple(shape_of(result) for result in results)
    node.dtype = tuple(result.dtype for result in results)
    for index in live:
        results[index].node = node
        results[index].number = index + 1
