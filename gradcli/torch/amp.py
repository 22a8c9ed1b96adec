"""torch.amp: `autocast`, and the scaling of gradients.

While a block of `autocast` runs, the operations that PyTorch's CPU backend casts get a composite
that casts their tensors first; outside of such blocks nothing is looked at.
"""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from ..table.call.compiled import rest, resume
from ..table.entry import Op
from ..table.lookup import get_op
from ..table.memory.inplace import run_inplace
from ..tensor import dtypes
from ..tensor.device import Device
from ..tensor.dtypes import DType
from ..tensor.runtime import runtime
from ..tensor.tensor import Tensor, constant
from .methods import cast

# What is computed in the lower precision, and what always in float32.
_LOWER = """addbmm addmm baddbmm bmm conv1d conv2d conv3d conv_tbc conv_transpose1d
conv_transpose2d conv_transpose3d linalg_vecdot linear matmul mm prelu scaled_dot_product_attention
lstm gru rnn_tanh rnn_relu lstm_cell gru_cell rnn_tanh_cell rnn_relu_cell"""
_FULL = """avg_pool3d binary_cross_entropy binary_cross_entropy_with_logits grid_sample polar prod
prod_dim quantile nanquantile stft cdist trace view_as_complex cholesky cholesky_inverse
cholesky_solve inverse pinverse lu_solve mse_loss cosine_embedding_loss nll_loss
hinge_embedding_loss poisson_nll_loss smooth_l1_loss cross_entropy l1_loss huber_loss
margin_ranking_loss soft_margin_loss triplet_margin_loss multi_margin_loss ctc_loss kl_div
multilabel_margin_loss fft_fft fft_ifft fft_fft2 fft_ifft2 fft_fftn fft_ifftn fft_rfft fft_irfft
fft_rfft2 fft_irfft2 fft_rfftn fft_irfftn fft_hfft fft_ihfft linalg_cond linalg_matrix_rank
linalg_solve linalg_cholesky linalg_svdvals linalg_eigvals linalg_eigvalsh linalg_inv linalg_qr
linalg_eig linalg_eigh linalg_lstsq linalg_svd linalg_pinv geqrf orgqr ormqr"""


class _State:
    """What the blocks that run now ask for; `installed` has the composites that were there."""

    enabled = False
    dtype: DType = dtypes.bfloat16
    cache = True
    depth = 0
    installed: dict[str, tuple[Op, Any]] = {}  # noqa: RUF012


_state = _State()


def _install() -> None:
    for names, lower in ((_LOWER, True), (_FULL, False)):
        for name in names.split():
            try:
                op = get_op(name)
            except KeyError:
                continue
            _state.installed[name] = op, op.composite
            rest(op)
            op.composite = _casting(op, op.composite, lower)


def _uninstall() -> None:
    for op, composite in _state.installed.values():
        op.composite = composite
        resume(op)
    _state.installed.clear()


def _casting(op: Op, composite: Any, lower: bool) -> Callable[..., Any]:
    """What calls `op` with tensors cast as the block asks."""

    def run(F: Any, *args: Any) -> Any:
        if not F.is_traced:
            return op.kernel(*args) if composite is None else composite(F, *args)
        if _state.enabled:
            dtype = _state.dtype if lower else dtypes.float32
            args = tuple([_cast(value, dtype) for value in args])
        if composite is not None:
            return composite(F, *args)
        from ..table.call.dispatch import run as run_entry

        casting, op.composite = op.composite, None
        try:
            return run_entry(op, args)
        finally:
            op.composite = casting

    return run


def _cast(value: Any, dtype: DType) -> Any:
    if type(value) is Tensor:
        kind = value.dtype
        if kind is dtype or not kind.is_floating_point or kind is dtypes.float64:
            return value
        return cast(value, dtype)
    if type(value) in (list, tuple):
        return type(value)([_cast(item, dtype) for item in value])
    return value


# What stands for a function of a program; the language puts checked constructors in place.
function_of: list[Callable[[Any], Any]] = [lambda function: function]


