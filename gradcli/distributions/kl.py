"""Kullback-Leibler divergences KL(p ‖ q) = E_p log(p / q) of pairs of families.

The families are named, not imported: what a program does not use is not loaded.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

from ..autograd import api
from ..autograd.leaf import detach, requires_grad_
from ..table.public.functions import F, linalg, method, torch
from ..tensor.keeping import changed, keep_registry
from ..tensor.runtime import runtime
from ..tensor.tensor import shape_of
from .distribution import Distribution
from .lowrank_multivariate_normal import lowrank_logdet, lowrank_mahalanobis
from .multivariate_normal import half_log_det, mahalanobis
from .utils import euler_constant, special, sum_rightmost

Formula = Callable[[Any, Any], Any]

_INDENT = 29 * " "  # stands within two of PyTorch's sentences

_formulas: dict[tuple[Any, Any], Formula] = {}


def _key(kind: type) -> Any:
    """What a class is registered under: its name for one of the library's."""
    if kind.__module__.startswith("torch.distributions."):
        return kind.__name__
    return kind


def register_kl(type_p: Any, type_q: Any) -> Callable[[Formula], Formula]:
    """A decorator: `fun(p, q)` is the divergence of these classes and of what derives from them."""
    for name, kind in (("type_p", type_p), ("type_q", type_q)):
        if not isinstance(kind, type) and issubclass(kind, Distribution):
            raise TypeError(f"Expected {name} to be a Distribution subclass but got {kind}")

    def decorator(fun: Formula) -> Formula:
        changed()
        _formulas[_key(type_p), _key(type_q)] = fun
        return fun

    return decorator


def _nearest(firsts: Any, seconds: Any, swapped: bool) -> Any:
    """The pair of registered bases whose first one is nearest, then whose second one is."""
    for first in firsts:
        for second in seconds:
            runtime.spend(1)
            pair = (second, first) if swapped else (first, second)
            if pair in _formulas:
                return pair
    return None


def _dispatch(p: type, q: type) -> Any:
    """The formula for two classes, or None. Warns where two fit equally well."""
    bases_p = [_key(base) for base in p.__mro__]
    bases_q = [_key(base) for base in q.__mro__]
    left = _nearest(bases_p, bases_q, False)
    if left is None:
        return None
    right = _nearest(bases_q, bases_p, True)
    if _formulas[left] is not _formulas[right]:
        names = [item if isinstance(item, str) else item.__name__ for item in (*left, *right)]
        warnings.warn(
            f"Ambiguous kl_divergence({p.__name__}, {q.__name__}). "
            f"Please register_kl({names[0]}, {names[3]})",
            RuntimeWarning,
            stacklevel=3,
        )
    return _formulas[left]


def kl_divergence(p: Any, q: Any) -> Any:
    """KL(p ‖ q) in nats, in the shape of the batch.

    Raises NotImplementedError for classes that no formula is known for.
    """
    formula = _dispatch(type(p), type(q))
    if formula is None:
        raise NotImplementedError(
            f"No KL(p || q) is implemented for p type {type(p).__name__} and q type "
            f"{type(q).__name__}"
        )
    return formula(p, q)


def _pair(p: str, *qs: str) -> Callable[[Formula], Formula]:
    def enter(formula: Formula) -> Formula:
        for q in qs:
            _formulas[p, q] = formula
        return formula

    return enter


def _infinite_like(value: Any) -> Any:
    return torch.full_like(value, math.inf)


def _x_log_x(x: Any) -> Any:
    return special.xlogy(x, x)


def _trace_xxt(matrices: Any) -> Any:
    """The trace of M Mᵀ."""
    n, m = shape_of(matrices)[-2:]
    flat = torch.pow(method.reshape(matrices, (-1, n * m)), 2)
    return method.reshape(torch.sum(flat, -1), shape_of(matrices)[:-2])


def _where_less(result: Any, condition: Any, value: float = math.inf) -> Any:
    """The result, written over where a condition holds."""
    result[condition] = value
    return result


# --- pairs of one family


