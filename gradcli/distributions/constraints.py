"""Constraints: the sets that parameters and values of distributions are in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..autograd.leaf import detach
from ..table.public.functions import linalg, method, torch
from ..tensor.limits import finfo
from ..tensor.runtime import speaking_once
from ..tensor.tensor import shape_of
from .utils import spent

_MODULE = "torch.distributions.constraints"


class Constraint:
    """A set of tensors: `check` says which entries are in it.

    An event of `event_dim` dimensions is in the set or not as a whole.
    """

    __module__ = _MODULE

    is_discrete: Any = False
    event_dim: Any = 0

    def check(self, value: Any) -> Any:
        """A tensor of bools, in the shape of `value` without the dimensions of an event."""
        raise NotImplementedError

    def __repr__(self) -> str:
        return type(self).__name__[1:] + "()"  # PyTorch's own begin with "_"


class _Dependent(Constraint):
    """A set that depends on other values, so that nothing can be checked by itself."""

    __module__ = _MODULE

    def __init__(self, *, is_discrete: Any = NotImplemented, event_dim: Any = NotImplemented):
        self._is_discrete = is_discrete
        self._event_dim = event_dim

    @property
    def is_discrete(self) -> Any:
        """Whether the values are discrete, where it was said."""
        if self._is_discrete is NotImplemented:
            raise NotImplementedError(".is_discrete cannot be determined statically")
        return self._is_discrete

    @property
    def event_dim(self) -> Any:
        """The dimensions of an event, where they were said."""
        if self._event_dim is NotImplemented:
            raise NotImplementedError(".event_dim cannot be determined statically")
        return self._event_dim

    def __call__(
        self, *, is_discrete: Any = NotImplemented, event_dim: Any = NotImplemented
    ) -> Any:
        """The same with what is known."""
        if is_discrete is NotImplemented:
            is_discrete = self._is_discrete
        if event_dim is NotImplemented:
            event_dim = self._event_dim
        return _Dependent(is_discrete=is_discrete, event_dim=event_dim)

    def check(self, value: Any) -> Any:
        """Raises ValueError."""
        raise ValueError("Cannot determine validity of dependent constraint")


def is_dependent(constraint: Any) -> bool:
    """Whether a constraint depends on other values."""
    return isinstance(constraint, _Dependent)


class _DependentProperty(_Dependent):
    """A property of a class whose value is a constraint; of the class it is a dependent one."""

    __module__ = _MODULE

    __slots__ = ("_function",)

    def __init__(
        self,
        fn: Callable[..., Any] | None = None,
        *,
        is_discrete: Any = NotImplemented,
        event_dim: Any = NotImplemented,
    ) -> None:
        super().__init__(is_discrete=is_discrete, event_dim=event_dim)
        self._function = fn

    def __call__(self, fn: Any) -> Any:  # type: ignore[override]
        """The property of a function."""
        return _DependentProperty(fn, is_discrete=self._is_discrete, event_dim=self._event_dim)

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self if instance is None else self.bind_to(instance)

    def bind_to(self, instance: Any) -> Any:
        """The constraint of an object."""
        if self._function is None:
            raise AttributeError("unreadable attribute")
        return self._function(instance)


class _IndependentConstraint(Constraint):
    """A constraint whose last dimensions hold or fail together."""

    __module__ = _MODULE

    def __init__(self, base_constraint: Any, reinterpreted_batch_ndims: int) -> None:
        if not isinstance(base_constraint, Constraint):
            raise AssertionError(
                f"base_constraint must be a Constraint, got {type(base_constraint).__name__}"
            )
        if not isinstance(reinterpreted_batch_ndims, int):
            raise AssertionError(
                "reinterpreted_batch_ndims must be an int, got "
                f"{type(reinterpreted_batch_ndims).__name__}"
            )
        if reinterpreted_batch_ndims < 0:
            raise AssertionError(
                f"reinterpreted_batch_ndims must be >= 0, got {reinterpreted_batch_ndims}"
            )
        self.base_constraint = base_constraint
        self.reinterpreted_batch_ndims = reinterpreted_batch_ndims

    @property
    def is_discrete(self) -> Any:
        """That of the base."""
        return self.base_constraint.is_discrete

    @property
    def event_dim(self) -> Any:
        """That of the base and the dimensions taken along."""
        return self.base_constraint.event_dim + self.reinterpreted_batch_ndims

    def check(self, value: Any) -> Any:
        """Whether all of the last dimensions hold."""
        result = self.base_constraint.check(value)
        dims = len(shape_of(result))
        if dims < self.reinterpreted_batch_ndims:
            expected = self.base_constraint.event_dim + self.reinterpreted_batch_ndims
            raise ValueError(f"Expected value.dim() >= {expected} but got {len(shape_of(value))}")
        kept = shape_of(result)[: dims - self.reinterpreted_batch_ndims]
        return torch.all(method.reshape(result, (*kept, -1)), -1)

    @speaking_once
    def __repr__(self) -> str:
        return (
            f"{type(self).__name__[1:]}({self.base_constraint!r}, {self.reinterpreted_batch_ndims})"
        )


class MixtureSameFamilyConstraint(Constraint):
    """The set of values of a mixture's components."""

    __module__ = _MODULE

    def __init__(self, base_constraint: Any) -> None:
        if not isinstance(base_constraint, Constraint):
            raise AssertionError(
                f"base_constraint must be a Constraint, got {type(base_constraint).__name__}"
            )
        self.base_constraint = base_constraint

    @property
    def is_discrete(self) -> Any:
        """That of the base."""
        return self.base_constraint.is_discrete

    @property
    def event_dim(self) -> Any:
        """That of the base."""
        return self.base_constraint.event_dim

    def check(self, value: Any) -> Any:
        """Whether a value is one of every component."""
        event_dim = self.event_dim
        dims = len(shape_of(value))
        if dims < event_dim:
            raise ValueError(f"Expected value.dim() >= {event_dim} but got {dims}")
        holds = self.base_constraint.check(torch.unsqueeze(value, -1 - event_dim))
        kept = shape_of(holds)[: dims - event_dim]
        return torch.all(method.reshape(holds, (*kept, -1)), -1)

    @speaking_once
    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.base_constraint!r})"


