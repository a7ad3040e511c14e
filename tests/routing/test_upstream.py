from __future__ import annotations

import pytest

from ingressd.routing.endpoint import Endpoint
from ingressd.routing.upstream import Unavailable, Upstream, upstream_key


def test_an_upstream_has_endpoints_or_says_why_not() -> None:
    key = upstream_key("shop", "web", 80)
    with pytest.raises(ValueError, match="endpoints"):
        Upstream(key=key, namespace="shop", service="web", port="80")
    with pytest.raises(ValueError, match="endpoints"):
        Upstream(
            key=key,
            namespace="shop",
            service="web",
            port="80",
            endpoints=(Endpoint("10.0.0.1", 80),),
            unavailable=Unavailable.NO_ENDPOINTS,
        )


def test_endpoints_print_as_in_a_url() -> None:
    assert str(Endpoint("10.0.0.1", 80)) == "10.0.0.1:80"
    assert str(Endpoint("fd00::1", 80)) == "[fd00::1]:80"