@_pair("Bernoulli", "Bernoulli")
def _bernoulli(p: Any, q: Any) -> Any:
    """p log(p / q) + (1 - p) log((1 - p) / (1 - q)), by log odds."""
    t1 = p.probs * (F.softplus(-q.logits) - F.softplus(-p.logits))
    t1 = _where_less(t1, q.probs == 0)
    t1 = _where_less(t1, p.probs == 0, 0)
    t2 = (1 - p.probs) * (F.softplus(q.logits) - F.softplus(p.logits))
    t2 = _where_less(t2, q.probs == 1)
    t2 = _where_less(t2, p.probs == 1, 0)
    return t1 + t2


@_pair("Beta", "Beta")
def _beta(p: Any, q: Any) -> Any:
    total_p = p.concentration1 + p.concentration0
    total_q = q.concentration1 + q.concentration0
    t1 = torch.lgamma(q.concentration1) + torch.lgamma(q.concentration0) + torch.lgamma(total_p)
    t2 = torch.lgamma(p.concentration1) + torch.lgamma(p.concentration0) + torch.lgamma(total_q)
    t3 = (p.concentration1 - q.concentration1) * torch.digamma(p.concentration1)
    t4 = (p.concentration0 - q.concentration0) * torch.digamma(p.concentration0)
    t5 = (total_q - total_p) * torch.digamma(total_p)
    return t1 - t2 + t3 + t4 + t5


@_pair("Binomial", "Binomial")
def _binomial(p: Any, q: Any) -> Any:
    """n times that of one trial, for equal or fewer trials in p."""
    if torch.any(p.total_count < q.total_count):
        raise NotImplementedError(
            "KL between Binomials where q.total_count > p.total_count is not implemented"
        )
    kl = p.total_count * (
        p.probs * (p.logits - q.logits) + torch.log1p(-p.probs) - torch.log1p(-q.probs)
    )
    more = p.total_count > q.total_count
    kl[more] = _infinite_like(kl[more])
    return kl


@_pair("Categorical", "Categorical")
def _categorical(p: Any, q: Any) -> Any:
    """Σ p log(p / q)."""
    t = p.probs * (p.logits - q.logits)
    t[method.expand_as(q.probs == 0, t)] = math.inf
    t[method.expand_as(p.probs == 0, t)] = 0
    return torch.sum(t, -1)


@_pair("ContinuousBernoulli", "ContinuousBernoulli")
def _continuous_bernoulli(p: Any, q: Any) -> Any:
    t1 = p.mean * (p.logits - q.logits)
    t2 = p._cont_bern_log_norm() + torch.log1p(-p.probs)
    t3 = -q._cont_bern_log_norm() - torch.log1p(-q.probs)
    return t1 + t2 + t3


@_pair("Dirichlet", "Dirichlet")
def _dirichlet(p: Any, q: Any) -> Any:
    """Penny, "KL-Divergences of Normal, Gamma, Dirichlet and Wishart densities", 2001."""
    total_p = torch.sum(p.concentration, -1)
    total_q = torch.sum(q.concentration, -1)
    t1 = torch.lgamma(total_p) - torch.lgamma(total_q)
    t2 = torch.sum(torch.lgamma(p.concentration) - torch.lgamma(q.concentration), -1)
    t3 = p.concentration - q.concentration
    t4 = torch.digamma(p.concentration) - torch.unsqueeze(torch.digamma(total_p), -1)
    return t1 - t2 + torch.sum(t3 * t4, -1)


@_pair("Exponential", "Exponential")
def _exponential(p: Any, q: Any) -> Any:
    ratio = q.rate / p.rate
    t1 = -torch.log(ratio)
    return t1 + ratio - 1


