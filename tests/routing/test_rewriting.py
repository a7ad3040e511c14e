from __future__ import annotations

import pytest

from ingressd.policies.rewrite import Rewrite
from ingressd.routing.path import PathError
from ingressd.routing.path_trie import PathTrie
from ingressd.routing.rewriting import expand, rewritten_path
from ingressd.routing.route import PathKind, Route
from ingressd.routing.route_origin import RouteOrigin
from ingressd.routing.virtual_host import VirtualHost


@pytest.mark.parametrize(
    ("template", "captures", "text"),
    [
        ("/", (), "/"),
        ("/$1", ("a",), "/a"),
        ("/$2/$1", ("a", "b"), "/b/a"),
        ("/$3", ("a",), "/"),
        ("/$", (), "/$"),
        ("/$0x", ("a",), "/$0x"),
        ("/$12", ("a",), "/a2"),
    ],
)
def test_captures_take_the_place_of_their_number(template: str, captures: tuple[str, ...], text: str) -> None:
    assert expand(template, captures) == text


def rewriting(pattern: str, target: str | None) -> tuple[VirtualHost, Route]:
    route = Route(
        origin=RouteOrigin("shop", "web", 0, 0),
        host="h",
        kind=PathKind.REGEX,
        path=pattern,
        upstream=None,
        rewrite=Rewrite(target) if target is not None else None,
    )
    return VirtualHost(host="h", paths=PathTrie([route])), route


@pytest.mark.parametrize(
    ("pattern", "target", "path", "rewritten"),
    [
        ("/api(/|$)(.*)", "/$2", "/api/users", "/users"),
        ("/api(/|$)(.*)", "/$2", "/api", "/"),
        ("/api(/|$)(.*)", "/v2/$2", "/api//x", "/v2/x"),
        ("/api(.*)", "/fixed", "/api/x", "/fixed"),
        ("/api(.*)", None, "/api/x", "/api/x"),
    ],
)
def test_the_whole_path_is_replaced(pattern: str, target: str | None, path: str, rewritten: str) -> None:
    host, route = rewriting(pattern, target)
    assert rewritten_path(host, route, path) == rewritten


def test_a_rewrite_cannot_lead_above_the_root() -> None:
    host, route = rewriting("/a/(.*)", "/.$1")
    with pytest.raises(PathError):
        rewritten_path(host, route, "/a/./x")
