from __future__ import annotations

import pytest

from ingressd.controller.request_url import read_url


@pytest.mark.parametrize(
    ("url", "host", "path"),
    [
        ("http://a.test/x", "a.test", "/x"),
        ("HTTPS://A.Test.:8443/x?y=/z#w", "a.test", "/x"),
        ("a.test", "a.test", "/"),
        ("a.test?x=1", "a.test", "/"),
        ("/x", "", "/x"),
        ("localhost:8080/a//b/../c", "localhost", "/a/c"),
        ("[::1]:8080/x", "[::1]", "/x"),
        ("a.test/café", "a.test", "/caf%C3%A9"),
        ("a.test/%7euser/%2f", "a.test", "/~user/%2F"),
    ],
)
def test_a_url_in_its_canonical_spelling(url: str, host: str, path: str) -> None:
    found = read_url(url)
    assert (found.host.canonical, found.path.canonical, found.fault) == (host, path, "")


@pytest.mark.parametrize(
    ("url", "count"),
    [
        ("a.test/a/b", 0),
        ("a.test/a//b", 1),
        ("a.test/a/./b", 1),
        ("a.test/%61", 1),
        ("a.test/é", 1),
        ("a.test/%2e%2e", 0),
    ],
)
def test_each_change_is_told(url: str, count: int) -> None:
    assert len(read_url(url).path.changes) == count


@pytest.mark.parametrize("url", ["", " ", "ftp://a.test/", "user@a.test/", "a b/", "münchen.test/", "http://a:b:c/"])
def test_text_that_is_no_url(url: str) -> None:
    with pytest.raises(ValueError, match="is no"):
        read_url(url)


def test_a_path_that_leads_above_the_root_is_a_fault_and_no_error() -> None:
    assert "above the root" in read_url("a.test/../x").fault
