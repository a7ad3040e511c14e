"""From a Secret to a key pair, and from a host to the Secret that it uses."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from ingressd.resources.key import ObjectKey
from ingressd.resources.problem import Problem
from ingressd.resources.secret import TLS_TYPE, Secret
from ingressd.routing.virtual_host import ANY_HOST
from ingressd.translate.claims import Claims, TlsClaim
from ingressd.translate.problem_list import ProblemList
from tls.key_pair import KeyPair, KeyPairError

CERTIFICATE_KEY = "tls.crt"
PRIVATE_KEY_KEY = "tls.key"
OPAQUE_TYPE = "Opaque"
EXPIRY_WARNING = timedelta(hours=240)
"""What ingress-nginx warns at, so that alerts written for it keep their meaning."""


class SecretUse(msgspec.Struct, frozen=True, order=True):
    """An Ingress that names a Secret: ``entry`` is the index of the first ``tls`` entry that does."""

    ingress: ObjectKey
    entry: int


class CertificateTranslation(msgspec.Struct, frozen=True):
    """``key_pair`` is what is served: ``read`` is what the Secret holds now, and None when that is unusable.
    ``until`` is when the problems change without any object changing."""

    secret: Secret | None = None
    read: KeyPair | None = None
    read_problems: tuple[Problem, ...] = ()
    key_pair: KeyPair | None = None
    problems: tuple[Problem, ...] = ()
    until: datetime | None = None


def translate_certificate(
    name: str,
    secret: Secret | None,
    uses: Iterable[SecretUse],
    now: datetime,
    earlier: CertificateTranslation | None = None,
) -> CertificateTranslation:
    """Translate the Secret ``name`` (``namespace/name``); ``now`` is an aware time.

    A Secret that is gone or unusable leaves the key pair of ``earlier`` in use: a mistake must not take a certificate
    away from hosts that had a good one. An expired certificate is served, since the client then says what is wrong.
    """
    last_good = earlier.key_pair if earlier is not None else None
    if secret is None:
        return CertificateTranslation(key_pair=last_good, problems=_missing(name, uses, kept=last_good is not None))
    if earlier is not None and secret is earlier.secret:
        read, read_problems = earlier.read, earlier.read_problems
    else:
        read, read_problems = _read(secret, kept=last_good is not None)
    problems = ProblemList(secret.key)
    until = None
    if read is not None:
        until = _check_validity(name, read, now, problems)
    found = read_problems + problems.found()
    return CertificateTranslation(secret, read, read_problems, read or last_good, found, until)


def _missing(name: str, uses: Iterable[SecretUse], *, kept: bool) -> tuple[Problem, ...]:
    found: list[Problem] = []
    for use in sorted(uses):
        problems = ProblemList(use.ingress)
        problems.error(
            "no_secret",
            f"spec.tls[{use.entry}].secretName",
            f"Secret {name} was deleted: its last certificate is served until the Ingress changes."
            if kept
            else f"There is no Secret {name}: the default certificate is served.",
            f"Create it in the namespace of the Ingress: kubectl create secret tls {name.partition('/')[2]} "
            f"-n {name.partition('/')[0]} --cert=… --key=…",
        )
        found.extend(problems.found())
    return tuple(found)


def _read(secret: Secret, *, kept: bool) -> tuple[KeyPair | None, tuple[Problem, ...]]:
    problems = ProblemList(secret.key)
    effect = "its last good certificate stays in use" if kept else "the default certificate is served"
    missing = [key for key in (CERTIFICATE_KEY, PRIVATE_KEY_KEY) if not secret.data.get(key)]
    if secret.type not in (TLS_TYPE, OPAQUE_TYPE):
        problems.error(
            "secret_type",
            "type",
            f"{secret.key} has type {secret.type[:80]!r} and is named as a certificate: {effect}.",
            f"Use a Secret of type {TLS_TYPE}.",
        )
        return None, problems.found()
    if missing:
        problems.error(
            "secret_without_key",
            f"data['{missing[0]}']",
            f"{secret.key} has no {' and no '.join(missing)}: {effect}.",
            f"A certificate needs both {CERTIFICATE_KEY} and {PRIVATE_KEY_KEY}, in PEM.",
        )
        return None, problems.found()
    if secret.type == OPAQUE_TYPE:
        problems.warning(
            "secret_type",
            "type",
            f"{secret.key} holds a certificate and has type {OPAQUE_TYPE}: it is used, and other controllers may not.",
            f"Set its type to {TLS_TYPE}.",
        )
    try:
        pair = KeyPair.from_pem(secret.data[CERTIFICATE_KEY], secret.data[PRIVATE_KEY_KEY])
    except KeyPairError as error:
        part = CERTIFICATE_KEY if error.part == "certificate" else PRIVATE_KEY_KEY
        problems.error(f"key_pair_{error.code}", f"data['{part}']", f"{error} This is {secret.key}, and {effect}.", "")
        return None, problems.found()
    return pair, problems.found()


def _check_validity(name: str, pair: KeyPair, now: datetime, problems: ProblemList) -> datetime | None:
    """Warn of the end of a certificate, and return when the next warning is due."""
    if pair.expired(now):
        problems.warning(
            "certificate_expired",
            f"data['{CERTIFICATE_KEY}']",
            f"The certificate in Secret {name} expired on {_day(pair.not_after)}: it is served, and clients refuse it.",
            "Renew it.",
        )
        return None
    if pair.expires_within(now, EXPIRY_WARNING):
        problems.warning(
            "certificate_expires_soon",
            f"data['{CERTIFICATE_KEY}']",
            f"The certificate in Secret {name} expires on {_day(pair.not_after)}.",
            "Renew it, or find out why it was not renewed.",
        )
        return pair.not_after + timedelta(seconds=1)
    return pair.not_after - EXPIRY_WARNING + timedelta(seconds=1)


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


class CertificateStep(enum.StrEnum):
    """How a host came to its certificate: an entry under ``tls`` lists the host; the certificate of another entry of
    an Ingress with that host covers it; none does, and the listener's default is served."""

    LISTED = "listed"
    COVERING = "covering"
    DEFAULT = "default"


class CertificateChoice(msgspec.Struct, frozen=True):
    """``name`` is that of the Secret, ``ingress`` and ``entry`` say who asked for it; a Secret that holds nothing
    usable is still chosen, and the host then gets the default."""

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
                problems.extend(_lost(host, name, claim.key, entry, chosen))
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
    problems = ProblemList(ingress)
    if pair is not None and host != ANY_HOST and not pair.covers(host):
        covered = ", ".join(pair.names[:5]) or "no name at all"
        problems.warning(
            "certificate_does_not_cover_host",
            f"spec.tls[{entry.index}].hosts",
            f"The certificate in Secret {name} is not valid for {host}, only for {covered}: clients will refuse it.",
            f"Issue a certificate that names {host}.",
        )
    return problems.found()


def _lost(host: str, name: str, ingress: ObjectKey, entry: TlsClaim, winner: CertificateChoice) -> tuple[Problem, ...]:
    problems = ProblemList(ingress)
    problems.warning(
        "certificate_conflict",
        f"spec.tls[{entry.index}].secretName",
        f"Secret {name} is not used for {host or 'any host'}: {winner.ingress} comes first and names {winner.name}.",
        "Name the same Secret in both, or remove the host from one.",
    )
    return problems.found()
