"""What is translated again when an object changes."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from ingressd.resources.endpoint_slice import EndpointSlice
from ingressd.resources.ingress import Ingress
from ingressd.resources.ingress_class import IngressClass
from ingressd.resources.key import Kind, ObjectKey
from ingressd.resources.object import KubernetesObject
from ingressd.resources.store import Store, Touched
from ingressd.translate.classes import ClassSelection, is_default


class UnitKind(enum.IntEnum):
    """Ascending: the order in which units are translated, since the later read what the earlier gave."""

    INGRESS = 0
    CERTIFICATE = 1
    UPSTREAM = 2
    HOST = 3


class Unit(NamedTuple):
    """``name`` is ``namespace/name`` of an Ingress or of a Secret, an upstream key, or a canonical host.

    Reading an Ingress into claims is a step of its own, so that a host does not read its Ingresses again when one of
    them changes.
    """

    kind: UnitKind
    name: str


class Dirtied(NamedTuple):
    """What one touched object dirties at first sight. ``ingresses`` are read again, and when that gives other claims,
    the hosts, upstreams and certificates in them follow. ``services`` stand for all their upstreams."""

    ingresses: frozenset[ObjectKey] = frozenset()
    secrets: frozenset[str] = frozenset()
    services: frozenset[tuple[str, str]] = frozenset()


def dirtied_by(touched: Touched, store: Store, selection: ClassSelection) -> Dirtied:
    """Say what ``touched`` dirties; ``store`` has taken the change in already."""
    key = touched.key
    if key.kind is Kind.INGRESS:
        return Dirtied(ingresses=frozenset({key}) if _beyond_its_status(touched) else frozenset())
    if key.kind is Kind.SECRET:
        return Dirtied(secrets=frozenset({f"{key.namespace}/{key.name}"}))
    if key.kind is Kind.SERVICE:
        return Dirtied(services=frozenset({(key.namespace, key.name)}))
    if key.kind is Kind.ENDPOINT_SLICE:
        return Dirtied(services=frozenset(_services_of(touched)))
    if key.kind is Kind.INGRESS_CLASS:
        return Dirtied(ingresses=frozenset(_ingresses_of_class(touched, store, selection)))
    return Dirtied()


def changed_ingress(touched: Touched) -> bool:
    """Whether an Ingress says something else than before; its ``resourceVersion`` alone says nothing."""
    before, after = touched.before, touched.after
    if not isinstance(before, Ingress) or not isinstance(after, Ingress):
        return before is not after
    return before.spec != after.spec or before.metadata.annotations != after.metadata.annotations


def _beyond_its_status(touched: Touched) -> bool:
    """Statuses are what controllers write, this one among them: nothing is translated from them."""
    before, after = touched.before, touched.after
    if not isinstance(before, Ingress) or not isinstance(after, Ingress):
        return True
    return before.spec != after.spec or before.metadata != after.metadata


def _services_of(touched: Touched) -> Iterator[tuple[str, str]]:
    for found in (touched.before, touched.after):
        if isinstance(found, EndpointSlice) and found.service_name:
            yield (found.metadata.namespace, found.service_name)


def _ingresses_of_class(touched: Touched, store: Store, selection: ClassSelection) -> Iterable[ObjectKey]:
    named = store.ingresses_of_class(touched.key.name)
    if selection.emulate_admission and (_is_default_class(touched.before) or _is_default_class(touched.after)):
        return named | store.ingresses_without_class()
    return named


def _is_default_class(found: KubernetesObject | None) -> bool:
    return isinstance(found, IngressClass) and is_default(found)
