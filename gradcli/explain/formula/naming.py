"""Names for parts that occur again, so that each is written once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from gradcli.tensor.runtime import runtime

from .algebra import CALL, EXPAND, NAME, NUMBER, Expression
from .text import Writer

_BESIDE = len(" where  = ")
_LONG = 30  # characters from which on what several formulas share has one name
_LONGEST = 200  # characters from which on a part has a name of its own
_LETTERS = "rstuvwpqabcdefhijklmn"
_USUAL = {"sigmoid": "s", "_softmax": "p", "tanh": "t", "exp": "e", "linalg_vector_norm": "n"}


def inside(roots: Iterable[Expression]) -> dict[Expression, int]:
    """Every part of some expressions, with the number of places where it stands."""
    found: dict[Expression, int] = {}
    waiting = list(roots)
    for root in waiting:
        found[root] = found.get(root, 0) + 1
    waiting = list(found)
    while waiting:
        part = waiting.pop()
        for arg in part.args:
            if arg not in found:
                waiting.append(arg)
            found[arg] = found.get(arg, 0) + 1
    return found


def unfolded(root: Expression) -> int:
    """How many parts an expression has where it is written without names."""
    sizes: dict[Expression, int] = {}
    for part in sorted(inside([root]), key=lambda p: p.serial):
        sizes[part] = 1 + sum(sizes[arg] for arg in part.args)
    return sizes[root]


def name_parts(
    writer: Writer, roots: Sequence[Expression], taken: set[str]
) -> dict[Expression, str]:
    """Names for the parts of `roots` that are worth one, in the order in which they are made."""
    together = inside(roots)
    counts: dict[Expression, int] = {}
    for root in roots:
        for part, count in inside([root]).items():
            counts[part] = max(counts.get(part, 0), count)
    letters = _free(taken)
    whole = set(roots)
    compared = _compared(counts)
    for part in sorted(counts, key=lambda p: p.serial):
        if part.kind in (NAME, NUMBER, EXPAND) or (part in whole and together[part] < 2):
            continue
        if part.kind == CALL and part.head[0] == "T" and part.args[0].kind == NAME:
            continue
        if runtime.stop is not None:
            runtime.check()
        length = len(writer.text(part))
        count = together[part] if length >= _LONG else counts[part]
        worth = (count - 1) * length - count > _BESIDE
        worth = worth or (length >= _LONGEST and part not in whole)
        if not worth and part not in compared:
            continue
        usual = _USUAL.get(part.head[0]) if part.kind == CALL else None
        if usual is None or usual in taken:
            usual = next(letters)
        taken.add(usual)
        writer.named[part] = usual
    return writer.named


def _compared(parts: Iterable[Expression]) -> set[Expression]:
    """What is compared with a value made of it, such as its largest element: computed once, so
    that both sides have the same digits."""
    found = set()
    for part in parts:
        if part.kind == CALL and part.head[0] == "eq" and len(part.args) == 2:
            left, right = part.args
            if left.kind not in (NAME, NUMBER, EXPAND) and left in inside([right]):
                found.add(left)
    return found


def _free(taken: set[str]) -> Iterator[str]:
    for letter in _LETTERS:
        if letter not in taken:
            yield letter
    number = 1
    while True:
        if f"s_{number}" not in taken:
            yield f"s_{number}"
        number += 1
