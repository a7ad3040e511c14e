from __future__ import annotations

import pytest

from ingressd.routing.host_names import wildcard_of


@pytest.mark.parametrize(
    ("host", "wildcard"),
    [("a.b.c", "*.b.c"), ("a.b", "*.b"), ("a", None), ("", None), (".b", None), ("*.b.c", "*.b.c")],
)
def test_the_wildcard_over_a_host(host: str, wildcard: str | None) -> None:
    assert wildcard_of(host) == wildcard
