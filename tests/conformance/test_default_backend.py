"""``default_backend.feature``: an Ingress without rules takes every request.

The six cases of one outline.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.conformance import CLASS, USER_AGENT, Serve, assert_proxied
from tests.support.manifests import backend, endpoint_slice, ingress, service
from tests.support.pods import running_pods
from tests.support.running_proxy import RunningProxy


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory, serve: Serve) -> Iterator[RunningProxy]:
    with (
        running_pods("echo-service") as pods,
        serve(
            tmp_path_factory.mktemp("default"),
            ingress("default-backend", default=backend("echo-service", 8080), class_name=CLASS),
            service("echo-service", {"port": 8080}),
            endpoint_slice("echo-service-x", "echo-service", pods.ports["echo-service"]),
        ) as running,
    ):
        yield running


@pytest.mark.parametrize(
    ("method", "host", "path"),
    [
        ("GET", "my-host", "/"),
        ("GET", "my-host", "/sub-path"),
        ("POST", "some-host", "/"),
        ("PUT", "", "/resource"),
        ("DELETE", "some-host", "/resource"),
        ("PATCH", "my-host", "/resource"),
    ],
)
def test_the_default_backend_takes_it(proxy: RunningProxy, method: str, host: str, path: str) -> None:
    # Without a host in its case, the suite sends the address that it connects to.
    sent = host or f"127.0.0.1:{proxy.http_port}"
    answer = proxy.request(method, path, host=sent, fields={"User-Agent": USER_AGENT})
    assert_proxied(answer, service="echo-service", method=method, host=sent, path=path)
