"""Plain text tables that fit the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from ingressd.cli.palette import PLAIN, Palette
from ingressd.telemetry.request_line import printable

GAP = 2
SMALLEST_COLUMN = 8
ELLIPSIS = "…"


def format_table(
    headings: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    width: int | None = None,
    palette: Palette = PLAIN,
) -> tuple[str, ...]:
    """Return the lines of a table, headings first; every row has as many cells as there are headings.

    Cells are left-aligned and separated by two spaces. When the lines are longer than ``width`` columns, the widest
    column is cut first, never below eight columns; a table with too many columns stays too wide. Without a width
    nothing is cut, so that a script reads every cell whole.
    """
    cells = [[printable(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(headings, *cells, strict=True)]
    if width is not None:
        widths = _narrowed(widths, width)
    lines = [palette.heading(_line(headings, widths))]
    lines.extend(_line(row, widths) for row in cells)
    return tuple(lines)


def _narrowed(widths: list[int], width: int) -> list[int]:
    narrowed = list(widths)
    excess = sum(narrowed) + GAP * (len(narrowed) - 1) - width
    while excess > 0:
        widest = max(range(len(narrowed)), key=narrowed.__getitem__)
        if narrowed[widest] <= SMALLEST_COLUMN:
            break
        narrowed[widest] -= 1
        excess -= 1
    return narrowed


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    cells = (_fitted(cell, width) for cell, width in zip(row, widths, strict=True))
    return (" " * GAP).join(cells).rstrip()


def _fitted(cell: str, width: int) -> str:
    return cell.ljust(width) if len(cell) <= width else f"{cell[: width - 1]}{ELLIPSIS}"
