"""Who would serve a host, were it ours."""

from __future__ import annotations

from ingressd.controller.controller import Controller
from ingressd.resources.ingress import Ingress
from ingressd.resources.store import lower_host
from ingressd.routing.virtual_host import ANY_HOST


def left_out(controller: Controller, host: str) -> str:
    """Name an Ingress that has rules for the canonical ``host`` and is not served, and say why; empty for none."""
    for key, why in controller.not_served():
        ingress = controller.store.ingress(key.namespace, key.name)
        if ingress is not None and host in _hosts(ingress):
            named = "names it" if host != ANY_HOST else "has a rule without a host, or a default backend,"
            return f"{key} {named} and is not served. {why}"
    return ""


def _hosts(ingress: Ingress) -> set[str]:
    hosts = {lower_host(rule.host) for rule in ingress.spec.rules}
    return hosts if ingress.spec.default_backend is None else hosts | {ANY_HOST}
