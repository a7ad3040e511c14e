"""Which certificate a TLS client gets that asks for a host, and why."""

from __future__ import annotations

from ingressd.controller.controller import Controller
from ingressd.controller.explanation import LOCAL_AUTHORITY, CertificateExplanation
from ingressd.resources.secret import TLS_TYPE
from ingressd.routing.host_names import ANY_HOST, wildcard_of
from ingressd.translate.certificate_choice import CertificateChoice, CertificateStep, choose_certificate


def served_certificate(controller: Controller, host: str) -> CertificateExplanation:
    """Explain the certificate for the canonical ``host``, as ``RoutingTable.certificate_name`` finds it."""
    table = controller.table
    for name in (host, wildcard_of(host), ANY_HOST):
        virtual_host = table.hosts.get(name) if name is not None else None
        if name is None or virtual_host is None or virtual_host.certificate is None:
            continue
        claims = sorted(controller.translation.claims.of_host(name), key=lambda claims: claims.precedence)
        choice = choose_certificate(name, claims, table.certificates)
        ingress = f"{choice.ingress.namespace}/{choice.ingress.name}" if choice.ingress is not None else ""
        if virtual_host.certificate not in table.certificates:
            why = f"{ingress} names Secret {choice.name} under tls[{choice.entry}], {_fault(controller, choice)}"
            return _without_secret(controller, name, ingress, why)
        why = (
            f"{ingress} lists {name or 'no host'} under tls[{choice.entry}]."
            if choice.step is CertificateStep.LISTED
            else f"The certificate that {ingress} names under tls[{choice.entry}] covers {name}."
        )
        return CertificateExplanation(virtual_host.certificate, choice.step.value, name, ingress, why)
    return _without_secret(controller, "", "", "No Ingress names a certificate for this host")


def _fault(controller: Controller, choice: CertificateChoice) -> str:
    namespace, _, secret = (choice.name or "").partition("/")
    exists = controller.store.secret(namespace, secret) is not None
    return "which holds no usable certificate" if exists else f"and there is none of type {TLS_TYPE}"


def _without_secret(controller: Controller, host: str, ingress: str, why: str) -> CertificateExplanation:
    if controller.settings.local_authority:
        return CertificateExplanation("", LOCAL_AUTHORITY, host, ingress, f"{why}, so the local CA issues one.")
    return CertificateExplanation(
        "", CertificateStep.DEFAULT.value, host, ingress, f"{why}, so the listener's default is served."
    )
