"""Batch normalisation; Ioffe and Szegedy (2015)."""

from __future__ import annotations

from typing import Any

from ..tensor.device import check_device
from ..tensor.dtypes import int64
from ..tensor.tensor import Tensor, shape_of
from . import init
from .functions import F, method, torch
from .lazy import LazyModuleMixin, UninitializedBuffer, UninitializedParameter
from .linear import empty_parameter
from .module import Module
from .shapes import rank, sizes


class NormBase(Module):
    """Weight and bias a channel, and running statistics."""

    _version = 2
    weight: Any
    bias: Any
    running_mean: Any
    running_var: Any
    num_batches_tracked: Any

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__()
        check_device("empty", device)
        self.num_features = num_features
        self.eps = eps
        self.momentum = momentum
        self.affine = affine
        self.track_running_stats = track_running_stats
        for name, wanted in (("weight", affine), ("bias", affine and bias)):
            self.register_parameter(
                name, empty_parameter(num_features, dtype=dtype) if wanted else None
            )
        if track_running_stats:
            self.register_buffer("running_mean", torch.zeros(num_features, dtype=dtype))
            self.register_buffer("running_var", torch.ones(num_features, dtype=dtype))
            self.register_buffer("num_batches_tracked", torch.tensor(0, dtype=int64))
        else:
            for name in ("running_mean", "running_var", "num_batches_tracked"):
                self.register_buffer(name, None)
        self.reset_parameters()

    def reset_running_stats(self) -> None:
        """Mean 0, variance 1, no batches."""
        if self.track_running_stats:
            torch.zero_(self.running_mean)
            torch.fill_(self.running_var, 1)
            torch.zero_(self.num_batches_tracked)

    def reset_parameters(self) -> None:
        """Weight 1, bias 0, and no statistics."""
        self.reset_running_stats()
        if self.affine:
            init.ones_(self.weight)
            if self.bias is not None:
                init.zeros_(self.bias)

    def _check_input_dim(self, input: Tensor) -> None:
        raise NotImplementedError

    def extra_repr(self) -> str:
        """The settings."""
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, "
            f"affine={self.affine}, bias={self.bias is not None}, "
            f"track_running_stats={self.track_running_stats}"
        )

    def _load_from_state_dict(
        self,
        state_dict: Any,
        prefix: str,
        local_metadata: Any,
        strict: bool,
        missing_keys: list[str],
        unexpected_keys: list[str],
        error_msgs: list[str],
    ) -> None:
        version = local_metadata.get("version", None)
        if (version is None or version < 2) and self.track_running_stats:
            key = prefix + "num_batches_tracked"
            if key not in state_dict:  # states of old had none
                own = self.num_batches_tracked
                state_dict[key] = own if own is not None else torch.tensor(0, dtype=int64)
        super()._load_from_state_dict(
            state_dict,
            prefix,
            local_metadata,
            strict,
            missing_keys,
            unexpected_keys,
            error_msgs,
        )


class _BatchNorm(NormBase):
    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(
            num_features, eps, momentum, affine, track_running_stats, device, dtype, bias=bias
        )

    def forward(self, input: Tensor) -> Any:
        """Normalise each channel, with the statistics of the batch in training."""
        self._check_input_dim(input)
        share = 0.0 if self.momentum is None else self.momentum
        if self.training and self.track_running_stats and self.num_batches_tracked is not None:
            method.add_(self.num_batches_tracked, 1)
            if self.momentum is None:
                share = 1.0 / float(self.num_batches_tracked.array)
        fresh = self.training or (self.running_mean is None and self.running_var is None)
        kept = not self.training or self.track_running_stats
        return F.batch_norm(
            input,
            self.running_mean if kept else None,
            self.running_var if kept else None,
            self.weight,
            self.bias,
            fresh,
            share,
            self.eps,
        )


class BatchNorm1d(_BatchNorm):
    """Normalises the channels of `(N, C)` or `(N, C, L)`."""

    def _check_input_dim(self, input: Tensor) -> None:
        count = rank(input)
        if count not in (2, 3):
            raise ValueError(f"expected 2D or 3D input (got {count}D input)")


class BatchNorm2d(_BatchNorm):
    """Normalises the channels of `(N, C, H, W)`."""

    def _check_input_dim(self, input: Tensor) -> None:
        count = rank(input)
        if count != 4:
            raise ValueError(f"expected 4D input (got {count}D input)")


class BatchNorm3d(_BatchNorm):
    """Normalises the channels of `(N, C, D, H, W)`."""

    def _check_input_dim(self, input: Tensor) -> None:
        count = rank(input)
        if count != 5:
            raise ValueError(f"expected 5D input (got {count}D input)")


class SyncBatchNorm(_BatchNorm):
    """As BatchNorm: a program has one process, so there is nothing to synchronise."""

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        process_group: Any = None,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(
            num_features, eps, momentum, affine, track_running_stats, device, dtype, bias=bias
        )
        self.process_group = process_group

    def _check_input_dim(self, input: Tensor) -> None:
        count = rank(input)
        if count < 2:
            raise ValueError(f"expected at least 2D input (got {count}D input)")
        if shape_of(input)[1] == 0:
            raise ValueError("SyncBatchNorm number of input channels should be non-zero")


class LazyNormBase(LazyModuleMixin):
    """Normalisations whose `num_features` is what their first input has."""

    num_features: int
    affine: bool
    track_running_stats: bool
    weight: Any
    bias: Any
    running_mean: Any
    running_var: Any
    num_batches_tracked: Any

    def __init__(
        self,
        eps: float = 1e-5,
        momentum: float = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(0, eps, momentum, False, False)
        self.affine = affine
        self.track_running_stats = track_running_stats
        if affine:
            self.weight = UninitializedParameter(device=device, dtype=dtype)
            if bias:
                self.bias = UninitializedParameter(device=device, dtype=dtype)
        if track_running_stats:
            self.running_mean = UninitializedBuffer(device=device, dtype=dtype)
            self.running_var = UninitializedBuffer(device=device, dtype=dtype)
            self.num_batches_tracked = torch.tensor(0, dtype=int64)

    def _size(self) -> int:
        return self.num_features

    def initialize_parameters(self, input: Tensor) -> None:
        """Everything has one element a channel."""
        if self.has_uninitialized_params():
            self.num_features = sizes(input)[1]
            parts = (self.weight, self.bias, self.running_mean, self.running_var)
            for part in parts:
                if part is not None:
                    part.materialize((self.num_features,))
            self.reset_parameters()


for _function in (LazyNormBase.__init__, LazyNormBase.initialize_parameters):
    _function.__qualname__ = f"_{_function.__qualname__}"  # Python's errors show it


class LazyBatchNorm1d(LazyNormBase, BatchNorm1d):
    """A `BatchNorm1d` whose `num_features` is what its first input has."""

    cls_to_become = BatchNorm1d


class LazyBatchNorm2d(LazyNormBase, BatchNorm2d):
    """A `BatchNorm2d` whose `num_features` is what its first input has."""

    cls_to_become = BatchNorm2d


class LazyBatchNorm3d(LazyNormBase, BatchNorm3d):
    """A `BatchNorm3d` whose `num_features` is what its first input has."""

    cls_to_become = BatchNorm3d
