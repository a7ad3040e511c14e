"""Every object that exists now, with the indexes that translation needs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ingressd.resources.change import Applied, Change, Deleted, Replaced
from ingressd.resources.endpoint_slice import EndpointSlice
from ingressd.resources.index import Index
from ingressd.resources.ingress import CLASS_ANNOTATION, Backend, Ingress
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
        self._by_host = Index[str, ObjectKey]()
        self._by_class = Index[str, ObjectKey]()
        self._by_secret = Index[tuple[str, str], ObjectKey]()
        self._by_service = Index[tuple[str, str], ObjectKey]()
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

    def ingresses_of_host(self, host: str) -> frozenset[ObjectKey]:
        """Ingresses that name ``host`` (lower case, "" for any host) in a rule or under ``tls``."""
        return self._by_host.get(host)

    def ingresses_of_class(self, name: str) -> frozenset[ObjectKey]:
        """Ingresses that name the class in their spec or in the annotation."""
        return self._by_class.get(name)

    def ingresses_without_class(self) -> frozenset[ObjectKey]:
        return self._by_class.get("")

    def ingresses_of_secret(self, namespace: str, name: str) -> frozenset[ObjectKey]:
        return self._by_secret.get((namespace, name))

    def ingresses_of_service(self, namespace: str, name: str) -> frozenset[ObjectKey]:
        return self._by_service.get((namespace, name))

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
            self._by_host.move(key, named_hosts(old) if old else (), named_hosts(new) if new else ())
            self._by_class.move(key, _classes(old) if old else (), _classes(new) if new else ())
            self._by_secret.move(key, _secrets(old) if old else (), _secrets(new) if new else ())
            self._by_service.move(key, _services(old) if old else (), _services(new) if new else ())
        elif key.kind is Kind.ENDPOINT_SLICE:
            self._slices_by_service.move(key, _service_of(before), _service_of(after))


def named_hosts(ingress: Ingress) -> frozenset[str]:
    """Every host an Ingress has something to say about, in lower case; "" stands for any host.

    The rules' hosts and the TLS hosts; an Ingress without rules speaks for any host by its default backend, and a
    rule without a host does too.
    """
    spec = ingress.spec
    hosts = {lower_host(rule.host) for rule in spec.rules}
    hosts.update(lower_host(host) for entry in spec.tls for host in entry.hosts)
    if not spec.rules and (spec.default_backend is not None or not hosts):
        hosts.add("")
    return frozenset(hosts)


def lower_host(host: str) -> str:
    """Hosts compare without case (RFC 9110 section 4.2.3). What is not ASCII is no host name and stays as it is:
    some letters outside ASCII have an ASCII lower case, and a look-alike must not become the name it imitates."""
    return host.lower() if host.isascii() else host


def backends_of(ingress: Ingress) -> Iterator[Backend]:
    """Every backend an Ingress names, the default backend first."""
    if ingress.spec.default_backend is not None:
        yield ingress.spec.default_backend
    for rule in ingress.spec.rules:
        for path in rule.http.paths if rule.http is not None else ():
            yield path.backend


def _classes(ingress: Ingress) -> set[str]:
    named = {ingress.spec.ingress_class_name or "", ingress.metadata.annotations.get(CLASS_ANNOTATION, "")}
    return named if named == {""} else named - {""}


def _secrets(ingress: Ingress) -> set[tuple[str, str]]:
    namespace = ingress.metadata.namespace
    return {(namespace, entry.secret_name) for entry in ingress.spec.tls if entry.secret_name}


def _services(ingress: Ingress) -> set[tuple[str, str]]:
    namespace = ingress.metadata.namespace
    return {(namespace, backend.service.name) for backend in backends_of(ingress) if backend.service is not None}


def _service_of(found: KubernetesObject | None) -> tuple[tuple[str, str], ...]:
    if not isinstance(found, EndpointSlice) or not found.service_name:
        return ()
    return ((found.metadata.namespace, found.service_name),)