class _Boolean(Constraint):
    """0 and 1."""

    __module__ = _MODULE

    is_discrete = True

    def check(self, value: Any) -> Any:
        """Whether entries are 0 or 1."""
        return (value == 0) | (value == 1)


class _OneHot(Constraint):
    """Vectors of one 1 and zeros."""

    __module__ = _MODULE

    is_discrete = True
    event_dim = 1

    def check(self, value: Any) -> Any:
        """Whether rows are one-hot."""
        boolean = (value == 0) | (value == 1)
        normalized = torch.eq(torch.sum(value, -1), 1)
        return torch.all(boolean, -1) & normalized


class _Bounded(Constraint):
    """A set between bounds, which are numbers or tensors."""

    __module__ = _MODULE

    @speaking_once
    def __repr__(self) -> str:
        named = ", ".join(f"{name}={bound}" for name, bound in vars(self).items())
        return f"{type(self).__name__[1:]}({named})"


class _IntegerInterval(_Bounded):
    """Integers between two bounds, both included."""

    __module__ = _MODULE

    is_discrete = True

    def __init__(self, lower_bound: Any, upper_bound: Any) -> None:
        self.lower_bound = lower_bound
        self.upper_bound = upper_bound

    def check(self, value: Any) -> Any:
        """Whether entries are such integers."""
        return (value % 1 == 0) & (self.lower_bound <= value) & (value <= self.upper_bound)


class _IntegerGreaterThan(_Bounded):
    """Integers from a bound on, which is included."""

    __module__ = _MODULE

    is_discrete = True

    def __init__(self, lower_bound: Any) -> None:
        self.lower_bound = lower_bound

    def check(self, value: Any) -> Any:
        """Whether entries are such integers."""
        return (value % 1 == 0) & (value >= self.lower_bound)


class _Real(Constraint):
    """All numbers but NaN."""

    __module__ = _MODULE

    def check(self, value: Any) -> Any:
        """Whether entries are no NaN."""
        return value == value


class _GreaterThan(_Bounded):
    """Numbers above a bound."""

    __module__ = _MODULE

    def __init__(self, lower_bound: Any) -> None:
        self.lower_bound = lower_bound

    def check(self, value: Any) -> Any:
        """Whether entries are above."""
        return self.lower_bound < value


class _GreaterThanEq(_Bounded):
    """Numbers from a bound on."""

    __module__ = _MODULE

    def __init__(self, lower_bound: Any) -> None:
        self.lower_bound = lower_bound

    def check(self, value: Any) -> Any:
        """Whether entries are above or equal."""
        return self.lower_bound <= value


