"""Characters in colours: a picture for a terminal, made of cells, some of which hold eight dots."""

from __future__ import annotations

from ..tensor.runtime import runtime

BRAILLE = 0x2800
DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))  # by row and column in a cell
RESET = "\x1b[0m"

# How colours are written: the parameters of the escape sequence, "" for the terminal's own.
CYCLE = ("36", "33", "35", "32", "31", "34", "95", "90", "93", "96")
_HUES = ("31", "33", "32", "36", "34", "35")  # red, yellow … a sixth of the circle each
_CUBE = (0, 95, 135, 175, 215, 255)


def parts(colour: str) -> tuple[int, int, int]:
    """Red, green and blue of `#rrggbb`, from 0 to 255."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def pen(colour: str) -> str:
    """A colour of lines and letters: one of the terminal's own, which fit its background."""
    red, green, blue = parts(colour)
    high, low = max(red, green, blue), min(red, green, blue)
    if high - low < 40:
        return "90" if 60 <= (high + low) // 2 <= 200 else ""
    if high == red:
        turn = (green - blue) / (high - low)
    elif high == green:
        turn = 2 + (blue - red) / (high - low)
    else:
        turn = 4 + (red - green) / (high - low)
    return _HUES[round(turn) % 6]


def paint(colour: str) -> int:
    """The nearest of the 256 colours."""
    red, green, blue = parts(colour)
    if max(red, green, blue) - min(red, green, blue) < 12:
        grey = (red + green + blue) // 3
        return 16 if grey < 4 else 231 if grey > 246 else 232 + min(max(grey - 3, 0) // 10, 23)
    r, g, b = (
        min(range(6), key=lambda level: abs(_CUBE[level] - part)) for part in (red, green, blue)
    )
    return 16 + 36 * r + 6 * g + b


def brightness(colour: str) -> float:
    """How bright a colour is, from 0 to 1."""
    red, green, blue = parts(colour)
    return (0.299 * red + 0.587 * green + 0.114 * blue) / 255


def width_of(character: str) -> int:
    """The columns that a letter takes: 2 for those of Chinese, Japanese and Korean, 0 for marks."""
    import unicodedata

    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def contrast(number: int) -> str:
    """Black or white letters on one of the 256 colours."""
    if number >= 232:
        return "38;5;16" if number > 243 else "38;5;231"
    red, green, blue = (number - 16) // 36, (number - 16) // 6 % 6, (number - 16) % 6
    return "38;5;16" if 3 * red + 6 * green + blue > 25 else "38;5;231"


class Canvas:
    """`rows` times `columns` of cells; with `fine` lines are made of eight dots a cell."""

    def __init__(self, columns: int, rows: int, *, colour: bool, ascii: bool) -> None:
        runtime.reserve(200 * rows * columns)
        self.columns = columns
        self.rows = rows
        self.colour = colour
        self.ascii = ascii
        self.fine = colour and not ascii
        self.across, self.down = (2, 4) if self.fine else (1, 1)  # dots of a cell
        self._characters = [[" "] * columns for _ in range(rows)]
        self._colours = [[""] * columns for _ in range(rows)]
        self._dots: dict[tuple[int, int], tuple[str, int]] = {}

    def put(self, row: int, column: int, text: str, colour: str = "") -> None:
        """Write a text; what is outside is cut off."""
        if not 0 <= row < self.rows:
            return
        at = column
        for character in text:
            wide = 1 if character.isascii() else width_of(character)
            if at >= 0 and at + wide <= self.columns:
                for cell in range(at, at + wide):  # a wide letter leaves the next cell to itself
                    self._characters[row][cell] = character if cell == at else ""
                    self._colours[row][cell] = self._over(row, cell, colour)
                    self._dots.pop((row, cell), None)
            at += wide

    def _over(self, row: int, column: int, colour: str) -> str:
        """A colour on top of an image's, which stays behind it."""
        behind = self._colours[row][column].rpartition("48;5;")[2]
        if "48;" in colour or "48;" not in self._colours[row][column]:
            return colour
        return f"{colour};48;5;{behind}" if colour else f"{contrast(int(behind))};48;5;{behind}"

    def dot(self, x: int, y: int, colour: str, mark: str = "*") -> None:
        """Set a dot, counted from the upper left; a `mark` stands for it without dots."""
        row, column = y // self.down, x // self.across
        if not (0 <= row < self.rows and 0 <= column < self.columns):
            return
        if not self.fine:
            self.put(row, column, mark, colour)
            return
        bits = DOTS[y % 4][x % 2]
        old = self._dots.get((row, column))
        if old is not None and old[0] == colour:
            bits |= old[1]
        self._dots[row, column] = (colour, bits)
        self._characters[row][column] = chr(BRAILLE | bits)
        self._colours[row][column] = self._over(row, column, colour)

    def place(self, other: Canvas, row: int, column: int) -> None:
        """Put a whole canvas into this one."""
        for at in range(other.rows):
            end = column + other.columns
            self._characters[row + at][column:end] = other._characters[at]
            self._colours[row + at][column:end] = other._colours[at]

    def lines(self) -> list[str]:
        """The rows as texts, with escape sequences where there is colour."""
        return [self._line(row) for row in range(self.rows)]

    def _line(self, row: int) -> str:
        characters, colours = self._characters[row], self._colours[row]
        if not self.colour:
            return "".join(characters).rstrip()
        end = self.columns
        while end and characters[end - 1] == " " and "48;" not in colours[end - 1]:
            end -= 1
        found: list[str] = []
        last = ""
        for character, colour in zip(characters[:end], colours[:end], strict=True):
            if colour != last:
                if last:
                    found.append(RESET)
                if colour:
                    found.append(f"\x1b[{colour}m")
                last = colour
            found.append(character)
        return "".join(found) + (RESET if last else "")
