from __future__ import annotations

import pytest

from ingressd.translate.annotations.catalogue import (
    ALREADY_SO,
    CATALOGUE,
    CONVENIENCE,
    INSTEAD,
    LONGEST_NAME,
    PROTECTING,
    SUPPORTED,
    nearest_name,
)


def test_each_name_stands_in_one_table() -> None:
    assert len(CATALOGUE) == len(SUPPORTED) + len(PROTECTING) + len(CONVENIENCE)
    assert not INSTEAD.keys() & CATALOGUE.keys()
    assert ALREADY_SO.keys() <= set(CONVENIENCE)


@pytest.mark.parametrize(
    "prefix", ["auth-", "limit-", "whitelist-", "allowlist-", "denylist-", "ssl-passthrough", "satisfy"]
)
def test_what_protects_is_marked(prefix: str) -> None:
    found = [annotation for name, annotation in CATALOGUE.items() if name.startswith(prefix)]
    assert found
    assert all(annotation.security for annotation in found)


def test_snippets_are_never_ignored() -> None:
    snippets = [annotation for name, annotation in CATALOGUE.items() if name.endswith("-snippet")]
    assert len(snippets) == 5
    assert all(annotation.security and annotation.advice for annotation in snippets)


@pytest.mark.parametrize(
    ("misspelt", "meant"),
    [
        ("rewrite-targets", "nginx.ingress.kubernetes.io/rewrite-target"),
        ("whitelist-source-ranges", "nginx.ingress.kubernetes.io/whitelist-source-range"),
        ("proxy-body-sise", "nginx.ingress.kubernetes.io/proxy-body-size"),
        ("middlewares", "ingressd.dev/middleware"),
        ("zzzz", None),
        ("rewrite-target" * 100, None),
    ],
)
def test_the_nearest_name(misspelt: str, meant: str | None) -> None:
    assert nearest_name(misspelt) == meant


def test_names_are_as_long_as_kubernetes_allows() -> None:
    assert all(len(name) <= LONGEST_NAME for name in CATALOGUE)
