"""One upstream: a Service port as an Ingress wrote it, with the endpoints that take requests now."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from ingressd.resources.field_path import shown
from ingressd.resources.key import ObjectKey
from ingressd.resources.problem import Problem, Severity
from ingressd.resources.service import Port, Service
from ingressd.resources.store import Store
from ingressd.routing.upstream import Endpoint, Unavailable, Upstream, UpstreamKey
from ingressd.translate.endpoints import EndpointVerdict, judge_endpoints, slice_problems, used_endpoints
from ingressd.translate.external_names import read_external_name
from ingressd.translate.local_endpoints import LocalEndpoint
from ingressd.translate.settings import TranslationSettings

EXTERNAL_NAME = "ExternalName"
MAX_PORT = 65535


class UpstreamName(NamedTuple):
    """The parts of an upstream key."""

    namespace: str
    service: str
    port: str

    @classmethod
    def of(cls, key: UpstreamKey) -> UpstreamName:
        rest, _, port = key.rpartition(":")
        namespace, _, service = rest.rpartition("/")
        return cls(namespace, service, port)


class UpstreamUse(msgspec.Struct, frozen=True, order=True):
    """A backend that names the upstream: the Ingress, and the JSON path in it."""

    ingress: ObjectKey
    path: str


class UpstreamTranslation(msgspec.Struct, frozen=True):
    """``mapped`` is the local endpoint that replaces the Service's own, ``port`` the Service port that was found."""

    upstream: Upstream
    problems: tuple[Problem, ...] = ()
    port: Port | None = None
    mapped: LocalEndpoint | None = None
    verdicts: tuple[EndpointVerdict, ...] = ()


class _Asked(NamedTuple):
    """What is to be translated."""

    key: UpstreamKey
    name: UpstreamName
    uses: tuple[UpstreamUse, ...]


class _Fault(NamedTuple):
    """Why there is nothing to send to, in the words of a problem."""

    reason: Unavailable
    code: str
    message: str
    advice: str


def translate_upstream(
    key: UpstreamKey, store: Store, uses: Iterable[UpstreamUse], settings: TranslationSettings
) -> UpstreamTranslation:
    """Translate the upstream ``key``; ``uses`` are where its problems belong."""
    asked = _Asked(key, UpstreamName.of(key), tuple(sorted(uses)))
    namespace, service_name, written = asked.name
    service = store.service(namespace, service_name)
    port = find_port(service, written) if service is not None else None
    spellings = {written} | ({port.name, str(port.port)} if port is not None else set())
    mapped = settings.local_endpoints.lookup(namespace, service_name, *spellings)
    if mapped is not None:
        return UpstreamTranslation(_upstream(asked, (mapped.endpoint,)), (), port, mapped)
    if service is None:
        return _unavailable(asked, _no_service(asked.name, settings))
    if service.spec.type == EXTERNAL_NAME:
        return _translate_external(asked, service, port, settings)
    if port is None:
        return _unavailable(asked, _no_port(asked.name, service))
    slices = store.slices_of_service(namespace, service_name)
    verdicts = judge_endpoints(slices, port, loopback=settings.loopback)
    problems = _target_port_problems(asked, port) + slice_problems(slices, verdicts)
    endpoints = used_endpoints(verdicts)
    if endpoints:
        found = UpstreamTranslation(_upstream(asked, endpoints))
    else:
        found = _unavailable(asked, _no_endpoints(asked.name, len(slices), len(verdicts), settings))
    return msgspec.structs.replace(found, problems=problems + found.problems, port=port, verdicts=verdicts)


def find_port(service: Service, written: str) -> Port | None:
    """Find the Service port that a backend means: by number or by name, TCP only.

    A number that is none of the Service's own but the target port of one is accepted, because manifests written for
    ingress-nginx rely on it.
    """
    ports = [port for port in service.spec.ports if port.protocol in ("", "TCP")]
    if not written.isascii() or not written.isdigit():
        return next((port for port in ports if port.name == written), None)
    number = int(written)
    by_number = next((port for port in ports if port.port == number), None)
    return by_number or next((port for port in ports if str(port.target_port) == written), None)


