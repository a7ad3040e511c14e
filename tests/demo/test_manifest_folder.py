"""The bundled manifests, read by ingressd itself."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ingressd.controller.controller import Controller
from ingressd.controller.explain import explain
from ingressd.demo.manifest_folder import manifest_folder
from ingressd.demo.pods import PODS
from ingressd.demo.secret import CERTIFICATE_HOST, tls_secret
from ingressd.demo.slices import endpoint_slices
from ingressd.resources.change import Applied
from ingressd.sources.files import FileSource
from ingressd.translate.settings import TranslationSettings
from tls.authority import LocalAuthority


@pytest.fixture(scope="module")
def controller() -> Controller:
    made = Controller(TranslationSettings.development(), publish=lambda difference: None)
    pair = LocalAuthority.ephemeral().issue([CERTIFICATE_HOST])
    made.apply((Applied(tls_secret(pair)),))
    made.apply(Applied(each) for each in endpoint_slices(dict.fromkeys(PODS, 40_000)))
    made.apply(FileSource([str(manifest_folder())], watch=False).read())
    made.flush(datetime.now(UTC))
    return made


def test_nothing_is_wrong_with_them(controller: Controller) -> None:
    assert controller.problems() == ()
    assert controller.not_served() == ()


@pytest.mark.parametrize(
    ("url", "service"),
    [
        ("http://shop.localhost/", "storefront"),
        ("http://shop.localhost/anything", "storefront"),
        ("http://shop.localhost/cart", "cart"),
        ("http://shop.localhost/cart/items", "checkout"),
        ("http://blog.localhost/2026/11", "blog"),
        ("http://pr-7.preview.localhost/", "preview"),
        ("http://a.b.preview.localhost/", "welcome"),
        ("http://nowhere.example.com/", "welcome"),
    ],
)
def test_where_urls_lead(controller: Controller, url: str, service: str) -> None:
    explanation = explain(controller, "GET", url)
    assert explanation.answer.forwarded
    assert explanation.backend is not None
    assert explanation.backend.service == service


def test_the_shop_has_its_own_certificate(controller: Controller) -> None:
    assert explain(controller, "GET", "https://shop.localhost/").certificate.secret == "shop/shop-tls"


def test_every_pod_is_reached_by_some_route(controller: Controller) -> None:
    services = {(upstream.namespace, upstream.service) for upstream in controller.table.upstreams.values()}
    assert services == {(pod.namespace, pod.service) for pod in PODS}
