from __future__ import annotations

import ssl
from datetime import timedelta

import pytest
from cryptography import x509

from tests.tls.certificates import START, certify, key_text, new_key
from tests.tls.clients import client_context, shake_hands
from tls.authority import LocalAuthority
from tls.contexts import SESSION_TICKETS, ServerContexts
from tls.key_pair import KeyPair, KeyPairError, KeyPairErrorCode
from tls.policy import TlsPolicy


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("name", ["shop.localhost", "a.shop.localhost", "127.0.0.1", "::1"])
def test_a_strict_client_is_served(authority: LocalAuthority, version: ssl.TLSVersion, name: str) -> None:
    pair = authority.issue(["shop.localhost", "*.shop.localhost", "127.0.0.1", "::1"])
    client = client_context(authority)
    client.maximum_version = version
    client.set_alpn_protocols(["h2", "http/1.1"])
    server_side, client_side = shake_hands(ServerContexts().context_for(pair, TlsPolicy()), client, name)
    assert client_side.version() == version.name.replace("_", ".")
    assert server_side.selected_alpn_protocol() == "http/1.1"
    assert client_side.compression() is None


def test_the_policy_sets_the_oldest_version(authority: LocalAuthority) -> None:
    client = client_context(authority)
    client.maximum_version = ssl.TLSVersion.TLSv1_2
    context = ServerContexts().context_for(authority.issue(["a.test"]), TlsPolicy(minimum_version="TLSv1.3"))
    with pytest.raises(ssl.SSLError):
        shake_hands(context, client, "a.test")


def test_the_policy_sets_the_protocols(authority: LocalAuthority) -> None:
    client = client_context(authority)
    client.set_alpn_protocols(["h2", "http/1.1"])
    pair, contexts = authority.issue(["a.test"]), ServerContexts()
    for alpn, selected in ((("h2", "http/1.1"), "h2"), ((), None), (("other",), None)):
        server_side, _ = shake_hands(contexts.context_for(pair, TlsPolicy(alpn=alpn)), client, "a.test")
        assert server_side.selected_alpn_protocol() == selected


def test_renegotiation_and_compression_are_off(authority: LocalAuthority) -> None:
    context = ServerContexts().context_for(authority.issue(["a.test"]), TlsPolicy())
    assert context.options & ssl.OP_NO_RENEGOTIATION
    assert context.options & ssl.OP_NO_COMPRESSION
    assert context.num_tickets == SESSION_TICKETS
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2


def test_another_authority_is_not_trusted(authority: LocalAuthority) -> None:
    context = ServerContexts().context_for(authority.issue(["a.test"]), TlsPolicy())
    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(context, client_context(LocalAuthority.ephemeral()), "a.test")


def test_an_expired_certificate_is_served_and_the_client_judges() -> None:
    key = new_key()
    expired = certify(key, [x509.DNSName("a.test")], end=START + timedelta(days=1))
    context = ServerContexts().context_for(KeyPair.from_pem(expired, key_text(key)), TlsPolicy())
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.load_verify_locations(cadata=expired.decode())
    with pytest.raises(ssl.SSLCertVerificationError, match="expired"):
        shake_hands(context, client, "a.test")


def test_equal_arguments_give_the_same_context(authority: LocalAuthority) -> None:
    contexts = ServerContexts()
    pair = authority.issue(["a.test"])
    copy = KeyPair.from_pem(pair.certificate_chain, pair.private_key)
    first = contexts.context_for(pair, TlsPolicy())
    assert contexts.context_for(copy, TlsPolicy(alpn=("http/1.1",))) is first
    assert contexts.context_for(pair, TlsPolicy(minimum_version="TLSv1.3")) is not first
    assert contexts.context_for(authority.issue(["b.test"]), TlsPolicy()) is not first
    assert repr(contexts) == "<ServerContexts 3 of 2048>"


def test_the_least_recently_used_context_goes_first(authority: LocalAuthority) -> None:
    contexts = ServerContexts(capacity=2)
    a, b, c = (authority.issue([f"{name}.test"]) for name in "abc")
    first, second = contexts.context_for(a, TlsPolicy()), contexts.context_for(b, TlsPolicy())
    assert contexts.context_for(a, TlsPolicy()) is first
    contexts.context_for(c, TlsPolicy())
    assert len(contexts) == 2
    assert contexts.context_for(a, TlsPolicy()) is first
    assert contexts.context_for(b, TlsPolicy()) is not second


def test_a_capacity_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        ServerContexts(capacity=0)


def test_a_pair_that_was_never_proven_is_refused_without_a_prompt(authority: LocalAuthority) -> None:
    key = new_key()
    chain = authority.issue(["a.test"]).certificate_chain
    for private_key in (key_text(key), key_text(key, passphrase=b"open sesame"), b"garbage"):
        contexts = ServerContexts()
        with pytest.raises(KeyPairError, match="OpenSSL refuses the key pair") as caught:
            contexts.context_for(KeyPair(chain, private_key), TlsPolicy())
        assert caught.value.code is KeyPairErrorCode.REFUSED
        assert len(contexts) == 0
