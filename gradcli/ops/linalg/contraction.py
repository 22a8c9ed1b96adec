"""Sums of products over named or numbered dimensions: einsum, tensordot, kron, chains."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...table.call.arguments import type_name
from ...table.dtype_rules import requires_grad
from ...table.entry import MULTILINEAR, op
from ...table.formulas import on_arrays, real_arrays
from ...table.lookup import get_op
from ...table.out_rules import CAST, CONTRACTED, Rule
from ...table.schema import Namespace
from ...table.shape_rules import ndim, size_at, wrap_dims, wrap_own_dim
from ...tensor.dtypes import c_name
from ...tensor.notices import warn_once
from ...tensor.runtime import runtime
from ...tensor.tensor import Tensor, make

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_ELLIPSIS = "..."


# --- einsum -----------------------------------------------------------------------------------


def _subscripts(text: str, start: int, place: str) -> list[str]:
    """The labels of one operand or of the output; `start` is its index in the equation."""
    labels: list[str] = []
    index = 0
    while index < len(text):
        character = text[index]
        if character == " ":
            index += 1
        elif character == ".":
            if _ELLIPSIS in labels:
                raise RuntimeError(
                    f"einsum(): found '.' for {place} for which an ellipsis was already found"
                )
            if text[index : index + 3] != _ELLIPSIS:
                raise RuntimeError(
                    f"einsum(): found '.' for {place} that is not part of any ellipsis"
                )
            labels.append(_ELLIPSIS)
            index += 3
        elif character in _LETTERS:
            labels.append(character)
            index += 1
        else:
            raise RuntimeError(
                f"einsum(): invalid subscript given at index {start + index} in the equation "
                "string, subscripts must be in [a-zA-Z]"
            )
    return labels


class _Plan:
    """What an equation asks for: each operand's labels and the order of all dimensions.

    `order` maps a label to its place, output dimensions first; the ellipsis takes `dots` places.
    """

    def __init__(self, equation: str, ranks: Sequence[int]) -> None:
        left, arrow, right = equation.partition("->")
        self.inputs: list[list[str]] = []
        start = 0
        for position, text in enumerate(left.split(",")):
            if position >= len(ranks):
                raise RuntimeError(
                    "einsum(): fewer operands were provided than specified in the equation"
                )
            self.inputs.append(_subscripts(text, start, f"operand {position}"))
            start += len(text) + 1
        if len(self.inputs) < len(ranks):
            raise RuntimeError(
                "einsum(): more operands were provided than specified in the equation"
            )
        self.dots = 0
        counts: dict[str, int] = {}
        for position, (labels, rank) in enumerate(zip(self.inputs, ranks, strict=True)):
            self._count(position, labels, rank, counts)
        self.order: dict[str, int] = {}
        self.places = 0
        if arrow:
            self._explicit(right, start + 1, counts)
        else:
            if counts.get(_ELLIPSIS):
                self._place(_ELLIPSIS)
            for label in _LETTERS:
                if counts.get(label) == 1:
                    self._place(label)
        self.outputs = self.places
        if counts.get(_ELLIPSIS) and _ELLIPSIS not in self.order:
            self._place(_ELLIPSIS)
        for label in _LETTERS:
            if counts.get(label) and label not in self.order:
                self._place(label)

    def _count(self, position: int, labels: list[str], rank: int, counts: dict[str, int]) -> None:
        dotted = _ELLIPSIS in labels
        if len(labels) - dotted > rank or (not dotted and len(labels) != rank):
            relation = "is more than" if dotted else "does not match"
            rest = "" if dotted else " and no ellipsis was given"
            raise RuntimeError(
                f"einsum(): the number of subscripts in the equation ({len(labels) - dotted}) "
                f"{relation} the number of dimensions ({rank}) for operand {position}{rest}"
            )
        for label in labels:
            counts[label] = counts.get(label, 0) + 1
        if dotted:
            self.dots = max(self.dots, rank - len(labels) + 1)

    def _explicit(self, text: str, start: int, counts: dict[str, int]) -> None:
        for label in _subscripts(text, start, "the output"):
            if label != _ELLIPSIS:
                if label in self.order:
                    raise RuntimeError(
                        f"einsum(): output subscript {label} appears more than once in the output"
                    )
                if label not in counts:
                    raise RuntimeError(
                        f"einsum(): output subscript {label} does not appear in the equation for "
                        "any input operand"
                    )
            self._place(label)

    def _place(self, label: str) -> None:
        self.order[label] = self.places
        self.places += self.dots if label == _ELLIPSIS else 1

    def align(self, F: Namespace, position: int, operand: Any) -> Any:
        """The operand with every dimension of the plan, in its order; length 1 where missing."""
        labels = self.inputs[position]
        rank = ndim(operand)
        axes = [-1] * self.places
        seen: dict[str, int] = {}
        axis = 0
        for label in labels:
            if label == _ELLIPSIS:
                covered = rank - len(labels) + 1
                for offset in range(self.dots - covered, self.dots):
                    axes[self.order[label] + offset] = axis
                    axis += 1
            elif label in seen:
                first = seen[label]
                if operand.shape[axis] != operand.shape[first]:
                    raise RuntimeError(
                        f"einsum(): subscript {label} is repeated for operand {position} but the "
                        f"sizes don't match, {operand.shape[axis]} != {operand.shape[first]}"
                    )
                operand = F.movedim(F.diagonal(operand, 0, first, axis), (-1,), (first,))
            else:
                seen[label] = axis
                axes[self.order[label]] = axis
                axis += 1
        for place, found in enumerate(axes):
            if found < 0:
                operand = F.unsqueeze(operand, -1)
                axes[place] = axis
                axis += 1
        return F.permute(operand, tuple(axes))

    def check_sizes(self, operands: Sequence[Any]) -> None:
        """Raise PyTorch's error for the first dimension that does not broadcast."""
        names = {place: label for label, place in self.order.items() if label != _ELLIPSIS}
        for place in range(self.places):
            size = 1
            for position, operand in enumerate(operands):
                length = operand.shape[place]
                if length != size and length != 1 and size != 1:
                    name = f"subscript {names[place]}" if place in names else "the ellipsis"
                    raise RuntimeError(
                        f"einsum(): {name} has size {length} for operand {position} which does "
                        f"not broadcast with previously seen size {size}"
                    )
                size = length if size == 1 else size


