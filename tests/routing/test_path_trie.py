from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingressd.routing.path_trie import MAX_PATTERN_LENGTH, PathTrie, PatternError, compile_pattern
from ingressd.routing.route import PathKind, Route
from ingressd.routing.route_origin import RouteOrigin

E, P, R = PathKind.EXACT, PathKind.PREFIX, PathKind.REGEX


def route(kind: PathKind, path: str, number: int = 0) -> Route:
    return Route(origin=RouteOrigin("shop", "web", 0, number), host="a.test", kind=kind, path=path, upstream=None)


def trie(*routes: tuple[PathKind, str]) -> PathTrie:
    return PathTrie(route(kind, path, number) for number, (kind, path) in enumerate(routes))


@pytest.mark.parametrize(
    ("routes", "request_path", "expected"),
    [
        ([(P, "/")], "/", "/"),
        ([(P, "/")], "/anything/at/all", "/"),
        ([(E, "/foo")], "/foo", "/foo"),
        ([(E, "/foo")], "/bar", None),
        ([(E, "/foo")], "/foo/", None),
        ([(E, "/foo")], "/FOO", None),
        ([(E, "/foo/")], "/foo", None),
        ([(E, "/foo/")], "/foo/", "/foo/"),
        ([(P, "/foo")], "/foo", "/foo"),
        ([(P, "/foo")], "/foo/", "/foo"),
        ([(P, "/foo")], "/FOO", None),
        ([(P, "/foo/")], "/foo", "/foo/"),
        ([(P, "/foo/")], "/foo/", "/foo/"),
        ([(P, "/aaa/bb")], "/aaa/bbb", None),
        ([(P, "/aaa/bbb")], "/aaa/bbb", "/aaa/bbb"),
        ([(P, "/aaa/bbb/")], "/aaa/bbb", "/aaa/bbb/"),
        ([(P, "/aaa/bbb")], "/aaa/bbb/", "/aaa/bbb"),
        ([(P, "/aaa/bbb")], "/aaa/bbb/ccc", "/aaa/bbb"),
        ([(P, "/aaa/bbb")], "/aaa/bbbxyz", None),
        ([(P, "/aaa"), (P, "/aaa/bbb")], "/aaaccc", None),
        ([(P, "/"), (P, "/aaa")], "/aaa/ccc", "/aaa"),
        ([(P, "/"), (P, "/aaa"), (P, "/aaa/bbb")], "/aaa/bbb", "/aaa/bbb"),
        ([(P, "/"), (P, "/aaa"), (P, "/aaa/bbb")], "/ccc", "/"),
        ([(P, "/aaa")], "/ccc", None),
        ([(P, "/foo"), (P, "/foo/")], "/foo", "/foo/"),
        ([(P, "/foo/"), (P, "/foo")], "/foo/bar", "/foo/"),
        ([(P, "/a/b/c")], "/a/b", None),
        ([(P, "/a"), (P, "/a/b/c")], "/a/b", "/a"),
        ([(P, "/a")], "/a/b/c/d/e/f", "/a"),
        ([(P, "/foo")], "/", None),
        ([(E, "/")], "/", "/"),
        ([(E, "/")], "/foo", None),
    ],
)
def test_the_table_of_the_specification(
    routes: list[tuple[PathKind, str]], request_path: str, expected: str | None
) -> None:
    found = trie(*routes).find(request_path)
    assert (found.path if found else None) == expected


@pytest.mark.parametrize("prefix", ["/foo", "/foo/"])
def test_exact_wins_over_a_prefix_with_the_same_elements(prefix: str) -> None:
    found = trie((P, prefix), (E, "/foo")).find("/foo")
    assert found is not None
    assert found.kind is E


def test_an_exact_path_is_not_taken_for_a_prefix() -> None:
    assert trie((E, "/foo"), (P, "/bar")).find("/foo/bar") is None


