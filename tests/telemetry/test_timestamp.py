"""A moment as logs write it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingressd.telemetry.timestamp import timestamp


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (1_795_223_397.929, "2026-11-21T01:09:57.929Z"),
        (1_795_223_397.0, "2026-11-21T01:09:57.000Z"),
        (0.0, "1970-01-01T00:00:00.000Z"),
    ],
)
def test_moments(seconds: float, text: str) -> None:
    assert timestamp(seconds) == text


@given(st.floats(0, 4e9))
def test_it_is_the_moment_to_the_millisecond(seconds: float) -> None:
    text = timestamp(seconds)
    assert len(text) == len("2026-11-21T01:09:57.929Z")
    assert text.endswith("Z")
    read = datetime.fromisoformat(text)
    assert read.tzinfo == UTC
    assert abs(read.timestamp() - seconds) < 0.0011