_known_plan = functools.lru_cache(64)(_Plan)


def _plan(equation: str, ranks: tuple[int, ...]) -> _Plan:
    """The plan for operands of these ranks; that of an equation as people write them is kept."""
    return (_known_plan if len(equation) < 256 else _Plan)(equation, ranks)


def _sum_of_products(F: Namespace, left: Any, right: Any, sums: Sequence[int]) -> Any:
    """The product of two aligned operands, summed over `sums` (kept with length 1), by bmm."""
    sizes = [max(pair) for pair in zip(left.shape, right.shape, strict=True)]
    kept = math.prod(size for axis, size in enumerate(sizes) if axis not in sums)
    copies = math.prod(left.shape) + math.prod(right.shape) if sums else 0  # as `bmm` takes them
    runtime.reserve((kept + copies) * left.dtype.itemsize)
    if not sums:
        return F.mul(left, right)
    both, only_left, only_right = [], [], []
    for axis in range(ndim(left)):
        if axis in sums:
            continue
        if left.shape[axis] != 1 and right.shape[axis] != 1:
            both.append(axis)
        elif left.shape[axis] != 1:
            only_left.append(axis)
        else:
            only_right.append(axis)
    batch = [left.shape[axis] for axis in both]
    rows = [left.shape[axis] for axis in only_left]
    columns = [right.shape[axis] for axis in only_right]
    inner = math.prod(left.shape[axis] for axis in sums)
    shape = (*batch, *rows, *(1 for _ in sums), *columns)
    order = (*both, *only_left, *sums, *only_right)
    count = math.prod(batch)
    a = F.reshape(F.permute(left, order), (count, math.prod(rows), inner))
    b = F.permute(right, (*both, *sums, *only_right, *only_left))
    b = F.reshape(b, (count, inner, math.prod(columns)))
    back = [0] * len(order)
    for place, axis in enumerate(order):
        back[axis] = place
    return F.permute(F.reshape(F.bmm(a, b), shape), tuple(back))


