"""Certificates and private keys in PEM: reading them, and proving that they belong together.

The only importer of ``cryptography`` on the way from a Secret to a key pair; it is imported when the first
pair is read, because it takes longer to load than the rest of the package together.
"""

from __future__ import annotations

import ipaddress
import re
import warnings
from collections.abc import Sequence
from typing import TypeAlias

from cryptography import x509
from cryptography.exceptions import InternalError, InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
from cryptography.utils import CryptographyDeprecationWarning

from tls.key_pair import CertificateFacts
from tls.key_pair_error import KeyPairError, KeyPairErrorCode, KeyPairPart
from tls.names import canonical_certificate_name

ServerKey: TypeAlias = (
    rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey
)

# RFC 8446 section 4.2.3 has signature schemes for these curves only.
_CURVES = ("secp256r1", "secp384r1", "secp521r1")
# Python's default cipher string asks OpenSSL for security level 2, which refuses less than 2048 bits. A
# signature with more than 8192 takes long enough to be felt by every other connection.
_RSA_BITS = range(2048, 8192 + 1)
_WEAK_HASHES = (hashes.MD5, hashes.SHA1)
_SUPPORTED = "RSA (2048 to 8192 bits), ECDSA (P-256, P-384, P-521) or Ed25519"

_CERTIFICATE_MARKERS = {b"CERTIFICATE", b"X509 CERTIFICATE"}
_MARKER = re.compile(rb"-----BEGIN ([A-Z0-9 ]{1,40})-----")
_ENCODED_MARKER = b"LS0tLS1CRUdJTi"  # base64 of "-----BEGIN "
_TRIAL = b"ingressd key pair"

# What the library raises on malformed input, apart from what a caller handles by itself.
_MALFORMED = (
    ValueError,
    TypeError,
    OverflowError,
    InternalError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)


def read_certificates(text: bytes) -> list[x509.Certificate]:
    """At least one certificate, in the order of the text."""
    if _CERTIFICATE_MARKERS.isdisjoint(_markers(text)):
        raise KeyPairError(KeyPairErrorCode.NO_CERTIFICATE, KeyPairPart.CERTIFICATE, _why_no_certificate(text))
    try:
        with warnings.catch_warnings():
            # A serial number of 0, which RFC 5280 disallows, is what many old scripts give; clients do not mind.
            warnings.simplefilter("ignore", CryptographyDeprecationWarning)
            return x509.load_pem_x509_certificates(text)
    except _MALFORMED:
        raise _bad_certificate("is damaged") from None


def write_certificates(certificates: Sequence[x509.Certificate]) -> bytes:
    return b"".join(certificate.public_bytes(Encoding.PEM) for certificate in certificates)


def read_private_key(text: bytes) -> ServerKey:
    markers = _markers(text)
    if not any(marker.endswith(b"PRIVATE KEY") for marker in markers):
        raise _bad_key(_why_no_key(text, markers))
    try:
        # The library's own validation of an RSA key takes 40 ms (2048 bits) to 260 ms (4096). The trial
        # signature in prove_match shows the same in 4 ms, and OpenSSL loads the key unvalidated anyway.
        key = load_pem_private_key(text, password=None, unsafe_skip_rsa_key_validation=True)
    except TypeError:
        raise KeyPairError(
            KeyPairErrorCode.ENCRYPTED_KEY,
            KeyPairPart.PRIVATE_KEY,
            "The private key is encrypted with a passphrase, and there is nobody to ask for it: "
            "decrypt it with `openssl pkey -in FILE -out FILE.plain`.",
        ) from None
    except UnsupportedAlgorithm:
        raise _unsupported("is of a kind that TLS servers do not use") from None
    except _MALFORMED:
        raise _bad_key("is damaged: copy the whole PEM text again") from None
    match key:
        case rsa.RSAPrivateKey() if key.key_size not in _RSA_BITS:
            raise _unsupported(f"is RSA with {key.key_size} bits")
        case ec.EllipticCurvePrivateKey() if key.curve.name not in _CURVES:
            raise _unsupported(f"is on the curve {key.curve.name}")
        case rsa.RSAPrivateKey() | ec.EllipticCurvePrivateKey() | ed25519.Ed25519PrivateKey() | ed448.Ed448PrivateKey():
            return key
        case _:
            raise _unsupported("is of a kind that TLS servers do not use")


def prove_match(certificates: Sequence[x509.Certificate], key: ServerKey) -> None:
    """Raises unless ``key`` signs what the first certificate verifies."""
    public = _public_bytes(key)
    owners = [position for position, each in enumerate(certificates, 1) if _certified(each) == public]
    if not owners:
        raise KeyPairError(
            KeyPairErrorCode.MISMATCH,
            KeyPairPart.PRIVATE_KEY,
            "The private key does not belong to the certificate: use the key that the certificate was "
            "requested with, or have a new certificate issued for this key.",
        )
    if owners[0] != 1:
        raise KeyPairError(
            KeyPairErrorCode.MISMATCH,
            KeyPairPart.CERTIFICATE,
            f"The private key belongs to certificate {owners[0]} of the chain: put that one, the server's "
            "own, first and its issuers after it.",
        )
    try:
        _sign_and_verify(key)
    except (InvalidSignature, *_MALFORMED):
        raise _bad_key("has inconsistent numbers in it: copy the whole PEM text again") from None


