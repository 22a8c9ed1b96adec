"""`name?`, `name??`, `?` and `%help`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from gradcli.language.syntax.spelling import did_you_mean, near
from gradcli.repl.session.failed import Failed

from .table import MAGICS

if TYPE_CHECKING:
    from gradcli.repl.session.shell import Shell

GUIDE = """\
Type PyTorch: x = param([1., 2.])     a leaf that requires grad
              y = (x**2).sum(); y.backward(); x.grad
Values        _ is the last one, Out[3] and _3 the third; In[3] is what was typed
Gradients     {gradients}
Seeing        {seeing}
Session       {session}
Help          matmul?  x.sum?  F.gelu??  (?? shows derivatives)   %help NAME
Keys          Enter runs what is complete, Alt-Enter makes a new line, Tab completes,
              Up and Ctrl-R search the history, Ctrl-C stops what runs, Ctrl-D leaves
Pastes        >>> transcripts, In [3]: cells and whole programs run as they are"""

GROUPS = {
    "gradients": "backward grad jvp vjp jacobian hessian check explain why zero no_grad",
    "seeing": "vars graph plot hist json",
    "session": "time timeit dtype seed set save load run reset",
}


def guide(shell: Shell) -> str:
    """A screen about everything there is."""
    import textwrap

    words = {}
    for key, names in GROUPS.items():
        text = " ".join(f"%{name}" for name in names.split() if name in MAGICS)
        lines = textwrap.wrap(text, max(min(shell.width, 88) - 15, 30))
        words[key] = ("\n" + " " * 14).join(lines)
    return GUIDE.format(**words)


def magic_text(name: str) -> str:
    """What a magic does, with its examples."""
    magic = MAGICS[name]
    lines = [magic.usage, f"    {magic.doc}"]
    for example in magic.examples:
        lines.append("")
        lines += [f"    {line}" for line in example.inputs]
    return "\n".join(lines)


def show_help(shell: Shell, name: str, everything: bool) -> None:
    """Show what is known about a name. Raises Failed with the near name."""
    if not name:
        shell.say(guide(shell))
        return
    if name.startswith("%") or (name in MAGICS and not _known(shell, name)):
        from .parse import find

        shell.say(magic_text(find(name.removeprefix("%")).name))
        return
    from gradcli.repl.names import lookup

    found = lookup.operations(shell, name)
    if found:
        from gradcli.render.operations import described

        for entry in found:
            lines = described(entry)
            shell.say("\n".join(lines if everything else _brief(lines)))
            if everything:
                _samples(shell, entry)
        return
    value = lookup.value(shell, name)
    if value is lookup.MISSING:
        raise Failed(f"`{name}` is not known", did_you_mean(near(name, lookup.all_names(shell), 1)))
    shell.say(_described(shell, name, value, everything))


def _known(shell: Shell, name: str) -> bool:
    return name in shell.names or shell.is_builtin(name)


def _brief(lines: list[str]) -> list[str]:
    """Signature, documentation and derivatives."""
    return [
        line
        for index, line in enumerate(lines)
        if index < 2 or line.lstrip().startswith(("d/d", "made of"))
    ]


def _samples(shell: Shell, entry: Any) -> None:
    """One call on a sample of the entry, with its value."""
    from gradcli.repl.names.lookup import sample

    text = sample(entry)
    if text:
        shell.say(f"    example   {text}")


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
        lines = [f"{name} is a tensor", text_repr(value)]
        return "\n".join(lines + [f"    {key:14}{fact}" for key, fact in facts if fact])
    signature = signature_of(value)
    if modules.is_module(value):
        return "\n".join(modules.described(f"{name}{signature}", value))
    if isinstance(value, Module):
        return f"{name} is a module with {len(attributes(value))} names: {name}.<Tab> lists them"
    if signature is None:
        kind = type(value).__name__
        article = "an" if kind[0] in "aeiou" else "a"
        return f"{name} is {article} {kind}: {text_repr(value)}"
    lines = [f"{name}{signature}"]
    told = value.__func__ if isinstance(value, Method) else value
    doc = _python_doc(name) if isinstance(value, Builtin) else getattr(told, "__doc__", None)
    written = _source(shell, value) if everything else []
    if written:
        lines += written
    elif modules.is_module_class(value):
        lines += [f"    {line}" for line in modules.class_text(value)]
    elif isinstance(doc, str) and doc:
        lines += [f"    {line.strip()}" for line in doc.strip().split("\n")]
    return "\n".join(lines)


def _python_doc(name: str) -> str:
    """The first paragraph of what Python says about a function of its own."""
    import builtins

    doc = getattr(vars(builtins).get(name), "__doc__", None) or ""
    return doc.partition("\n\n")[0]


def _source(shell: Shell, function: Any) -> list[str]:
    """The text of a function or class that was defined in this session."""
    name = re.escape(getattr(function, "__name__", "?"))
    wanted = re.compile(rf"^(?:def|class) {name}\b", re.M)
    for statement in reversed(shell.statements):
        if wanted.search(statement.text):
            return [f"    {line}" for line in statement.text.split("\n")]
    return []