def _einsum(F: Namespace, equation: str, operands: Sequence[Any]) -> Any:
    """On bare arrays where that makes no difference: a product is no view of an operand, and `bmm`
    is its kernel unless a block of autocast has it cast first."""
    alike = F.is_traced and len(operands) > 1 and on_arrays(operands)
    if alike and get_op("bmm").composite is None:
        arrays = [np.asarray(operand.array) for operand in operands]
        if any(array.nbytes > runtime.max_bytes for array in arrays):  # expanded
            runtime.reserve(max(array.nbytes for array in arrays))
        return make(_einsum(real_arrays, equation, arrays)[()], operands[0].dtype)
    if not operands:
        raise ValueError(
            "einsum(): must specify the equation string and at least one operand, or at least one "
            "operand and its subscripts list"
        )
    plan = _plan(equation, tuple(map(ndim, operands)))
    aligned = [plan.align(F, position, operand) for position, operand in enumerate(operands)]
    plan.check_sizes(aligned)
    contracted = range(plan.outputs, plan.places)
    if len(aligned) == 1:
        return F.sum_dim(aligned[0], tuple(contracted)) if contracted else aligned[0]
    counts = {axis: sum(a.shape[axis] != 1 for a in aligned) for axis in contracted}
    result = aligned[0]
    for other in runtime.watched(aligned[1:]):
        sums: list[int] = []
        alone: tuple[list[int], list[int]] = ([], [])
        for axis in contracted:
            mine, its = result.shape[axis] != 1, other.shape[axis] != 1
            if mine and its:
                counts[axis] -= 1
                if counts[axis] == 1:
                    sums.append(axis)
                    counts[axis] = 0
            elif counts[axis] == 1 and (mine or its):
                alone[its].append(axis)
                counts[axis] = 0
        if alone[0]:
            result = F.sum_dim(result, tuple(alone[0]), True)
        if alone[1]:
            other = F.sum_dim(other, tuple(alone[1]), True)
        result = _sum_of_products(F, result, other, sums)
    return F.reshape(result, tuple(result.shape[: plan.outputs])) if contracted else result


op(
    "einsum(str equation, Tensor[]... operands=[])",
    composite=_einsum,
    where=("torch",),
    doc="Sums products of operands as Einstein's notation in `equation` says.",
    samples=lambda S: [
        S("ij,jk->ik", S.normal(2, 3), S.normal(3, 4)),
        S("ii", S.normal(3, 3)),
        S("ii->i", S.normal(3, 3)),
        S("ij->ji", S.normal(2, 3)),
        S("...ij,...jk->...ik", S.normal(2, 2, 3), S.normal(3, 2)),
        S("i,j->ij", S.normal(2), S.normal(3)),
        S("ij,jk->k", S.normal(2, 3), S.normal(3, 2)),
        S("bn,anm,bm->ba", S.normal(2, 3), S.normal(2, 3, 2), S.normal(2, 2)),
    ],
)


def _is_tensor(value: Any) -> bool:
    return isinstance(value, Tensor | np.ndarray | np.generic)


def _sublists(F: Namespace, args: Sequence[Any]) -> Any:
    if len(args) < 2:
        return _einsum(F, "", ())
    if isinstance(args[0], str):
        given = args[1] if len(args) == 2 and isinstance(args[1], list | tuple) else args[1:]
        place = next(i for i, item in enumerate(given) if not _is_tensor(item))
        raise TypeError(
            f"expected Tensor as element {place} in argument 1, but got {type_name(given[place])}"
        )
    if not _is_tensor(args[0]):
        raise TypeError(
            f"einsum(): argument 'equation' (position 1) must be str, not {type_name(args[0])}"
        )

    def text(labels: Sequence[Any]) -> str:
        words = ""
        for label in labels:
            if label is Ellipsis:
                words += _ELLIPSIS
            elif 0 <= label < 52:
                words += _LETTERS[label]
            else:
                raise ValueError(
                    "einsum(): subscript in subscript list is not within the valid range [0, 52)"
                )
        return words

    pairs = len(args) // 2
    equation = ",".join(text(labels) for labels in args[1 : 2 * pairs : 2])
    if len(args) % 2:
        equation += "->" + text(args[-1])
    return _einsum(F, equation, args[0 : 2 * pairs : 2])


op(
    "einsum_sublists(any[]... args=[])",
    name="einsum",
    composite=_sublists,
    where=("torch",),
    doc="Sums products of operands, each followed by the list of its dimensions' numbers.",
    samples=lambda S: [S(S.normal(2, 3), [0, 1], S.normal(3, 4), [1, 2], [0, 2])],
)


# --- tensordot --------------------------------------------------------------------------------


