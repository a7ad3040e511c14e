from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingressd.kube.api_error import ApiError, ApiFault
from ingressd.kube.lease import Candidacy, ElectionSettings, Lease, micro_time, read_lease, write_lease

SETTINGS = ElectionSettings()
MOMENT = datetime(2026, 11, 20, 10, 0, 0, 5, tzinfo=UTC)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=4,
)
specs = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(
        ("holderIdentity", "leaseDurationSeconds", "acquireTime", "renewTime", "leaseTransitions"), json_values
    ),
)


def candidate(identity: str = "a") -> Candidacy:
    return Candidacy(identity, namespace="system", name="ingressd", settings=SETTINGS)


def lease(version: int = 1, **spec: Any) -> Lease:
    return Lease({"name": "ingressd", "namespace": "system", "resourceVersion": str(version)}, spec)


HELD = lease(
    holderIdentity="b",
    leaseDurationSeconds=20,
    acquireTime="2026-11-20T09:00:00.000000Z",
    renewTime="2026-11-20T09:59:59.000000Z",
    leaseTransitions=3,
)


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "2026-01-02T03:04:05.000000Z"),
        (datetime(2026, 1, 2, 3, 4, 5, 120, tzinfo=UTC), "2026-01-02T03:04:05.000120Z"),
        (datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone(timedelta(hours=2))), "2026-01-02T01:04:05.000000Z"),
    ],
)
def test_a_micro_time_has_six_digits_and_is_in_utc(moment: datetime, text: str) -> None:
    assert micro_time(moment) == text


def test_the_first_lease_is_whole() -> None:
    written = msgspec.json.decode(write_lease(candidate().first(MOMENT)))
    assert written == {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {"namespace": "system", "name": "ingressd"},
        "spec": {
            "holderIdentity": "a",
            "leaseDurationSeconds": 15,
            "acquireTime": "2026-11-20T10:00:00.000005Z",
            "renewTime": "2026-11-20T10:00:00.000005Z",
            "leaseTransitions": 0,
        },
    }


def test_another_ones_lease_is_taken_when_its_own_duration_has_passed_without_a_change() -> None:
    one = candidate()
    one.observe(HELD, 100.0)
    assert one.bid(119.9, MOMENT) is None
    bid = one.bid(120.0, MOMENT)
    assert bid is not None
    assert bid.metadata == HELD.metadata
    assert (bid.holder, bid.transitions, bid.acquired) == ("a", 4, micro_time(MOMENT))


def test_each_change_of_the_record_is_a_sign_of_life() -> None:
    one = candidate()
    one.observe(HELD, 100.0)
    one.observe(lease(2, **{**HELD.spec, "renewTime": "2026-11-20T10:00:01.000000Z"}), 119.0)
    assert one.bid(138.9, MOMENT) is None
    assert one.bid(139.0, MOMENT) is not None


def test_the_holders_clock_decides_nothing() -> None:
    ages_ago, in_the_future = "1970-01-01T00:00:00.000000Z", "2999-01-01T00:00:00.000000Z"
    for renewed in (ages_ago, in_the_future):
        one = candidate()
        one.observe(lease(1, **{**HELD.spec, "renewTime": renewed}), 100.0)
        assert one.bid(101.0, MOMENT) is None
        assert one.bid(120.0, MOMENT) is not None


def test_a_released_lease_is_taken_at_once() -> None:
    one = candidate()
    one.observe(lease(1, **{**HELD.spec, "holderIdentity": "", "leaseDurationSeconds": 1}), 100.0)
    bid = one.bid(100.0, MOMENT)
    assert bid is not None
    assert bid.transitions == 4


def test_a_renewal_keeps_since_when_and_how_often() -> None:
    one = candidate("b")
    one.observe(HELD, 100.0)
    bid = one.bid(100.0, MOMENT)
    assert bid is not None
    assert (bid.acquired, bid.transitions) == ("2026-11-20T09:00:00.000000Z", 3)
    assert bid.spec["renewTime"] == micro_time(MOMENT)
    assert bid.spec["leaseDurationSeconds"] == 15