class autocast:
    """A block, or a decorated function, in which chosen operations compute in lower precision."""

    __module__ = "torch.amp.autocast_mode"

    def __init__(
        self,
        device_type: str,
        dtype: DType | None = None,
        enabled: bool = True,
        cache_enabled: bool | None = None,
    ) -> None:
        if not isinstance(device_type, str):
            raise ValueError(f"Expected `device_type` of type `str`, got: `{type(device_type)}`")
        self.device = Device(device_type).type
        self.fast_dtype = dtype or (dtypes.bfloat16 if self.device == "cpu" else dtypes.float16)
        if enabled and self.device == "cuda":
            warnings.warn(
                "CUDA is not available or torch_xla is imported. Disabling autocast.",
                stacklevel=2,
            )
            enabled = False
        elif self.device not in ("cpu", "cuda"):
            Device(self.device).require()
        if enabled and self.fast_dtype not in (dtypes.bfloat16, dtypes.float16):
            warnings.warn(
                "In CPU autocast, but the target dtype is not supported. Disabling autocast.\n"
                "CPU Autocast only supports dtypes of torch.bfloat16, torch.float16 currently.",
                stacklevel=2,
            )
            enabled = False
        self._enabled = bool(enabled)
        self._cache_enabled = True if cache_enabled is None else bool(cache_enabled)
        self._before: list[tuple[bool, DType, bool]] = []

    def __enter__(self) -> autocast:
        self._before.append((_state.enabled, _state.dtype, _state.cache))
        if self.device == "cpu":
            if not _state.depth:
                _install()
            _state.depth += 1
            _state.enabled = self._enabled
            _state.dtype = self.fast_dtype
            _state.cache = self._cache_enabled
        return self

    def __exit__(self, *_: object) -> None:
        _state.enabled, _state.dtype, _state.cache = self._before.pop()
        if self.device == "cpu":
            _state.depth -= 1
            if not _state.depth:
                _uninstall()

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        function = function_of[-1](function)

        @functools.wraps(function)
        def decorated(*args: Any, **kwargs: Any) -> Any:
            with self:
                return function(*args, **kwargs)

        return decorated


class cpu_autocast(autocast):
    """`torch.cpu.amp.autocast`, the older name for the CPU."""

    __module__ = "torch.cpu.amp.autocast_mode"

    def __init__(
        self, enabled: bool = True, dtype: DType = dtypes.bfloat16, cache_enabled: bool = True
    ) -> None:
        _deprecated("cpu", "autocast")
        super().__init__("cpu", dtype, enabled, cache_enabled)


class cuda_autocast(autocast):
    """`torch.cuda.amp.autocast`, the older name for GPUs."""

    __module__ = "torch.cuda.amp.autocast_mode"

    def __init__(
        self, enabled: bool = True, dtype: DType = dtypes.float16, cache_enabled: bool = True
    ) -> None:
        _deprecated("cuda", "autocast")
        super().__init__("cuda", dtype, enabled, cache_enabled)


cpu_autocast.__name__ = cuda_autocast.__name__ = "autocast"
cpu_autocast.__qualname__ = cuda_autocast.__qualname__ = "autocast"


def _deprecated(device: str, name: str) -> None:
    warnings.warn(
        f"`torch.{device}.amp.{name}(args...)` is deprecated. Please use "
        f"`torch.amp.{name}('{device}', args...)` instead.",
        FutureWarning,
        stacklevel=3,
    )


def is_autocast_enabled(device_type: str | None = None) -> bool:
    """Whether a block of `autocast` runs for a device; GPUs without an argument."""
    return device_type == "cpu" and _state.enabled


def is_autocast_cpu_enabled() -> bool:
    """Whether a block of `autocast` runs for the CPU."""
    return _state.enabled


def is_autocast_available(device_type: str) -> bool:
    """Whether PyTorch has `autocast` for a device."""
    return Device(device_type).type in ("cpu", "cuda", "xpu", "mps", "hpu", "mtia", "xla", "ipu")


def is_autocast_cache_enabled() -> bool:
    """Whether casts are kept for the block, as was asked for; none are kept here."""
    return _state.cache


def get_autocast_dtype(device_type: str) -> DType:
    """The dtype that a block of `autocast` uses."""
    return _state.dtype if device_type == "cpu" else dtypes.float16


def get_autocast_cpu_dtype() -> DType:
    """The dtype that a block of `autocast` uses on the CPU."""
    return _state.dtype


# Scaling of gradients

_READY, _UNSCALED, _STEPPED = range(3)


