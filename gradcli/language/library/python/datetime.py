"""The module `datetime`: moments and durations, with formats whose directives have no width."""

from __future__ import annotations

import datetime as host
from typing import Any

from gradcli.language.values.attributes import Module
from gradcli.language.values.python_types import TABLES
from gradcli.language.values.text import text

from .hosts import open_class
from .time import formatted


class Date(host.date):
    """`datetime.date`."""

    def strftime(self, format: Any) -> str:
        """The date in a format."""
        return formatted(format, lambda directive: host.date.strftime(self, directive))

    def __format__(self, spec: str) -> str:
        return self.strftime(spec) if spec else str(self)

    def __add__(self, other: Any) -> Any:
        return _ours(host.date.__add__(self, other))

    __radd__ = __add__

    def __sub__(self, other: Any) -> Any:
        return _ours(host.date.__sub__(self, other))

    def __repr__(self) -> str:
        return f"datetime.date({self.year}, {self.month}, {self.day})"


class DateTime(host.datetime):
    """`datetime.datetime`."""

    def strftime(self, format: Any) -> str:
        """The moment in a format."""
        return formatted(format, lambda directive: host.datetime.strftime(self, directive))

    def __format__(self, spec: str) -> str:
        return self.strftime(spec) if spec else str(self)

    def __add__(self, other: Any) -> Any:
        return _ours(host.datetime.__add__(self, other))

    __radd__ = __add__

    def __sub__(self, other: Any) -> Any:
        return _ours(host.datetime.__sub__(self, other))

    def date(self) -> Any:
        """The day."""
        return Date(self.year, self.month, self.day)

    def __repr__(self) -> str:
        rest = [self.second, self.microsecond]
        while rest and not rest[-1]:
            rest.pop()
        if self.microsecond:
            rest = [self.second, self.microsecond]
        parts = [self.year, self.month, self.day, self.hour, self.minute, *rest]
        return f"datetime.datetime({', '.join(map(str, parts))})"


class Duration(host.timedelta):
    """`datetime.timedelta`."""

    def __repr__(self) -> str:
        parts = [
            f"{name}={value}"
            for name, value in (
                ("days", self.days),
                ("seconds", self.seconds),
                ("microseconds", self.microseconds),
            )
            if value
        ]
        return f"datetime.timedelta({', '.join(parts) or '0'})"


def _of_durations(name: str) -> Any:
    method = vars(host.timedelta)[name]
    return lambda *args: _ours(method(*args))


for _name in (
    "add", "radd", "sub", "rsub", "mul", "rmul", "truediv", "floordiv", "mod", "neg", "pos", "abs",
):  # fmt: skip
    setattr(Duration, f"__{_name}__", _of_durations(f"__{_name}__"))


def _ours(value: Any) -> Any:
    """What the host answers, as a value of ours."""
    kind = type(value)
    if kind is host.timedelta:
        return Duration(value.days, value.seconds, value.microseconds)
    if kind is host.date:
        return Date(value.year, value.month, value.day)
    if kind is host.datetime:
        return DateTime(
            value.year, value.month, value.day, value.hour, value.minute, value.second,
            value.microsecond,
        )  # fmt: skip
    return value


def _of(kind: Any, name: str) -> Any:
    """A method of the class that makes an object."""
    method = getattr(kind, name)
    return staticmethod(lambda *args: method(*args))


for _kind in (Date, DateTime, Duration):
    _names = {
        Date: "day isoformat month strftime toordinal weekday isoweekday year",
        DateTime: "date day hour isoformat microsecond minute month second strftime timestamp "
        "weekday isoweekday year",
        Duration: "days microseconds seconds total_seconds",
    }[_kind]
    _title = {Date: "date", DateTime: "datetime", Duration: "timedelta"}[_kind]
    open_class(_kind, _names, module="datetime", name=_title)


def _now(tz: Any = None) -> Any:
    if tz is not None:
        raise TypeError("time zones are not in the language")
    return DateTime.now()


def _parsed(value: Any, format: Any) -> Any:
    raise ValueError(f"strptime is not in the language: write the date {text(value)} as numbers")


TABLES[DateTime].update(
    now=staticmethod(_now),
    today=_of(DateTime, "today"),
    utcnow=_of(DateTime, "utcnow"),
    fromtimestamp=_of(DateTime, "fromtimestamp"),
    fromisoformat=_of(DateTime, "fromisoformat"),
    strptime=staticmethod(_parsed),
)
TABLES[Date].update(
    today=_of(Date, "today"),
    fromisoformat=_of(Date, "fromisoformat"),
)


def module() -> Module:
    """The module `datetime`."""
    return Module("datetime", {"date": Date, "datetime": DateTime, "timedelta": Duration})
