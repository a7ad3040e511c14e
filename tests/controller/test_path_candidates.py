from __future__ import annotations

import pytest

from ingressd.controller.path_candidates import MAX_CANDIDATES, path_candidates
from ingressd.routing.path_trie import PathTrie
from ingressd.routing.route import PathKind, Route
from ingressd.routing.route_origin import RouteOrigin

E, P, R = PathKind.EXACT, PathKind.PREFIX, PathKind.REGEX


def route(kind: PathKind, path: str) -> Route:
    return Route(origin=RouteOrigin("shop", path), host="a.test", kind=kind, path=path, upstream=None)


@pytest.mark.parametrize(
    ("routes", "request_path", "whys"),
    [
        ([(P, "/api")], "/apix", ["Prefix /api does not match: element 'apix' differs from 'api'."]),
        ([(P, "/a/b")], "/a", ["Prefix /a/b does not match: it has 2 elements, and the path has 1 element."]),
        ([(E, "/foo")], "/foo/", ["Exact /foo is not equal to /foo/."]),
        ([(R, "/fo+$")], "/foo/", ["The pattern /fo+$ does not match /foo/ from the left."]),
        (
            [(P, "/foo"), (E, "/foo")],
            "/foo",
            [
                "It is equal to the path, and Exact wins over everything else.",
                "It matches, but Exact /foo wins over prefix.",
            ],
        ),
        (
            [(P, "/foo"), (P, "/foo/bar")],
            "/foo/bar",
            [
                "It matches with 2 elements, and no other path matches more.",
                "It matches, but with 1 element, and /foo/bar has 2.",
            ],
        ),
        (
            [(P, "/foo"), (P, "/foo/")],
            "/foo",
            [
                "It matches with 1 element, and no other path matches more.",
                "It matches, but /foo/ has the same elements and is the longer text.",
            ],
        ),
        (
            [(P, "/foo"), (R, "/foo/.*")],
            "/foo/x",
            [
                "The pattern matches from the left, and no other path that matches is longer.",
                "It matches, but regex /foo/.* is longer: 7 characters, and this has 4.",
            ],
        ),
        (
            [(R, "/fo."), (P, "/foo")],
            "/foo",
            [
                "It matches with 1 element, and no other path matches more.",
                "It matches, but prefix /foo is as long and comes first.",
            ],
        ),
    ],
)
def test_each_path_says_why_in_one_sentence(
    routes: list[tuple[PathKind, str]], request_path: str, whys: list[str]
) -> None:
    trie = PathTrie(route(*one) for one in routes)
    found, left_out = path_candidates(trie.routes, (), request_path, trie.find(request_path))
    assert [one.why for one in found] == whys
    assert left_out == 0


def test_a_host_with_very_many_paths_lists_those_that_match_first() -> None:
    trie = PathTrie([route(P, f"/{number}") for number in range(MAX_CANDIDATES)] + [route(P, "/z"), route(P, "/")])
    found, left_out = path_candidates(trie.routes, (), "/z", trie.find("/z"))
    assert len(found) == MAX_CANDIDATES
    assert left_out == 2
    assert [(one.path, one.won) for one in found[:2]] == [("/z", True), ("/", False)]
