"""Extremes: max, min, amax, amin, aminmax, argmax, argmin."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...kernels.blocks import reduce
from ...kernels.scatter_add import flat_places
from ...table.dtype_rules import filled, supports
from ...table.entry import LINEAR, Op, op
from ...table.out_rules import EXACT
from ...table.schema import Namespace
from ...table.shape_rules import wrap_dim, wrap_dims
from ...tensor import dtypes
from ...tensor.tensor import shape_of
from .shared import MAXIMUM, MINIMUM, REDUCED, axes_of, restored, whole


def _check_whole(name: str, refusals: supports) -> Any:
    def check(self: Any, *rest: Any) -> None:
        refusals(self)
        if 0 in shape_of(self):
            raise RuntimeError(
                f"{name}(): Expected reduction dim to be specified for input.numel() == 0. "
                "Specify the reduction dim with the 'dim' argument."
            )

    return check


def _check_dims(name: str, refusals: supports, given: int = 1) -> Any:
    """Refuse an empty dimension, and no dimension for an empty tensor."""

    def check(*args: Any) -> None:
        self, dim = args[0], args[given]
        refusals(self)
        shape = shape_of(self)
        if dim is None or dim == ():
            if 0 in shape and name.startswith("arg"):
                raise IndexError(
                    f"{name}(): Expected reduction dim to be specified for input.numel() == 0."
                )
            if 0 in shape and name == "aminmax":
                raise RuntimeError(
                    "aminmax(): cannot compute aminmax over an empty dimension as the operation "
                    "has no identity."
                )
            if 0 in shape:
                raise RuntimeError(
                    f"{name}(): Expected reduction dim to be specified for input.numel() == 0. "
                    "Specify the reduction dim with the 'dim' argument."
                )
            return
        for axis in wrap_dims(dim, len(shape)):
            if shape and shape[axis] == 0:
                shown = name if name == "aminmax" else f"{name}()"
                raise IndexError(f"{shown}: Expected reduction dim {axis} to have non-zero size.")

    return check


def _same(F: Namespace, self: Any, out: Any) -> Any:
    """Where elements are the extreme that was found."""
    return F.logical_or(F.eq(self, out), F.logical_and(F.isnan(self), F.isnan(out)))


def _evenly(F: Namespace, g: Any, self: Any, out: Any) -> Any:
    chosen = _same(F, self, out)
    return filled(F, chosen, g / F.sum(chosen))


def _evenly_forward(F: Namespace, t: Any, self: Any, out: Any) -> Any:
    chosen = _same(F, self, out)
    return F.sum(F.where(chosen, t, 0)) / F.sum(chosen)


def _evenly_dim(F: Namespace, g: Any, self: Any, out: Any, dim: Any, keepdim: bool) -> Any:
    out = restored(F, out, self.shape, dim, keepdim)
    g = restored(F, g, self.shape, dim, keepdim)
    chosen = F.eq(self, out)
    if (
        type(chosen) is np.ndarray
        and axes_of(dim, self.ndim) == (self.ndim - 1,)
        and self.flags.c_contiguous
        and np.count_nonzero(chosen) == out.size
    ):
        places = np.flatnonzero(chosen)
        if (places // self.shape[-1] == np.arange(out.size)).all():  # one of each row
            result = np.zeros(self.shape, g.dtype)
            result.reshape(-1)[places] = g.reshape(-1)
            return result
    return F.where(chosen, g, 0) / F.sum_dim(chosen, dim, True)


def _evenly_dim_forward(F: Namespace, t: Any, self: Any, out: Any, dim: Any, keepdim: bool) -> Any:
    chosen = F.eq(self, restored(F, out, self.shape, dim, keepdim))
    return F.sum_dim(F.where(chosen, t, 0), dim, keepdim) / F.sum_dim(chosen, dim, keepdim)


def _at_index(value: Any, indices: Any, axis: int, keepdim: bool) -> Any:
    chosen = np.take_along_axis(value, indices, axis)
    if keepdim:
        return chosen, indices
    return np.squeeze(chosen, axis)[()], np.squeeze(indices, axis)[()]


def _selected(position: Any) -> Any:
    """A kernel that picks one element along a dimension, and gives its index too."""

    def kernel(self: Any, dim: int, keepdim: bool) -> Any:
        axis = wrap_dim(dim, self.ndim)
        if not self.ndim:
            return self, np.int64(0)
        indices = np.expand_dims(position(self, axis), axis)
        return _at_index(self, indices, axis, keepdim)

    return kernel


def place(F: Namespace, g: Any, self_shape: Any, out1: Any, dim: int, keepdim: bool) -> Any:
    """The cotangent of a selection: `g` at the chosen indices, zero elsewhere."""
    if not keepdim and self_shape:
        g = F.unsqueeze(g, dim)
        out1 = F.unsqueeze(out1, dim)
    return F._place(g, self_shape, dim, out1)


def pick(F: Namespace, t: Any, out1: Any, dim: int, keepdim: bool) -> Any:
    """The tangents of a selection: that of the chosen elements, and none of the indices."""
    if not len(t.shape):
        return t, None
    if keepdim:
        return F.gather(t, dim, out1), None
    return F.squeeze_dim(F.gather(t, dim, F.unsqueeze(out1, dim)), dim), None


def _place(grad: Any, size: Any, dim: int, index: Any) -> Any:
    if not size:
        return grad
    axis = wrap_dim(dim, len(size))
    result = np.zeros(size, grad.dtype)
    places = flat_places(result.shape, axis, index)
    np.add.at(result.reshape(-1), places.reshape(-1), grad.reshape(-1))
    return result


def _place_batched(op: Op, args: list[Any], axes: list[Any]) -> tuple[Any, int]:
    from ...table.call.dispatch import run
    from ...table.formulas import traced
    from ...table.levels.batching import batch_size, front

    length = batch_size(args, axes)
    grad, size, dim, index = args
    pair = [
        front(value, axis) if axis is not None else traced.expand(value, (length, *shape_of(value)))
        for value, axis in ((grad, axes[0]), (index, axes[3]))
    ]
    if not size:
        return pair[0], 0
    return run(op, [pair[0], (length, *size), wrap_dim(dim, len(size)) + 1, pair[1]]), 0


op(
    "_place(Tensor grad, int[] size, Dim dim, Tensor index)",
    name="scatter",
    kernel=_place,
    vjp={"grad": lambda F, g, dim, index: F.gather(g, dim, index) if len(g.shape) else g},
    jvp=LINEAR,
    batching=_place_batched,
    where=(),
    doc="Zeros of `size` with the elements of `grad` added at indices along `dim`.",
    samples=lambda S: [S(S.normal(2, 3), (4, 3), 0, S.integers(0, 4, 2, 3))],
)


def _extreme(name: str, other: str, ufunc: Any, position: Any, word: str) -> None:
    plain = supports(complex=f"{name}_all")
    complex_dim = supports(complex=RuntimeError(f"{name}(): does not support complex input"))
    op(
        f"{name}(Tensor self)",
        batching=whole(f"a{name}"),
        kernel=lambda self: ufunc.reduce(self, axis=None) if self.ndim else self,
        vjp={"self": _evenly},
        jvp={"self": _evenly_forward},
        node=f"{name.title()}Backward1",
        check=_check_whole(name, plain),
        doc=f"The {word} of all elements. Ties share the gradient.",
        samples=lambda S: [
            S(S.distinct(2, 3)),
            S(S.distinct()),
            S(S.integers(-3, 3, 4)),
            S.edge(S.tensor([2.0, -1.0, 2.0, -1.0])),
            S.edge(S.tensor([2.0, math.nan, 2.0, -1.0])),
        ],
    )
    op(
        f"{name}_other(Tensor self, Tensor other)",
        name=name,
        composite=lambda F, self, other_: getattr(F, other)(self, other_),
        out=(EXACT, EXACT),
        doc=f"The {word} of two elements. Ties share the gradient.",
        samples=lambda S: [S(S.distinct(2, 3), S.normal(3))],
    )
    op(
        f"{name}_dim(Tensor self, Dim dim, bool keepdim=False)",
        name=name,
        kernel=_selected(position),
        vjp={"self": place},
        jvp={"self": pick},
        outputs=2,
        fields=("values", "indices"),
        constant=(1,),
        batching="shift",
        check=_check_dims(name, complex_dim),
        out=(EXACT, EXACT),
        doc=f"The {word} elements along a dimension, and their indices.",
        samples=lambda S: [
            S(S.distinct(2, 3), 0),
            S(S.distinct(2, 3), -1, keepdim=True),
            S(S.distinct(), 0),
            S(S.integers(-3, 3, 4), 0),
        ],
    )
    kernel_name = f"{name}_values_cpu"
    op(
        f"a{name}(Tensor self, Dim[] dim=[], bool keepdim=False)",
        batching="shift",
        kernel=lambda self, dim, keepdim: (
            reduce(ufunc, self, axes_of(dim, self.ndim), keepdim) if self.ndim else self
        ),
        vjp={"self": _evenly_dim},
        jvp={"self": _evenly_dim_forward},
        check=_check_dims(f"a{name}", supports(complex=kernel_name)),
        out=REDUCED,
        doc=f"The {word} elements over dimensions. Ties share the gradient.",
        samples=lambda S: [
            S(S.distinct(2, 3)),
            S(S.distinct(2, 3), 0),
            S(S.distinct(2, 3, 2), (0, 2), True),
            S.edge(S.tensor([1.0, 1.0, 0.5]), 0),
            S.edge(S.tensor([[1.0, math.nan], [1.0, 1.0]]), 1),
            S(S.distinct()),
        ],
    )
    refusal = RuntimeError(f"arg{name}(): does not support complex input")
    mask = RuntimeError(f"arg{name}(): does not support bool input")
    op(
        f"arg{name}(Tensor self, Dim? dim=None, bool keepdim=False)",
        batching="shift",
        kernel=_position(position),
        result=dtypes.int64,
        check=_check_dims(f"arg{name}", supports(complex=refusal, boolean=mask)),
        out=EXACT,
        doc=f"The index of the {word} element, over all or along a dimension.",
        samples=lambda S: [
            S(S.distinct(2, 3)),
            S(S.distinct(2, 3), 0),
            S(S.distinct(2, 3), -1, True),
            S(S.distinct()),
        ],
    )


def _position(position: Any) -> Any:
    def kernel(self: Any, dim: Any, keepdim: bool) -> Any:
        if not self.ndim:
            return np.int64(0)
        if dim is None:
            found = position(self.reshape(-1), 0)
            return np.reshape(found, (1,) * self.ndim) if keepdim else found
        axis = wrap_dim(dim, self.ndim)
        found = position(self, axis)
        return np.expand_dims(found, axis) if keepdim else found

    return kernel


def _first_greatest(value: Any, axis: int) -> Any:
    return np.argmax(value, axis)


def _first_least(value: Any, axis: int) -> Any:
    return np.argmin(value, axis)


_extreme("max", "maximum", np.maximum, _first_greatest, "greatest")
_extreme("min", "minimum", np.minimum, _first_least, "least")


def _both_extremes(self: Any, dim: Any, keepdim: bool) -> Any:
    if not self.ndim:
        return self, self
    axes = axes_of(dim, self.ndim)
    return (
        MINIMUM.reduce(self, axis=axes, keepdims=keepdim),
        MAXIMUM.reduce(self, axis=axes, keepdims=keepdim),
    )


def _aminmax_slope(
    F: Namespace, g: Any, self: Any, out0: Any, out1: Any, dim: Any, keepdim: bool
) -> Any:
    return _evenly_dim(F, g[0], self, out0, dim, keepdim) + _evenly_dim(
        F, g[1], self, out1, dim, keepdim
    )


op(
    "aminmax(Tensor self, *, Dim? dim=None, bool keepdim=False)",
    batching="shift",
    kernel=_both_extremes,
    vjp={"self": _aminmax_slope},
    jvp={
        "self": lambda F, t, self, out0, out1, dim, keepdim: (
            _evenly_dim_forward(F, t, self, out0, dim, keepdim),
            _evenly_dim_forward(F, t, self, out1, dim, keepdim),
        )
    },
    outputs=2,
    fields=("min", "max"),
    check=_check_dims("aminmax", supports(complex="aminmax_cpu")),
    out=EXACT,
    doc="The least and the greatest element, over all or along a dimension.",
    samples=lambda S: [
        S(S.distinct(2, 3)),
        S(S.distinct(2, 3), dim=0),
        S(S.distinct(2, 3), dim=1, keepdim=True),
    ],
)
