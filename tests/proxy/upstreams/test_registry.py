from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from ingressd.proxy.upstreams.registry import UpstreamRegistry
from ingressd.routing.endpoint import Endpoint
from ingressd.routing.upstream import Upstream, UpstreamKey

ENDPOINTS = tuple(Endpoint(f"10.0.0.{number}", 80) for number in range(1, 6))


def upstream(count: int) -> Upstream:
    return Upstream(key=UpstreamKey("a/b:80"), namespace="a", service="b", port="80", endpoints=ENDPOINTS[:count])


@given(st.integers(1, 5), st.integers(1, 40))
def test_turns_are_fair(count: int, rounds: int) -> None:
    registry = UpstreamRegistry(lambda: 0.0)
    picks = Counter(registry.pick(upstream(count)) for _ in range(count * rounds))
    assert set(picks.values()) == {rounds}


def test_what_was_tried_is_not_picked_again() -> None:
    registry = UpstreamRegistry(lambda: 0.0)
    tried: set[Endpoint] = set()
    while (endpoint := registry.pick(upstream(3), tried)) is not None:
        assert endpoint not in tried
        tried.add(endpoint)
    assert tried == set(ENDPOINTS[:3])


def test_an_endpoint_that_refuses_is_left_out_for_longer_each_time() -> None:
    now = 0.0
    registry = UpstreamRegistry(lambda: now)
    for duration in (1.0, 2.0, 4.0, 8.0, 10.0, 10.0):
        registry.connect_failed(ENDPOINTS[0])
        assert {registry.pick(upstream(2)) for _ in range(4)} == {ENDPOINTS[1]}
        now += duration
        assert {registry.pick(upstream(2)) for _ in range(4)} == set(ENDPOINTS[:2])
    registry.connect_failed(ENDPOINTS[0])
    registry.connected(ENDPOINTS[0])
    assert {registry.pick(upstream(2)) for _ in range(4)} == set(ENDPOINTS[:2])


def test_when_all_are_left_out_all_are_tried() -> None:
    registry = UpstreamRegistry(lambda: 0.0)
    for endpoint in ENDPOINTS[:2]:
        registry.connect_failed(endpoint)
    assert {registry.pick(upstream(2)) for _ in range(4)} == set(ENDPOINTS[:2])


def test_an_old_failure_is_forgotten() -> None:
    now = 0.0
    registry = UpstreamRegistry(lambda: now)
    registry.connect_failed(ENDPOINTS[0])
    now = 100.0
    registry.sweep()
    registry.connect_failed(ENDPOINTS[0])
    now += 1.0
    assert {registry.pick(upstream(2)) for _ in range(4)} == set(ENDPOINTS[:2]), "one second, as the first time"
