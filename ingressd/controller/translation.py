"""What has been translated so far, unit by unit, and the table that came of it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TypeVar

from ingressd.controller.claim_register import ClaimRegister
from ingressd.controller.pending import Pending
from ingressd.controller.problem_register import ProblemRegister
from ingressd.resources.ingress_class import IngressClass
from ingressd.resources.key import Kind, ObjectKey
from ingressd.resources.problem import Problem, Severity
from ingressd.resources.store import Store
from ingressd.routing.difference import TableDifference
from ingressd.routing.table import RoutingTable
from ingressd.routing.upstream import Unavailable, Upstream, UpstreamKey
from ingressd.routing.virtual_host import VirtualHost
from ingressd.translate.certificates import CertificateTranslation, translate_certificate
from ingressd.translate.claims import read_claims
from ingressd.translate.hosts import translate_host
from ingressd.translate.settings import TranslationSettings
from ingressd.translate.units import Unit, UnitKind
from ingressd.translate.upstream_name import UpstreamName
from ingressd.translate.upstreams import translate_upstream
from tls.key_pair import KeyPair

_log = logging.getLogger(__name__)

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")


class Translation:
    """Translates what is dirty, in the order of ``UnitKind``: a later unit reads what an earlier one gave.

    A unit that raises has found a defect of ingressd, not of a manifest: it keeps its last good version, the others
    go on, and a problem ``internal_error`` says so until the unit is translated again.
    """

    def __init__(self, settings: TranslationSettings) -> None:
        self.settings = settings
        self.table = RoutingTable()
        self.claims = ClaimRegister()
        self._certificates: dict[str, CertificateTranslation] = {}
        self._due: dict[str, datetime] = {}
        self._next_due: datetime | None = None
        self.problems = ProblemRegister[Unit]()
        self._without_service: set[UpstreamKey] = set()

    def update(self, pending: Pending, store: Store, now: datetime) -> TableDifference:
        """Translate what ``pending`` says (it is used up), and what the time makes due; bring the table up to date.

        ``now`` is an aware time. Returns what differs, which is empty when only problems changed.
        """
        hosts: dict[str, VirtualHost | None] = {}
        upstreams: dict[UpstreamKey, Upstream | None] = {}
        certificates: dict[str, KeyPair | None] = {}
        classes = store.ingress_classes()
        for key in sorted(pending.ingresses):
            self._read_ingress(key, store, classes, pending)
        pending.secrets |= self._due_by(now)
        forgotten = {name for key in pending.changed for name in self._secrets_of(key)}
        for name in sorted(pending.secrets | forgotten):
            before = self.table.certificates.get(name)
            pair = self._certificate(name, store, now, forget=name in forgotten)
            if pair != before:
                certificates[name] = pair
                _assign(self.table.certificates, name, pair)
                pending.hosts.update(host for claims in self.claims.of_secret(name) for host in claims.named_hosts)
        for namespace, service in pending.services:
            pending.upstreams |= self.claims.upstreams_of_service(namespace, service)
        if pending.other_services and self.settings.suggest_services:
            pending.upstreams |= self._without_service
        for upstream_key in sorted(pending.upstreams):
            upstream = self._upstream(upstream_key, store)
            if upstream != self.table.upstreams.get(upstream_key):
                upstreams[upstream_key] = upstream
                _assign(self.table.upstreams, upstream_key, upstream)
        for host in sorted(pending.hosts):
            virtual_host = self._host(host)
            if virtual_host != self.table.hosts.get(host):
                hosts[host] = virtual_host
                _assign(self.table.hosts, host, virtual_host)
        return TableDifference(hosts, upstreams, certificates)

    def _due_by(self, now: datetime) -> set[str]:
        """The Secrets to look at again because of the time alone. All of them are gone through only when one is due,
        so that ten thousand certificates cost an endpoint change nothing."""
        if self._next_due is None or now < self._next_due:
            return set()
        self._next_due = min((due for due in self._due.values() if due > now), default=None)
        return {name for name, due in self._due.items() if due <= now}

    def _secrets_of(self, key: ObjectKey) -> Iterable[str]:
        claims = self.claims.get(key)
        return claims.secrets if claims is not None else ()

    def _read_ingress(self, key: ObjectKey, store: Store, classes: Iterable[IngressClass], pending: Pending) -> None:
        unit = Unit(UnitKind.INGRESS, f"{key.namespace}/{key.name}")
        ingress = store.ingress(key.namespace, key.name)
        if ingress is None:
            claims = None
            self.problems.put(unit, ())
        else:
            claims = self._guarded(unit, key, lambda: read_claims(ingress, classes, self.settings))
            if claims is None:
                return
            self.problems.put(unit, claims.problems)
        difference = self.claims.put(key, claims)
        pending.hosts |= difference.hosts
        pending.upstreams |= difference.upstreams
        pending.secrets |= difference.secrets

    def _certificate(self, name: str, store: Store, now: datetime, *, forget: bool) -> KeyPair | None:
        unit = Unit(UnitKind.CERTIFICATE, name)
        namespace, _, secret_name = name.partition("/")
        uses = self.claims.uses_of_secret(name)
        earlier = self._certificates.get(name)
        self._due.pop(name, None)
        if not uses:
            self._certificates.pop(name, None)
            self.problems.put(unit, ())
            return None
        secret = store.secret(namespace, secret_name)
        if secret is None and forget:
            earlier = None
        found = self._guarded(
            unit,
            ObjectKey(Kind.SECRET, namespace, secret_name),
            lambda: translate_certificate(
                name, secret, uses, now, earlier, local_authority=self.settings.local_authority
            ),
        )
        if found is None:
            return earlier.key_pair if earlier is not None else None
        self._certificates[name] = found
        if found.until is not None:
            self._due[name] = found.until
            self._next_due = min(self._next_due or found.until, found.until)
        self.problems.put(unit, found.problems)
        return found.key_pair

    def _upstream(self, key: UpstreamKey, store: Store) -> Upstream | None:
        unit = Unit(UnitKind.UPSTREAM, key)
        uses = self.claims.uses_of_upstream(key)
        self._without_service.discard(key)
        if not uses:
            self.problems.put(unit, ())
            return None
        name = UpstreamName.of(key)
        found = self._guarded(
            unit,
            ObjectKey(Kind.SERVICE, name.namespace, name.service),
            lambda: translate_upstream(key, store, uses, self.settings),
        )
        if found is None:
            return self.table.upstreams.get(key)
        if found.upstream.unavailable is Unavailable.NO_SERVICE:
            self._without_service.add(key)
        self.problems.put(unit, found.problems)
        return found.upstream

    def _host(self, host: str) -> VirtualHost | None:
        unit = Unit(UnitKind.HOST, host)
        claims = self.claims.of_host(host)
        found = self._guarded(unit, None, lambda: translate_host(host, claims, self.table.certificates))
        if found is None:
            return self.table.hosts.get(host)
        self.problems.put(unit, found.problems)
        return found.virtual_host

    def _guarded(self, unit: Unit, key: ObjectKey | None, translate: Callable[[], _Value]) -> _Value | None:
        """Return None when ``translate`` raised; what went wrong is logged and a problem."""
        try:
            return translate()
        except Exception as error:
            subject = f"{unit.kind.name.lower()} {unit.name or 'of any host'}"
            _log.exception("translating %s failed", subject)
            failure = Problem(
                Severity.ERROR,
                "internal_error",
                f"Translating {subject} failed ({type(error).__name__}: {error}): its last good version stays.",
                key,
                "",
                "This is a defect of ingressd: please report it with the traceback in the log.",
            )
            self.problems.put(unit, (failure,))
            return None


def _assign(values: dict[_Key, _Value], key: _Key, value: _Value | None) -> None:
    if value is None:
        values.pop(key, None)
    else:
        values[key] = value
