"""Plain text tables."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingressd.cli.palette import Palette
from ingressd.cli.table_view import format_table

ROWS = (("http://shop.localhost:8080/cart", "cart:80"), ("http://blog.localhost:8080/", "blog:80"))


def test_columns_are_as_wide_as_their_widest_cell() -> None:
    assert format_table(("URL", "SERVICE"), ROWS) == (
        "URL                              SERVICE",
        "http://shop.localhost:8080/cart  cart:80",
        "http://blog.localhost:8080/      blog:80",
    )


def test_a_column_that_may_be_cut_is_cut_to_fit() -> None:
    assert format_table(("URL", "SERVICE"), ROWS, width=30, cut=("URL",)) == (
        "URL                    SERVICE",
        "http://shop.localhos…  cart:80",
        "http://blog.localhos…  blog:80",
    )


def test_no_other_column_is_cut() -> None:
    assert format_table(("URL", "SERVICE"), ROWS, width=30) == format_table(("URL", "SERVICE"), ROWS)


def test_columns_are_cut_in_their_order() -> None:
    rows = (("a" * 12, "b" * 12, "c" * 12),)
    assert format_table(("A", "B", "C"), rows, width=38, cut=("C", "B"))[1] == f"{'a' * 12}  {'b' * 12}  {'c' * 9}…"
    assert format_table(("A", "B", "C"), rows, width=34, cut=("C", "B"))[1] == f"{'a' * 12}  {'b' * 9}…  {'c' * 7}…"
    assert format_table(("A", "B", "C"), rows, width=20, cut=("C", "B"))[1] == f"{'a' * 12}  {'b' * 7}…  {'c' * 7}…"


def test_a_heading_is_never_cut() -> None:
    assert format_table(("ENDPOINTS",), (("x" * 20,),), width=5, cut=("ENDPOINTS",)) == ("ENDPOINTS", "xxxxxxxx…")


def test_headings_alone() -> None:
    assert format_table(("URL", "SERVICE"), ()) == ("URL  SERVICE",)


def test_only_headings_are_painted() -> None:
    assert format_table(("A",), (("b",),), palette=Palette(enabled=True)) == ("\x1b[1mA\x1b[0m", "b")


def test_a_cell_cannot_break_its_line() -> None:
    assert format_table(("A",), (("x\n\x1b[2Jy",),)) == ("A", "x\\n\\x1b[2Jy")


def test_a_row_that_does_not_fit_the_headings_is_refused() -> None:
    with pytest.raises(ValueError, match="zip"):
        format_table(("A", "B"), (("only one",),))


@given(st.lists(st.tuples(*[st.text("ab/", max_size=60)] * 3), max_size=5), st.integers(40, 120))
def test_a_table_fits_its_width(rows: list[tuple[str, str, str]], width: int) -> None:
    lines = format_table(("ONE", "TWO", "THREE"), rows, width=width, cut=("TWO", "THREE", "ONE"))
    assert len(lines) == len(rows) + 1
    assert all(len(line) <= width for line in lines)


@given(st.lists(st.tuples(st.text("ab/", min_size=1, max_size=60), st.text("ab/", min_size=1)), max_size=5))
def test_nothing_is_cut_without_a_width(rows: list[tuple[str, str]]) -> None:
    lines = format_table(("ONE", "TWO"), rows)
    assert [tuple(line.split()) for line in lines[1:]] == rows
