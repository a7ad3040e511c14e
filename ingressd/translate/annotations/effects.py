"""What all annotations of one Ingress come to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from ingressd.policies.program import Program
from ingressd.resources.field_path import child, shown
from ingressd.resources.findings import Findings
from ingressd.translate.annotations.catalogue import (
    CATALOGUE,
    INSTEAD,
    NGINX_PREFIX,
    OWN_CATALOGUE,
    OWN_PREFIX,
    PREFIXES,
    Annotation,
    meant_protection,
    nearest_name,
)
from ingressd.translate.annotations.programs import (
    HANDLER,
    MIDDLEWARE,
    NOTHING_ALLOWED,
    AllowedPrograms,
    read_programming,
)
from ingressd.translate.annotations.rewrite import PathRewriting, read_path_rewriting

MAX_UNKNOWN = 50
"""Unknown annotations of one Ingress that are looked at; finding the nearest name for one takes a millisecond."""


class Effects(msgspec.Struct, frozen=True):
    """``denied`` is empty, or the sentence why no request to this Ingress is let through. ``in_force`` are the names
    of the annotations that have an effect. ``program`` is the Python code that requests pass."""

    rewriting: PathRewriting = PathRewriting()
    denied: str = ""
    in_force: tuple[str, ...] = ()
    program: Program | None = None


def read_effects(
    annotations: Mapping[str, str],
    unsupported_security: Literal["deny", "warn"],
    problems: Findings,
    allowed: AllowedPrograms = NOTHING_ALLOWED,
) -> Effects:
    """Read what is supported and report everything else under our prefixes; other prefixes are none of our business.

    A protecting annotation that has no effect yet, or is misspelt, denies the routes rather than leave them open,
    unless told to warn.
    """
    unprotected: list[str] = []
    unknown = 0
    for written in sorted(annotations):
        prefix = next((prefix for prefix in PREFIXES if written.startswith(prefix)), None)
        if prefix is None:
            continue
        name = written.removeprefix(prefix)
        if prefix == OWN_PREFIX and name in OWN_CATALOGUE:
            continue
        known = CATALOGUE.get(name)
        if known is None:
            unknown += 1
            if unknown > MAX_UNKNOWN:
                continue
            meant = meant_protection(name, own=prefix == OWN_PREFIX)
            if meant is None or annotations[written].strip().lower() in meant.inert:
                _report_unknown(written, name, problems)
            else:
                unprotected.append(written)
                _report_misspelt(written, meant, unsupported_security, problems)
        elif (known.supported and prefix == NGINX_PREFIX) or annotations[written].strip().lower() in known.inert:
            continue
        elif not known.security:
            _report_unsupported(written, prefix, known, problems)
        else:
            unprotected.append(written)
            _report_unprotected(written, known, unsupported_security, problems)
    if unknown > MAX_UNKNOWN:
        problems.warning(
            "unknown_annotation",
            "metadata.annotations",
            f"There are {unknown - MAX_UNKNOWN} more annotations that do not exist.",
            "Remove them.",
        )
    denied = ""
    if unprotected and unsupported_security == "deny":
        denied = f"The annotation {unprotected[0]} asks for protection that ingressd does not give."
    rewriting = read_path_rewriting(annotations, problems)
    programming = read_programming(annotations, allowed, problems)
    return Effects(
        rewriting,
        denied or programming.denied,
        _in_force(annotations, rewriting, programming.program),
        programming.program,
    )


def _in_force(annotations: Mapping[str, str], rewriting: PathRewriting, program: Program | None) -> tuple[str, ...]:
    own: tuple[str, ...] = ()
    if program is not None:
        own = (HANDLER,) * bool(program.handler) + (MIDDLEWARE,) * bool(program.middleware)
    if not rewriting.by_pattern:
        return own
    return own + tuple(
        written
        for written in sorted(annotations)
        if written.startswith(NGINX_PREFIX)
        and (known := CATALOGUE.get(written.removeprefix(NGINX_PREFIX))) is not None
        and known.supported
        and annotations[written]
    )


def _report_unknown(written: str, name: str, problems: Findings) -> None:
    nearest = nearest_name(name)
    instead = INSTEAD.get(name) or (f"Did you mean {nearest}?" if nearest else "Remove it.")
    problems.warning(
        "unknown_annotation",
        child("metadata.annotations", written),
        f"There is no annotation {shown(written)}: it has no effect.",
        instead,
    )


def _report_misspelt(
    written: str, meant: Annotation, unsupported_security: Literal["deny", "warn"], problems: Findings
) -> None:
    where = child("metadata.annotations", written)
    right = meant.full_name
    missing = f"There is no annotation {shown(written)}, and {right}, which was surely meant, protects"
    advice = f"Correct it: {right}. Or remove it."
    if unsupported_security == "deny":
        message = f"{missing} something: every request to this Ingress is answered with 503."
        problems.error("misspelt_security_annotation", where, message, advice)
    else:
        message = f"NOT PROTECTED: {missing[0].lower()}{missing[1:]} something."
        problems.warning("misspelt_security_annotation", where, message, advice)


def _report_unsupported(written: str, prefix: str, known: Annotation, problems: Findings) -> None:
    if prefix == NGINX_PREFIX:
        message = f"The annotation {written} is not supported yet: it has no effect."
        advice = known.advice or "Remove it, or check that the application does without it."
    else:
        which = "ingressd has none of its own by that name" if prefix == OWN_PREFIX else "the prefix is not read"
        message = f"The annotation {written} has no effect: {which}."
        advice = f"The annotation of ingress-nginx is {NGINX_PREFIX}{known.name}."
    problems.warning("unsupported_annotation", child("metadata.annotations", written), message, advice)


def _report_unprotected(
    written: str, known: Annotation, unsupported_security: Literal["deny", "warn"], problems: Findings
) -> None:
    where = child("metadata.annotations", written)
    if unsupported_security == "deny":
        problems.error(
            "unsupported_security_annotation",
            where,
            f"The annotation {written} protects something and is not supported yet: "
            "every request to this Ingress is answered with 503.",
            known.advice
            or "Remove it only if the application is safe without it, or leave the Ingress to a "
            "controller that supports it.",
        )
    else:
        problems.warning(
            "unsupported_security_annotation",
            where,
            f"NOT PROTECTED: the annotation {written} is not supported yet, and requests pass without it.",
            known.advice or "In a cluster, ingressd answers such an Ingress with 503 instead.",
        )
