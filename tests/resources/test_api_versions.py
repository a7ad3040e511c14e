from __future__ import annotations

import pytest

from ingressd.resources.api_versions import (
    API_VERSIONS,
    advice_on_api_version,
    advice_on_kind,
    group_of,
    nearest_kind,
)
from ingressd.resources.key import Kind


def test_every_kind_has_an_api_version() -> None:
    assert set(API_VERSIONS) == set(Kind)


@pytest.mark.parametrize(
    ("api_version", "group"), [("v1", ""), ("networking.k8s.io/v1", "networking.k8s.io"), ("apps/v1", "apps"), ("", "")]
)
def test_groups(api_version: str, group: str) -> None:
    assert group_of(api_version) == group


@pytest.mark.parametrize(
    ("api_version", "kind", "meant"),
    [
        ("networking.k8s.io/v1", "Ingres", Kind.INGRESS),
        ("networking.k8s.io/v1", "ingress", Kind.INGRESS),
        ("networking.k8s.io/v1beta1", "Igress", Kind.INGRESS),
        ("networking.k8s.io/v1", "IngresClass", Kind.INGRESS_CLASS),
        ("v1", "Servcie", Kind.SERVICE),
        ("discovery.k8s.io/v1", "EndpointSlices", Kind.ENDPOINT_SLICE),
        ("traefik.io/v1alpha1", "Ingres", None),
        ("v1", "Ingres", None),
    ],
)
def test_the_nearest_kind(api_version: str, kind: str, meant: Kind | None) -> None:
    assert nearest_kind(api_version, kind) is meant


OTHER_KINDS = [
    *("Binding", "ComponentStatus", "Endpoints", "Event", "LimitRange", "NamespaceList", "Node", "Pod"),
    *("PersistentVolume", "PodTemplate", "ReplicationController", "ResourceQuota", "ServiceAccount"),
]


@pytest.mark.parametrize(
    ("api_version", "kind"),
    [
        *(("v1", kind) for kind in OTHER_KINDS),
        *(("networking.k8s.io/v1", kind) for kind in ("NetworkPolicy", "IPAddress", "ServiceCIDR")),
        ("v1", "x" * 100_000),
    ],
)
def test_other_kinds_of_kubernetes_are_not_misspelt(api_version: str, kind: str) -> None:
    assert nearest_kind(api_version, kind) is None


@pytest.mark.parametrize("kind", [None, "", "Pod", 5, [], {}])
def test_without_a_known_kind_the_advice_shows_an_example(kind: object) -> None:
    assert advice_on_api_version(kind).startswith("Write the API version of its kind")


def test_advice_names_what_to_write() -> None:
    assert advice_on_api_version("EndpointSlice") == 'Write "apiVersion: discovery.k8s.io/v1".'
    assert advice_on_kind("discovery.k8s.io/v1") == 'Write what it is, as in "kind: EndpointSlice".'
    assert advice_on_kind([]) == 'Write what it is, as in "kind: Ingress".'