class GradScaler:
    """Scales a loss up and gradients down, so that small ones survive in half precision.

    `step` leaves an optimizer alone whose gradients are not finite; `update` then lowers the
    scale, and raises it after enough good steps.
    """

    __module__ = "torch.amp.grad_scaler"

    def __init__(
        self,
        device: str = "cuda",
        init_scale: float = 2.0**16,
        growth_factor: float = 2.0,
        backoff_factor: float = 0.5,
        growth_interval: int = 2000,
        enabled: bool = True,
    ) -> None:
        self._device = device
        self._enabled = bool(enabled)
        if self._enabled and device == "cuda":
            warnings.warn(
                "torch.cuda.amp.GradScaler is enabled, but CUDA is not available.  Disabling.",
                stacklevel=2,
            )
            self._enabled = False
        if self._enabled:
            if not growth_factor > 1.0:
                raise AssertionError("The growth factor must be > 1.0.")
            if not backoff_factor < 1.0:
                raise AssertionError("The backoff factor must be < 1.0.")
        self._init_scale = init_scale
        self._scale: float | None = None
        self._growth_factor = growth_factor
        self._backoff_factor = backoff_factor
        self._growth_interval = growth_interval
        self._growth_tracker = 0
        self._stages: dict[int, tuple[Any, int, bool]] = {}  # optimizer, stage, infinite

    def _started(self, name: str) -> float:
        if self._scale is None:
            raise AssertionError(
                f"Attempted {name} but _scale is None.  This may indicate your script did not use "
                "scaler.scale(loss or outputs) earlier in the iteration."
            )
        return self._scale

    def scale(self, outputs: Any) -> Any:
        """A tensor, or each of an iterable of tensors, times the scale."""
        if not self._enabled:
            return outputs
        if self._scale is None:
            self._scale = float(np.float32(self._init_scale))
        if type(outputs) is Tensor:
            return outputs * constant((), dtypes.float32, self._scale)  # type: ignore[operator]
        if isinstance(outputs, Iterable) and not isinstance(outputs, str):
            scaled = map(self.scale, self._counted(outputs))
            return type(outputs)(scaled) if isinstance(outputs, list | tuple) else scaled
        raise ValueError("outputs must be a Tensor or an iterable of Tensors")

    def _counted(self, outputs: Iterable[Any]) -> Iterator[Any]:
        for item in outputs:
            runtime.spend(1)
            yield item

    def _gradients(self, optimizer: Any) -> Iterator[Tensor]:
        for group in optimizer.param_groups:
            for parameter in group["params"]:
                gradient = None if parameter.meta is None else parameter.meta.grad
                if gradient is not None:
                    yield gradient

    def _unscale(self, optimizer: Any) -> bool | None:
        """Divide the gradients by the scale; whether one is not finite, None without any."""
        scale = self._started("unscale_")
        factor = constant((), dtypes.float32, float(np.float32(1.0 / scale)))
        found: bool | None = None
        multiply = get_op("mul")
        enabled, runtime.grad_enabled = runtime.grad_enabled, False
        try:
            for gradient in self._gradients(optimizer):
                if gradient.dtype is dtypes.float16:
                    raise ValueError("Attempting to unscale FP16 gradients.")
                found = bool(found) or not bool(np.isfinite(gradient.array).all())
                run_inplace(multiply, (gradient, factor))
        finally:
            runtime.grad_enabled = enabled
        return found

    def unscale_(self, optimizer: Any) -> None:
        """Divide the gradients of an optimizer's parameters by the scale, before `step`."""
        if not self._enabled:
            return
        self._started("unscale_")
        stage = self._stages.get(id(optimizer), (optimizer, _READY, False))[1]
        if stage == _UNSCALED:
            raise RuntimeError(
                "unscale_() has already been called on this optimizer since the last update()."
            )
        if stage == _STEPPED:
            raise RuntimeError("unscale_() is being called after step().")
        found = self._unscale(optimizer)
        if found is not None:
            self._stages[id(optimizer)] = optimizer, _UNSCALED, found

    def step(self, optimizer: Any, *args: Any, **kwargs: Any) -> Any:
        """`optimizer.step()`, unless a gradient is not finite."""
        if not self._enabled:
            return optimizer.step(*args, **kwargs)
        if "closure" in kwargs:
            raise RuntimeError("Closure use is not currently supported if GradScaler is enabled.")
        self._started("step")
        _, stage, infinite = self._stages.get(id(optimizer), (optimizer, _READY, False))
        if stage == _STEPPED:
            raise RuntimeError("step() has already been called since the last update().")
        if stage == _READY:
            found = self._unscale(optimizer)
            if found is None:
                raise AssertionError("No inf checks were recorded for this optimizer.")
            infinite = found
        self._stages[id(optimizer)] = optimizer, _STEPPED, infinite
        return None if infinite else optimizer.step(*args, **kwargs)

    def update(self, new_scale: Any = None) -> None:
        """The next scale: a given one, or a lower one after gradients that were not finite."""
        if not self._enabled:
            return
        scale = self._started("update")
        if new_scale is not None:
            self._scale = float(new_scale)
        else:
            if not self._stages:
                raise AssertionError("No inf checks were recorded prior to update.")
            if any(infinite for _, _, infinite in self._stages.values()):
                self._scale = float(np.float32(scale * self._backoff_factor))
                self._growth_tracker = 0
            else:
                self._growth_tracker += 1
                if self._growth_tracker == self._growth_interval:
                    grown = float(np.float32(scale * self._growth_factor))
                    self._scale = grown if np.isfinite(grown) else scale
                    self._growth_tracker = 0
        self._stages = {}

    def get_scale(self) -> float:
        """The scale; 1.0 where scaling is off."""
        if not self._enabled:
            return 1.0
        return self._init_scale if self._scale is None else self._scale

    def get_growth_factor(self) -> float:
        """By what the scale grows."""
        return self._growth_factor

    def set_growth_factor(self, new_factor: float) -> None:
        """Set by what the scale grows."""
        self._growth_factor = new_factor

    def get_backoff_factor(self) -> float:
        """By what the scale shrinks."""
        return self._backoff_factor

    def set_backoff_factor(self, new_factor: float) -> None:
        """Set by what the scale shrinks."""
        self._backoff_factor = new_factor

    def get_growth_interval(self) -> int:
        """After how many good steps the scale grows."""
        return self._growth_interval

    def set_growth_interval(self, new_interval: int) -> None:
        """Set after how many good steps the scale grows."""
        self._growth_interval = new_interval

    def is_enabled(self) -> bool:
        """Whether it scales at all."""
        return self._enabled

    def state_dict(self) -> dict[str, Any]:
        """Its numbers; empty where scaling is off."""
        if not self._enabled:
            return {}
        return {
            "scale": self.get_scale(),
            "growth_factor": self._growth_factor,
            "backoff_factor": self._backoff_factor,
            "growth_interval": self._growth_interval,
            "_growth_tracker": self._growth_tracker,
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over what `state_dict` gave. Raises RuntimeError for an empty one."""
        if not self._enabled:
            return
        if len(state_dict) == 0:
            raise RuntimeError(
                "The source state dict is empty, possibly because it was saved from a disabled "
                "instance of GradScaler."
            )
        self._init_scale = state_dict["scale"]
        if self._scale is not None:
            self._scale = float(state_dict["scale"])
        self._growth_factor = state_dict["growth_factor"]
        self._backoff_factor = state_dict["backoff_factor"]
        self._growth_interval = state_dict["growth_interval"]
        self._growth_tracker = state_dict["_growth_tracker"]


class cuda_scaler(GradScaler):
    """`torch.cuda.amp.GradScaler`, the older name for GPUs."""

    __module__ = "torch.cuda.amp.grad_scaler"

    def __init__(
        self,
        init_scale: float = 2.0**16,
        growth_factor: float = 2.0,
        backoff_factor: float = 0.5,
        growth_interval: int = 2000,
        enabled: bool = True,
    ) -> None:
        _deprecated("cuda", "GradScaler")
        super().__init__(
            "cuda", init_scale, growth_factor, backoff_factor, growth_interval, enabled
        )


class cpu_scaler(GradScaler):
    """`torch.cpu.amp.GradScaler`, the older name for the CPU."""

    __module__ = "torch.cpu.amp.grad_scaler"

    def __init__(
        self,
        init_scale: float = 2.0**16,
        growth_factor: float = 2.0,
        backoff_factor: float = 0.5,
        growth_interval: int = 2000,
        enabled: bool = True,
    ) -> None:
        _deprecated("cpu", "GradScaler")
        super().__init__("cpu", init_scale, growth_factor, backoff_factor, growth_interval, enabled)


cuda_scaler.__name__ = cpu_scaler.__name__ = "GradScaler"
cuda_scaler.__qualname__ = cpu_scaler.__qualname__ = "GradScaler"


def custom_fwd(fwd: Any = None, *, device_type: str, cast_inputs: DType | None = None) -> Any:
    """A decorator of the `forward` of custom Functions; they get what they are given."""
    return (lambda given: given) if fwd is None else fwd


def custom_bwd(bwd: Any = None, *, device_type: str) -> Any:
    """A decorator of the `backward` of custom Functions."""
    return (lambda given: given) if bwd is None else bwd


def cuda_fwd(fwd: Any = None, *, cast_inputs: DType | None = None) -> Any:
    """`custom_fwd` by its older name."""
    return custom_fwd(fwd, device_type="cuda", cast_inputs=cast_inputs)


def cuda_bwd(bwd: Any) -> Any:
    """`custom_bwd` by its older name."""
    return custom_bwd(bwd, device_type="cuda")
