"""Server-side ``ssl.SSLContext`` objects, made when they are first needed."""

from __future__ import annotations

import ssl
from collections import OrderedDict
from typing import Final

from tls.failure import openssl_reason
from tls.key_pair import KeyPair, KeyPairError, KeyPairErrorCode, KeyPairPart
from tls.policy import TlsPolicy, TlsVersion
from tls.private_file import private_file

_VERSIONS: Final[dict[TlsVersion, ssl.TLSVersion]] = {
    "TLSv1.2": ssl.TLSVersion.TLSv1_2,
    "TLSv1.3": ssl.TLSVersion.TLSv1_3,
}


SESSION_TICKETS: Final = 1
"""How many session tickets a full handshake of TLS 1.3 ends with. A client uses a ticket once, and each connection that
it resumes brings the next one (RFC 8446 section 4.6.1, appendix C.4). With OpenSSL's default of 2 a handshake costs
6 % more."""


class ServerContexts:
    """One context for each key pair and policy, the ``capacity`` most recently asked for.

    A context takes about 1 ms to make and 20 KiB to keep. A connection holds on to its own context, so
    forgetting one disturbs nobody; it only ends the session tickets that it gave out. Belongs to one event
    loop, like its callers.
    """

    def __init__(self, capacity: int = 2048) -> None:
        if capacity < 1:
            raise ValueError(f"capacity must be at least 1, not {capacity}")
        self._capacity = capacity
        self._contexts: OrderedDict[tuple[str, TlsPolicy], ssl.SSLContext] = OrderedDict()

    def __len__(self) -> int:
        return len(self._contexts)

    def __repr__(self) -> str:
        return f"<ServerContexts {len(self)} of {self._capacity}>"

    def context_for(self, key_pair: KeyPair, policy: TlsPolicy) -> ssl.SSLContext:
        """The same object for equal arguments. Raises ``KeyPairError`` if OpenSSL refuses the key pair."""
        key = (key_pair.fingerprint, policy)
        context = self._contexts.get(key)
        if context is None:
            context = _build(key_pair, policy)
            self._contexts[key] = context
            if len(self._contexts) > self._capacity:
                self._contexts.popitem(last=False)
        else:
            self._contexts.move_to_end(key)
        return context


def _build(key_pair: KeyPair, policy: TlsPolicy) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = _VERSIONS[policy.minimum_version]
    # Compression leaks what it compresses (CRIME, CVE-2012-4929). Renegotiation costs the server ten times
    # what it costs the client that asks for it, and HTTP has no use for it.
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
    context.num_tickets = SESSION_TICKETS
    if policy.alpn:
        context.set_alpn_protocols(list(policy.alpn))
    with private_file(key_pair.certificate_chain) as chain, private_file(key_pair.private_key) as key:
        try:
            # Without a password OpenSSL would ask for one on the terminal, and wait.
            context.load_cert_chain(chain, key, password=b"")
        except ssl.SSLError as error:
            raise KeyPairError(
                KeyPairErrorCode.REFUSED,
                KeyPairPart.CERTIFICATE,
                f"OpenSSL refuses the key pair ({openssl_reason(error, 'no reason given')}): "
                "have the certificate issued again, with a key of at least 2048 bits (RSA) or on P-256.",
            ) from None
    return context
