"""Special functions: error functions, gamma functions, Bessel functions, their derivatives."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...kernels import special
from ...table.dtype_rules import refusing, supports, without_forward
from ...table.entry import ELEMENTWISE, op
from ...table.out_rules import CAST, FOUND, Rule
from ...table.schema import Namespace
from ...tensor.runtime import runtime

_MVLGAMMA = Rule(
    "mvlgamma: result type {result} can't be cast to the desired output type {result}", exact=False
)

SQRT_PI = math.sqrt(math.pi)
BOTH = ("torch", "Tensor", "special")


def _special(
    name: str,
    kernel: Any,
    slope: Any,
    doc: str,
    low: float,
    high: float,
    refusal: str,
    *,
    inplace: bool | str = False,
    where: Sequence[str] = ("special",),
    identifier: str | None = None,
    node: str | None = None,
) -> None:
    """An elementwise special function of a real tensor; `slope` None where it has no derivative."""
    op(
        f"{identifier or name}(Tensor self)",
        name=name,
        kernel=kernel,
        vjp={} if slope is None else {"self": slope},
        jvp=None if slope is None else ELEMENTWISE,
        node=node,
        promote="float",
        batching=ELEMENTWISE,
        blocks=True,
        inplace=inplace or "Tensor" in where,
        where=tuple(where),
        check=supports(complex=refusal),
        doc=doc,
        samples=lambda S: S.each(low, high),
    )


# --- error functions

_special(
    "erf",
    special.erf,
    lambda F, g, self: F.exp(-F.pow(self, 2)) * (2 / SQRT_PI) * g,
    "The error function.",
    -2,
    2,
    "erf_vml_cpu",
    where=BOTH,
)
_special(
    "erfc",
    special.erfc,
    lambda F, g, self: F.exp(-F.pow(self, 2)) * (-2 / SQRT_PI) * g,
    "One minus the error function, without cancellation.",
    -2,
    2,
    "erfc_vml_cpu",
    where=BOTH,
)
_special(
    "erfinv",
    special.erfinv,
    lambda F, g, self: F.exp(F.pow(F.erfinv(self), 2)) * (SQRT_PI / 2) * g,
    "The inverse of the error function.",
    -0.8,
    0.8,
    "erfinv_vml_cpu",
    inplace="Tensor",
    where=BOTH,
)
_special(
    "erfcx",
    special.erfcx,
    lambda F, g, self, out: (self * 2 * out - 2 / SQRT_PI) * g,
    "exp(x²) times erfc(x).",
    -1,
    2,
    "erfcx_cpu",
    node="SpecialErfcxBackward0",
)
_special(
    "ndtri",
    special.ndtri,
    lambda F, g, out: g * math.sqrt(2 * math.pi) * F.exp(F.pow(out, 2) / 2),
    "The inverse of the normal distribution function.",
    0.1,
    0.9,
    "ndtri_cpu",
    node="SpecialNdtriBackward0",
)
_special(
    "log_ndtr",
    special.log_ndtr,
    lambda F, g, self, out: g / math.sqrt(2 * math.pi) * F.exp(-(out + F.pow(self, 2) / 2)),
    "The logarithm of the normal distribution function.",
    -2,
    2,
    "log_ndtr_cpu",
    node="SpecialLogNdtrBackward0",
)
op(
    "ndtr(Tensor self)",
    composite=lambda F, self: F._mul_scalar(
        F._add_scalar(F.erf(F._mul_scalar(self, math.sqrt(0.5))), 1), 0.5
    ),
    where=("special",),
    out=CAST,
    doc="The normal distribution function.",
    samples=lambda S: S.each(-2, 2),
)

# --- gamma functions


def _digamma_slope(F: Namespace, g: Any, self: Any) -> Any:
    return g * F.polygamma(1, self)


_special(
    "lgamma",
    special.lgamma,
    lambda F, g, self: g * F.digamma(self),
    "The logarithm of the absolute value of the gamma function.",
    0.5,
    4,
    "lgamma_vml_cpu",
    inplace="Tensor",
    where=("torch", "Tensor"),
)
_special(
    "gammaln",
    special.lgamma,
    lambda F, g, self: g * F.digamma(self),
    "The logarithm of the absolute value of the gamma function.",
    0.5,
    4,
    "lgamma_vml_cpu",
    node="LgammaBackward0",
)
_special(
    "digamma",
    special.digamma,
    _digamma_slope,
    "The derivative of the logarithm of the gamma function.",
    0.5,
    4,
    "digamma",
    inplace="Tensor",
    where=BOTH,
)
_special(
    "psi",
    special.digamma,
    _digamma_slope,
    "The derivative of the logarithm of the gamma function.",
    0.5,
    4,
    "digamma",
    node="DigammaBackward0",
)


def _polygamma(n: int, self: Any) -> Any:
    if n == 0:
        return special.digamma(self)
    return special.polygamma(n, self)


def _check_order(n: int, self: Any) -> None:
    if n < 0:
        raise RuntimeError("polygamma(n, x) does not support negative n.")
    supports(complex=("digamma", "trigamma", "polygamma")[min(n, 2)])(self)


op(
    "polygamma(int n, Tensor self)",
    kernel=_polygamma,
    vjp={"self": lambda F, g, n, self: g * F.polygamma(n + 1, self)},
    jvp=ELEMENTWISE,
    promote="float",
    batching=ELEMENTWISE,
    where=("torch", "special"),
    check=_check_order,
    doc="The n-th derivative of digamma.",
    samples=lambda S: [S(order, S.uniform(0.5, 4, 2, 3)) for order in (0, 1, 2, 3)],
)
op(
    "polygamma_method(Tensor self, int n)",
    name="polygamma",
    composite=lambda F, self, n: F.polygamma(n, self),
    where=("Tensor",),
    inplace=True,
    doc="The n-th derivative of digamma.",
    samples=lambda S: [] if S.dtype.is_complex else [S(S.uniform(0.5, 4, 2, 3), 1)],
)


def _check_mvlgamma(self: Any, p: int) -> None:
    if p < 1:
        raise RuntimeError("p has to be greater than or equal to 1")
    supports(
        complex="arange_cpu",
        boolean=RuntimeError("The input tensor may not be a boolean tensor."),
    )(self)


def _mvlgamma(self: Any, p: int) -> Any:
    total = p * (p - 1) / 4 * math.log(math.pi)
    for i in runtime.watched(range(p)):
        total = total + special.lgamma(self - i / 2)
    return np.asarray(total, self.dtype, order="C")[()]


def _mvlgamma_slope(F: Namespace, g: Any, self: Any, p: int) -> Any:
    total = F.digamma(self)
    for i in runtime.watched(range(1, p)):
        total = total + F.digamma(self - i / 2)
    return g * total


for _name, _where in (("mvlgamma", ("torch", "Tensor")), ("multigammaln", ("special",))):
    op(
        f"{_name}(Tensor self, int p)",
        kernel=_mvlgamma,
        vjp={"self": _mvlgamma_slope},
        jvp=ELEMENTWISE,
        node="MvlgammaBackward0",
        keeps_layout=True,
        promote="float",
        batching=ELEMENTWISE,
        inplace="Tensor" if "Tensor" in _where else False,
        where=_where,
        check=_check_mvlgamma,
        out=_MVLGAMMA if _name == "mvlgamma" else CAST,
        doc="The logarithm of the multivariate gamma function of dimension `p`.",
        samples=lambda S: [S(S.uniform(2, 4, 2, 3), 2), S(S.uniform(2, 4, 3), 1)],
    )


def _gamma_density(F: Namespace, g: Any, self: Any, other: Any) -> Any:
    return g * F.exp((self - 1) * F.log(other) - other - F.lgamma(self))


def _missing(name: str) -> Any:
    def slope(F: Namespace, g: Any) -> Any:
        raise NotImplementedError(f"the derivative for '{name}' is not implemented.")

    return slope


_kernel: Any
for _name, _kernel, _sign, _twin in (
    ("igamma", special.gammainc, 1, "gammainc"),
    ("igammac", special.gammaincc, -1, "gammaincc"),
):

    def _second(sign: int) -> Any:
        return lambda F, g, self, other: _gamma_density(F, g * sign, self, other)

    for _public, _where in ((_name, ("torch", "Tensor")), (_twin, ("special",))):
        op(
            f"{_public}(Tensor self, Tensor other)",
            numbers=False,
            kernel=_kernel,
            vjp={"self": _missing(f"{_name}: input"), "other": _second(_sign)},
            jvp={"self": without_forward(_name), "other": _second(_sign)},
            node=f"{_name.title()}Backward0",
            promote="number",
            batching=ELEMENTWISE,
            inplace="Tensor" if "Tensor" in _where else False,
            where=_where,
            check=supports(**refusing(("complex", "integer", "boolean"), f"{_name}_cpu")),
            doc="The regularized incomplete gamma function of `self` at `other`"
            + (", from `other` on." if _sign < 0 else "."),
            samples=lambda S: [S.edge(S.uniform(0.5, 3, 2, 3), S.uniform(0.5, 3, 3))],
        )


def _zeta_slope(F: Namespace, g: Any, self: Any, other: Any) -> Any:
    return g * -self * F.zeta(self + 1, other)


def _zeta_number_slope(F: Namespace, g: Any, self: Any, other: Any) -> Any:
    return g * -self * F.zeta_base(self + 1, other)


_ZETA: dict[str, Any] = {
    "name": "zeta",
    "promote": "float",
    "batching": ELEMENTWISE,
    "where": ("special",),
    "check": supports(complex="zeta_cpu", numbers=True),
    "doc": "The Hurwitz zeta function.",
}
op(
    "zeta(Tensor self, Tensor other)",
    numbers=False,
    kernel=special.zeta,
    vjp={"self": _missing("zeta"), "other": _zeta_slope},
    jvp={"self": without_forward("special_zeta"), "other": _zeta_slope},
    node="SpecialZetaBackward0",
    samples=lambda S: [S.edge(S.uniform(1.5, 3, 3), S.uniform(0.5, 3, 3))],
    **_ZETA,
)
op(
    "zeta_base(Number self, Tensor other)",
    kernel=lambda self, other: special.zeta(other.dtype.type(self), other),
    vjp={"other": _zeta_number_slope},
    jvp={"other": _zeta_number_slope},
    node="SpecialZetaBackward1",
    samples=lambda S: [S(2.5, S.uniform(0.5, 3, 2, 3))],
    **_ZETA,
)
op(
    "zeta_scalar(Tensor self, Number other)",
    kernel=lambda self, other: special.zeta(self, self.dtype.type(other)),
    vjp={"self": _missing("zeta")},
    jvp={"self": without_forward("special_zeta")},
    node="SpecialZetaBackward2",
    samples=lambda S: [S.edge(S.uniform(1.5, 3, 3), 1.0)],
    **_ZETA,
)

# --- Bessel functions


def _i1_slope(F: Namespace, g: Any, self: Any, out: Any) -> Any:
    large = F.gt(F.abs(self), 1e-300)
    return g * F.where(large, F.i0(self) - out / F.where(large, self, 1), 0.5)


def _i1e_slope(F: Namespace, g: Any, self: Any, out: Any) -> Any:
    large = F.gt(F.abs(self), 1e-300)
    safe = F.where(large, self, 1)
    return g * F.where(large, F.i0e(self) - out * (F.sgn(self) + 1 / safe), 0.5)


_special(
    "i0",
    special.i0,
    lambda F, g, self: g * F.i1(self),
    "The modified Bessel function of the first kind of order 0.",
    -2,
    2,
    "i0_vml_cpu",
    where=BOTH,
)
_special(
    "i0e",
    special.i0e,
    lambda F, g, self, out: g * (F.i1e(self) - F.sgn(self) * out),
    "exp(-|x|) times i0(x).",
    0.3,
    2,
    "i0e_cpu",
    node="SpecialI0EBackward0",
)
_special(
    "i1",
    special.i1,
    _i1_slope,
    "The modified Bessel function of the first kind of order 1.",
    0.3,
    2,
    "i1_cpu",
    node="SpecialI1Backward0",
)
_special(
    "i1e",
    special.i1e,
    _i1e_slope,
    "exp(-|x|) times i1(x).",
    0.3,
    2,
    "i1e_cpu",
    node="SpecialI1EBackward0",
)
for _name, _kernel, _doc in (
    ("bessel_j0", special.j0, "The Bessel function of the first kind of order 0."),
    ("bessel_j1", special.j1, "The Bessel function of the first kind of order 1."),
    ("bessel_y0", special.y0, "The Bessel function of the second kind of order 0."),
    ("bessel_y1", special.y1, "The Bessel function of the second kind of order 1."),
    ("modified_bessel_i0", special.i0, "The modified Bessel function I of order 0."),
    ("modified_bessel_i1", special.i1, "The modified Bessel function I of order 1."),
    ("modified_bessel_k0", special.k0, "The modified Bessel function K of order 0."),
    ("modified_bessel_k1", special.k1, "The modified Bessel function K of order 1."),
    ("scaled_modified_bessel_k0", special.k0e, "exp(x) times modified_bessel_k0(x)."),
    ("scaled_modified_bessel_k1", special.k1e, "exp(x) times modified_bessel_k1(x)."),
    ("spherical_bessel_j0", special.spherical_j0, "sin(x) / x."),
    ("airy_ai", special.airy_ai, "The Airy function Ai."),
):
    _special(_name, _kernel, None, _doc, 0.3, 3, f"{_name}_cpu")

# --- other names


def _entr_slope(F: Namespace, g: Any, self: Any) -> Any:
    return g * -(F.log(self) + 1)


_special(
    "entr",
    special.entr,
    _entr_slope,
    "-x * log(x), zero at zero.",
    0.2,
    2,
    "entr_cpu",
    node="SpecialEntrBackward0",
)
op(
    "expit(Tensor self)",
    composite=lambda F, self: F.sigmoid(self),
    where=("special",),
    doc="The logistic function, sigmoid.",
    samples=lambda S: S.each(-2, 2),
)
for _name, _doc in (
    ("exp2", "Two to the power of each element."),
    ("expm1", "exp(x) - 1, exact for small x."),
    ("log1p", "log(1 + x), exact for small x."),
    ("sinc", "sin(πx) / (πx), one at zero."),
):

    def _same(name: str) -> Any:
        return lambda F, self: getattr(F, name)(self)

    op(
        f"special_{_name}(Tensor self)",
        name=_name,
        composite=_same(_name),
        where=("special",),
        doc=_doc,
        samples=lambda S: S.each(0.2, 2),
    )
op(
    "special_round(Tensor self, *, int decimals=0)",
    name="round",
    composite=lambda F, self, decimals: F.round_decimals(self, decimals=decimals),
    where=("special",),
    out=FOUND,
    doc="The nearest number with so many decimals; halves go to the even one.",
    samples=lambda S: [S(S.normal(3)), S(S.normal(3), decimals=1)],
)
