"""The text of an entry's function for common calls: see `compiled`.

A call goes through steps, and `source_of` has the lines of each from a function here: the arguments
are bound, checked and made arrays, memory is reserved, the kernel runs, its result becomes a
tensor, and a node is hung on that. Names are numbered by parameter: `a1` is what was given, `v1`
what was bound and `d1` the default; `t1` says whether `v1` is a tensor where it need not be one;
`x1` is its array and `n1` its edge in the graph. LEAVE stands for the line that goes the general
way; it comes only where nothing was done yet.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ...kernels.shortcuts import has_shortcuts
from ...tensor.dtypes import FLOATING, DType
from ..dtype_rules import supports
from ..entry import ELEMENTWISE, Op
from ..plan import INPUT, KEYWORD, OUTPUT, SHAPE, Plan
from ..schema import REQUIRED, Parameter
from .arguments import number_allowed, takes_number
from .traits import edges_of, is_simple, kernels_of, plans_of

Lines = list[str]


def _fill(text: str, **parts: str | Lines) -> Lines:
    """The lines of a text: a name in braces stands for words, or alone on its line for lines."""
    lines: Lines = []
    block = text.strip("\n").rstrip().split("\n")
    indent = len(block[0]) - len(block[0].lstrip())
    for line in block:
        line = line[indent:]
        word = line.strip()
        part = parts.get(word[1:-1]) if word[:1] == "{" else None
        if isinstance(part, list):
            lines += [line.replace(word, inner) for inner in part]
        else:
            lines.append(line.format(**parts))
    return lines


def _if(condition: str, lines: Sequence[str], otherwise: Sequence[str] = ()) -> Lines:
    """Lines under a condition; none where there are none, or nothing to ask."""
    if not condition or not lines:
        return list(otherwise)
    rest = ["else:", *[f"    {line}" for line in otherwise]] if otherwise else []
    return [f"if {condition}:", *[f"    {line}" for line in lines], *rest]


def _leave_if(*conditions: str) -> Lines:
    return _if(" or ".join(conditions), ["LEAVE"])


def _tuple(items: Iterable[str]) -> str:
    listed = list(items)
    return f"({', '.join(listed)}{',' * (len(listed) == 1)})"


def source_of(op: Op) -> str:
    """The function `call` for an entry."""
    given = [f"a{i}" for i, parameter in enumerate(op.parameters) if not parameter.keyword_only]
    values = ", ".join(_values(op))
    if op.function is not None:
        body = [f"return function({values})"]
    elif op.composite is not None:
        body = _leave_if("state.packing") + _reserving(op) + [f"return composite(traced, {values})"]
    else:
        body = [*_arrays(op), *_edges(op), *_reserving(op), *_computing(op), *_recording(op)]
        body += ["return out"]
    lines = _fill(
        """
        def call({given}*rest, **keywords):
            {binding}
            {checks}
            {body}
        """,
        given="".join(f"{name}, " for name in given) + "/, " * bool(given),
        binding=_binding(op, given),
        checks=_checks(op),
        body=body,
    )
    leave = f"return slowly({', '.join(['keywords', 'rest', *given])})"
    return "\n".join(lines).replace("LEAVE", leave) + "\n"


# --- words about an entry ------------------------------------------------------------------------


def _values(op: Op, letter: str = "v") -> Lines:
    """The bound arguments; with the letter x those that are tensors as arrays."""
    return [f"{letter if p.is_tensor else 'v'}{i}" for i, p in enumerate(op.parameters)]


def _tensors(op: Op) -> list[int]:
    """The places of tensors that stand alone."""
    return [i for i in op.tensor_positions if not op.parameters[i].is_list]


def _joins(op: Op) -> bool:
    """Whether an entry computes with a list of tensors of one dtype, and no other tensor."""
    return op.parameters[0].is_tensor and op.parameters[0].is_list


def _or_number(op: Op, i: int) -> bool:
    """Whether a number may stand for the tensor at a position."""
    return i > 0 and op.composite is None and number_allowed(op) and takes_number(op, i)


def _is_sure(op: Op, i: int) -> bool:
    """Whether what the checks let pass at a position is always a tensor."""
    return not op.parameters[i].optional and not _or_number(op, i)


def _for_tensor(op: Op, i: int, condition: str) -> str:
    """A condition on the tensor at a position, false where there is none."""
    return condition if _is_sure(op, i) else f"(t{i} and {condition})"


def _options(op: Op) -> list[int]:
    """The places of arguments that are no tensors and have a default."""
    optional = [i for i, p in enumerate(op.parameters) if p.default is not REQUIRED]
    return [i for i in optional if not op.parameters[i].is_tensor]


def _is_shortcut(op: Op) -> bool:
    """Whether a single function computes, which knows nothing but the defaults."""
    return is_simple(op) and has_shortcuts(op.kernel)


# --- the arguments -------------------------------------------------------------------------------


def _binding(op: Op, given: Lines) -> Lines:
    """Positional arguments and defaults here; keywords by the entry's own `bind`."""
    last = rest = ""  # the last argument that has to be given; those that are given one by one
    simple: Lines = []
    for i, parameter in enumerate(op.parameters):
        if parameter.keyword_only:
            simple.append(f"v{i} = d{i}")
            if parameter.default is REQUIRED:
                last = "True"
        elif parameter.default is REQUIRED:
            simple.append(f"v{i} = a{i}")
            last = f"a{i} is ABSENT"
        else:
            simple.append(f"v{i} = d{i} if a{i} is ABSENT else a{i}")
        if parameter.variadic:
            rest = f"type(a{i}) is {'Tensor' if parameter.is_tensor else 'int'}"
            simple += _if(rest, [f"v{i} = (a{i}, *rest)"])
    if not simple:
        return _leave_if("keywords", "rest")
    others = ["keywords", f"rest and not {rest}" if rest else "rest", *([last] if last else [])]
    return _fill(
        """
        if {others}:
            found = bound({given})
            if found is None:
                LEAVE
            {names} = found
        else:
            {simple}
        """,
        others=" or ".join(others),
        given=", ".join(["keywords", "rest", *given]),
        names=_tuple(f"v{i}" for i in range(len(op.parameters))),
        simple=simple,
    )