def _contracted(name: str, position: int, dims: Any) -> tuple[int, ...]:
    """A list of dimensions. Raises TypeError for anything else."""
    if not isinstance(dims, list | tuple):
        raise TypeError(
            f"tensordot(): argument '{name}' (position {position}) must be tuple of ints, not "
            f"{type_name(dims)}"
        )
    for place, dim in enumerate(dims):
        if not isinstance(dim, int):
            raise TypeError(
                f"tensordot(): argument '{name}' (position {position}) must be tuple of ints, but "
                f"found element of type {type_name(dim)} at pos {place}"
            )
    return tuple(dims)


def _tensordot(F: Namespace, a: Any, b: Any, dims: Any) -> Any:
    if type(dims) is Tensor:
        dims = dims.array.tolist()
    if isinstance(dims, int):
        if dims < 0:
            raise RuntimeError(f"tensordot expects dims >= 0, but got dims={dims}")
        if dims > min(ndim(a), ndim(b)):
            raise RuntimeError(f"tensordot expects dims < ndim_a or ndim_b, but got dims={dims}")
        given_a, given_b = tuple(range(-dims, 0)), tuple(range(dims))
    elif isinstance(dims, list | tuple):
        first, second = dims
        given_a = _contracted("dims_self", 3, first)
        given_b = _contracted("dims_other", 4, second)
    else:
        raise RuntimeError(
            "tensordot expects dims to be int or tuple[list[int], list[int]] or list[list[int]] "
            f"containing two lists, but got dims={runtime.text(dims)}"
        )
    if len(given_a) != len(given_b):
        raise RuntimeError("both dimension lists should have same length")
    if a.dtype != b.dtype:
        raise RuntimeError("both inputs should have same dtype")
    inner = 1
    for one, two in zip(given_a, given_b, strict=True):
        size1 = a.shape[wrap_own_dim(one, ndim(a))]
        size2 = b.shape[wrap_own_dim(two, ndim(b))]
        if size2 == 1:
            a = F.sum_dim(a, (one,), True)
        elif size1 == 1:
            b = F.sum_dim(b, (two,), True)
        elif size1 != size2:
            raise RuntimeError(
                "contracted dimensions need to match, but first has size "
                f"{size1} in dim {one} and second has size {size2} in dim {two}"
            )
        else:
            inner *= size1
    dims_a, dims_b = wrap_dims(given_a, ndim(a)), wrap_dims(given_b, ndim(b))
    free_a = tuple(axis for axis in range(ndim(a)) if axis not in dims_a)
    free_b = tuple(axis for axis in range(ndim(b)) if axis not in dims_b)
    shape_a = tuple(a.shape[axis] for axis in free_a)
    shape_b = tuple(b.shape[axis] for axis in free_b)
    left, right = F.permute(a, free_a + dims_a), F.permute(b, dims_b + free_b)
    if not free_a and not free_b:
        if ndim(a) > 1:
            left, right = F.reshape(left, (inner,)), F.reshape(right, (inner,))
        return F.reshape(F.dot(left, right), ())
    left = F.reshape(left, (math.prod(shape_a), inner))
    right = F.reshape(right, (inner, math.prod(shape_b)))
    return F.reshape(F.mm(left, right), shape_a + shape_b)


op(
    "tensordot(Tensor a, Tensor b, any dims=2)",
    composite=_tensordot,
    where=("torch",),
    out=CONTRACTED,
    doc="Sums products over the given dimensions of both tensors.",
    samples=lambda S: [
        S(S.normal(2, 3, 2), S.normal(3, 2, 2)),
        S(S.normal(2, 3), S.normal(4, 3), dims=([1], [1])),
        S(S.normal(2), S.normal(3), dims=0),
        S(S.normal(3), S.normal(3), dims=1),
        S(S.normal(2, 3), S.normal(2, 3), dims=2),
    ],
)


# --- Kronecker products and chains ------------------------------------------------------------


def _kron(F: Namespace, self: Any, other: Any) -> Any:
    rank = max(ndim(self), ndim(other))
    a = (1,) * (rank - ndim(self)) + tuple(self.shape)
    b = (1,) * (rank - ndim(other)) + tuple(other.shape)
    wide = tuple(size for length in a for size in (length, 1))
    fine = tuple(size for length in b for size in (1, length))
    product = F.mul(F._unsafe_view(self, wide), F._unsafe_view(other, fine))
    return F._unsafe_view(product, tuple(x * y for x, y in zip(a, b, strict=True)))


op(
    "kron(Tensor self, Tensor other)",
    composite=_kron,
    out=CAST,
    doc="The Kronecker product: every element of `self` times the whole of `other`.",
    samples=lambda S: [
        S(S.normal(2, 2), S.normal(2, 3)),
        S(S.normal(2), S.normal(2, 2)),
        S(S.normal(), S.normal(3)),
    ],
)


