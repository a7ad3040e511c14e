from __future__ import annotations

import pytest

from ingressd.routing.upstream import upstream_key
from ingressd.translate.upstream_name import UpstreamName


@pytest.mark.parametrize("name", [UpstreamName("shop", "web", "80"), UpstreamName("a", "b.c", "http-alt")])
def test_an_upstream_key_can_be_taken_apart(name: UpstreamName) -> None:
    assert UpstreamName.of(upstream_key(*name)) == name
