"""The module `logging`: records of a program go to its messages."""

from __future__ import annotations

import time as host_time
from collections.abc import Callable
from typing import Any

from gradcli.language.machine.sizes import check_key, index_of
from gradcli.language.machine.state import counted, feed, machine
from gradcli.language.values.attributes import LOADERS, Module, load_from
from gradcli.language.values.python_types import TABLES
from gradcli.language.values.text import percent, text, text_repr

from .hosts import open_attributes, open_class
from .streams import STDERR, writer_of
from .time import formatted

LEVELS = {"NOTSET": 0, "DEBUG": 10, "INFO": 20, "WARNING": 30, "ERROR": 40, "CRITICAL": 50}
_NAMES = {number: name for name, number in LEVELS.items()}
_WORDS = {**LEVELS, "WARN": 30, "FATAL": 50}
_BASIC = "%(levelname)s:%(name)s:%(message)s"


def _level(value: Any) -> int:
    if isinstance(value, str):
        if value not in _WORDS:
            raise ValueError(f"Unknown level: {value!r}")
        return _WORDS[value]
    number = index_of(value)
    if type(number) is not int:
        raise TypeError(f"Level not an integer or a valid string: {text_repr(value)}")
    return number


def _level_name(level: Any) -> Any:
    check_key(level)
    return _NAMES.get(level) or _WORDS.get(level, f"Level {text(level)}")


class Record:
    """One record."""

    def __init__(self, name: str, level: int, msg: Any, args: tuple[Any, ...]) -> None:
        self.name = name
        self.levelno = level
        self.levelname = _level_name(level)
        self.msg = msg
        self.args: Any = args[0] if len(args) == 1 and isinstance(args[0], dict) else args
        self.created = host_time.time()

    def getMessage(self) -> str:  # as Python names it
        """The message with its arguments."""
        message = text(self.msg)
        return percent(message, self.args) if self.args else message


class Formatter:
    """`logging.Formatter`."""

    def __init__(
        self,
        fmt: Any = None,
        datefmt: Any = None,
        style: Any = "%",
        validate: Any = True,
        *,
        defaults: Any = None,
    ) -> None:
        if style != "%":
            raise ValueError("Style must be % here")
        if fmt is not None and not isinstance(fmt, str):
            raise TypeError(f"a format is text, not {type(fmt).__name__}")
        self.template = "%(message)s" if fmt is None else fmt
        self.datefmt = datefmt

    def format(self, record: Any) -> str:
        """The text of a record."""
        if not isinstance(record, Record):
            raise TypeError("format() takes a record")
        moment = host_time.localtime(record.created)
        thousandths = int(record.created % 1 * 1000)
        if self.datefmt is None:
            stamp = f"{host_time.strftime('%Y-%m-%d %H:%M:%S', moment)},{thousandths:03d}"
        else:
            stamp = formatted(self.datefmt, lambda part: host_time.strftime(part, moment))
        known = {
            "name": record.name,
            "levelno": record.levelno,
            "levelname": record.levelname,
            "message": record.getMessage(),
            "asctime": stamp,
            "created": record.created,
            "msecs": float(thousandths),
            "module": "program",
            "filename": "program",
            "pathname": "program",
            "funcName": "<module>",
            "lineno": 1,
            "process": 1,
            "processName": "MainProcess",
            "thread": 1,
            "threadName": "MainThread",
        }
        return percent(self.template, known)


class Handler:
    """`logging.StreamHandler`: `stream` None writes nothing."""

    def __init__(self, stream: Any = None) -> None:
        self.stream = STDERR if stream is None else stream
        writer_of(self.stream)
        self.level = 0
        self.name: Any = None
        self.formatter: Any = None

    def setLevel(self, level: Any) -> None:
        """The lowest level that is written."""
        self.level = _level(level)

    def setFormatter(self, fmt: Any) -> None:
        """How records are written."""
        if fmt is not None and not isinstance(fmt, Formatter):
            raise TypeError("setFormatter() takes a Formatter")
        self.formatter = fmt

    def handle(self, record: Any) -> None:
        """Write a record of its level or a higher one."""
        if record.levelno >= self.level:
            form = self.formatter or _PLAIN
            writer_of(self.stream)(f"{form.format(record)}\n")

    def flush(self) -> None:
        """Nothing is kept back."""

    def close(self) -> None:
        """Nothing is to be closed."""


