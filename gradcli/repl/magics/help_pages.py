"""`name?`, `name??`, `?` and `%help`."""

from __future__ import annotations

import re
import textwrap
from itertools import groupby
from typing import TYPE_CHECKING, Any

from gradcli.language.syntax.spelling import did_you_mean, near
from gradcli.render.diagnostics import wrap
from gradcli.repl.session.failed import Failed
from gradcli.tensor.print_options import within

from .parse import article
from .table import MAGICS

if TYPE_CHECKING:
    from gradcli.repl.session.shell import Shell
    from gradcli.repl.session.statement import Statement

GUIDE = (
    ("Type PyTorch", "x = param([1., 2.]) makes a leaf that requires grad"),
    ("", "y = (x**2).sum(); y.backward(); x.grad"),
    ("Values", "_ is the last one, Out[3] and _3 the third; In[3] is what was typed"),
    ("Gradients", "{gradients}"),
    ("Seeing", "{seeing}"),
    ("Session", "{session}"),
    ("Help", "matmul?  x.sum?  F.gelu??  (?? shows derivatives)  *ones*?  %help NAME"),
    (
        "Keys",
        "Enter runs what is complete, Alt-Enter runs, Ctrl-O makes a new line, Tab completes, "
        "Up and Ctrl-R search the history, F2 edits, Ctrl-C stops what runs, Ctrl-D leaves",
    ),
    (
        "Pastes",
        ">>> transcripts, In [3]: cells, Markdown and whole programs run as they are",
    ),
)

NARROW = 60  # columns up to which the guide has its labels on lines of their own
MOST_NAMES = 300  # names that a pattern shows
SOURCE = "\0"  # in front of a line of a program
MOST_TEXT = 120  # characters of an operation

GROUPS = {
    "gradients": "backward grad jvp vjp jacobian hessian check explain why zero no_grad",
    "seeing": "vars watch who graph plot hist json",
    "session": "undo redo time timeit dtype precision seed set edit save load run reset",
}


def guide(shell: Shell) -> str:
    """A screen about everything there is."""
    words = {
        key: " ".join(f"%{name}" for name in names.split() if name in MAGICS)
        for key, names in GROUPS.items()
    }
    width = max(min(shell.width, 100) - 1, 20)
    margin = 14 if width > NARROW else 2
    lines = []
    for label, text in GUIDE:
        if margin < 14 and label:
            lines.append(label)
        lead = f"{label:14}" if margin == 14 else " " * margin
        lines += textwrap.wrap(
            text.format(**words),
            width,
            initial_indent=lead,
            subsequent_indent=" " * margin,
            break_on_hyphens=False,
        )
    return "\n".join(lines)


def magic_text(name: str) -> str:
    """What a magic does, with its examples."""
    magic = MAGICS[name]
    lines = [magic.usage, f"    {magic.doc}"]
    for example in magic.examples:
        lines.append("")
        for number, (text, prints) in enumerate(zip(*example, strict=True), 1):
            lines.append(f"    In [{number}]: {text}")
            lines += [f"    {line}" for line in prints.split("\n") if prints]
    return "\n".join(lines)


def _show(shell: Shell, text: str) -> None:
    """Show lines of help in colours, broken between words; those of a program stay whole."""
    parts = []
    for is_source, group in groupby(text.split("\n"), lambda line: line.startswith(SOURCE)):
        if is_source:
            source = "\n".join(line.removeprefix(SOURCE) for line in group)
            parts += [f"    {line}" for line in shell.painted(source, "source").split("\n")]
        else:
            lines = "\n".join(wrap(list(group), shell.width - 1))
            parts.append(shell.painted(lines, "help"))
    shell.show_long("\n".join(parts))


def show_help(shell: Shell, name: str, everything: bool) -> None:
    """Show what is known about a name. Raises Failed with the near name."""
    if not name:
        shell.show_long(shell.painted(guide(shell), "help"))
        return
    if "*" in name:
        shell.show_long(_matching(shell, name))
        return
    if name.startswith("%") or (name in MAGICS and not _known(shell, name)):
        from .parse import find

        _show(shell, magic_text(find(name.removeprefix("%")).name))
        return
    from gradcli.repl.names import lookup

    found = lookup.operations(shell, name)
    if found:
        _show(shell, "\n".join(_operation(entry, everything, shell.width) for entry in found))
        return
    value = lookup.value(shell, name)
    if value is lookup.MISSING:
        raise Failed(f"`{name}` is not known", did_you_mean(near(name, lookup.all_names(shell), 1)))
    _show(shell, _described(shell, name, value, everything))


def _operation(entry: Any, everything: bool, width: int) -> str:
    """An operation in short, or all of it with an example."""
    from gradcli.render.operations import described

    lines = described(entry, _rule(entry))
    if not everything:
        return "\n".join(_brief(lines))
    from gradcli.render.examples import example

    found = example(entry)
    if found is not None:
        call, result = found
        lines += [
            "",
            *textwrap.wrap(
                call,
                max(width - 1, 40),
                initial_indent="    >>> ",
                subsequent_indent="    ... ",
                break_long_words=False,
                break_on_hyphens=False,
            ),
        ]
        lines += [*(f"    {line}" for line in result.split("\n")), ""]
    return "\n".join(lines)