@_pair("ExponentialFamily", "ExponentialFamily")
def _expfamily(p: Any, q: Any) -> Any:
    """F(θq) - F(θp) - <θq - θp, ∇F(θp)> (Nielsen and Nock, 2010), for two of one family."""
    if type(p) is not type(q):
        raise NotImplementedError(
            "The cross KL-divergence between different exponential families cannot"
            f"{_INDENT}be computed using Bregman divergences"
        )
    natural_p = [requires_grad_(detach(item)) for item in p._natural_params]
    natural_q = q._natural_params
    normalizer = p._log_normalizer(*natural_p)
    gradients = api.grad(method.sum(normalizer), natural_p, create_graph=True)
    result = q._log_normalizer(*natural_q) - normalizer
    for one, other, gradient in zip(natural_p, natural_q, gradients, strict=True):
        result = result - sum_rightmost((other - one) * gradient, len(q.event_shape))
    return result


@_pair("Gamma", "Gamma")
def _gamma(p: Any, q: Any) -> Any:
    t1 = q.concentration * torch.log(p.rate / q.rate)
    t2 = torch.lgamma(q.concentration) - torch.lgamma(p.concentration)
    t3 = (p.concentration - q.concentration) * torch.digamma(p.concentration)
    t4 = (q.rate - p.rate) * (p.concentration / p.rate)
    return t1 + t2 + t3 + t4


@_pair("Gumbel", "Gumbel")
def _gumbel(p: Any, q: Any) -> Any:
    ct1 = p.scale / q.scale
    ct2 = q.loc / q.scale
    ct3 = p.loc / q.scale
    t1 = -torch.log(ct1) - ct2 + ct3
    t2 = ct1 * euler_constant
    t3 = torch.exp(ct2 + torch.lgamma(1 + ct1) - ct3)
    return t1 + t2 + t3 - (1 + euler_constant)


@_pair("Geometric", "Geometric")
def _geometric(p: Any, q: Any) -> Any:
    return -p.entropy() - torch.log1p(-q.probs) / p.probs - q.logits


@_pair("HalfNormal", "HalfNormal")
def _half_normal(p: Any, q: Any) -> Any:
    return _normal(p.base_dist, q.base_dist)


@_pair("Laplace", "Laplace")
def _laplace(p: Any, q: Any) -> Any:
    """Gil, "On Rényi divergence measures for continuous alphabet sources", 2011."""
    ratio = p.scale / q.scale
    distance = torch.abs(p.loc - q.loc)
    t1 = -torch.log(ratio)
    t2 = distance / q.scale
    t3 = ratio * torch.exp(-distance / p.scale)
    return t1 + t2 + t3 - 1


@_pair("LowRankMultivariateNormal", "LowRankMultivariateNormal")
def _lowrank(p: Any, q: Any) -> Any:
    _check_events(p, q, "KL-divergence between two Low Rank Multivariate Normals with")
    log_dets = lowrank_logdet(q._unbroadcasted_cov_diag, q._capacitance_tril) - lowrank_logdet(
        p._unbroadcasted_cov_diag, p._capacitance_tril
    )
    distance = lowrank_mahalanobis(
        q._unbroadcasted_cov_factor,
        q._unbroadcasted_cov_diag,
        q.loc - p.loc,
        q._capacitance_tril,
    )
    # The trace of (Wq Wqᵀ + Dq)⁻¹ (Wp Wpᵀ + Dp), by Woodbury's identity.
    scaled = torch.transpose(q._unbroadcasted_cov_factor, -2, -1) / torch.unsqueeze(
        q._unbroadcasted_cov_diag, -2
    )
    solved = linalg.solve_triangular(q._capacitance_tril, scaled, upper=False)
    t1 = torch.sum(p._unbroadcasted_cov_diag / q._unbroadcasted_cov_diag, -1)
    roots = torch.unsqueeze(torch.rsqrt(q._unbroadcasted_cov_diag), -1)
    t2 = _trace_xxt(p._unbroadcasted_cov_factor * roots)
    t3 = _trace_xxt(solved * torch.unsqueeze(torch.sqrt(p._unbroadcasted_cov_diag), -2))
    t4 = _trace_xxt(torch.matmul(solved, p._unbroadcasted_cov_factor))
    trace = t1 + t2 - t3 - t4
    return 0.5 * (log_dets + trace + distance - p.event_shape[0])


def _check_events(p: Any, q: Any, what: str) -> None:
    if p.event_shape != q.event_shape:
        raise ValueError(f"{what}{_INDENT[:-3]}different event shapes cannot be computed")