# What a value of a kind has to be to be taken as it is. Values of other kinds are never changed.
_FITS = {
    "int": "type({v}) is int",
    "Dim": "type({v}) is int",
    "bool": "{v} is True or {v} is False",
    "str": "type({v}) is str",
    "DType": "type({v}) is DType",
    "Scalar": "type({v}) is float or type({v}) is int",
    "Number": "type({v}) is float or type({v}) is int",
    "Ordered": "type({v}) is float or type({v}) is int",
    "Order": "type({v}) is float or type({v}) is int or type({v}) is str",
    "Extents": "type({v}) is int or listed_ints({v}) is not None",
    "Padding": "type({v}) is int or type({v}) is str or listed_ints({v}) is not None",
    "MemoryFormat": "type({v}) is memory_format",
}
# A number in a tensor's place that every floating dtype computes with as it is.
_NUMBER = "type({v}) is float or (type({v}) is int and -(1 << 53) < {v} < 1 << 53)"


def _checks(op: Op) -> Lines:
    """Every value is of a type that needs no conversion, or of one that is converted here."""
    lines: Lines = []
    for i, parameter in enumerate(op.parameters):
        lines += _tensor_check(op, i) if parameter.is_tensor else _check(parameter, i)
    return lines


def _check(parameter: Parameter, i: int) -> Lines:
    v = f"v{i}"
    given = [f"{v} is not d{i}"] if parameter.default is not REQUIRED else []
    if parameter.optional and parameter.default is not None:
        given.append(f"{v} is not None")
    if parameter.is_list and parameter.kind in ("int", "Dim"):
        make = "listed_ints" if parameter.strict else "ints"
        lines = [f"{v} = {make}({v})", *_leave_if(f"{v} is None")]
        return _if(" and ".join(given), lines, () if given else lines)
    if parameter.kind == "float" and not parameter.is_list:
        lines = [*_leave_if(f"type({v}) is not int"), f"{v} = float({v})"]
        return _if(" and ".join([*given, f"type({v}) is not float"]), lines)
    fits = "False" if parameter.is_list else _FITS.get(parameter.kind, f"{v} is not None")
    return _leave_if(" and ".join([*given, f"not ({fits.format(v=v)})"]))


