"""Records sorted by kind: the names that a program reads, in order, with dtypes and shapes.

Records of one kind stand on the first axis of arrays, one a name. What is no number or regular list
of numbers is converted by itself, so each record costs the same whatever its neighbours are.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import numpy as np

from gradcli.io.values import PARTS, WORDS
from gradcli.tensor.dtypes import Array, DType, bool_
from gradcli.tensor.tensor import Tensor, shape_of

Record = dict[str, Any]
# (name, dtype, shape); the dtype is None for a name that every record has from elsewhere.
Kind = tuple[tuple[str, DType | None, tuple[int, ...]], ...]

MOST_DIMENSIONS = 32
_NUMBERS = {int, float}
_STACKED = {int, float, str, bool, list, dict}
_WHOLE_FLOATS = float(1 << 53)


class Group:
    """Records of one kind: where they stand in the list they came from, and their columns."""

    __slots__ = ("columns", "kind", "places")

    def __init__(self, kind: Kind, places: Sequence[int], columns: dict[str, Array]) -> None:
        self.kind = kind
        self.places = places
        self.columns = columns

    def without(self, rows: Array) -> Group:
        """The group without some of its rows."""
        kept = np.delete(np.arange(len(self.places)), rows)
        columns = {name: column[kept] for name, column in self.columns.items()}
        return Group(self.kind, [self.places[row] for row in kept.tolist()], columns)


class Sorter:
    """Sorts records of JSON by kind.

    `reads` are the names that count, `given` those of which the record's values do not. `convert`
    makes tensors of a record's values, as they are when it goes by itself; numbers get `floating`.
    """

    def __init__(
        self,
        reads: Collection[str],
        given: Collection[str],
        floating: DType,
        convert: Callable[[Record], Mapping[str, Tensor]],
    ) -> None:
        self.reads = reads
        self.given = given
        self.floating = floating
        self.convert = convert

    def groups(self, items: Sequence[Any]) -> list[Group]:
        """The groups of what is a record and can be converted, in order of their first records."""
        alike: dict[Any, list[int]] = {}
        for place, item in enumerate(items):
            if type(item) is dict:
                alike.setdefault((*item, *map(type, item.values())), []).append(place)
        regular: dict[Kind, list[int]] = {}
        alone: list[int] = []
        for places in alike.values():
            self._by_shape(items, places, regular, alone)
        found: list[Group] = []
        for kind, places in regular.items():
            places.sort()
            group = self._stacked(items, places, kind)
            if group is None:
                alone += places
            else:
                found.append(group)
        found += self._converted(items, sorted(alone))
        return found

    def _by_shape(
        self,
        items: Sequence[Record],
        places: list[int],
        regular: dict[Kind, list[int]],
        alone: list[int],
    ) -> None:
        """Sort records that have the same names and types of values by the shapes of lists."""
        first = items[places[0]]
        names = [name for name in first if name in self.reads]
        own = {name: type(first[name]) for name in names if name not in self.given}
        for name, kind in own.items():
            if kind is str:
                alone += [place for place in places if items[place][name] not in WORDS]
                places = [place for place in places if items[place][name] in WORDS]
            elif kind is dict:
                alone += [place for place in places if items[place][name].keys() != PARTS]
                places = [place for place in places if items[place][name].keys() == PARTS]
        both = self.floating.is_complex and dict in own.values()  # as numbers are, then
        if both or not set(own.values()) <= _STACKED:
            alone += places
            return
        if not places:
            return
        special = {bool: bool_, dict: self.floating.to_complex()}
        dtypes = {name: special.get(own[name], self.floating) for name in own}
        if list not in own.values():
            regular.setdefault(tuple((name, dtypes.get(name), ()) for name in names), []).extend(
                places
            )
            return
        for place in places:
            item = items[place]
            key = tuple([(n, dtypes.get(n), _shape(item[n]) if n in own else ()) for n in names])
            regular.setdefault(key, []).append(place)

    def _stacked(self, items: Sequence[Record], places: list[int], kind: Kind) -> Group | None:
        """A group, or None unless all values are finite numbers in lists of these shapes."""
        columns: dict[str, Array] = {}
        for name, dtype, shape in kind:
            if dtype is None:
                continue
            values = [items[place][name] for place in places]
            if dtype is bool_:
                columns[name] = np.array(values, bool)
                continue
            if type(values[0]) is dict:
                joined = _joined(values)
                if joined is None:
                    return None
                with np.errstate(over="ignore"):
                    columns[name] = dtype.cast(joined)
                if not np.isfinite(columns[name]).all():
                    return None
                continue
            worded = {row: WORDS[v] for row, v in enumerate(values) if type(v) is str}
            for row in worded:
                values[row] = 0.0
            array = _array(values, shape)
            if array is None:
                return None
            if self.floating.itemsize < 8 and (np.abs(array) >= _WHOLE_FLOATS).any():
                return None  # an integer is not to be rounded twice
            with np.errstate(over="ignore"):
                array = self.floating.cast(array)
            if not np.isfinite(array).all():
                return None
            for row, value in worded.items():
                array[row] = value
            columns[name] = array
        return Group(kind, places, columns)

    def _converted(self, items: Sequence[Record], places: list[int]) -> list[Group]:
        """The groups of records that are converted one by one."""
        found: dict[Kind, tuple[list[int], list[dict[str, Array]]]] = {}
        for place in places:
            try:
                tensors = self.convert(items[place])
            except Exception:
                continue  # it raises again where it is answered
            kind = tuple(
                (name, None, ()) if name in self.given else (name, x.dtype, shape_of(x))
                for name, x in tensors.items()
            )
            if any(len(shape) >= MOST_DIMENSIONS for _, _, shape in kind):
                continue
            arrays = {n: x.array for n, x in tensors.items() if n not in self.given}
            places_of, rows = found.setdefault(kind, ([], []))
            places_of.append(place)
            rows.append(arrays)
        return [
            Group(kind, at, {name: np.array([row[name] for row in rows]) for name in rows[0]})
            for kind, (at, rows) in found.items()
        ]


def _shape(value: Any) -> tuple[int, ...]:
    shape = []
    while type(value) is list:
        shape.append(len(value))
        if not value:
            break
        value = value[0]
    return tuple(shape)


def _joined(values: list[Any]) -> Array | None:
    """Objects with the parts of complex numbers as an array, or None unless they are numbers."""
    real, imag = (_array([value[part] for value in values], ()) for part in ("re", "im"))
    if real is None or imag is None:
        return None
    found = np.empty(len(values), np.complex128)
    found.real = real
    found.imag = imag
    return found


def _array(values: list[Any], shape: tuple[int, ...]) -> Array | None:
    """The values of all records as an array, or None unless they are numbers of this shape."""
    if len(shape) >= MOST_DIMENSIONS:
        return None
    flat: Any = values
    for length in shape:
        if set(map(type, flat)) != {list} or set(map(len, flat)) != {length}:
            return None
        flat = list(itertools.chain.from_iterable(flat))
        if not flat:
            break
    if not set(map(type, flat)) <= _NUMBERS:
        return None
    try:
        array = np.array(flat, np.float64)
    except OverflowError:
        return None
    return array.reshape(len(values), *shape)
