"""Transforms: functions of tensors with the determinants of their derivatives."""

from __future__ import annotations

import math
import weakref
from typing import Any

from ..table.public.functions import F, linalg, method, torch
from ..tensor.limits import finfo
from ..tensor.runtime import runtime, speaking_once
from ..tensor.tensor import Size, Tensor, numel, shape_of
from . import constraints
from .utils import (
    broadcast_all,
    is_number,
    lazy_property,
    on_tensor,
    rank,
    sizes,
    spent,
    sum_rightmost,
    tril_matrix_to_vec,
    vec_to_tril_matrix,
)

_MODULE = "torch.distributions.transforms"


class Transform:
    """A function y = f(x) from `domain` to `codomain`, with log |det df/dx|.

    A subclass writes `_call`, `_inverse` and `log_abs_det_jacobian`. With `cache_size=1` the last
    pair is kept, so that the inverse of a result costs nothing and is exact.
    """

    __module__ = _MODULE

    __slots__ = ("__dict__", "__weakref__", "_known_inverse")

    bijective: Any = False
    domain: Any
    codomain: Any

    def __init__(self, cache_size: int = 0) -> None:
        self._cache_size = cache_size
        self._known_inverse: Any = None
        if cache_size == 1:
            self._cached_x_y: Any = (None, None)
        elif cache_size != 0:
            raise ValueError("cache_size must be 0 or 1")

    @property
    def event_dim(self) -> Any:
        """The dimensions of an event. Raises ValueError where they change."""
        if self.domain.event_dim == self.codomain.event_dim:
            return self.domain.event_dim
        raise ValueError("Please use either .domain.event_dim or .codomain.event_dim")

    @property
    def inv(self) -> Any:
        """The inverse, whose inverse is this transform."""
        inverse = None if self._known_inverse is None else self._known_inverse()
        if inverse is None:
            inverse = _InverseTransform(self)
            self._known_inverse = weakref.ref(inverse)
        return inverse

    @property
    def sign(self) -> Any:
        """1 for an increasing function of numbers, -1 for a decreasing one."""
        raise NotImplementedError

    def with_cache(self, cache_size: int = 1) -> Any:
        """The transform with another size of cache."""
        if self._cache_size == cache_size:
            return self
        if type(self).__init__ is Transform.__init__:
            return type(self)(cache_size=cache_size)
        raise NotImplementedError(f"{type(self)}.with_cache is not implemented")

    def __eq__(self, other: object) -> bool:
        return self is other

    def __call__(self, x: Any) -> Any:
        if self._cache_size == 0:
            return self._call(x)
        x_old, y_old = self._cached_x_y
        if x is x_old:
            return y_old
        y = self._call(x)
        self._cached_x_y = x, y
        return y

    def _inv_call(self, y: Any) -> Any:
        if self._cache_size == 0:
            return self._inverse(y)
        x_old, y_old = self._cached_x_y
        if y is y_old:
            return x_old
        x = self._inverse(y)
        self._cached_x_y = x, y
        return x

    def _call(self, x: Any) -> Any:
        """f(x)."""
        raise NotImplementedError

    def _inverse(self, y: Any) -> Any:
        """x of f(x) = y."""
        raise NotImplementedError

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        """log |det df/dx| for y = f(x), one number an event."""
        raise NotImplementedError

    def __repr__(self) -> str:
        return type(self).__name__ + "()"

    def forward_shape(self, shape: Any) -> Any:
        """The shape of f(x) for the shape of x."""
        return shape

    def inverse_shape(self, shape: Any) -> Any:
        """The shape of x for the shape of f(x)."""
        return shape