def _check_chain(name: str, tensors: Sequence[Any]) -> None:
    count = len(tensors)
    if count < 2:
        raise RuntimeError(f"{name}(): expected at least 2 tensors but got {count}")
    for position, tensor in enumerate(tensors):
        rank = ndim(tensor)
        if 0 < position < count - 1:
            if rank != 2:
                raise RuntimeError(f"{name}(): tensor {position} must be 2D but got {rank}D")
        elif rank not in (1, 2):
            place = "last" if position else "first"
            raise RuntimeError(f"{name}(): the {place} tensor must be 1D or 2D but got {rank}D")
    for position, tensor in enumerate(tensors):
        if tensor.dtype != tensors[0].dtype:
            raise RuntimeError(
                f"{name}(): all tensors must have be the same dtype but tensor 0 is "
                f"{c_name(tensors[0].dtype)} and tensor {position} {c_name(tensor.dtype)}"
            )


def _multi_dot(F: Namespace, tensors: Sequence[Any]) -> Any:
    _check_chain("multi_dot", tensors)
    shape: tuple[int, ...] = ()
    matrices = list(tensors)
    if ndim(matrices[0]) == 1:
        matrices[0] = F.unsqueeze(matrices[0], 0)
    else:
        shape += (matrices[0].shape[0],)
    if ndim(matrices[-1]) == 1:
        matrices[-1] = F.unsqueeze(matrices[-1], -1)
    else:
        shape += (matrices[-1].shape[1],)
    for position in range(len(matrices) - 1):
        if matrices[position].shape[1] != matrices[position + 1].shape[0]:
            raise RuntimeError(
                f"multi_dot(): tensors {position} and {position + 1} with shapes "
                f"{list(matrices[position].shape)} and {list(matrices[position + 1].shape)} "
                "cannot be multiplied"
            )
    return F.reshape(_chain(F, matrices), shape)


def _chain(F: Namespace, matrices: Sequence[Any]) -> Any:
    """The product of matrices in the order that costs least (dynamic programming)."""
    count = len(matrices)
    runtime.reserve(16 * count * count)
    sizes = [matrix.shape[0] for matrix in matrices] + [matrices[-1].shape[1]]
    cost = [[0] * count for _ in range(count)]
    split = [[0] * count for _ in range(count)]
    for length in range(1, count):
        for i in range(count - length):
            j = i + length
            runtime.spend(1 + (length >> 4))
            best: int | None = None
            for k in range(i, j):
                total = cost[i][k] + cost[k + 1][j] + sizes[i] * sizes[k + 1] * sizes[j + 1]
                if best is None or total < best or (count == 3 and total == best):
                    best, split[i][j] = total, k
            cost[i][j] = best or 0

    def product(i: int, j: int) -> Any:
        if i == j:
            return matrices[i]
        k = split[i][j]
        return F.mm(product(i, k), product(k + 1, j))

    return product(0, count - 1)


op(
    "multi_dot(Tensor[] tensors)",
    composite=_multi_dot,
    where=("linalg",),
    out=Rule("multi_dot(): expected out tensor to have dtype {c_result} but got {c_out}"),
    doc="The product of a chain of matrices, in the cheapest order.",
    samples=lambda S: [
        S([S.normal(2, 3), S.normal(3, 4), S.normal(4, 2)]),
        S([S.normal(3), S.normal(3, 4), S.normal(4)]),
        S([S.normal(4, 2), S.normal(2, 3), S.normal(3, 2), S.normal(2, 2)]),
    ],
)


def _chain_matmul(F: Namespace, matrices: Sequence[Any]) -> Any:
    warn_once(
        "torch.chain_matmul is deprecated and will be removed in a future PyTorch release. Use "
        "torch.linalg.multi_dot instead, which accepts a list of two or more tensors rather than "
        "multiple parameters."
    )
    for matrix in matrices:
        if ndim(matrix) != 2:
            raise RuntimeError(f"Tensor dimension is {ndim(matrix)}, expected 2 instead.")
    if not matrices:
        raise RuntimeError("chain_matmul(): Expected one or more matrices")
    if len(matrices) == 1:
        return F.clone(matrices[0])
    return _multi_dot(F, matrices)