def _tensor_check(op: Op, i: int) -> Lines:
    parameter = op.parameters[i]
    v = f"v{i}"
    if parameter.is_list:
        gaps = parameter.name == "indices"  # of dimensions that no index has
        lines = [f"{v} = tensors({v}, {gaps})", *_leave_if(f"{v} is None")]
        return _if(f"{v} is not None", lines) if parameter.optional else lines
    odd = f"type({v}) is not Tensor or {v}.level is not None"
    if _is_sure(op, i):
        return _leave_if(odd)
    if not _or_number(op, i):
        return [f"t{i} = {v} is not None", *_leave_if(f"t{i} and ({odd})")]
    formula = "state.formula or " if op.scalar else ""  # where another entry stands for it
    none = f"{v} is not None and " if parameter.optional else ""
    number = f"{none}({formula}not ({_NUMBER.format(v=v)}))"
    found = _if(f"t{i}", _leave_if(f"{v}.level is not None"), _leave_if(number))
    return [f"t{i} = type({v}) is Tensor", *found]


# --- the arrays ----------------------------------------------------------------------------------


def _arrays(op: Op) -> Lines:
    """The dtype `d` in which it is computed, the `kernel` for it, and the arrays.

    `kernels` has no dtype that a check of class `supports` refuses, so that is not asked again.
    """
    check = [f"check({', '.join(_values(op))})"] if op.check is not None else []
    once = check  # what every call has to pass
    kernel = ["kernel = kernels.get(d)", *_leave_if("kernel is None")]
    exact = type(op.check) is supports
    if is_simple(op) and (exact or op.promote != "compare"):
        options = [f"v{i}" for i in _options(op)]
        changed = " or ".join(f"{name} is not d{name[1:]}" for name in options)
        unlike = [f"kernel = with_options(op.kernel, {', '.join(options)})"]
        once = [] if exact else _if(changed, check)  # which is about the options
        if _is_shortcut(op):
            kernel += _if(changed, [*_leave_if("d.category < 2"), *unlike])
    elif exact and len(op.tensor_positions) == 1 and not op.check.numbers:
        once = []
    if op.promote is not None and any(d.category < FLOATING for d in kernels_of(op)):
        numbers = [f"not t{i}" for i in _tensors(op) if not _is_sure(op, i)]
        numbers += ["True" for parameter in op.parameters if parameter.kind == "Number"]
        if numbers:  # one beside integers becomes one of their dtype
            kernel += _leave_if(f"d.category < 2 and ({' or '.join(numbers)})")
    if _joins(op):
        return [
            "x0 = arrays(v0, kernels)",
            *_leave_if("not v0", "x0 is None", "len({tensor.dtype for tensor in v0}) > 1"),
            *once,
            "d = v0[0].dtype",
            "kernel = kernels[d]",
        ]
    if op.view:
        return [*once, "d = v0.dtype", *kernel, *_VIEWED]
    arrays = [f"x{i} = {_array(op, i)}" for i in _tensors(op)]
    cast = [f"x{i} = {_array(op, i, cast=True)}" for i in _tensors(op)]
    scalars = [] if is_simple(op) else [line for i in _tensors(op) for line in _scalar(i)]
    others = _tensors(op)[1:]
    if callable(op.promote):
        return [
            *_leave_if(*[_for_tensor(op, i, f"v{i}.dtype not in raw") for i in _tensors(op)]),
            *once,
            f"d = promote({', '.join(_values(op))})",
            "kernel = kernels.get(d, op.kernel if d is None else None)",
            *_leave_if("kernel is None"),
            *cast,
            *scalars,
        ]
    if op.promote is None:
        lines = _leave_if(*[_for_tensor(op, i, f"v{i}.dtype not in kernels") for i in others])
        lines += [*once, *arrays, *scalars]
        for i in op.tensor_positions[1:]:
            if op.parameters[i].is_list:
                lines += [f"x{i} = arrays(v{i}, raw)", *_leave_if(f"x{i} is None")]
        return ["d = v0.dtype", *kernel, *lines]
    differ = " or ".join(_for_tensor(op, i, f"v{i}.dtype is not d") for i in others)
    promoted = [f"d = mixed(op, {_tuple(_values(op))}, kernels)", *_leave_if("d is None"), *cast]
    if once is not check:  # what `kernels` leaves out was said of one dtype
        promoted = [*check, *promoted]
    lines = ["d = v0.dtype", *_if(differ, promoted, arrays), *kernel, *scalars]
    return [*once, *lines]