def _translate_external(
    asked: _Asked, service: Service, port: Port | None, settings: TranslationSettings
) -> UpstreamTranslation:
    which = f"Service {asked.name.namespace}/{asked.name.service}"
    if not settings.external_names:
        fault = _Fault(
            Unavailable.EXTERNAL_NAME_REFUSED,
            "external_name_refused",
            f"{which} has type ExternalName, and those are not served: they reach any name that the controller can "
            "resolve.",
            "Allow them with --allow-external-names if everyone who may create a Service is trusted.",
        )
        return _unavailable(asked, fault)
    address, wrong = read_external_name(service.spec.external_name, loopback=settings.loopback)
    if wrong:
        fault = _Fault(
            Unavailable.EXTERNAL_NAME_REFUSED,
            "external_name_refused",
            f"The external name {shown(service.spec.external_name)} of {which} {wrong}.",
            "Correct spec.externalName.",
        )
        return _unavailable(asked, fault)
    number = _external_port(asked.name, port)
    if number is None:
        return _unavailable(asked, _no_port(asked.name, service))
    return UpstreamTranslation(_upstream(asked, (Endpoint(address, number),)), (), port)


def _external_port(name: UpstreamName, port: Port | None) -> int | None:
    candidates = (port.target_port, port.port) if port is not None else ()
    for candidate in (*candidates, int(name.port) if name.port.isdigit() else None):
        if isinstance(candidate, int) and 1 <= candidate <= MAX_PORT:
            return candidate
    return None


def _upstream(asked: _Asked, endpoints: tuple[Endpoint, ...] = (), unavailable: Unavailable | None = None) -> Upstream:
    namespace, service, port = asked.name
    return Upstream(
        key=asked.key,
        namespace=namespace,
        service=service,
        port=port,
        endpoints=endpoints,
        unavailable=unavailable,
    )


def _unavailable(asked: _Asked, fault: _Fault) -> UpstreamTranslation:
    # Pods come and go: having none just now is a state of the cluster, and not a mistake in the Ingress.
    severity = Severity.WARNING if fault.reason is Unavailable.NO_ENDPOINTS else Severity.ERROR
    return UpstreamTranslation(
        _upstream(asked, unavailable=fault.reason),
        tuple(Problem(severity, fault.code, fault.message, use.ingress, use.path, fault.advice) for use in asked.uses),
    )


def _no_service(name: UpstreamName, settings: TranslationSettings) -> _Fault:
    flag = f"--map {name.namespace}/{name.service}=PORT"
    return _Fault(
        Unavailable.NO_SERVICE,
        "no_service",
        f"There is no Service {name.service} in namespace {name.namespace}: requests are answered with 503.",
        f"Add it to the manifests, or run it here and say where: {flag}"
        if settings.advise_local_endpoints
        else "Create it, or correct the name; a Service of another namespace cannot be used.",
    )


def _no_port(name: UpstreamName, service: Service) -> _Fault:
    ports = [
        f"{port.name} ({port.port})" if port.name else str(port.port)
        for port in service.spec.ports
        if port.protocol in ("", "TCP")
    ]
    shown = ", ".join(ports[:10]) + (", …" if len(ports) > 10 else "")
    return _Fault(
        Unavailable.NO_SERVICE_PORT,
        "no_service_port",
        f"Service {name.namespace}/{name.service} has no TCP port {name.port}: requests are answered with 503.",
        f"It has {shown}: name one of them." if ports else "Give it a port.",
    )


def _no_endpoints(name: UpstreamName, slices: int, judged: int, settings: TranslationSettings) -> _Fault:
    which = (
        f"{judged} endpoints and none that takes requests"
        if judged
        else "no endpoint with this port"
        if slices
        else "no endpoints"
    )
    return _Fault(
        Unavailable.NO_ENDPOINTS,
        "no_endpoints",
        f"Service {name.namespace}/{name.service} has {which}: requests are answered with 503.",
        f"Run it here and say where: --map {name.namespace}/{name.service}=PORT"
        if settings.advise_local_endpoints
        else "Check that its selector finds Pods and that they are ready: "
        f"kubectl get endpointslices -n {name.namespace} -l kubernetes.io/service-name={name.service}",
    )


def _target_port_problems(asked: _Asked, port: Port) -> tuple[Problem, ...]:
    written = asked.name.port
    if written in (port.name, str(port.port)):
        return ()
    message = (
        f"{written} is the target port of Service {asked.name.namespace}/{asked.name.service} and not its port: it is "
        "accepted, as in ingress-nginx, and other controllers refuse it."
    )
    return tuple(
        Problem(Severity.WARNING, "target_port_used", message, use.ingress, use.path, f"Write {port.port}.")
        for use in asked.uses
    )
