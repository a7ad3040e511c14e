"""Which host takes a request: exact, then wildcard, then none (Ingress API, ``IngressRule.host``)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.manifests import ingress, path, rule
from tests.support.pods import running_pods
from tests.support.proxying import parse_answer
from tests.support.running import RunningDev, serving
from tests.support.web_client import exchange_bytes


@pytest.fixture(scope="module")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDev]:
    folder: Path = tmp_path_factory.mktemp("hosts")
    with (
        running_pods("exact", "wildcard", "nested", "any") as pods,
        serving(
            folder,
            ingress("exact", rule("foo.bar.test", path("/only", "exact"))),
            ingress("wildcard", rule("*.bar.test", path("/", "wildcard"))),
            ingress("nested", rule("*.deep.bar.test", path("/", "nested"))),
            ingress("any", rule("", path("/any", "any"))),
            arguments=pods.maps(),
        ) as running,
    ):
        yield running


@pytest.mark.parametrize(
    ("host", "asked", "pod"),
    [
        ("foo.bar.test", "/only", "exact"),
        ("FOO.Bar.TEST", "/only", "exact"),
        ("foo.bar.test:8080", "/only", "exact"),
        ("foo.bar.test.", "/only", "exact"),
        ("foo.bar.test.:443", "/only", "exact"),
        ("other.bar.test", "/only", "wildcard"),
        ("OTHER.bar.test", "/", "wildcard"),
        ("other.bar.test.", "/", "wildcard"),
        ("x.deep.bar.test", "/", "nested"),
        ("deep.bar.test", "/", "wildcard"),
        ("unknown.test", "/any", "any"),
        ("127.0.0.1", "/any", "any"),
        ("[::1]:8080", "/any", "any"),
    ],
)
def test_the_most_precise_host_takes_the_request(dev: RunningDev, host: str, asked: str, pod: str) -> None:
    answer = dev.get(asked, host=host)
    assert answer.pod == pod
    assert answer.seen.values("Host") == [host]


@pytest.mark.parametrize(
    ("host", "asked"),
    [
        pytest.param("foo.bar.test", "/", id="the wildcard has /, and an exact host does not fall through to it"),
        pytest.param("foo.bar.test", "/any", id="nor to the rules without a host"),
        pytest.param("a.b.bar.test", "/", id="a wildcard covers one label and not two"),
        pytest.param("bar.test", "/", id="a wildcard does not cover the name it stands in front of"),
        pytest.param("xbar.test", "/", id="the dot belongs to the wildcard"),
        pytest.param("unknown.test", "/other", id="rules without a host have paths too"),
    ],
)
def test_a_host_that_is_decided_stays_decided(dev: RunningDev, host: str, asked: str) -> None:
    answer = dev.get(asked, host=host)
    assert answer.status == 404
    assert answer.reason == "no_path"


def test_a_request_without_a_host_goes_to_the_rules_without_one(dev: RunningDev) -> None:
    """HTTP/1.0 knows requests without a Host field (RFC 9112 section 3.2)."""
    answer = parse_answer(exchange_bytes(dev.http_port, b"GET /any HTTP/1.0\r\n\r\n"))
    assert answer.status == 200
    assert b'"pod": "any"' in answer.body


def test_an_absolute_target_is_forwarded_as_a_path(dev: RunningDev) -> None:
    """RFC 9112 section 3.2.2."""
    answer = dev.get("http://foo.bar.test/only", host="foo.bar.test")
    assert answer.pod == "exact"
    assert answer.seen.path == "/only"


def test_an_absolute_target_for_another_host_is_refused(dev: RunningDev) -> None:
    answer = dev.get("http://foo.bar.test/only", host="unknown.test")
    assert answer.status == 400
    assert answer.reason == "malformed_request"


def test_without_rules_for_any_host_an_unknown_host_is_not_served(tmp_path: Path) -> None:
    with (
        running_pods("exact") as pods,
        serving(tmp_path, ingress("exact", rule("foo.bar.test", path("/", "exact"))), arguments=pods.maps()) as running,
    ):
        answer = running.get("/", host="unknown.test")
        assert answer.status == 404
        assert answer.reason == "no_host"
