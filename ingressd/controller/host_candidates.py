"""Which host takes a request, and why not the others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from ingressd.controller.explanation import HostCandidate
from ingressd.routing.host_names import ANY_HOST, wildcard_of
from ingressd.routing.table import RoutingTable

HostKind = Literal["exact", "wildcard", "any"]


def host_candidates(table: RoutingTable, host: str, passed_over: Mapping[str, str]) -> tuple[HostCandidate, ...]:
    """List the hosts that the canonical ``host`` could belong to, the strongest first, and those it only seems to.

    ``passed_over`` says of a host which Ingress names it and is none of ours.
    """
    wildcard = wildcard_of(host)
    found: list[HostCandidate] = []
    tried: list[tuple[str, HostKind]] = [(host, "exact")] if host != ANY_HOST else []
    if wildcard is not None:
        tried.append((wildcard, "wildcard"))
    tried.append((ANY_HOST, "any"))
    chosen = ""
    for name, kind in tried:
        why = _why_not(table, name, kind, passed_over)
        matched = not why
        if matched and not any(candidate.chosen for candidate in found):
            chosen = name or "any host"
            found.append(HostCandidate(name, kind, True, True, _WHY_CHOSEN[kind]))
        else:
            found.append(
                HostCandidate(
                    name, kind, matched, False, why or f"It matches, but {chosen} is more precise and decides."
                )
            )
    misses = [
        HostCandidate(name, "wildcard", False, False, f"{name} covers exactly one label in place of the *.")
        for name in _near_misses(host)
        if name in table.hosts and name != wildcard
    ]
    return (*found[:-1], *misses, found[-1])


_WHY_CHOSEN: dict[HostKind, str] = {
    "exact": "It is the host of the request.",
    "wildcard": "It covers the host of the request, and nobody names that host itself.",
    "any": "No other host takes the request, and these routes name none.",
}


def _why_not(table: RoutingTable, name: str, kind: HostKind, passed_over: Mapping[str, str]) -> str:
    virtual_host = table.hosts.get(name)
    if virtual_host is None:
        return passed_over.get(name) or (
            "No Ingress has a rule without a host, or a default backend." if kind == "any" else "No Ingress names it."
        )
    return "" if virtual_host.routed else "It stands only under tls, which chooses a certificate and no route."


def _near_misses(host: str) -> list[str]:
    """Wildcards over a parent of the host, of which it has too many labels, and over the host itself: too few."""
    labels = host.split(".")
    return [f"*.{host}"] + [f"*.{'.'.join(labels[index:])}" for index in range(1, len(labels))]
