"""One upstream: a Service port as an Ingress wrote it, with the endpoints that take requests now."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import msgspec

from ingressd.resources.field_path import shown
from ingressd.resources.key import ObjectKey
from ingressd.resources.problem import Problem, Severity
from ingressd.resources.service import Port, Service
from ingressd.resources.store import Store
from ingressd.routing.endpoint import Endpoint
from ingressd.routing.upstream import Unavailable, Upstream, UpstreamKey
from ingressd.translate.endpoints import EndpointVerdict, judge_endpoints, slice_problems, used_endpoints
from ingressd.translate.external_names import read_external_name
from ingressd.translate.local_endpoints import LocalEndpoint
from ingressd.translate.settings import TranslationSettings
from ingressd.translate.upstream_faults import Fault, no_endpoints, no_port, no_service
from ingressd.translate.upstream_name import UpstreamName

EXTERNAL_NAME = "ExternalName"
MAX_PORT = 65535


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
        return _unavailable(asked, no_service(asked.name, store, settings))
    if service.spec.type == EXTERNAL_NAME:
        return _translate_external(asked, service, port, settings)
    if port is None:
        return _unavailable(asked, no_port(asked.name, service))
    slices = store.slices_of_service(namespace, service_name)
    verdicts = judge_endpoints(slices, port, loopback=settings.loopback)
    problems = _target_port_problems(asked, port) + slice_problems(slices, verdicts)
    endpoints = used_endpoints(verdicts)
    if endpoints:
        found = UpstreamTranslation(_upstream(asked, endpoints))
    else:
        found = _unavailable(asked, no_endpoints(asked.name, port, slices, verdicts, settings))
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
        fault = Fault(
            Unavailable.EXTERNAL_NAME_REFUSED,
            "external_name_refused",
            f"{which} has type ExternalName, and those are not served: they reach any name that the controller can "
            "resolve.",
            "Allow them with --allow-external-names if everyone who may create a Service is trusted.",
        )
        return _unavailable(asked, fault)
    address, wrong = read_external_name(service.spec.external_name, loopback=settings.loopback)
    if wrong:
        fault = Fault(
            Unavailable.EXTERNAL_NAME_REFUSED,
            "external_name_refused",
            f"The external name {shown(service.spec.external_name)} of {which} {wrong}.",
            "Correct spec.externalName.",
        )
        return _unavailable(asked, fault)
    number = _external_port(asked.name, port)
    if number is None:
        return _unavailable(asked, no_port(asked.name, service))
    endpoint = Endpoint(address, number, guarded=not settings.loopback)
    return UpstreamTranslation(_upstream(asked, (endpoint,)), (), port)


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


def _unavailable(asked: _Asked, fault: Fault) -> UpstreamTranslation:
    return UpstreamTranslation(_upstream(asked, unavailable=fault.reason), tuple(_fault_problems(asked.uses, fault)))


def _fault_problems(uses: tuple[UpstreamUse, ...], fault: Fault) -> Iterator[Problem]:
    if fault.reason is not Unavailable.NO_ENDPOINTS:
        for use in uses:
            yield Problem(Severity.ERROR, fault.code, fault.message, use.ingress, use.path, fault.advice)
    elif uses:
        # Pods come and go: having none just now is a state of the cluster, and not a mistake in each Ingress.
        others = len(uses) - 1
        more = f" {'1 more Ingress names' if others == 1 else f'{others} more Ingresses name'} it." if others else ""
        first = uses[0]
        message = f"{fault.message}{more}"
        yield Problem(Severity.WARNING, fault.code, message, first.ingress, first.path, fault.advice)


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
