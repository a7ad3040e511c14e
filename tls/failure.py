"""A connection that never became TLS, and why."""

from __future__ import annotations

import enum
import ssl
from dataclasses import dataclass


class TlsFailureReason(enum.StrEnum):
    ACCEPT_EXHAUSTED = "accept_exhausted"
    """The process or the machine is out of descriptors or memory: accepting pauses for a second."""
    CLOSED_BEFORE_HELLO = "closed_before_hello"
    """The client left before the end of its first message, as a TCP health check does."""
    HELLO_TIMEOUT = "hello_timeout"
    CROWDED_OUT = "crowded_out"
    """As many connections as may be had not finished their handshake, and of those that had said nothing yet, this one
    was the oldest."""
    PLAINTEXT_HTTP = "plaintext_http"
    NOT_TLS = "not_tls"
    NO_CONTEXT = "no_context"
    """Nothing could be chosen for the server name: the detail says why."""
    HANDSHAKE_FAILED = "handshake_failed"
    """The two sides found no common version, cipher or trust, or the client broke the protocol."""
    HANDSHAKE_TIMEOUT = "handshake_timeout"
    CONNECTION_LOST = "connection_lost"
    """The client left, or the network failed, during the handshake."""


@dataclass(frozen=True, slots=True)
class TlsFailure:
    """``peer`` is ``address:port``, empty if there is no connection or it has no address."""

    reason: TlsFailureReason
    peer: str = ""
    server_name: str | None = None
    detail: str = ""


def openssl_reason(error: ssl.SSLError, otherwise: str) -> str:
    """OpenSSL's own words for what went wrong; ``otherwise`` if it has none, whatever the type stubs promise."""
    reason: str | None = getattr(error, "reason", None)
    return reason.replace("_", " ").lower() if reason else otherwise
