"""Anomaly detection: a backward pass that stops at the first NaN and says where it came from."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..tensor.keeping import changed, keep
from ..tensor.tensor import Tensor
from .node import GraphError, Node, anomaly_checks


def warn_of_error(node: Node) -> None:
    """Warn that a node failed; the warning's `where` tells which call of the program made it."""
    warning: Any = UserWarning(f"Error detected in {node.title_in_pass}.")
    warning.where = node.where
    warnings.warn(warning, stacklevel=2)


def _check(node: Node, grads: Sequence[Any]) -> None:
    for index, grad in enumerate(grads):
        if grad is None:
            continue
        array = grad.array if isinstance(grad, Tensor) else grad
        if array is not None and array.dtype.kind in "fc" and np.isnan(array).any():
            error = GraphError(
                f"Function '{node.title_in_pass}' returned nan values in its {index}th output."
            )
            error.node = node
            raise error


def _watch(node: Node, grads: Sequence[Any]) -> None:
    """Anomaly mode without the test for NaN."""


def _set(checks: list[Any]) -> None:
    anomaly_checks[:] = checks


keep(lambda: list(anomaly_checks), _set)


def is_anomaly_enabled() -> bool:
    """Whether anomaly mode is on."""
    return bool(anomaly_checks)


def is_anomaly_check_nan_enabled() -> bool:
    """Whether anomaly mode looks for NaN."""
    return _watch not in anomaly_checks


class set_detect_anomaly:
    """Turn anomaly detection on or off, from the call on or for a block."""

    __module__ = "torch.autograd.anomaly_mode"

    def __init__(self, mode: bool, check_nan: bool = True) -> None:
        self.previous = list(anomaly_checks)
        self._set(mode, check_nan)

    def _set(self, mode: bool, check_nan: bool) -> None:
        changed()
        anomaly_checks[:] = [] if not mode else [_check if check_nan else _watch]

    def __enter__(self) -> None:
        """The mode is on already."""

    def __exit__(self, *details: object) -> None:
        anomaly_checks[:] = self.previous


class detect_anomaly(set_detect_anomaly):
    """A block in which every backward pass is checked for NaN."""

    __module__ = "torch.autograd.anomaly_mode"

    def __init__(self, check_nan: bool = True) -> None:
        self.previous = list(anomaly_checks)
        self.check_nan = check_nan
        warnings.warn(
            "Anomaly Detection has been enabled. This mode will increase the runtime and should "
            "only be enabled for debugging.",
            UserWarning,
            stacklevel=2,
        )

    def __enter__(self) -> None:
        self.previous = list(anomaly_checks)
        self._set(True, self.check_nan)
