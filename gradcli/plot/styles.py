"""Colours, and the short words for the style of a line (`"r--o"`)."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from ..tensor.runtime import runtime
from .numbers import Wrong, array
from .words import words

# The colours that lines get in turn (those of Tableau, as matplotlib has them).
CYCLE = (
    "#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd",
    "#8c564b", "#e377c2", "#7f7f7f", "#bcbd22", "#17becf",
)  # fmt: skip
_LETTERS = {
    "b": "#0000ff", "g": "#008000", "r": "#ff0000", "c": "#00bfbf", "m": "#bf00bf",
    "y": "#bfbf00", "k": "#000000", "w": "#ffffff",
}  # fmt: skip
_NAMES = {
    "black": "#000000", "white": "#ffffff", "red": "#ff0000", "green": "#008000",
    "blue": "#0000ff", "orange": "#ffa500", "purple": "#800080", "brown": "#a52a2a",
    "pink": "#ffc0cb", "gray": "#808080", "grey": "#808080", "olive": "#808000",
    "cyan": "#00ffff", "magenta": "#ff00ff", "yellow": "#ffff00", "navy": "#000080",
    "teal": "#008080", "lime": "#00ff00", "maroon": "#800000", "gold": "#ffd700",
    "silver": "#c0c0c0", "crimson": "#dc143c", "coral": "#ff7f50", "salmon": "#fa8072",
    "tomato": "#ff6347", "indigo": "#4b0082", "violet": "#ee82ee", "skyblue": "#87ceeb",
    "steelblue": "#4682b4", "darkblue": "#00008b", "darkgreen": "#006400", "darkred": "#8b0000",
    "lightblue": "#add8e6", "lightgreen": "#90ee90", "lightgray": "#d3d3d3",
    "lightgrey": "#d3d3d3", "darkgray": "#a9a9a9", "darkorange": "#ff8c00",
    "royalblue": "#4169e1", "turquoise": "#40e0d0", "firebrick": "#b22222", "khaki": "#f0e68c",
    "slategray": "#708090", "forestgreen": "#228b22", "dodgerblue": "#1e90ff",
    "mediumseagreen": "#3cb371", "orchid": "#da70d6", "plum": "#dda0dd", "tan": "#d2b48c",
}  # fmt: skip
_HEX = re.compile(r"#(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6}|[0-9a-fA-F]{8})")
MARKERS = ".,ov^<>12348spP*hH+xXDd|_"
STYLES = ("--", "-.", "-", ":")
_WORDS = {"solid": "-", "dashed": "--", "dashdot": "-.", "dotted": ":", "none": "", "None": ""}


def colour(value: Any, fallback: str) -> str:
    """A colour as `#rrggbb`; `fallback` for what is none."""
    if isinstance(value, str):
        if value in _LETTERS:
            return _LETTERS[value]
        name = value.lower().removeprefix("tab:").removeprefix("xkcd:")
        if value.startswith("tab:") and name in _TABLEAU:
            return CYCLE[_TABLEAU.index(name)]
        if re.fullmatch(r"C\d{1,3}", value):
            return CYCLE[int(value[1:]) % len(CYCLE)]
        if _HEX.fullmatch(value):
            digits = value[1:]
            whole = "".join(d * 2 for d in digits) if len(digits) == 3 else digits[:6]
            return f"#{whole.lower()}"
        if re.fullmatch(r"0?\.\d{1,9}|[01](?:\.0*)?", value):
            return _from_parts([float(value)] * 3)
        return _NAMES.get(name, fallback)
    if isinstance(value, list | tuple | np.ndarray) and 3 <= len(value) <= 4:
        try:
            return _from_parts([float(part) for part in value[:3]])
        except (TypeError, ValueError):
            return fallback
    return fallback


_TABLEAU = ("blue", "orange", "green", "red", "purple", "brown", "pink", "gray", "olive", "cyan")


def _from_parts(parts: list[float]) -> str:
    return "#" + "".join(f"{round(255 * min(max(part, 0.0), 1.0)):02x}" for part in parts)


def is_colour(value: Any) -> bool:
    """Whether a value names one colour."""
    return colour(value, "") != ""


def parsed(text: str) -> dict[str, str]:
    """The parts of a format such as `"r--o"`: colour, line style, marker.

    Raises Wrong for a format with another letter.
    """
    found: dict[str, str] = {}
    rest = text
    if text in _NAMES or re.fullmatch(r"C\d", text):
        return {"colour": text}
    while rest:
        style = next((style for style in STYLES if rest.startswith(style)), None)
        if style is not None:
            key, length = "style", len(style)
        elif rest[0] in _LETTERS and "colour" not in found:
            key, length = "colour", 1
        elif rest[0] in MARKERS:
            key, length = "marker", 1
        elif re.match(r"C\d", rest):
            key, length = "colour", 2
        else:
            raise Wrong(
                ValueError(
                    f"{words(text)!r} is not a valid format string "
                    f"(unrecognized character {rest[0]!r})"
                )
            )
        found[key] = rest[:length]
        rest = rest[length:]
    return found


def line_style(value: Any) -> str:
    """A line style as its sign: `-`, `--`, `-.`, `:`, or nothing."""
    if not isinstance(value, str):
        return "-"
    value = _WORDS.get(value, value)
    return value if value in STYLES else ""


# Six colours along each map, from its low end to its high one.
_MAPS = {
    "viridis": "440154 414487 2a788e 22a884 7ad151 fde725",
    "plasma": "0d0887 6a00a8 b12a90 e16462 fca636 f0f921",
    "gray": "000000 333333 666666 999999 cccccc ffffff",
    "coolwarm": "3b4cc0 7b9ff9 c0d4f5 f2cbb7 ee8468 b40426",
    "hot": "0b0000 8a0000 ff0b00 ff8b00 ffff1a ffffff",
    "RdBu": "67001f d6604d fddbc7 d1e5f0 4393c3 053061",
    "Blues": "f7fbff d0e1f2 94c4df 4a98c9 1764ab 08306b",
    "Reds": "fff5f0 fdcab5 fc8a6a f24734 bd151a 67000d",
    "Greens": "f7fcf5 d3eecd 98d594 4bb062 157f3b 00441b",
    "inferno": "000004 420a68 932667 dd513a fca50a fcffa4",
    "magma": "000004 3b0f70 8c2981 de4968 fe9f6d fcfdbf",
    "Spectral": "9e0142 f46d43 fee08b e6f598 66c2a5 5e4fa2",
    "RdYlGn": "a50026 f46d43 fee08b d9ef8b 66bd63 006837",
    "rainbow": "8000ff 1996f3 4df3ce b2f396 ff964f ff0000",
    "hsv": "ff0000 ffff00 00ff00 00ffff 0000ff ff00ff",
    "tab10": " ".join(entry[1:] for entry in CYCLE),
    "jet": "000080 0000ff 00dfff 7dff7a ff9400 800000",
}
_STEPS = ("tab10",)  # whose colours are counted, not mixed
_ALIKE = {
    "grey": "gray", "binary": "gray_r", "Greys": "gray_r", "bwr": "RdBu_r", "seismic": "RdBu_r",
    "cividis": "viridis", "gist_rainbow": "hsv", "gist_gray": "gray", "bone": "gray",
    "Set1": "tab10", "Set2": "tab10", "Set3": "tab10", "tab20": "tab10", "Paired": "tab10",
    "Accent": "tab10", "Dark2": "tab10", "turbo": "jet", "nipy_spectral": "jet",
    "RdYlBu": "Spectral", "YlGn": "Greens", "Purples": "Blues", "Oranges": "Reds",
    "YlOrRd": "Reds", "PiYG": "RdYlGn", "PuOr": "RdBu", "terrain": "Spectral_r",
    "Greys_r": "gray", "afmhot": "hot", "cool": "coolwarm", "winter": "viridis",
}  # fmt: skip


Colours = list[tuple[int, int, int]]


class ColourMap:
    """A colour map by its name."""

    def __init__(self, name: str) -> None:
        self.name = words(name)

    def colours_of(self, X: Any) -> Any:
        """Red, green, blue and alpha from 0 to 1 of numbers from 0 to 1, or of ints from 0 up."""
        colours = colour_map(self)
        whole = isinstance(X, int) and not isinstance(X, bool)
        last = len(colours) - 1 if self.name in _STEPS else 255
        found = array(X)
        if found.ndim == 0:
            share = float(found) / last if whole else float(found)
            return (*[part / 255 for part in _mixed(share, colours)], 1.0)
        runtime.spend(found.size)
        runtime.reserve(400 * found.size)
        rows = [(*_mixed(share, colours), 255) for share in found.reshape(-1).tolist()]
        return np.array(rows).reshape(*found.shape, 4) / 255


def is_map(name: str) -> bool:
    """Whether a colour map of this name is known."""
    base = name.removesuffix("_r")
    return base in _MAPS or base in _ALIKE or name in _ALIKE


def colour_map(given: Any) -> Colours:
    """The colours along a map, from its low end; those of `viridis` for a map that is not known."""
    name = given.name if isinstance(given, ColourMap) else given
    name = name if isinstance(name, str) else "viridis"
    turned = name not in _ALIKE and name.endswith("_r")
    name = name.removesuffix("_r") if turned else name
    name = _ALIKE.get(name, name)
    if name.endswith("_r"):
        turned, name = not turned, name.removesuffix("_r")
    colours = [
        (int(word[:2], 16), int(word[2:4], 16), int(word[4:], 16))
        for word in _MAPS.get(name, _MAPS["viridis"]).split()
    ]
    return colours[::-1] if turned else colours


def _mixed(share: float, colours: Colours) -> list[int]:
    """Red, green and blue at a place from 0 to 1 along a map."""
    if share != share:
        return [136, 136, 136]
    place = min(max(share, 0.0), 1.0) * (len(colours) - 1)
    at = min(int(place), len(colours) - 2)
    part = place - at
    return [round(a + (b - a) * part) for a, b in zip(colours[at], colours[at + 1], strict=True)]


def mapped(share: float, colours: Colours) -> str:
    """The colour at a place from 0 to 1 along a map."""
    return "#" + "".join(f"{value:02x}" for value in _mixed(share, colours))
