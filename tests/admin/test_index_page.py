"""The page at / of the admin port."""

from __future__ import annotations

import re

from ingressd.admin.index_page import INDEX_PAGE


def test_it_links_the_rest() -> None:
    paths = [target.partition("?")[0] for target in re.findall(r'href="([^"]+)"', INDEX_PAGE)]
    assert paths == ["/api/routes", "/api/problems", "/api/explain", "/metrics", "/healthz", "/readyz"]


def test_it_loads_nothing() -> None:
    assert "<script" not in INDEX_PAGE
    assert "src=" not in INDEX_PAGE
