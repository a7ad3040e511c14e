"""Routes as JSON."""

from __future__ import annotations

import json

import msgspec

from ingressd.admin.routes_document import routes_document
from ingressd.resources.problem import Problem, Severity
from tests.support.samples import CART_ROW

PROBLEM = Problem(severity=Severity.WARNING, code="odd", message="It is odd.")


def test_the_shape() -> None:
    document = json.loads(msgspec.json.encode(routes_document([CART_ROW], [PROBLEM])))
    assert sorted(document) == ["errors", "problems", "routes", "warnings"]
    assert (document["errors"], document["warnings"]) == (0, 1)
    assert document["problems"][0]["code"] == "odd"
    assert document["routes"] == [
        {
            "host": "shop.localhost",
            "path": "/cart",
            "kind": "exact",
            "namespace": "shop",
            "ingress": "web",
            "origin": "shop/web#0/1",
            "service": "cart",
            "port": "http",
            "endpoints": 1,
            "addresses": ["127.0.0.1:3000"],
            "tls_secret": "",
            "problems": 0,
            "unavailable": "",
        }
    ]