class _LessThan(_Bounded):
    """Numbers below a bound."""

    __module__ = _MODULE

    def __init__(self, upper_bound: Any) -> None:
        self.upper_bound = upper_bound

    def check(self, value: Any) -> Any:
        """Whether entries are below."""
        return value < self.upper_bound


class _Interval(_Bounded):
    """Numbers between two bounds, both included."""

    __module__ = _MODULE

    def __init__(self, lower_bound: Any, upper_bound: Any) -> None:
        self.lower_bound = lower_bound
        self.upper_bound = upper_bound

    def check(self, value: Any) -> Any:
        """Whether entries are in the interval."""
        return (self.lower_bound <= value) & (value <= self.upper_bound)


class _HalfOpenInterval(_Bounded):
    """Numbers between two bounds, the upper one not included."""

    __module__ = _MODULE

    def __init__(self, lower_bound: Any, upper_bound: Any) -> None:
        self.lower_bound = lower_bound
        self.upper_bound = upper_bound

    def check(self, value: Any) -> Any:
        """Whether entries are in the interval."""
        return (self.lower_bound <= value) & (value < self.upper_bound)


class _Simplex(Constraint):
    """Vectors of numbers from 0 on whose sum is 1, within 1e-6."""

    __module__ = _MODULE

    event_dim = 1

    def check(self, value: Any) -> Any:
        """Whether rows are such vectors."""
        return torch.all(value >= 0, -1) & (torch.abs(torch.sum(value, -1) - 1) < 1e-6)


class _Multinomial(Constraint):
    """Vectors of counts from 0 on whose sum is a bound."""

    __module__ = _MODULE

    is_discrete = True
    event_dim = 1

    def __init__(self, upper_bound: Any) -> None:
        self.upper_bound = upper_bound

    def check(self, x: Any) -> Any:
        """Whether rows are such vectors."""
        return torch.all(x >= 0, -1) & (torch.sum(x, -1) <= self.upper_bound)


def _rows_hold(holds: Any) -> Any:
    """Whether all entries of matrices hold."""
    return torch.all(method.reshape(holds, (*shape_of(holds)[:-2], -1)), -1)


class _LowerTriangular(Constraint):
    """Square matrices of zeros above the diagonal."""

    __module__ = _MODULE

    event_dim = 2

    def check(self, value: Any) -> Any:
        """Whether matrices are lower triangular."""
        return _rows_hold(torch.tril(value) == value)


class _LowerCholesky(Constraint):
    """Lower triangular matrices with a positive diagonal."""

    __module__ = _MODULE

    event_dim = 2

    def check(self, value: Any) -> Any:
        """Whether matrices are Cholesky factors."""
        lower = _rows_hold(torch.tril(value) == value)
        return lower & torch.all(torch.diagonal(value, dim1=-2, dim2=-1) > 0, -1)


class _CorrCholesky(Constraint):
    """Cholesky factors of correlation matrices: their rows have length 1."""

    __module__ = _MODULE

    event_dim = 2

    def check(self, value: Any) -> Any:
        """Whether matrices are such factors."""
        if not shape_of(value):
            raise IndexError("Dimension specified as -1 but tensor has no dimensions")
        tolerance = finfo(value.dtype).eps * shape_of(value)[-1] * 10  # rounding of a row's squares
        norm = linalg.norm(detach(value), dim=-1)
        unit = torch.all(torch.abs(norm - 1) <= tolerance, dim=-1)
        return lower_cholesky.check(value) & unit


class _Square(Constraint):
    """Square matrices."""

    __module__ = _MODULE

    event_dim = 2

    def check(self, value: Any) -> Any:
        """Whether the last two dimensions are of one size."""
        shape = shape_of(value)
        return torch.full(shape[:-2], shape[-2] == shape[-1])


class _Symmetric(_Square):
    """Symmetric matrices, within 1e-6."""

    __module__ = _MODULE

    def check(self, value: Any) -> Any:
        """Whether matrices are symmetric."""
        square_check = super().check(value)
        if not torch.all(square_check):
            return square_check
        near = torch.isclose(value, torch.transpose(value, -2, -1), atol=1e-6)
        return torch.all(torch.all(near, -2), -1)


