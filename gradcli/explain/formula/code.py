"""What the functions in emitted code share: their form, their names."""

from __future__ import annotations

import keyword
from collections.abc import Callable, Iterable

from gradcli.tensor.dtypes import FLOATING

from .algebra import NAME, Expression
from .formulas import Formula, key_text
from .naming import inside
from .text import Writer


def safe_names(names: Iterable[str], taken: Iterable[str]) -> dict[str, str]:
    """Names of a program as names in code: one that hides a module or a keyword gets a `_`."""
    reserved = {*taken, *keyword.kwlist, *keyword.softkwlist}
    found: dict[str, str] = {}
    used: set[str] = set()
    for name in names:
        safe = "".join(
            letter if letter.isidentifier() or letter.isdigit() else "_" for letter in name
        )
        while safe in reserved or safe in used or not safe.isidentifier():
            safe += "_"
        used.add(safe)
        found[name] = safe
    return found


def function_text(
    formula: Formula,
    title: str,
    make: Callable[[dict[str, str]], Writer],
    first: Callable[[Writer], list[str]],
    taken: Iterable[str],
) -> str:
    """A complete function: its arguments are what the formulas are made of.

    It returns the one formula, or a dictionary of them by input.
    """
    roots = [*formula.parts.values(), *formula.where.values()]
    read = {part.head for part in inside(roots) if part.kind == NAME}
    arguments = [name for name in formula.given if name in read or name in formula.by]
    names = safe_names(dict.fromkeys([*arguments, *formula.where]), taken)
    writer = make(names)
    writer.last = formula.directions
    writer.named = {part: names[name] for part, name in formula.named.items()}
    floating = [n for n in arguments if formula.given[n].tensor.dtype.category >= FLOATING]
    writer.sample = names[floating[0]] if floating else ""
    lines = [f"def {title}({', '.join(names[name] for name in arguments)}):"]
    for name, part in formula.where.items():
        lines.append(f"    {names[name]} = {writer.definition(part)}")
    texts = {key: writer.result(part) for key, part in formula.parts.items()}
    if list(texts) == [""] or len(texts) == 1:
        (only,) = texts.values()
        lines.append(f"    return {only}")
    else:
        lines.append("    return {")
        lines += [f"        {key_text(key)!r}: {text}," for key, text in texts.items()]
        lines.append("    }")
    return "\n".join([*first(writer), "", "", *lines]) + "\n"


__all__ = ["Expression", "function_text", "safe_names"]
