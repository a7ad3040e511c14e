"""A bar chart as SVG: a group of bars for each scenario, one bar for each proxy."""

from __future__ import annotations

from collections.abc import Sequence
from xml.sax.saxutils import escape

import msgspec

# Told apart by lightness as well, for who does not see the hues; readable on white and on black.
COLOURS = ("#d55e00", "#e69f00", "#0072b2", "#56b4e9", "#999999")
_WIDTH = 790
_LEFT, _RIGHT = 280, 60
_TOP, _BOTTOM = 74, 34
_BAR, _GAP = 12, 12
_FONT = 'font-family="system-ui, sans-serif" font-size="12"'
_TEXT = "#57606a"


class Group(msgspec.Struct, frozen=True):
    """``values`` in the order of the chart's series, None where there is none."""

    title: str
    values: tuple[float | None, ...]


class BarChart(msgspec.Struct, frozen=True, kw_only=True):
    """``reference`` is marked by a line; a bar beyond ``largest`` is cut, and its number still told."""

    title: str
    subtitle: str
    series: tuple[str, ...]
    groups: tuple[Group, ...]
    reference: float = 1.0
    largest: float = 1.5


def svg(chart: BarChart) -> str:
    """Raises ValueError with more series than there are colours."""
    if len(chart.series) > len(COLOURS):
        raise ValueError(f"a chart has {len(COLOURS)} colours, and {len(chart.series)} series were given")
    group_height = _BAR * len(chart.series) + _GAP
    height = _TOP + group_height * len(chart.groups) + _BOTTOM
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" role="img" '
        f'aria-label="{escape(chart.title, _QUOTE)}" {_FONT}>',
        _text(12, 20, chart.title, size=15, weight="bold"),
        _text(12, 38, chart.subtitle),
        *_legend(chart.series),
    ]
    for number, group in enumerate(chart.groups):
        top = _TOP + number * group_height
        parts.append(_text(_LEFT - 8, top + group_height / 2 - 2, group.title, anchor="end"))
        for position, (name, value) in enumerate(zip(chart.series, group.values, strict=True)):
            if value is not None:
                bar_top = top + position * _BAR
                parts += _bar(chart, f"{group.title}: {name}", value, bar_top, COLOURS[position])
    x = _LEFT + _scaled(chart, chart.reference)
    parts.append(f'<line x1="{x:g}" y1="{_TOP - 6}" x2="{x:g}" y2="{height - _BOTTOM}" stroke="{_TEXT}" />')
    parts.append(_text(x, height - _BOTTOM + 16, f"{chart.reference:g}", anchor="middle"))
    return "\n".join((*parts, "</svg>\n"))


_QUOTE = {'"': "&quot;"}


def _scaled(chart: BarChart, value: float) -> float:
    """Return a length in pixels; what is too long is cut."""
    return round(min(value, chart.largest) / chart.largest * (_WIDTH - _LEFT - _RIGHT), 1)


def _bar(chart: BarChart, label: str, value: float, top: float, colour: str) -> list[str]:
    width = _scaled(chart, value)
    return [
        f'<rect x="{_LEFT}" y="{top:g}" width="{width:g}" height="{_BAR - 2}" fill="{colour}">'
        f"<title>{escape(label)} {value:.2f}</title></rect>",
        _text(_LEFT + width + 4, top + _BAR - 3, f"{value:.2f}", size=10),
    ]


def _legend(series: Sequence[str]) -> list[str]:
    parts, x = [], float(_LEFT)
    for name, colour in zip(series, COLOURS, strict=False):
        parts.append(f'<rect x="{x:g}" y="48" width="10" height="10" fill="{colour}" />')
        parts.append(_text(x + 14, 57, name))
        x += 30 + 7 * len(name)
    return parts


def _text(x: float, y: float, text: str, *, anchor: str = "start", size: int = 12, weight: str = "normal") -> str:
    return (
        f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}" font-size="{size}" font-weight="{weight}" '
        f'fill="{_TEXT}">{escape(text)}</text>'
    )
