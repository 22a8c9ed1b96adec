"""A figure in the characters of a terminal: its axes in a grid, or one below the other."""

from __future__ import annotations

from typing import Any

from .axes import Axes
from .canvas import BRAILLE, RESET, Canvas, paint
from .characters import draw_artist, mark_of, pen_of
from .figure import Figure
from .plane import Plane, x_ticks, y_ticks
from .styles import mapped
from .ticks import label
from .words import plain

ROWS = 16  # of axes that are alone
ROWS_OF_MANY = 10
LEAST, LEAST_IMAGE = 34, 14  # columns of axes that stand beside others
MOST_IMAGE_ROWS = 24
WIDEST = 100  # columns of a picture
GAP = 2  # columns between axes

__all__ = ["BRAILLE", "RESET", "draw"]


def draw(figure: Figure, width: int, *, colour: bool, ascii: bool) -> str:
    """The picture, at most `width` columns wide."""
    blocks = []
    stacks = _stacks(figure)
    lines = _lines(stacks, width)
    rows = ROWS if len(stacks) == 1 else ROWS_OF_MANY
    if figure.title:
        blocks.append([plain(figure.title)[:width].center(width).rstrip()])
    for line in lines:
        each = (width - GAP * (len(line) - 1)) // len(line)
        made = [_stack(stack, each, rows, colour, ascii) for stack in line]
        whole = Canvas(width, max(one.rows for one in made), colour=colour, ascii=ascii)
        for at, one in enumerate(made):
            whole.place(one, 0, at * (each + GAP))
        blocks.append(whole.lines())
    between = "\n\n" if len(lines) > 1 else "\n"
    return between.join("\n".join(block) for block in blocks)


def _stacks(figure: Figure) -> list[list[Axes]]:
    """The axes of every place that has something drawn; those over each other are together."""
    found: dict[Any, list[Axes]] = {}
    for axes in figure.axes:
        if axes.artists:
            found.setdefault(axes.place, []).append(axes)
    return list(found.values())


