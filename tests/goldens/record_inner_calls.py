"""Records what PyTorch says of arguments of a wrong kind in functions that it writes in Python.

Run with a Python that has PyTorch 2.13.0, from the root of the project:

    python tests/goldens/record_inner_calls.py

Such a function finds a wrong argument when it uses it: reads an attribute, compares it, or gives it
to a function in C++, which has another name and other positions. It writes
gradcli/table/call/inner_calls.json: for each function and parameter the attribute (`.size`), the
comparison (`<= int`), the inner function with the parameter's name, position (0 where it is given
by name) and kind, or another error, with `{}` for the value.
"""

from __future__ import annotations

import inspect
import json
import re
import warnings
from pathlib import Path
from typing import Any

import torch
from torch.nn import functional

T = torch.rand(3, 4)
SIGNS = torch.tensor([1, -1, 1])
CLASSES = torch.tensor([1, 0, 3])
ROW, IMAGE, VOLUME = torch.rand(1, 2, 6), torch.rand(1, 2, 6, 6), torch.rand(1, 2, 6, 6, 6)
INDICES = torch.zeros(1, 2, 6, dtype=torch.int64)
PAIR: dict[str, Any] = {"input": T, "target": T}
# Arguments with which a function works; those that are not listed work with a tensor alone.
CALLS: dict[str, dict[str, Any]] = {
    "adaptive_avg_pool2d": {"input": IMAGE, "output_size": 2},
    "adaptive_avg_pool3d": {"input": VOLUME, "output_size": 2},
    "affine_grid": {"theta": torch.rand(1, 2, 3), "size": (1, 1, 2, 2)},
    "batch_norm": {"input": T, "running_mean": T[0], "running_var": T[0], "training": True},
    "cosine_embedding_loss": {"input1": T, "input2": T, "target": SIGNS},
    "cross_entropy": {"input": T, "target": CLASSES},
    "ctc_loss": {
        "log_probs": torch.rand(5, 2, 4),
        "targets": torch.tensor([[1, 2], [2, 3]]),
        "input_lengths": torch.tensor([5, 5]),
        "target_lengths": torch.tensor([2, 2]),
    },
    "dropout1d": {"input": ROW},
    "dropout2d": {"input": IMAGE},
    "dropout3d": {"input": VOLUME},
    "embedding": {"input": CLASSES % 3, "weight": T},
    "embedding_bag": {"input": CLASSES[None] % 3, "weight": T},
    "fold": {"input": torch.rand(1, 8, 4), "output_size": (4, 4), "kernel_size": 2, "stride": 2},
    "fractional_max_pool2d": {"input": IMAGE, "kernel_size": 2, "output_size": 2},
    "fractional_max_pool3d": {"input": VOLUME, "kernel_size": 2, "output_size": 2},
    "gaussian_nll_loss": {**PAIR, "var": T},
    "grid_sample": {"input": IMAGE, "grid": torch.rand(1, 2, 2, 2)},
    "group_norm": {"input": T, "num_groups": 2},
    "instance_norm": {"input": ROW},
    "interpolate": {"input": IMAGE, "scale_factor": 2},
    "layer_norm": {"input": T, "normalized_shape": (4,)},
    "local_response_norm": {"input": ROW, "size": 2},
    "log_softmax": {"input": T, "dim": 1},
    "lp_pool1d": {"input": ROW, "norm_type": 2, "kernel_size": 2},
    "lp_pool2d": {"input": IMAGE, "norm_type": 2, "kernel_size": 2},
    "lp_pool3d": {"input": VOLUME, "norm_type": 2, "kernel_size": 2},
    "margin_ranking_loss": {"input1": T[0], "input2": T[0], "target": torch.ones(4)},
    "max_unpool1d": {"input": ROW, "indices": INDICES, "kernel_size": 2},
    "max_unpool2d": {"input": ROW, "indices": INDICES, "kernel_size": 2},
    "max_unpool3d": {"input": ROW[None], "indices": INDICES[None], "kernel_size": 2},
    "multi_margin_loss": {"input": T, "target": CLASSES},
    "multilabel_margin_loss": {"input": T, "target": torch.zeros(3, 4, dtype=torch.int64)},
    "nll_loss": {"input": T, "target": CLASSES},
    "pad": {"input": ROW, "pad": (1, 1)},
    "rms_norm": {"input": T, "normalized_shape": (4,)},
    "softmax": {"input": T, "dim": 1},
    "softmin": {"input": T, "dim": 1},
    "threshold": {"input": T, "threshold": 0.1, "value": 0.2},
    "triplet_margin_loss": {"anchor": T, "positive": T, "negative": T},
    "triplet_margin_with_distance_loss": {"anchor": T, "positive": T, "negative": T},
    "unfold": {"input": IMAGE, "kernel_size": 2},
    "upsample": {"input": IMAGE, "scale_factor": 2},
    "upsample_bilinear": {"input": IMAGE, "scale_factor": 2},
    "upsample_nearest": {"input": IMAGE, "scale_factor": 2},
}
# What these say of an argument depends on the others.
DEPENDING = {"fn", "interpolate", "upsample", "upsample_bilinear", "upsample_nearest"}
PAIRS = """binary_cross_entropy binary_cross_entropy_with_logits hinge_embedding_loss huber_loss
kl_div l1_loss mse_loss multilabel_soft_margin_loss poisson_nll_loss smooth_l1_loss
soft_margin_loss"""
CALLS |= dict.fromkeys(PAIRS.split(), PAIR)
ALONE = """alpha_dropout celu dropout elu feature_alpha_dropout glu hardsigmoid hardswish
hardtanh leaky_relu mish normalize relu relu6 rrelu selu sigmoid silu softsign tanh tanhshrink"""
CALLS["gumbel_softmax"] = {"logits": T}
CALLS |= {name: {"input": T} for name in ALONE.split()}
TARGET = Path(__file__).parents[2] / "gradcli" / "table" / "call" / "inner_calls.json"
GIVEN = re.compile(r"(\w+)\(\): argument '(\w+)'(?: \(position (\d+)\))? must be (.+), not Odd")
ATTRIBUTE = re.compile(r"'Odd' object has no attribute '(\w+)'")
COMPARED = re.compile(r"'([<>]=?)' not supported between instances of 'Odd' and '(\w+)'")


class Odd:
    """A value that no parameter takes."""

    def __repr__(self) -> str:
        return "<odd>"


def found(call: Any, given: dict[str, Any], name: str) -> str | None:
    """How a function finds that an argument is odd, or None."""
    try:
        call(**{**given, name: Odd()})
    except Exception as error:
        kind, text = type(error).__name__, str(error)
    else:
        return None
    if match := GIVEN.fullmatch(text):
        return f"{match[1]} {match[2]} {match[3] or 0} {match[4]}"
    if match := ATTRIBUTE.fullmatch(text):
        return f".{match[1]}"
    if match := COMPARED.fullmatch(text):
        return f"{match[1]} {match[2]}"
    return (
        None
        if "Odd" in text or call.__name__ in DEPENDING
        else f"{kind}: {text.replace('<odd>', '{}')}"
    )


def main() -> None:
    """Write what was found."""
    warnings.simplefilter("ignore")
    recorded = {}
    for name in sorted(CALLS):
        call = getattr(functional, name)
        call(**CALLS[name])
        words = {p: found(call, CALLS[name], p) for p in inspect.signature(call).parameters}
        recorded[name] = {p: text for p, text in words.items() if text}
    TARGET.write_text(json.dumps(recorded, indent=1) + "\n")
    print(f"{len(recorded)} functions")


if __name__ == "__main__":
    main()
