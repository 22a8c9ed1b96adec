"""A thin Python face of gradcli: `import gradcli.torch as torch`.

Names are found in the same tables that programs use, at their first use.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

from ..func import custom as _custom  # noqa: F401  (custom Functions under transforms)
from . import methods as _methods  # noqa: F401  (gives Tensor its methods)
from . import namespaces as _namespaces
from . import nodes as _nodes  # noqa: F401  (gives nodes their text and attributes)


class _Face(ModuleType):
    """A module whose attributes come from the tables."""

    def __getattr__(self, name: str) -> Any:
        path = self.__dict__["_path"]
        if name.startswith("__") and name != "__version__":
            raise AttributeError(name)
        try:
            found = _namespaces.lookup(path, name)
        except KeyError:
            raise AttributeError(f"module '{path}' has no attribute '{name}'") from None
        if isinstance(found, _namespaces.Module):
            found = _face(found.name)
        setattr(self, name, found)
        return found

    def __dir__(self) -> list[str]:
        return _namespaces.names(self.__dict__["_path"])


def _face(path: str) -> _Face:
    name = "gradcli." + path
    existing = sys.modules.get(name)
    if isinstance(existing, _Face):
        return existing
    face = _Face(name)
    face.__dict__["_path"] = path
    sys.modules[name] = face
    return face


_path = "torch"
sys.modules[__name__].__class__ = _Face
for _name in ("autograd", "func", "nn", "nn.functional", "linalg", "special", "fft"):
    _face(f"torch.{_name}")
