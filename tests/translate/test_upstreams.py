from __future__ import annotations

import pytest

from ingressd.resources.change import Applied
from ingressd.resources.key import Kind, ObjectKey
from ingressd.resources.object import KubernetesObject
from ingressd.resources.problem import Severity
from ingressd.resources.service import Port, Service
from ingressd.resources.store import Store
from ingressd.routing.upstream import Unavailable, upstream_key
from ingressd.translate.local_endpoints import LocalEndpoint, LocalEndpoints
from ingressd.translate.settings import TranslationSettings
from ingressd.translate.upstreams import UpstreamTranslation, UpstreamUse, find_port, translate_upstream
from tests.support.objects import endpoint, endpoint_slice, service

CLUSTER = TranslationSettings()
FILES = TranslationSettings.development()
WITH_NAMES = TranslationSettings(external_names=True)
FOREIGN_SLICE = endpoint_slice("x", endpoint("10.0.0.1"), namespace="other")
INGRESS = ObjectKey(Kind.INGRESS, "shop", "web")
USES = (UpstreamUse(INGRESS, "spec.rules[0].http.paths[0].backend"),)
WEB = (service("web"), endpoint_slice("web-1", endpoint("10.0.0.1")))


def translate(
    port: str, *objects: KubernetesObject, settings: TranslationSettings = CLUSTER, namespace: str = "shop"
) -> UpstreamTranslation:
    store = Store()
    for found in objects:
        store.apply(Applied(found))
    return translate_upstream(upstream_key(namespace, "web", port), store, USES, settings)


def mapped(*texts: str) -> TranslationSettings:
    return TranslationSettings.development(local_endpoints=[LocalEndpoint.parse(text) for text in texts])


def outcome(found: UpstreamTranslation) -> list[str] | Unavailable:
    upstream = found.upstream
    return upstream.unavailable or [str(one) for one in upstream.endpoints]


@pytest.mark.parametrize(
    ("port", "objects", "settings", "expected"),
    [
        ("80", WEB, CLUSTER, ["10.0.0.1:8080"]),
        ("http", (service("web", Port(name="http", port=80)),), CLUSTER, Unavailable.NO_ENDPOINTS),
        ("80", (), CLUSTER, Unavailable.NO_SERVICE),
        ("81", WEB, CLUSTER, Unavailable.NO_SERVICE_PORT),
        ("http", WEB, CLUSTER, Unavailable.NO_SERVICE_PORT),
        ("80", WEB[:1], CLUSTER, Unavailable.NO_ENDPOINTS),
        ("80", (service("web", namespace="other"),), CLUSTER, Unavailable.NO_SERVICE),
        ("80", (WEB[0], FOREIGN_SLICE), CLUSTER, Unavailable.NO_ENDPOINTS),
        ("8080", WEB, CLUSTER, ["10.0.0.1:8080"]),
        ("80", (service("web", Port(port=80, protocol="UDP")),), CLUSTER, Unavailable.NO_SERVICE_PORT),
        ("80", (WEB[0], endpoint_slice("l", endpoint("127.0.0.1"))), CLUSTER, Unavailable.NO_ENDPOINTS),
        ("80", (WEB[0], endpoint_slice("l", endpoint("127.0.0.1"))), FILES, ["127.0.0.1:8080"]),
        ("80", (service("web", external="api.test"),), CLUSTER, Unavailable.EXTERNAL_NAME_REFUSED),
        ("80", (service("web", external="api.test"),), FILES, ["api.test:8080"]),
        ("80", (service("web", Port(port=80), external="api.test"),), FILES, ["api.test:80"]),
        ("80", (service("web", Port(port=80, target_port="x"), external="api.test"),), FILES, ["api.test:80"]),
        ("443", (service("web", external="api.test"),), FILES, ["api.test:443"]),
        ("http", (service("web", external="api.test"),), FILES, Unavailable.NO_SERVICE_PORT),
        ("80", (service("web", external="localhost"),), FILES, ["localhost:8080"]),
        ("80", (service("web", external="localhost"),), WITH_NAMES, Unavailable.EXTERNAL_NAME_REFUSED),
        ("80", (service("web", external="a b"),), FILES, Unavailable.EXTERNAL_NAME_REFUSED),
        ("80", (), mapped("web=3000"), ["127.0.0.1:3000"]),
        ("80", WEB, mapped("shop/web=3000", "web=4000"), ["127.0.0.1:3000"]),
        ("80", WEB, mapped("other/web=3000"), ["10.0.0.1:8080"]),
        ("http", (service("web", Port(name="http", port=80)),), mapped("web:80=3000"), ["127.0.0.1:3000"]),
        ("80", (service("web", Port(name="http", port=80)),), mapped("web:http=3000"), ["127.0.0.1:3000"]),
        ("80", (service("web", external="api.test"),), mapped("web=3000"), ["127.0.0.1:3000"]),
    ],
)  # fmt: skip
def test_where_a_backend_leads(
    port: str, objects: tuple[KubernetesObject, ...], settings: TranslationSettings, expected: list[str] | Unavailable
) -> None:
    assert outcome(translate(port, *objects, settings=settings)) == expected


