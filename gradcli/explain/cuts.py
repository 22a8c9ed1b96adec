"""Where a program's text cuts a value off from the graph: detach, `.data`, no_grad, numbers.

Values are followed by name: what an assignment's right side mentions flows into its left side. The
answer is a reading of the text, so it is asked for only where a gradient is known to be missing.
Where it is known which statements ran, and in which grad mode (`machine.ran`), the others are not
read, and the mode is not guessed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from gradcli.language.machine.state import RECORDED, UNRECORDED, machine
from gradcli.language.syntax import nodes
from gradcli.language.syntax.source import Source, Span

_ATTRIBUTES = {
    "detach": "detach() cuts it off",
    "detach_": "detach_() cuts it off",
    "data": ".data is outside of the graph",
    "item": "item() makes a Python number, which has no gradient",
    "tolist": "tolist() makes Python numbers, which have no gradient",
    "numpy": "numpy() makes an array, which has no gradient",
    "argmax": "argmax has no gradient",
    "argmin": "argmin has no gradient",
    "argsort": "argsort makes indices, which have no gradient",
    "nonzero": "nonzero() makes indices, which have no gradient",
    "argwhere": "argwhere() makes indices, which have no gradient",
    "indices": ".indices are whole numbers, which have no gradient",
    "count_nonzero": "count_nonzero counts, which has no gradient",
    "bincount": "bincount counts, which has no gradient",
    "histc": "histc counts, which has no gradient",
    "isnan": "isnan() makes truth values, which have no gradient",
    "isfinite": "isfinite() makes truth values, which have no gradient",
    "gt": "gt() makes truth values, which have no gradient",
    "ge": "ge() makes truth values, which have no gradient",
    "lt": "lt() makes truth values, which have no gradient",
    "le": "le() makes truth values, which have no gradient",
    "eq": "eq() makes truth values, which have no gradient",
    "ne": "ne() makes truth values, which have no gradient",
    "long": "long() makes integers, which have no gradient",
    "int": "int() makes integers, which have no gradient",
    "bool": "bool() makes truth values, which have no gradient",
    "short": "short() makes integers, which have no gradient",
    "new_tensor": "new_tensor(…) copies numbers, without the graph",
    "byte": "byte() makes integers, which have no gradient",
}
_CALLS = {
    "tensor": "tensor(…) copies numbers, without the graph",
    "param": "param(…) makes a new leaf, without the graph",
    "Parameter": "Parameter(…) is a new leaf, without the graph",
    "float": "float() makes a Python number, which has no gradient",
    "int": "int() makes a Python number, which has no gradient",
    "argmax": "argmax has no gradient",
    "argmin": "argmin has no gradient",
    **{
        name: f"{name}(…) copies numbers, without the graph"
        for name in ("as_tensor", "asarray", "Tensor", "FloatTensor", "DoubleTensor", "HalfTensor")
    },
    "argsort": "argsort makes indices, which have no gradient",
    "nonzero": "nonzero(…) makes indices, which have no gradient",
    "argwhere": "argwhere(…) makes indices, which have no gradient",
    "searchsorted": "searchsorted(…) makes indices, which have no gradient",
    "bucketize": "bucketize(…) makes indices, which have no gradient",
    "multinomial": "multinomial(…) draws indices, which have no gradient",
    "bernoulli": "bernoulli(…) draws, and has no gradient by its probability",
    "one_hot": "one_hot(…) makes integers, which have no gradient",
    "count_nonzero": "count_nonzero counts, which has no gradient",
    "bincount": "bincount counts, which has no gradient",
    "histc": "histc counts, which has no gradient",
    "LongTensor": "LongTensor(…) makes integers, which have no gradient",
    "from_numpy": "from_numpy(…) is outside of the graph",
}
_INTEGERS = (
    *("int8", "int16", "int32", "int64", "uint8", "short", "int", "long", "bool"),
    *("IntTensor", "LongTensor", "BoolTensor"),
)
_COMPARED = "a comparison makes truth values, which have no gradient"
_OFF = ("no_grad", "inference_mode")
_UNRECORDED = "without create_graph=True a gradient is not recorded itself"

# What helps, by words of a reason; the first that is found.
_CURES = (
    ("grad mode is off", "compute it outside of the block, or under torch.enable_grad()"),
    ("detach", "leave detach() out where a gradient is to flow"),
    (".data", "leave .data out where a gradient is to flow"),
    ("new leaf", "make the leaf once, and compute with it"),
    ("copies numbers", "torch.stack([…]) or torch.cat([…]) puts tensors together on the graph"),
    ("number", "keep the tensor, and take the number for printing only"),
    ("array", "keep the tensor, and take the array for printing only"),
    ("argmax", "it is a step function: use cross_entropy of the scores, or softmax"),
    ("argmin", "it is a step function: use softmin, or a loss of the values"),
    ("indices", "it is a step function: use the values, or a soft choice such as softmax"),
    ("draws", "draw with a reparametrization: a formula of noise and parameters, or rsample()"),
    ("counts", "it is a step function: a sum of torch.sigmoid(…) has a slope"),
    ("comparison", "it is a step function: torch.sigmoid(k * (x - threshold)) has a slope"),
    ("truth values", "it is a step function: use one that has a slope"),
    ("integers", "keep the floating tensor: whole numbers have no slope"),
    ("requires_grad_(False)", "leave it out where a gradient is to flow"),
    ("create_graph", "give create_graph=True where the first gradient is taken"),
)


Piece = tuple[Any, Source]  # a tree, or a statement, and the text that it was parsed from


class Cut(NamedTuple):
    """A place in the text (`p.grad:6:5`), its words, what they do, and where exactly they are."""

    place: str
    text: str
    reason: str
    source: Source
    span: Span


class _Flow(NamedTuple):
    """Names that get a value, the nodes that it is made of, and whether grad mode is off.

    A function is made of its body, and `parameters` stand for whatever it is called with. `whole`
    says that nothing of the targets' earlier values is left.
    """

    targets: set[str]
    parts: list[Any]
    off: bool
    parameters: frozenset[str] = frozenset()
    whole: bool = False
    function: bool = False


def cuts(pieces: Sequence[Piece], origin: str, result: str) -> list[Cut]:
    """The places between `origin` and `result` (names), in the order of the texts.

    `result` is "" for the value of the last expression. An empty `origin` stands for any name, a
    dotted one for a parameter of a module, which is reached where the module is called.
    """
    origin = origin.partition(".")[0]
    flows, mentioned = _current(
        [(flow, source) for tree, source in pieces for flow in _flows(tree, False)]
    )
    needed = {result}
    owner, *path = origin.split(".")  # a parameter is reached by its module's name
    part_of = path[0] if path and not path[0].isdigit() else ""
    reached = {owner}
    changed = True
    while changed:
        before = len(needed) + len(reached)
        for (flow, _), names in zip(flows, mentioned, strict=True):
            if flow.targets & needed:
                needed |= names
            if not origin or names & reached:
                reached |= flow.targets
        changed = len(needed) + len(reached) != before
    found: dict[nodes.Node, Cut] = {}
    compared: dict[nodes.Node, Cut] = {}  # a comparison is often beside the way of the values
    for (flow, source), names in zip(flows, mentioned, strict=True):
        if not flow.targets & needed:
            continue
        if origin and flow.function:
            called = _called(flow.targets, flows, mentioned, reached)
            if not _takes(called, flows, mentioned, reached, needed):
                continue
        places: dict[Any, str] = {}
        for part in flow.parts:
            for node, value, reason in _places(part):
                names_here = _mentions(value)
                if flow.function and part_of and value not in _passed_by(part, part_of):
                    continue
                if names_here if not origin else names_here & (reached | flow.parameters):
                    places.setdefault(node, reason)
            if flow.off and isinstance(part, nodes.expr) and (not origin or names & reached):
                places.setdefault(part, "grad mode is off here")
        for node in sorted(places, key=lambda node: int(node.span.start)):
            kind = compared if places[node] in (_COMPARED, _UNRECORDED) else found
            kind.setdefault(node, _cut(source, node, places[node]))
    return list((found or compared).values())


def statements_that_ran(pieces: Sequence[Piece]) -> Iterator[tuple[Any, Source]]:
    """Every statement in the texts that ran, each with its text."""
    for tree, source in pieces:
        for item in _walk(tree, ran=True):
            if isinstance(item, nodes.stmt):
                yield item, source


def cut_lines(pieces: Sequence[Piece], origin: str, result: str) -> Iterator[str]:
    """The cuts between two names, a line each."""
    for cut in cuts(pieces, origin, result):
        yield f"    {cut.place}: {cut.reason}: `{cut.text}`"


def _called(
    function: set[str],
    flows: Sequence[tuple[_Flow, Source]],
    mentioned: Sequence[set[str]],
    reached: set[str],
) -> set[str]:
    """The names by which a function is called: its own, of aliases, of instances of a class."""
    found = set(function)
    for (flow, _), names in zip(flows, mentioned, strict=True):
        if names & found and not (names - found) & reached:
            found |= flow.targets
    return found


def _takes(
    function: set[str],
    flows: Sequence[tuple[_Flow, Source]],
    mentioned: Sequence[set[str]],
    reached: set[str],
    needed: set[str],
) -> bool:
    """Whether a function is mentioned together with what was reached, or mentions it itself."""
    made = set(function)  # the function or class, and what is made with it
    for (flow, _), names in zip(flows, mentioned, strict=True):
        if names & function and flow.whole and not flow.function:
            made |= flow.targets
    return any(
        flow.targets & needed
        and (names | flow.targets) & made
        and ((names - function) & reached or names & function & reached)
        for (flow, _), names in zip(flows, mentioned, strict=True)
    )


def _passed_by(body: Any, part: str) -> set[Any]:
    """The expressions in a body that a module's part leads to: `self.part(x)`, and what is made
    from names that hold it."""
    holding: set[str] = set()
    found: set[Any] = set()
    for statement in sorted(
        (item for item in _walk(body) if isinstance(item, nodes.stmt)), key=lambda s: s.span.start
    ):
        if isinstance(statement, nodes.FunctionDef | nodes.ClassDef):
            continue
        for item in _walk(statement):
            if isinstance(item, nodes.expr) and (
                any(isinstance(n, nodes.Attribute) and n.attr == part for n in _walk(item))
                or _mentions(item) & holding
            ):
                found.add(item)
        if isinstance(statement, nodes.Assign) and statement.value in found:
            holding |= set().union(*map(_names_of_target, statement.targets))
    return found


def _current(
    flows: list[tuple[_Flow, Source]],
) -> tuple[list[tuple[_Flow, Source]], list[set[str]]]:
    """The flows whose values were not replaced before anything used them, and what they mention."""
    kept = []
    replaced: set[str] = set()  # assigned further on, and not used up to there
    for flow, source in reversed(flows):
        names: set[str] = set().union(*map(_mentions, flow.parts))
        if not (flow.whole and flow.targets <= replaced):
            kept.append(((flow, source), names))
            replaced -= names
            if flow.whole:
                replaced |= flow.targets - names
    return [flow for flow, _ in reversed(kept)], [names for _, names in reversed(kept)]


def cure(found: Sequence[Cut]) -> str:
    """What helps against the first of some cuts, "" for nothing."""
    for cut in found:
        for words, help in _CURES:
            if words in cut.reason:
                return help
    return ""


def origins(pieces: Sequence[Piece], result: str) -> list[Cut]:
    """Where the tensors are made that a result goes back to, and where they begin to need grad.

    To be asked where nothing on the way requires grad, and nothing cuts it off.
    """
    flows, mentioned = _current(
        [(flow, source) for tree, source in pieces for flow in _flows(tree, False)]
    )
    assigned = set().union(*(flow.targets for flow, _ in flows)) if flows else set()
    needed = {result}
    changed = True
    while changed:
        before = len(needed)
        for (flow, _), names in zip(flows, mentioned, strict=True):
            if flow.targets & needed:
                needed |= names
        changed = len(needed) != before
    found = []
    for (flow, source), names in zip(flows, mentioned, strict=True):
        made = [part for part in flow.parts if isinstance(part, nodes.Call)]
        if not flow.targets & needed:
            continue
        if any(_last_name(part.func) == "requires_grad_" for part in made):
            found.append(_cut(source, made[0], "it requires grad only for what comes after this"))
        elif made and flow.whole and not names & assigned and flow.targets != {""}:
            found.append(_cut(source, made[0], "made without requires_grad=True"))
    return found


def _cut(source: Source, node: Any, reason: str) -> Cut:
    text = " ".join(source.slice(node.span).split())
    return Cut(source.location(node.span.start), text, reason, source, node.span)


def _mode(node: Any) -> int:
    """In which grad modes a statement ran; 0 when it did not."""
    return RECORDED if machine.ran is None else machine.ran.get(node, 0)


def _flows(node: Any, off: bool, nested: bool = False) -> Iterator[_Flow]:
    if isinstance(node, nodes.Expression):
        yield _Flow({""}, [node.body], off)
        return
    if isinstance(node, nodes.stmt) and machine.ran is not None:
        if not _mode(node):
            return
        off = _mode(node) == UNRECORDED
    if isinstance(node, nodes.Assign):
        targets = set().union(*map(_names_of_target, node.targets))
        whole = not nested and all(isinstance(item, nodes.Name) for item in node.targets)
        yield _Flow(targets, [node.value], off, whole=whole)
        return
    if isinstance(node, nodes.AugAssign | nodes.AnnAssign):
        if node.value is not None:
            yield _Flow(_names_of_target(node.target), [node.value], off)
        return
    if isinstance(node, nodes.Expr):
        written = _written(node.value)
        off = off and not _sets_mode(node.value)
        yield _Flow({"", *written}, [node.value], off, whole=not nested and not written)
        return
    if isinstance(node, nodes.FunctionDef):
        yield _Flow({node.name}, [*node.body], False, _parameters(node), function=True)
        return
    if isinstance(node, nodes.ClassDef):
        methods = [item for item in node.body if isinstance(item, nodes.FunctionDef)]
        parameters = frozenset[str]().union(*map(_parameters, methods))
        yield _Flow({node.name}, [*node.body], False, parameters, function=True)
        return
    if isinstance(node, nodes.With):
        off = off or _is_off(node)
    if isinstance(node, nodes.For):
        yield _Flow(_names_of_target(node.target), [node.iter], off)
    for item in _below(tuple(value for _, value in node.fields())):
        if isinstance(item, nodes.stmt | nodes.ExceptHandler):
            yield from _flows(item, off, not isinstance(node, nodes.Module))


def _below(values: tuple[Any, ...]) -> Iterator[Any]:
    """What stands in tuples, and in tuples inside of them, as the tests and blocks of `if` do."""
    for value in values:
        if isinstance(value, tuple):
            yield from _below(value)
        else:
            yield value


def _parameters(function: Any) -> frozenset[str]:
    """The parameters of a function, and the names in it that get a value made of them."""
    found = {item.arg for item in _walk(function.args) if isinstance(item, nodes.arg)}
    inner = [flow for item in function.body for flow in _flows(item, False)]
    changed = True
    while changed:
        before = len(found)
        for flow in inner:
            if found & set().union(*map(_mentions, flow.parts)):
                found |= flow.targets - {""}
        changed = len(found) != before
    return frozenset(found)


def _names_of_target(target: Any) -> set[str]:
    """The names that an assignment to `target` changes: `y` for `y[0]` and `y.data` too."""
    while isinstance(target, nodes.Subscript | nodes.Attribute | nodes.Starred):
        target = target.value
    if isinstance(target, nodes.Name):
        return {target.id}
    if isinstance(target, nodes.Tuple | nodes.List):
        return set().union(*map(_names_of_target, target.elts))
    return set()


def _written(value: Any) -> set[str]:
    """The name that a call such as `y.add_(x)` or `rows.append(x)` writes to."""
    if isinstance(value, nodes.Call) and isinstance(value.func, nodes.Attribute):
        return _names_of_target(value.func.value)
    return set()


def _is_off(block: nodes.With) -> bool:
    return any(_turns_off(item.context_expr) for item in block.items)


def _turns_off(context: Any) -> bool:
    function = context.func if isinstance(context, nodes.Call) else context
    name = _last_name(function)
    if name == "set_grad_enabled" and isinstance(context, nodes.Call) and context.args:
        value = context.args[0]
        return isinstance(value, nodes.Constant) and value.value is False
    return name in _OFF


def _sets_mode(value: Any) -> bool:
    return isinstance(value, nodes.Call) and _last_name(value.func) == "set_grad_enabled"


def _last_name(node: Any) -> str:
    if isinstance(node, nodes.Attribute):
        return node.attr
    return node.id if isinstance(node, nodes.Name) else ""


def _walk(node: Any, ran: bool = False) -> Iterator[Any]:
    """A node and what is below it; with `ran` no statement that did not run."""
    stack = [node]
    while stack:
        item = stack.pop()
        if isinstance(item, tuple):
            stack.extend(item)
        elif isinstance(item, nodes.Node):
            if ran and isinstance(item, nodes.stmt) and not _mode(item):
                continue
            yield item
            stack.extend(value for _, value in item.fields())


def _mentions(node: Any) -> set[str]:
    return {item.id for item in _walk(node) if isinstance(item, nodes.Name)}


def _places(node: Any) -> Iterator[tuple[Any, Any, str]]:
    """Expressions that cut, the value that they cut, and what they do."""
    methods: set[Any] = set()  # of calls that were seen before them
    for item in _walk(node, ran=True):
        if isinstance(item, nodes.Return | nodes.Assign) and _mode(item) == UNRECORDED:
            if item.value is not None:
                yield item.value, item.value, "grad mode is off here"
        elif machine.ran is None and isinstance(item, nodes.With) and _is_off(item):
            for inner in _walk(item.body):
                if isinstance(inner, nodes.Return | nodes.Assign) and inner.value is not None:
                    yield inner.value, inner.value, "grad mode is off here"
        elif isinstance(item, nodes.Call):
            if isinstance(item.func, nodes.Attribute) and _cuts_off(item.func):
                methods.add(item.func)
                value = item.func.value if item.func.attr != "new_tensor" else _given(item)
                yield item, value, _ATTRIBUTES[item.func.attr]
            elif _last_name(item.func) in ("to", "type") and _to_integers(item):
                methods.add(item.func)
                yield item, item.func, "integers and truth values have no gradient"
            elif _last_name(item.func) == "requires_grad_" and _says_false(item):
                yield item, item.func, "requires_grad_(False) turns gradients off"
            elif _is_gradient(item):
                methods.add(item.func)
                yield item, item.args, _UNRECORDED
            elif _plain(item.func) in _CALLS:
                yield item, _given(item), _CALLS[_plain(item.func)]
        elif isinstance(item, nodes.Attribute) and item not in methods and _cuts_off(item):
            yield item, item.value, _ATTRIBUTES[item.attr]
        elif isinstance(item, nodes.Attribute) and item.attr == "grad" and item not in methods:
            yield item, item.value, _UNRECORDED
        elif isinstance(item, nodes.Compare):
            yield item, item, _COMPARED


def _given(call: nodes.Call) -> tuple[nodes.expr, ...]:
    """The arguments of a call."""
    return (*call.args, *(word.value for word in call.keywords))


def _to_integers(call: nodes.Call) -> bool:
    """Whether a call of `to` or `type` names a dtype without gradients."""
    return any(
        isinstance(item, nodes.Attribute) and item.attr in _INTEGERS for item in _given(call)
    )


def _is_gradient(call: nodes.Call) -> bool:
    """Whether it is `torch.autograd.grad(…)` without create_graph."""
    return (
        isinstance(call.func, nodes.Attribute)
        and call.func.attr == "grad"
        and _last_name(call.func.value) == "autograd"
        and not any(word.arg == "create_graph" for word in call.keywords)
    )


def _says_false(call: nodes.Call) -> bool:
    return any(isinstance(item, nodes.Constant) and item.value is False for item in call.args)


def _cuts_off(attribute: nodes.Attribute) -> bool:
    return attribute.attr in _ATTRIBUTES and _last_name(attribute.value) != "torch"


def _plain(function: Any) -> str:
    """The name of a function that is called by itself or as `torch.name`."""
    if isinstance(function, nodes.Attribute) and _last_name(function.value) != "torch":
        return ""
    return _last_name(function)
