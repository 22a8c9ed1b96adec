"""The kernel's specification: the one thing that is installed, and taken away again."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

NAME = "gradcli"


def specification() -> dict[str, Any]:
    """What Jupyter is told: how to start the kernel, and how to interrupt it."""
    return {
        "argv": [sys.executable, "-m", "gradcli.jupyter", "-f", "{connection_file}"],
        "display_name": "gradcli",
        "language": "gradcli",
        "interrupt_mode": "message",
        "metadata": {"debugger": False},
    }


def install(prefix: str | None) -> str:
    """Write the specification below `prefix`, or for the user; the folder. Raises OSError."""
    from jupyter_client.kernelspec import KernelSpecManager

    with tempfile.TemporaryDirectory() as folder:
        text = json.dumps(specification(), indent=1) + "\n"
        (Path(folder) / "kernel.json").write_text(text, encoding="utf-8")
        manager = KernelSpecManager()
        where: str = manager.install_kernel_spec(folder, NAME, user=prefix is None, prefix=prefix)
    return where


def remove() -> str | None:
    """Take the specification away; the folder it was in, or None if there was none."""
    from jupyter_client.kernelspec import KernelSpecManager

    try:
        where: str = KernelSpecManager().remove_kernel_spec(NAME)
    except KeyError:
        return None
    return where
