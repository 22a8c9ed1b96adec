"""Short-time Fourier transforms: frames of a signal, each times a window, and their inverse."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...kernels.strides import strides_of
from ...table.dtype_rules import is_complex
from ...table.entry import op
from ...table.schema import Namespace
from ...table.shape_rules import ndim
from ...tensor import dtypes
from ...tensor.notices import warn_once
from ...tensor.tensor import Tensor, make, shape_of
from ..shape.in_place import restructure
from .fourier import norm_mode


def _in_place(F: Namespace, tensor: Any, identifier: str, *args: Any) -> Any:
    """A view in place of a result that nothing else holds, as PyTorch's node for it says."""
    if tensor.level is not None:
        return getattr(F, identifier)(tensor, *args)
    return restructure(tensor, identifier, *args)


def _described(window: Any) -> str:
    if window is None:
        return "None"
    return f"{window.dtype.backend_name}{{{list(shape_of(window))}}}"


def _optional(value: Any) -> str:
    return "None" if value is None else str(int(value))


def _norm(normalized: bool) -> str | None:
    return "ortho" if normalized else None


def _frames(F: Namespace, input: Any, n_fft: int, hop: int) -> Any:
    """Overlapping frames of signals: (batch, frames, n_fft)."""
    if input.level is not None:
        return F.unfold(input, -1, n_fft, hop)
    batch, length = shape_of(input)
    rows, columns = strides_of(input.array)
    return F.as_strided(
        input, (batch, 1 + (length - n_fft) // hop, n_fft), (rows, hop * columns, columns)
    )


def _fitted(F: Namespace, window: Any, length: int, n_fft: int, like: Any) -> Any:
    """The window with zeros on both sides up to the length of a frame."""
    if window is None:
        window = _ones(length, like)
    left = (n_fft - length) // 2
    if length < n_fft:
        window = F.constant_pad_nd(window, (left, n_fft - length - left), 0)
    return window


def _ones(length: int, like: Any) -> Any:
    dtype = like.dtype.to_real()
    return make(dtype.cast(np.ones(length)), dtype)


def _stft(
    F: Namespace,
    input: Any,
    n_fft: int,
    hop_length: int | None,
    win_length: int | None,
    window: Any,
    center: bool,
    pad_mode: str,
    normalized: bool,
    onesided: bool | None,
    return_complex: bool | None,
    align_to_window: bool | None,
) -> Any:
    if center and align_to_window is not None:
        raise RuntimeError("stft align_to_window should only be set when center = false")
    if center:
        shape = shape_of(input)
        wide = F.view(input, (1,) * (3 - len(shape)) + shape)
        wide = F.pad(wide, (n_fft // 2, n_fft // 2), pad_mode)
        padded = shape_of(wide)
        input = F.view(wide, padded[len(padded) - len(shape) :])
    hop = n_fft // 4 if hop_length is None else hop_length
    width = n_fft if win_length is None else win_length
    if window is None:
        warn_once(
            "A window was not provided. A rectangular window will be applied,which is known to "
            "cause spectral leakage. Other windows such as torch.hann_window or torch.hamming_"
            "window are recommended to reduce spectral leakage.To suppress this warning and use a "
            "rectangular window, explicitly set `window=torch.ones(n_fft, device=<device>)`."
        )
    mixed = is_complex(input) or (window is not None and is_complex(window))
    told = return_complex
    if return_complex is None:
        if not mixed:
            raise RuntimeError(
                "stft requires the return_complex parameter be given for real inputs, and will "
                "further require that return_complex=True in a future PyTorch release."
            )
        return_complex = True
    elif not return_complex:
        warn_once(
            "stft with return_complex=False is deprecated. In a future pytorch release, stft will "
            "return complex tensors for all inputs, and return_complex=False will raise an error."
            "\nNote: you can still call torch.view_as_real on the complex output to recover the "
            "old return format."
        )
    _check_stft(input, n_fft, hop, width, window, normalized, onesided, told, align_to_window)
    if onesided is None:
        onesided = not mixed
    elif onesided and mixed:
        raise RuntimeError("Cannot have onesided output if window or input is complex")
    single = ndim(input) == 1
    if single:
        input = F.unsqueeze(input, 0)
    if align_to_window and width < n_fft:
        left = (n_fft - width) // 2
        input = F.constant_pad_nd(input, (left, n_fft - width - left), 0)
    frames = _frames(F, input, n_fft, hop)
    if window is not None or width < n_fft:
        frames = F.mul(frames, _fitted(F, window, width, n_fft, input))
    mode = norm_mode(_norm(normalized), True)
    if is_complex(frames):
        result = F._fft_c2c(frames, (2,), mode, True)
    else:
        result = F._fft_r2c(frames, (2,), mode, onesided)
    result = _in_place(F, result, "transpose", 1, 2)
    if single:
        result = _in_place(F, result, "squeeze_dim", 0)
    return result if return_complex else F.view_as_real(result)


def _check_stft(
    input: Any,
    n_fft: int,
    hop: int,
    width: int,
    window: Any,
    normalized: bool,
    onesided: bool | None,
    return_complex: bool | None,
    align_to_window: bool | None,
) -> None:
    shape = shape_of(input)
    call = (
        f"stft({input.dtype.backend_name}{list(shape)}, n_fft={n_fft}, hop_length={hop}, "
        f"win_length={width}, window={_described(window)}, normalized={int(normalized)}, "
        f"onesided={_optional(onesided)}, return_complex={_optional(return_complex)}, "
        f"align_to_window={_optional(align_to_window)}) : expected "
    )
    if input.dtype.category < dtypes.FLOATING:
        raise RuntimeError(call + "a tensor of floating point or complex values")
    if len(shape) not in (1, 2):
        raise RuntimeError(call + "a 1D or 2D tensor")
    if not 0 < n_fft <= shape[-1]:
        raise RuntimeError(f"{call}0 < n_fft < {shape[-1]}, but got n_fft={n_fft}")
    if hop <= 0:
        raise RuntimeError(f"{call}hop_length > 0, but got hop_length={hop}")
    if not 0 < width <= n_fft:
        raise RuntimeError(f"{call}0 < win_length <= n_fft, but got win_length={width}")
    if window is not None and shape_of(window) != (width,):
        raise RuntimeError(
            f"{call}a 1D window tensor of size equal to win_length={width}, but got window with "
            f"size {list(shape_of(window))}"
        )


op(
    "stft(Tensor input, int n_fft, int? hop_length=None, int? win_length=None, "
    "Tensor? window=None, bool center=True, str pad_mode='reflect', bool normalized=False, "
    "bool? onesided=None, bool? return_complex=None, bool? align_to_window=None)",
    composite=_stft,
    doc="The Fourier transforms of overlapping frames of a signal.",
    samples=lambda S: [
        S(S.normal(12), 4, return_complex=True),
        S(S.normal(2, 12), 6, 2, 4, return_complex=True),
        S(S.normal(12), 4, center=False, normalized=True, return_complex=True),
        S(S.normal(12), 4, pad_mode="constant", window=S.uniform(1, 2, 4), return_complex=True),
        S(S.normal(12), 5, return_complex=True, onesided=False),
        S(S.normal(3), 4, center=False, return_complex=True),
    ],
)


def _istft(
    F: Namespace,
    self: Any,
    n_fft: int,
    hop_length: int | None,
    win_length: int | None,
    window: Any,
    center: bool,
    normalized: bool,
    onesided: bool | None,
    length: int | None,
    return_complex: bool,
) -> Any:
    hop = n_fft // 4 if hop_length is None else hop_length
    width = n_fft if win_length is None else win_length
    call = (
        f"istft({self.dtype.backend_name}{list(shape_of(self))}, n_fft={n_fft}, "
        f"hop_length={hop}, win_length={width}, window={_described(window)}, "
        f"center={int(center)}, normalized={int(normalized)}, onesided={_optional(onesided)}, "
        f"length={'None' if length is None else length}, return_complex={int(return_complex)}) "
    )
    if window is None:
        warn_once(
            "A window was not provided. A rectangular window will be applied.Please provide the "
            "same window used by stft to make the inversion lossless.To suppress this warning and "
            "use a rectangular window, explicitly set `window=torch.ones(n_fft, device=<device>)`."
        )
    if not is_complex(self):
        raise RuntimeError(
            "istft requires a complex-valued input tensor matching the output from stft with "
            "return_complex=True."
        )
    shape = shape_of(self)
    if 0 in shape:
        raise RuntimeError(call + ": input tensor cannot be empty.")
    if len(shape) not in (2, 3):
        raise RuntimeError(
            f"{call}: expected a tensor with 3 or 4 dimensions, but got {len(shape) + 1}"
        )
    if onesided is None:
        onesided = shape[-2] != n_fft
    if onesided and shape[-2] != n_fft // 2 + 1:
        raise RuntimeError(
            f"{call}: expected the frequency dimension (3rd to the last) of the input tensor to "
            f"match n_fft / 2 + 1 when onesided=True, but got {shape[-2]}"
        )
    if not onesided and shape[-2] != n_fft:
        raise RuntimeError(
            f"{call}: expected the frequency dimension (3rd to the last) of the input tensor to "
            f"match n_fft when onesided=False, but got {shape[-2]}"
        )
    if not 0 < hop <= width:
        raise RuntimeError(f"{call}: expected 0 < hop_length <= win_length")
    if not 0 < width <= n_fft:
        raise RuntimeError(f"{call}: expected 0 < win_length <= n_fft")
    if window is not None and shape_of(window) != (width,):
        raise RuntimeError(
            f"{call}: Invalid window shape. window has to be 1D and length of `win_length`"
        )
    if return_complex and onesided:
        raise RuntimeError("Cannot have onesided output if window or input is complex")
    if window is not None and is_complex(window) and not return_complex:
        raise RuntimeError("Complex windows are incompatible with return_complex=False")
    weights = _fitted(F, window, width, n_fft, self)
    parts = F.view_as_real(self)
    single = len(shape) == 2
    if single:
        parts = F.unsqueeze(parts, 0)
    spectra = F.view_as_complex(F.transpose(parts, 1, 2))
    mode = norm_mode("ortho" if normalized else None, False)
    if return_complex:
        frames = F._fft_c2c(spectra, (2,), mode, False)
    else:
        if not onesided:
            spectra = F.slice(spectra, 2, 0, n_fft // 2 + 1)
        frames = F._fft_c2r(spectra, (2,), mode, n_fft)
    return _overlapped(F, frames, weights, n_fft, hop, center, length, single, call)


def _overlapped(
    F: Namespace,
    frames: Any,
    weights: Any,
    n_fft: int,
    hop: int,
    center: bool,
    length: int | None,
    single: bool,
    call: str,
) -> Any:
    """Frames added up where they overlap, over the squared windows added up likewise."""
    batch, count, _ = shape_of(frames)
    total = n_fft + hop * (count - 1)
    weighed = F.mul(frames, F.view(weights, (1, 1, n_fft)))
    signal = F.unfold_backward(weighed, (batch, total), 1, n_fft, hop)
    squares = F.expand(F.pow(weights, 2), (1, count, n_fft))
    envelope = F.unfold_backward(squares, (1, total), 1, n_fft, hop)
    start = n_fft // 2 if center else 0
    if length is not None:
        end = start + length
    else:
        end = total - n_fft // 2 if center else total
    stop = min(end, total)
    signal = F.slice(signal, 1, start, stop)
    envelope = F.slice(envelope, 1, start, stop)
    lowest = math.inf
    if type(envelope) is Tensor and envelope.level is None:
        lowest = float(np.min(np.abs(envelope.array), initial=math.inf))
    if lowest <= 1e-11:
        raise RuntimeError(f"{call}window overlap add min: 1\n[ CPUBoolType{{}} ]")
    signal = F.div(signal, envelope)
    if end > stop:
        warn_once(
            "The length of signal is shorter than the length parameter. Result is being padded "
            "with zeros in the tail. Please check your center and hop_length settings."
        )
        signal = F.constant_pad_nd(signal, (0, end - stop), 0)
    return F.squeeze_dim(signal, 0) if single else signal


op(
    "istft(Tensor input, int n_fft, int? hop_length=None, int? win_length=None, "
    "Tensor? window=None, bool center=True, bool normalized=False, bool? onesided=None, "
    "int? length=None, bool return_complex=False)",
    composite=_istft,
    doc="The signal whose overlapping frames have the given Fourier transforms.",
    samples=lambda S: (
        [
            S(S.normal(3, 5), 4),
            S(S.normal(2, 4, 5), 6, 2, 4, length=7),
            S(S.normal(4, 5), 4, window=S.tensor([1.0, 2.0, 3.0, 4.0]), onesided=False),
            S(S.normal(3, 5), 6),
        ]
        if S.dtype.is_complex
        else [S(S.normal(3, 5), 4)]
    ),
)
