"""What one Ingress asks for, read without looking at any other object but the classes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import msgspec

from ingressd.resources.findings import Findings
from ingressd.resources.ingress import Backend, Ingress, Rule
from ingressd.resources.ingress_class import IngressClass
from ingressd.resources.key import ObjectKey
from ingressd.resources.problem import Problem
from ingressd.resources.store import lower_host
from ingressd.routing.host_names import ANY_HOST
from ingressd.routing.route import PathKind, Route
from ingressd.routing.route_origin import RouteOrigin
from ingressd.routing.upstream import UpstreamKey
from ingressd.translate.annotations.effects import Effects, read_effects
from ingressd.translate.backends import Target, read_backend
from ingressd.translate.classes import ClassDecision, decide_class
from ingressd.translate.order import Precedence, precedence_of
from ingressd.translate.paths import PathMatch, read_path
from ingressd.translate.settings import TranslationSettings

MAX_PATHS = 1000
MAX_HOSTS = 100
"""Of one Ingress, in its rules and again under ``tls``. Without a bound one object could occupy the controller."""


class HostClaim(msgspec.Struct, frozen=True):
    """What an Ingress wants for one host that its rules name. ``routes`` are in the order of the rules."""

    routes: tuple[Route, ...] = ()
    fallback: Route | None = None


class TlsClaim(msgspec.Struct, frozen=True):
    """One entry under ``tls``: ``index`` is its place, ``hosts`` are in lower case, an empty ``secret_name`` means
    the certificate of the listener."""

    index: int
    hosts: tuple[str, ...]
    secret_name: str


class Claims(msgspec.Struct, frozen=True):
    """Everything one Ingress wants. Without a class that is served it wants nothing.

    ``upstreams`` maps each upstream to the JSON path of the first backend that names it.
    """

    key: ObjectKey
    precedence: Precedence
    decision: ClassDecision
    effects: Effects = Effects()
    hosts: dict[str, HostClaim] = {}
    tls: tuple[TlsClaim, ...] = ()
    upstreams: dict[UpstreamKey, str] = {}
    problems: tuple[Problem, ...] = ()

    @property
    def named_hosts(self) -> frozenset[str]:
        """Every host whose translation these claims take part in."""
        return frozenset(self.hosts).union(host for entry in self.tls for host in entry.hosts)

    @property
    def secrets(self) -> frozenset[str]:
        """``namespace/name`` of every Secret it refers to, which is always in its own namespace."""
        return frozenset(f"{self.key.namespace}/{entry.secret_name}" for entry in self.tls if entry.secret_name)


class PlacedRule(NamedTuple):
    position: int
    host: str
    rule: Rule


def read_claims(ingress: Ingress, classes: Iterable[IngressClass], settings: TranslationSettings) -> Claims:
    """Read an Ingress; a part that cannot be served is left out with a problem, and the rest stays."""
    precedence = precedence_of(ingress.metadata)
    decision = decide_class(ingress, classes, settings.classes)
    if not decision.served:
        return Claims(ingress.key, precedence, decision, problems=decision.problems)
    problems = Findings()
    effects = read_effects(ingress.metadata.annotations, settings.unsupported_security, problems, settings.programs)
    reader = _Reader(ingress, effects, problems)
    rules = tuple(_bounded_rules(ingress.spec.rules, problems))
    fallback = reader.default_backend(ingress.spec.default_backend)
    hosts: dict[str, list[Route]] = {}
    for placed in rules:
        hosts.setdefault(placed.host, []).extend(reader.routes(placed))
    if not ingress.spec.rules and fallback is not None:
        hosts[ANY_HOST] = []
    return Claims(
        ingress.key,
        precedence,
        decision,
        effects,
        {
            host: HostClaim(tuple(routes), fallback.moved(host=host) if fallback else None)
            for host, routes in hosts.items()
        },
        tuple(_read_tls(ingress, problems)),
        reader.upstreams,
        decision.problems + problems.problems(ingress.key),
    )


class _Reader:
    """Reads the backends of one Ingress into routes, and counts them."""

    def __init__(self, ingress: Ingress, effects: Effects, problems: Findings) -> None:
        self._key = ingress.key
        self._effects = effects
        self._problems = problems
        self._paths = 0
        self.upstreams: dict[UpstreamKey, str] = {}

    def default_backend(self, backend: Backend | None) -> Route | None:
        if backend is None:
            return None
        target = self._target(backend, "spec.defaultBackend")
        match = PathMatch(PathKind.PREFIX, "/", self._effects.rewriting.target)
        return self._route(RouteOrigin(self._key.namespace, self._key.name), ANY_HOST, match, target)

    def routes(self, placed: PlacedRule) -> Iterator[Route]:
        paths = placed.rule.http.paths if placed.rule.http is not None else ()
        for index, path in enumerate(paths):
            where = f"spec.rules[{placed.position}].http.paths[{index}]"
            self._paths += 1
            if self._paths > MAX_PATHS:
                if self._paths == MAX_PATHS + 1:
                    self._problems.error(
                        "too_many_paths",
                        where,
                        f"The Ingress has more than {MAX_PATHS} paths: from here on they are not served.",
                        "Divide it into several Ingresses.",
                    )
                return
            match = read_path(path, self._effects.rewriting, where, self._problems)
            target = self._target(path.backend, f"{where}.backend")
            if match is not None:
                origin = RouteOrigin(self._key.namespace, self._key.name, placed.position, index)
                yield self._route(origin, placed.host, match, target)

    def _target(self, backend: Backend, where: str) -> Target:
        program = self._effects.program
        if program is not None and program.handler:
            # The API wants a backend; whatever it names is never asked.
            return Target()
        target = read_backend(backend, self._key.namespace, where, self._problems)
        if target.upstream is not None:
            self.upstreams.setdefault(target.upstream, where)
        return target

    def _route(self, origin: RouteOrigin, host: str, match: PathMatch, target: Target) -> Route:
        return Route(
            origin=origin,
            host=host,
            kind=match.kind,
            path=match.path,
            upstream=target.upstream,
            service=target.service,
            service_port=target.service_port,
            rewrite=match.rewrite,
            denied=self._effects.denied,
            program=self._effects.program,
        )


def _bounded_rules(rules: Iterable[Rule], problems: Findings) -> Iterator[PlacedRule]:
    hosts: set[str] = set()
    for index, rule in enumerate(rules):
        host = lower_host(rule.host)
        hosts.add(host)
        if len(hosts) > MAX_HOSTS:
            problems.error(
                "too_many_hosts",
                f"spec.rules[{index}].host",
                f"The Ingress names more than {MAX_HOSTS} hosts: from here on its rules are not served.",
                "Divide it into several Ingresses.",
            )
            return
        yield PlacedRule(index, host, rule)


def _read_tls(ingress: Ingress, problems: Findings) -> Iterator[TlsClaim]:
    hosts: set[str] = set()
    for index, entry in enumerate(ingress.spec.tls):
        named = tuple(dict.fromkeys(lower_host(host) for host in entry.hosts))
        hosts.update(named)
        if len(hosts) > MAX_HOSTS or index >= MAX_HOSTS:
            problems.error(
                "too_many_hosts",
                f"spec.tls[{index}]",
                f"The Ingress names more than {MAX_HOSTS} hosts under tls: from here on the entries are ignored.",
                "Divide it into several Ingresses.",
            )
            return
        yield TlsClaim(index, named, entry.secret_name)