class _InverseTransform(Transform):
    """The inverse of a transform, which it shares the cache of."""

    __module__ = _MODULE

    def __init__(self, transform: Transform) -> None:
        super().__init__(cache_size=transform._cache_size)
        self._inv = transform

    @constraints.dependent_property(is_discrete=False)
    def domain(self) -> Any:
        """The codomain of the transform."""
        return self._inv.codomain

    @constraints.dependent_property(is_discrete=False)
    def codomain(self) -> Any:
        """The domain of the transform."""
        return self._inv.domain

    @property
    def bijective(self) -> Any:
        """That of the transform."""
        return self._inv.bijective

    @property
    def sign(self) -> Any:
        """That of the transform."""
        return self._inv.sign

    @property
    def inv(self) -> Any:
        """The transform."""
        return self._inv

    def with_cache(self, cache_size: int = 1) -> Any:
        """The inverse of the transform with another size of cache."""
        return self.inv.with_cache(cache_size).inv

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _InverseTransform) and bool(self._inv == other._inv)

    @speaking_once
    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._inv!r})"

    def __call__(self, x: Any) -> Any:
        return self._inv._inv_call(x)

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        """That of the transform, negated."""
        return -self._inv.log_abs_det_jacobian(y, x)

    def forward_shape(self, shape: Any) -> Any:
        """The inverse shape of the transform."""
        return self._inv.inverse_shape(shape)

    def inverse_shape(self, shape: Any) -> Any:
        """The forward shape of the transform."""
        return self._inv.forward_shape(shape)


def _independent(constraint: Any, dims: int) -> Any:
    return constraints.independent(constraint, dims) if dims > 0 else constraint


class ComposeTransform(Transform):
    """Transforms one after the other."""

    __module__ = _MODULE

    def __init__(self, parts: Any, cache_size: int = 0) -> None:
        parts = list(spent(parts))
        if cache_size:
            parts = [part.with_cache(cache_size) for part in parts]
        super().__init__(cache_size=cache_size)
        self.parts = parts

    def __eq__(self, other: object) -> bool:
        runtime.spend(1)
        return isinstance(other, ComposeTransform) and bool(self.parts == other.parts)

    @constraints.dependent_property(is_discrete=False)
    def domain(self) -> Any:
        """The domain of the first, with the dimensions that later ones take along."""
        if not self.parts:
            return constraints.real
        domain = self.parts[0].domain
        event_dim = self.parts[-1].codomain.event_dim
        for part in spent(reversed(self.parts)):
            event_dim += part.domain.event_dim - part.codomain.event_dim
            event_dim = max(event_dim, part.domain.event_dim)
        return _independent(domain, event_dim - domain.event_dim)

    @constraints.dependent_property(is_discrete=False)
    def codomain(self) -> Any:
        """The codomain of the last, with the dimensions that earlier ones take along."""
        if not self.parts:
            return constraints.real
        codomain = self.parts[-1].codomain
        event_dim = self.parts[0].domain.event_dim
        for part in spent(self.parts):
            event_dim += part.codomain.event_dim - part.domain.event_dim
            event_dim = max(event_dim, part.codomain.event_dim)
        return _independent(codomain, event_dim - codomain.event_dim)

    @lazy_property
    def bijective(self) -> Any:
        """Whether all are."""
        return all(part.bijective for part in spent(self.parts))

    @lazy_property
    def sign(self) -> Any:
        """The product of the signs."""
        sign = 1
        for part in spent(self.parts):
            sign = sign * part.sign
        return sign

    @property
    def inv(self) -> Any:
        """The inverses in the opposite order."""
        inverse = None if self._known_inverse is None else self._known_inverse()
        if inverse is None:
            inverse = ComposeTransform([part.inv for part in spent(reversed(self.parts))])
            self._known_inverse = weakref.ref(inverse)
            inverse._known_inverse = weakref.ref(self)
        return inverse

    def with_cache(self, cache_size: int = 1) -> Any:
        """The transform with another size of cache."""
        if self._cache_size == cache_size:
            return self
        return ComposeTransform(self.parts, cache_size=cache_size)

    def __call__(self, x: Any) -> Any:
        for part in spent(self.parts):
            x = part(x)
        return x

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        """The sum over the parts."""
        if not self.parts:
            return torch.zeros_like(x)
        between = [x]
        for part in spent(self.parts[:-1]):
            between.append(part(between[-1]))
        between.append(y)
        terms = []
        event_dim = self.domain.event_dim
        for part, before, after in zip(spent(self.parts), between, between[1:], strict=False):
            term = part.log_abs_det_jacobian(before, after)
            terms.append(sum_rightmost(term, event_dim - part.domain.event_dim))
            event_dim += part.codomain.event_dim - part.domain.event_dim
        total = terms[0]
        for term in terms[1:]:
            total = total + term
        return total

    def forward_shape(self, shape: Any) -> Any:
        """The shape after all parts."""
        for part in spent(self.parts):
            shape = part.forward_shape(shape)
        return shape

    def inverse_shape(self, shape: Any) -> Any:
        """The shape before all parts."""
        for part in spent(reversed(self.parts)):
            shape = part.inverse_shape(shape)
        return shape

    @speaking_once
    def __repr__(self) -> str:
        parts = ",\n    ".join(repr(part) for part in self.parts)
        return f"{type(self).__name__}(\n    {parts}\n)"


