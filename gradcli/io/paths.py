"""Fields by name, or by a path as jq writes it: `.pos.x`, `.v[0]`, `."b c"`, `.["b c"][-1]`."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from .errors import DataError

_STEP = re.compile(
    r"""\.(?P<name>[A-Za-z_][A-Za-z0-9_]*)
    | \.?(?P<quoted>"(?:[^"\\]|\\.)*")
    | \.?\[\s*(?P<index>-?\d{1,18})\s*\]
    | \.?\[\s*(?P<key>"(?:[^"\\]|\\.)*")\s*\]""",
    re.VERBOSE,
)


class Path:
    """Where a value is in a record: names of members and places in lists."""

    __slots__ = ("steps", "text")

    def __init__(self, text: str) -> None:
        """`text` is a path if it begins with a point, and else the name of a field.

        Raises DataError for what is no path.
        """
        self.text = text
        self.steps: list[str | int] = [] if text.startswith(".") else [text]
        place = 0
        while text.startswith(".") and place < len(text):
            match = _STEP.match(text, place)
            if match is None or (not place and match[0][0] != "."):
                raise DataError(
                    f"`{text}` is no path (at `{text[place:]}`)",
                    help='a path is written as in jq: .pos.x, .v[0] or ."a name"; '
                    "jq itself makes records of anything else",
                )
            quoted = match["quoted"] or match["key"]
            if quoted:
                try:
                    self.steps.append(json.loads(quoted))
                except ValueError:
                    raise DataError(f"`{text}`: {quoted} is no JSON string") from None
            elif match["index"]:
                self.steps.append(int(match["index"]))
            else:
                self.steps.append(match["name"])
            place = match.end()
        if not self.steps:
            raise DataError("a path leads to a field", help="such as .pos.x")

    def of(self, record: Mapping[str, Any]) -> Any:
        """The value in a record. Raises DataError where there is none."""
        value: Any = record
        for step in self.steps:
            if isinstance(step, int):
                if not isinstance(value, list) and not getattr(value, "shape", ()):
                    raise self._missing(record, f"[{step}] is asked of what is no list")
                if not -len(value) <= step < len(value):
                    raise self._missing(record, f"there are {len(value)} items")
            elif not isinstance(value, Mapping) or step not in value:
                raise self._missing(record, "")
            value = value[step]
        return value

    def of_columns(self, columns: Mapping[str, Any]) -> Any:
        """The values for all records that came as columns. Raises DataError."""
        first, *rest = self.steps
        if first not in columns:
            raise self._missing(columns, "")
        value = columns[first]  # type: ignore[index]
        for step in rest:
            if isinstance(step, str) and isinstance(value, Mapping) and step in value:
                value = value[step]
                continue
            shape: tuple[int, ...] = getattr(value, "shape", ())
            if not isinstance(step, int) or len(shape) < 2 or not -shape[1] <= step < shape[1]:
                raise self._missing(columns, "")
            value = value[:, step]
        return value

    def _missing(self, record: Mapping[str, Any], reason: str) -> DataError:
        from difflib import get_close_matches

        names = [str(name) for name in record]
        first = str(self.steps[0])
        near = [] if first in record else get_close_matches(first, names, 1)
        help = f"did you mean `{near[0]}`?" if near else ""
        shown = ", ".join(names[:5]) + (" …" if len(names) > 5 else "")
        return DataError(
            f"there is no field `{self.text}`" + (f": {reason}" if reason else ""),
            help=help or (f"fields are {shown}" if shown else ""),
        )


MOST = 1000  # values that are looked at


def inside(record: Mapping[str, Any], name: str) -> tuple[str, bool]:
    """The path to a member of this name that is deeper in a record, or "".

    With True the path is that of a list of objects, the first of which has it.
    """
    left: list[tuple[str, Any]] = [("", record)]
    for path, value in left:
        if isinstance(value, Mapping):
            if name in value and path:
                return f"{path}.{name}", False
            left += [(f"{path}{_step(str(key))}", item) for key, item in value.items()]
        elif isinstance(value, list) and isinstance(next(iter(value), None), Mapping):
            if name in value[0]:
                return path, True
            left.append((f"{path}[0]", value[0]))
        if len(left) > MOST:
            break
    return "", False


def _step(key: str) -> str:
    return f".{key}" if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", key) else f".{json.dumps(key)}"
