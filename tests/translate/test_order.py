from __future__ import annotations

import itertools

from ingressd.translate.order import precedence_of
from tests.support.objects import ingress


def test_oldest_then_namespace_and_name_and_no_timestamp_is_oldest() -> None:
    expected = [
        ingress("z", namespace="z"),
        ingress("b", namespace="a", created="2026-01-01T00:00:00Z"),
        ingress("a", namespace="b", created="2026-01-01T00:00:00Z"),
        ingress("b", namespace="b", created="2026-01-01T00:00:00Z"),
        ingress("a", namespace="a", created="2026-01-02T00:00:00Z"),
    ]
    for order in itertools.permutations(expected):
        assert sorted(order, key=lambda found: precedence_of(found.metadata)) == expected
