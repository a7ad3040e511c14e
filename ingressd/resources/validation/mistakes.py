"""What an API server accepts in an Ingress, and its author surely did not mean."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ingressd.resources import field_path
from ingressd.resources.field_path import shown
from ingressd.resources.findings import Findings
from ingressd.resources.ingress import CLASS_ANNOTATION, Ingress

REGEX_ANNOTATION = "nginx.ingress.kubernetes.io/use-regex"
REWRITE_ANNOTATION = "nginx.ingress.kubernetes.io/rewrite-target"

# Not the dot: it is common in literal paths (/favicon.ico). Only an ImplementationSpecific path is likely to be a
# pattern for a plus or a leading dollar sign; the others are common in literal paths, too (/c++, /$metadata).
_LITERAL_PATH_SIGNS = re.compile(r"[\^*?()\[\]{}|\\]|\$\Z")
_REGEX_SIGNS: Mapping[str, re.Pattern[str]] = {
    "Exact": _LITERAL_PATH_SIGNS,
    "Prefix": _LITERAL_PATH_SIGNS,
    "ImplementationSpecific": re.compile(r"[\^$*+?()\[\]{}|\\]"),
}

_REGEX_ON = f'the annotation "{REGEX_ANNOTATION}: \\"true\\""'


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
    """A path that is a pattern to its author only: patterns need an annotation, and never are of type Exact."""
    annotations = ingress.metadata.annotations
    by_pattern = annotations.get(REGEX_ANNOTATION, "").lower() == "true" or REWRITE_ANNOTATION in annotations
    for rule_index, rule in enumerate(ingress.spec.rules):
        for path_index, path in enumerate(rule.http.paths if rule.http is not None else ()):
            is_exact = path.path_type == "Exact"
            signs = _REGEX_SIGNS.get(path.path_type)
            if (by_pattern and not is_exact) or signs is None or signs.search(path.path) is None:
                continue
            findings.warning(
                "literal_regex",
                f"spec.rules[{rule_index}].http.paths[{path_index}].path",
                f"{shown(path.path)} looks like a regular expression, but it is matched literally.",
                _advice_on_pattern(is_exact=is_exact, by_pattern=by_pattern),
            )


def _advice_on_pattern(*, is_exact: bool, by_pattern: bool) -> str:
    if not is_exact:
        return f"Add {_REGEX_ON} if it is one."
    further = "" if by_pattern else f" and add {_REGEX_ON}"
    return f'An Exact path never is one: if it should be, write "pathType: ImplementationSpecific"{further}.'


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
