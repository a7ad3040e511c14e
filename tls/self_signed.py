"""The certificate of a server that was given none."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from tls import certificate
from tls.key_pair import KeyPair


def self_signed(names: Sequence[str], *, at: datetime | None = None) -> KeyPair:
    """A key pair that vouches for itself, so that a handshake succeeds and a browser warns.

    Its subject tells a person who looks at the warning where it comes from. Names as for a local authority:
    DNS names, one-label wildcards and IP addresses; raises ``ValueError`` for any other. Signed now, or
    ``at`` an aware time.
    """
    canonical = certificate.canonical_names(names)
    return certificate.new_leaf(canonical, "ingressd default certificate", at or datetime.now(UTC))
