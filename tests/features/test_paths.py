"""Which path takes a request (Ingress API, ``HTTPIngressPath.pathType``; documentation, "Path types")."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import pytest

from tests.support.manifests import ingress, path, rule
from tests.support.pods import running_pods
from tests.support.running import RunningDev, serving


class Case(NamedTuple):
    """A host of its own with ``rules`` (kind and path), and what answers ``asked``: an index in rules, or None."""

    rules: tuple[tuple[str, str], ...]
    asked: str
    expected: int | None

    @property
    def host(self) -> str:
        return f"case-{CASES.index(self)}.test"

    def __str__(self) -> str:
        return f"{', '.join(' '.join(each) for each in self.rules)} asked for {self.asked}"


def prefixes(*paths: str) -> tuple[tuple[str, str], ...]:
    return tuple(("Prefix", each) for each in paths)


CASES = [
    # The table of the documentation, in its order.
    Case(prefixes("/"), "/", 0),
    Case(prefixes("/"), "/any/path?at=all", 0),
    Case((("Exact", "/foo"),), "/foo", 0),
    Case((("Exact", "/foo"),), "/bar", None),
    Case((("Exact", "/foo"),), "/foo/", None),
    Case((("Exact", "/foo/"),), "/foo", None),
    Case((("Exact", "/foo/"),), "/foo/", 0),
    Case(prefixes("/foo"), "/foo", 0),
    Case(prefixes("/foo"), "/foo/", 0),
    Case(prefixes("/foo/"), "/foo", 0),
    Case(prefixes("/foo/"), "/foo/", 0),
    Case(prefixes("/aaa/bb"), "/aaa/bbb", None),
    Case(prefixes("/aaa/bbb"), "/aaa/bbb", 0),
    Case(prefixes("/aaa/bbb/"), "/aaa/bbb", 0),
    Case(prefixes("/aaa/bbb"), "/aaa/bbb/", 0),
    Case(prefixes("/aaa/bbb"), "/aaa/bbb/ccc", 0),
    Case(prefixes("/aaa/bbb"), "/aaa/bbbxyz", None),
    Case(prefixes("/", "/aaa"), "/aaa/ccc", 1),
    Case(prefixes("/", "/aaa", "/aaa/bbb"), "/aaa/bbb", 2),
    Case(prefixes("/", "/aaa", "/aaa/bbb"), "/ccc", 0),
    Case(prefixes("/aaa"), "/ccc", None),
    Case((("Prefix", "/foo"), ("Exact", "/foo")), "/foo", 1),
    Case((("Prefix", "/foo"), ("Exact", "/foo")), "/foo/", 0),
    # The two traps.
    Case(prefixes("/foo", "/foo/"), "/foo", 1),
    Case(prefixes("/foo", "/foo/"), "/foo/", 1),
    Case(prefixes("/foo", "/foo/"), "/foo/bar", 1),
    Case((("Exact", "/foo"), ("Prefix", "/foo/")), "/foo", 0),
    Case((("Exact", "/foo"), ("Prefix", "/foo/")), "/foo/", 1),
    # Case, queries, and what only looks like an element.
    Case((("Exact", "/foo"),), "/FOO", None),
    Case(prefixes("/foo"), "/FOO", None),
    Case((("Exact", "/foo"),), "/foo?x=/bar", 0),
    Case(prefixes("/foo"), "/foo?", 0),
    Case(prefixes("/aaa"), "/aaa%2Fbbb", None),
    Case((("Exact", "/"),), "/", 0),
    Case((("Exact", "/"),), "/x", None),
    Case((("Exact", "/"), ("Prefix", "/")), "/x", 1),
    Case(prefixes("/a.b"), "/axb", None),
    # ImplementationSpecific is treated as Prefix, as the API allows.
    Case((("ImplementationSpecific", "/foo"),), "/foo/bar", 0),
    Case((("ImplementationSpecific", "/foo"),), "/foobar", None),
    Case((("ImplementationSpecific", ""),), "/any", 0),
    Case((("ImplementationSpecific", "/foo"), ("Exact", "/foo")), "/foo", 1),
]


@pytest.fixture(scope="module")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDev]:
    names = [f"path-{index}" for index in range(max(len(case.rules) for case in CASES))]
    with running_pods(*names) as pods:
        manifests = [
            ingress(
                f"case-{number}",
                rule(case.host, *(path(text, names[at], kind=kind) for at, (kind, text) in enumerate(case.rules))),
            )
            for number, case in enumerate(CASES)
        ]
        with serving(tmp_path_factory.mktemp("paths"), *manifests, arguments=pods.maps()) as running:
            yield running


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_path_that_takes_the_request(dev: RunningDev, case: Case) -> None:
    answer = dev.get(case.asked, host=case.host)
    assert answer.pod == ("404 no_path" if case.expected is None else f"path-{case.expected}")
    if case.expected is not None:
        assert answer.seen.path == case.asked


def test_the_order_in_the_manifest_decides_nothing(tmp_path_factory: pytest.TempPathFactory) -> None:
    paths = [
        path("/", "path-0"),
        path("/aaa", "path-1"),
        path("/aaa/bbb", "path-2"),
        path("/aaa", "path-3", kind="Exact"),
    ]
    with (
        running_pods("path-0", "path-1", "path-2", "path-3") as pods,
        serving(
            tmp_path_factory.mktemp("order"),
            ingress("forward", rule("forward.test", *paths)),
            ingress("backward", rule("backward.test", *reversed(paths))),
            ingress("divided", *(rule("divided.test", each) for each in paths)),
            arguments=pods.maps(),
        ) as running,
    ):
        for asked, pod in (("/", "path-0"), ("/aaa", "path-3"), ("/aaa/", "path-1"), ("/aaa/bbb/c", "path-2")):
            for host in ("forward.test", "backward.test", "divided.test"):
                assert running.get(asked, host=host).pod == pod, (host, asked)
