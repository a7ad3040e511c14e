"""From a Secret to a key pair."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

import msgspec

from ingressd.resources.field_path import child, shown
from ingressd.resources.findings import Findings
from ingressd.resources.key import ObjectKey
from ingressd.resources.problem import Problem, Severity
from ingressd.resources.secret import TLS_TYPE, Secret
from tls.key_pair import KeyPair, KeyPairError

CERTIFICATE_KEY = "tls.crt"
PRIVATE_KEY_KEY = "tls.key"
OPAQUE_TYPE = "Opaque"
EXPIRY_WARNING = timedelta(hours=240)
"""What ingress-nginx warns at, so that alerts written for it keep their meaning."""


_THE_DEFAULT = "the default certificate is served"
_THE_LAST = "its last good certificate stays in use"
_A_LOCAL_ONE = "the hosts get certificates of the local authority"


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
    *,
    local_authority: bool = False,
) -> CertificateTranslation:
    """Translate the Secret ``name`` (``namespace/name``); ``now`` is an aware time.

    A Secret that is gone or unusable leaves the key pair of ``earlier`` in use: a mistake must not take a certificate
    away from hosts that had a good one. An expired certificate is served, since the client then says what is wrong.
    """
    last_good = earlier.key_pair if earlier is not None else None
    instead = _A_LOCAL_ONE if local_authority else _THE_DEFAULT
    if secret is None:
        severity = Severity.WARNING if local_authority else Severity.ERROR
        problems = _missing(name, uses, severity, "" if last_good is not None else instead)
        return CertificateTranslation(key_pair=last_good, problems=problems)
    if earlier is not None and secret is earlier.secret:
        read, read_problems = earlier.read, earlier.read_problems
    else:
        read, read_problems = _read(secret, _THE_LAST if last_good is not None else instead)
    findings = Findings()
    until = _check_validity(name, read, now, findings) if read is not None else None
    found = read_problems + findings.problems(secret.key)
    return CertificateTranslation(secret, read, read_problems, read or last_good, found, until)


def _missing(name: str, uses: Iterable[SecretUse], severity: Severity, instead: str) -> tuple[Problem, ...]:
    namespace, _, secret = name.partition("/")
    message = (
        f"There is no Secret {name} of type {TLS_TYPE}: {instead}."
        if instead
        else f"Secret {name} was deleted: its last certificate is served until the Ingress changes."
    )
    # In a cluster, Secrets of other types are not asked for: one of them may well exist.
    advice = (
        f"Create it: kubectl create secret tls {secret} -n {namespace} --cert=FILE --key=FILE. "
        "If there is one of another type, delete that first: a type cannot be changed."
    )
    return tuple(
        Problem(severity, "no_secret", message, use.ingress, f"spec.tls[{use.entry}].secretName", advice)
        for use in sorted(uses)
    )


def _read(secret: Secret, effect: str) -> tuple[KeyPair | None, tuple[Problem, ...]]:
    problems = Findings()
    missing = [key for key in (CERTIFICATE_KEY, PRIVATE_KEY_KEY) if not secret.data.get(key)]
    if secret.type not in (TLS_TYPE, OPAQUE_TYPE):
        problems.error(
            "secret_type",
            "type",
            f"{secret.key} has type {shown(secret.type)} and is named as a certificate: {effect}.",
            f"Use a Secret of type {TLS_TYPE}.",
        )
        return None, problems.problems(secret.key)
    if missing:
        problems.error(
            "secret_without_key",
            child("data", missing[0]),
            f"{secret.key} has no {' and no '.join(missing)}: {effect}.",
            f"A certificate needs both {CERTIFICATE_KEY} and {PRIVATE_KEY_KEY}, in PEM.",
        )
        return None, problems.problems(secret.key)
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
        problems.error(
            f"key_pair_{error.code}", child("data", part), f"{error} This is {secret.key}, and {effect}.", ""
        )
        return None, problems.problems(secret.key)
    return pair, problems.problems(secret.key)


def _check_validity(name: str, pair: KeyPair, now: datetime, problems: Findings) -> datetime | None:
    """Warn of the end of a certificate, and return when the next warning is due."""
    if pair.expired(now):
        problems.warning(
            "certificate_expired",
            child("data", CERTIFICATE_KEY),
            f"The certificate in Secret {name} expired on {_day(pair.not_after)}: it is served, and clients refuse it.",
            "Renew it.",
        )
        return None
    if pair.expires_within(now, EXPIRY_WARNING):
        problems.warning(
            "certificate_expires_soon",
            child("data", CERTIFICATE_KEY),
            f"The certificate in Secret {name} expires on {_day(pair.not_after)}.",
            "Renew it, or find out why it was not renewed.",
        )
        return pair.not_after + timedelta(seconds=1)
    return pair.not_after - EXPIRY_WARNING + timedelta(seconds=1)


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
