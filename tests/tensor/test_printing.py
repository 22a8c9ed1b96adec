"""Tensors, sizes and limits print as PyTorch recorded them in tests/goldens/printing.json."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gradcli.tensor import dtypes, limits
from gradcli.tensor.print_options import get_printoptions, set_printoptions
from gradcli.tensor.printing import (
    batched_text,
    format_tensor,
    grad_tracking_text,
    tangent_suffix,
    tensor_text,
)
from gradcli.tensor.runtime import LimitExceeded
from gradcli.tensor.tensor import Size

RECORD = json.loads(
    (Path(__file__).parents[1] / "goldens" / "printing.json").read_text(encoding="utf-8")
)
PYTHON = {"'int'": int, "'float'": float, "'bool'": bool, "'complex'": complex, "'str'": str}


@pytest.fixture(autouse=True)
def defaults() -> Iterator[None]:
    set_printoptions(profile="default")
    yield
    set_printoptions(profile="default")
    dtypes.default.dtype = dtypes.float32


def label(case: dict[str, Any]) -> str:
    names = ("array", "dtype", "default", "options", "graph", "transforms", "spec", "kind")
    return " ".join(str(case[name]) for name in names if name in case)


def elements(case: dict[str, Any]) -> Any:
    values = np.asarray(eval(case["array"], {"np": np}))
    dtype = dtypes.NAMES[case["dtype"]]
    with np.errstate(all="ignore"):
        return dtype.cast(values)


def outcome(function: Callable[[], object]) -> dict[str, Any]:
    try:
        return {"text": str(function())}
    except Exception as error:
        return {"error": [type(error).__name__, str(error)]}


def expected(case: dict[str, Any]) -> dict[str, Any]:
    return {name: case[name] for name in ("text", "error") if name in case}


@pytest.mark.parametrize("case", RECORD["tensors"], ids=label)
def test_tensor(case: dict[str, Any]) -> None:
    array = elements(case)
    dtype = dtypes.NAMES[case["dtype"]]
    dtypes.default.dtype = dtypes.NAMES[case.get("default", "float32")]
    set_printoptions(**case.get("options", {}))

    def text() -> str:
        suffixes = list(case.get("suffixes", ()))
        if "tangent" in case.get("graph", ""):
            tangent = array * 2
            suffixes.append(tangent_suffix(tangent, lambda: tensor_text(tangent, dtype)))
        result = tensor_text(array, dtype, suffixes=suffixes)
        for level, name in enumerate(case.get("transforms", ()), 1):
            if name == "grad":
                result = grad_tracking_text(level, result)
            else:
                result = batched_text(level, 0, result)
        return result

    assert outcome(text) == expected(case)


@pytest.mark.parametrize("case", RECORD["formats"], ids=label)
def test_format(case: dict[str, Any]) -> None:
    array = elements(case)

    def text() -> str:
        return tensor_text(array, dtypes.NAMES[case["dtype"]])

    assert outcome(lambda: format_tensor(array, case["spec"], text)) == expected(case)


@pytest.mark.parametrize("case", RECORD["options"], ids=lambda case: str(case["calls"]))
def test_options(case: dict[str, Any]) -> None:
    for call in case["calls"]:
        set_printoptions(**call)
    assert {name: repr(value) for name, value in get_printoptions().items()} == case["state"]


@pytest.mark.parametrize("case", RECORD["sizes"], ids=lambda case: str(case["shape"]))
def test_size(case: dict[str, Any]) -> None:
    assert repr(Size(case["shape"])) == case["text"]


@pytest.mark.parametrize("case", RECORD["limits"], ids=label)
def test_limits(case: dict[str, Any]) -> None:
    given: Any = PYTHON.get(case["dtype"]) or dtypes.NAMES[case["dtype"]]
    function = getattr(limits, case["kind"])
    assert outcome(lambda: function(given)) == expected(case)
    for name, value in case.get("attributes", {}).items():
        assert repr(getattr(function(given), name)) == value


def test_limits_of_the_default_dtype_compare_by_dtype() -> None:
    assert limits.finfo() == limits.finfo(dtypes.complex64)
    assert limits.finfo() != limits.finfo(dtypes.float64)
    dtypes.default.dtype = dtypes.float64
    assert limits.finfo() == limits.finfo(float)
    with pytest.raises(TypeError, match=r'^iinfo\(\) missing 1 required positional .*: "type"$'):
        limits.iinfo()


def test_limits_cannot_be_written() -> None:
    info = limits.finfo()
    with pytest.raises(
        AttributeError, match=r"^attribute 'eps' of 'torch.finfo' objects is not writable$"
    ):
        info.eps = 0.0
    with pytest.raises(AttributeError, match=r"^'torch.finfo' object has no attribute 'x'$"):
        info.x = 0.0
    assert info.eps == 2.0**-23


def test_a_summary_does_not_touch_the_rest() -> None:
    """A terabyte of elements that share their memory prints at once."""
    huge = np.broadcast_to(np.float32(0.5), (1 << 20, 1 << 20))
    started = time.perf_counter()
    text = tensor_text(huge, dtypes.float32)
    assert time.perf_counter() - started < 1.0
    assert text.count("\n") == 6
    assert text.count("0.5000") == 36


def test_printing_all_of_a_huge_tensor_is_refused() -> None:
    set_printoptions(profile="full")
    with pytest.raises(LimitExceeded) as caught:
        tensor_text(np.broadcast_to(np.float32(0.5), (1 << 20, 1 << 20)), dtypes.float32)
    assert caught.value.limit == "max-memory"
    set_printoptions(profile="default", precision=1 << 30)
    with pytest.raises(LimitExceeded):
        tensor_text(np.full(1000, 0.5, np.float32), dtypes.float32)
