from __future__ import annotations

import base64
import re
import ssl

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from tests.tls.certificates import Key, certify, key_text, new_key
from tests.tls.clients import shake_hands
from tls.contexts import ServerContexts
from tls.key_pair import KeyPair, KeyPairError, KeyPairErrorCode, KeyPairPart
from tls.policy import TlsPolicy

KEY = new_key()
CERTIFICATE, PRIVATE_KEY = certify(KEY), key_text(KEY)

# `openssl ecparam -genkey` writes the curve before the key.
EC_PARAMETERS = b"-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"


def refusal(certificate: bytes, private_key: bytes) -> KeyPairError:
    with pytest.raises(KeyPairError) as caught:
        KeyPair.from_pem(certificate, private_key)
    assert re.fullmatch(r"The (certificate|private key) [^\n]*[.?]", str(caught.value))
    return caught.value


def assert_served(pair: KeyPair) -> None:
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname = False
    client.verify_mode = ssl.CERT_NONE
    _, client_side = shake_hands(ServerContexts().context_for(pair, TlsPolicy()), client, "a.test")
    assert client_side.getpeercert(binary_form=True) == ssl.PEM_cert_to_DER_cert(pair.certificate_chain.decode())


@pytest.mark.parametrize(
    "key",
    [
        KEY,
        ec.generate_private_key(ec.SECP384R1()),
        ec.generate_private_key(ec.SECP521R1()),
        rsa.generate_private_key(65537, 2048),
        ed25519.Ed25519PrivateKey.generate(),
        ed448.Ed448PrivateKey.generate(),
    ],
    ids=lambda key: type(key).__name__,
)
def test_what_is_accepted_can_be_served(key: Key) -> None:
    pair = KeyPair.from_pem(certify(key), key_text(key))
    assert_served(pair)


@pytest.mark.parametrize("text", [key_text(KEY, traditional=True), EC_PARAMETERS + key_text(KEY, traditional=True)])
def test_every_spelling_of_a_key_is_read(text: bytes) -> None:
    pair = KeyPair.from_pem(CERTIFICATE, text)
    assert_served(pair)


@pytest.mark.parametrize(
    "key",
    [
        ec.generate_private_key(ec.SECP256K1()),
        rsa.generate_private_key(65537, 1024),  # noqa: S505 - weak on purpose
        dsa.generate_private_key(1024),  # noqa: S505 - weak on purpose
    ],
    ids=lambda key: type(key).__name__,
)
def test_a_key_that_clients_do_not_accept_is_refused(key: Key) -> None:
    error = refusal(CERTIFICATE, key_text(key))
    assert (error.code, error.part) == (KeyPairErrorCode.UNSUPPORTED_KEY, KeyPairPart.PRIVATE_KEY)
    assert "use RSA (2048" in str(error)


@pytest.mark.parametrize("traditional", [False, True])
def test_an_encrypted_key_is_named_as_such(traditional: bool) -> None:
    error = refusal(CERTIFICATE, key_text(KEY, traditional=traditional, passphrase=b"open sesame"))
    assert error.code is KeyPairErrorCode.ENCRYPTED_KEY
    assert "openssl pkey" in str(error)


@pytest.mark.parametrize(
    ("certificate", "code", "hint"),
    [
        (PRIVATE_KEY, KeyPairErrorCode.NO_CERTIFICATE, "swapped?"),
        (base64.b64encode(CERTIFICATE), KeyPairErrorCode.NO_CERTIFICATE, "encode it once only"),
        (b"\x30\x82\x01\x00", KeyPairErrorCode.NO_CERTIFICATE, "PEM format"),
        (CERTIFICATE[:200], KeyPairErrorCode.BAD_CERTIFICATE, "is damaged"),
        (CERTIFICATE.replace(b"MII", b"AAA"), KeyPairErrorCode.BAD_CERTIFICATE, "is damaged"),
    ],
)
def test_a_bad_certificate_comes_with_a_hint(certificate: bytes, code: KeyPairErrorCode, hint: str) -> None:
    error = refusal(certificate, PRIVATE_KEY)
    assert (error.code, error.part) == (code, KeyPairPart.CERTIFICATE)
    assert hint in str(error)


@pytest.mark.parametrize(
    ("private_key", "hint"),
    [
        (CERTIFICATE, "swapped?"),
        (base64.b64encode(PRIVATE_KEY), "encode it once only"),
        (b"\x30\x82\x01\x00", "PEM format"),
        (PRIVATE_KEY[:100], "is damaged"),
    ],
)
def test_a_bad_key_comes_with_a_hint(private_key: bytes, hint: str) -> None:
    error = refusal(CERTIFICATE, private_key)
    assert (error.code, error.part) == (KeyPairErrorCode.BAD_KEY, KeyPairPart.PRIVATE_KEY)
    assert hint in str(error)


def test_a_key_of_another_certificate_is_refused() -> None:
    assert refusal(CERTIFICATE, key_text(new_key())).code is KeyPairErrorCode.MISMATCH


def test_a_chain_in_the_wrong_order_is_explained() -> None:
    issuer = new_key()
    chain = certify(issuer, common_name="issuer") + certify(KEY, issuer=("issuer", issuer))
    error = refusal(chain, PRIVATE_KEY)
    assert (error.code, error.part) == (KeyPairErrorCode.MISMATCH, KeyPairPart.CERTIFICATE)
    assert "certificate 2 of the chain" in str(error)


def test_an_rsa_key_whose_numbers_disagree_is_refused() -> None:
    key = rsa.generate_private_key(65537, 2048)
    good = key.private_numbers()
    bad = rsa.RSAPrivateNumbers(
        good.p, good.q, good.d + 2, good.dmp1 + 2, good.dmq1 + 2, good.iqmp, good.public_numbers
    ).private_key(unsafe_skip_rsa_key_validation=True)
    error = refusal(certify(key), key_text(bad))
    assert error.code is KeyPairErrorCode.BAD_KEY
    assert "inconsistent" in str(error)


@pytest.mark.parametrize("name", ["bank.example\0.evil.example", "a.example\nX: y", "\x1b[31m"])
def test_a_name_with_characters_no_host_has_is_refused(name: str) -> None:
    for certificate in (certify(KEY, [x509.DNSName(name)]), certify(KEY, common_name="a\0b")):
        error = refusal(certificate, PRIVATE_KEY)
        assert error.code is KeyPairErrorCode.BAD_NAME
        assert "\0" not in str(error)
        assert "\x1b" not in str(error)


def test_a_weak_issuer_is_refused() -> None:
    issuer = rsa.generate_private_key(65537, 1024)  # noqa: S505 - weak on purpose
    chain = certify(KEY, issuer=("issuer", issuer)) + certify(issuer, common_name="issuer")
    error = refusal(chain, PRIVATE_KEY)
    assert error.code is KeyPairErrorCode.BAD_CERTIFICATE
    assert "2 of the chain has an RSA key of 1024 bits only" in str(error)


def test_a_subject_cannot_forge_lines_of_a_log() -> None:
    pair = KeyPair.from_pem(certify(KEY, [x509.DNSName("a.example")], common_name="a\nb\x1b[31m"), PRIVATE_KEY)
    assert pair.subject.isprintable()


def test_the_other_marker_of_a_certificate_is_read() -> None:
    der = x509.load_pem_x509_certificate(CERTIFICATE).public_bytes(Encoding.DER)
    text = b"-----BEGIN X509 CERTIFICATE-----\n" + base64.encodebytes(der) + b"-----END X509 CERTIFICATE-----\n"
    assert KeyPair.from_pem(text, PRIVATE_KEY).certificate_chain == CERTIFICATE