identity_transform = ComposeTransform([])


class IndependentTransform(Transform):
    """A transform whose last dimensions are one event."""

    __module__ = _MODULE

    def __init__(
        self, base_transform: Any, reinterpreted_batch_ndims: int, cache_size: int = 0
    ) -> None:
        super().__init__(cache_size=cache_size)
        self.base_transform = base_transform.with_cache(cache_size)
        self.reinterpreted_batch_ndims = reinterpreted_batch_ndims

    def with_cache(self, cache_size: int = 1) -> Any:
        """The transform with another size of cache."""
        if self._cache_size == cache_size:
            return self
        return IndependentTransform(
            self.base_transform, self.reinterpreted_batch_ndims, cache_size=cache_size
        )

    @constraints.dependent_property(is_discrete=False)
    def domain(self) -> Any:
        """The domain of the base."""
        return constraints.independent(self.base_transform.domain, self.reinterpreted_batch_ndims)

    @constraints.dependent_property(is_discrete=False)
    def codomain(self) -> Any:
        """The codomain of the base."""
        return constraints.independent(self.base_transform.codomain, self.reinterpreted_batch_ndims)

    @property
    def bijective(self) -> Any:
        """That of the base."""
        return self.base_transform.bijective

    @property
    def sign(self) -> Any:
        """That of the base."""
        return self.base_transform.sign

    def _call(self, x: Any) -> Any:
        if rank(x) < self.domain.event_dim:
            raise ValueError("Too few dimensions on input")
        return self.base_transform(x)

    def _inverse(self, y: Any) -> Any:
        if rank(y) < self.codomain.event_dim:
            raise ValueError("Too few dimensions on input")
        return self.base_transform.inv(y)

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        """That of the base, summed over the last dimensions."""
        result = self.base_transform.log_abs_det_jacobian(x, y)
        return sum_rightmost(result, self.reinterpreted_batch_ndims)

    @speaking_once
    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.base_transform!r}, {self.reinterpreted_batch_ndims})"

    def forward_shape(self, shape: Any) -> Any:
        """That of the base."""
        return self.base_transform.forward_shape(shape)

    def inverse_shape(self, shape: Any) -> Any:
        """That of the base."""
        return self.base_transform.inverse_shape(shape)


class ReshapeTransform(Transform):
    """Events of one shape as events of another."""

    __module__ = _MODULE

    bijective = True

    def __init__(self, in_shape: Any, out_shape: Any, cache_size: int = 0) -> None:
        self.in_shape = Size(in_shape)
        self.out_shape = Size(out_shape)
        if numel(self.in_shape) != numel(self.out_shape):
            raise ValueError("in_shape, out_shape have different numbers of elements")
        super().__init__(cache_size=cache_size)

    @constraints.dependent_property
    def domain(self) -> Any:
        """Numbers in the one shape."""
        return constraints.independent(constraints.real, len(self.in_shape))

    @constraints.dependent_property
    def codomain(self) -> Any:
        """Numbers in the other shape."""
        return constraints.independent(constraints.real, len(self.out_shape))

    def with_cache(self, cache_size: int = 1) -> Any:
        """The transform with another size of cache."""
        if self._cache_size == cache_size:
            return self
        return ReshapeTransform(self.in_shape, self.out_shape, cache_size=cache_size)

    def _call(self, x: Any) -> Any:
        batch_shape = sizes(x)[: rank(x) - len(self.in_shape)]
        return method.reshape(x, (*batch_shape, *self.out_shape))

    def _inverse(self, y: Any) -> Any:
        batch_shape = sizes(y)[: rank(y) - len(self.out_shape)]
        return method.reshape(y, (*batch_shape, *self.in_shape))

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        """0."""
        batch_shape = sizes(x)[: rank(x) - len(self.in_shape)]
        return torch.zeros(batch_shape, dtype=x.dtype)

    def _reshaped(self, shape: Any, old: Any, new: Any) -> Any:
        if len(shape) < len(old):
            raise ValueError("Too few dimensions on input")
        cut = len(shape) - len(old)
        if shape[cut:] != old:
            raise ValueError(f"Shape mismatch: expected {shape[cut:]} but got {old}")
        return Size(shape[:cut]) + new

    def forward_shape(self, shape: Any) -> Any:
        """The other shape."""
        return self._reshaped(shape, self.in_shape, self.out_shape)

    def inverse_shape(self, shape: Any) -> Any:
        """The one shape."""
        return self._reshaped(shape, self.out_shape, self.in_shape)


