"""The Ingresses that name a host and are none of ours: the first thing to know when a host is not served."""

from __future__ import annotations

from ingressd.controller.controller import Controller
from ingressd.resources.ingress import Ingress
from ingressd.resources.store import lower_host
from ingressd.routing.host_names import ANY_HOST


def passed_over(controller: Controller) -> dict[str, str]:
    """Say for each host, ``ANY_HOST`` among them, which Ingress names it and is not served, and why."""
    found: dict[str, str] = {}
    for key, why in controller.not_served():
        ingress = controller.store.ingress(key.namespace, key.name)
        for host in _hosts(ingress) if ingress is not None else ():
            named = "names it" if host != ANY_HOST else "has a rule without a host, or a default backend,"
            found.setdefault(host, f"{key} {named} and is not served. {why}")
    return found


def _hosts(ingress: Ingress) -> set[str]:
    hosts = {lower_host(rule.host) for rule in ingress.spec.rules}
    return hosts if hosts else {ANY_HOST}