class NullHandler(Handler):
    """`logging.NullHandler`."""

    def handle(self, record: Any) -> None:
        """Write nothing."""


_PLAIN = Formatter()


def _refuse_file(*args: Any, **kwargs: Any) -> Any:
    raise ValueError("a program writes no files: logging goes to standard error")


def _logger(value: Any) -> Any:
    """What a logger has above itself, where a program put no other value there."""
    return value if isinstance(value, Logger) else None


class Logger:
    """`logging.Logger`; `find` gives the loggers of the same program by name."""

    __slots__ = ("__dict__", "find")

    def __init__(
        self, name: str, level: int, parent: Logger | None, find: Callable[[Any], Logger]
    ) -> None:
        self.find = find
        self.name = name
        self.level = level
        self.parent = parent
        self.handlers: list[Any] = []
        self.propagate: Any = True
        self.disabled: Any = False

    def setLevel(self, level: Any) -> None:
        """The lowest level that is heard."""
        self.level = _level(level)

    @property
    def root(self) -> Logger:
        """The logger above all others."""
        return self.find(None)

    def getChild(self, suffix: Any) -> Logger:
        """The logger of a name below this one's."""
        if not isinstance(suffix, str):
            raise TypeError("A logger name must be a string")
        return self.find(suffix if self is self.root else f"{text(self.name)}.{suffix}")

    def getEffectiveLevel(self) -> int:
        """The level of the logger or of the nearest one above with a level."""
        one: Logger | None = self
        while one is not None and not one.level:
            machine.spend(1)
            one = _logger(one.parent)
        return 0 if one is None else _level(one.level)

    def isEnabledFor(self, level: Any) -> bool:
        """Whether records of a level are heard."""
        return not self.disabled and _level(level) >= self.getEffectiveLevel()

    def addHandler(self, hdlr: Any) -> None:
        """One more that writes."""
        if not isinstance(hdlr, Handler):
            raise TypeError("addHandler() takes a handler")
        machine.reserve(64)
        if hdlr not in self.handlers:
            self.handlers.append(hdlr)

    def removeHandler(self, hdlr: Any) -> None:
        """One less that writes."""
        if hdlr in self.handlers:
            self.handlers.remove(hdlr)

    def hasHandlers(self) -> bool:
        """Whether anybody writes."""
        return bool(self._writers())

    def _writers(self) -> list[Any]:
        found: list[Any] = []
        one: Logger | None = self
        while one is not None:
            machine.spend(1)
            found += [handler for handler in feed(one.handlers) if isinstance(handler, Handler)]
            machine.reserve(8 * len(found))
            one = _logger(one.parent) if one.propagate else None
        return found

    def log(self, level: Any, msg: Any, /, *args: Any, **options: Any) -> None:
        """A record of a level."""
        level = _level(level)
        machine.spend(1)
        if not self.isEnabledFor(level):
            return
        record = Record(self.name, level, msg, args)
        writers = self._writers()
        for handler in counted(writers):
            handler.handle(record)
        if not writers and level >= LEVELS["WARNING"]:
            STDERR.write(f"{record.getMessage()}\n")

    def debug(self, msg: Any, /, *args: Any, **options: Any) -> None:
        """A record for who looks for mistakes."""
        self.log(10, msg, *args)

    def info(self, msg: Any, /, *args: Any, **options: Any) -> None:
        """A record of what goes on."""
        self.log(20, msg, *args)

    def warning(self, msg: Any, /, *args: Any, **options: Any) -> None:
        """A record of something odd."""
        self.log(30, msg, *args)

    def error(self, msg: Any, /, *args: Any, **options: Any) -> None:
        """A record of something wrong."""
        self.log(40, msg, *args)

    def critical(self, msg: Any, /, *args: Any, **options: Any) -> None:
        """A record of something very wrong."""
        self.log(50, msg, *args)

    def __repr__(self) -> str:
        level = _level_name(self.getEffectiveLevel())
        return f"<{type(self).__name__} {self.name} ({level})>"