def _lines(stacks: list[list[Axes]], width: int) -> list[list[list[Axes]]]:
    """The rows of the figure's grid, broken where they are too wide."""
    rows: dict[tuple[int, int], list[list[Axes]]] = {}
    for stack in stacks:
        height, columns, first, _ = stack[0].place
        rows.setdefault((height, (first - 1) // columns), []).append(stack)
    found = []
    for row in rows.values():
        least = LEAST_IMAGE if all(_is_bare(stack) for stack in row) else LEAST
        most = max((width + GAP) // (least + GAP), 1)
        each = -(-len(row) // -(-len(row) // most))  # as many on every line
        found += [row[at : at + each] for at in range(0, len(row), each)]
    return found


def _is_bare(stack: list[Axes]) -> bool:
    """Whether axes show an image and little else."""
    return len(stack) == 1 and stack[0].equal and not stack[0].has_legend


def _stack(stack: list[Axes], width: int, rows: int, colour: bool, ascii: bool) -> Canvas:
    """Axes with what is around them."""
    axes, beside = stack[0], stack[1:2]
    shown = axes.has_axis
    left = right = 0
    ends = axes.ranges()
    if shown:
        left = max((len(text) for text in y_ticks(axes, ends[1], rows).values()), default=0) + 2
        if beside:
            texts = y_ticks(beside[0], beside[0].ranges()[1], rows).values()
            right = max(map(len, texts), default=0) + 2
    columns = max(width - left - right, 8)
    if axes.equal:
        rows, columns = _fitted(ends, rows, columns, alone=rows == ROWS)
    above = [_head(axes, beside, left + columns + right)] if _has_head(axes, beside) else []
    title = [plain(axes.title)] if axes.title else []
    named = [artist for other in stack for artist in other.named()]
    legend = _legend(named, width - left, colour, ascii)
    below = 2 * shown + bool(axes.x_scale.label and shown) + bool(axes.bar_of_colours)
    top = len(title) + len(above)
    canvas = Canvas(width, top + rows + below + len(legend), colour=colour, ascii=ascii)
    for row, text in enumerate(title):
        canvas.put(row, max(left + (columns - len(text)) // 2, 0), text)
    for row, text in enumerate(above, len(title)):
        canvas.put(row, 0, text)
    planes = [Plane(canvas, one, top, left, rows, columns) for one in stack]
    if shown:
        _frame(planes[0], top, right)
        for plane in planes[1:2]:
            _right(plane)
    for plane in planes:
        for artist in sorted(plane.axes.artists, key=lambda one: one.zorder):
            if artist.visible and artist.has_place:
                draw_artist(artist, plane)
    at = top + rows + 2 * shown
    if axes.x_scale.label and shown:
        text = plain(axes.x_scale.label)
        canvas.put(at, max(left + (columns - len(text)) // 2, 0), text)
        at += 1
    if axes.bar_of_colours is not None:
        _colour_bar(canvas, at, left, columns, axes.bar_of_colours)
        at += 1
    for row, line in enumerate(legend, at):
        column = left
        for mark, text, pen in line:
            canvas.put(row, column, mark, pen)
            canvas.put(row, column + 2, text)
            column += len(text) + 5
    return canvas


def _fitted(ends: Any, rows: int, columns: int, *, alone: bool) -> tuple[int, int]:
    """Rows and columns where a unit of x is as long as one of y; a cell is twice as high."""
    across, up = (abs(high / 2 - low / 2) for low, high in ends)
    if alone:
        rows = MOST_IMAGE_ROWS
    wide = 2 * across / up if up > 0 else 2.0  # columns to a row
    if rows * wide > columns:
        return max(round(columns / wide), 1), columns
    return rows, max(round(rows * wide), 2)


def _has_head(axes: Axes, beside: list[Axes]) -> bool:
    return axes.has_axis and any(one.y_scale.label for one in [axes, *beside])


def _head(axes: Axes, beside: list[Axes], width: int) -> str:
    """The words of y, above its axis; those of the axis on the right are on the right."""
    first = plain(axes.y_scale.label)
    second = plain(beside[0].y_scale.label) if beside else ""
    return first + second.rjust(max(width - len(first), len(second) + 1))


def _frame(plane: Plane, top: int, right: int) -> None:
    """The axes' lines, ticks and numbers."""
    canvas, rows, columns, left = plane.canvas, plane.rows, plane.columns, plane.left
    bar, tick, corner, dash, drop = tuple("||+-+" if canvas.ascii else "│┤└─┬")
    texts = y_ticks(plane.axes, plane.y_range, rows)
    for row in range(rows):
        text = texts.get(row, "")
        canvas.put(top + row, 0, f"{text.rjust(left - 2)} {tick if row in texts else bar}")
    canvas.put(top + rows, left - 1, corner + dash * columns)
    grid = "" if canvas.ascii or not plane.axes.has_grid else "·"
    for column, text, start in x_ticks(plane, right):
        canvas.put(top + rows, left + column, drop)
        canvas.put(top + rows + 1, left + start, text)
        for row in range(rows if grid else 0):
            plane.put(row, column, grid, "90")
    for row in texts if grid else ():
        plane.put(row, 0, grid * columns, "90")


def _right(plane: Plane) -> None:
    """The numbers of axes that lie over others."""
    canvas = plane.canvas
    bar, tick = ("|", "|") if canvas.ascii else ("│", "├")
    texts = y_ticks(plane.axes, plane.y_range, plane.rows)
    for row in range(plane.rows):
        text = f"{tick} {texts[row]}" if row in texts else bar
        canvas.put(plane.top + row, plane.left + plane.columns, text)
    corner = "+" if canvas.ascii else "┘"
    canvas.put(plane.top + plane.rows, plane.left + plane.columns, corner)


def _legend(artists: list[Any], width: int, colour: bool, ascii: bool) -> list[Any]:
    """The names of what is drawn with their marks, in as many lines as they need."""
    lines: list[Any] = []
    room = 0
    for artist in artists:
        text = plain(artist.label)[: max(width - 2, 1)]
        if not lines or room + 2 + len(text) > width:
            lines.append([])
            room = 0
        lines[-1].append((mark_of(artist, ascii), text, pen_of(artist) if colour else ""))
        room += len(text) + 5
    return lines


def _colour_bar(canvas: Canvas, row: int, left: int, columns: int, shown: Any) -> None:
    """The lowest and the highest number with the colours between them."""
    low, high = shown.ends()
    first, last = label(low, 4), label(high, 4)
    size = max(columns - len(first) - len(last) - 2, 4)
    canvas.put(row, left, first)
    ramp = " .:-=+*#%@" if canvas.ascii else " ░▒▓█"
    for at in range(size):
        share = at / (size - 1)
        column = left + len(first) + 1 + at
        if canvas.colour:
            canvas.put(row, column, "█", f"38;5;{paint(mapped(share, shown.colours))}")
        else:
            canvas.put(row, column, ramp[min(int(share * len(ramp)), len(ramp) - 1)])
    canvas.put(row, left + len(first) + size + 2, last)