def test_a_renewal_is_a_change_even_when_the_wall_clock_stands_still() -> None:
    one = candidate("b")
    one.observe(lease(1, **{**HELD.spec, "renewTime": micro_time(MOMENT)}), 100.0)
    bid = one.bid(100.0, MOMENT)
    assert bid is not None
    assert bid.spec["renewTime"] == "2026-11-20T10:00:00.000006Z"


def test_leadership_is_counted_from_before_the_call() -> None:
    one = candidate()
    bid = one.first(MOMENT)
    one.won(lease(1, **bid.spec), 100.0, 104.0)
    assert one.leads(109.9)
    assert not one.leads(110.0)


def test_another_name_in_the_record_ends_leadership_at_once() -> None:
    one = candidate()
    one.won(lease(1, **one.first(MOMENT).spec), 100.0, 100.0)
    one.observe(HELD, 101.0)
    assert not one.leads(101.0)


def test_so_does_a_lease_that_is_gone() -> None:
    one = candidate()
    one.won(lease(1, **one.first(MOMENT).spec), 100.0, 100.0)
    one.vanish()
    assert not one.leads(101.0)


def test_only_what_is_held_is_given_back() -> None:
    other = candidate()
    other.observe(HELD, 100.0)
    assert other.resign(MOMENT) is None
    one = candidate("b")
    assert one.resign(MOMENT) is None
    one.won(HELD, 100.0, 100.0)
    given = one.resign(MOMENT)
    assert given is not None
    assert not one.leads(100.0)
    assert (given.spec["holderIdentity"], given.spec["leaseDurationSeconds"], given.transitions) == ("", 1, 3)
    assert given.metadata == HELD.metadata


def test_a_lease_goes_back_with_its_metadata_unchanged() -> None:
    body = msgspec.json.encode(
        {"metadata": {"resourceVersion": "7", "labels": {"a": "b"}, "unheardOf": [1]}, "spec": HELD.spec}
    )
    assert msgspec.json.decode(write_lease(read_lease(body)))["metadata"] == {
        "resourceVersion": "7",
        "labels": {"a": "b"},
        "unheardOf": [1],
    }


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b"null",
        b"{}",
        b'{"metadata":null}',
        b'{"metadata":{"resourceVersion":7}}',
        b'{"metadata":{"resourceVersion":"7","name":"\xff"}}',
        b"[" * 100_000 + b"]" * 100_000,
    ],
)
def test_what_is_no_lease_is_an_error_of_the_server(body: bytes) -> None:
    with pytest.raises(ApiError) as caught:
        read_lease(body)
    assert caught.value.fault is ApiFault.MALFORMED


@given(spec=specs | json_values, now=st.floats(0, 1e6))
def test_a_damaged_record_is_held_or_taken_and_raises_nothing(spec: Any, now: float) -> None:
    one = candidate()
    one.observe(read_lease(msgspec.json.encode({"metadata": {"resourceVersion": "1"}, "spec": spec})), now)
    one.bid(now, MOMENT)
    bid = one.bid(now + 3601, MOMENT)
    assert bid is not None
    assert 0 <= bid.transitions < 2**31
    assert bid.acquired
    one.resign(MOMENT)


@pytest.mark.parametrize(
    ("seconds", "expected"), [(20, 20), (0, 15), (-1, 15), (True, 15), ("20", 15), (None, 15), (10**9, 3600)]
)
def test_a_duration_that_cannot_be_meant_is_our_own(seconds: object, expected: int) -> None:
    assert lease(leaseDurationSeconds=seconds).seconds(15) == expected


@pytest.mark.parametrize(
    "wrong", [{"lease": 5}, {"retry": 0}, {"renew_deadline": 15.0}, {"jitter": -1.0}, {"lease": 4000}]
)
def test_settings_that_would_allow_two_leaders_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="renew_deadline < lease"):
        ElectionSettings(**wrong)


def test_nobody_leads_before_the_first_bid() -> None:
    assert candidate().leading_until == -math.inf
