"""Special functions that NumPy lacks, on arrays and scalars of real floating types.

All compute in float64 and round once to the type of their arguments; scalars give scalars. Each
module cites where its formulas and coefficients were published.
"""

from .bessel import airy_ai, i0, i0e, i1, i1e, j0, j1, k0, k0e, k1, k1e, spherical_j0, y0, y1
from .elementary import entr, sinc, xlog1py, xlogy
from .error import erf, erfc, erfcx, erfinv, log_ndtr, ndtr, ndtri
from .gamma import digamma, gammainc, gammaincc, lgamma, polygamma, zeta

__all__ = [
    "airy_ai",
    "digamma",
    "entr",
    "erf",
    "erfc",
    "erfcx",
    "erfinv",
    "gammainc",
    "gammaincc",
    "i0",
    "i0e",
    "i1",
    "i1e",
    "j0",
    "j1",
    "k0",
    "k0e",
    "k1",
    "k1e",
    "lgamma",
    "log_ndtr",
    "ndtr",
    "ndtri",
    "polygamma",
    "sinc",
    "spherical_j0",
    "xlog1py",
    "xlogy",
    "y0",
    "y1",
    "zeta",
]
