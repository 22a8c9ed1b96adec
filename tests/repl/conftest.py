"""Terminals for the tests of the REPL."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from terminal import Terminal

from gradcli.autograd.freed_values import Keeper
from gradcli.repl.session.interrupts import Interrupts
from gradcli.tensor import dtypes
from gradcli.tensor.runtime import runtime


@pytest.fixture(autouse=True)
def _settings() -> Iterator[None]:
    """Sessions in the tests' own process leave its modes as they were."""
    before = runtime.grad_enabled, dtypes.default.dtype
    yield
    runtime.grad_enabled, dtypes.default.dtype = before


@pytest.fixture(autouse=True)
def _sessions(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Sessions in the tests' own process give back their pipes and look at nothing any more."""
    made: list[Interrupts | Keeper] = []

    def note(kind: type[Interrupts | Keeper]) -> None:
        original = kind.__init__

        def noted(self: Any, *given: Any) -> None:
            original(self, *given)
            made.append(self)

        monkeypatch.setattr(kind, "__init__", noted)

    note(Interrupts)
    note(Keeper)
    yield
    for one in made:
        one.close()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Terminal]]:
    """Starts REPLs that end with the test; their home is the test's directory."""
    made: list[Terminal] = []

    def begin(*arguments: str, **options: Any) -> Terminal:
        wait = options.pop("wait", True)
        terminal = Terminal(tmp_path, *arguments, **options)
        made.append(terminal)
        if wait:
            terminal.ready(1)
        return terminal

    yield begin
    for terminal in made:
        terminal.close()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Terminal]:
    """One REPL for all tests of a module, which must not depend on each other's names."""
    terminal = Terminal(tmp_path_factory.mktemp("home"))
    terminal.ready(1)
    yield terminal
    terminal.close()