def _matching(shell: Shell, pattern: str) -> str:
    """The names that a pattern such as `torch.*ones*` stands for. Raises Failed for none."""
    from fnmatch import fnmatchcase

    from gradcli.repl.names import lookup

    owner, dot, last = pattern.rpartition(".")
    if "*" in owner:
        raise Failed("the stars stand behind the last dot", "such as torch.*ones*?")
    value = lookup.value(shell, owner) if owner else None
    if value is lookup.MISSING:
        raise Failed(
            f"`{owner}` is not known", did_you_mean(near(owner, lookup.all_names(shell), 1))
        )
    names = lookup.attributes(value) if owner else lookup.all_names(shell)
    found = sorted({name for name in names if fnmatchcase(name, last)})
    if not found:
        raise Failed(f"no name matches {pattern}")
    words = [f"{owner}{dot}{name}" for name in found[:MOST_NAMES]]
    lines = textwrap.wrap("   ".join(words), max(shell.width - 1, 20), break_long_words=False)
    if len(found) > MOST_NAMES:
        lines.append(f"and {len(found) - MOST_NAMES:,} more")
    return "\n".join(lines)


def _origin(tensor: Any) -> list[str]:
    """Where a tensor was made, and the rule of its gradient."""
    from gradcli.autograd.leaf import fresh_edge, is_leaf
    from gradcli.language.machine.state import machine
    from gradcli.render.operations import described

    edge = fresh_edge(tensor) if tensor.level is None else None
    if edge is None:
        return ["made of nothing that requires grad: no gradient goes through it"]
    if is_leaf(tensor):
        return ["a leaf: a backward pass adds to its .grad"]
    lines = []
    place = machine.locate(edge.where)
    if place is not None:
        source, node = place
        text = " ".join(source.slice(node.span).split())
        lines.append(f"made at {source.location(node.span.start)} by {text[:MOST_TEXT]}")
    entry = getattr(edge, "op", None)
    if entry is not None:
        entry = _public(entry)
        lines += [line.strip() for line in _rules(described(entry, _rule(entry)))]
    return lines


def _public(entry: Any) -> Any:
    """The operation that programs call, of an entry that computes for it."""
    from gradcli.table.lookup import get_op
    from gradcli.table.names import OPERATIONS

    name = entry.id.lstrip("_")
    known = not entry.where and any(OPERATIONS.ids(space, name) for space in ("torch", "F"))
    return get_op(name) if known else entry


def _rules(lines: list[str]) -> list[str]:
    """The lines of the derivatives."""
    return [line for line in lines if line.startswith(("    d/d", "    where ", "    for "))]


def _rule(entry: Any) -> Any:
    """The derivatives of a small call, where the table's are no formulas that can be read."""
    from gradcli.render.operations import needs_rule

    if not needs_rule(entry):
        return None
    from gradcli.explain.formula.operation import rule

    return rule(entry)


def _known(shell: Shell, name: str) -> bool:
    return name in shell.names or shell.is_builtin(name)


def _brief(lines: list[str]) -> list[str]:
    """Signature, documentation and derivatives."""
    rules = _rules(lines) or [line for line in lines if line.startswith("    made of")]
    return [*lines[:2], *rules]


def _described(shell: Shell, name: str, value: Any, everything: bool) -> str:
    from gradcli.language.values.functions import Builtin, Method
    from gradcli.language.values.text import text_repr
    from gradcli.repl.names import modules
    from gradcli.repl.names.lookup import attributes, signature_of
    from gradcli.tensor.tensor import Tensor
    from gradcli.torch.namespaces import Module

    if type(value) is Tensor:
        from gradcli.repl.names.facts import row

        columns = ["shape", "dtype", "requires_grad", "leaf", "grad_fn", "version", "|grad|"]
        facts = zip(columns, row(name, value)[1:], strict=True)
        with within(shell.width):
            lines = [f"{name} is a tensor", text_repr(value)]
        lines += [f"    {key:14}{fact}" for key, fact in facts if fact]
        if everything:
            lines += [f"    {line}" for line in _origin(value)]
        return "\n".join(lines)
    signature = signature_of(value)
    if modules.is_module(value):
        return "\n".join(modules.described(f"{name}{signature}", value))
    if isinstance(value, Module):
        return f"{name} is a module with {len(attributes(value))} names: {name}.<Tab> lists them"
    if signature is None:
        kind = type(value).__name__
        text = text_repr(value)
        what = f"an object of {kind}" if kind[0].isupper() else f"{article(kind)} {kind}"
        return f"{name} is {what}:{chr(10) if chr(10) in text else ' '}{text}"
    lines = [f"{name}{signature}"]
    made = statement_of(shell, value)
    if everything and made is not None:
        return "\n".join([*lines, *(f"{SOURCE}{line}" for line in made.text.split("\n"))])
    told = value.__func__ if isinstance(value, Method) else value
    doc = _python_doc(name) if isinstance(value, Builtin) else getattr(told, "__doc__", None)
    if modules.is_module_class(value):
        lines += [f"    {line}" for line in modules.class_text(value)]
    elif isinstance(doc, str) and doc:
        lines += [f"    {line.strip()}" for line in doc.strip().split("\n")]
    if made is not None:
        bases = [base.__name__ for base in value.__bases__] if isinstance(value, type) else []
        kind = f"a class of {', '.join(bases)}, " if bases and bases != ["object"] else ""
        lines.append(f"    {kind}defined in In[{made.number}]; {name}?? shows it")
    return "\n".join(lines)


def _python_doc(name: str) -> str:
    """The first paragraph of what Python says about a function of its own."""
    import builtins

    doc = getattr(vars(builtins).get(name), "__doc__", None) or ""
    return doc.partition("\n\n")[0]


def statement_of(shell: Shell, function: Any) -> Statement | None:
    """What defined a function or a class in this session, None for others."""
    name = re.escape(getattr(function, "__name__", "?"))
    wanted = re.compile(rf"^(?:def|class) {name}\b", re.M)
    found = (item for item in reversed(shell.statements) if wanted.search(item.text))
    return next(found, None)
