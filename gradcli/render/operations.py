"""Operations as people read them: signature, derivative, node name and documentation."""

from __future__ import annotations

import ast
import re
from functools import cache
from types import CodeType
from typing import Any

from gradcli.table import names
from gradcli.table.entry import Op, default_node_name
from gradcli.table.lookup import get_op
from gradcli.table.names import FUNCTIONS, OPERATIONS
from gradcli.table.public.plain_functions import get_function
from gradcli.table.schema import REQUIRED, Parameter

SPACES = {
    "torch": "torch.",
    "Tensor": "Tensor.",
    "F": "torch.nn.functional.",
    "linalg": "torch.linalg.",
    "special": "torch.special.",
    "fft": "torch.fft.",
    "masked": "torch.masked.",
}


def all_names() -> dict[str, list[str]]:
    """Every public name without the in-place twins: name -> the namespaces that have it."""
    found: dict[str, list[str]] = {}
    for space in SPACES:
        for name in names.all_names(space):
            if not name.startswith("_") and not _twin(name, space):
                found.setdefault(name, []).append(space)
    return dict(sorted(found.items()))


def _twin(name: str, space: str) -> bool:
    return name.endswith("_") and bool(OPERATIONS.ids(space, name[:-1]))


def entries(name: str) -> list[Op]:
    """The entries behind a name such as `sum`, `torch.sum`, `F.gelu` or `Tensor.sum_`."""
    space, _, bare = name.rpartition(".")
    wanted = [
        key
        for key, prefix in SPACES.items()
        if not space
        or f"{space}." in (prefix, prefix.removeprefix("torch."), f"{key}.")
        # (torch.Tensor is where PyTorch's documentation has the methods)
        or (space, key) == ("torch.Tensor", "Tensor")
    ]
    found: dict[str, Op] = {}
    for key in wanted:
        for identifier in FUNCTIONS.ids(key, bare):
            found[identifier] = get_function(identifier)
        for identifier in OPERATIONS.ids(key, bare):
            found[identifier] = get_op(identifier)
    return list(found.values())


def facts(entry: Op) -> dict[str, Any]:
    """What is known about an entry, as a JSON object."""
    node = entry.node if isinstance(entry.node, str) else default_node_name(entry.name)
    return {
        "name": entry.name,
        "signature": signature(entry),
        "doc": entry.doc,
        "family": entry.family,
        "namespaces": list(entry.where),
        "aliases": list(entry.aliases),
        "inplace": bool(entry.inplace),
        "differentiable": entry.differentiable or entry.composite is not None,
        "composite": entry.composite is not None,
        "node": node if entry.differentiable else None,
        "derivatives": {
            "input" if name == "self" else name: plain_formula(formula_text(formula))
            for name, formula in entry.vjp.items()
        },
        "forward": _how(entry.jvp),
        "batching": _how(entry.batching),
    }


def _how(value: Any) -> str | None:
    if isinstance(value, str) or value is None:
        return value
    return "a rule of its own"


def signature(entry: Op) -> str:
    """`sum(input, dim, keepdim=False, *, dtype=None)`."""
    parts: list[str] = []
    star = False
    for parameter in entry.parameters:
        if parameter.keyword_only and not star:
            star = True
            parts.append("*")
        parts.append(_parameter(parameter))
    return f"{entry.name}({', '.join(parts)})"


def _parameter(parameter: Parameter) -> str:
    name = "input" if parameter.name == "self" else parameter.name
    if parameter.variadic:
        name = f"*{name}"
    return name if parameter.default is REQUIRED else f"{name}={parameter.default!r}"


def formula_text(formula: Any) -> str:
    """A derivative formula as its source says it: `g * (1 - out * out)`."""
    code = getattr(formula, "__code__", None)
    if code is None:
        return str(formula)
    found = _source_of(code)
    if isinstance(found, ast.Lambda):
        return ast.unparse(found.body)
    if isinstance(found, ast.FunctionDef):
        last = found.body[-1]
        plain = [node for node in found.body if not _is_doc(node)]
        if len(plain) == 1 and isinstance(last, ast.Return) and last.value is not None:
            return ast.unparse(last.value)
        doc = ast.get_docstring(found)
        return doc.partition("\n")[0] if doc else f"{found.name}(…)"
    return f"{formula.__name__}(…)"


def plain_formula(text: str) -> str:
    """A formula of the table in the words of the signature, without the namespace `F`."""
    text = re.sub(r"\b_?(\w+)\(F, ", r"\1(", text)
    text = re.sub(r"\b_?(\w+)\(F\)", r"\1()", text)
    text = re.sub(r"\b(?:F\.|_(?=[a-z]))", "", text)
    return re.sub(r"\bself(?![A-Za-z0-9])", "input", text)


def _is_doc(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _source_of(code: CodeType) -> ast.Lambda | ast.FunctionDef | None:
    for node in _functions(code.co_filename).get(code.co_firstlineno, ()):
        if isinstance(node, ast.FunctionDef):
            if node.name == code.co_name:
                return node
            continue
        if code.co_name != "<lambda>":
            continue
        compiled = compile(ast.Expression(node), "", "eval")
        inner = next(c for c in compiled.co_consts if isinstance(c, CodeType))
        if inner.co_varnames == code.co_varnames and inner.co_names == code.co_names:
            return node
    return None


@cache
def _functions(filename: str) -> dict[int, list[ast.Lambda | ast.FunctionDef]]:
    """The functions of a source file by the number of their first line."""
    with open(filename, encoding="utf-8") as file:
        tree = ast.parse(file.read())
    found: dict[int, list[ast.Lambda | ast.FunctionDef]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Lambda | ast.FunctionDef):
            found.setdefault(node.lineno, []).append(node)
    return found


def is_readable(text: str) -> bool:
    """Whether a formula of the table is written in functions that there are in the language."""
    called = re.findall(r"(\w+)\(", text)
    return "(…)" not in text and all(
        any(OPERATIONS.ids(space, name) or FUNCTIONS.ids(space, name) for space in SPACES)
        for name in called
    )


def needs_rule(entry: Op) -> bool:
    """Whether the derivatives of an entry are to be shown as they are for a small call of it."""
    texts = [plain_formula(formula_text(formula)) for formula in entry.vjp.values()]
    return entry.composite is not None or not all(map(is_readable, texts))


def described(entry: Op, rule: Any = None) -> list[str]:
    """An entry as lines of text.

    `rule` has the derivatives of one `call` of it as `parts` by parameter, and `where` what stands
    for what in them.
    """
    known = facts(entry)
    lines = [known["signature"]]
    if entry.doc:
        lines.append(f"    {entry.doc}")
    places = [f"{SPACES[space]}{entry.name}" for space in entry.where]
    lines.append(f"    as        {', '.join(places)}")
    if entry.aliases:
        lines.append(f"    also      {', '.join(entry.aliases)}")
    if entry.inplace:
        lines.append(f"    in place  Tensor.{entry.name}_")
    derivatives = known["derivatives"] if rule is None else rule.parts
    for name, text in derivatives.items():
        lines.append(f"    {'d/d' + name:9} {text if is_readable(text) else 'a rule of its own'}")
    if rule is not None:
        lines += [f"    {'where':9} {name} = {text}" for name, text in rule.where.items()]
        lines.append(f"    {'for':9} {rule.call}")
    if known["composite"]:
        lines.append("    made of   other operations, which are differentiated")
    if entry.differentiable:
        lines.append(f"    node      {known['node']}")
        lines.append(f"    forward   {known['forward'] or 'from the derivative'}")
        lines.append(f"    batching  {known['batching'] or 'a loop over the batch'}")
    return lines