_VIEWED = _fill(
    """
    if state.fresh is not None or type(v0.version) is InferenceVersion:
        LEAVE
    if operations.note_views is not None or (v0.meta is not None and v0.meta.bit):
        LEAVE
    x0 = v0.array
    if type(x0) is not ndarray:
        x0 = own_memory(v0)
    """
)


def _array(op: Op, i: int, cast: bool = False) -> str:
    """A tensor's array, `cast` to the dtype that is computed in; a number as it is."""
    array = f"array_of(v{i}, d, False)" if cast else f"v{i}.array"
    return array if _is_sure(op, i) else f"{array} if t{i} else v{i}"


def _scalar(i: int) -> Lines:
    """A 0-d array as the scalar that kernels expect."""
    return _if(f"type(x{i}) is ndarray and not x{i}.ndim", [f"x{i} = x{i}[()]"])


def _reserving(op: Op) -> Lines:
    """Refuse what cannot fit in memory.

    `plain` says that an elementwise result is laid out as its operands are, and is not larger than
    they are or not large at all.
    """
    lines = [f"state.reserve(8 * size({', '.join(_values(op))}))"] if op.size is not None else []
    if op.composite is not None or op.view:
        return lines
    inputs = [f"reserve_inputs(op, {_tuple(_values(op, 'x'))})"]
    if len(_tensors(op)) < len(op.tensor_positions):
        return lines + inputs
    first, *others = _tensors(op)
    if op.batching != ELEMENTWISE:
        large = [f"type(x{i}) is ndarray and x{i}.nbytes > state.max_bytes" for i in _tensors(op)]
        return lines + _if(" or ".join(large), inputs)
    are_arrays = {i: f"type(x{i}) is ndarray" for i in [first, *others]}
    rows = [f"(x{first}.ndim < 2 or x{first}.flags.c_contiguous)"]
    rows += [f"(not {are_arrays[i]} or x{i}.ndim < 2 or x{i}.flags.c_contiguous)" for i in others]
    sizes = [f"x{first}.size", *[f"(x{i}.size if {are_arrays[i]} else 1)" for i in others]]
    alike = [f"{are_arrays[i]} and x{i}.shape == x{first}.shape" for i in others]
    alike = [f"x{first}.flags.c_contiguous", *alike]
    small = f"{' * '.join(sizes)} < LARGE"
    if is_simple(op):
        small = f"({small} or ({' and '.join(alike)}))"
    plain = f"plain = {' and '.join([*rows, small])}"
    return [*lines, "plain = True", *_if(" or ".join(are_arrays.values()), [plain])]


# --- the result ----------------------------------------------------------------------------------


def _computing(op: Op) -> Lines:
    """The result of the kernel, and `out` over it: a tensor, or a tuple of them."""
    arrays = _values(op, "x")
    values = _tuple(_values(op))
    given = [name for i, name in enumerate(arrays) if not (_is_shortcut(op) and i in _options(op))]
    compute = [f"result = kernel({', '.join(given)})"]
    if op.batching == ELEMENTWISE and not op.view and not _joins(op):
        laid_out = [] if op.keeps_layout else [f"result = spread(op, {_tuple(arrays)}, result)"]
        careful = [f"reserve(op, {values}, {_tuple(arrays)})", *compute, *laid_out]
        compute = _if("plain", compute, careful)
    lines = _fill(
        """
        try:
            {compute}
        except ValueError as error:
            raise broadcast_error(op, {values}, error) from None
        """,
        compute=compute,
        values=values,
    )
    if op.outputs != 1:
        dtype = f"dtype_of(op, {values}, item, {'None' if op.promote is None else 'd'}, None)"
        made = f"None if item is None else wrap(op, item, {dtype})"
        return [*lines, f"out = tuple([{made} for item in result])"]
    tensor = _fill(
        """
        out = new(Tensor)
        out.array = result
        out.dtype = {dtype}
        out.number = 0
        out.version = state.fresh
        out.view_info = None
        out.meta = None
        out.level = None
        out.born = state.born
        """,
        dtype=_dtype(op),
    )
    return [*lines, *_settling(op), *tensor, *(_linking(op) if op.view else [])]


def _dtype(op: Op) -> str:
    return "bool_" if is_simple(op) and op.promote == "compare" else "d"