class ExpTransform(Transform):
    """y = exp(x)."""

    __module__ = _MODULE

    domain = constraints.real
    codomain = constraints.positive
    bijective = True
    sign: Any = 1

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ExpTransform)

    def _call(self, x: Any) -> Any:
        return on_tensor("exp", x)

    def _inverse(self, y: Any) -> Any:
        return on_tensor("log", y)

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        """x."""
        return x


class PowerTransform(Transform):
    """y = x^exponent, x > 0."""

    __module__ = _MODULE

    domain = constraints.positive
    codomain = constraints.positive
    bijective = True

    def __init__(self, exponent: Any, cache_size: int = 0) -> None:
        super().__init__(cache_size=cache_size)
        (self.exponent,) = broadcast_all(exponent)

    def with_cache(self, cache_size: int = 1) -> Any:
        """The transform with another size of cache."""
        if self._cache_size == cache_size:
            return self
        return PowerTransform(self.exponent, cache_size=cache_size)

    @lazy_property
    def sign(self) -> Any:
        """The sign of the exponent."""
        return torch.sign(self.exponent)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, PowerTransform):
            return False
        return bool(torch.all(torch.eq(self.exponent, other.exponent)).item())

    def _call(self, x: Any) -> Any:
        return on_tensor("pow", x, self.exponent)

    def _inverse(self, y: Any) -> Any:
        return on_tensor("pow", y, 1 / self.exponent)

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        """log |exponent y / x|."""
        return torch.log(torch.abs(self.exponent * y / x))

    def forward_shape(self, shape: Any) -> Any:
        """The shape broadcast with the exponent's."""
        return torch.broadcast_shapes(shape, shape_of(self.exponent))

    def inverse_shape(self, shape: Any) -> Any:
        """The shape broadcast with the exponent's."""
        return torch.broadcast_shapes(shape, shape_of(self.exponent))


def _clipped_sigmoid(x: Any) -> Any:
    limits = finfo(x.dtype)
    return torch.clamp(torch.sigmoid(x), min=limits.tiny, max=1.0 - limits.eps)


class SigmoidTransform(Transform):
    """y = 1 / (1 + exp(-x))."""

    __module__ = _MODULE

    domain = constraints.real
    codomain = constraints.unit_interval
    bijective = True
    sign: Any = 1

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SigmoidTransform)

    def _call(self, x: Any) -> Any:
        return _clipped_sigmoid(x)

    def _inverse(self, y: Any) -> Any:
        limits = finfo(y.dtype)
        y = torch.clamp(y, min=limits.tiny, max=1.0 - limits.eps)
        return torch.log(y) - torch.log1p(-y)

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        """-softplus(-x) - softplus(x)."""
        return -F.softplus(-x) - F.softplus(x)


class SoftplusTransform(Transform):
    """y = log(1 + exp(x))."""

    __module__ = _MODULE

    domain = constraints.real
    codomain = constraints.positive
    bijective = True
    sign: Any = 1

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SoftplusTransform)

    def _call(self, x: Any) -> Any:
        return F.softplus(x)

    def _inverse(self, y: Any) -> Any:
        return torch.log(torch.neg(torch.expm1(-y))) + y

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        """-softplus(-x)."""
        return -F.softplus(-x)