def _broadcast_batch(p: Any, q: Any) -> tuple[Any, int]:
    batch = torch.broadcast_shapes(
        shape_of(q._unbroadcasted_scale_tril)[:-2], shape_of(p._unbroadcasted_scale_tril)[:-2]
    )
    return batch, p.event_shape[0]


@_pair("MultivariateNormal", "LowRankMultivariateNormal")
def _multivariate_lowrank(p: Any, q: Any) -> Any:
    _check_events(p, q, "KL-divergence between two (Low Rank) Multivariate Normals with")
    log_dets = lowrank_logdet(q._unbroadcasted_cov_diag, q._capacitance_tril) - 2 * half_log_det(
        p._unbroadcasted_scale_tril
    )
    distance = lowrank_mahalanobis(
        q._unbroadcasted_cov_factor,
        q._unbroadcasted_cov_diag,
        q.loc - p.loc,
        q._capacitance_tril,
    )
    scaled = torch.transpose(q._unbroadcasted_cov_factor, -2, -1) / torch.unsqueeze(
        q._unbroadcasted_cov_diag, -2
    )
    solved = linalg.solve_triangular(q._capacitance_tril, scaled, upper=False)
    roots = torch.unsqueeze(torch.rsqrt(q._unbroadcasted_cov_diag), -1)
    t1 = _trace_xxt(p._unbroadcasted_scale_tril * roots)
    t2 = _trace_xxt(torch.matmul(solved, p._unbroadcasted_scale_tril))
    return 0.5 * (log_dets + (t1 - t2) + distance - p.event_shape[0])


@_pair("LowRankMultivariateNormal", "MultivariateNormal")
def _lowrank_multivariate(p: Any, q: Any) -> Any:
    _check_events(p, q, "KL-divergence between two (Low Rank) Multivariate Normals with")
    log_dets = 2 * half_log_det(q._unbroadcasted_scale_tril) - lowrank_logdet(
        p._unbroadcasted_cov_diag, p._capacitance_tril
    )
    distance = mahalanobis(q._unbroadcasted_scale_tril, q.loc - p.loc)
    batch = torch.broadcast_shapes(
        shape_of(q._unbroadcasted_scale_tril)[:-2],
        shape_of(p._unbroadcasted_cov_factor)[:-2],
    )
    n = p.event_shape[0]
    lower = method.expand(q._unbroadcasted_scale_tril, (*batch, n, n))
    factor = method.expand(p._unbroadcasted_cov_factor, (*batch, n, shape_of(p.cov_factor)[-1]))
    diagonal = method.expand(
        torch.diag_embed(torch.sqrt(p._unbroadcasted_cov_diag)), (*batch, n, n)
    )
    t1 = _trace_xxt(linalg.solve_triangular(lower, factor, upper=False))
    t2 = _trace_xxt(linalg.solve_triangular(lower, diagonal, upper=False))
    return 0.5 * (log_dets + (t1 + t2) + distance - p.event_shape[0])


@_pair("MultivariateNormal", "MultivariateNormal")
def _multivariate_normal(p: Any, q: Any) -> Any:
    """log det ratio, trace of Σq⁻¹ Σp and distance of the means."""
    _check_events(p, q, "KL-divergence between two Multivariate Normals with")
    log_dets = half_log_det(q._unbroadcasted_scale_tril) - half_log_det(p._unbroadcasted_scale_tril)
    batch, n = _broadcast_batch(p, q)
    lower_q = method.expand(q._unbroadcasted_scale_tril, (*batch, n, n))
    lower_p = method.expand(p._unbroadcasted_scale_tril, (*batch, n, n))
    trace = _trace_xxt(linalg.solve_triangular(lower_q, lower_p, upper=False))
    distance = mahalanobis(q._unbroadcasted_scale_tril, q.loc - p.loc)
    return log_dets + 0.5 * (trace + distance - n)


