"""The module `io`: texts and bytes in memory."""

from __future__ import annotations

from gradcli.language.values.attributes import Module

from .streams import TextInMemory


def module() -> Module:
    """The module `io`."""
    from gradcli.language.library.memory_files import BytesIO, open_file

    return Module("io", {"BytesIO": BytesIO, "StringIO": TextInMemory, "open": open_file})
