"""The certificate authority of one developer's machine."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from tls import authority_files, certificate, pem
from tls.authority_files import AuthorityError, AuthorityErrorCode
from tls.key_pair import KeyPair, KeyPairError

__all__ = ["AuthorityError", "AuthorityErrorCode", "LocalAuthority"]

_RENEW_BEFORE: Final = timedelta(days=30)
_LEAF_CAPACITY: Final = 1024
_IN_MEMORY: Final = Path("(in memory)")


def _now() -> datetime:
    return datetime.now(UTC)


class LocalAuthority:
    """Signs server certificates for one machine; get one with ``open`` or ``ephemeral``.

    Its certificate carries no name constraints: development uses ``*.localhost``, made-up names and
    addresses of the local network alike. What keeps it harmless is that its key stays on the machine.
    """

    def __init__(self, root: KeyPair, directory: Path | None = None, *, clock: Callable[[], datetime] = _now) -> None:
        self._root = root
        self._directory = directory
        self._clock = clock
        self._issuer = _issuer(root, directory)
        self._leaves: OrderedDict[tuple[str, ...], KeyPair] = OrderedDict()
        self._refuse_expired()

    @classmethod
    def open(cls, directory: Path, *, clock: Callable[[], datetime] = _now) -> LocalAuthority:
        """The authority in ``directory``, created on first use; the same one for all processes.

        Raises ``AuthorityError`` if the files are there and cannot be used, or cannot be created.
        """
        root = authority_files.load(directory)
        if root is None:
            root = _create(directory, clock())
        return cls(root, directory, clock=clock)

    @classmethod
    def ephemeral(cls, *, clock: Callable[[], datetime] = _now) -> LocalAuthority:
        """An authority that ends with the process, for a machine without a writable home."""
        return cls(certificate.new_root(clock()), clock=clock)

    @property
    def certificate(self) -> bytes:
        """PEM: what a client has to trust."""
        return self._root.certificate_chain

    @property
    def certificate_path(self) -> Path | None:
        return None if self._directory is None else self._directory / authority_files.CERTIFICATE_FILE

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the certificate, in hex, as browsers and ``openssl x509 -fingerprint`` compute it."""
        return hashlib.sha256(self._issuer.certificate.public_bytes(Encoding.DER)).hexdigest()

    @property
    def subject(self) -> str:
        return self._root.subject

    @property
    def not_before(self) -> datetime:
        return self._root.not_before

    @property
    def not_after(self) -> datetime:
        return self._root.not_after

    def issue(self, names: Sequence[str]) -> KeyPair:
        """A key pair for DNS names, one-label wildcards and IP addresses; the same one while it lasts.

        Raises ``ValueError`` for what cannot be in a certificate, ``AuthorityError`` when the authority has
        expired meanwhile.
        """
        canonical = certificate.canonical_names(names)
        cache_key = tuple(sorted(canonical))
        self._refuse_expired()
        now = self._clock()
        leaf = self._leaves.get(cache_key)
        # A leaf never outlives the authority: near the authority's own end, a new one would be no better.
        if leaf is None or leaf.expires_within(now, min(_RENEW_BEFORE, self.not_after - now)):
            leaf = certificate.new_leaf(canonical, "development certificate", now, self._issuer)
            self._leaves[cache_key] = leaf
            if len(self._leaves) > _LEAF_CAPACITY:
                self._leaves.popitem(last=False)
        self._leaves.move_to_end(cache_key)
        return leaf

    def __repr__(self) -> str:
        return f"<LocalAuthority {self.fingerprint[:16]} in {self._directory or 'memory'}>"

    def _refuse_expired(self) -> None:
        if self._root.expired(self._clock()):
            raise AuthorityError(
                AuthorityErrorCode.EXPIRED,
                self.certificate_path or _IN_MEMORY,
                f"the local authority expired on {self.not_after:%Y-%m-%d}: make a new one with "
                "`python -m tls remove` and trust that.",
            )


def _create(directory: Path, at: datetime) -> KeyPair:
    """Whatever another process does meanwhile, the result is what is on the disk at the end."""
    root = certificate.new_root(at)
    if not authority_files.write_key(directory, root.private_key):
        root = certificate.new_root(at, _existing_key(directory))
    authority_files.write_certificate(directory, root.certificate_chain)
    stored = authority_files.load(directory)
    if stored is None:
        raise _vanished(directory)
    return stored


def _existing_key(directory: Path) -> certificate.SigningKey:
    text = authority_files.read_key(directory)
    if text is None:
        raise _vanished(directory)
    path = directory / authority_files.KEY_FILE
    try:
        key = pem.read_private_key(text)
    except KeyPairError as error:
        raise AuthorityError(
            AuthorityErrorCode.INVALID, path, f"{error} Or start over with `python -m tls remove`."
        ) from None
    return _signing_key(key, path)


def _vanished(directory: Path) -> AuthorityError:
    return AuthorityError(
        AuthorityErrorCode.INCOMPLETE, directory, "the files were removed while they were created: try again."
    )


def _issuer(root: KeyPair, directory: Path | None) -> certificate.Issuer:
    place = _IN_MEMORY if directory is None else directory
    [own, *_] = pem.read_certificates(root.certificate_chain)
    try:
        is_authority = own.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        is_authority = False
    if not is_authority:
        raise AuthorityError(
            AuthorityErrorCode.INVALID,
            place / authority_files.CERTIFICATE_FILE,
            "is not the certificate of an authority: restore it, or start over with `python -m tls remove`.",
        )
    key = _signing_key(pem.read_private_key(root.private_key), place / authority_files.KEY_FILE)
    return certificate.Issuer(own, key)


def _signing_key(key: pem.ServerKey, path: Path) -> certificate.SigningKey:
    if not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
        raise AuthorityError(
            AuthorityErrorCode.INVALID,
            path,
            "the key of a local authority must be ECDSA or RSA, which every client accepts: "
            "start over with `python -m tls remove`.",
        )
    return key
