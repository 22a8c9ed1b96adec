"""The module `io`: text in memory."""

from __future__ import annotations

from gradcli.language.values.attributes import Module

from .streams import TextInMemory


def module() -> Module:
    """The module `io`."""
    return Module("io", {"StringIO": TextInMemory})