@_pair("Normal", "Normal")
def _normal(p: Any, q: Any) -> Any:
    """((σp / σq)² + ((μp - μq) / σq)² - 1 - log (σp / σq)²) / 2."""
    ratio = torch.pow(p.scale / q.scale, 2)
    distance = torch.pow((p.loc - q.loc) / q.scale, 2)
    return 0.5 * (ratio + distance - 1 - torch.log(ratio))


@_pair("OneHotCategorical", "OneHotCategorical")
def _one_hot(p: Any, q: Any) -> Any:
    return _categorical(p._categorical, q._categorical)


@_pair("Pareto", "Pareto")
def _pareto(p: Any, q: Any) -> Any:
    scale_ratio = p.scale / q.scale
    alpha_ratio = q.alpha / p.alpha
    t1 = q.alpha * torch.log(scale_ratio)
    t2 = -torch.log(alpha_ratio)
    result = t1 + t2 + alpha_ratio - 1
    return _where_less(result, p.support.lower_bound < q.support.lower_bound)


@_pair("Poisson", "Poisson")
def _poisson(p: Any, q: Any) -> Any:
    return p.rate * (torch.log(p.rate) - torch.log(q.rate)) - (p.rate - q.rate)


@_pair("TransformedDistribution", "TransformedDistribution")
def _transformed(p: Any, q: Any) -> Any:
    """That of the bases, where the transforms are the same."""
    if p.transforms != q.transforms:
        raise NotImplementedError
    if p.event_shape != q.event_shape:
        raise NotImplementedError
    return kl_divergence(p.base_dist, q.base_dist)


@_pair("Uniform", "Uniform")
def _uniform(p: Any, q: Any) -> Any:
    result = torch.log((q.high - q.low) / (p.high - p.low))
    return _where_less(result, (q.low > p.low) | (q.high < p.high))


@_pair("Independent", "Independent")
def _independent(p: Any, q: Any) -> Any:
    if p.reinterpreted_batch_ndims != q.reinterpreted_batch_ndims:
        raise NotImplementedError
    return sum_rightmost(kl_divergence(p.base_dist, q.base_dist), p.reinterpreted_batch_ndims)


@_pair("Cauchy", "Cauchy")
def _cauchy(p: Any, q: Any) -> Any:
    """Chyzak and Nielsen, "A closed-form formula for the KL divergence of Cauchys", 2019."""
    t1 = torch.log(torch.pow(p.scale + q.scale, 2) + torch.pow(p.loc - q.loc, 2))
    t2 = torch.log(4 * p.scale * q.scale)
    return t1 - t2


# --- pairs of two families


@_pair("Bernoulli", "Poisson")
def _bernoulli_poisson(p: Any, q: Any) -> Any:
    return -p.entropy() - (p.probs * torch.log(q.rate) - q.rate)


@_pair("Beta", "ContinuousBernoulli")
def _beta_continuous_bernoulli(p: Any, q: Any) -> Any:
    return -p.entropy() - p.mean * q.logits - torch.log1p(-q.probs) - q._cont_bern_log_norm()


def _to_infinity(name: str) -> Formula:
    def infinite(p: Any, q: Any) -> Any:
        return _infinite_like(getattr(p, name))

    return infinite


# Where p has values that q has not.
_pair("Beta", "Pareto")(_to_infinity("concentration1"))
_pair("ContinuousBernoulli", "Pareto")(_to_infinity("probs"))
_pair("Exponential", "Beta", "ContinuousBernoulli", "Pareto", "Uniform")(_to_infinity("rate"))
_pair("Gamma", "Beta", "ContinuousBernoulli", "Pareto", "Uniform")(_to_infinity("concentration"))
for _family in ("Gumbel", "Laplace", "Normal"):
    _pair(_family, "Beta", "ContinuousBernoulli", "Exponential", "Gamma", "Pareto", "Uniform")(
        _to_infinity("loc")
    )
_pair("Pareto", "Beta", "ContinuousBernoulli", "Uniform")(_to_infinity("scale"))
_pair("Poisson", "Bernoulli", "Binomial")(_to_infinity("rate"))


@_pair("Beta", "Exponential")
def _beta_exponential(p: Any, q: Any) -> Any:
    total = p.concentration1 + p.concentration0
    return -p.entropy() - torch.log(q.rate) + q.rate * (p.concentration1 / total)


