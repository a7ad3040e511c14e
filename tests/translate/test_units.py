from __future__ import annotations

import msgspec
import pytest

from ingressd.resources.change import Applied, Change, Deleted
from ingressd.resources.key import Kind
from ingressd.resources.metadata import Metadata
from ingressd.resources.namespace import Namespace
from ingressd.resources.object import KubernetesObject
from ingressd.resources.published import LoadBalancer, PublishedAddress, PublishedStatus
from ingressd.resources.store import Store, Touched
from ingressd.translate.classes import ClassSelection
from ingressd.translate.units import Dirtied, UnitKind, changed_ingress, dirtied_by
from tests.support.objects import endpoint, endpoint_slice, ingress, ingress_class, path, rule, secret, service

FILES = ClassSelection(every_class=True, without_class=True, emulate_admission=True)
WITH_CLASS = ingress("with", class_name="nginx")
WITHOUT_CLASS = ingress("without")


def touch(change: Change, *existing: KubernetesObject, selection: ClassSelection = FILES) -> Dirtied:
    store = Store()
    for found in existing:
        store.apply(Applied(found))
    (touched,) = store.apply(change)
    return dirtied_by(touched, store, selection)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (ingress("web"), Dirtied(ingresses=frozenset({ingress("web").key}))),
        (secret("a", "a.test"), Dirtied(secrets=frozenset({"shop/a"}))),
        (service("web"), Dirtied(services=frozenset({("shop", "web")}))),
        (endpoint_slice("web-1", endpoint("10.0.0.1")), Dirtied(services=frozenset({("shop", "web")}))),
        (endpoint_slice("web-1", service=""), Dirtied()),
        (Namespace(metadata=Metadata(name="shop")), Dirtied()),
    ],
)
def test_what_an_object_dirties(found: KubernetesObject, expected: Dirtied) -> None:
    assert touch(Applied(found)) == expected
    assert touch(Deleted(found.key), found) == expected


def test_a_slice_that_moves_dirties_both_services() -> None:
    before, after = endpoint_slice("x", service="one"), endpoint_slice("x", service="two")
    assert touch(Applied(after), before).services == {("shop", "one"), ("shop", "two")}


@pytest.mark.parametrize(
    ("found", "selection", "expected"),
    [
        (ingress_class("nginx"), FILES, {WITH_CLASS.key}),
        (ingress_class("other"), FILES, set()),
        (ingress_class("nginx", default=True), FILES, {WITH_CLASS.key, WITHOUT_CLASS.key}),
        (ingress_class("other", default=True), FILES, {WITHOUT_CLASS.key}),
        (ingress_class("other", default=True), ClassSelection(), set()),
    ],
)
def test_a_class_dirties_the_ingresses_it_decides_about(
    found: KubernetesObject, selection: ClassSelection, expected: set[object]
) -> None:
    assert touch(Applied(found), WITH_CLASS, WITHOUT_CLASS, selection=selection).ingresses == expected
    assert touch(Deleted(found.key), found, WITH_CLASS, WITHOUT_CLASS, selection=selection).ingresses == expected


def test_an_ingress_has_changed_when_its_spec_or_annotations_have() -> None:
    one = ingress("web", rule("a.test", path("/")))
    newer = type(one)(metadata=Metadata(name="web", namespace="shop", resource_version="2"), spec=one.spec)
    other = ingress("web", rule("b.test", path("/")))
    annotated = ingress("web", rule("a.test", path("/")), annotations={"a": "b"})
    assert not changed_ingress(Touched(one.key, one, newer))
    assert changed_ingress(Touched(one.key, one, other))
    assert changed_ingress(Touched(one.key, one, annotated))
    assert changed_ingress(Touched(one.key, None, one))
    assert changed_ingress(Touched(one.key, one, None))


def test_units_are_translated_in_the_order_in_which_they_read_each_other() -> None:
    assert list(UnitKind) == sorted(UnitKind)
    assert UnitKind.INGRESS < UnitKind.CERTIFICATE < UnitKind.HOST
    assert {kind.value for kind in Kind} >= {"Ingress", "Secret"}


def test_the_status_of_an_ingress_dirties_nothing() -> None:
    published = PublishedStatus(LoadBalancer((PublishedAddress(ip="192.0.2.1"),)))
    before = ingress("web", rule("a.test", path("/")))
    after = msgspec.structs.replace(before, status=published)
    assert touch(Applied(after), before) == Dirtied()
    assert not changed_ingress(Touched(before.key, before, after))
    moved = msgspec.structs.replace(after, metadata=msgspec.structs.replace(after.metadata, annotations={"a": "b"}))
    assert touch(Applied(moved), before) == Dirtied(ingresses=frozenset({before.key}))
