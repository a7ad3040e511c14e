"""``path_rules.feature``: exact and prefix paths. Sixteen scenarios, in the order of the suite."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.conformance import CLASS, USER_AGENT, Serve, assert_proxied
from tests.support.manifests import endpoint_slice, ingress, path, rule, service
from tests.support.pods import running_pods
from tests.support.running_proxy import RunningProxy

RULES = {
    "exact-path-rules": [("/foo", "Exact", "foo-exact")],
    "prefix-path-rules": [
        ("/foo", "Prefix", "foo-prefix"),
        ("/aaa/bbb", "Prefix", "aaa-slash-bbb-prefix"),
        ("/aaa", "Prefix", "aaa-prefix"),
    ],
    "mixed-path-rules": [("/foo", "Prefix", "foo-prefix"), ("/foo", "Exact", "foo-exact")],
    "trailing-slash-path-rules": [
        ("/aaa/bbb/", "Prefix", "aaa-slash-bbb-slash-prefix"),
        ("/foo/", "Exact", "foo-slash-exact"),
    ],
}
SERVICES = sorted({name for rules in RULES.values() for _, _, name in rules})


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory, serve: Serve) -> Iterator[RunningProxy]:
    with (
        running_pods(*SERVICES) as pods,
        serve(
            tmp_path_factory.mktemp("paths"),
            ingress(
                "path-rules",
                *(
                    rule(host, *(path(text, name, 8080, kind=kind) for text, kind, name in rules))
                    for host, rules in RULES.items()
                ),
                class_name=CLASS,
            ),
            *(service(name, {"port": 8080}) for name in SERVICES),
            *(endpoint_slice(name, name, pods.ports[name]) for name in SERVICES),
        ) as running,
    ):
        yield running


@pytest.mark.parametrize(
    ("host", "asked", "answered_by"),
    [
        pytest.param("exact-path-rules", "/foo", "foo-exact", id="exact: the same path"),
        pytest.param("exact-path-rules", "/foo/", None, id="exact: a trailing slash"),
        pytest.param("exact-path-rules", "/FOO", None, id="exact: another case"),
        pytest.param("exact-path-rules", "/bar", None, id="exact: another path"),
        pytest.param("prefix-path-rules", "/foo", "foo-prefix", id="prefix: the same path"),
        pytest.param("prefix-path-rules", "/foo/", "foo-prefix", id="prefix: a trailing slash"),
        pytest.param("prefix-path-rules", "/FOO", None, id="prefix: another case"),
        pytest.param("prefix-path-rules", "/aaa/bbb", "aaa-slash-bbb-prefix", id="prefix: the longest, equal"),
        pytest.param("prefix-path-rules", "/aaa/bbb/ccc", "aaa-slash-bbb-prefix", id="prefix: the longest, below"),
        pytest.param("prefix-path-rules", "/aaa/ccc", "aaa-prefix", id="prefix: the shorter"),
        pytest.param("prefix-path-rules", "/aaaccc", None, id="prefix: whole elements"),
        pytest.param("prefix-path-rules", "/foo/", "foo-prefix", id="prefix: a trailing slash, again"),
        pytest.param("mixed-path-rules", "/foo", "foo-exact", id="mixed: exact wins"),
        pytest.param(
            "trailing-slash-path-rules", "/aaa/bbb", "aaa-slash-bbb-slash-prefix", id="the rule's slash is ignored"
        ),
        pytest.param(
            "trailing-slash-path-rules", "/aaa/bbb/", "aaa-slash-bbb-slash-prefix", id="the rule's slash, with one"
        ),
        pytest.param("trailing-slash-path-rules", "/foo", None, id="exact: the rule's slash counts"),
    ],
)
def test_the_path(proxy: RunningProxy, host: str, asked: str, answered_by: str | None) -> None:
    answer = proxy.get(asked, host=host, fields={"User-Agent": USER_AGENT})
    if answered_by is None:
        assert answer.status == 404
    else:
        assert_proxied(answer, service=answered_by, method="GET", host=host, path=asked)
