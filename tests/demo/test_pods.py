"""The pods of the example."""

from __future__ import annotations

from collections import Counter

from ingressd.demo.pods import PODS


def test_names_are_unique() -> None:
    assert len({(pod.namespace, pod.name) for pod in PODS}) == len(PODS)


def test_one_service_shows_balancing() -> None:
    sizes = Counter((pod.namespace, pod.service) for pod in PODS)
    assert [service for service, size in sizes.items() if size == 2] == [("shop", "storefront")]
