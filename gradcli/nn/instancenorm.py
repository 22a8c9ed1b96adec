"""Instance normalisation; Ulyanov et al. (2016)."""

from __future__ import annotations

import warnings
from typing import Any

from ..tensor.runtime import runtime
from ..tensor.tensor import Tensor, shape_of
from .batchnorm import LazyNormBase, NormBase
from .functions import F, torch
from .shapes import rank


class _InstanceNorm(NormBase):
    _unbatched = 0  # dimensions of an input without a batch

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float = 0.1,
        affine: bool = False,
        track_running_stats: bool = False,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(
            num_features, eps, momentum, affine, track_running_stats, device, dtype, bias=bias
        )

    def _check_input_dim(self, input: Tensor) -> None:
        count, least = rank(input), self._unbatched
        if count not in (least, least + 1):
            raise ValueError(f"expected {least}D or {least + 1}D input (got {count}D input)")

    def _normalised(self, input: Tensor) -> Any:
        return F.instance_norm(
            input,
            self.running_mean,
            self.running_var,
            self.weight,
            self.bias,
            self.training or not self.track_running_stats,
            self.momentum if self.momentum is not None else 0.0,
            self.eps,
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
        if version is None and not self.track_running_stats:
            found = [
                key
                for name in ("running_mean", "running_var")
                if (key := prefix + name) in state_dict
            ]
            if found:
                names = " and ".join(f'"{key}"' for key in found)
                kind = type(self).__name__
                error_msgs.append(
                    f"Unexpected running stats buffer(s) {names} for {kind} with "
                    "track_running_stats=False. If state_dict is a checkpoint saved before 0.4.0, "
                    f"this may be expected because {kind} does not track running stats by default "
                    "since 0.4.0. Please remove these keys from state_dict. If the running stats "
                    f"are actually needed, instead set track_running_stats=True in {kind} to "
                    f"enable them. See the documentation of {kind} for details."
                )
                for key in found:
                    state_dict.pop(key)
        super()._load_from_state_dict(
            state_dict,
            prefix,
            local_metadata,
            strict,
            missing_keys,
            unexpected_keys,
            error_msgs,
        )

    def forward(self, input: Tensor) -> Any:
        """Normalise each channel of each sample."""
        self._check_input_dim(input)
        shape = shape_of(input)
        channels = len(shape) - self._unbatched
        if shape[channels] != self.num_features:
            if self.affine:
                raise ValueError(
                    f"expected input's size at dim={channels} to match num_features "
                    f"({runtime.text(self.num_features)}), but got: {shape[channels]}."
                )
            warnings.warn(
                f"input's size at dim={channels} does not match num_features. You can silence this "
                "warning by not passing in num_features, which is not used because affine=False",
                stacklevel=2,
            )
        if len(shape) == self._unbatched:
            return torch.squeeze(self._normalised(torch.unsqueeze(input, 0)), 0)
        return self._normalised(input)


class InstanceNorm1d(_InstanceNorm):
    """Normalises the channels of `(N, C, L)` or `(C, L)`, each sample by itself."""

    _unbatched = 2


class InstanceNorm2d(_InstanceNorm):
    """Normalises the channels of `(N, C, H, W)` or `(C, H, W)`, each sample by itself."""

    _unbatched = 3


class InstanceNorm3d(_InstanceNorm):
    """Normalises the channels of `(N, C, D, H, W)` or `(C, D, H, W)`, each sample by itself."""

    _unbatched = 4


class LazyInstanceNorm1d(LazyNormBase, InstanceNorm1d):
    """An `InstanceNorm1d` whose `num_features` is what its first input has."""

    cls_to_become = InstanceNorm1d


class LazyInstanceNorm2d(LazyNormBase, InstanceNorm2d):
    """An `InstanceNorm2d` whose `num_features` is what its first input has."""

    cls_to_become = InstanceNorm2d


class LazyInstanceNorm3d(LazyNormBase, InstanceNorm3d):
    """An `InstanceNorm3d` whose `num_features` is what its first input has."""

    cls_to_become = InstanceNorm3d
