"""Routes as JSON."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingressd.admin.routes_document import decode_routes, routes_document
from ingressd.controller.controller import NotServed
from ingressd.controller.routes import RouteRow
from ingressd.resources.key import Kind, ObjectKey
from ingressd.resources.problem import Problem, Severity
from tests.support.documented import not_served, problems, rows
from tests.support.samples import CART_ROW

OLD = NotServed(ObjectKey(Kind.INGRESS, "shop", "old"), "It names class 'nginx'.")
PROBLEM = Problem(severity=Severity.WARNING, code="odd", message="It is odd.")


def test_the_shape() -> None:
    document = json.loads(msgspec.json.encode(routes_document([CART_ROW], [PROBLEM], [OLD])))
    assert sorted(document) == ["errors", "not_served", "problems", "routes", "warnings"]
    assert document["not_served"] == [{"namespace": "shop", "name": "old", "why": "It names class 'nginx'."}]
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
            "middleware": [],
            "handler": "",
        }
    ]


@given(
    st.lists(rows, max_size=3).map(tuple),
    st.lists(problems, max_size=3).map(tuple),
    st.lists(not_served, max_size=3).map(tuple),
)
def test_what_is_read_is_what_was_written(
    listed: tuple[RouteRow, ...], found: tuple[Problem, ...], others: tuple[NotServed, ...]
) -> None:
    assert decode_routes(msgspec.json.encode(routes_document(listed, found, others))) == (listed, found, others)


def test_a_field_of_a_later_version_is_passed_over() -> None:
    document = msgspec.to_builtins(routes_document([CART_ROW], [PROBLEM], [OLD]))
    for place in (document, document["routes"][0], document["problems"][0], document["not_served"][0]):
        place["later"] = {"more": [1]}
    assert decode_routes(msgspec.json.encode(document)) == ((CART_ROW,), (PROBLEM,), (OLD,))


def test_an_earlier_version_names_no_ingresses_of_others() -> None:
    document = msgspec.to_builtins(routes_document([CART_ROW], [PROBLEM], [OLD]))
    del document["not_served"]
    assert decode_routes(msgspec.json.encode(document)) == ((CART_ROW,), (PROBLEM,), ())


def test_a_field_that_is_missing_is_named() -> None:
    document = msgspec.to_builtins(routes_document([CART_ROW], [], []))
    del document["routes"][0]["origin"]
    with pytest.raises(msgspec.ValidationError, match="missing required field `origin`"):
        decode_routes(msgspec.json.encode(document))
