"""Why an upstream has nothing to send requests to, in the words of a problem."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import NamedTuple

from ingressd.resources.endpoint_slice import EndpointSlice, SlicePort
from ingressd.resources.field_path import shown
from ingressd.resources.key import Kind
from ingressd.resources.service import Port, Service
from ingressd.resources.store import Store
from ingressd.routing.upstream import Unavailable
from ingressd.translate.endpoints import EndpointVerdict, slices_without_port
from ingressd.translate.settings import TranslationSettings
from ingressd.translate.upstream_name import UpstreamName

MOST_NAMED = 10
"""Ports, and slices, that one message names."""

MOST_NAMESPACES = 3
_SIMILAR = 0.6


class Fault(NamedTuple):
    """The reason of the answers, and the parts of the problem."""

    reason: Unavailable
    code: str
    message: str
    advice: str


def no_service(name: UpstreamName, store: Store, settings: TranslationSettings) -> Fault:
    """Name a Service that may be meant only with ``settings.suggest_services``."""
    message = f"There is no Service {name.service} in namespace {name.namespace}"
    advice = (
        f"Add it to the manifests, or run it here and say where: {_flag(name)}"
        if settings.advise_local_endpoints
        else "Create it, or correct the name; a Service of another namespace cannot be used."
    )
    if settings.suggest_services:
        services = [found.key for found in store.of_kind(Kind.SERVICE)]
        elsewhere = sorted(found.namespace for found in services if found.name == name.service)
        neighbours = sorted(found.name for found in services if found.namespace == name.namespace)
        similar = difflib.get_close_matches(name.service, neighbours, n=1, cutoff=_SIMILAR)
        if elsewhere:
            which = "one in namespace" if len(elsewhere) == 1 else "one in namespaces"
            message += f", but there is {which} {_listed(elsewhere, MOST_NAMESPACES)}"
            instead = f", or run it here and say where: {_flag(name)}" if settings.advise_local_endpoints else "."
            advice = f"An Ingress reaches only Services of its own namespace: bring both into one{instead}"
        elif similar:
            advice = f"Did you mean {similar[0]}? {advice}"
    return Fault(Unavailable.NO_SERVICE, "no_service", f"{message}: requests are answered with 503.", advice)


def no_port(name: UpstreamName, service: Service) -> Fault:
    ports = [
        f"{port.name} ({port.port})" if port.name else str(port.port)
        for port in service.spec.ports
        if port.protocol in ("", "TCP")
    ]
    return Fault(
        Unavailable.NO_SERVICE_PORT,
        "no_service_port",
        f"Service {name.namespace}/{name.service} has no TCP port {name.port}: requests are answered with 503.",
        f"It has {_listed(ports, MOST_NAMED)}: name one of them." if ports else "Give it a port.",
    )


def no_endpoints(
    name: UpstreamName,
    port: Port,
    slices: Sequence[EndpointSlice],
    verdicts: Sequence[EndpointVerdict],
    settings: TranslationSettings,
) -> Fault:
    """A state of the cluster as a rule, and a mistake where no slice has the ``port`` by its name."""
    advice = (
        f"Run it here and say where: {_flag(name)}"
        if settings.advise_local_endpoints
        else "Check that its selector finds Pods and that they are ready: "
        f"kubectl get endpointslices -n {name.namespace} -l kubernetes.io/service-name={name.service}"
    )
    which = "no endpoints"
    mismatched = slices_without_port(slices, port)
    if verdicts:
        which = f"{_count(len(verdicts))} and none that takes requests"
    elif mismatched:
        wanted = f"the port {shown(port.name)}" if port.name else "a port without a name"
        found = [f"{one.metadata.name} has {_ports(one)}" for one in mismatched]
        which = f"no endpoint for its port {port.name or port.port}, since no EndpointSlice has {wanted}"
        which += f" ({_listed(found, MOST_NAMED)})"
        rename = f"Name the port of the EndpointSlice {shown(port.name)}" if port.name else "Leave out the port's name"
        instead = f", or run it here and say where: {_flag(name)}" if settings.advise_local_endpoints else "."
        advice = f"{rename}, as in the Service{instead}"
    return Fault(
        Unavailable.NO_ENDPOINTS,
        "no_endpoints",
        f"Service {name.namespace}/{name.service} has {which}: requests are answered with 503.",
        advice,
    )


def _ports(found: EndpointSlice) -> str:
    names = [_port(port) for port in found.ports]
    return f"only {_listed(names, MOST_NAMED)}" if names else "no ports"


def _port(port: SlicePort) -> str:
    name = shown(port.name) if port.name else f"{port.port} without a name"
    return name if port.protocol in (None, "", "TCP") else f"{name} ({port.protocol})"


def _listed(words: Sequence[str], most: int) -> str:
    return ", ".join(words[:most]) + (", …" if len(words) > most else "")


def _count(endpoints: int) -> str:
    return "1 endpoint" if endpoints == 1 else f"{endpoints} endpoints"


def _flag(name: UpstreamName) -> str:
    return f"--map {name.namespace}/{name.service}=PORT"