op(
    "chain_matmul(Tensor[]... matrices=[])",
    composite=_chain_matmul,
    where=("torch",),
    out=CAST,
    doc="The product of a chain of matrices given one by one.",
    samples=lambda S: [S(S.normal(2, 3), S.normal(3, 4), S.normal(4, 2)), S(S.normal(2, 3))],
)


# --- bilinear ---------------------------------------------------------------------------------


def _check_trilinear(input1: Any, weight: Any, input2: Any) -> None:
    values = (input1, weight, input2)
    recorded = runtime.grad_enabled and any(requires_grad(value) for value in values)
    if recorded and any(value.dtype.is_complex for value in values):
        raise RuntimeError(
            "_trilinear does not support automatic differentiation for outputs with complex dtype."
        )


def _trilinear(input1: Any, weight: Any, input2: Any) -> Any:
    outputs, *inner = weight.shape
    runtime.reserve(len(input1) * outputs * (1 + max(inner)) * weight.itemsize)
    return np.einsum("bi,oij,bj->bo", input1, weight, input2, optimize=True)


op(
    "_trilinear(Tensor input1, Tensor weight, Tensor input2)",
    kernel=_trilinear,
    vjp={
        "input1": lambda F, g, weight, input2: F.einsum(
            "bo,oij,bj->bi", (g, F.conj(weight), F.conj(input2))
        ),
        "weight": lambda F, g, input1, input2: F.einsum(
            "bo,bi,bj->oij", (g, F.conj(input1), F.conj(input2))
        ),
        "input2": lambda F, g, input1, weight: F.einsum(
            "bo,oij,bi->bj", (g, F.conj(weight), F.conj(input1))
        ),
    },
    jvp=MULTILINEAR,
    check=_check_trilinear,
    node="TrilinearBackward0",
    where=(),
    doc="The kernel of `bilinear`.",
    samples=lambda S: (
        [] if S.dtype.is_complex else [S(S.normal(2, 3), S.normal(2, 3, 2), S.normal(2, 2))]
    ),
)


def _check_bilinear(input1: Any, input2: Any, weight: Any, bias: Any) -> None:
    named = {"input1": input1, "input2": input2, "weight": weight, "bias": bias}
    kinds = {name: value.dtype for name, value in named.items() if value is not None}
    if any(kind != input1.dtype for kind in kinds.values()):
        listed = ", ".join(f"{name}: {c_name(kind)}" for name, kind in kinds.items())
        raise RuntimeError(f"All tensors must have the same dtype, got {listed}")
    rank1, rank2 = ndim(input1), ndim(input2)
    if rank1 != rank2:
        raise RuntimeError(f"bilinear(): input dimensions do not match: got {rank1} and {rank2}")
    for axis in range(rank1 - 1):
        if input1.shape[axis] != input2.shape[axis]:
            raise RuntimeError(
                f"bilinear(): input batch dimensions do not match at dim {axis}: got "
                f"{input1.shape[axis]} and {input2.shape[axis]}"
            )
    for name, value, axis in (("input1", input1, 1), ("input2", input2, 2)):
        given, wanted = size_at(value, -1), size_at(weight, axis)
        if given != wanted:
            raise RuntimeError(
                f"bilinear(): {name} size does not match weight size: got {given} but expected "
                f"{wanted}"
            )
    if bias is not None and size_at(bias, 0) != weight.shape[0]:
        raise RuntimeError(
            f"bilinear(): bias size does not match weight size: got {bias.shape[0]} but expected "
            f"{weight.shape[0]}"
        )


def _bilinear(F: Namespace, input1: Any, input2: Any, weight: Any, bias: Any) -> Any:
    _check_bilinear(input1, input2, weight, bias)
    lead = tuple(input1.shape)[:-1]
    left = F.reshape(input1, (math.prod(lead), input1.shape[-1]))
    right = F.reshape(input2, (math.prod(lead), input2.shape[-1]))
    result = F.reshape(F._trilinear(left, weight, right), (*lead, weight.shape[0]))
    return result if bias is None else F.add(result, bias)


op(
    "bilinear(Tensor input1, Tensor input2, Tensor weight, Tensor? bias=None)",
    composite=_bilinear,
    where=("torch", "F"),
    doc="A bilinear form of two inputs for every output feature.",
    samples=lambda S: [
        S(S.normal(2, 3), S.normal(2, 2), S.normal(4, 3, 2), S.normal(4)),
        S(S.normal(3), S.normal(2), S.normal(4, 3, 2)),
    ],
)