class TanhTransform(Transform):
    """y = tanh(x)."""

    __module__ = _MODULE

    domain = constraints.real
    codomain = constraints.interval(-1.0, 1.0)
    bijective = True
    sign: Any = 1

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TanhTransform)

    def _call(self, x: Any) -> Any:
        return on_tensor("tanh", x)

    def _inverse(self, y: Any) -> Any:
        return torch.atanh(y)

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        """2 (log 2 - x - softplus(-2x))."""
        return 2.0 * (math.log(2.0) - x - F.softplus(-2.0 * x))


class AbsTransform(Transform):
    """y = |x|, whose inverse is taken to be y."""

    __module__ = _MODULE

    domain = constraints.real
    codomain = constraints.positive

    def __eq__(self, other: object) -> bool:
        return isinstance(other, AbsTransform)

    def _call(self, x: Any) -> Any:
        return on_tensor("abs", x)

    def _inverse(self, y: Any) -> Any:
        return y


class AffineTransform(Transform):
    """y = loc + scale * x, for numbers or for events of `event_dim` dimensions."""

    __module__ = _MODULE

    bijective = True

    def __init__(self, loc: Any, scale: Any, event_dim: int = 0, cache_size: int = 0) -> None:
        super().__init__(cache_size=cache_size)
        self.loc = loc
        self.scale = scale
        self._event_dim = event_dim

    @property
    def event_dim(self) -> Any:
        """The dimensions of an event."""
        return self._event_dim

    @constraints.dependent_property(is_discrete=False)
    def domain(self) -> Any:
        """Numbers, or events of them."""
        return _independent(constraints.real, self.event_dim)

    @constraints.dependent_property(is_discrete=False)
    def codomain(self) -> Any:
        """Numbers, or events of them."""
        return _independent(constraints.real, self.event_dim)

    def with_cache(self, cache_size: int = 1) -> Any:
        """The transform with another size of cache."""
        if self._cache_size == cache_size:
            return self
        return AffineTransform(self.loc, self.scale, self.event_dim, cache_size=cache_size)

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, AffineTransform)
            and _same(self.loc, other.loc)
            and _same(self.scale, other.scale)
        )

    @property
    def sign(self) -> Any:
        """The sign of the scale."""
        if is_number(self.scale):
            return 1 if self.scale > 0 else -1 if self.scale < 0 else 0
        return torch.sign(self.scale)

    def _call(self, x: Any) -> Any:
        return self.loc + self.scale * x

    def _inverse(self, y: Any) -> Any:
        return (y - self.loc) / self.scale

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        """log |scale|, summed over an event."""
        shape = sizes(x)
        if is_number(self.scale):
            result = torch.full_like(x, math.log(abs(self.scale)))
        else:
            result = torch.log(torch.abs(self.scale))
        if self.event_dim:
            kept = shape_of(result)[: -self.event_dim]
            result = torch.sum(method.view(result, (*kept, -1)), -1)
            shape = shape[: -self.event_dim]
        return method.expand(result, shape)

    def forward_shape(self, shape: Any) -> Any:
        """The shape broadcast with those of `loc` and `scale`."""
        return torch.broadcast_shapes(shape, _shape(self.loc), _shape(self.scale))

    def inverse_shape(self, shape: Any) -> Any:
        """The shape broadcast with those of `loc` and `scale`."""
        return torch.broadcast_shapes(shape, _shape(self.loc), _shape(self.scale))


def _shape(value: Any) -> tuple[int, ...]:
    return shape_of(value) if type(value) is Tensor else ()


def _same(one: Any, other: Any) -> bool:
    if is_number(one) and is_number(other):
        return bool(one == other)
    return bool(torch.all(one == other).item())


