"""Tables for the terminal."""

from __future__ import annotations

from collections.abc import Sequence


def table(
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    width: int,
    *,
    colour: bool,
    ascii: bool,
    drop: Sequence[int] = (),
    styles: Sequence[str] = (),
    nonfinite: str = "",
) -> str:
    """A table no wider than `width`; columns without any text are left out.

    In a narrow window the columns in `drop` go, in that order, so that every line stays whole.
    `styles` are those of the rows, `nonfinite` that of numbers that are none, as rich reads them.
    """
    from io import StringIO

    from rich import box
    from rich.box import Box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    _ASCII = Box("    \n    \n -- \n    \n    \n    \n    \n    \n", ascii=True)
    used = [i for i in range(len(columns)) if i == 0 or any(row[i] for row in rows)]
    sizes = {i: max(len(columns[i]), *(len(row[i]) for row in rows)) + 3 for i in used}
    for i in drop:
        if sum(sizes[j] for j in used) > width and i in used:
            used.remove(i)
    made = Table(box=_ASCII if ascii else box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1))
    for i in used:
        made.add_column(columns[i], no_wrap=True, overflow="crop" if ascii else "ellipsis")
    for place, row in enumerate(rows):
        style = styles[place] if place < len(styles) else ""
        cells = (Text(row[i], nonfinite if row[i] in ("nan", "inf") else "") for i in used)
        made.add_row(*cells, style=style)
    stream = StringIO()
    console = Console(
        file=stream,
        width=max(width, 20),
        force_terminal=colour,
        no_color=not colour,
        color_system="256" if colour else None,
        legacy_windows=False,
        highlight=False,
        emoji=False,
        markup=False,
    )
    console.print(made)
    lines = [line.rstrip() for line in stream.getvalue().split("\n")]
    return "\n".join(line for line in lines if line)
