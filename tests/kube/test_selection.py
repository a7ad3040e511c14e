from __future__ import annotations

from ingressd.kube.selection import Selection
from ingressd.resources.key import Kind


def test_paths_and_queries() -> None:
    everywhere = Selection(Kind.INGRESS)
    assert (everywhere.path, dict(everywhere.query)) == ("/apis/networking.k8s.io/v1/ingresses", {})
    some = Selection(Kind.SECRET, "shop", "team=a", "type=kubernetes.io/tls")
    assert some.path == "/api/v1/namespaces/shop/secrets"
    assert some.query == {"labelSelector": "team=a", "fieldSelector": "type=kubernetes.io/tls"}


def test_words() -> None:
    assert str(Selection(Kind.ENDPOINT_SLICE)) == "endpointslices.discovery.k8s.io"
    assert str(Selection(Kind.SERVICE, "shop")) == "services in namespace shop"
