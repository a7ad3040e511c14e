from __future__ import annotations

import pytest

from ingressd.resources.field_path import child, item, joined, shown


@pytest.mark.parametrize(
    ("path", "key", "expected"),
    [
        ("", "spec", "spec"),
        ("spec", "rules", "spec.rules"),
        ("metadata.annotations", "a.b/c", "metadata.annotations[a.b/c]"),
        ("metadata.labels", "", "metadata.labels[]"),
        ("", "8080", "[8080]"),
    ],
)
def test_child(path: str, key: str, expected: str) -> None:
    assert child(path, key) == expected


def test_item() -> None:
    assert item("spec.rules", 3) == "spec.rules[3]"


@pytest.mark.parametrize(
    ("prefix", "path", "expected"),
    [
        ("", "spec", "spec"),
        ("items[3]", "", "items[3]"),
        ("items[3]", "spec.rules[0]", "items[3].spec.rules[0]"),
        ("items[3]", "[8080]", "items[3][8080]"),
    ],
)
def test_joined(prefix: str, path: str, expected: str) -> None:
    assert joined(prefix, path) == expected


def test_shown_text_is_one_short_printable_line() -> None:
    assert shown('a\nb\x1b[31m"\ud800') == '"a\\nb\\x1b[31m"\\ud800"'
    assert shown("x" * 1000) == '"' + "x" * 80 + '…"'