def _settling(op: Op) -> Lines:
    """The `shape`, the dtype `d` and the layout of a result, cast where a rule says so."""
    if is_simple(op):
        return ["shape = result.shape if type(result) is ndarray else ()"]
    natural = op.promote is None and not op.view  # what the kernel gave is what it is
    dtype = "natural[result.dtype]" if natural else "d"
    if op.promote == "compare":
        dtype = "bool_"
    elif callable(op.promote):
        dtype = "natural[result.dtype] if d is None else d"
    if type(op.result) is DType:
        rule = ["d = result_dtype"]
    elif op.result is not None:
        rule = [f"found = result_dtype({', '.join(_values(op))})"]
        rule += [f"d = ({dtype}) if found is None else found"]
    else:
        rule = _if("result.dtype is not d.array" if natural else "", [f"d = {dtype}"])
        rule = rule or ([f"d = {dtype}"] if dtype != "d" else [])
    if op.view:
        return [*rule, "shape = result.shape"]
    cast = [] if natural and op.result is None else ["result.dtype is not d.array or not d.raw"]
    loose = "not result.flags.writeable" if op.keeps_layout else "not result.flags.carray"
    settle = ["result = settled(op, result, d)"]
    return _fill(
        """
        {rule}
        shape = ()
        if type(result) is ndarray:
            shape = result.shape
            {settle}
        else:
            {cast}
        """,
        rule=rule,
        settle=_if(" or ".join(["not shape", "1 in shape", loose, *cast]), settle),
        cast=_if("".join(cast), settle) or ["pass"],
    )


def _linking(op: Op) -> Lines:
    """A view shares the version of its base; one on the graph knows the base, too."""
    version = _fill(
        """
        version = v0.version
        if version is None:
            version = v0.version = Version()
        out.version = version
        """
    )
    link = _fill(
        """
        link = out.view_info = new(View)
        view = v0.view_info
        link.base = v0 if view is None else view.base
        link.clock = version.clock
        link.kind = "no_grad"
        if state.grad_enabled:
            link.kind = "normal" if view is None else view.kind
        """
    )
    return [*version, *(link if op.vjp else [])]


# --- the graph -----------------------------------------------------------------------------------


def _edges(op: Op) -> Lines:
    """The edges of the inputs, and whether the call `records`."""
    if not op.vjp:
        return []
    if _joins(op):
        return _leave_if("state.packing")
    lines: Lines = []
    for i in edges_of(op):
        found = _fill(
            """
            n{i} = v{i}.node
            if v{i}.view_info is not None:
                n{i} = edge(v{i})
                if n{i} is ABSENT:
                    LEAVE
            """,
            i=str(i),
        )
        lines += found if _is_sure(op, i) else [f"n{i} = None", *_if(f"t{i}", found)]
    live = " or ".join(f"n{i} is not None" for i in edges_of(op))
    lines += _if(live, [*_leave_if("state.packing"), "records = True"])
    return ["records = False", *_if("state.grad_enabled", lines)]


def _recording(op: Op) -> Lines:
    """The node on the result: as `record` makes it, for what the plan saves."""
    several = op.outputs != 1
    outside = [] if several else ["out.node = None"]
    if not op.vjp:
        return outside
    generally = [*outside, f"record(op, {_tuple(_values(op))}, out)"]
    if _joins(op):
        return [*outside, *_if("state.grad_enabled", generally[-1:])]
    live = [i for i in range(op.outputs) if i not in op.constant]
    if several and {"outs", "out_shape"} & set(op.saves()):
        return _if("records", generally)
    edges = edges_of(op)
    numbers = [f"v{i}.number" for i in edges]
    numbers = [
        name if _is_sure(op, i) else f"(0 if n{i} is None else {name})"
        for i, name in zip(edges, numbers, strict=True)
    ]
    args = ["None" if p.is_tensor else f"v{i}" for i, p in enumerate(op.parameters)]
    node = _fill(
        """
        made = new(OpNode)
        {saving}
        {args}
        made.edges = {edges}
        made.numbers = {numbers} if {numbered} else None
        made.hooks = None
        made.name = None
        made.where = state.where
        made.number = next_number()
        """,
        saving=_saving(op),
        args=[f"made.args = {_tuple(args)}"] if callable(op.node) else [],
        edges=_tuple(f"n{i}" for i in edges),
        numbers=_tuple(numbers),
        numbered=" or ".join(numbers),
    )
    if len(live) == 1:
        node += _fill(
            """
            made.count = 1
            made.plain = True
            made.shape = {shape}
            made.dtype = {dtype}
            {out}.node = made
            """,
            shape=f"out[{live[0]}].array.shape" if several else "shape",
            dtype=f"out[{live[0]}].dtype" if several else _dtype(op),
            out=f"out[{live[0]}]" if several else "out",
        )
    else:
        node.append(f"attach(made, out, {live}, {op.outputs})")
    if several:
        odd = " or ".join(f"out[{i}] is None or out[{i}].dtype not in floats" for i in live)
        return _if("records", _if(odd, generally, node))
    if not is_simple(op) and (not op.view or op.result is not None):
        node = _if("not d.raw or d.category < 2", generally, node)
    return _if("records", node, outside)


