"""Every object that exists now, with the indexes that translation needs."""

from __future__ import annotations

from typing import NamedTuple

from ingressd.resources.change import Applied, Change, Deleted, Replaced
from ingressd.resources.endpoint_slice import EndpointSlice
from ingressd.resources.index import Index
from ingressd.resources.ingress import CLASS_ANNOTATION, Ingress
from ingressd.resources.ingress_class import IngressClass
from ingressd.resources.key import Kind, ObjectKey
from ingressd.resources.object import KubernetesObject
from ingressd.resources.secret import Secret
from ingressd.resources.service import Service


class Touched(NamedTuple):
    """One object that differs from what it was: ``before`` is None for a new one, ``after`` for a deleted one."""

    key: ObjectKey
    before: KubernetesObject | None
    after: KubernetesObject | None


class Store:
    """Fed by changes, read by lookups; an object that is applied again with an equal value touches nothing.

    Every lookup of a namespaced object takes the namespace, so that no Ingress reaches into another one. The order
    of what a lookup returns means nothing: whoever lets it influence a result sorts first.
    """

    def __init__(self) -> None:
        self._objects: dict[Kind, dict[ObjectKey, KubernetesObject]] = {kind: {} for kind in Kind}
        self._by_class = Index[str, ObjectKey]()
        self._slices_by_service = Index[tuple[str, str], ObjectKey]()

    def apply(self, change: Change) -> tuple[Touched, ...]:
        """Take over what a source says, and return what is different now.

        A ``Replaced`` deletes and sets object by object: nobody sees the kind empty in between.
        """
        if isinstance(change, Applied):
            return self._set(change.object)
        if isinstance(change, Deleted):
            return self._remove(change.key)
        if isinstance(change, Replaced):
            return self._replace(change.kind, change.objects)
        return ()

    def __len__(self) -> int:
        return sum(len(objects) for objects in self._objects.values())

    def __contains__(self, key: ObjectKey) -> bool:
        return key in self._objects[key.kind]

    def get(self, key: ObjectKey) -> KubernetesObject | None:
        return self._objects[key.kind].get(key)

    def of_kind(self, kind: Kind) -> tuple[KubernetesObject, ...]:
        return tuple(self._objects[kind].values())

    def ingress(self, namespace: str, name: str) -> Ingress | None:
        found = self.get(ObjectKey(Kind.INGRESS, namespace, name))
        return found if isinstance(found, Ingress) else None

    def service(self, namespace: str, name: str) -> Service | None:
        found = self.get(ObjectKey(Kind.SERVICE, namespace, name))
        return found if isinstance(found, Service) else None

    def secret(self, namespace: str, name: str) -> Secret | None:
        found = self.get(ObjectKey(Kind.SECRET, namespace, name))
        return found if isinstance(found, Secret) else None

    def ingresses(self) -> tuple[Ingress, ...]:
        return tuple(found for found in self.of_kind(Kind.INGRESS) if isinstance(found, Ingress))

    def ingress_classes(self) -> tuple[IngressClass, ...]:
        return tuple(found for found in self.of_kind(Kind.INGRESS_CLASS) if isinstance(found, IngressClass))

    def ingresses_of_class(self, name: str) -> frozenset[ObjectKey]:
        """Ingresses that name the class in their spec or in the annotation."""
        return self._by_class.get(name)

    def ingresses_without_class(self) -> frozenset[ObjectKey]:
        return self._by_class.get("")

    def slices_of_service(self, namespace: str, name: str) -> tuple[EndpointSlice, ...]:
        slices = (self.get(key) for key in self._slices_by_service.get((namespace, name)))
        return tuple(found for found in slices if isinstance(found, EndpointSlice))

    def _set(self, after: KubernetesObject) -> tuple[Touched, ...]:
        key = after.key
        objects = self._objects[key.kind]
        before = objects.get(key)
        if before == after:
            return ()
        objects[key] = after
        self._index(key, before, after)
        return (Touched(key, before, after),)

    def _remove(self, key: ObjectKey) -> tuple[Touched, ...]:
        before = self._objects[key.kind].pop(key, None)
        if before is None:
            return ()
        self._index(key, before, None)
        return (Touched(key, before, None),)

    def _replace(self, kind: Kind, objects: tuple[KubernetesObject, ...]) -> tuple[Touched, ...]:
        kept = {after.key for after in objects}
        touched: list[Touched] = []
        for after in objects:
            touched.extend(self._set(after))
        for key in [key for key in self._objects[kind] if key not in kept]:
            touched.extend(self._remove(key))
        return tuple(touched)

    def _index(self, key: ObjectKey, before: KubernetesObject | None, after: KubernetesObject | None) -> None:
        if key.kind is Kind.INGRESS:
            old = before if isinstance(before, Ingress) else None
            new = after if isinstance(after, Ingress) else None
            self._by_class.move(key, _classes(old) if old else (), _classes(new) if new else ())
        elif key.kind is Kind.ENDPOINT_SLICE:
            self._slices_by_service.move(key, _service_of(before), _service_of(after))


def lower_host(host: str) -> str:
    """Hosts compare without case (RFC 9110 section 4.2.3). What is not ASCII is no host name and stays as it is:
    some letters outside ASCII have an ASCII lower case, and a look-alike must not become the name it imitates."""
    return host.lower() if host.isascii() else host


def _classes(ingress: Ingress) -> set[str]:
    named = {ingress.spec.ingress_class_name or "", ingress.metadata.annotations.get(CLASS_ANNOTATION, "")}
    return named if named == {""} else named - {""}


def _service_of(found: KubernetesObject | None) -> tuple[tuple[str, str], ...]:
    if not isinstance(found, EndpointSlice) or not found.service_name:
        return ()
    return ((found.metadata.namespace, found.service_name),)
