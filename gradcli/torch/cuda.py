"""torch.cuda as on a machine without GPUs: questions are answered, everything else is an error."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

from ..tensor.mappings import OrderedDict


def _words(text: str) -> list[str]:
    return text.split()


_NO_CUDA = "Torch not compiled with CUDA enabled"


def _refused(name: str) -> Callable[..., NoReturn]:
    def refuse(*_: Any, **__: Any) -> NoReturn:
        raise AssertionError(_NO_CUDA)

    refuse.__name__ = refuse.__qualname__ = name
    refuse.__doc__ = "Raises AssertionError: there is no GPU."
    return refuse


def _nothing(name: str, value: Any, doc: str) -> Callable[..., Any]:
    def answer(*_: Any, **__: Any) -> Any:
        return value

    answer.__name__ = answer.__qualname__ = name
    answer.__doc__ = doc
    return answer


REFUSED = _words("""can_device_access_peer current_blas_handle current_device current_stream
    default_stream get_device_capability get_device_name get_device_properties
    get_rng_state init initial_seed ipc_collect mem_get_info synchronize""")
SILENT = "empty_cache manual_seed manual_seed_all seed seed_all set_rng_state set_rng_state_all"
ZERO = """max_memory_allocated max_memory_cached max_memory_reserved memory_allocated memory_cached
memory_reserved"""
NEVER = "is_available is_bf16_supported is_initialized is_tf32_supported"

globals().update({name: _refused(name) for name in REFUSED})
globals().update(
    {name: _nothing(name, None, "Accepted; there is no GPU.") for name in SILENT.split()}
)
globals().update({name: _nothing(name, 0, "0: there is no GPU.") for name in ZERO.split()})
globals().update({name: _nothing(name, False, "False: there is no GPU.") for name in NEVER.split()})


def device_count() -> int:
    """0: there is no GPU."""
    return 0


def get_arch_list() -> list[str]:
    """None: there is no GPU."""
    return []


def get_rng_state_all() -> list[Any]:
    """None: there is no GPU."""
    return []


def memory_stats(device: Any = None) -> OrderedDict[str, Any]:
    """None: there is no GPU."""
    return OrderedDict()


def set_device(device: Any) -> NoReturn:
    """Raises AttributeError: there is no GPU."""
    raise AttributeError("module 'torch._C' has no attribute '_cuda_setDevice'")


def reset_peak_memory_stats(device: Any = None) -> NoReturn:
    """Raises AttributeError: there is no GPU."""
    raise AttributeError("module 'torch._C' has no attribute '_cuda_resetPeakMemoryStats'")


def Stream(*_: Any, **__: Any) -> NoReturn:
    """Raises RuntimeError: there is no GPU."""
    raise RuntimeError("torch.cuda.Stream requires CUDA support")


def Event(*_: Any, **__: Any) -> NoReturn:
    """Raises RuntimeError: there is no GPU."""
    raise RuntimeError("Tried to instantiate dummy base class Event")


class device:
    """A block on a GPU: it cannot be entered."""

    __module__ = "torch.cuda"

    def __init__(self, device: Any) -> None:
        self.idx = device

    def __enter__(self) -> None:
        raise RuntimeError("PyTorch was compiled without CUDA support")

    def __exit__(self, *_: object) -> None:
        """Never entered."""


class TensorKind(type):
    """The classes of tensors on a GPU: no tensor is one, and none can be made."""

    def __instancecheck__(cls, value: object) -> bool:
        return False

    def __call__(cls, *_: Any, **__: Any) -> NoReturn:
        raise TypeError(f"type torch.cuda.{cls.__name__} not available. {_NO_CUDA}.")


TENSORS = _words("""BFloat16Tensor BoolTensor ByteTensor CharTensor DoubleTensor FloatTensor
    HalfTensor IntTensor LongTensor ShortTensor""")
globals().update({name: TensorKind(name, (), {"__module__": "torch.cuda"}) for name in TENSORS})
