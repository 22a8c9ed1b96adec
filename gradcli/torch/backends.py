"""Settings of torch.backends: remembered and answered, since nothing here depends on them."""

from __future__ import annotations

from typing import Any

from ..tensor.keeping import changed, keep_mapping

# module -> what programs may read and set there, and what it is at first
_FLAGS: dict[str, dict[str, Any]] = {
    "torch.backends.cudnn": {
        "allow_tf32": True,
        "benchmark": False,
        "benchmark_limit": None,
        "deterministic": False,
        "enabled": True,
        "fp32_precision": "none",
    },
    "torch.backends.cuda.matmul": {
        "allow_bf16_reduced_precision_reduction": True,
        "allow_fp16_accumulation": False,
        "allow_fp16_reduced_precision_reduction": True,
        "allow_tf32": False,
        "fp32_precision": "none",
    },
    "torch.backends.mkldnn": {"deterministic": False, "enabled": True},
    "torch.backends.opt_einsum": {"enabled": False, "strategy": None},
    "torch.backends.quantized": {
        "engine": "x86",
        "supported_engines": ["qnnpack", "onednn", "x86", "fbgemm"],
    },
}
FLAGS = {module: dict(flags) for module, flags in _FLAGS.items()}  # what they are now
for _flags in FLAGS.values():
    keep_mapping(_flags)


def set_flag(module: str, name: str, value: Any) -> None:
    """Set what a program may set. Raises TypeError for what is no plain value."""
    if not isinstance(value, bool | int | str | None):
        raise TypeError(f"{module}.{name} is set to a bool, a number or a word here")
    changed()
    FLAGS[module][name] = value[:100] if isinstance(value, str) else value


class flags:
    """`torch.backends.cudnn.flags`: other settings inside a block."""

    __module__ = "torch.backends.cudnn"

    def __init__(
        self,
        enabled: bool = False,
        benchmark: bool = False,
        benchmark_limit: int = 10,
        deterministic: bool = False,
        allow_tf32: bool = True,
        fp32_precision: str = "none",
    ) -> None:
        self.given = {
            "enabled": enabled,
            "benchmark": benchmark,
            "benchmark_limit": benchmark_limit,
            "deterministic": deterministic,
            "allow_tf32": allow_tf32,
            "fp32_precision": fp32_precision,
        }
        self.before: list[dict[str, Any]] = []

    def __enter__(self) -> None:
        self.before.append(dict(FLAGS["torch.backends.cudnn"]))
        for name, value in self.given.items():
            set_flag("torch.backends.cudnn", name, value)

    def __exit__(self, *_: object) -> None:
        FLAGS["torch.backends.cudnn"].update(self.before.pop())


def get_cpu_capability() -> str:
    """The set of vector instructions that PyTorch names."""
    return "DEFAULT"


def is_acceptable(tensor: Any) -> bool:
    """False: there is no GPU."""
    return False


def set_sdp(enabled: bool) -> None:
    """Accepted; attention is computed one way."""


def version() -> None:
    """None: there is no such library."""


def is_flash_attention_available() -> bool:
    """False: there is no GPU."""
    return False
