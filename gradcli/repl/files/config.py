"""Settings: `config.toml`, then the variables `GRADCLI_*`, then the command line."""

from __future__ import annotations

import os
from typing import Any

from gradcli.language.syntax.spelling import did_you_mean, near

THEMES = ("auto", "dark", "light", "none")
KEYS = ("emacs", "vi")
DTYPES = ("float16", "bfloat16", "float32", "float64")
UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}


class ConfigError(Exception):
    """A setting that is not known or has a wrong value; `help` says what is right."""

    def __init__(self, message: str, help: str = "") -> None:
        super().__init__(message)
        self.help = help


class Config:
    """The settings of a session, each with its default.

    `precision` is the number of digits that tensors are printed with, `keep` the bytes that freed
    graphs may hold.
    """

    __slots__ = ("dtype", "keep", "keys", "precision", "theme")

    def __init__(self) -> None:
        self.theme = "auto"
        self.keys = "emacs"
        self.precision: int | None = None
        self.dtype: str | None = None
        self.keep = 256 << 20

    def assign(self, name: str, value: Any, place: str) -> None:
        """Take over one setting. Raises ConfigError, which names `place`."""
        if name == "theme":
            self.theme = _choice(value, THEMES, name, place)
        elif name == "keys":
            self.keys = _choice(value, KEYS, name, place)
        elif name == "dtype":
            self.dtype = _choice(value, DTYPES, name, place)
        elif name == "precision":
            self.precision = _digits(value, place)
        elif name == "keep":
            self.keep = _size(value, place)
        else:
            raise ConfigError(f"{place}: there is no setting `{name}`", _near(name, place))


def _near(name: str, place: str) -> str:
    """The setting that was meant, as it is written at this place."""
    form = "GRADCLI_{}" if place.startswith("GRADCLI_") else "`{}`"
    change = str.upper if place.startswith("GRADCLI_") else str
    found = [change(word) for word in near(name, Config.__slots__, 1)]
    known = ", ".join(form.format(change(word)) for word in Config.__slots__)
    return did_you_mean(found, form) or f"the settings are {known}"


def _choice(value: Any, known: tuple[str, ...], name: str, place: str) -> str:
    if isinstance(value, str) and value in known:
        return value
    help = did_you_mean(near(str(value), known, 1)) or f"it is one of {', '.join(known)}"
    raise ConfigError(f"{place}: {name} = {value!r} is not possible", help)


def _digits(value: Any, place: str) -> int:
    if isinstance(value, str) and value.isdigit():
        value = int(value)
    if type(value) is int and 0 <= value <= 20:
        return value
    raise ConfigError(f"{place}: precision = {value!r} is not possible", "it is from 0 to 20")


def _size(value: Any, place: str) -> int:
    text = str(value).upper().removesuffix("B").removesuffix("I")
    number, unit = (text[:-1], text[-1]) if text[-1:] in UNITS and text[-1:] else (text, "")
    if number.isdigit() and not isinstance(value, bool):
        return int(number) * UNITS[unit]
    raise ConfigError(f"{place}: keep = {value!r} is not possible", 'it is a size such as "512M"')


def load(use_file: bool) -> tuple[Config, list[ConfigError]]:
    """The settings of the file, unless `use_file` is off, and of the environment.

    With the mistakes in them: what is wrong is left as it is by default.
    """
    config = Config()
    mistakes: list[ConfigError] = []
    given = _from_file(mistakes) if use_file else []
    for variable, value in sorted(os.environ.items()):
        if variable.startswith("GRADCLI_") and value:
            given.append((variable[8:].lower(), value, variable))
    for name, value, place in given:
        try:
            config.assign(name, value, place)
        except ConfigError as mistake:
            mistakes.append(mistake)
    return config, mistakes


def _from_file(mistakes: list[ConfigError]) -> list[tuple[str, Any, str]]:
    """The names, values and the place of the settings in the file."""
    from .places import config_file, reason

    path = config_file()
    try:
        with open(path, "rb") as file:
            data = file.read()
    except FileNotFoundError:
        return []
    except OSError as error:
        mistakes.append(ConfigError(reason(error), "--no-config goes without the file"))
        return []
    import tomllib

    try:
        table = tomllib.loads(data.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        mistakes.append(ConfigError(f"{path}: {error}", "--no-config goes without the file"))
        return []
    return [(name, value, str(path)) for name, value in table.items()]