class CorrCholeskyTransform(Transform):
    """Vectors of n (n - 1) / 2 numbers to Cholesky factors of n × n correlation matrices.

    tanh gives canonical partial correlations, from which rows of length 1 are made (Lewandowski,
    Kurowicka and Joe, 2009).
    """

    __module__ = _MODULE

    domain = constraints.real_vector
    codomain = constraints.corr_cholesky
    bijective = True

    def _call(self, x: Any) -> Any:
        x = torch.tanh(x)
        eps = finfo(x.dtype).eps
        x = torch.clamp(x, min=-1 + eps, max=1 - eps)
        partial = vec_to_tril_matrix(x, diag=-1)
        rest = torch.cumprod(torch.sqrt(1 - partial**2), -1)
        partial = partial + torch.eye(shape_of(partial)[-1], dtype=partial.dtype)
        return partial * F.pad(rest[..., :-1], [1, 0], value=1)

    def _inverse(self, y: Any) -> Any:
        rest = 1 - torch.cumsum(y * y, dim=-1)
        rest = F.pad(rest[..., :-1], [1, 0], value=1)
        y = tril_matrix_to_vec(y, diag=-1)
        rest = tril_matrix_to_vec(rest, diag=-1)
        partial = y / torch.sqrt(rest)
        return (torch.log1p(partial) - torch.log1p(torch.neg(partial))) / 2

    def log_abs_det_jacobian(self, x: Any, y: Any, intermediates: Any = None) -> Any:
        """Half the logarithms of the rests of rows, and those of the slopes of tanh."""
        rest = 1 - torch.cumsum(y * y, dim=-1)
        rest = tril_matrix_to_vec(rest, diag=-2)
        breaking = 0.5 * torch.sum(torch.log(rest), -1)
        slopes = -2 * torch.sum(x + F.softplus(-2 * x) - math.log(2.0), dim=-1)
        return breaking + slopes

    def forward_shape(self, shape: Any) -> Any:
        """(..., n (n - 1) / 2) to (..., n, n)."""
        if len(shape) < 1:
            raise ValueError("Too few dimensions on input")
        count = shape[-1]
        n = round((0.25 + 2 * count) ** 0.5 + 0.5)
        if n * (n - 1) // 2 != count:
            raise ValueError("Input is not a flattened lower-diagonal number")
        return Size((*shape[:-1], n, n))

    def inverse_shape(self, shape: Any) -> Any:
        """(..., n, n) to (..., n (n - 1) / 2)."""
        if len(shape) < 2:
            raise ValueError("Too few dimensions on input")
        if shape[-2] != shape[-1]:
            raise ValueError("Input is not square")
        n = shape[-1]
        return Size((*shape[:-2], n * (n - 1) // 2))


class SoftmaxTransform(Transform):
    """Vectors to the simplex by exp and normalization; the inverse is log."""

    __module__ = _MODULE

    domain = constraints.real_vector
    codomain = constraints.simplex

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SoftmaxTransform)

    def _call(self, x: Any) -> Any:
        probs = torch.exp(x - on_tensor("max", x, -1, True)[0])
        return probs / torch.sum(probs, -1, True)

    def _inverse(self, y: Any) -> Any:
        return on_tensor("log", y)

    def forward_shape(self, shape: Any) -> Any:
        """The same shape."""
        if len(shape) < 1:
            raise ValueError("Too few dimensions on input")
        return shape

    def inverse_shape(self, shape: Any) -> Any:
        """The same shape."""
        if len(shape) < 1:
            raise ValueError("Too few dimensions on input")
        return shape


class StickBreakingTransform(Transform):
    """Vectors of n numbers to n + 1 of the simplex: each takes a part of what is left."""

    __module__ = _MODULE

    domain = constraints.real_vector
    codomain = constraints.simplex
    bijective = True

    def __eq__(self, other: object) -> bool:
        return isinstance(other, StickBreakingTransform)

    def _offset(self, x: Any) -> Any:
        """How many parts are left: with x = 0 all are equal."""
        count = sizes(x)[-1]
        return count + 1 - torch.cumsum(torch.ones(count, dtype=x.dtype), -1)

    def _call(self, x: Any) -> Any:
        z = _clipped_sigmoid(x - torch.log(self._offset(x)))
        rest = torch.cumprod(1 - z, -1)
        return F.pad(z, [0, 1], value=1) * F.pad(rest, [1, 0], value=1)

    def _inverse(self, y: Any) -> Any:
        parts = y[..., :-1]
        offset = self._offset(parts)
        rest = torch.clamp(1 - torch.cumsum(parts, -1), min=finfo(y.dtype).tiny)
        return torch.log(parts) - torch.log(rest) + torch.log(offset)

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        """The sum of the logarithms of the slopes of parts."""
        x = x - torch.log(self._offset(x))
        return torch.sum(-x + F.logsigmoid(x) + torch.log(y[..., :-1]), -1)

    def forward_shape(self, shape: Any) -> Any:
        """One element more."""
        if len(shape) < 1:
            raise ValueError("Too few dimensions on input")
        return type(shape)((*shape[:-1], shape[-1] + 1))

    def inverse_shape(self, shape: Any) -> Any:
        """One element less."""
        if len(shape) < 1:
            raise ValueError("Too few dimensions on input")
        return type(shape)((*shape[:-1], shape[-1] - 1))


class LowerCholeskyTransform(Transform):
    """Matrices to lower triangular ones: exp of the diagonal and what is below it."""

    __module__ = _MODULE

    domain = constraints.independent(constraints.real, 2)
    codomain = constraints.lower_cholesky

    def __eq__(self, other: object) -> bool:
        return isinstance(other, LowerCholeskyTransform)

    def _call(self, x: Any) -> Any:
        below = on_tensor("tril", x, -1)
        return below + torch.diag_embed(torch.exp(torch.diagonal(x, dim1=-2, dim2=-1)))

    def _inverse(self, y: Any) -> Any:
        below = on_tensor("tril", y, -1)
        return below + torch.diag_embed(torch.log(torch.diagonal(y, dim1=-2, dim2=-1)))


class PositiveDefiniteTransform(Transform):
    """Matrices to positive definite ones, L Lᵀ of `LowerCholeskyTransform`."""

    __module__ = _MODULE

    domain = constraints.independent(constraints.real, 2)
    codomain = constraints.positive_definite

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PositiveDefiniteTransform)

    def _call(self, x: Any) -> Any:
        lower = LowerCholeskyTransform()(x)
        return torch.matmul(lower, torch.transpose(lower, -2, -1))

    def _inverse(self, y: Any) -> Any:
        return LowerCholeskyTransform().inv(linalg.cholesky(y))


