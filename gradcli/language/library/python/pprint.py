"""The module `pprint`: containers on several lines, where one is too short for them."""

from __future__ import annotations

from typing import Any

from gradcli.language.machine.sizes import check_text, index_of, sort_in_place
from gradcli.language.machine.state import counted, machine
from gradcli.language.values.attributes import Module, load_attribute
from gradcli.language.values.classes import is_made
from gradcli.language.values.text import MAX_WIDTH, refuse_width, text_repr
from gradcli.tensor.mappings import OrderedDict

from .hosts import deeper_call, open_class
from .streams import STDOUT, writer_of

_DEEPER: dict[Any, str] = {dict: "{...}", list: "[...]", tuple: "(...)"}


class Printer:
    """`pprint.PrettyPrinter`."""

    def __init__(
        self,
        indent: Any = 1,
        width: Any = 80,
        depth: Any = None,
        stream: Any = None,
        *,
        compact: Any = False,
        sort_dicts: Any = True,
        underscore_numbers: Any = False,
    ) -> None:
        self.indent, self.width, self.depth = index_of(indent), index_of(width), index_of(depth)
        if self.indent < 0:
            raise ValueError("indent must be >= 0")
        if self.indent > MAX_WIDTH:
            refuse_width()
        if self.depth is not None and self.depth <= 0:
            raise ValueError("depth must be > 0")
        if not self.width:
            raise ValueError("width must be != 0")
        self.stream = stream
        self.compact = bool(compact)
        self.sorted = bool(sort_dicts)
        self.underscores = bool(underscore_numbers)
        self.open: set[int] = set()
        self.pieces: list[str] = []

    def pformat(self, object: Any) -> str:
        """The text of a value."""
        check_text(object)
        self.pieces = []
        self.open = set()
        self._write(object, 0, 0, 0)
        return "".join(self.pieces)

    def pprint(self, object: Any) -> None:
        """Print the text of a value."""
        shown = self.pformat(object) + "\n"
        (STDOUT.write if self.stream is None else writer_of(self.stream))(shown)

    @staticmethod
    def _break(indent: int, between: str = ",") -> str:
        """The end of a line, and the spaces of the next."""
        machine.reserve(4 * max(indent, 0))
        return f"{between}\n{' ' * indent}"

    def _add(self, piece: str) -> None:
        machine.spend(1)
        machine.reserve(64 + 4 * len(piece))
        self.pieces.append(piece)

    # `indent` is the column where a value starts, `after` what must fit behind it, `level` how
    # deep it is.

    def _write(self, value: Any, indent: int, after: int, level: int) -> None:
        if id(value) in self.open:
            name = type(value).__name__
            self._add(f"<Recursion on {name} with id={load_id(value)}>")
            return
        whole = self._line(value, level)
        if len(whole) <= self.width - indent - after:
            self._add(whole)
            return
        write = self._writer(value)
        if write is None:
            self._add(whole)
            return
        self.open.add(id(value))
        with deeper_call():
            write(value, indent, after, level + 1)
        self.open.discard(id(value))

    def _writer(self, value: Any) -> Any:
        kind = type(value)
        if kind is dict:
            return self._dict
        if kind is OrderedDict and value:
            return self._ordered
        if kind is list:
            return lambda *a: self._sequence("[", "]", value, *a[1:])
        if kind is tuple:
            end = ",)" if len(value) == 1 else ")"
            return lambda *a: self._sequence("(", end, value, *a[1:])
        if kind in (set, frozenset) and value:
            return self._set
        if kind is str and value:
            return self._text
        fields = getattr(kind, "__dataclass_fields__", None)
        if isinstance(fields, dict) and is_made(kind.__members__.get("__repr__")):
            return self._dataclass
        return None

    def _dict(self, value: Any, indent: int, after: int, level: int) -> None:
        self._add("{" + " " * (self.indent - 1))
        if value:
            self._pairs(self._in_order(value), indent, after + 1, level)
        self._add("}")

    def _ordered(self, value: Any, indent: int, after: int, level: int) -> None:
        head = f"{type(value).__name__}("
        self._add(head)
        pairs = list(value.items())
        self._sequence("[", "]", pairs, indent + len(head), after + 1, level)
        self._add(")")

    def _in_order(self, value: dict[Any, Any]) -> list[tuple[Any, Any]]:
        pairs = list(value.items())
        if not self.sorted:
            return pairs
        try:
            sort_in_place(pairs, lambda pair: pair[0])
        except TypeError:
            sort_in_place(pairs, lambda pair: (type(pair[0]).__name__, text_repr(pair[0])))
        return pairs

    def _pairs(self, pairs: Any, indent: int, after: int, level: int) -> None:
        indent += self.indent
        between = self._break(indent)
        last = len(pairs) - 1
        for at, (key, value) in enumerate(counted(pairs)):
            shown = self._line(key, level)
            self._add(f"{shown}: ")
            self._write(value, indent + len(shown) + 2, after if at == last else 1, level)
            if at != last:
                self._add(between)

    def _sequence(
        self, start: str, end: str, value: Any, indent: int, after: int, level: int
    ) -> None:
        self._add(start)
        self._items(list(value), indent, after + len(end), level)
        self._add(end)

    def _set(self, value: Any, indent: int, after: int, level: int) -> None:
        start, end = ("{", "}") if type(value) is set else ("frozenset({", "})")
        items = list(value)
        try:
            sort_in_place(items)
        except TypeError:
            sort_in_place(items, lambda item: (type(item).__name__, text_repr(item)))
        self._add(start)
        self._items(items, indent + len(start) - 1, after + len(end), level)
        self._add(end)

    def _items(self, items: list[Any], indent: int, after: int, level: int) -> None:
        indent += self.indent
        if self.indent > 1:
            self._add(" " * (self.indent - 1))
        between = self._break(indent)
        room = width = self.width - indent + 1
        last = len(items) - 1
        for at, item in enumerate(counted(items)):
            if self.compact:
                shown = self._line(item, level)
                taken = len(shown) + 2
                if at == last:
                    room -= after
                if room < taken:
                    room = width - (after if at == last else 0)
                    if at:
                        self._add(between)
                elif at:
                    self._add(", ")
                if room >= taken:
                    room -= taken
                    self._add(shown)
                    continue
            elif at:
                self._add(between)
            self._write(item, indent, after if at == last else 1, level)

    def _text(self, value: str, indent: int, after: int, level: int) -> None:
        lines = value.splitlines(True)
        if level == 1:
            indent += 1
            after += 1
        room = self.width - indent
        found: list[str] = []
        for number, line in enumerate(counted(lines)):
            final = number == len(lines) - 1
            shown = repr(line)
            if len(shown) <= room - (after if final else 0):
                found.append(shown)
                continue
            found += self._broken(line, room, after if final else 0)
        if len(found) == 1:
            self._add(found[0])
            return
        if level == 1:
            self._add("(")
        machine.reserve(4 * max(indent, 0) * len(found))
        self._add(self._break(indent, "").join(found))
        if level == 1:
            self._add(")")

    @staticmethod
    def _broken(line: str, room: int, after: int) -> list[str]:
        """A line in pieces that end behind their spaces."""
        words: list[str] = []
        at = 0
        while at < len(line):
            end = at
            while end < len(line) and not line[end].isspace():
                end += 1
            while end < len(line) and line[end].isspace():
                end += 1
            words.append(line[at:end])
            machine.spend(1 + ((end - at) >> 3))
            at = end
        found: list[str] = []
        current = ""
        for number, word in enumerate(words):
            longer = current + word
            limit = room - (after if number == len(words) - 1 else 0)
            if len(repr(longer)) > limit:
                if current:
                    found.append(repr(current))
                current = word
            else:
                current = longer
        if current:
            found.append(repr(current))
        return found

    def _dataclass(self, value: Any, indent: int, after: int, level: int) -> None:
        name = type(value).__name__
        indent += len(name) + 1
        self._add(f"{name}(")
        fields = [
            (field.name, load_attribute(value, field.name))
            for field in type(value).__dataclass_fields__.values()
            if field.repr and field.kind == "field"
        ]
        last = len(fields) - 1
        for at, (field, part) in enumerate(fields):
            self._add(f"{field}=")
            self._write(part, indent + len(field) + 1, after + 1 if at == last else 1, level)
            if at != last:
                self._add(self._break(indent))
        self._add(")")

    def _line(self, value: Any, level: int) -> str:
        """The text of a value in one line."""
        kind = type(value)
        if kind is int and self.underscores:
            return f"{value:_d}"
        if kind not in (dict, list, tuple):
            return text_repr(value)
        if not value:
            return repr(value)
        if self.depth is not None and level >= self.depth:
            return _DEEPER[kind]
        if id(value) in self.open:
            return f"<Recursion on {kind.__name__} with id={load_id(value)}>"
        self.open.add(id(value))
        with deeper_call():
            if kind is dict:
                pairs = [
                    f"{self._line(key, level + 1)}: {self._line(part, level + 1)}"
                    for key, part in counted(self._in_order(value))
                ]
                shown = "{" + ", ".join(pairs) + "}"
            else:
                parts = [self._line(part, level + 1) for part in counted(value)]
                inside = ", ".join(parts)
                if kind is list:
                    shown = f"[{inside}]"
                else:
                    shown = f"({inside},)" if len(parts) == 1 else f"({inside})"
        self.open.discard(id(value))
        machine.reserve(4 * len(shown))
        return shown


def load_id(value: Any) -> int:
    """The number that stands for a value."""
    from gradcli.language.values.identity import id_of

    return id_of(value)


open_class(Printer, "pformat pprint", module="pprint", name="PrettyPrinter")


def _pprint(object: Any, stream: Any = None, *args: Any, **options: Any) -> None:
    names = ("indent", "width", "depth")
    options.update(zip(names, args, strict=False))
    Printer(stream=stream, **options).pprint(object)


def _pformat(
    object: Any, indent: Any = 1, width: Any = 80, depth: Any = None, **options: Any
) -> str:
    return Printer(indent, width, depth, **options).pformat(object)


def _pp(object: Any, *args: Any, sort_dicts: Any = False, **options: Any) -> None:
    _pprint(object, *args, sort_dicts=sort_dicts, **options)


def module() -> Module:
    """The module `pprint`."""
    return Module(
        "pprint",
        {"pprint": _pprint, "pformat": _pformat, "pp": _pp, "PrettyPrinter": Printer},
    )
