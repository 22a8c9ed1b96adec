"""Which functions take tensors for their results as `out=`; `outputs` writes into them."""

from __future__ import annotations

from .entry import Op

# Functions that compute in the dtype of their `out`, where no other is asked for.
TYPED = frozenset({"cumprod", "cumsum"})

# Compositions of other entries that have an `out=` of their own.
_COMPOSED = frozenset(
    {
        "avg_pool2d",
        "avg_pool3d",
        "chain_matmul",
        "cholesky",
        "column_stack",
        "cond",
        "conj_physical",
        "cross",
        "diag",
        "diff",
        "dstack",
        "fft",
        "fft2",
        "fftn",
        "ger",
        "hfft",
        "hstack",
        "ifft",
        "ifft2",
        "ifftn",
        "ihfft",
        "inner",
        "inv",
        "inverse",
        "irfft",
        "irfft2",
        "irfftn",
        "kron",
        "linear",
        "log_softmax",
        "logdet",
        "logsigmoid",
        "matmul",
        "matrix_norm",
        "matrix_power",
        "max",
        "min",
        "msort",
        "multi_dot",
        "nanmean",
        "nanquantile",
        "ndtr",
        "norm",
        "normalize",
        "outer",
        "pinv",
        "pinverse",
        "quantile",
        "rfft",
        "rfft2",
        "rfftn",
        "row_stack",
        "softmax",
        "solve",
        "solve_triangular",
        "take_along_dim",
        "tensordot",
        "vecdot",
        "vstack",
    }
)


def has_out(op: Op) -> bool:
    """Whether a function takes the tensors that its results go to."""
    return not op.view and (op.kernel is not None or op.name in _COMPOSED)
