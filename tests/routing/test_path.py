from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingressd.routing.path import PathError, canonical_path, canonical_rule_path, path_elements


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("/", "/"),
        ("/a/b", "/a/b"),
        ("/a/b/", "/a/b/"),
        ("//a///b", "/a/b"),
        ("/a/./b", "/a/b"),
        ("/a/../b", "/b"),
        ("/a/b/..", "/a/"),
        ("/a/.", "/a/"),
        ("/a/%2e%2E/b", "/b"),
        ("/%61%2fb", "/a%2Fb"),
        ("/a%3fb", "/a%3Fb"),
        ("/..a/.b", "/..a/.b"),
        ("/a//../b", "/b"),
    ],
)
def test_one_spelling(written: str, canonical: str) -> None:
    assert canonical_path(written) == canonical


@pytest.mark.parametrize("written", ["/..", "/a/../..", "/%2e%2e/a", "/%", "/%4", "/%zz"])
def test_paths_without_a_canonical_form(written: str) -> None:
    with pytest.raises(PathError):
        canonical_path(written)


@given(st.text(alphabet="/.%aA2eEfF5", max_size=20))
def test_canonical_is_canonical_again(rest: str) -> None:
    try:
        canonical = canonical_path("/" + rest)
    except PathError:
        return
    assert canonical_path(canonical) == canonical
    assert "//" not in canonical
    assert not {".", ".."} & set(canonical.split("/"))


@pytest.mark.parametrize(
    ("written", "canonical"), [("", "/"), ("/café", "/caf%C3%A9"), ("/100%", "/100%25"), ("/a b", "/a%20b")]
)
def test_a_rule_may_hold_what_travels_escaped(written: str, canonical: str) -> None:
    assert canonical_rule_path(written) == canonical


@pytest.mark.parametrize(("path", "elements"), [("/", []), ("/a", ["a"]), ("/a/", ["a"]), ("/a/b", ["a", "b"])])
def test_elements(path: str, elements: list[str]) -> None:
    assert path_elements(path) == elements
