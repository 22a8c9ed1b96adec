"""Public names of distributions, nn, optim and utils.data are there, or say here why not."""

from __future__ import annotations

import json
import pathlib

import pytest

from gradcli.torch import namespaces

RECORDED: dict[str, list[str]] = json.loads(
    (pathlib.Path(__file__).parents[1] / "goldens" / "module_names.json").read_text("utf-8")
)
PLACES = ("torch.distributions", "torch.nn", "torch.optim", "torch.utils")
PIPES = "data pipes are deprecated"
ABSENT = {
    "DFIterDataPipe": PIPES,
    "DataChunk": PIPES,
    "IterDataPipe": PIPES,
    "MapDataPipe": PIPES,
    "argument_validation": PIPES,
    "functional_datapipe": PIPES,
    "guaranteed_datapipes_determinism": PIPES,
    "non_deterministic": PIPES,
    "runtime_validation": PIPES,
    "runtime_validation_disabled": PIPES,
    "Container": "deprecated since 2017, and does nothing",
    "CrossMapLRN2d": "PyTorch's gradient fails gradcheck; LocalResponseNorm is its successor",
    "LinearCrossEntropyOptions": "how many rows are computed at once: a matter of memory",
    "factory_kwargs": "internal to PyTorch's constructors",
    "UninitializedTensorMixin": "a base of PyTorch's own two classes",
    "convert_conv2d_weight_memory_format": "there is one memory format",
    "convert_conv3d_weight_memory_format": "there is one memory format",
    "fuse_conv_bn_eval": "fusion is a matter of speed on devices",
    "fuse_conv_bn_weights": "fusion is a matter of speed on devices",
    "fuse_linear_bn_eval": "fusion is a matter of speed on devices",
    "fuse_linear_bn_weights": "fusion is a matter of speed on devices",
    "DistributedDataParallel": "a program has one process",
    **dict.fromkeys(
        ("data_parallel", "gather", "parallel_apply", "replicate", "scatter"),
        "PyTorch refuses it where there are no GPUs",
    ),
    "swap_in_optimizer_params_and_state": "serves optimizers inside of compiled graphs",
}


def reason(module: str, name: str) -> str | None:
    if module == "torch.nn.init" or (module, name) == ("torch.nn.parallel", "data_parallel"):
        return None  # the second is there as a module
    return ABSENT.get(name)


@pytest.mark.parametrize("module", RECORDED)
def test_names_are_there_or_have_a_reason(module: str) -> None:
    present = set(namespaces.names(module))
    for name in RECORDED[module]:
        assert (name in present) != bool(reason(module, name)), name


def test_every_reason_is_of_a_name_of_pytorch() -> None:
    assert set(ABSENT) <= {name for names in RECORDED.values() for name in names}


@pytest.mark.parametrize("module", RECORDED)
def test_every_name_leads_somewhere(module: str) -> None:
    for name in namespaces.NAMES[module]:
        found = namespaces.lookup(module, name)
        assert found is not None, name
        if isinstance(found, type):
            assert found.__module__.startswith(PLACES), name


def test_every_class_says_the_module_that_has_it() -> None:
    for module in namespaces.NAMES:
        if module.startswith("torch.nn.modules."):
            for name in namespaces.NAMES[module]:
                found = namespaces.lookup(module, name)
                assert not isinstance(found, type) or found.__module__ == module, name
