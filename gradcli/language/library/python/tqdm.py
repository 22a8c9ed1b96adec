"""The module `tqdm`: a bar among the messages, where a terminal shows them."""

from __future__ import annotations

import time as host_time
from typing import Any

from gradcli.language.machine.sizes import index_of
from gradcli.language.machine.state import counted, machine
from gradcli.language.values.attributes import Module
from gradcli.language.values.constructors import callable_value
from gradcli.language.values.text import text

from .hosts import open_class
from .streams import STDOUT, is_terminal, write_all, write_message

_BLOCKS = 10
_PAUSE = 0.1  # seconds between two looks of the bar


class Bar:
    """`tqdm.tqdm`: an iterator over items, a context manager, or a counter by hand."""

    def __init__(
        self,
        iterable: Any = None,
        desc: Any = None,
        total: Any = None,
        leave: Any = True,
        file: Any = None,
        ncols: Any = None,
        mininterval: Any = 0.1,
        maxinterval: Any = 10.0,
        miniters: Any = None,
        ascii: Any = None,
        disable: Any = False,
        unit: Any = "it",
        unit_scale: Any = False,
        dynamic_ncols: Any = False,
        smoothing: Any = 0.3,
        bar_format: Any = None,
        initial: Any = 0,
        position: Any = None,
        postfix: Any = None,
        **others: Any,
    ) -> None:
        self.iterable = iterable
        if total is None and hasattr(type(iterable), "__len__"):
            total = len(iterable)
        self.total = total if type(total) in (int, float) else None
        self.desc = "" if desc is None else text(desc)
        self.postfix = ""
        self.n: Any = initial if type(initial) in (int, float) else 0
        self.disable = bool(disable)
        self.unit = text(unit)
        self.leave = bool(leave)
        self.started = self.shown = host_time.monotonic()
        self.width = 0
        self.live = is_terminal() and not self.disable

    def __iter__(self) -> Any:
        if self.iterable is None:
            raise TypeError("'NoneType' object is not iterable")
        return self._items()

    def _items(self) -> Any:
        for item in counted(self.iterable):
            yield item
            self.update(1)
        self.close()

    def __len__(self) -> int:
        if self.total is None:
            raise TypeError("object of type 'tqdm' has no len()")
        return int(self.total)

    def __enter__(self) -> Bar:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def update(self, n: Any = 1) -> None:
        """Count `n` more."""
        self.n += n if type(n) in (int, float) else float(n)
        if self.live and host_time.monotonic() - self.shown > _PAUSE:
            self.refresh()

    def refresh(self) -> None:
        """Draw the bar."""
        if self.live:
            self.shown = host_time.monotonic()
            line = self._line()
            write_message(f"\r{line:<{self.width}}")  # over what was longer
            self.width = len(line)

    def _line(self) -> str:
        took = self.shown - self.started
        rate = self.n / took if took > 0 else 0.0
        after = f"[{_clock(took)}, {rate:.2f}{self.unit}/s{self.postfix}]"
        head = f"{self.desc}: " if self.desc else ""
        if not self.total:
            return f"{head}{self.n}{self.unit} {after}"
        part = min(max(self.n / self.total, 0.0), 1.0)
        bar = "█" * int(part * _BLOCKS)
        left = _clock((self.total - self.n) / rate) if rate else "?"
        after = f"[{_clock(took)}<{left}, {rate:.2f}{self.unit}/s{self.postfix}]"
        return f"{head}{part:4.0%}|{bar:<{_BLOCKS}}| {self.n}/{self.total} {after}"

    def close(self) -> None:
        """End the bar."""
        if self.live:
            self.refresh()
            write_message("\n" if self.leave else f"\r{'':{self.width}}\r")
            self.live = False

    def set_description(self, desc: Any = None, refresh: Any = True) -> None:
        """The text in front."""
        self.desc = "" if desc is None else text(desc)

    def set_description_str(self, desc: Any = None, refresh: Any = True) -> None:
        """The text in front."""
        self.set_description(desc)

    def set_postfix(self, ordered_dict: Any = None, refresh: Any = True, **kwargs: Any) -> None:
        """Names and values behind."""
        given = {**(ordered_dict or {}), **kwargs}
        shown = [f"{name}={_short(value)}" for name, value in sorted(given.items())]
        self.postfix = f", {', '.join(shown)}" if shown else ""

    def set_postfix_str(self, s: Any = "", refresh: Any = True) -> None:
        """A text behind."""
        self.postfix = f", {text(s)}"

    def reset(self, total: Any = None) -> None:
        """Begin again."""
        self.n = 0
        if type(total) in (int, float):
            self.total = total

    @classmethod
    def write(cls, s: Any, file: Any = None, end: Any = "\n", nolock: Any = False) -> None:
        """Print a line beside the bar."""
        write_all(STDOUT if file is None else file, [text(s), end])


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(min(seconds, 1e9)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes:02d}:{rest:02d}"


def _short(value: Any) -> str:
    if isinstance(value, float | int) and not isinstance(value, bool):
        return f"{value:.3g}" if isinstance(value, float) else text(value)
    return text(value).strip()


open_class(
    Bar,
    "close desc disable leave n refresh reset set_description set_description_str set_postfix "
    "set_postfix_str total update write",
    module="tqdm.std",
    name="tqdm",
)


def _range(*args: Any, **kwargs: Any) -> Bar:
    return Bar(callable_value(range)(*map(index_of, args)), **kwargs)


def _names() -> dict[str, Any]:
    return {"tqdm": Bar, "trange": _range, "tqdm_notebook": Bar, "tnrange": _range}


def module() -> Module:
    """The module `tqdm`; its parts have the same names."""
    machine.spend(1)
    parts = {name: Module(f"tqdm.{name}", _names()) for name in ("auto", "notebook", "std")}
    return Module("tqdm", {**_names(), **parts})
