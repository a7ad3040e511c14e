from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingressd.sources.scalars import resolve


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *[(text, True) for text in ("true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON", "y", "Y")],
        *[(text, False) for text in ("false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF", "n", "N")],
        *[(text, None) for text in ("", "~", "null", "Null", "NULL")],
        ("tRUE", "tRUE"),
        ("yEs", "yEs"),
        ("0", 0),
        ("-0", 0),
        ("+80", 80),
        ("-80", -80),
        ("1_000", 1000),
        ("017", 15),
        ("0o17", 15),
        ("0x1F", 31),
        ("-0b101", -5),
        ("089", 89),
        ("80.0", 80),
        ("1.5", 1.5),
        (".5", 0.5),
        ("1e3", 1000),
        ("1e-3", 0.001),
        ("18446744073709551615", 18446744073709551615),
        ("18446744073709551616", 18446744073709551616),
        ("1e22", 1e22),
        ("22:22", "22:22"),
        ("1:30:00", "1:30:00"),
        ("2026-11-20", "2026-11-20"),
        ("2026-11-20T10:00:00Z", "2026-11-20T10:00:00Z"),
        ("10.0.0.1", "10.0.0.1"),
        ("1.2.3", "1.2.3"),
        ("-", "-"),
        (".", "."),
        ("0x", "0x"),
        ("08a", "08a"),
        ("8080/tcp", "8080/tcp"),
        ("\u0661", "\u0661"),
        ("<<", "<<"),
        ("=", "="),
    ],
)
def test_plain_scalars(text: str, value: object) -> None:
    resolved = resolve(text)
    assert (type(resolved), resolved) == (type(value), value)


@pytest.mark.parametrize("text", [".inf", "-.Inf", "+.INF", ".nan", ".NaN", "1e999", "9" * 5000])
def test_what_json_cannot_hold(text: str) -> None:
    with pytest.raises(ValueError, match=r"number"):
        resolve(text)


@given(st.integers(min_value=-(2**63), max_value=2**64 - 1))
def test_integers(number: int) -> None:
    assert resolve(str(number)) == number
    assert resolve(hex(number)) == number


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_floats(number: float) -> None:
    resolved = resolve(repr(number))
    assert isinstance(resolved, int | float)
    assert math.isclose(resolved, number, rel_tol=0)


@given(st.text(alphabet="+-.0123456789_xXobBeEaf:infNa", max_size=12))
def test_no_other_error(text: str) -> None:
    try:
        value = resolve(text)
    except ValueError:
        return
    assert value == text or not isinstance(value, str)