def _transforms(tseq: Any, cache_size: int) -> list[Any]:
    listed = list(spent(tseq))
    if not all(isinstance(part, Transform) for part in listed):
        raise AssertionError("All elements of tseq must be Transform instances")
    return [part.with_cache(cache_size) for part in listed] if cache_size else listed


def _check_parts(value: Any, dim: int, length: int, name: str, what: str, of: str) -> None:
    """Raise AssertionError for a tensor, called `of` or `name`, that has not so many parts."""
    dims = rank(value)
    if not -dims <= dim < dims:
        raise AssertionError(f"dim {dim} out of range for {of} with {dims} dimensions")
    count = shape_of(value)[dim]
    if count != length:
        raise AssertionError(f"{name}.size({dim}) = {count} must equal {what} {length}")


class CatTransform(Transform):
    """Transforms of parts that lie beside each other along a dimension."""

    __module__ = _MODULE

    transforms: list[Any]

    def __init__(self, tseq: Any, dim: int = 0, lengths: Any = None, cache_size: int = 0) -> None:
        parts = _transforms(tseq, cache_size)
        super().__init__(cache_size=cache_size)
        self.transforms = parts
        self.lengths = list(spent([1] * len(parts) if lengths is None else lengths))
        if len(self.lengths) != len(parts):
            raise AssertionError(
                f"lengths ({len(self.lengths)}) must match transforms ({len(parts)})"
            )
        self.dim = dim

    @lazy_property
    def event_dim(self) -> Any:
        """The most dimensions of a part's events."""
        return max(part.event_dim for part in spent(self.transforms))

    @lazy_property
    def length(self) -> Any:
        """The length of all parts together."""
        return sum(self.lengths)

    def with_cache(self, cache_size: int = 1) -> Any:
        """The transform with another size of cache."""
        if self._cache_size == cache_size:
            return self
        return CatTransform(self.transforms, self.dim, self.lengths, cache_size)

    def _parts(self, value: Any, name: str, of: str = "tensor") -> Any:
        """Each part's transform and what it takes of a tensor."""
        _check_parts(value, self.dim, self.length, name, "length", of)
        start = 0
        for part, length in zip(spent(self.transforms), self.lengths, strict=True):
            yield part, method.narrow(value, self.dim, start, length)
            start = start + length

    def _call(self, x: Any) -> Any:
        return torch.cat([part(value) for part, value in self._parts(x, "x")], dim=self.dim)

    def _inverse(self, y: Any) -> Any:
        return torch.cat([part.inv(value) for part, value in self._parts(y, "y")], dim=self.dim)

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        """Those of the parts beside each other, or their sum along a dimension of events."""
        found = []
        pairs = zip(self._parts(x, "x", "x"), self._parts(y, "y", "y"), strict=True)
        for (part, before), (_, after) in pairs:
            term = part.log_abs_det_jacobian(before, after)
            if part.event_dim < self.event_dim:
                term = sum_rightmost(term, self.event_dim - part.event_dim)
            found.append(term)
        dim = self.dim - rank(x) if self.dim >= 0 else self.dim
        dim = dim + self.event_dim
        if dim < 0:
            return torch.cat(found, dim=dim)
        total = 0
        for term in found:
            total = total + term
        return total

    @property
    def bijective(self) -> Any:
        """Whether all are."""
        return all(part.bijective for part in spent(self.transforms))

    @constraints.dependent_property
    def domain(self) -> Any:
        """The domains beside each other."""
        return constraints.cat([part.domain for part in self.transforms], self.dim, self.lengths)

    @constraints.dependent_property
    def codomain(self) -> Any:
        """The codomains beside each other."""
        return constraints.cat([part.codomain for part in self.transforms], self.dim, self.lengths)


