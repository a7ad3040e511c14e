"""The page of a pod."""

from __future__ import annotations

import re

from ingressd.demo.page import render_page
from ingressd.demo.pods import PODS

SEEN = {
    "namespace": "shop",
    "service": "cart",
    "pod": "cart-1",
    "method": "GET",
    "path": "/<script>alert(1)</script>",
    "protocol": "HTTP/1.1",
    "headers": [["X-Evil", '"><img src=x onerror=alert(2)>'], ["Host", "shop.localhost"]],
}


def test_everything_from_a_client_is_escaped() -> None:
    page = render_page(SEEN)
    assert "<script>" not in page
    assert "<img" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_it_names_the_pod_and_the_fields() -> None:
    page = render_page(SEEN)
    assert "<title>cart · cart-1</title>" in page
    assert "<td>Host</td><td>shop.localhost</td>" in page


def test_a_dollar_sign_is_no_placeholder() -> None:
    assert "<code>GET $rows</code>" in render_page({**SEEN, "path": "$rows"})


def test_pods_differ_in_colour() -> None:
    colours = {re.findall(r"--accent: (.*?);", render_page({**SEEN, "pod": pod.name}))[0] for pod in PODS}
    assert len(colours) == len(PODS)
