"""Routes as JSON."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingressd.admin.routes_document import decode_routes, routes_document
from ingressd.controller.routes import RouteRow
from ingressd.resources.problem import Problem, Severity
from tests.support.documented import problems, rows
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


@given(st.lists(rows, max_size=3).map(tuple), st.lists(problems, max_size=3).map(tuple))
def test_what_is_read_is_what_was_written(listed: tuple[RouteRow, ...], found: tuple[Problem, ...]) -> None:
    assert decode_routes(msgspec.json.encode(routes_document(listed, found))) == (listed, found)


def test_a_field_of_a_later_version_is_passed_over() -> None:
    document = msgspec.to_builtins(routes_document([CART_ROW], [PROBLEM]))
    for place in (document, document["routes"][0], document["problems"][0]):
        place["later"] = {"more": [1]}
    assert decode_routes(msgspec.json.encode(document)) == ((CART_ROW,), (PROBLEM,))


def test_a_field_that_is_missing_is_named() -> None:
    document = msgspec.to_builtins(routes_document([CART_ROW], []))
    del document["routes"][0]["origin"]
    with pytest.raises(msgspec.ValidationError, match="missing required field `origin`"):
        decode_routes(msgspec.json.encode(document))
