"""The module `importlib.metadata`: which versions programs find."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcli.language.values.attributes import Module
from gradcli.torch import namespaces


class PackageNotFoundError(ModuleNotFoundError):
    """What `version` says of a package that is not there."""

    published = True

    def __str__(self) -> str:
        return f"No package metadata was found for {self.args[0]}"


PackageNotFoundError.__module__ = "importlib.metadata"


def _version(distribution_name: Any, /) -> str:
    if distribution_name == "torch":
        return str(namespaces.lookup("torch", "__version__"))
    if distribution_name == "numpy":
        return np.__version__
    raise PackageNotFoundError(distribution_name)


def module() -> Module:
    """The module `importlib`, which has nothing but `metadata`."""
    metadata = Module(
        "importlib.metadata",
        {"version": _version, "PackageNotFoundError": PackageNotFoundError},
    )
    return Module("importlib", {"metadata": metadata})