@_pair("Beta", "Gamma")
def _beta_gamma(p: Any, q: Any) -> Any:
    total = p.concentration1 + p.concentration0
    t1 = -p.entropy()
    t2 = torch.lgamma(q.concentration) - q.concentration * torch.log(q.rate)
    t3 = (q.concentration - 1) * (torch.digamma(p.concentration1) - torch.digamma(total))
    t4 = q.rate * p.concentration1 / total
    return t1 + t2 - t3 + t4


def _log_density_constant(variance: Any) -> Any:
    """log √(2π variance)."""
    return 0.5 * torch.log(variance * 2 * math.pi)


@_pair("Beta", "Normal")
def _beta_normal(p: Any, q: Any) -> Any:
    total = p.concentration1 + p.concentration0
    variance = torch.pow(q.scale, 2)
    t1 = -p.entropy()
    t2 = _log_density_constant(variance)
    mean = p.concentration1 / total
    t3 = 0.5 * (mean * (1 - mean) / (total + 1) + torch.pow(mean, 2))
    t4 = q.loc * mean
    t5 = torch.pow(q.loc, 2) * 0.5
    return t1 + t2 + (t3 - t4 + t5) / variance


@_pair("Beta", "Uniform")
def _beta_uniform(p: Any, q: Any) -> Any:
    result = -p.entropy() + torch.log(q.high - q.low)
    return _where_less(result, (q.low > p.support.lower_bound) | (q.high < p.support.upper_bound))


@_pair("ContinuousBernoulli", "Exponential")
def _continuous_bernoulli_exponential(p: Any, q: Any) -> Any:
    return -p.entropy() - torch.log(q.rate) + q.rate * p.mean


@_pair("ContinuousBernoulli", "Normal")
def _continuous_bernoulli_normal(p: Any, q: Any) -> Any:
    t1 = -p.entropy()
    t2 = 0.5 * (math.log(2.0 * math.pi) + torch.square(q.loc / q.scale)) + torch.log(q.scale)
    t3 = (p.variance + torch.square(p.mean) - 2.0 * q.loc * p.mean) / (2.0 * torch.square(q.scale))
    return t1 + t2 + t3


@_pair("ContinuousBernoulli", "Uniform")
def _continuous_bernoulli_uniform(p: Any, q: Any) -> Any:
    result = -p.entropy() + torch.log(q.high - q.low)
    outside = torch.max(
        torch.ge(q.low, p.support.lower_bound), torch.le(q.high, p.support.upper_bound)
    )
    return torch.where(outside, torch.ones_like(result) * math.inf, result)


@_pair("Exponential", "Gamma")
def _exponential_gamma(p: Any, q: Any) -> Any:
    ratio = q.rate / p.rate
    t1 = -q.concentration * torch.log(ratio)
    return (
        t1
        + ratio
        + torch.lgamma(q.concentration)
        + q.concentration * euler_constant
        - (1 + euler_constant)
    )


@_pair("Exponential", "Gumbel")
def _exponential_gumbel(p: Any, q: Any) -> Any:
    product = p.rate * q.scale
    shift = q.loc / q.scale
    t1 = torch.log(product) - 1
    t2 = torch.reciprocal(product)
    t3 = torch.exp(shift) * product / (product + 1)
    return t1 - shift + t2 + t3


@_pair("Exponential", "Normal")
def _exponential_normal(p: Any, q: Any) -> Any:
    variance = torch.pow(q.scale, 2)
    square = torch.pow(p.rate, 2)
    t1 = 0.5 * torch.log(square * variance * 2 * math.pi)
    t2 = torch.reciprocal(square)
    t3 = q.loc / p.rate
    t4 = torch.pow(q.loc, 2) * 0.5
    return t1 - 1 + (t2 - t3 + t4) / variance


@_pair("Gamma", "Exponential")
def _gamma_exponential(p: Any, q: Any) -> Any:
    return -p.entropy() - torch.log(q.rate) + q.rate * p.concentration / p.rate


