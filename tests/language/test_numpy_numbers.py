"""NumPy in programs: arrays hold numbers, and numbers of NumPy meet what a program defines."""

from __future__ import annotations

import itertools
import subprocess
import sys
import warnings
from typing import Any

import numpy as np
import pytest
from programs import cpython, run

from gradcli.language.library import numpy_arrays  # fills in the tables of arrays
from gradcli.language.library.modules import find_module
from gradcli.language.values.attributes import load_attribute
from gradcli.language.values.constructors import callable_value
from gradcli.tensor.runtime import LimitExceeded


def agrees(program: str) -> None:
    text, error = run(program)
    assert (text, error) == cpython(program)
    assert text
    assert not error


def test_numbers_of_numpy_meet_objects_of_a_program() -> None:
    agrees(
        """
import numpy as np
class Value:
    def __init__(self, data):
        self.data = data
    def __add__(self, other):
        return Value(self.data + (other.data if isinstance(other, Value) else other))
    def __mul__(self, other):
        return Value(self.data * (other.data if isinstance(other, Value) else other))
    __radd__ = __add__
    __rmul__ = __mul__
    def __eq__(self, other):
        return self.data == other
    def __float__(self):
        return float(self.data)
a = Value(2.0)
print((a + np.float64(1)).data, (np.float64(3) * a).data, (np.int64(3) + a).data)
print(a == np.float64(2), (a * 2).data, np.float64(a), np.float32(a))
for part in np.array([1.0, 2.0]):
    print((part * a).data)
"""
    )


def test_methods_of_arrays_take_what_numpy_takes() -> None:
    agrees(
        """
import numpy as np
a = np.array([[3, 1], [2, 5]])
print(a.sum(), a.sum(0), a.sum(axis=1, keepdims=True), a.sum(axis=(0, 1)), a.sum(dtype=float))
print(a.sum(0, np.float32), a.mean(0), a.std(ddof=1), a.argsort(kind="stable"), a.clip(2, 4))
print(a.reshape(4), a.reshape((1, 4)), a.reshape(1, -1), a.reshape(4, order="F"), a.copy("C"))
print(a.dot(a), a.dot([1, 2]), a.T.ravel("K"), a.swapaxes(0, 1), a.transpose((1, 0)), a.round(1))
print(a.max(0), a.argmax(), a.nonzero(), a.diagonal(), a.trace(), a.cumsum(1))
print(a.item(0), a.item((1, 1)))
print(np.int64(3).sum(), np.float64(2.5).round(), np.float64("1.5"), a.repeat(2))
b = np.zeros(2)
a.sum(0, out=b)
b += [1, 2]
b.fill(b[0])
b.sort()
print(b, b == None, b == [6, 6], [6, 6] == b, divmod(b, 4), b ** 2, 2 ** b)
print(b @ b, np.sum([1, 2]))
print(np.concatenate([b, [1]]), np.stack(([1], [2])))
print(np.where(b > 1, b, 0), np.meshgrid([1], [2, 3]))
print(np.linalg.norm(a, ord="fro"), np.linalg.norm([3, 4]))
print(np.arange(3.0), np.full(2, 7), np.linspace(0, 1, 3))
"""
    )


ODD = [object, "O", "g", "G", "U4", "S4", "M8[s]", "i4,f8", [10**30], [[1], [2, 3]], 10**30, "x"]
PLAIN = [None, 0, 1, (2,), [1.0, 2.0], np.ones(2), np.eye(2), True]
KEYS = ["dtype", "out", "axis", "fill_value", "base", "ord", "p", "a_min", "order", "casting"]


def names() -> list[tuple[str, str]]:
    """Every name that a program can call on an array, on a number of NumPy and in its modules."""
    found = [("array", name) for name in numpy_arrays.TABLES[np.ndarray]]
    found += [("number", name) for name in numpy_arrays.TABLES[np.float64]]
    for module in ("numpy", "numpy.random", "numpy.linalg", "numpy.fft", "numpy.testing"):
        found += [(module, name) for name in find_module(module).all_names()]
    return found


def arrays_in(value: Any) -> Any:
    if isinstance(value, np.ndarray | np.generic):
        yield value
    elif isinstance(value, list | tuple):
        for part in value:
            yield from arrays_in(part)


@pytest.mark.parametrize(("owner", "name"), names())
def test_no_call_makes_anything_but_numbers(owner: str, name: str) -> None:
    """Whatever is handed in where, what comes out is an array of numbers or an error."""
    if (owner, name) == ("numpy", "set_printoptions"):
        return
    allowed = {np.dtype(kind) for kind in "?bhilBHILefdFD"}
    calls = [(args, {}) for count in range(4) for args in itertools.product(PLAIN, repeat=count)]
    calls = calls[:: max(len(calls) // 60, 1)]
    for odd in ODD:
        calls += [((odd,), {}), ((np.ones(2), odd), {}), ((odd, 1), {}), ((0, odd), {})]
        calls += [((*args,), {key: odd}) for key in KEYS for args in ((), (np.ones(2),))]
        calls += [((0, 0, 1, odd), {}), ((None, odd), {})]
    targets = {"array": [np.eye(2), np.arange(3)], "number": [np.float64(2)]}
    for target in targets.get(owner) or [find_module(owner)]:
        for args, kwargs in calls:
            try:
                found = callable_value(load_attribute(target, name))
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    value = found(*args, **kwargs) if callable(found) else found
            except (TypeError, ValueError, OverflowError, IndexError, AttributeError):
                continue
            except (LimitExceeded, RuntimeError, ArithmeticError, AssertionError):
                continue
            for array in arrays_in(value):
                assert array.dtype in allowed, (args, kwargs)


def test_arrays_have_attributes_where_numpy_is_not_imported() -> None:
    """In a process of its own: what fills in the tables of arrays is loaded at the first one."""
    text = "a = tensor([1.0, 2.0]).numpy(); print(a.shape, a.sum().item())"
    code = f"from gradcli.language.interpreter import *; Session().run(compile_program({text!r}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout == "(2,) 3.0\n", done.stderr
