from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingressd.kube.event_limits import EventSettings, ObjectLimits, TokenBucket
from ingressd.resources.key import Kind, ObjectKey


def key(name: str) -> ObjectKey:
    return ObjectKey(Kind.INGRESS, "shop", name)


def test_a_bucket_gives_its_burst_and_then_its_rate() -> None:
    bucket = TokenBucket(3, 0.5, 0.0)
    assert [bucket.take(0.0) for _ in range(4)] == [True, True, True, False]
    assert bucket.wait(0.0) == pytest.approx(2.0)
    assert not bucket.take(1.9)
    assert bucket.take(2.0)
    assert [bucket.take(1000.0) for _ in range(4)] == [True, True, True, False]


@given(st.integers(1, 10), st.floats(0.01, 10), st.lists(st.floats(0, 5), max_size=50))
def test_a_bucket_never_gives_more_than_burst_and_rate_allow(burst: int, rate: float, pauses: list[float]) -> None:
    bucket, now, given_out = TokenBucket(burst, rate, 0.0), 0.0, 0
    for pause in pauses:
        now += pause
        given_out += bucket.take(now)
    assert given_out <= burst + rate * now + 1e-6


def test_one_object_does_not_use_up_what_belongs_to_another() -> None:
    limits = ObjectLimits(EventSettings(object_burst=2))
    assert [limits.take(key("a"), 0.0) for _ in range(3)] == [True, True, False]
    assert limits.take(key("b"), 0.0)
    assert limits.take(key("a"), 300.0)


def test_the_memory_of_objects_is_bounded() -> None:
    limits = ObjectLimits(EventSettings(object_burst=1, remembered=2))
    assert limits.take(key("a"), 0.0)
    assert limits.take(key("b"), 0.0)
    assert not limits.take(key("a"), 0.0)
    assert limits.take(key("c"), 0.0)
    assert not limits.take(key("a"), 0.0)
    assert limits.take(key("b"), 0.0), "the one that was not used for longest is forgotten"
