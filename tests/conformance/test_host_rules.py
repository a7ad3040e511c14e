"""``host_rules.feature``: exact and wildcard hosts, over HTTP and HTTPS. Six scenarios."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from cryptography import x509

from tests.support.conformance import CLASS, USER_AGENT, Serve, assert_proxied
from tests.support.manifests import endpoint_slice, ingress, path, rule, service, tls_secret
from tests.support.pods import running_pods
from tests.support.running_proxy import RunningProxy
from tests.tls.certificates import certify, key_text, new_key

FIELDS = {"User-Agent": USER_AGENT}


@pytest.fixture(scope="module")
def key_pair() -> tuple[bytes, bytes]:
    """A self-signed certificate for ``foo.bar.com``, and its key."""
    key = new_key()
    return certify(key, [x509.DNSName("foo.bar.com")], common_name="foo.bar.com"), key_text(key)


@pytest.fixture(scope="module")
def proxy(
    tmp_path_factory: pytest.TempPathFactory, serve: Serve, key_pair: tuple[bytes, bytes]
) -> Iterator[RunningProxy]:
    with (
        running_pods("wildcard-foo-com", "foo-bar-com") as pods,
        serve(
            tmp_path_factory.mktemp("hosts"),
            ingress(
                "host-rules",
                rule("*.foo.com", path("/", "wildcard-foo-com", 8080)),
                rule("foo.bar.com", path("/", "foo-bar-com", "http")),
                class_name=CLASS,
                tls=[{"hosts": ["foo.bar.com"], "secretName": "conformance-tls"}],
            ),
            tls_secret("conformance-tls", *key_pair),
            service("wildcard-foo-com", {"port": 8080}),
            service("foo-bar-com", {"name": "http", "port": 8080}),
            endpoint_slice("wildcard-foo-com-x", "wildcard-foo-com", pods.ports["wildcard-foo-com"]),
            endpoint_slice("foo-bar-com-x", "foo-bar-com", pods.ports["foo-bar-com"], port_name="http"),
        ) as running,
    ):
        yield running


def test_an_exact_host_over_https(proxy: RunningProxy, key_pair: tuple[bytes, bytes]) -> None:
    """The certificate is verified for the host."""
    with proxy.connect_tls("foo.bar.com", key_pair[0]) as connection:
        answer = connection.request("GET", "/", host="foo.bar.com", fields=FIELDS)
    assert_proxied(answer, service="foo-bar-com", method="GET", host="foo.bar.com", path="/")


def test_an_exact_host_over_http(proxy: RunningProxy) -> None:
    answer = proxy.get("/", host="foo.bar.com", fields=FIELDS)
    assert_proxied(answer, service="foo-bar-com", method="GET", host="foo.bar.com", path="/")


def test_a_host_that_no_rule_names(proxy: RunningProxy) -> None:
    assert proxy.get("/", host="subdomain.bar.com").status == 404


def test_a_wildcard_host(proxy: RunningProxy) -> None:
    answer = proxy.get("/", host="bar.foo.com", fields=FIELDS)
    assert_proxied(answer, service="wildcard-foo-com", method="GET", host="bar.foo.com", path="/")


def test_a_wildcard_covers_one_label(proxy: RunningProxy) -> None:
    assert proxy.get("/", host="baz.bar.foo.com").status == 404


def test_a_wildcard_does_not_cover_its_parent(proxy: RunningProxy) -> None:
    assert proxy.get("/", host="foo.com").status == 404
