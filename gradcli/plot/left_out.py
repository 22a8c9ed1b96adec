"""What a program asks of a figure and no picture here shows: it is taken, and told once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .words import plain, words


class LeftOut:
    """Whatever a program does with it, it goes on: calls, attributes and items are this again.

    It is told by whoever makes it; one made for the looks of a figure is not told at all.
    """

    def __call__(self, *args: Any, **kwargs: Any) -> LeftOut:
        return self

    def __getitem__(self, index: Any) -> LeftOut:
        return self

    def __setitem__(self, index: Any, value: Any) -> None:
        """Nothing is kept."""

    def __enter__(self) -> LeftOut:
        return self

    def __exit__(self, *args: Any) -> None:
        return None

    def __iter__(self) -> Iterator[Any]:
        return iter(())

    def __len__(self) -> int:
        return 0

    def __bool__(self) -> bool:
        return True

    def __contains__(self, item: Any) -> bool:
        return False

    def __repr__(self) -> str:
        return "<matplotlib object>"


LEFT_OUT = LeftOut()


class Notes:
    """The names of what was left out, each once, in the order they were asked for."""

    MOST = 20

    def __init__(self) -> None:
        self.names: dict[str, None] = {}

    def add(self, name: Any) -> None:
        """Note one."""
        if len(self.names) < self.MOST:
            self.names[words(name)] = None

    def take(self) -> list[str]:
        """Those noted since the last call."""
        found = list(self.names)
        self.names.clear()
        return found

    def sentence(self) -> str:
        """What a user is told about those noted since the last call; "" for none."""
        found = self.take()
        return f"left out of the figures: {plain(', '.join(found))}" if found else ""
