"""A certificate authority for one server and its clients, without files."""

from __future__ import annotations

import ssl
from collections.abc import Sequence

import trustme


class Authority:
    """Issues the server's certificate and those of clients."""

    def __init__(self) -> None:
        self._authority = trustme.CA()

    @property
    def certificate(self) -> bytes:
        return self._authority.cert_pem.bytes()

    def server_context(self) -> ssl.SSLContext:
        """Client certificates are accepted, not demanded: a token will do, too."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._authority.issue_cert("127.0.0.1", "localhost", "kubernetes.default.svc").configure_cert(context)
        self._authority.configure_trust(context)
        context.verify_mode = ssl.CERT_OPTIONAL
        return context

    def client_certificate(self, name: str, groups: Sequence[str] = ()) -> tuple[bytes, bytes]:
        """Return the certificate and the private key of a user; ``groups`` has at most one."""
        group = groups[0] if groups else None
        issued = self._authority.issue_cert(f"{name}@users.test", common_name=name, organization_name=group)
        return b"".join(blob.bytes() for blob in issued.cert_chain_pems), issued.private_key_pem.bytes()
