"""What ``dev`` says when it has ended."""

from __future__ import annotations

import pytest

from ingressd.cli.dev_server import lost_lines


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (1, "1 line was not written, because nobody read it"),
        (12, "12 lines were not written, because nobody read them"),
    ],
)
def test_lost_lines(number: int, text: str) -> None:
    assert lost_lines(number) == text
