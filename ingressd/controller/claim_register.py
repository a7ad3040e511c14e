"""The claims of every Ingress, found by what they name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, TypeVar

from ingressd.resources.index import Index
from ingressd.resources.key import ObjectKey
from ingressd.routing.upstream import UpstreamKey
from ingressd.translate.certificates import SecretUse
from ingressd.translate.claims import Claims
from ingressd.translate.upstream_name import UpstreamName
from ingressd.translate.upstreams import UpstreamUse

_Key = TypeVar("_Key")


class ClaimsDifference(NamedTuple):
    """The hosts, upstreams and Secrets for which other claims count than before."""

    hosts: frozenset[str] = frozenset()
    upstreams: frozenset[UpstreamKey] = frozenset()
    secrets: frozenset[str] = frozenset()


class ClaimRegister:
    """Holds claims and not Ingresses: an Ingress that cannot be read keeps the claims it had."""

    def __init__(self) -> None:
        self._claims: dict[ObjectKey, Claims] = {}
        self._by_host = Index[str, ObjectKey]()
        self._by_secret = Index[str, ObjectKey]()
        self._by_upstream = Index[UpstreamKey, ObjectKey]()
        self._upstreams_by_service = Index[tuple[str, str], UpstreamKey]()

    def put(self, key: ObjectKey, after: Claims | None) -> ClaimsDifference:
        """Set the claims of an Ingress, or forget them; return what has to be translated again."""
        before = self._claims.get(key)
        if after is None:
            self._claims.pop(key, None)
        else:
            self._claims[key] = after
        self._by_host.move(key, before.named_hosts if before else (), after.named_hosts if after else ())
        self._by_secret.move(key, before.secrets if before else (), after.secrets if after else ())
        self._move_upstreams(key, before.upstreams if before else {}, after.upstreams if after else {})
        return _difference(before, after)

    def get(self, key: ObjectKey) -> Claims | None:
        return self._claims.get(key)

    def all(self) -> tuple[Claims, ...]:
        """Every Ingress that was read, served or not, in order of precedence."""
        return tuple(sorted(self._claims.values(), key=lambda claims: claims.precedence))

    def of_host(self, host: str) -> tuple[Claims, ...]:
        return tuple(self._claims[key] for key in self._by_host.get(host))

    def of_secret(self, name: str) -> tuple[Claims, ...]:
        """The claims that name a Secret, by ``namespace/name``."""
        return tuple(self._claims[key] for key in self._by_secret.get(name))

    def uses_of_secret(self, name: str) -> tuple[SecretUse, ...]:
        secret = name.partition("/")[2]
        return tuple(
            SecretUse(claims.key, min(entry.index for entry in claims.tls if entry.secret_name == secret))
            for claims in self.of_secret(name)
        )

    def uses_of_upstream(self, key: UpstreamKey) -> tuple[UpstreamUse, ...]:
        return tuple(
            UpstreamUse(ingress, self._claims[ingress].upstreams[key]) for ingress in self._by_upstream.get(key)
        )

    def upstreams_of_service(self, namespace: str, service: str) -> frozenset[UpstreamKey]:
        return self._upstreams_by_service.get((namespace, service))

    def _move_upstreams(
        self, key: ObjectKey, before: Mapping[UpstreamKey, str], after: Mapping[UpstreamKey, str]
    ) -> None:
        touched = before.keys() ^ after.keys()
        used = {upstream for upstream in touched if self._by_upstream.get(upstream)}
        self._by_upstream.move(key, before, after)
        for upstream in touched:
            service = ((name := UpstreamName.of(upstream)).namespace, name.service)
            is_used = bool(self._by_upstream.get(upstream))
            if is_used != (upstream in used):
                self._upstreams_by_service.move(upstream, () if is_used else (service,), (service,) if is_used else ())


def _difference(before: Claims | None, after: Claims | None) -> ClaimsDifference:
    both = [claims for claims in (before, after) if claims is not None]
    if before is None or after is None or before.precedence != after.precedence or before.tls != after.tls:
        return ClaimsDifference(
            frozenset(host for claims in both for host in claims.named_hosts),
            frozenset(upstream for claims in both for upstream in claims.upstreams),
            frozenset(secret for claims in both for secret in claims.secrets),
        )
    return ClaimsDifference(
        _differing(before.hosts, after.hosts), _differing(before.upstreams, after.upstreams), frozenset()
    )


def _differing(before: Mapping[_Key, object], after: Mapping[_Key, object]) -> frozenset[_Key]:
    return frozenset(key for key in before.keys() | after.keys() if before.get(key) != after.get(key))