def _saving(op: Op) -> Lines:
    """What each plan saves: for two edges by which of them there are, for more by `keep`."""
    edges = edges_of(op)
    if len(edges) > 2:
        live = ", ".join(f"n{i} is not None" for i in edges)
        shape = ["shape = None"] if op.outputs != 1 else []
        return [*shape, f"keep({live})({_for_keeper(op)})"]
    plans = [saving(plan, name, live) for (name, live), plan in plans_of(op).items()]
    if len(edges) == 1:
        return plans[0]
    return _fill(
        """
        if {second} is None:
            {alone}
        elif {first} is None:
            {other}
        else:
            {both}
        """,
        first=f"n{edges[0]}",
        second=f"n{edges[1]}",
        alone=plans[0],
        other=plans[1],
        both=plans[2],
    )


def keeper_of(plan: Plan, live: Sequence[int]) -> str:
    """The function by which a node keeps what a plan saves, where its lines stand apart."""
    lines = _fill(
        """
        def keep({parameters}):
            {lines}
        """,
        parameters=_for_keeper(plan.op),
        lines=saving(plan, "plan", live),
    )
    return "\n".join(lines) + "\n"


def _for_keeper(op: Op) -> str:
    doubtful = [f"t{i}" for i in op.tensor_positions if not _is_sure(op, i)]
    return ", ".join(["made", "out", "result", "shape", *_values(op), *doubtful])


_VERSION = """
g{i} = v{i}.version
if g{i} is None:
    g{i} = v{i}.version = Version()
"""
_PERHAPS = """
if t{i}:
    {version}
    c{i} = g{i}.clock
    s{i} = v{i}.array
else:
    g{i} = None
    c{i} = 0
    s{i} = v{i}
"""


def saving(plan: Plan, name: str, live: Sequence[int]) -> Lines:
    """The lines by which a node keeps what a plan saves, and the versions of the tensors there.

    `live` are the inputs that have an edge, which are tensors surely.
    """
    op = plan.op
    lines: Lines = [f"made.plan = {name}"]
    saved: Lines = []
    guards: Lines = []
    for code, i in plan.saves:
        sure = i in live or (code in (INPUT, SHAPE) and _is_sure(op, i))
        version = _fill(_VERSION, i=str(i))
        if code == INPUT and op.parameters[i].is_list:
            lines.append(f"s{i}, g{i} = kept(v{i})")
            saved.append(f"s{i}")
            guards += [f"g{i}", "0"]
        elif code == INPUT:
            lines += version if sure else _fill(_PERHAPS, i=str(i), version=version)
            saved.append(f"v{i}.array" if sure else f"s{i}")
            guards += [f"g{i}", f"g{i}.clock" if sure else f"c{i}"]
        elif code == OUTPUT:
            tensor = "out" if op.outputs == 1 else f"out[{i}]"
            lines.append(f"h{i} = {tensor}.version = {tensor}.version or Version()")
            saved.append("result" if op.outputs == 1 else f"{tensor}.array")
            guards += [f"h{i}", f"h{i}.clock"]
        elif code == SHAPE:
            shape = f"v{i}.array.shape"
            saved.append(shape if sure else f"({shape} if t{i} else ())")
        else:
            saved.append(f"v{i}" if code == KEYWORD else "shape")
    kept = _tuple(guards) if guards else "None"
    if len(guards) == 2 and guards[1][0] == "c":  # one that perhaps is a number
        kept = f"UNGUARDED if {guards[0]} is None else {kept}"
    return [*lines, f"made.saved = {_tuple(saved)}", f"made.guards = {kept}"]
