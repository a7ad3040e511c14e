"""Which Secret a host uses.

What ingress-nginx does, with one difference: a host keeps to the Secret that the oldest Ingress names even when that
holds nothing usable, so that nobody's certificate appears on a host because somebody else's broke.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from ingressd.resources.key import ObjectKey
from ingressd.resources.problem import Problem, Severity
from ingressd.routing.host_names import ANY_HOST
from ingressd.translate.claims import Claims, TlsClaim
from tls.key_pair import KeyPair


class CertificateStep(enum.StrEnum):
    """How a host came to its certificate: an entry under ``tls`` lists the host; the certificate of another entry of
    an Ingress with that host covers it; none does, and the listener's default is served."""

    LISTED = "listed"
    COVERING = "covering"
    DEFAULT = "default"


class CertificateChoice(msgspec.Struct, frozen=True):
    """``name`` is that of the Secret, ``ingress`` and ``entry`` say who asked for it; a Secret that holds nothing
    usable is still chosen, and the host then gets the listener's default."""

    step: CertificateStep = CertificateStep.DEFAULT
    name: str | None = None
    ingress: ObjectKey | None = None
    entry: int | None = None
    problems: tuple[Problem, ...] = ()


def choose_certificate(host: str, claims: Sequence[Claims], key_pairs: Mapping[str, KeyPair]) -> CertificateChoice:
    """Choose the Secret of ``host``; ``claims`` are in order of precedence, and the first that asks for one wins."""
    chosen = CertificateChoice()
    problems: list[Problem] = []
    for claim in claims:
        wanted = list(_listed(host, claim))
        step = CertificateStep.LISTED
        if not wanted:
            step = CertificateStep.COVERING
            wanted = list(_covering(host, claim, key_pairs))[:1]
        for entry in wanted:
            if not entry.secret_name:
                continue
            name = f"{claim.key.namespace}/{entry.secret_name}"
            if chosen.name is None:
                chosen = CertificateChoice(step, name, claim.key, entry.index)
                problems.extend(_check_cover(host, name, claim.key, entry, key_pairs))
            elif name != chosen.name and step is CertificateStep.LISTED:
                problems.append(_lost(host, name, claim.key, entry, chosen))
    return msgspec.structs.replace(chosen, problems=tuple(problems))


def _listed(host: str, claim: Claims) -> Iterable[TlsClaim]:
    return (
        entry
        for entry in claim.tls
        if host in entry.hosts or (host == ANY_HOST and not entry.hosts and ANY_HOST in claim.hosts)
    )


def _covering(host: str, claim: Claims, key_pairs: Mapping[str, KeyPair]) -> Iterable[TlsClaim]:
    if host == ANY_HOST or host not in claim.hosts:
        return
    for entry in claim.tls:
        pair = key_pairs.get(f"{claim.key.namespace}/{entry.secret_name}")
        if pair is not None and pair.covers(host):
            yield entry


def _check_cover(
    host: str, name: str, ingress: ObjectKey, entry: TlsClaim, key_pairs: Mapping[str, KeyPair]
) -> tuple[Problem, ...]:
    pair = key_pairs.get(name)
    if pair is None or host == ANY_HOST or pair.covers(host):
        return ()
    covered = ", ".join(pair.names[:5]) or "no name at all"
    return (
        Problem(
            Severity.WARNING,
            "certificate_does_not_cover_host",
            f"The certificate in Secret {name} is not valid for {host}, only for {covered}: clients will refuse it.",
            ingress,
            f"spec.tls[{entry.index}].hosts",
            f"Issue a certificate that names {host}.",
        ),
    )


def _lost(host: str, name: str, ingress: ObjectKey, entry: TlsClaim, winner: CertificateChoice) -> Problem:
    return Problem(
        Severity.WARNING,
        "certificate_conflict",
        f"Secret {name} is not used for {host or 'any host'}: {winner.ingress} comes first and names {winner.name}.",
        ingress,
        f"spec.tls[{entry.index}].secretName",
        "Name the same Secret in both, or remove the host from one.",
    )
