from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tls.names import canonical_certificate_name, canonical_server_name, covers

LABELS = st.text(string.ascii_letters + string.digits + "-_", min_size=1, max_size=6)
NAMES = st.lists(st.sampled_from(["a", "b", "*", "a-b", "1", "10"]), min_size=1, max_size=4).map(".".join)


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("example.com", "example.com"),
        ("EXAMPLE.com.", "example.com"),
        ("localhost", "localhost"),
        ("_acme.example.com", "_acme.example.com"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("1.2.3.4.example", "1.2.3.4.example"),
        ("a" * 63 + ".example", "a" * 63 + ".example"),
        (".".join(["a" * 49] * 5) + ".abc", ".".join(["a" * 49] * 5) + ".abc"),
        (".".join(["a" * 49] * 5) + ".abcd", None),
        ("a" * 64 + ".example", None),
        ("example.com..", None),
        ("", None),
        (".", None),
        (".example.com", None),
        ("a..b", None),
        ("-a.example", None),
        ("a-.example", None),
        ("*.example.com", None),
        ("10.0.0.1", None),
        ("999.0.0.1", None),
        ("::1", None),
        ("[::1]", None),
        ("example.com:443", None),
        ("exam ple.com", None),
        ("example.com\0.evil.example", None),
        ("example.com\n", None),
        ("bücher.example", None),
        ("\u212aelvin.example", None),
        ("user@example.com", None),
    ],
)
def test_a_server_name_has_one_spelling(text: str, canonical: str | None) -> None:
    assert canonical_server_name(text) == canonical


@given(st.lists(LABELS, min_size=1, max_size=5).map(".".join))
def test_case_and_one_trailing_dot_do_not_matter(name: str) -> None:
    canonical = canonical_server_name(name)
    assert canonical_server_name(name.upper()) == canonical
    assert canonical_server_name(name + ".") == canonical
    if canonical is not None:
        assert canonical_server_name(canonical) == canonical


@given(st.text(max_size=40))
def test_any_text_gives_a_name_of_the_narrow_alphabet_or_none(text: str) -> None:
    canonical = canonical_server_name(text)
    assert canonical is None or set(canonical) <= set(string.ascii_lowercase + string.digits + "-_.")


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("*.Example.COM", "*.example.com"),
        ("*.localhost", "*.localhost"),
        ("127.0.0.1", "127.0.0.1"),
        ("::1", "::1"),
        ("0:0:0:0:0:0:0:1", "::1"),
        ("*", None),
        ("*.", None),
        ("*.*.example.com", None),
        ("a*.example.com", None),
        ("*.10.0.0.1", None),
    ],
)
def test_a_certificate_can_name_wildcards_and_addresses(text: str, canonical: str | None) -> None:
    assert canonical_certificate_name(text) == canonical


def naive_covers(pattern: str, name: str) -> bool:
    expected, actual = pattern.split("."), name.split(".")
    if expected == actual:
        return True
    if len(expected) != len(actual) or expected[0] != "*" or len(expected) < 2:
        return False
    is_address = len(actual) == 4 and all(label.isdigit() for label in actual)
    return actual[0] not in {"", "*"} and expected[1:] == actual[1:] and not is_address


@given(NAMES, NAMES)
def test_covering_agrees_with_comparing_label_by_label(pattern: str, name: str) -> None:
    assert covers(pattern, name) is naive_covers(pattern, name)


@given(NAMES)
def test_a_wildcard_covers_one_label_and_neither_none_nor_two(parent: str) -> None:
    assert covers(f"*.{parent}", f"x.{parent}")
    assert covers(f"*.{parent}", f"*.{parent}")
    assert not covers(f"*.{parent}", parent) or parent.startswith("*.")
    assert not covers(f"*.{parent}", f"x.y.{parent}")
    assert not covers(f"*.{parent}", f".{parent}")


def test_a_wildcard_covers_no_address() -> None:
    assert not covers("*.0.0.1", "10.0.0.1")
