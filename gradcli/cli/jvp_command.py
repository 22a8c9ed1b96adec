"""`gradcli jvp`."""

from __future__ import annotations

from .one_shot import run

__all__ = ["run"]