@_pair("Gamma", "Gumbel")
def _gamma_gumbel(p: Any, q: Any) -> Any:
    product = p.rate * q.scale
    shift = q.loc / q.scale
    t1 = (
        (p.concentration - 1) * torch.digamma(p.concentration)
        - torch.lgamma(p.concentration)
        - p.concentration
    )
    t2 = torch.log(product) + p.concentration / product
    t3 = torch.exp(shift) * torch.pow(1 + torch.reciprocal(product), -p.concentration) - shift
    return t1 + t2 + t3


@_pair("Gamma", "Normal")
def _gamma_normal(p: Any, q: Any) -> Any:
    variance = torch.pow(q.scale, 2)
    square = torch.pow(p.rate, 2)
    t1 = (
        0.5 * torch.log(square * variance * 2 * math.pi)
        - p.concentration
        - torch.lgamma(p.concentration)
    )
    t2 = 0.5 * (torch.pow(p.concentration, 2) + p.concentration) / square
    t3 = q.loc * p.concentration / p.rate
    t4 = 0.5 * torch.pow(q.loc, 2)
    slope = (p.concentration - 1) * torch.digamma(p.concentration)
    return t1 + slope + (t2 - t3 + t4) / variance


@_pair("Gumbel", "Normal")
def _gumbel_normal(p: Any, q: Any) -> Any:
    ratio = p.scale / q.scale
    t1 = torch.log(ratio / math.sqrt(2 * math.pi))
    t2 = torch.pow(math.pi * ratio * 0.5, 2) / 3
    t3 = torch.pow((p.loc + p.scale * euler_constant - q.loc) / q.scale, 2) * 0.5
    return -t1 + t2 + t3 - (euler_constant + 1)


@_pair("Laplace", "Normal")
def _laplace_normal(p: Any, q: Any) -> Any:
    variance = torch.pow(q.scale, 2)
    ratio = torch.pow(p.scale, 2) / variance
    t1 = 0.5 * torch.log(2 * ratio / math.pi)
    t2 = 0.5 * torch.pow(p.loc, 2)
    t3 = p.loc * q.loc
    t4 = 0.5 * torch.pow(q.loc, 2)
    return -t1 + ratio + (t2 - t3 + t4) / variance - 1


@_pair("Normal", "Gumbel")
def _normal_gumbel(p: Any, q: Any) -> Any:
    mean_ratio = p.loc / q.scale
    square = torch.pow(p.scale / q.scale, 2)
    shift = q.loc / q.scale
    t1 = mean_ratio - shift
    t2 = torch.exp(-mean_ratio + 0.5 * square + shift)
    return t1 + t2 - 0.5 * torch.log(square) - 0.5 * (1 + math.log(2 * math.pi))


@_pair("Normal", "Laplace")
def _normal_laplace(p: Any, q: Any) -> Any:
    distance = p.loc - q.loc
    ratio = p.scale / q.scale
    scaled = distance / p.scale
    t1 = torch.log(ratio)
    t2 = math.sqrt(2 / math.pi) * p.scale * torch.exp(-0.5 * torch.pow(scaled, 2))
    t3 = distance * torch.erf(math.sqrt(0.5) * scaled)
    return -t1 + (t2 + t3) / q.scale - 0.5 * (1 + math.log(0.5 * math.pi))


@_pair("Pareto", "Exponential")
def _pareto_exponential(p: Any, q: Any) -> Any:
    product = p.scale * q.rate
    t1 = torch.log(p.alpha / product)
    t2 = torch.reciprocal(p.alpha)
    t3 = p.alpha * product / (p.alpha - 1)
    return _where_less(t1 - t2 + t3 - 1, p.alpha <= 1)


@_pair("Pareto", "Gamma")
def _pareto_gamma(p: Any, q: Any) -> Any:
    common = torch.log(p.scale) + torch.reciprocal(p.alpha)
    t1 = torch.log(p.alpha) - common
    t2 = torch.lgamma(q.concentration) - q.concentration * torch.log(q.rate)
    t3 = (1 - q.concentration) * common
    t4 = q.rate * p.alpha * p.scale / (p.alpha - 1)
    return _where_less(t1 + t2 + t3 + t4 - 1, p.alpha <= 1)


