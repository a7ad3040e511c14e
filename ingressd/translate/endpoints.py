"""Which addresses of a Service take requests now (discovery/v1; KEP-1672 for terminating endpoints)."""

from __future__ import annotations

import enum
import ipaddress
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from ingressd.resources.endpoint_slice import Conditions, EndpointSlice
from ingressd.resources.field_path import shown
from ingressd.resources.findings import Findings
from ingressd.resources.problem import Problem
from ingressd.resources.service import Port
from ingressd.routing.endpoint import Endpoint
from ingressd.routing.local_address import is_local

MAX_PORT = 65535
FQDN = "FQDN"


class EndpointState(enum.IntEnum):
    """Ascending: the better one counts when an endpoint stands in two slices while it moves."""

    REFUSED = 0
    NOT_READY = 1
    DRAINING = 2
    READY = 3


class EndpointVerdict(msgspec.Struct, frozen=True):
    """One address of one slice, and whether it takes requests; ``why`` is one sentence."""

    endpoint: Endpoint
    state: EndpointState
    conditions: Conditions
    pod: str
    uid: str
    slice_name: str
    used: bool
    why: str


class _Candidate(msgspec.Struct, frozen=True):
    endpoint: Endpoint
    state: EndpointState
    conditions: Conditions
    pod: str
    uid: str
    slice_name: str
    fault: str = ""


def state_of(conditions: Conditions) -> EndpointState:
    """An absent condition is not a false one: ``ready`` and ``serving`` then mean true, ``terminating`` false."""
    if conditions.ready is not False:
        return EndpointState.READY
    if conditions.serving is not False and conditions.terminating is True:
        return EndpointState.DRAINING
    return EndpointState.NOT_READY


def judge_endpoints(slices: Iterable[EndpointSlice], port: Port, *, loopback: bool) -> tuple[EndpointVerdict, ...]:
    """Judge every address in the slices of one Service for its ``port``, in the order of slices and addresses.

    Ready endpoints are used, and when there is none those that still serve while they terminate. An endpoint counts
    once, however many slices hold it, and a Pod of a dual-stack Service once, by its IPv4 address.
    """
    candidates = [
        candidate
        for found in sorted(slices, key=lambda found: found.metadata.name)
        for candidate in _candidates(found, port, loopback=loopback)
    ]
    best = max((candidate.state for candidate in candidates), default=EndpointState.REFUSED)
    usable = [candidate for candidate in candidates if candidate.state is best]
    with_ipv4 = {candidate.uid for candidate in usable if candidate.uid and ":" not in candidate.endpoint.address}
    seen: set[Endpoint] = set()
    verdicts: list[EndpointVerdict] = []
    for candidate in candidates:
        why = _why_unused(candidate, best, with_ipv4, seen)
        if not why:
            seen.add(candidate.endpoint)
        verdicts.append(_verdict(candidate, why))
    return tuple(verdicts)


def used_endpoints(verdicts: Iterable[EndpointVerdict]) -> tuple[Endpoint, ...]:
    """Return the addresses in use, sorted, so that equal sets are equal values."""
    return tuple(sorted(verdict.endpoint for verdict in verdicts if verdict.used))


def slices_without_port(slices: Iterable[EndpointSlice], port: Port) -> tuple[EndpointSlice, ...]:
    """Return the slices, by name, that hold endpoints and do not have the ``port`` of the Service."""
    return tuple(
        found
        for found in sorted(slices, key=lambda found: found.metadata.name)
        if found.address_type != FQDN and found.endpoints and _port_of(found, port) is None
    )


def slice_problems(slices: Sequence[EndpointSlice], verdicts: Iterable[EndpointVerdict]) -> tuple[Problem, ...]:
    """Report what no condition explains: addresses that are refused, and slices of names."""
    refused: dict[str, list[EndpointVerdict]] = {}
    for verdict in verdicts:
        if verdict.state is EndpointState.REFUSED:
            refused.setdefault(verdict.slice_name, []).append(verdict)
    found: list[Problem] = []
    for checked in sorted(slices, key=lambda checked: checked.metadata.name):
        problems = Findings()
        if checked.address_type == FQDN:
            problems.warning(
                "fqdn_endpoint_slice",
                "addressType",
                f"{checked.key} has addressType FQDN, which is deprecated and has no meaning: it is ignored.",
                "Use a Service of type ExternalName.",
            )
        for verdict in refused.get(checked.metadata.name, ()):
            problems.warning(
                "endpoint_refused", "endpoints", f"{checked.key}: {verdict.why}", "Correct the address, or remove it."
            )
        found.extend(problems.problems(checked.key))
    return tuple(found)


def _why_unused(candidate: _Candidate, best: EndpointState, with_ipv4: set[str], seen: set[Endpoint]) -> str:
    if candidate.state is EndpointState.REFUSED:
        return f"The address {shown(candidate.endpoint.address)} {candidate.fault}."
    if candidate.state is EndpointState.NOT_READY:
        return "It is not ready."
    if candidate.state is not best:
        return "It is terminating, and there are ready endpoints."
    if candidate.uid in with_ipv4 and ":" in candidate.endpoint.address:
        return "It is the IPv6 address of a Pod whose IPv4 address is used."
    return "It stands in another slice too." if candidate.endpoint in seen else ""


def _verdict(candidate: _Candidate, why: str) -> EndpointVerdict:
    accepted = (
        "It is ready."
        if candidate.state is EndpointState.READY
        else "It is terminating and still serves; none is ready."
    )
    return EndpointVerdict(
        candidate.endpoint,
        candidate.state,
        candidate.conditions,
        candidate.pod,
        candidate.uid,
        candidate.slice_name,
        not why,
        why or accepted,
    )


def _candidates(found: EndpointSlice, port: Port, *, loopback: bool) -> Iterator[_Candidate]:
    if found.address_type == FQDN:
        return
    number = _port_of(found, port)
    if number is None:
        return
    for endpoint in found.endpoints:
        if not endpoint.addresses:
            continue
        # Only the first address: consumers are told to use no other (discovery/v1, Endpoint.addresses).
        address, fault = read_address(endpoint.addresses[0], loopback=loopback)
        reference = endpoint.target_ref
        yield _Candidate(
            Endpoint(address, number),
            EndpointState.REFUSED if fault else state_of(endpoint.conditions),
            endpoint.conditions,
            reference.name if reference is not None and reference.kind == "Pod" else "",
            reference.uid if reference is not None else "",
            found.metadata.name,
            fault,
        )


def _port_of(found: EndpointSlice, port: Port) -> int | None:
    """The name of the Service port is the join key; a slice that does not have it still serves a target port that is
    a number, as in ingress-nginx. An absent target port is the number of the Service port."""
    for candidate in found.ports:
        if (candidate.name or "") == port.name and (candidate.protocol or "TCP") == "TCP" and candidate.port:
            return candidate.port if 1 <= candidate.port <= MAX_PORT else None
    target = port.port if port.target_port is None else port.target_port
    return target if isinstance(target, int) and 1 <= target <= MAX_PORT else None


def read_address(text: str, *, loopback: bool) -> tuple[str, str]:
    """Return the canonical text of an IP address, and what is wrong with it ("" when it may be used).

    Loopback, link-local and unspecified addresses would reach the controller's own machine, and the metadata service
    of a cloud; the API server refuses them in slices, and they are refused here again.
    """
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return text, "is no IP address"
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    judged = mapped or address
    if judged.is_multicast:
        return str(address), "is a multicast address"
    if not loopback and is_local(address):
        return str(address), "belongs to the machine of the controller (loopback, link-local or unspecified)"
    return str(address), ""