@pytest.mark.parametrize(
    ("port", "objects", "code", "severity"),
    [
        ("80", (), "no_service", Severity.ERROR),
        ("81", WEB, "no_service_port", Severity.ERROR),
        ("80", WEB[:1], "no_endpoints", Severity.WARNING),
        ("80", (service("web", external="api.test"),), "external_name_refused", Severity.ERROR),
        ("8080", WEB, "target_port_used", Severity.WARNING),
    ],
)
def test_what_is_wrong_is_reported_at_the_backend(
    port: str, objects: tuple[KubernetesObject, ...], code: str, severity: Severity
) -> None:
    (problem,) = translate(port, *objects).problems
    assert (problem.code, problem.severity) == (code, severity)
    assert (problem.key, problem.path) == (INGRESS, USES[0].path)
    assert problem.advice


def test_having_no_endpoints_is_told_once_and_says_who_else_is_concerned() -> None:
    store = Store()
    store.apply(Applied(WEB[0]))
    uses = [UpstreamUse(ObjectKey(Kind.INGRESS, "shop", name), USES[0].path) for name in ("c", "a", "b")]
    told = [translate_upstream(upstream_key("shop", "web", "80"), store, uses[:count], CLUSTER) for count in (1, 2, 3)]
    assert [len(found.problems) for found in told] == [1, 1, 1]
    assert [found.problems[0].message.partition("503.")[2] for found in told] == [
        "",
        " 1 more Ingress names it.",
        " 2 more Ingresses name it.",
    ]
    assert told[2].problems[0].key == uses[1].ingress


@pytest.mark.parametrize("objects", [(), WEB[:1]])
def test_with_files_the_advice_is_the_flag_to_type(objects: tuple[KubernetesObject, ...]) -> None:
    (problem,) = translate("80", *objects, settings=FILES).problems
    assert "--map shop/web=PORT" in problem.advice
    (problem,) = translate("80", *objects).problems
    assert "--map" not in problem.advice


def test_the_ports_there_are_are_named() -> None:
    found = service("web", Port(name="http", port=80), Port(port=443), Port(name="dns", port=53, protocol="UDP"))
    (problem,) = translate("81", found).problems
    assert "http (80), 443" in problem.advice
    assert "dns" not in problem.advice


@pytest.mark.parametrize(
    ("written", "expected"), [("80", "a"), ("a", "a"), ("90", "b"), ("8080", "a"), ("9090", None), ("c", None)]
)
def test_ports_are_found_by_number_then_name_then_target_port(written: str, expected: str | None) -> None:
    ports = (
        Port(name="a", port=80, target_port=8080),
        Port(name="b", port=90, target_port=80),
        Port(name="c", port=9090, protocol="UDP"),
    )
    found = find_port(Service(metadata=service("web").metadata, spec=service("web", *ports).spec), written)
    assert (found.name if found else None) == expected


def test_local_endpoints_are_part_of_the_settings_value() -> None:
    assert mapped("web=3000").local_endpoints == LocalEndpoints((LocalEndpoint.parse("web=3000"),))
