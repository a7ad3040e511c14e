"""A certificate chain and its private key, as one value."""

from __future__ import annotations

import functools
import hashlib
from datetime import datetime, timedelta

import msgspec

from tls.key_pair_error import KeyPairError, KeyPairErrorCode, KeyPairPart
from tls.names import canonical_certificate_name, covers

__all__ = ["KeyPair", "KeyPairError", "KeyPairErrorCode", "KeyPairPart"]

LARGEST_PEM_BYTES = 256 * 1024
"""Bound of each of the two texts. A chain of ten 4096-bit RSA certificates has about 25 KiB."""


class CertificateFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What the first certificate of a chain says. Names are lower case; times are aware, in UTC."""

    names: tuple[str, ...]
    not_before: datetime
    not_after: datetime
    subject: str
    issuer: str


class KeyPair(msgspec.Struct, frozen=True, dict=True):
    """Compared, hashed, pickled and encoded by its two PEM texts; no printed form shows the private key.

    Build one with ``from_pem``, which proves that the two belong together. The constructor only bounds
    them: it is for decoding a pair that was proven in another process, where proving it again would cost
    up to 4 ms for each certificate. What the certificate says is read when it is first asked for; asking
    raises ``KeyPairError`` if the pair was never proven and there is no certificate in it.
    """

    certificate_chain: bytes
    """PEM, the server's own certificate first; nothing but certificates."""
    private_key: bytes
    """PEM, not encrypted."""

    def __post_init__(self) -> None:
        for part, text in (
            (KeyPairPart.CERTIFICATE, self.certificate_chain),
            (KeyPairPart.PRIVATE_KEY, self.private_key),
        ):
            _check_size(part, text)

    @classmethod
    def from_pem(cls, certificate: bytes, private_key: bytes) -> KeyPair:
        """Raises ``KeyPairError`` unless the key is the key of the first certificate.

        Text around the certificates, and a private key among them, is dropped. A certificate that is
        expired or not yet valid is no error: see ``expired``.
        """
        _check_size(KeyPairPart.CERTIFICATE, certificate)
        _check_size(KeyPairPart.PRIVATE_KEY, private_key)
        from tls import pem

        certificates = pem.read_certificates(certificate)
        key = pem.read_private_key(private_key)
        facts = pem.facts_of(certificates[0])
        pem.check_strength(certificates)
        pem.prove_match(certificates, key)
        pair = cls(pem.write_certificates(certificates), bytes(private_key))
        pair.__dict__["_facts"] = facts
        return pair

    @functools.cached_property
    def fingerprint(self) -> str:
        """SHA-256 of both texts, in hex: changes when either does, and gives away neither."""
        digest = hashlib.sha256(len(self.certificate_chain).to_bytes(8, "big"))
        digest.update(self.certificate_chain)
        digest.update(self.private_key)
        return digest.hexdigest()

    @functools.cached_property
    def _facts(self) -> CertificateFacts:
        from tls import pem

        return pem.facts_of(pem.read_certificates(self.certificate_chain)[0])

    @property
    def names(self) -> tuple[str, ...]:
        """DNS names and IP addresses of the subjectAltName; the common name only if there is none."""
        return self._facts.names

    @property
    def not_before(self) -> datetime:
        return self._facts.not_before

    @property
    def not_after(self) -> datetime:
        return self._facts.not_after

    @property
    def subject(self) -> str:
        return self._facts.subject

    @property
    def issuer(self) -> str:
        return self._facts.issuer

    def expired(self, at: datetime) -> bool:
        """``at`` is an aware time. notAfter itself is still valid (RFC 5280 section 4.1.2.5)."""
        return at > self.not_after

    def expires_within(self, at: datetime, period: timedelta) -> bool:
        return self.expired(at + period)

    def covers(self, name: str) -> bool:
        """Whether a client that asked for ``name``, a DNS name or an IP address, accepts the names."""
        canonical = canonical_certificate_name(name)
        return canonical is not None and any(covers(pattern, canonical) for pattern in self.names)

    def __repr__(self) -> str:
        return f"<KeyPair {self.fingerprint[:16]}>"

    def __rich_repr__(self) -> list[tuple[str, object]]:
        return [("fingerprint", self.fingerprint[:16])]


def _check_size(part: KeyPairPart, text: bytes) -> None:
    words = "certificate" if part is KeyPairPart.CERTIFICATE else "private key"
    if not text.strip():
        raise KeyPairError(KeyPairErrorCode.MISSING, part, f"The {words} is empty: put its PEM text there.")
    if len(text) > LARGEST_PEM_BYTES:
        raise KeyPairError(
            KeyPairErrorCode.TOO_LARGE,
            part,
            f"The {words} has {len(text)} bytes and the limit is {LARGEST_PEM_BYTES}: "
            "keep only the server's certificate and its intermediates.",
        )