def check_strength(certificates: Sequence[x509.Certificate]) -> None:
    """Raises for what OpenSSL at security level 2 refuses to serve, and clients refuse to accept."""
    for position, certificate in enumerate(certificates, 1):
        try:
            # Nobody looks at the signature of a certificate that vouches for itself.
            weak = (
                isinstance(certificate.signature_hash_algorithm, _WEAK_HASHES)
                and certificate.issuer != certificate.subject
            )
            public = certificate.public_key()
        except _MALFORMED:
            raise _bad_certificate(f"{position} of the chain has a key or a signature of no known kind") from None
        if weak:
            raise _bad_certificate(f"{position} of the chain is signed with SHA-1 or MD5, which clients refuse")
        if isinstance(public, rsa.RSAPublicKey) and public.key_size < _RSA_BITS.start:
            raise _bad_certificate(f"{position} of the chain has an RSA key of {public.key_size} bits only")


def facts_of(certificate: x509.Certificate) -> CertificateFacts:
    try:
        return CertificateFacts(
            names=_names(certificate),
            not_before=certificate.not_valid_before_utc,
            not_after=certificate.not_valid_after_utc,
            subject=_printable(certificate.subject.rfc4514_string()),
            issuer=_printable(certificate.issuer.rfc4514_string()),
        )
    except KeyPairError:
        raise
    except _MALFORMED:
        raise _bad_certificate("has a field or an extension that cannot be read") from None


def _names(certificate: x509.Certificate) -> tuple[str, ...]:
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return _common_names(certificate)
    names: list[str] = []
    for general in extension.value:
        if isinstance(general, x509.DNSName):
            _refuse_unprintable(general.value)
            names.append(general.value.lower())
        # A network with a mask is for name constraints (RFC 5280 section 4.2.1.10); a server has no such name.
        elif isinstance(general, x509.IPAddress) and isinstance(
            general.value, ipaddress.IPv4Address | ipaddress.IPv6Address
        ):
            names.append(str(general.value))
    return tuple(dict.fromkeys(names))


def _common_names(certificate: x509.Certificate) -> tuple[str, ...]:
    names: list[str] = []
    for attribute in certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME):
        text = attribute.value if isinstance(attribute.value, str) else attribute.value.decode("latin-1")
        if "\0" in text:
            _refuse_unprintable(text)
        name = canonical_certificate_name(text)
        if name is not None:
            names.append(name)
    return tuple(dict.fromkeys(names))


def _refuse_unprintable(name: str) -> None:
    """A NUL made "bank.example\\0.evil.example" match in programs that compare C strings (CVE-2009-2408)."""
    if not (name.isascii() and name.isprintable()):
        raise KeyPairError(
            KeyPairErrorCode.BAD_NAME,
            KeyPairPart.CERTIFICATE,
            f"The certificate is for the name {_printable(name)!r}, which has characters that no host name "
            "has: have it issued again without them.",
        )


def _sign_and_verify(key: ServerKey) -> None:
    match key:
        case rsa.RSAPrivateKey():
            signature = key.sign(_TRIAL, padding.PKCS1v15(), hashes.SHA256())
            key.public_key().verify(signature, _TRIAL, padding.PKCS1v15(), hashes.SHA256())
        case ec.EllipticCurvePrivateKey():
            signature = key.sign(_TRIAL, ec.ECDSA(hashes.SHA256()))
            key.public_key().verify(signature, _TRIAL, ec.ECDSA(hashes.SHA256()))
        case _:
            key.public_key().verify(key.sign(_TRIAL), _TRIAL)


def _public_bytes(key: ServerKey) -> bytes:
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _certified(certificate: x509.Certificate) -> bytes | None:
    """``None`` for a key that the library cannot read; an issuer's key need not be one that we can serve."""
    try:
        return certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    except _MALFORMED:
        return None


def _markers(text: bytes) -> set[bytes]:
    return {match[1] for match in _MARKER.finditer(text)}


def _why_no_certificate(text: bytes) -> str:
    if any(marker.endswith(b"PRIVATE KEY") for marker in _markers(text)):
        return "The certificate holds a private key and no certificate: are the two swapped?"
    if text.lstrip().startswith(_ENCODED_MARKER):
        return "The certificate is base64 text within base64: encode it once only."
    return "The certificate holds no `-----BEGIN CERTIFICATE-----`: it must be in PEM format."


def _why_no_key(text: bytes, markers: set[bytes]) -> str:
    if not _CERTIFICATE_MARKERS.isdisjoint(markers):
        return "holds a certificate and no key: are the two swapped?"
    if text.lstrip().startswith(_ENCODED_MARKER):
        return "is base64 text within base64: encode it once only"
    return "holds no `-----BEGIN PRIVATE KEY-----`: it must be in PEM format"


def _bad_certificate(what: str) -> KeyPairError:
    return KeyPairError(
        KeyPairErrorCode.BAD_CERTIFICATE,
        KeyPairPart.CERTIFICATE,
        f"The certificate {what}: copy the whole PEM text again, or have it issued again.",
    )


def _bad_key(what: str) -> KeyPairError:
    end = "" if what.endswith("?") else "."
    return KeyPairError(KeyPairErrorCode.BAD_KEY, KeyPairPart.PRIVATE_KEY, f"The private key {what}{end}")


def _unsupported(what: str) -> KeyPairError:
    return KeyPairError(
        KeyPairErrorCode.UNSUPPORTED_KEY,
        KeyPairPart.PRIVATE_KEY,
        f"The private key {what}: use {_SUPPORTED}.",
    )


def _printable(text: str) -> str:
    """Certificates are written by others, and what they say ends in logs and on terminals."""
    return "".join(character if character.isprintable() else "\ufffd" for character in text)