@pytest.mark.parametrize(
    ("routes", "request_path", "expected"),
    [
        ([(R, "/foo/.*"), (P, "/")], "/foo/bar", (R, "/foo/.*")),
        ([(R, "/f"), (P, "/foo")], "/foo/bar", (P, "/foo")),
        ([(R, "/foo"), (P, "/foo")], "/foo", (P, "/foo")),
        ([(R, "/FOO/[a-z]+")], "/foo/BAR", (R, "/FOO/[a-z]+")),
        ([(R, "/foo")], "/a/foo", None),
        ([(R, "/foo")], "/foobar", (R, "/foo")),
        ([(R, "/fo+"), (R, "/foo/b.r")], "/foo/bar", (R, "/foo/b.r")),
        ([(R, "/fo.*"), (E, "/foo")], "/foo", (E, "/foo")),
    ],
)
def test_patterns_stand_among_prefixes_by_their_length(
    routes: list[tuple[PathKind, str]], request_path: str, expected: tuple[PathKind, str] | None
) -> None:
    found = trie(*routes).find(request_path)
    assert ((found.kind, found.path) if found else None) == expected


def test_of_equal_routes_the_first_wins() -> None:
    for kind in PathKind:
        found = trie((kind, "/foo"), (kind, "/foo")).find("/foo")
        assert found is not None
        assert found.origin.path == 0


def test_captures_are_those_of_the_route_that_matched() -> None:
    paths = trie((R, "/app(/|$)(.*)"), (P, "/x"))
    found = paths.find("/app/users/7")
    assert found is not None
    assert paths.captures(found, "/app/users/7") == ("/", "users/7")
    assert paths.captures(paths.routes[1], "/x") == ()


@pytest.mark.parametrize("pattern", ["/(", "/(?=a)", r"/(a)\1", "/" + "a" * MAX_PATTERN_LENGTH])
def test_patterns_that_cannot_be_used_say_why(pattern: str) -> None:
    with pytest.raises(PatternError, match=r"\w+"):
        compile_pattern(pattern)


def test_tries_are_compared_by_their_routes() -> None:
    assert trie((P, "/a")) == trie((P, "/a"))
    assert trie((P, "/a")) != trie((P, "/b"))
    assert hash(trie((P, "/a"))) == hash(trie((P, "/a")))
    assert repr(trie((P, "/a"))) == "PathTrie(prefix /a)"


def scan(routes: list[Route], path: str) -> Route | None:
    """The rules of the Ingress API and the two of ours, written down naively: rank every route that matches."""

    def elements(text: str) -> list[str]:
        return [part for part in text.split("/") if part]

    best: tuple[tuple[int, int, int, int], Route] | None = None
    prefixes = [
        found
        for found in routes
        if found.kind is P and elements(path)[: len(elements(found.path))] == elements(found.path)
    ]
    strongest = max(prefixes, key=lambda found: (len(elements(found.path)), len(found.path)), default=None)
    for position, found in enumerate(routes):
        if found.kind is E and found.path == path:
            rank = (2, 0, 0, -position)
        elif found.kind is R and re.match(found.path, path, re.IGNORECASE):
            rank = (1, len(found.path), 0, -position)
        elif found is strongest:
            rank = (1, len(found.path), 1, -position)
        else:
            continue
        if best is None or rank > best[0]:
            best = (rank, found)
    return best[1] if best else None


parts = st.sampled_from(("a", "b", "ab", "A"))
plain_paths = st.builds(
    lambda elements, slash: "/" + "/".join(elements) + ("/" if slash and elements else ""),
    st.lists(parts, max_size=4),
    st.booleans(),
)
patterns = st.sampled_from(("/a", "/a/.*", "/(a|b)", "/[ab]+/b", "/ab?$", "/.*/ab"))
routes = st.lists(
    st.one_of(st.tuples(st.sampled_from((E, P)), plain_paths), st.tuples(st.just(R), patterns)), max_size=8
)


@given(routes, plain_paths)
def test_find_is_a_linear_scan(written: list[tuple[PathKind, str]], path: str) -> None:
    paths = trie(*written)
    assert paths.find(path) is scan(list(paths.routes), path)


@given(st.lists(st.tuples(st.just(P), plain_paths), max_size=8), plain_paths)
def test_the_order_of_different_prefixes_means_nothing(written: list[tuple[PathKind, str]], path: str) -> None:
    distinct = list(dict.fromkeys(written))
    forwards, backwards = trie(*distinct).find(path), trie(*reversed(distinct)).find(path)
    assert (forwards and forwards.path) == (backwards and backwards.path)
