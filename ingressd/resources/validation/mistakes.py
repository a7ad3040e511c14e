"""What an API server accepts in an Ingress, and its author surely did not mean."""

from __future__ import annotations

from ingressd.resources import field_path
from ingressd.resources.field_path import shown
from ingressd.resources.findings import Findings
from ingressd.resources.ingress import CLASS_ANNOTATION, Ingress

REGEX_ANNOTATION = "nginx.ingress.kubernetes.io/use-regex"
REWRITE_ANNOTATION = "nginx.ingress.kubernetes.io/rewrite-target"

# Not the dot: it is common in literal paths (/favicon.ico).
_REGEX_CHARACTERS = frozenset("^$*+?()[]{}|\\")


def check(ingress: Ingress, findings: Findings) -> None:
    _check_class(ingress, findings)
    _check_literal_regex(ingress, findings)
    _check_tls_hosts(ingress, findings)


def _check_class(ingress: Ingress, findings: Findings) -> None:
    annotated = ingress.metadata.annotations.get(CLASS_ANNOTATION)
    named = ingress.spec.ingress_class_name
    if annotated is not None and named is not None and annotated != named:
        findings.warning(
            "class_mismatch",
            field_path.child("metadata.annotations", CLASS_ANNOTATION),
            f"The annotation says class {shown(annotated)}, spec.ingressClassName says {shown(named)}; "
            "spec.ingressClassName decides.",
            "Remove the annotation: it is deprecated, and an API server refuses to create such an Ingress.",
        )


def _check_literal_regex(ingress: Ingress, findings: Findings) -> None:
    annotations = ingress.metadata.annotations
    if annotations.get(REGEX_ANNOTATION, "").lower() == "true" or REWRITE_ANNOTATION in annotations:
        return
    for rule_index, rule in enumerate(ingress.spec.rules):
        for path_index, path in enumerate(rule.http.paths if rule.http is not None else ()):
            if path.path_type == "ImplementationSpecific" and not _REGEX_CHARACTERS.isdisjoint(path.path):
                findings.warning(
                    "literal_regex",
                    f"spec.rules[{rule_index}].http.paths[{path_index}].path",
                    f"{shown(path.path)} looks like a regular expression, but it is matched literally.",
                    f'Add the annotation "{REGEX_ANNOTATION}: \\"true\\"" if it is one.',
                )


def _check_tls_hosts(ingress: Ingress, findings: Findings) -> None:
    rules = ingress.spec.rules
    if not rules or any(not rule.host for rule in rules):
        return
    hosts = {rule.host for rule in rules}
    # Both directions of a wildcard: it covers, or is covered, one label down.
    covered = hosts | {_wildcard_of(host) for host in hosts}
    for tls_index, tls in enumerate(ingress.spec.tls):
        for host_index, host in enumerate(tls.hosts):
            if host not in covered and _wildcard_of(host) not in hosts:
                findings.warning(
                    "unused_tls_host",
                    f"spec.tls[{tls_index}].hosts[{host_index}]",
                    f"No rule of this Ingress serves the host {shown(host)}, so its certificate is of no use here.",
                    f"Add a rule for it, or correct its spelling; the rules serve {_listed(hosts)}.",
                )


def _wildcard_of(host: str) -> str:
    return "*." + host.partition(".")[2]


def _listed(hosts: set[str]) -> str:
    few = sorted(hosts)[:5]
    more = len(hosts) - len(few)
    return ", ".join(few) + (f" and {more} more" if more else "")
