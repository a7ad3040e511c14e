"""``rewrite-target`` and ``use-regex``: paths as patterns, and another path for the upstream.

In ingress-nginx either of them turns every path of the host, in every Ingress, into a pattern; here they concern
the Ingress that carries them.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.manifests import Manifest, ingress, path, rule
from tests.support.pods import running_pods
from tests.support.running import RunningDev, ingressd, problem_codes, serving

HOST = "api.test"
PREFIX = "nginx.ingress.kubernetes.io"
SPECIFIC = "ImplementationSpecific"


def rewriting(name: str, target: str, *paths: Manifest) -> Manifest:
    return ingress(name, rule(HOST, *paths), annotations={f"{PREFIX}/rewrite-target": target})


@pytest.fixture(scope="module")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDev]:
    with (
        running_pods("app", "fixed", "exact", "regex", "digits", "plain") as pods,
        serving(
            tmp_path_factory.mktemp("rewrite"),
            rewriting("captured", "/$2", path("/app(/|$)(.*)", "app", kind=SPECIFIC)),
            rewriting("fixed", "/always", path("/fixed", "fixed")),
            rewriting("exact", "/inside", path("/exact", "exact", kind="Exact")),
            ingress(
                "regex",
                rule(
                    HOST,
                    path("/regex/.*", "regex", kind=SPECIFIC),
                    path("/regex/[0-9]+/edit", "digits", kind=SPECIFIC),
                ),
                annotations={f"{PREFIX}/use-regex": "true"},
            ),
            ingress("plain", rule(HOST, path("/plain.txt", "plain"), path("/APP", "plain"))),
            arguments=pods.maps(),
        ) as running,
    ):
        yield running


@pytest.mark.parametrize(
    ("asked", "pod", "forwarded"),
    [
        pytest.param("/app", "app", "/", id="nothing captured"),
        pytest.param("/app/users/7", "app", "/users/7", id="what was captured"),
        pytest.param("/app/users?x=/a%20b", "app", "/users?x=/a%20b", id="the query stays"),
        pytest.param("/app/a%2Fb", "app", "/a%2Fb", id="an escaped slash stays escaped"),
        pytest.param("/App/users", "app", "/users", id="patterns are blind to case"),
        pytest.param("/fixed/any/thing", "fixed", "/always", id="a target without references"),
        pytest.param("/exact", "exact", "/inside", id="an exact path is rewritten too"),
        pytest.param("/regex/x", "regex", "/regex/x", id="a pattern without a target"),
        pytest.param("/regex/12/edit", "digits", "/regex/12/edit", id="the longest pattern first"),
        pytest.param("/plain.txt", "plain", "/plain.txt", id="another Ingress of the host is not touched"),
    ],
)
def test_where_it_goes_and_as_what(dev: RunningDev, asked: str, pod: str, forwarded: str) -> None:
    answer = dev.get(asked, host=HOST)
    assert answer.pod == pod
    assert answer.seen.path == forwarded


@pytest.mark.parametrize("asked", ["/application", "/plainxtxt", "/x/app", "/exact/", "/PLAIN.txt"])
def test_what_no_path_takes(dev: RunningDev, asked: str) -> None:
    assert dev.get(asked, host=HOST).pod == "404 no_path"


def test_a_pattern_that_cannot_be_used_leaves_the_other_paths(dev: RunningDev) -> None:
    broken = ingress(
        "broken",
        rule("broken.test", path("/a(?=b)", "app", kind=SPECIFIC), path("/ok", "app", kind=SPECIFIC)),
        annotations={f"{PREFIX}/use-regex": "true"},
    )
    dev.save("broken.yaml", broken)
    dev.output.wait_for(
        r"^k8s/broken\.yaml:\d+: error: Ingress default/broken spec\.rules\[0\]\.http\.paths\[0\]\.path: .*\(\?=b\)"
    )
    assert dev.get("/ok", host="broken.test").pod == "app"
    assert dev.get("/ab", host="broken.test").pod == "404 no_path"


@pytest.mark.parametrize(
    ("target", "paths", "code"),
    [
        ("/$2", [path("/app", "app")], "rewrite_without_group"),
        ("$1", [path("/app(.*)", "app", kind=SPECIFIC)], "invalid_annotation_value"),
        ("https://other.test/", [path("/app", "app")], "invalid_annotation_value"),
    ],
)
def test_a_target_that_cannot_work_is_reported(dev: RunningDev, target: str, paths: list[Manifest], code: str) -> None:
    dev.save(".checked.yaml", rewriting("web", target, *paths))
    finished = ingressd(dev.folder, "check", ".checked.yaml", "--json", "--map", "app=1")
    assert problem_codes(finished) == {code: 1}


def test_a_path_that_only_looks_like_a_pattern_is_reported(dev: RunningDev) -> None:
    dev.save(".checked.yaml", ingress("web", rule(HOST, path("/app/(.*)", "app", kind=SPECIFIC))))
    finished = ingressd(dev.folder, "check", ".checked.yaml", "--json", "--map", "app=1")
    assert problem_codes(finished) == {"literal_regex": 1}
