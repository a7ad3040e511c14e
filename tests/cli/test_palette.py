"""Colours by meaning."""

from __future__ import annotations

import pytest

from ingressd.cli.palette import PLAIN, Palette

PAINTS = ("good", "error", "warning", "heading", "faint")


@pytest.mark.parametrize("paint", PAINTS)
def test_plain_text_stays_as_it_is(paint: str) -> None:
    assert getattr(PLAIN, paint)("text") == "text"


@pytest.mark.parametrize("paint", PAINTS)
def test_painted_text_ends_plain(paint: str) -> None:
    painted = getattr(Palette(enabled=True), paint)("text")
    assert painted.startswith("\x1b[")
    assert painted.endswith("text\x1b[0m")


def test_nothing_is_not_painted() -> None:
    assert Palette(enabled=True).error("") == ""


def test_each_meaning_has_its_colour() -> None:
    assert len({getattr(Palette(enabled=True), paint)("x") for paint in PAINTS}) == len(PAINTS)
