"""Windows, settings, histograms, methods over elements, and what PyTorch removed."""

from __future__ import annotations

import pytest
import replayed

import gradcli.torch as torch


def test_answers_are_pytorchs() -> None:
    wrong = replayed.differences("utilities")
    assert not wrong, "\n".join(wrong)


def test_settings_are_remembered() -> None:
    torch.set_deterministic_debug_mode("warn")
    assert torch.get_deterministic_debug_mode() == 1
    assert torch.are_deterministic_algorithms_enabled()
    torch.use_deterministic_algorithms(False)
    assert torch.get_deterministic_debug_mode() == 0
    torch.set_float32_matmul_precision("high")
    assert torch.get_float32_matmul_precision() == "high"
    torch.set_float32_matmul_precision("highest")


def test_warnings_may_come_every_time() -> None:
    from gradcli.table.checks import warn_once

    torch.set_warn_always(True)
    try:
        for _ in range(2):
            with pytest.warns(UserWarning, match="twice"):
                warn_once("twice")
    finally:
        torch.set_warn_always(False)
    assert not torch.is_warn_always_enabled()


def test_parts_of_a_sequence_are_computed_again() -> None:
    x = torch.tensor(0.5, requires_grad=True)
    y = torch.utils.checkpoint.checkpoint_sequential(
        [torch.sin, torch.exp, torch.tanh], 2, x, use_reentrant=False
    )
    y.backward()
    expected = torch.tensor(0.5, requires_grad=True)
    torch.tanh(torch.exp(torch.sin(expected))).backward()
    assert x.grad.item() == expected.grad.item()
