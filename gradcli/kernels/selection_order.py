"""Which of several equal elements a selection takes: the order of C++'s and PyTorch's algorithms.

`topk` selects with the standard library's nth_element, sort and partial_sort, `kthvalue` with a
quickselect of its own; none is stable, so only the same steps lead to the same indices. Each
function works on a list of (value, index) pairs in place; `before(a, b)` compares two of them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Pairs = list[Any]
Before = Callable[[Any, Any], bool]

_SHORT = 16  # so many elements are sorted by insertion


def top(pairs: Pairs, k: int, ordered: bool, before: Before) -> None:
    """Bring the first `k` elements to the front."""
    if k * 64 <= len(pairs):
        _partial_sort(pairs, k, before)
        return
    if not k:
        return
    _nth_element(pairs, k - 1, before)
    if ordered:
        _sort(pairs, k - 1, before)


def quickselect(pairs: Pairs, k: int, after: Before) -> None:
    """Bring the element of rank `k` to its place; `after(a, b)` says that a belongs behind b."""

    def swap(i: int, j: int) -> None:
        pairs[i], pairs[j] = pairs[j], pairs[i]

    low, high = 0, len(pairs) - 1
    while low < high:
        if high == low + 1:
            if after(pairs[low], pairs[high]):
                swap(low, high)
            return
        swap(low + (high - low) // 2, low + 1)
        for i, j in ((low + 1, high), (low, high), (low + 1, low)):
            if after(pairs[i], pairs[j]):
                swap(i, j)
        left, right, pivot = low + 1, high, pairs[low]
        while True:
            left += 1
            while after(pivot, pairs[left]):
                left += 1
            right -= 1
            while after(pairs[right], pivot):
                right -= 1
            if right < left:
                break
            swap(left, right)
        swap(low, right)
        if right <= k:
            low = left
        if right >= k:
            high = right - 1


def _nth_element(pairs: Pairs, nth: int, before: Before) -> None:
    first, last = 0, len(pairs)
    depth = 2 * (last.bit_length() - 1)
    while last - first > 3:
        if not depth:
            part = pairs[first:last]
            _heap_select(part, nth + 1 - first, before)
            pairs[first:last] = part
            pairs[first], pairs[nth] = pairs[nth], pairs[first]
            return
        depth -= 1
        cut = _partition(pairs, first, last, before)
        if cut <= nth:
            first = cut
        else:
            last = cut
    _insertion_sort(pairs, first, last, before)


def _partition(pairs: Pairs, first: int, last: int, before: Before) -> int:
    """Split around the median of three, which goes to the front."""
    a, b, c = first + 1, first + (last - first) // 2, last - 1
    if before(pairs[a], pairs[b]):
        if before(pairs[b], pairs[c]):
            middle = b
        else:
            middle = c if before(pairs[a], pairs[c]) else a
    elif before(pairs[a], pairs[c]):
        middle = a
    else:
        middle = c if before(pairs[b], pairs[c]) else b
    pairs[first], pairs[middle] = pairs[middle], pairs[first]
    pivot = pairs[first]
    low, high = first + 1, last
    while True:
        while before(pairs[low], pivot):
            low += 1
        high -= 1
        while before(pivot, pairs[high]):
            high -= 1
        if low >= high:
            return low
        pairs[low], pairs[high] = pairs[high], pairs[low]
        low += 1


def _insertion_sort(pairs: Pairs, first: int, last: int, before: Before) -> None:
    for place in range(first + 1, last):
        item = pairs[place]
        hole = place
        while hole > first and before(item, pairs[hole - 1]):
            pairs[hole] = pairs[hole - 1]
            hole -= 1
        pairs[hole] = item


def _sort(pairs: Pairs, length: int, before: Before) -> None:
    """Sort the first `length` elements."""
    parts = [(0, length, 2 * max(length.bit_length() - 1, 0))]
    while parts:
        first, last, depth = parts.pop()
        while last - first > _SHORT:
            if not depth:
                part = pairs[first:last]
                _partial_sort(part, len(part), before)
                pairs[first:last] = part
                break
            depth -= 1
            cut = _partition(pairs, first, last, before)
            parts.append((cut, last, depth))
            last = cut
    _insertion_sort(pairs, 0, length, before)


def _partial_sort(pairs: Pairs, k: int, before: Before) -> None:
    _heap_select(pairs, k, before)
    for end in range(k - 1, 0, -1):
        item = pairs[end]
        pairs[end] = pairs[0]
        _sift(pairs, 0, end, item, before)


def _heap_select(pairs: Pairs, k: int, before: Before) -> None:
    """Make the first `k` of all elements a heap with the last of them at its root."""
    for root in range((k - 2) // 2, -1, -1):
        _sift(pairs, root, k, pairs[root], before)
    for place in range(k, len(pairs)):
        if k and before(pairs[place], pairs[0]):
            item = pairs[place]
            pairs[place] = pairs[0]
            _sift(pairs, 0, k, item, before)


def _sift(pairs: Pairs, root: int, length: int, item: Any, before: Before) -> None:
    """Put `item` into the heap whose root is free: down along the later child, then up again."""
    hole = root
    child = 2 * hole + 2
    while child < length:
        if before(pairs[child], pairs[child - 1]):
            child -= 1
        pairs[hole] = pairs[child]
        hole = child
        child = 2 * hole + 2
    if child == length:
        pairs[hole] = pairs[child - 1]
        hole = child - 1
    while hole > root:
        parent = (hole - 1) // 2
        if not before(pairs[parent], item):
            break
        pairs[hole] = pairs[parent]
        hole = parent
    pairs[hole] = item
