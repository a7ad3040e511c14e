from __future__ import annotations

import ssl
from datetime import UTC, datetime

import pytest

from tests.tls.clients import shake_hands
from tls.contexts import ServerContexts
from tls.policy import TlsPolicy
from tls.self_signed import self_signed


def test_it_completes_a_handshake_with_whoever_trusts_it() -> None:
    pair = self_signed(["a.test", "10.0.0.1"])
    assert pair.names == ("a.test", "10.0.0.1")
    assert pair.subject == pair.issuer == "CN=ingressd default certificate,O=ingressd"
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.load_verify_locations(cadata=pair.certificate_chain.decode())
    shake_hands(ServerContexts().context_for(pair, TlsPolicy()), client, "a.test")


def test_it_is_valid_from_the_time_given() -> None:
    at = datetime(2030, 1, 1, tzinfo=UTC)
    pair = self_signed(["a.test"], at=at)
    assert pair.not_before < at
    assert not pair.expired(at)


def test_a_name_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="'a b' is no name for a certificate"):
        self_signed(["a b"])
