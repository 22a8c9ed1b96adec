"""`OrderedDict` and `Counter` of `collections`, whose texts are made item by item.

Python's own walk over a mapping of its own while they make a text, or sort one: a special method
that a program wrote for a key or a count runs in the middle of that, after all sizes were checked.
Here each part is looked at when it is its turn.
"""

from __future__ import annotations

import collections
import sys
from collections.abc import Iterable
from operator import itemgetter
from typing import TypeVar

from .runtime import runtime, speaking_once

K = TypeVar("K")
V = TypeVar("V")

_shown: set[int] = set()  # the mappings whose texts are being made


def _texts(pairs: Iterable[tuple[K, V]], form: str) -> str:
    found = []
    for key, value in runtime.listed(pairs):
        text = form.format(runtime.text(key, repr), runtime.text(value, repr))
        runtime.reserve(4 * len(text))
        found.append(text)
    return ", ".join(found)


class OrderedDict(collections.OrderedDict[K, V]):
    """`collections.OrderedDict`."""

    __module__ = "collections"

    def __repr__(self) -> str:
        if not self:
            return "OrderedDict()"
        if id(self) in _shown:
            return "..."
        _shown.add(id(self))
        try:
            if sys.version_info < (3, 12):
                return f"OrderedDict([{_texts(self.items(), '({}, {})')}])"
            return f"OrderedDict({{{_texts(self.items(), '{}: {}')}}})"
        finally:
            _shown.discard(id(self))


class Counter(collections.Counter[K]):
    """`collections.Counter`."""

    __module__ = "collections"

    @speaking_once
    def __repr__(self) -> str:
        if not self:
            return "Counter()"
        pairs = list(self.items())
        try:
            runtime.sort(pairs, itemgetter(1), True)
        except TypeError:  # as Python does where counts have no order
            pairs = list(self.items())
        return f"Counter({{{_texts(pairs, '{}: {}')}}})"

    def __pos__(self) -> Counter[K]:
        return self.__signed(1)

    def __neg__(self) -> Counter[K]:
        return self.__signed(-1)

    def __signed(self, sign: int) -> Counter[K]:
        found: Counter[K] = Counter()
        for key, count in runtime.listed(self.items()):
            if sign * count > 0:
                found[key] = sign * count
        return found
