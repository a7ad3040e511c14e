"""The reference page says what the program does."""

from __future__ import annotations

from docs.reference import PLACE, reference


def test_the_page_is_what_the_tables_say() -> None:
    assert PLACE.read_text(encoding="utf-8") == reference(), "run `make docs`"