class StackTransform(Transform):
    """Transforms of parts that are stacked along a dimension."""

    __module__ = _MODULE

    transforms: list[Any]

    def __init__(self, tseq: Any, dim: int = 0, cache_size: int = 0) -> None:
        parts = _transforms(tseq, cache_size)
        super().__init__(cache_size=cache_size)
        self.transforms = parts
        self.dim = dim

    def with_cache(self, cache_size: int = 1) -> Any:
        """The transform with another size of cache."""
        if self._cache_size == cache_size:
            return self
        return StackTransform(self.transforms, self.dim, cache_size)

    def _slice(self, z: Any) -> Any:
        return [method.select(z, self.dim, i) for i in range(shape_of(z)[self.dim])]

    def _parts(self, value: Any, name: str, of: str = "tensor") -> Any:
        """Each part's transform and its slice of a tensor."""
        _check_parts(value, self.dim, len(self.transforms), name, "len(transforms)", of)
        return zip(spent(self.transforms), self._slice(value), strict=True)

    def _call(self, x: Any) -> Any:
        return torch.stack([part(value) for part, value in self._parts(x, "x")], dim=self.dim)

    def _inverse(self, y: Any) -> Any:
        return torch.stack([part.inv(value) for part, value in self._parts(y, "y")], dim=self.dim)

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        """Those of the parts, stacked."""
        pairs = zip(self._parts(x, "x", "x"), self._parts(y, "y", "y"), strict=True)
        found = [part.log_abs_det_jacobian(before, after) for (part, before), (_, after) in pairs]
        return torch.stack(found, dim=self.dim)

    @property
    def bijective(self) -> Any:
        """Whether all are."""
        return all(part.bijective for part in spent(self.transforms))

    @constraints.dependent_property
    def domain(self) -> Any:
        """The domains stacked."""
        return constraints.stack([part.domain for part in self.transforms], self.dim)

    @constraints.dependent_property
    def codomain(self) -> Any:
        """The codomains stacked."""
        return constraints.stack([part.codomain for part in self.transforms], self.dim)


class CumulativeDistributionTransform(Transform):
    """y = cdf(x) of a distribution of numbers."""

    __module__ = _MODULE

    bijective = True
    codomain = constraints.unit_interval
    sign: Any = 1

    def __init__(self, distribution: Any, cache_size: int = 0) -> None:
        super().__init__(cache_size=cache_size)
        self.distribution = distribution

    @property
    def domain(self) -> Any:
        """The support of the distribution."""
        return self.distribution.support

    def _call(self, x: Any) -> Any:
        return self.distribution.cdf(x)

    def _inverse(self, y: Any) -> Any:
        return self.distribution.icdf(y)

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        """The logarithm of the density."""
        return self.distribution.log_prob(x)

    def with_cache(self, cache_size: int = 1) -> Any:
        """The transform with another size of cache."""
        if self._cache_size == cache_size:
            return self
        return CumulativeDistributionTransform(self.distribution, cache_size=cache_size)