class _PositiveSemidefinite(_Symmetric):
    """Symmetric matrices without negative eigenvalues."""

    __module__ = _MODULE

    def check(self, value: Any) -> Any:
        """Whether matrices are positive semidefinite."""
        sym_check = super().check(value)
        if not torch.all(sym_check):
            return sym_check
        return torch.all(linalg.eigvalsh(value) >= 0, -1)


class _PositiveDefinite(_Symmetric):
    """Symmetric matrices of positive eigenvalues."""

    __module__ = _MODULE

    def check(self, value: Any) -> Any:
        """Whether matrices have a Cholesky factor."""
        sym_check = super().check(value)
        if not torch.all(sym_check):
            return sym_check
        return torch.eq(linalg.cholesky_ex(value)[1], 0)


def _checked(constraints: Any) -> list[Any]:
    listed = list(spent(constraints))
    if not all(isinstance(item, Constraint) for item in listed):
        raise AssertionError("All elements of cseq must be Constraint instances")
    return listed


class _Cat(Constraint):
    """Constraints of parts that lie beside each other along a dimension."""

    __module__ = _MODULE

    def __init__(self, cseq: Any, dim: int = 0, lengths: Any = None) -> None:
        self.cseq = _checked(cseq)
        lengths = [1] * len(self.cseq) if lengths is None else lengths
        self.lengths = list(spent(lengths))
        if len(self.lengths) != len(self.cseq):
            raise AssertionError(
                f"lengths ({len(self.lengths)}) must match cseq ({len(self.cseq)})"
            )
        self.dim = dim

    @property
    def is_discrete(self) -> Any:
        """Whether a part is discrete."""
        return any(part.is_discrete for part in spent(self.cseq))

    @property
    def event_dim(self) -> Any:
        """The most dimensions of a part's events."""
        return max(part.event_dim for part in spent(self.cseq))

    def check(self, value: Any) -> Any:
        """Whether each part holds."""
        dims = len(shape_of(value))
        if not -dims <= self.dim < dims:
            raise AssertionError(f"dim {self.dim} out of range for value with {dims} dimensions")
        checks = []
        start = 0
        for part, length in zip(spent(self.cseq), self.lengths, strict=True):
            checks.append(part.check(method.narrow(value, self.dim, start, length)))
            start = start + length
        return torch.cat(checks, self.dim)


class _Stack(Constraint):
    """Constraints of parts that are stacked along a dimension."""

    __module__ = _MODULE

    def __init__(self, cseq: Any, dim: int = 0) -> None:
        self.cseq = _checked(cseq)
        self.dim = dim

    @property
    def is_discrete(self) -> Any:
        """Whether a part is discrete."""
        return any(part.is_discrete for part in spent(self.cseq))

    @property
    def event_dim(self) -> Any:
        """The most dimensions of a part's events, and that of the stack where it is one of them."""
        dim = max(part.event_dim for part in spent(self.cseq))
        return dim + 1 if self.dim + dim < 0 else dim

    def check(self, value: Any) -> Any:
        """Whether each part holds."""
        dims = len(shape_of(value))
        if not -dims <= self.dim < dims:
            raise AssertionError(f"dim {self.dim} out of range for value with {dims} dimensions")
        parts = [method.select(value, self.dim, i) for i in range(shape_of(value)[self.dim])]
        return torch.stack(
            [part.check(v) for v, part in zip(parts, spent(self.cseq), strict=False)], self.dim
        )


dependent = _Dependent()
dependent_property = _DependentProperty
independent = _IndependentConstraint
boolean = _Boolean()
one_hot = _OneHot()
nonnegative_integer = _IntegerGreaterThan(0)
positive_integer = _IntegerGreaterThan(1)
integer_interval = _IntegerInterval
real = _Real()
real_vector = independent(real, 1)
positive = _GreaterThan(0.0)
nonnegative = _GreaterThanEq(0.0)
greater_than = _GreaterThan
greater_than_eq = _GreaterThanEq
less_than = _LessThan
multinomial = _Multinomial
unit_interval = _Interval(0.0, 1.0)
interval = _Interval
half_open_interval = _HalfOpenInterval
simplex = _Simplex()
lower_triangular = _LowerTriangular()
lower_cholesky = _LowerCholesky()
corr_cholesky = _CorrCholesky()
square = _Square()
symmetric = _Symmetric()
positive_semidefinite = _PositiveSemidefinite()
positive_definite = _PositiveDefinite()
cat = _Cat
stack = _Stack