class RootLogger(Logger):
    """The logger above all others."""

    __slots__ = ()


_WRITTEN = "critical debug error info log warning"
open_class(Record, "created getMessage levelname levelno msg name", module="logging")
open_class(Formatter, "format", module="logging")
for _kind in (Handler, NullHandler):
    open_class(
        _kind, "close flush formatter handle level name setFormatter setLevel", module="logging"
    )
Handler.__name__ = Handler.__qualname__ = "StreamHandler"
Record.__name__ = Record.__qualname__ = "LogRecord"


def _not_made(*args: Any, **kwargs: Any) -> Any:
    raise TypeError("loggers come from logging.getLogger")


open_class(
    Logger,
    "addHandler disabled getChild getEffectiveLevel handlers hasHandlers isEnabledFor level name "
    f"parent propagate removeHandler root setLevel {_WRITTEN}",
    module="logging",
    make=_not_made,
)
open_class(RootLogger, module="logging", make=_not_made)
TABLES[RootLogger] = TABLES[Logger]
LOADERS[RootLogger] = load_from(TABLES[Logger])
open_attributes(Logger)
open_attributes(RootLogger)


def module() -> Module:
    """The module `logging`."""
    loggers: dict[str, Logger] = {}

    def get_logger(name: Any = None) -> Logger:
        if not name or name == "root":
            return root
        if not isinstance(name, str):
            raise TypeError("A logger name must be a string")
        if name not in loggers:
            machine.reserve(512 + 4 * len(name))
            machine.spend(1 + len(loggers))
            loggers[name] = made = Logger(name, 0, above(name), get_logger)
            below = [one for other, one in loggers.items() if other.startswith(f"{name}.")]
            for one in below:
                if one.parent is made.parent:
                    one.parent = made
        return loggers[name]

    def above(name: str) -> Logger:
        """The logger of the longest name that a dotted name goes on from; the root without one."""
        known = [other for other in loggers if name.startswith(f"{other}.")]
        return loggers[max(known, key=len)] if known else root

    root: Logger = RootLogger("root", LEVELS["WARNING"], None, get_logger)

    def basic_config(
        *,
        filename: Any = None,
        filemode: Any = "a",
        format: Any = _BASIC,
        datefmt: Any = None,
        style: Any = "%",
        level: Any = None,
        stream: Any = None,
        handlers: Any = None,
        force: Any = False,
        encoding: Any = None,
        errors: Any = None,
    ) -> None:
        if filename is not None:
            _refuse_file()
        if force:
            root.handlers.clear()
        if not root.handlers:
            form = Formatter(format, datefmt, style)
            for handler in [Handler(stream)] if handlers is None else feed(handlers):
                root.addHandler(handler)
                if handler.formatter is None:
                    handler.formatter = form
            if level is not None:
                root.setLevel(level)

    def on_root(name: str) -> Any:
        def call(*args: Any, **kwargs: Any) -> None:
            if not root.handlers:
                basic_config()
            methods[name](root, *args, **kwargs)

        return call

    methods = {name: vars(Logger)[name] for name in _WRITTEN.split()}
    entries: dict[str, Any] = {name: on_root(name) for name in methods}
    entries |= {**_WORDS}
    entries |= {
        "getLogger": get_logger,
        "basicConfig": basic_config,
        "getLevelName": _level_name,
        "disable": lambda level=50: root.setLevel(_level(level) + 1),
        "Formatter": Formatter,
        "StreamHandler": Handler,
        "NullHandler": NullHandler,
        "FileHandler": _refuse_file,
        "Logger": Logger,
    }
    return Module("logging", entries)
