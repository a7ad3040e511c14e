"""Which TLS context a new connection gets."""

from __future__ import annotations

import ssl
from collections.abc import Callable

from ingressd.routing.table import RoutingTable
from tls.contexts import ServerContexts
from tls.key_pair import KeyPair
from tls.policy import TlsPolicy

MAX_CONTEXTS = 2048

FallbackKeyPair = Callable[[str | None], KeyPair]
"""Gives the key pair for a server name that no Secret covers; None is a client that named no host."""


class CertificateChooser:
    """Chooses before the handshake, from the table as it is then; open connections keep what they have."""

    def __init__(self, table: RoutingTable, fallback: FallbackKeyPair) -> None:
        self._table = table
        self._fallback = fallback
        self._contexts = ServerContexts(MAX_CONTEXTS)
        self._policy = TlsPolicy()

    def choose(self, server_name: str | None) -> ssl.SSLContext:
        """Return the context for a canonical server name. Raises KeyPairError."""
        name = self._table.certificate_name(server_name)
        pair = self._table.certificates.get(name) if name is not None else None
        return self._contexts.context_for(pair or self._fallback(server_name), self._policy)
