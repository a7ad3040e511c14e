"""Certificates that this package signs itself: what is in them, whoever signs."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, TypeAlias

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tls.key_pair import KeyPair
from tls.names import canonical_certificate_name

SigningKey: TypeAlias = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

LEAF_LIFETIME: Final = timedelta(days=396)
"""One day below the 397 that browsers accept, which count both ends."""
ROOT_LIFETIME: Final = timedelta(days=3652)
MOST_NAMES: Final = 100
_CLOCK_SKEW: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Issuer:
    """Who signs: a certificate and its key."""

    certificate: x509.Certificate
    key: SigningKey


def canonical_names(names: Sequence[str]) -> tuple[str, ...]:
    """Each name once, in canonical spelling; raises ``ValueError`` for one that no certificate can have."""
    if not names:
        raise ValueError("a certificate needs at least one name")
    if len(names) > MOST_NAMES:
        raise ValueError(f"a certificate can have {MOST_NAMES} names here, not {len(names)}")
    canonical: dict[str, None] = {}
    for name in names:
        one = canonical_certificate_name(name)
        if one is None:
            raise ValueError(
                f"{name!r} is no name for a certificate: use a DNS name such as shop.localhost, "
                "a wildcard such as *.shop.localhost, or an IP address"
            )
        canonical[one] = None
    return tuple(canonical)


def new_root(at: datetime, key: SigningKey | None = None) -> KeyPair:
    """A certificate authority that may sign servers, and no further authorities; by default with a new key."""
    if key is None:
        key = ec.generate_private_key(ec.SECP256R1())
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    start = at - _CLOCK_SKEW
    # A name of its own for each key: trust stores that find two authorities of one name try the wrong one.
    subject = _distinguished_name(f"ingressd local authority {identifier.digest.hex()[:8]}")
    builder = (
        _builder(subject, subject, key.public_key(), start, start + ROOT_LIFETIME)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs_certificates=True), critical=True)
        .add_extension(identifier, critical=False)
        .add_extension(x509.AuthorityKeyIdentifier(identifier.digest, None, None), critical=False)
    )
    return _key_pair(builder.sign(key, hashes.SHA256()), key)


def new_leaf(names: Sequence[str], common_name: str, at: datetime, issuer: Issuer | None = None) -> KeyPair:
    """A server's certificate for ``names`` (canonical), signed by ``issuer``, or by itself.

    The extensions are those that RFC 5280 section 4.2 asks of a server, so that a client which checks
    strictly (``ssl.VERIFY_X509_STRICT``, the default since Python 3.13) accepts it.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    subject = _distinguished_name(common_name)
    issuer_name = subject if issuer is None else issuer.certificate.subject
    issuer_identifier = identifier if issuer is None else _identifier_of(issuer.certificate)
    start = at - _CLOCK_SKEW
    end = start + LEAF_LIFETIME
    if issuer is not None:
        end = min(end, issuer.certificate.not_valid_after_utc)
    builder = (
        _builder(subject, issuer_name, key.public_key(), start, end)
        .add_extension(x509.SubjectAlternativeName([_general_name(name) for name in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(identifier, critical=False)
        .add_extension(x509.AuthorityKeyIdentifier(issuer_identifier.digest, None, None), critical=False)
    )
    return _key_pair(builder.sign(key if issuer is None else issuer.key, hashes.SHA256()), key)


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    public_key: ec.EllipticCurvePublicKey | rsa.RSAPublicKey,
    start: datetime,
    end: datetime,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
    )


def _identifier_of(certificate: x509.Certificate) -> x509.SubjectKeyIdentifier:
    try:
        return certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    except x509.ExtensionNotFound:
        return x509.SubjectKeyIdentifier.from_public_key(certificate.public_key())


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _distinguished_name(common_name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "ingressd"),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _key_pair(certificate: x509.Certificate, key: SigningKey) -> KeyPair:
    return KeyPair.from_pem(
        certificate.public_bytes(Encoding.PEM),
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
    )
