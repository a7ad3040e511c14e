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
    cut: Sequence[str] = (),
    palette: Palette = PLAIN,
) -> tuple[str, ...]:
    """Return the lines of a table, headings first; every row has as many cells as there are headings.

    Cells are left-aligned and separated by two spaces. When the lines are longer than ``width``, the columns whose
    headings are in ``cut`` are cut in that order, never below eight and never below the heading; no other column is,
    and a table that is still too wide stays so. Without a width nothing is cut, so that a script reads every cell
    whole.
    """
    cells = [[printable(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(headings, *cells, strict=True)]
    if width is not None:
        widths = _narrowed(widths, width, [(headings.index(heading), len(heading)) for heading in cut])
    lines = [palette.heading(_line(headings, widths))]
    lines.extend(_line(row, widths) for row in cells)
    return tuple(lines)


def _narrowed(widths: Sequence[int], width: int, cut: Sequence[tuple[int, int]]) -> list[int]:
    """``cut`` are the positions of the columns to take from, each with the length of its heading."""
    narrowed = list(widths)
    excess = sum(narrowed) + GAP * (len(narrowed) - 1) - width
    for position, heading in cut:
        room = narrowed[position] - max(SMALLEST_COLUMN, heading)
        taken = max(0, min(room, excess))
        narrowed[position] -= taken
        excess -= taken
    return narrowed


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    cells = (_fitted(cell, width) for cell, width in zip(row, widths, strict=True))
    return (" " * GAP).join(cells).rstrip()


def _fitted(cell: str, width: int) -> str:
    return cell.ljust(width) if len(cell) <= width else f"{cell[: width - 1]}{ELLIPSIS}"
