"""From constraints to transforms whose codomain they are: `biject_to` and `transform_to`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..tensor.keeping import changed, keep_registry
from . import constraints, transforms
from .utils import is_number

# What to call in the place of a factory that a program gives; the language adds its own.
function_of: list[Callable[[Any], Any]] = [lambda factory: factory]


class ConstraintRegistry:
    """Functions from constraints to transforms of unconstrained tensors, by a constraint's class.

    Raises NotImplementedError for a constraint whose class has none.
    """

    __module__ = "torch.distributions.constraint_registry"

    __slots__ = ("__dict__", "__weakref__", "_registry")

    def __init__(self) -> None:
        self._registry: dict[Any, Any] = {}

    def register(self, constraint: Any, factory: Callable[..., Any] | None = None) -> Any:
        """Let `factory(constraint)` make the transform for a class of constraints."""
        if factory is None:
            return lambda factory: self.register(constraint, factory)
        if isinstance(constraint, constraints.Constraint):
            constraint = type(constraint)
        if not isinstance(constraint, type) or not issubclass(constraint, constraints.Constraint):
            raise TypeError(
                "Expected constraint to be either a Constraint subclass or instance, "
                f"but got {constraint}"
            )
        changed()
        self._registry[constraint] = function_of[-1](factory)
        return factory

    def __call__(self, constraint: Any) -> Any:
        try:
            factory = self._registry[type(constraint)]
        except KeyError:
            raise NotImplementedError(
                f"Cannot transform {type(constraint).__name__} constraints"
            ) from None
        return factory(constraint)


biject_to = ConstraintRegistry()
transform_to = ConstraintRegistry()


Factory = Callable[[Any], Any]


def _entered(*registries: ConstraintRegistry) -> Callable[..., Callable[[Factory], Factory]]:
    """Decorators that register a factory for classes of constraints."""

    def of(*kinds: Any) -> Callable[[Factory], Factory]:
        def enter(factory: Factory) -> Factory:
            for registry in registries:
                for kind in kinds:
                    registry.register(kind, factory)
            return factory

        return enter

    return of


_for_both = _entered(biject_to, transform_to)
_for_bijections = _entered(biject_to)
_for_transforms = _entered(transform_to)


@_for_both(constraints.real)
def _real(constraint: Any) -> Any:
    return transforms.identity_transform


@_for_bijections(constraints.independent)
def _biject_to_independent(constraint: Any) -> Any:
    base = biject_to(constraint.base_constraint)
    return transforms.IndependentTransform(base, constraint.reinterpreted_batch_ndims)


@_for_transforms(constraints.independent)
def _transform_to_independent(constraint: Any) -> Any:
    base = transform_to(constraint.base_constraint)
    return transforms.IndependentTransform(base, constraint.reinterpreted_batch_ndims)


@_for_both(constraints.positive, constraints.nonnegative)
def _positive(constraint: Any) -> Any:
    return transforms.ExpTransform()


@_for_both(constraints.greater_than, constraints.greater_than_eq)
def _greater_than(constraint: Any) -> Any:
    return transforms.ComposeTransform(
        [transforms.ExpTransform(), transforms.AffineTransform(constraint.lower_bound, 1)]
    )


@_for_both(constraints.less_than)
def _less_than(constraint: Any) -> Any:
    return transforms.ComposeTransform(
        [transforms.ExpTransform(), transforms.AffineTransform(constraint.upper_bound, -1)]
    )


@_for_both(constraints.interval, constraints.half_open_interval)
def _interval(constraint: Any) -> Any:
    low, high = constraint.lower_bound, constraint.upper_bound
    if is_number(low) and is_number(high) and low == 0 and high == 1:
        return transforms.SigmoidTransform()
    return transforms.ComposeTransform(
        [transforms.SigmoidTransform(), transforms.AffineTransform(low, high - low)]
    )


@_for_bijections(constraints.simplex)
def _biject_to_simplex(constraint: Any) -> Any:
    return transforms.StickBreakingTransform()


@_for_transforms(constraints.simplex)
def _transform_to_simplex(constraint: Any) -> Any:
    return transforms.SoftmaxTransform()


@_for_transforms(constraints.lower_cholesky)
def _transform_to_lower_cholesky(constraint: Any) -> Any:
    return transforms.LowerCholeskyTransform()


@_for_transforms(constraints.positive_definite, constraints.positive_semidefinite)
def _transform_to_positive_definite(constraint: Any) -> Any:
    return transforms.PositiveDefiniteTransform()


@_for_both(constraints.corr_cholesky)
def _corr_cholesky(constraint: Any) -> Any:
    return transforms.CorrCholeskyTransform()


def _listed(registry: ConstraintRegistry, kind: Any) -> Callable[[Any], Any]:
    """A factory for constraints of parts, which have a transform each."""

    def factory(constraint: Any) -> Any:
        parts = [registry(part) for part in constraint.cseq]
        if kind is transforms.CatTransform:
            return transforms.CatTransform(parts, constraint.dim, constraint.lengths)
        return transforms.StackTransform(parts, constraint.dim)

    return factory


for _registry in (biject_to, transform_to):
    _registry.register(constraints.cat, _listed(_registry, transforms.CatTransform))
    _registry.register(constraints.stack, _listed(_registry, transforms.StackTransform))
    keep_registry(_registry._registry)