@_pair("Pareto", "Normal")
def _pareto_normal(p: Any, q: Any) -> Any:
    variance = 2 * torch.pow(q.scale, 2)
    common = p.scale / (p.alpha - 1)
    t1 = torch.log(math.sqrt(2 * math.pi) * q.scale * p.alpha / p.scale)
    t2 = torch.reciprocal(p.alpha)
    t3 = p.alpha * torch.pow(common, 2) / (p.alpha - 2)
    t4 = torch.pow(p.alpha * common - q.loc, 2)
    return _where_less(t1 - t2 + (t3 + t4) / variance - 1, p.alpha <= 2)


@_pair("Uniform", "Beta")
def _uniform_beta(p: Any, q: Any) -> Any:
    common = p.high - p.low
    t1 = torch.log(common)
    t2 = (q.concentration1 - 1) * (_x_log_x(p.high) - _x_log_x(p.low) - common) / common
    t3 = (q.concentration0 - 1) * (_x_log_x(1 - p.high) - _x_log_x(1 - p.low) + common) / common
    t4 = (
        torch.lgamma(q.concentration1)
        + torch.lgamma(q.concentration0)
        - torch.lgamma(q.concentration1 + q.concentration0)
    )
    result = t3 + t4 - t1 - t2
    return _where_less(result, (p.high > q.support.upper_bound) | (p.low < q.support.lower_bound))


@_pair("Uniform", "ContinuousBernoulli")
def _uniform_continuous_bernoulli(p: Any, q: Any) -> Any:
    result = -p.entropy() - p.mean * q.logits - torch.log1p(-q.probs) - q._cont_bern_log_norm()
    outside = torch.max(
        torch.ge(p.high, q.support.upper_bound), torch.le(p.low, q.support.lower_bound)
    )
    return torch.where(outside, torch.ones_like(result) * math.inf, result)


@_pair("Uniform", "Exponential")
def _uniform_exponential(p: Any, q: Any) -> Any:
    result = q.rate * (p.high + p.low) / 2 - torch.log((p.high - p.low) * q.rate)
    return _where_less(result, p.low < q.support.lower_bound)


@_pair("Uniform", "Gamma")
def _uniform_gamma(p: Any, q: Any) -> Any:
    common = p.high - p.low
    t1 = torch.log(common)
    t2 = torch.lgamma(q.concentration) - q.concentration * torch.log(q.rate)
    t3 = (1 - q.concentration) * (_x_log_x(p.high) - _x_log_x(p.low) - common) / common
    t4 = q.rate * (p.high + p.low) / 2
    return _where_less(-t1 + t2 + t3 + t4, p.low < q.support.lower_bound)


@_pair("Uniform", "Gumbel")
def _uniform_gumbel(p: Any, q: Any) -> Any:
    common = q.scale / (p.high - p.low)
    high = (p.high - q.loc) / q.scale
    low = (p.low - q.loc) / q.scale
    t1 = torch.log(common) + 0.5 * (high + low)
    t2 = common * (torch.exp(-high) - torch.exp(-low))
    return t1 - t2


@_pair("Uniform", "Normal")
def _uniform_normal(p: Any, q: Any) -> Any:
    common = p.high - p.low
    t1 = torch.log(math.sqrt(math.pi * 2) * q.scale / common)
    t2 = torch.pow(common, 2) / 12
    t3 = torch.pow((p.high + p.low - 2 * q.loc) / 2, 2)
    return t1 + 0.5 * (t2 + t3) / torch.pow(q.scale, 2)


@_pair("Uniform", "Pareto")
def _uniform_pareto(p: Any, q: Any) -> Any:
    support = p.high - p.low
    t1 = torch.log(q.alpha * torch.pow(q.scale, q.alpha) * support)
    t2 = (_x_log_x(p.high) - _x_log_x(p.low) - support) / support
    result = t2 * (q.alpha + 1) - t1
    return _where_less(result, p.low < q.support.lower_bound)


keep_registry(_formulas)
